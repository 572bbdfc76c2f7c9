//! Where a gap is, what stands before it, and the rows behind it in order. Changes nothing.

use core::cmp::Ordering;

use super::{
    Entry, Tree, Want,
    inner::{Inner, Passed},
    leaf::Leaf,
};
use crate::leaderboard::Place;

/// A gap between two rows, and what stands before it.
#[derive(Clone, Copy, Debug)]
pub(in crate::leaderboard) struct Spot {
    leaf: u32,
    at: usize,
    /// Rows before it.
    pub(in crate::leaderboard) rows: u32,
    /// Different scores among them.
    scores: u32,
    /// The score of the last of them.
    last: Option<i64>,
    /// How many of the last of them have that score, where the leaf alone can tell.
    run: Option<u32>,
}

impl Tree {
    /// The gap that is asked for.
    pub(in crate::leaderboard) fn locate<F: Fn(&Entry) -> Ordering>(&self, want: &Want<F>) -> Spot {
        let (number, passed) = self.descend(|inner, _| inner.choose(want));
        let leaf = self.leaf(number);
        let at = leaf.map_or(0, |leaf| leaf.count_before(want));
        self.spot(number, passed, at)
    }

    /// The gaps before rows whose numbers in their leaves are known, level by level for all of them.
    pub(in crate::leaderboard) fn locate_some<F, const N: usize>(
        &self,
        rows: &[Option<(usize, Want<F>)>; N],
    ) -> [Option<Spot>; N]
    where
        F: Fn(&Entry) -> Ordering,
    {
        let mut ways = [(self.root.number, Passed::default()); N];
        for _ in 0..self.root.height {
            for (way, row) in ways.iter_mut().zip(rows) {
                if let Some((_, want)) = row {
                    self.step(way, |inner, _| inner.choose(want));
                }
            }
        }
        let mut spots = [None; N];
        for ((spot, (number, passed)), row) in spots.iter_mut().zip(ways).zip(rows) {
            *spot = row.as_ref().map(|(at, _)| self.spot(number, passed, *at));
        }
        spots
    }

    /// The gap behind so many rows; the last one where there are fewer.
    pub(in crate::leaderboard) fn seek(&self, rows: u32) -> Spot {
        let (number, passed) = self.descend(|inner, before| {
            let left = rows.saturating_sub(before);
            inner.holding(left)
        });
        let left = rows.saturating_sub(passed.rows) as usize;
        let len = self.leaf(number).map_or(0, Leaf::len);
        self.spot(number, passed, left.min(len))
    }

    /// Where a row of that score stands whose number is the first behind the gap.
    pub(in crate::leaderboard) fn place(&self, spot: &Spot, score: i64) -> Place {
        let ordinal = spot.rows.saturating_add(1);
        if spot.last != Some(score) {
            let dense = spot.scores.saturating_add(1);
            return Place {
                rank: ordinal,
                dense,
                ordinal,
            };
        }
        let better = spot.run.map_or_else(
            || self.better_than(score),
            |run| spot.rows.saturating_sub(run),
        );
        Place {
            rank: better.saturating_add(1),
            dense: spot.scores,
            ordinal,
        }
    }

    /// The rows behind a gap, in order.
    pub(in crate::leaderboard) fn walk(&self, from: &Spot) -> Walk<'_> {
        Walk {
            tree: self,
            leaf: self.leaf(from.leaf),
            at: from.at,
        }
    }

    fn better_than(&self, score: i64) -> u32 {
        let tie = |_: &Entry| Ordering::Greater;
        self.locate(&Want { score, tie }).rows
    }

    /// Goes down to a leaf by the branches that are chosen, which depends on the rows passed so far, and counts
    /// what stands before it.
    fn descend(&self, choose: impl Fn(&Inner, u32) -> usize) -> (u32, Passed) {
        let mut way = (self.root.number, Passed::default());
        for _ in 0..self.root.height {
            self.step(&mut way, &choose);
        }
        way
    }

    /// A level further down.
    fn step(&self, (number, passed): &mut (u32, Passed), choose: impl Fn(&Inner, u32) -> usize) {
        let Some(inner) = self.inner(*number) else {
            return;
        };
        let at = choose(inner, passed.rows);
        if let Some(under) = inner.node(at) {
            inner.pass(at, passed);
            *number = under;
        }
    }

    /// The gap of a leaf behind so many of its rows.
    fn spot(&self, number: u32, passed: Passed, at: usize) -> Spot {
        let mut spot = Spot {
            leaf: number,
            at,
            rows: passed.rows,
            scores: passed.scores,
            last: passed.last,
            run: None,
        };
        let Some(leaf) = self.leaf(number).filter(|_| at > 0) else {
            return spot;
        };
        let score = |at: usize| leaf.get(at).map(|entry| entry.score);
        let goes_on = passed.last.is_some() && passed.last == score(0);
        let start = leaf.run_start(at);
        if start > 0 || !goes_on {
            spot.run = Some(count(at.saturating_sub(start)));
        }
        spot.rows = passed.rows.saturating_add(count(at));
        let scores = passed.scores.saturating_add(leaf.scores_of_first(at));
        spot.scores = scores.saturating_sub(u32::from(goes_on));
        spot.last = score(at.saturating_sub(1));
        spot
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Rows in order.
pub(in crate::leaderboard) struct Walk<'a> {
    tree: &'a Tree,
    leaf: Option<&'a Leaf>,
    at: usize,
}

impl Iterator for Walk<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            let leaf = self.leaf?;
            if let Some(entry) = leaf.get(self.at) {
                self.at = self.at.saturating_add(1);
                return Some(entry);
            }
            self.leaf = leaf.next.and_then(|next| self.tree.leaf(next));
            self.at = 0;
        }
    }
}
