//! The order of a board's slots: a counted B+ tree whose leaves and branches hold scores and times, so that a
//! search looks at few lines of memory and at ids only between equals. It knows neither ids nor which
//! scores are better: scores come turned, and each search brings what tells equals apart ([`Want`]).
//!
//! Leaves and inner nodes name each other by number, and each slot knows its leaf. Whoever reads or writes a node does
//! so through `leaf`, `inner` and their like, which count it, so no step goes uncounted.

mod approach;
mod build;
mod entry;
mod inner;
mod leaf;
mod search;

pub(super) use build::Builder;
pub(super) use entry::{Entry, Want};
pub(super) use search::Spot;

use core::{cell::Cell, cmp::Ordering};

use self::{
    inner::{Branch, INNER_MAX, Inner},
    leaf::{LEAF_MAX, Leaf},
};
use super::chunks::{Chunks, Pool};

/// The nodes that a board can have: there is always room, because it has fewer than rows.
const NODES_MAX: usize = u32::MAX as usize;

/// A node: its number among those of its kind, and how many levels are under it. Leaves have height 0.
#[derive(Clone, Copy, Debug)]
struct Node {
    number: u32,
    height: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Tree {
    leaves: Pool<Leaf>,
    inners: Pool<Inner>,
    /// The leaf of each slot.
    homes: Chunks<u32>,
    root: Node,
    visits: Cell<u64>,
}

/// What a change of a row was, as it is seen from above.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// So many rows and different scores more, neither the first row nor the last one.
    Counts { rows: i32, scores: i32 },
    /// The first row or the last one too, or the branches.
    Ends,
    /// The node has a new right neighbour.
    Split(Node),
}

impl Change {
    fn of(is_end: bool, rows: i32, scores: i32) -> Self {
        if is_end {
            Self::Ends
        } else {
            Self::Counts { rows, scores }
        }
    }
}

impl Node {
    fn under(self, number: u32) -> Self {
        let height = self.height.saturating_sub(1);
        Self { number, height }
    }
}

impl Tree {
    pub(super) fn new() -> Self {
        let mut leaves = Pool::new();
        let number = leaves.put(Leaf::default(), NODES_MAX).unwrap_or(0);
        Self {
            leaves,
            inners: Pool::new(),
            homes: Chunks::new(),
            root: Node { number, height: 0 },
            visits: Cell::new(0),
        }
    }

    pub(super) fn visits(&self) -> &Cell<u64> {
        &self.visits
    }

    /// The row of a slot that is in the tree.
    pub(super) fn entry(&self, slot: u32) -> Option<Entry> {
        let (_, entry) = self.row(slot)?;
        Some(entry)
    }

    /// The same, with its number in its leaf, from 0.
    pub(super) fn row(&self, slot: u32) -> Option<(usize, Entry)> {
        let leaf = self.leaf(*self.homes.get(slot)?)?;
        let at = leaf.position(slot)?;
        Some((at, leaf.get(at)?))
    }

    /// Puts a row into the gap.
    pub(super) fn insert<F: Fn(&Entry) -> Ordering>(&mut self, entry: Entry, to: &Want<F>) {
        let Some(Change::Split(right)) = self.insert_under(self.root, entry, to) else {
            return;
        };
        let halves = self.branch(self.root).zip(self.branch(right));
        let Some((left, right)) = halves else { return };
        let above = Inner::of(&[left, right]);
        if let Some(number) = self.inners.put(above, NODES_MAX) {
            let height = self.root.height.saturating_add(1);
            self.root = Node { number, height };
        }
    }

    /// Takes away exactly the row that is asked for, and says whether there was one.
    pub(super) fn remove<F: Fn(&Entry) -> Ordering>(&mut self, from: &Want<F>) -> bool {
        let removed = self.remove_under(self.root, from).is_some();
        if self.root.height > 0
            && let Some(root) = self.inner(self.root.number)
            && root.len() == 1
            && let Some(only) = root.node(0)
        {
            let only = self.root.under(only);
            self.inners.release(self.root.number);
            self.root = only;
        }
        removed
    }

    /// Moves a row whose score or time has changed to another gap.
    pub(super) fn relocate<F: Fn(&Entry) -> Ordering>(
        &mut self,
        entry: Entry,
        from: &Want<F>,
        to: &Want<F>,
    ) {
        if self.shift(entry, to, from).is_none() {
            self.remove(from);
            self.insert(entry, to);
        }
    }

    /// Moves a row within its leaf, where the gap is between two rows of it; nodes above are looked at only where
    /// they know something that has changed.
    fn shift<F: Fn(&Entry) -> Ordering>(
        &mut self,
        entry: Entry,
        to: &Want<F>,
        from: &Want<F>,
    ) -> Option<()> {
        let number = *self.homes.get(entry.slot)?;
        let leaf = self.leaf_mut(number)?;
        let (first, last) = (leaf.get(0)?, leaf.last()?);
        if !to.passes(&first) || to.passes(&last) {
            return None;
        }
        let (old, gap) = (leaf.position(entry.slot)?, leaf.count_before(to));
        let known = look(leaf, number);
        leaf.remove(old);
        // The gaps behind the row have one row fewer before them.
        let gap = if gap > old {
            gap.saturating_sub(1)
        } else {
            gap
        };
        leaf.insert(gap, entry);
        if look(leaf, number) != known {
            self.renew(self.root, from);
        }
        Some(())
    }

