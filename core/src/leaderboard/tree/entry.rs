//! What the tree keeps of a row, and what it is asked for: a gap between rows, told by a score and by a
//! rule for rows of that score.

use core::cmp::Ordering;

/// A row as it stands in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::leaderboard) struct Entry {
    /// Turned: the better, the smaller.
    pub(in crate::leaderboard) score: i64,
    pub(in crate::leaderboard) at_ms: i64,
    pub(in crate::leaderboard) slot: u32,
}

/// A gap between rows: behind those of better scores, and behind those of this score that `tie` calls
/// `Less`. The score is turned.
pub(in crate::leaderboard) struct Want<F> {
    pub(in crate::leaderboard) score: i64,
    pub(in crate::leaderboard) tie: F,
}

impl<F: Fn(&Entry) -> Ordering> Want<F> {
    /// How many of these rows, which are in order, stand before the gap. Scores are compared first and alone,
    /// because that needs no branch; ids are looked up for rows of this score only.
    pub(super) fn count_in<T>(&self, rows: &[T], entry: impl Fn(&T) -> Entry) -> usize {
        let better = rows.partition_point(|row| entry(row).score < self.score);
        let rest = rows.get(better..).unwrap_or(&[]);
        let tied = |row: &T| {
            let entry = entry(row);
            entry.score == self.score && (self.tie)(&entry).is_lt()
        };
        if !rest.first().is_some_and(tied) {
            return better;
        }
        better.saturating_add(rest.partition_point(tied))
    }

    /// Whether a row stands before the gap.
    pub(super) fn passes(&self, entry: &Entry) -> bool {
        entry.score < self.score || entry.score == self.score && (self.tie)(entry).is_lt()
    }

    /// Whether it asks for exactly this row.
    pub(super) fn is(&self, entry: &Entry) -> bool {
        entry.score == self.score && (self.tie)(entry).is_eq()
    }
}
