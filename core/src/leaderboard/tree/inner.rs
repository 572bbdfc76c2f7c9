//! An inner node: its branches in order, and what it takes to count rows and different scores without looking
//! under them. Scores of neighbours that meet at a border count once.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::entry::{Entry, Want};
use crate::leaderboard::chunks::room_bytes;

/// Most branches of an inner node.
pub(super) const INNER_MAX: usize = 64;
/// What an inner node knows of a node under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    /// The number of the node.
    pub(super) node: u32,
    /// The score of the first row under it.
    first: i64,
    /// The last row under it.
    last: Entry,
    /// Rows under it.
    rows: u32,
    /// Different scores under it.
    scores: u32,
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

/// Branches in order. What a search looks at stands apart from the rest of it, in few lines of memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Inner {
    /// The score of the last row under each branch.
    lasts: Vec<i64>,
    under: Vec<Under>,
    rest: Vec<Rest>,
    rows: u32,
    scores: u32,
}

/// What is under a branch.
#[derive(Clone, Copy, Debug)]
struct Under {
    node: u32,
    rows: u32,
    /// Different scores, without the one with which the branch before it in this node ends.
    fresh: u32,
}

/// What else is known of a branch.
#[derive(Clone, Copy, Debug)]
struct Rest {
    first: i64,
    last_at_ms: i64,
    last_slot: u32,
}

impl Branch {
    pub(super) fn new(node: u32, (first, last): (i64, Entry), (rows, scores): (u32, u32)) -> Self {
        Self {
            node,
            first,
            last,
            rows,
            scores,
        }
    }

    fn rest(&self) -> Rest {
        Rest {
            first: self.first,
            last_at_ms: self.last.at_ms,
            last_slot: self.last.slot,
        }
    }
}

impl Rest {
    fn last(&self, score: i64) -> Entry {
        Entry {
            score,
            at_ms: self.last_at_ms,
            slot: self.last_slot,
        }
    }
}