    /// Lets the nodes above a leaf, which they find by the row as it was, look at it anew.
    fn renew<F: Fn(&Entry) -> Ordering>(&mut self, node: Node, from: &Want<F>) {
        let Some((at, child)) = self.child(node, from) else {
            return;
        };
        self.renew(child, from);
        self.look_again(node, at, child);
    }

    fn insert_under<F: Fn(&Entry) -> Ordering>(
        &mut self,
        node: Node,
        entry: Entry,
        to: &Want<F>,
    ) -> Option<Change> {
        let Some((at, child)) = self.child(node, to) else {
            return self.insert_into(node, entry, to);
        };
        let change = self.insert_under(child, entry, to)?;
        let Change::Split(right) = change else {
            self.note(node, (at, child), change);
            return Some(change);
        };
        let (left, right) = self.branch(child).zip(self.branch(right))?;
        let inner = self.inner_mut(node.number)?;
        inner.put_split(at, left, right);
        if inner.len() <= INNER_MAX {
            return Some(Change::Ends);
        }
        let upper = inner.split();
        let number = self.inners.put(upper, NODES_MAX)?;
        Some(Change::Split(Node { number, ..node }))
    }

    fn insert_into<F: Fn(&Entry) -> Ordering>(
        &mut self,
        node: Node,
        entry: Entry,
        to: &Want<F>,
    ) -> Option<Change> {
        let leaf = self.leaf_mut(node.number)?;
        let at = leaf.count_before(to);
        if leaf.len() < LEAF_MAX {
            let is_end = at == 0 || at >= leaf.len();
            let scores = leaf.scores();
            leaf.insert(at, entry);
            let scores = leaf.scores().saturating_sub(scores);
            self.settle_one(entry.slot, node.number);
            return Some(Change::of(is_end, 1, scores));
        }
        let number = self.split_leaf(node.number)?;
        let left = self.leaf(node.number)?.len();
        let (into, at) = match at.checked_sub(left) {
            Some(behind) if behind > 0 => (number, behind),
            _ => (node.number, at),
        };
        self.leaf_mut(into)?.insert(at, entry);
        self.settle_one(entry.slot, into);
        Some(Change::Split(Node { number, ..node }))
    }

    fn split_leaf(&mut self, number: u32) -> Option<u32> {
        let full = self.leaf(number)?;
        let (entries, next) = (full.entries(), full.next);
        let (lower, upper) = entries.split_at(entries.len().div_euclid(2));
        let right = self.leaves.put(Leaf::pack(upper, next), NODES_MAX)?;
        *self.leaf_mut(number)? = Leaf::pack(lower, Some(right));
        self.settle(right);
        Some(right)
    }

    fn remove_under<F: Fn(&Entry) -> Ordering>(
        &mut self,
        node: Node,
        from: &Want<F>,
    ) -> Option<Change> {
        let Some((at, child)) = self.child(node, from) else {
            return self.remove_from(node, from);
        };
        let change = self.remove_under(child, from)?;
        self.note(node, (at, child), change);
        self.mend(node, at, child);
        Some(change)
    }

    fn remove_from<F: Fn(&Entry) -> Ordering>(
        &mut self,
        node: Node,
        from: &Want<F>,
    ) -> Option<Change> {
        let leaf = self.leaf_mut(node.number)?;
        let at = leaf.count_before(from);
        leaf.get(at).filter(|entry| from.is(entry))?;
        let is_end = at == 0 || at.saturating_add(1) >= leaf.len();
        let scores = leaf.scores();
        leaf.remove(at);
        let scores = leaf.scores().saturating_sub(scores);
        Some(Change::of(is_end, -1, scores))
    }

    /// Joins a child that has become small with a neighbour.
    fn mend(&mut self, parent: Node, at: usize, child: Node) -> Option<()> {
        let is_small = match child.height {
            0 => self.leaf(child.number)?.len() < LEAF_MAX.div_euclid(4),
            _ => self.inner(child.number)?.len() < INNER_MAX.div_euclid(4),
        };
        if !is_small {
            return None;
        }
        let first = at.saturating_sub(1);
        let above = self.inner(parent.number)?;
        let (left, right) = (above.node(first)?, above.node(first.saturating_add(1))?);
        let (left, right) = (parent.under(left), parent.under(right));
        let is_apart = match child.height {
            0 => self.join_leaves(left.number, right.number)?,
            _ => self.join_inners(left.number, right.number)?,
        };
        let joined = self.branch(left)?;
        let other = if is_apart { self.branch(right) } else { None };
        self.inner_mut(parent.number)?
            .put_joined(first, joined, other);
        Some(())
    }

