//! What is shown of a board: pages, the rows around a row or a score, percentiles. Each view is found by
//! one or two searches of the tree and then read in order; none changes anything.

use alloc::vec::Vec;
use core::{cmp::Ordering, hash::Hash};

use super::{
    AroundScore, Leaderboard, Place, Row, RowKey, exactly,
    tree::{Entry, Spot, Want},
};

impl<K: Ord + Clone + Hash> Leaderboard<K> {
    /// The row with that number, from 1.
    #[must_use]
    pub fn select(&self, ordinal: u32) -> Option<Row<K>> {
        let spot = self.tree.seek(ordinal.checked_sub(1)?);
        self.rows_from(spot).next()
    }

    /// Up to `limit` rows after a key, which need not stand on the board any more; without a key
    /// the first rows.
    #[must_use]
    pub fn page(&self, after: Option<&RowKey<K>>, limit: usize) -> Vec<Row<K>> {
        let spot = match after {
            Some(key) => self.behind(key),
            None => self.tree.seek(0),
        };
        self.some_from(spot, limit)
    }

    /// A row with up to `k` rows on each side.
    #[must_use]
    pub fn around(&self, id: &K, k: u32) -> Vec<Row<K>> {
        let Some(place) = self.place(id) else {
            return Vec::new();
        };
        let before = place.ordinal.saturating_sub(1).min(k);
        let first = place.ordinal.saturating_sub(1).saturating_sub(before);
        let rows = before.saturating_add(k).saturating_add(1);
        self.some_from(self.tree.seek(first), rows as usize)
    }

    /// Up to `k` rows on each side of where a further row of that score would stand: behind all rows
    /// that have it.
    ///
    /// ```
    /// use streakline_core::leaderboard::Leaderboard;
    /// let mut board = Leaderboard::new();
    /// [(1, 30), (2, 20), (3, 20), (4, 10)].map(|(id, score)| board.set(&id, score, 0));
    /// let view = board.around_score(20, 1);
    /// assert_eq!((view.place.rank, view.place.dense, view.place.ordinal), (2, 2, 4));
    /// assert_eq!((view.before[0].id, view.after[0].id), (3, 4));
    /// ```
    #[must_use]
    pub fn around_score(&self, score: i64, k: u32) -> AroundScore<K> {
        let spot = self.tree.locate(&self.behind_score(score));
        let place = self.tree.place(&spot, self.order.turned(score));
        let first = self.tree.seek(spot.rows.saturating_sub(k));
        let before = spot.rows.saturating_sub(first.rows);
        AroundScore {
            place,
            before: self.some_from(first, before as usize),
            after: self.some_from(spot, k as usize),
        }
    }

    /// Up to `k` rows before the gap behind a key, the row with the key itself among them where it is there, and up to `k` behind
    /// it; both in board order.
    ///
    /// ```
    /// use streakline_core::leaderboard::{Leaderboard, RowKey};
    /// let mut board = Leaderboard::new();
    /// [(1, 30), (2, 20), (4, 10)].map(|(id, score)| board.set(&id, score, 0));
    /// let key = RowKey { score: 20, achieved_at_ms: 0, id: 2 };
    /// let (before, after) = board.around_key(&key, 2);
    /// assert_eq!([before[0].id, before[1].id, after[0].id], [1, 2, 4]);
    /// ```
    #[must_use]
    pub fn around_key(&self, key: &RowKey<K>, k: u32) -> (Vec<Row<K>>, Vec<Row<K>>) {
        let spot = self.behind(key);
        let first = self.tree.seek(spot.rows.saturating_sub(k));
        let before = spot.rows.saturating_sub(first.rows);
        (
            self.some_from(first, before as usize),
            self.some_from(spot, k as usize),
        )
    }

    /// Where a further row of that score would stand, on no row as it may be: behind all rows that have
    /// it.
    #[must_use]
    pub fn place_of_score(&self, score: i64) -> Place {
        let spot = self.tree.locate(&self.behind_score(score));
        self.tree.place(&spot, self.order.turned(score))
    }

    /// The share of the rows that stand at a row's score or below, in basis points: see
    /// [`Place::percentile`].
    ///
    /// ```
    /// use streakline_core::leaderboard::Leaderboard;
    /// let mut board = Leaderboard::new();
    /// [(1, 30), (2, 20), (3, 20), (4, 10)].map(|(id, score)| board.set(&id, score, 0));
    /// let percentiles = [1, 2, 3, 4].map(|id| board.percentile(&id).unwrap());
    /// assert_eq!(percentiles, [10_000, 7_500, 7_500, 2_500]);
    /// assert_eq!(board.at_percentile(7_500).unwrap().score, 20);
    /// assert_eq!(board.at_percentile(7_501).unwrap().score, 30);
    /// ```
    #[must_use]
    pub fn percentile(&self, id: &K) -> Option<u32> {
        let place = self.place(id)?;
        Some(place.percentile(self.rows()))
    }

    /// A row with the worst score whose percentile is that many basis points or more: every row with a worse
    /// score has fewer. More than 10,000 are 10,000; only an empty board has no such row.
    #[must_use]
    pub fn at_percentile(&self, basis_points: u32) -> Option<Row<K>> {
        self.select(Place::at_percentile(basis_points, self.rows()))
    }

    /// Every row, in order.
    pub fn iter(&self) -> impl Iterator<Item = Row<K>> {
        self.rows_from(self.tree.seek(0))
    }

    fn rows(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    fn some_from(&self, spot: Spot, limit: usize) -> Vec<Row<K>> {
        let left = self.rows().saturating_sub(spot.rows) as usize;
        let mut rows = Vec::with_capacity(limit.min(left));
        rows.extend(self.rows_from(spot).take(limit));
        rows
    }

    fn rows_from(&self, spot: Spot) -> impl Iterator<Item = Row<K>> {
        let entries = self.tree.walk(&spot);
        let mut before = spot.rows;
        let mut first = Some(spot);
        let mut last = (0_i64, 0_u32, 0_u32);
        entries.filter_map(move |entry| {
            let ordinal = before.saturating_add(1);
            // Only the first row asks the tree: below it, equal scores share a rank and the others have
            // their number.
            let (rank, dense) = match (first.take(), last) {
                (Some(spot), _) => {
                    let place = self.tree.place(&spot, entry.score);
                    (place.rank, place.dense)
                }
                (None, (score, rank, dense)) if score == entry.score => (rank, dense),
                (None, (_, _, dense)) => (ordinal, dense.saturating_add(1)),
            };
            last = (entry.score, rank, dense);
            before = ordinal;
            Some(Row {
                rank,
                dense,
                ordinal,
                score: self.order.turned(entry.score),
                achieved_at_ms: entry.at_ms,
                id: self.ids.get(entry.slot)?.clone(),
            })
        })
    }

    /// The gap behind a key: the row with the key itself counts as passed.
    fn behind(&self, key: &RowKey<K>) -> Spot {
        let score = self.order.turned(key.score);
        let exact = exactly(&self.ids, (score, key.achieved_at_ms), &key.id);
        let tie = |row: &Entry| (exact.tie)(row).then(Ordering::Less);
        self.tree.locate(&Want { score, tie })
    }

    fn behind_score(&self, score: i64) -> Want<impl Fn(&Entry) -> Ordering + use<K>> {
        Want {
            score: self.order.turned(score),
            tie: |_: &Entry| Ordering::Less,
        }
    }
}
