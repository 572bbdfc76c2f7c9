//! A counted B+ tree of numbers in an order that the caller knows: each search gets a function that
//! says on which side of the wanted place a number stands. It keeps no keys, only the numbers of
//! the leaderboard's slots (4 bytes each).
//!
//! Nodes live in one vector and name each other by index. Whoever reads or writes a node does so
//! through `node` or `node_mut`, which count it, so no step goes uncounted.

use alloc::{vec, vec::Vec};
use core::{cell::Cell, cmp::Ordering, mem, slice};

/// Most numbers of a leaf.
const LEAF_MAX: usize = 64;
/// Room for one more, because a leaf is split after it has become too long.
const LEAF_ROOM: usize = 65;
/// Most branches of an inner node.
const INNER_MAX: usize = 32;

#[derive(Clone, Debug)]
enum Node {
    Leaf(Vec<u32>),
    Inner(Vec<Branch>),
}

/// What an inner node knows of a node under it.
#[derive(Clone, Copy, Debug)]
struct Branch {
    node: u32,
    /// Numbers under it.
    rows: u32,
    /// The last number under it.
    last: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    free: Vec<u32>,
    root: u32,
    visits: Cell<u64>,
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Self::Leaf(ids) => ids.len(),
            Self::Inner(branches) => branches.len(),
        }
    }

    fn max(&self) -> usize {
        match self {
            Self::Leaf(_) => LEAF_MAX,
            Self::Inner(_) => INNER_MAX,
        }
    }

    /// Takes the last `len - at` entries away into a node of their own.
    fn split_off(&mut self, at: usize) -> Self {
        match self {
            Self::Leaf(ids) => {
                let mut right = Vec::with_capacity(LEAF_ROOM);
                right.extend(ids.drain(at..));
                Self::Leaf(right)
            }
            Self::Inner(branches) => Self::Inner(branches.split_off(at)),
        }
    }

    fn append(&mut self, right: Self) {
        match (self, right) {
            (Self::Leaf(ids), Self::Leaf(more)) => ids.extend(more),
            (Self::Inner(branches), Self::Inner(more)) => branches.extend(more),
            // Neighbours have one depth, so they are of one kind.
            (Self::Leaf(_), Self::Inner(_)) | (Self::Inner(_), Self::Leaf(_)) => {}
        }
    }
}

impl Tree {
    pub(super) fn new() -> Self {
        let root = Node::Leaf(Vec::new());
        Self {
            nodes: vec![root],
            free: Vec::new(),
            root: 0,
            visits: Cell::new(0),
        }
    }

    pub(super) fn visits(&self) -> &Cell<u64> {
        &self.visits
    }

    /// Puts `id` in front of the first number that `compare` does not call `Less`.
    pub(super) fn insert(&mut self, id: u32, compare: &impl Fn(u32) -> Ordering) {
        let Some(right) = self.insert_under(self.root, id, compare) else {
            return;
        };
        let branches = vec![self.branch(self.root), self.branch(right)];
        self.root = self.keep(Node::Inner(branches));
    }

    /// Takes away the number that `compare` calls `Equal`, and says whether there was one.
    pub(super) fn remove(&mut self, compare: &impl Fn(u32) -> Ordering) -> bool {
        let removed = self.remove_under(self.root, compare);
        if let Some(Node::Inner(branches)) = self.node(self.root)
            && let [only] = branches.as_slice()
        {
            let only = only.node;
            self.release(self.root);
            self.root = only;
        }
        removed
    }

    /// How many numbers `compare` calls `Less`.
    pub(super) fn count_before(&self, compare: impl Fn(u32) -> Ordering) -> u32 {
        let mut before = 0_u32;
        let mut node = self.root;
        while let Some(Node::Inner(branches)) = self.node(node) {
            let at = branches.partition_point(|branch| compare(branch.last).is_lt());
            let passed = branches.iter().take(at);
            before = passed.fold(before, |sum, branch| sum.saturating_add(branch.rows));
            match branches.get(at) {
                Some(branch) => node = branch.node,
                None => return before,
            }
        }
        let Some(Node::Leaf(ids)) = self.node(node) else {
            return before;
        };
        before.saturating_add(count(ids.partition_point(|id| compare(*id).is_lt())))
    }

