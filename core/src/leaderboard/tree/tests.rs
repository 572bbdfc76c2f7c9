//! A tree that is looked at whole: whether every count, border, link and home is what the rows say. The board's
//! tests call `check` after what they do; here are the tests of a leaf alone.

use std::vec::Vec;

use super::*;

impl Tree {
    /// Every row, in order; panics where something that is kept of them is wrong.
    pub(in crate::leaderboard) fn check(&self) -> Vec<Entry> {
        let mut leaves = Vec::new();
        let rows = self.check_under(self.root, &mut leaves);
        assert_eq!(
            self.leaves.used(),
            leaves.len(),
            "leaves that are not in use"
        );
        let links = leaves.iter().map(|leaf| self.leaf(*leaf).unwrap().next);
        let behind = leaves.iter().skip(1).copied().map(Some).chain([None]);
        assert!(links.eq(behind), "leaves do not follow each other");
        rows
    }

    fn check_under(&self, node: Node, leaves: &mut Vec<u32>) -> Vec<Entry> {
        if node.height == 0 {
            leaves.push(node.number);
            let leaf = self.leaf(node.number).unwrap();
            leaf.check();
            let rows = leaf.entries();
            let at_home = |row: &Entry| self.homes.get(row.slot) == Some(&node.number);
            assert!(rows.iter().all(at_home), "a slot does not know its leaf");
            return rows;
        }
        let inner = self.inner(node.number).unwrap();
        assert!((2..=INNER_MAX).contains(&inner.len()));
        let mut rows = Vec::new();
        for branch in inner.branches() {
            let under = self.check_under(node.under(branch.node), leaves);
            assert_eq!(branch, counted(branch.node, &under));
            rows.extend(under);
        }
        assert_eq!(inner.branch(node.number), Some(counted(node.number, &rows)));
        rows
    }
}

impl Leaf {
    fn check(&self) {
        let rows = self.entries();
        assert!(rows.len() <= LEAF_MAX);
        let starts = (0..LEAF_MAX)
            .map(|at| at < rows.len() && (at == 0 || rows[at - 1].score != rows[at].score));
        for (at, is_start) in starts.enumerate() {
            let ones = self.scores_of_first(at + 1) - self.scores_of_first(at);
            assert_eq!(ones == 1, is_start, "row {at} of {rows:?}");
        }
    }
}

/// A branch as its rows say.
fn counted(node: u32, rows: &[Entry]) -> Branch {
    let mut scores: Vec<i64> = rows.iter().map(|row| row.score).collect();
    scores.dedup();
    let ends = (rows[0].score, rows[rows.len() - 1]);
    Branch::new(node, ends, (rows.len() as u32, scores.len() as u32))
}

fn row(score: i64, at_ms: i64, slot: u32) -> Entry {
    Entry { score, at_ms, slot }
}

#[test]
fn a_leaf_tells_its_rows_as_they_were_whatever_lies_between_them() {
    let (far, minute) = (i64::MAX, 60_000);
    let stretches = [
        [0, 1, 2, 2, 3, 4].map(|n| (n, n * minute)),
        [0, 1, 1, 2, 3, 9].map(|n| (n, n)),
        [-far, -far, 0, 5, far, far].map(|n| (n, n)),
        [i64::MIN, -1, -1, 0, 0, far].map(|n| (n, 7)),
        [1, 1, 1, 1, 1, 1].map(|n| (n, i64::MIN)),
    ];
    for stretch in stretches {
        let rows: Vec<Entry> = stretch
            .iter()
            .zip(0..)
            .map(|((score, at_ms), slot)| row(*score, *at_ms, slot))
            .collect();
        assert_eq!(Leaf::pack(&rows, None).entries(), rows);
        for removed in 0..rows.len() {
            let mut leaf = Leaf::pack(&rows, Some(3));
            leaf.remove(removed);
            leaf.check();
            leaf.insert(removed, rows[removed]);
            leaf.check();
            assert_eq!(leaf.entries(), rows);
            assert_eq!(
                (leaf.next, leaf.position(removed as u32)),
                (Some(3), Some(removed))
            );
        }
    }
}

#[test]
fn a_leaf_takes_rows_that_are_far_from_all_it_has() {
    let mut leaf = Leaf::default();
    let mut rows = Vec::new();
    for (slot, power) in (0..60).enumerate() {
        let entry = row(1 << power, -(1 << power), slot as u32);
        leaf.insert(slot, entry);
        rows.push(entry);
        leaf.check();
        assert_eq!(leaf.entries(), rows);
    }
}