    /// Moves the right leaf's rows into the left one, or half of them all where that would be nearly full; says
    /// whether the right one is still there.
    fn join_leaves(&mut self, left: u32, right: u32) -> Option<bool> {
        let mut entries = self.leaf(left)?.entries();
        let behind = self.leaf(right)?;
        let next = behind.next;
        entries.extend(behind.entries());
        let is_apart = entries.len() > LEAF_MAX.div_euclid(4).saturating_mul(3);
        if is_apart {
            let (lower, upper) = entries.split_at(entries.len().div_euclid(2));
            *self.leaf_mut(left)? = Leaf::pack(lower, Some(right));
            *self.leaf_mut(right)? = Leaf::pack(upper, next);
            self.settle(right);
        } else {
            *self.leaf_mut(left)? = Leaf::pack(&entries, next);
            self.leaves.release(right);
        }
        self.settle(left);
        Some(is_apart)
    }

    /// As [`Self::join_leaves`].
    fn join_inners(&mut self, left: u32, right: u32) -> Option<bool> {
        let behind = self.inners.release(right)?;
        let joined = self.inner_mut(left)?;
        joined.append(&behind);
        if joined.len() <= INNER_MAX.div_euclid(4).saturating_mul(3) {
            return Some(false);
        }
        let upper = joined.split();
        // It gets the number that was given back last, which its branch has.
        self.inners.put(upper, NODES_MAX)?;
        Some(true)
    }

    /// Writes down in a node what has changed under a child.
    fn note(&mut self, node: Node, (at, child): (usize, Node), change: Change) {
        match change {
            Change::Counts { rows, scores } => {
                if let Some(inner) = self.inner_mut(node.number) {
                    inner.count(at, (rows, scores));
                }
            }
            Change::Ends | Change::Split(_) => self.look_again(node, at, child),
        }
    }

    /// Writes down in a node what its child has become.
    fn look_again(&mut self, node: Node, at: usize, child: Node) {
        let Some(fresh) = self.branch(child) else {
            return;
        };
        if let Some(inner) = self.inner_mut(node.number) {
            inner.put(at, fresh);
        }
    }

    /// The branch of a node under which the gap is; none under a leaf.
    fn child<F: Fn(&Entry) -> Ordering>(
        &self,
        node: Node,
        want: &Want<F>,
    ) -> Option<(usize, Node)> {
        if node.height == 0 {
            return None;
        }
        let inner = self.inner(node.number)?;
        let at = inner.choose(want);
        Some((at, node.under(inner.node(at)?)))
    }

    /// How a node looks from above; nothing is seen of an empty one.
    fn branch(&self, node: Node) -> Option<Branch> {
        if node.height > 0 {
            return self.inner(node.number)?.branch(node.number);
        }
        look(self.leaf(node.number)?, node.number)
    }

    /// Writes down that the rows of a leaf are there.
    fn settle(&mut self, number: u32) {
        self.count_visit();
        let rows = self.leaves.get(number).map(Leaf::entries);
        for entry in rows.unwrap_or_default() {
            self.settle_one(entry.slot, number);
        }
    }

    /// Slots are given out in order, so a new one is the next.
    fn settle_one(&mut self, slot: u32, number: u32) {
        match self.homes.get_mut(slot) {
            Some(home) => *home = number,
            None => self.homes.push(number),
        }
    }

    fn leaf(&self, number: u32) -> Option<&Leaf> {
        self.count_visit();
        self.leaves.get(number)
    }

    fn leaf_mut(&mut self, number: u32) -> Option<&mut Leaf> {
        self.count_visit();
        self.leaves.get_mut(number)
    }

    fn inner(&self, number: u32) -> Option<&Inner> {
        self.count_visit();
        self.inners.get(number)
    }

    fn inner_mut(&mut self, number: u32) -> Option<&mut Inner> {
        self.count_visit();
        self.inners.get_mut(number)
    }

    fn count_visit(&self) {
        self.visits.set(self.visits.get().saturating_add(1));
    }

    /// Bytes that it has allocated.
    pub(super) fn bytes(&self) -> usize {
        let leaves = self.leaves.bytes(Leaf::bytes);
        let inners = self.inners.bytes(Inner::bytes);
        leaves
            .saturating_add(inners)
            .saturating_add(self.homes.bytes())
    }
}

/// How a leaf looks from above.
fn look(leaf: &Leaf, number: u32) -> Option<Branch> {
    let (first, last) = (leaf.get(0)?, leaf.last()?);
    let rows = u32::try_from(leaf.len()).unwrap_or(u32::MAX);
    let counts = (rows, leaf.scores_of_first(LEAF_MAX));
    Some(Branch::new(number, (first.score, last), counts))
}

#[cfg(test)]
mod tests;