impl Inner {
    pub(super) fn of(branches: &[Branch]) -> Self {
        let mut before = None;
        let under = branches.iter().map(|branch| {
            let known = u32::from(before == Some(branch.first));
            before = Some(branch.last.score);
            Under {
                node: branch.node,
                rows: branch.rows,
                fresh: branch.scores.saturating_sub(known),
            }
        });
        let under: Vec<_> = under.collect();
        let (rows, scores) = sum(&under);
        Self {
            lasts: branches.iter().map(|branch| branch.last.score).collect(),
            under,
            rest: branches.iter().map(Branch::rest).collect(),
            rows,
            scores,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    /// The number of the node under a branch.
    pub(super) fn node(&self, at: usize) -> Option<u32> {
        self.under.get(at).map(|under| under.node)
    }

    pub(super) fn branches(&self) -> Vec<Branch> {
        let parts = self.lasts.iter().zip(&self.under).zip(&self.rest);
        let mut before = None;
        let branches = parts.map(|((last, under), rest)| {
            let known = u32::from(before == Some(rest.first));
            before = Some(*last);
            let scores = under.fresh.saturating_add(known);
            let ends = (rest.first, rest.last(*last));
            Branch::new(under.node, ends, (under.rows, scores))
        });
        branches.collect()
    }

    /// The branch under which the gap is: the first whose last row is not before it, else the last one. Scores are compared
    /// first and alone, as in [`Want::count_in`].
    pub(super) fn choose<F: Fn(&Entry) -> Ordering>(&self, want: &Want<F>) -> usize {
        let better = self.lasts.partition_point(|last| *last < want.score);
        let at = if self.lasts.get(better) == Some(&want.score) {
            better.saturating_add(self.tied(better, want))
        } else {
            better
        };
        at.min(self.len().saturating_sub(1))
    }

    /// How many branches from `at` on have a last row of the score that stands before the gap.
    fn tied<F: Fn(&Entry) -> Ordering>(&self, at: usize, want: &Want<F>) -> usize {
        let lasts = self.lasts.get(at..).unwrap_or(&[]);
        let equal = lasts.partition_point(|last| *last == want.score);
        let end = at.saturating_add(equal);
        let rest = self.rest.get(at..end).unwrap_or(&[]);
        rest.partition_point(|rest| (want.tie)(&rest.last(want.score)).is_lt())
    }

    /// The node under which the first row of a score is, or the gap before it.
    pub(super) fn toward(&self, score: i64) -> Option<u32> {
        let at = self.lasts.partition_point(|last| *last < score);
        self.node(at.min(self.len().saturating_sub(1)))
    }

    /// The branch under which the row stands that so many rows of this node stand before; the last one where
    /// there is no such row.
    pub(super) fn holding(&self, before: u32) -> usize {
        let mut left = before;
        let holds = |under: &Under| {
            let here = left < under.rows;
            left = left.saturating_sub(under.rows);
            here
        };
        let at = self.under.iter().position(holds);
        at.unwrap_or(self.len().saturating_sub(1))
    }

    /// Counts the rows under the first branches too.
    pub(super) fn pass(&self, branches: usize, passed: &mut Passed) {
        let last = branches.checked_sub(1).and_then(|at| self.lasts.get(at));
        let (Some(last), Some(first)) = (last, self.rest.first()) else {
            return;
        };
        let (rows, scores) = sum(self.under.get(..branches).unwrap_or(&[]));
        let known = u32::from(passed.last == Some(first.first));
        passed.rows = passed.rows.saturating_add(rows);
        let scores = passed.scores.saturating_add(scores);
        passed.scores = scores.saturating_sub(known);
        passed.last = Some(*last);
    }

    /// How it looks from above.
    pub(super) fn branch(&self, node: u32) -> Option<Branch> {
        let (first, last) = (self.rest.first()?, self.rest.last()?);
        let ends = (first.first, last.last(*self.lasts.last()?));
        Some(Branch::new(node, ends, (self.rows, self.scores)))
    }

    /// Writes down what a branch has become.
    pub(super) fn put(&mut self, at: usize, fresh: Branch) {
        let before = at.checked_sub(1).and_then(|at| self.lasts.get(at).copied());
        let behind = self.rest.get(at.saturating_add(1)).map(|rest| rest.first);
        let under = Under {
            node: fresh.node,
            rows: fresh.rows,
            fresh: fresh
                .scores
                .saturating_sub(u32::from(before == Some(fresh.first))),
        };
        let own = self.lasts.get_mut(at).zip(self.rest.get_mut(at));
        let Some((last, rest)) = own else { return };
        let was_known = u32::from(behind == Some(*last));
        let is_known = u32::from(behind == Some(fresh.last.score));
        *last = fresh.last.score;
        *rest = fresh.rest();
        self.put_under(at, |_| under);
        if was_known != is_known {
            self.put_under(at.saturating_add(1), |old| Under {
                fresh: old.fresh.saturating_add(was_known).saturating_sub(is_known),
                ..old
            });
        }
    }

    /// So many rows and different scores more are under a branch; its ends are what they were.
    pub(super) fn count(&mut self, at: usize, (rows, scores): (i32, i32)) {
        self.put_under(at, |old| Under {
            rows: old.rows.saturating_add_signed(rows),
            fresh: old.fresh.saturating_add_signed(scores),
            ..old
        });
    }

    fn put_under(&mut self, at: usize, fresh: impl Fn(Under) -> Under) {
        let Some(under) = self.under.get_mut(at) else {
            return;
        };
        let (old, fresh) = (*under, fresh(*under));
        *under = fresh;
        let change = |sum: u32, fresh, old| sum.saturating_add(fresh).saturating_sub(old);
        self.rows = change(self.rows, fresh.rows, old.rows);
        self.scores = change(self.scores, fresh.fresh, old.fresh);
    }

    /// Puts a new branch behind `at`, which has changed too.
    pub(super) fn put_split(&mut self, at: usize, left: Branch, right: Branch) {
        let mut branches = self.branches();
        let end = branches.len().min(at.saturating_add(1));
        branches.splice(at.min(end)..end, [left, right]);
        *self = Self::of(&branches);
    }

    /// Two neighbours from `at` on have become one, or others.
    pub(super) fn put_joined(&mut self, at: usize, left: Branch, right: Option<Branch>) {
        let mut branches = self.branches();
        let end = branches.len().min(at.saturating_add(2));
        branches.splice(at.min(end)..end, [left].into_iter().chain(right));
        *self = Self::of(&branches);
    }

    /// Takes the upper half of the branches away into a node of their own.
    pub(super) fn split(&mut self) -> Self {
        let branches = self.branches();
        let (lower, upper) = branches.split_at(branches.len().div_euclid(2));
        *self = Self::of(lower);
        Self::of(upper)
    }

    /// Takes the branches of the node behind it too.
    pub(super) fn append(&mut self, behind: &Self) {
        let mut branches = self.branches();
        branches.extend(behind.branches());
        *self = Self::of(&branches);
    }

    /// Bytes that it has allocated.
    pub(super) fn bytes(&self) -> usize {
        let (lasts, under) = (room_bytes(&self.lasts), room_bytes(&self.under));
        lasts
            .saturating_add(under)
            .saturating_add(room_bytes(&self.rest))
    }
}

/// Rows and different scores of neighbours.
fn sum(branches: &[Under]) -> (u32, u32) {
    let all = branches.iter().fold((0_u64, 0_u64), |(rows, scores), of| {
        (
            rows.wrapping_add(u64::from(of.rows)),
            scores.wrapping_add(u64::from(of.fresh)),
        )
    });
    let whole = |all| u32::try_from(all).unwrap_or(u32::MAX);
    (whole(all.0), whole(all.1))
}