    /// The numbers in order, without the first `skipped`.
    pub(super) fn walk(&self, skipped: u32) -> Walk<'_> {
        let mut walk = Walk {
            tree: self,
            above: Vec::new(),
            leaf: [].iter(),
        };
        let (mut node, mut skipped) = (self.root, skipped);
        while let Some(Node::Inner(branches)) = self.node(node) {
            let mut rest = branches.iter();
            let into = rest.find(|branch| {
                let here = skipped < branch.rows;
                skipped = if here {
                    skipped
                } else {
                    skipped.saturating_sub(branch.rows)
                };
                here
            });
            let Some(into) = into else { return walk };
            walk.above.push(rest);
            node = into.node;
        }
        if let Some(Node::Leaf(ids)) = self.node(node) {
            walk.leaf = ids.get(skipped as usize..).unwrap_or(&[]).iter();
        }
        walk
    }

    /// Returns the new right neighbour when the node had to be split.
    fn insert_under(
        &mut self,
        node: u32,
        id: u32,
        compare: &impl Fn(u32) -> Ordering,
    ) -> Option<u32> {
        match self.node_mut(node)? {
            Node::Leaf(ids) => ids.insert(ids.partition_point(|other| compare(*other).is_lt()), id),
            Node::Inner(branches) => {
                let (at, child) = choose(branches, compare)?;
                let split = self.insert_under(child, id, compare);
                let right = split.map(|right| self.branch(right));
                let left = self.branch(child);
                let Node::Inner(branches) = self.node_mut(node)? else {
                    return None;
                };
                branches.splice(at..=at, [left].into_iter().chain(right));
            }
        }
        self.split(node)
    }

    fn split(&mut self, node: u32) -> Option<u32> {
        let full = self.node_mut(node)?;
        if full.len() <= full.max() {
            return None;
        }
        let right = full.split_off(full.len().div_euclid(2));
        Some(self.keep(right))
    }

    fn remove_under(&mut self, node: u32, compare: &impl Fn(u32) -> Ordering) -> bool {
        match self.node_mut(node) {
            Some(Node::Leaf(ids)) => {
                let at = ids.partition_point(|id| compare(*id).is_lt());
                let found = ids.get(at).is_some_and(|id| compare(*id).is_eq());
                if found {
                    ids.remove(at);
                }
                found
            }
            Some(Node::Inner(branches)) => {
                let Some((at, child)) = choose(branches, compare) else {
                    return false;
                };
                let removed = self.remove_under(child, compare);
                if removed {
                    self.mend(node, at, child);
                }
                removed
            }
            None => false,
        }
    }

    /// Writes down the child's new numbers; a child that has become small is joined with a
    /// neighbour.
    fn mend(&mut self, parent: u32, at: usize, child: u32) -> Option<()> {
        let small = self
            .node(child)
            .is_some_and(|node| node.len() < node.max().div_euclid(4));
        let fresh = self.branch(child);
        let Node::Inner(branches) = self.node_mut(parent)? else {
            return None;
        };
        *branches.get_mut(at)? = fresh;
        if !small || branches.len() < 2 {
            return Some(());
        }
        let first = at.saturating_sub(1);
        let (left, right) = (
            branches.get(first)?.node,
            branches.get(first.checked_add(1)?)?.node,
        );
        let split = self.join(left, right).map(|right| self.branch(right));
        let left = self.branch(left);
        let Node::Inner(branches) = self.node_mut(parent)? else {
            return None;
        };
        branches.splice(
            first..=first.checked_add(1)?,
            [left].into_iter().chain(split),
        );
        Some(())
    }

    /// Moves the right node into the left one; parts them again in the middle where that would be
    /// nearly full.
    fn join(&mut self, left: u32, right: u32) -> Option<u32> {
        let moved = self.release(right)?;
        let joined = self.node_mut(left)?;
        joined.append(moved);
        if joined.len() <= joined.max().div_euclid(4).saturating_mul(3) {
            return None;
        }
        let apart = joined.split_off(joined.len().div_euclid(2));
        if let Node::Leaf(ids) = joined {
            ids.shrink_to(LEAF_ROOM);
        }
        Some(self.keep(apart))
    }

    fn branch(&self, node: u32) -> Branch {
        let (rows, last) = match self.node(node) {
            Some(Node::Leaf(ids)) => (count(ids.len()), ids.last().copied()),
            Some(Node::Inner(branches)) => {
                let rows = branches
                    .iter()
                    .fold(0_u32, |sum, b| sum.saturating_add(b.rows));
                (rows, branches.last().map(|branch| branch.last))
            }
            None => (0, None),
        };
        Branch {
            node,
            rows,
            last: last.unwrap_or(0),
        }
    }

    fn keep(&mut self, node: Node) -> u32 {
        let Some(at) = self.free.pop() else {
            self.nodes.push(node);
            self.count_visit();
            return count(self.nodes.len()).saturating_sub(1);
        };
        if let Some(place) = self.node_mut(at) {
            *place = node;
        }
        at
    }

    fn release(&mut self, node: u32) -> Option<Node> {
        let taken = mem::replace(self.node_mut(node)?, Node::Leaf(Vec::new()));
        self.free.push(node);
        Some(taken)
    }

    fn node(&self, node: u32) -> Option<&Node> {
        self.count_visit();
        self.nodes.get(node as usize)
    }

    fn node_mut(&mut self, node: u32) -> Option<&mut Node> {
        self.count_visit();
        self.nodes.get_mut(node as usize)
    }

    fn count_visit(&self) {
        self.visits.set(self.visits.get().saturating_add(1));
    }
}

/// The branch under which the wanted place is: the first whose last number is not before it, else
/// the last one.
fn choose(branches: &[Branch], compare: &impl Fn(u32) -> Ordering) -> Option<(usize, u32)> {
    let at = branches.partition_point(|branch| compare(branch.last).is_lt());
    let at = at.min(branches.len().checked_sub(1)?);
    Some((at, branches.get(at)?.node))
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Numbers in order.
pub(super) struct Walk<'a> {
    tree: &'a Tree,
    above: Vec<slice::Iter<'a, Branch>>,
    leaf: slice::Iter<'a, u32>,
}

impl Iterator for Walk<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        loop {
            if let Some(id) = self.leaf.next() {
                return Some(*id);
            }
            let Some(branch) = self.above.last_mut()?.next() else {
                self.above.pop();
                continue;
            };
            match self.tree.node(branch.node)? {
                Node::Leaf(ids) => self.leaf = ids.iter(),
                Node::Inner(branches) => self.above.push(branches.iter()),
            }
        }
    }
}
