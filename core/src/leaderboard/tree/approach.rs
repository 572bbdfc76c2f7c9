//! Brings near what operations on several rows are going to need (ADR 0075): their leaves, and the leaves of the gaps that
//! they go to. Changes nothing, and answers nothing.

use super::{Leaf, Tree};
use crate::leaderboard::batch::bring;

impl Tree {
    /// The leaves of some slots.
    pub(in crate::leaderboard) fn approach_rows<const N: usize>(&self, slots: [Option<u32>; N]) {
        let homes = slots.map(|slot| self.homes.get(slot?).copied());
        self.approach_leaves(homes);
    }

    /// The leaves of the gaps before some scores, which are turned, and what is above them.
    pub(in crate::leaderboard) fn approach_gaps<const N: usize>(&self, scores: [i64; N]) {
        let mut nodes = [self.root.number; N];
        for _ in 0..self.root.height {
            for (node, score) in nodes.iter_mut().zip(scores) {
                let under = self.inner(*node).and_then(|inner| inner.toward(score));
                *node = under.unwrap_or(*node);
            }
        }
        self.approach_leaves(nodes.map(Some));
    }

    fn approach_leaves<const N: usize>(&self, numbers: [Option<u32>; N]) {
        let leaves = numbers.map(|number| self.leaf(number?));
        bring(leaves, |leaf| leaf.map_or(0, Leaf::approach_frame));
        bring(leaves, |leaf| leaf.map_or(0, Leaf::approach_rows));
    }
}
