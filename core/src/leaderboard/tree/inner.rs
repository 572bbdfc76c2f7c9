//! An inner node: its branches in order, and what it takes to count rows and different scores without looking
//! under them. Scores of neighbours that meet at a border count once.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::entry::{Entry, Want};
use crate::leaderboard::chunks::{self, room_bytes};

/// Most branches of an inner node.
pub(super) const INNER_MAX: usize = 64;
/// By how many branches its room grows.
const ROOM: usize = 8;

/// What an inner node knows of a node under it. The fields of the last row stand alone, because an [`Entry`]
/// would take 8 bytes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    /// The score of the first row under it.
    pub(super) first: i64,
    /// The score of the last row under it; its time; its slot.
    pub(super) last: i64,
    last_at_ms: i64,
    last_slot: u32,
    /// The number of the node.
    pub(super) node: u32,
    /// Rows under it.
    pub(super) rows: u32,
    /// Different scores under it.
    pub(super) scores: u32,
}

/// Rows from the start of the board, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) rows: u32,
    /// Different scores among them.
    pub(super) scores: u32,
    /// The score of the last one.
    pub(super) last: Option<i64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Inner {
    branches: Vec<Branch>,
    rows: u32,
    scores: u32,
}

impl Branch {
    pub(super) fn new(node: u32, (first, last): (i64, Entry), (rows, scores): (u32, u32)) -> Self {
        Self {
            first,
            last: last.score,
            last_at_ms: last.at_ms,
            last_slot: last.slot,
            node,
            rows,
            scores,
        }
    }

    /// The last row under it.
    pub(super) fn last_entry(&self) -> Entry {
        Entry {
            score: self.last,
            at_ms: self.last_at_ms,
            slot: self.last_slot,
        }
    }
}

impl Passed {
    /// Counts the rows of the next branch too.
    pub(super) fn add(&mut self, branch: &Branch) {
        self.rows = self.rows.saturating_add(branch.rows);
        let known = u32::from(self.last == Some(branch.first));
        self.scores = self
            .scores
            .saturating_add(branch.scores)
            .saturating_sub(known);
        self.last = Some(branch.last);
    }
}

impl Inner {
    pub(super) fn of(branches: Vec<Branch>) -> Self {
        let mut inner = Self {
            branches,
            ..Self::default()
        };
        inner.count();
        inner
    }

    pub(super) fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// The branch under which the gap is: the first whose last row is not before it, else the last one.
    pub(super) fn choose<F: Fn(&Entry) -> Ordering>(&self, want: &Want<F>) -> usize {
        let at = want.count_in(&self.branches, Branch::last_entry);
        at.min(self.branches.len().saturating_sub(1))
    }

    /// The branch under which the row stands that so many rows of this node stand before; the last one where
    /// there is no such row.
    pub(super) fn holding(&self, before: u32) -> usize {
        let mut left = before;
        let holds = |branch: &Branch| {
            let here = left < branch.rows;
            left = left.saturating_sub(branch.rows);
            here
        };
        let at = self.branches.iter().position(holds);
        at.unwrap_or(self.branches.len().saturating_sub(1))
    }

    /// How it looks from above.
    pub(super) fn branch(&self, node: u32) -> Option<Branch> {
        let (first, last) = (self.branches.first()?, self.branches.last()?);
        let ends = (first.first, last.last_entry());
        Some(Branch::new(node, ends, (self.rows, self.scores)))
    }

    /// Writes down what a branch has become.
    pub(super) fn put(&mut self, at: usize, fresh: Branch) {
        let before = at.checked_sub(1).and_then(|at| self.branches.get(at));
        let before = before.map(|branch| branch.last);
        let behind = self.branches.get(at.saturating_add(1));
        let behind = behind.map(|branch| branch.first);
        let borders = |branch: &Branch| {
            let known = u32::from(before == Some(branch.first));
            known.saturating_add(u32::from(behind == Some(branch.last)))
        };
        let Some(old) = self.branches.get_mut(at) else {
            return;
        };
        let more = fresh.scores.saturating_add(borders(old));
        let fewer = old.scores.saturating_add(borders(&fresh));
        self.scores = self.scores.saturating_add(more).saturating_sub(fewer);
        self.rows = self
            .rows
            .saturating_add(fresh.rows)
            .saturating_sub(old.rows);
        *old = fresh;
    }

    /// Puts a new branch behind `at`, which has changed too.
    pub(super) fn put_split(&mut self, at: usize, left: Branch, right: Branch) {
        if let Some(old) = self.branches.get_mut(at) {
            *old = left;
        }
        chunks::insert(&mut self.branches, at.saturating_add(1), right, ROOM);
        self.count();
    }

    /// Two neighbours from `at` on have become one, or others.
    pub(super) fn put_joined(&mut self, at: usize, left: Branch, right: Option<Branch>) {
        let second = at.saturating_add(1);
        if let Some(old) = self.branches.get_mut(at) {
            *old = left;
        }
        match (self.branches.get_mut(second), right) {
            (Some(old), Some(right)) => *old = right,
            (Some(_), None) => {
                self.branches.remove(second);
                chunks::trim(&mut self.branches, ROOM);
            }
            (None, _) => {}
        }
        self.count();
    }

    /// Takes the upper half of the branches away into a node of their own.
    pub(super) fn split(&mut self) -> Self {
        let half = self.branches.len().div_euclid(2);
        let upper = self.branches.split_off(half);
        chunks::trim(&mut self.branches, ROOM);
        self.count();
        Self::of(upper)
    }

    /// Takes the branches of the node behind it too.
    pub(super) fn append(&mut self, behind: Self) {
        self.branches.reserve_exact(behind.branches.len());
        self.branches.extend(behind.branches);
        self.count();
    }

    /// Bytes that it has allocated.
    pub(super) fn bytes(&self) -> usize {
        room_bytes(&self.branches)
    }

    fn count(&mut self) {
        let mut passed = Passed::default();
        for branch in &self.branches {
            passed.add(branch);
        }
        (self.rows, self.scores) = (passed.rows, passed.scores);
    }
}
