//! Makes a tree of rows that come in order, a leaf after the other and then a level after the other: no row is
//! searched for. Leaves and nodes are three quarters full, so that the first rows that come afterwards split none.

use alloc::vec::Vec;

use super::{
    Entry, NODES_MAX, Node, Tree,
    inner::{Branch, INNER_MAX, Inner},
    leaf::{LEAF_MAX, Leaf},
    look,
};

/// Rows of a leaf.
const LEAF_ROWS: usize = LEAF_MAX / 4 * 3;
/// Branches of an inner node.
const BRANCHES: usize = INNER_MAX / 4 * 3;

pub(in crate::leaderboard) struct Builder {
    tree: Tree,
    /// Rows that have no leaf yet.
    rows: Vec<Entry>,
    /// The leaves so far.
    branches: Vec<Branch>,
}

impl Builder {
    pub(in crate::leaderboard) fn new() -> Self {
        Self {
            tree: Tree::new(),
            rows: Vec::with_capacity(LEAF_ROWS),
            branches: Vec::new(),
        }
    }

    /// Takes the next row.
    pub(in crate::leaderboard) fn push(&mut self, entry: Entry) {
        self.rows.push(entry);
        if self.rows.len() >= LEAF_ROWS {
            self.fill();
        }
    }

    /// The tree of all rows.
    pub(in crate::leaderboard) fn finish(mut self) -> Tree {
        if !self.rows.is_empty() {
            self.fill();
        }
        let (mut level, mut height) = (self.branches, 0_u32);
        while level.len() > 1 {
            level = raise(&mut self.tree, &level);
            height = height.saturating_add(1);
        }
        if let Some(root) = level.first() {
            let number = root.node;
            self.tree.root = Node { number, height };
        }
        self.tree
    }

    /// Makes a leaf of the rows that wait.
    fn fill(&mut self) {
        let leaf = Leaf::pack(&self.rows, None);
        let number = match self.branches.last() {
            Some(last) => self.behind(last.node, leaf),
            None => self.first(leaf),
        };
        self.rows.clear();
        let Some(number) = number else { return };
        self.tree.settle(number);
        let seen = self.tree.leaf(number).and_then(|leaf| look(leaf, number));
        self.branches.extend(seen);
    }

    /// The tree has an empty leaf from the start.
    fn first(&mut self, leaf: Leaf) -> Option<u32> {
        let number = self.tree.root.number;
        *self.tree.leaf_mut(number)? = leaf;
        Some(number)
    }

    fn behind(&mut self, last: u32, leaf: Leaf) -> Option<u32> {
        let number = self.tree.leaves.put(leaf, NODES_MAX)?;
        self.tree.leaf_mut(last)?.next = Some(number);
        Some(number)
    }
}

/// The nodes above those of a level, which differ by one branch at most.
fn raise(tree: &mut Tree, level: &[Branch]) -> Vec<Branch> {
    let nodes = level.len().div_ceil(BRANCHES);
    let (each, over) = (level.len().div_euclid(nodes), level.len().rem_euclid(nodes));
    let (mut rest, mut raised) = (level, Vec::with_capacity(nodes));
    for node in 0..nodes {
        let len = each.saturating_add(usize::from(node < over));
        let (under, behind) = rest.split_at(len.min(rest.len()));
        rest = behind;
        let inner = Inner::of(under);
        let number = tree.inners.put(inner, NODES_MAX);
        let seen = number.and_then(|number| tree.inner(number)?.branch(number));
        raised.extend(seen);
    }
    raised
}
