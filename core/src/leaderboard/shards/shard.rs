//! One part of a board that is too large for one (domain.md 6.3): its own rows in order, and what has changed since it last said so.

use alloc::{collections::BTreeSet, vec::Vec};
use core::hash::Hash;

use super::{
    super::{Leaderboard, Order, RowKey},
    HEAD_ROWS,
    histogram::{Changed, Histogram},
};

/// A part.
#[derive(Clone, Debug)]
pub struct Shard<K> {
    rows: Leaderboard<K>,
    histogram: Histogram,
    changed: BTreeSet<usize>,
    /// Its first rows as it last told them.
    head: Vec<RowKey<K>>,
}

/// What a part tells the whole; a newer one replaces what an older one said of the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<K> {
    /// Counts that are others now.
    pub buckets: Changed,
    /// Its first rows, where they are others now.
    pub head: Option<Vec<RowKey<K>>>,
}

impl<K> Report<K> {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.head.is_none()
    }
}

impl<K: Ord + Clone + Hash> Shard<K> {
    /// One without rows.
    #[must_use]
    pub fn new(order: Order) -> Self {
        Self {
            rows: Leaderboard::ordered(order),
            histogram: Histogram::default(),
            changed: BTreeSet::new(),
            head: Vec::new(),
        }
    }

    /// Its own rows.
    #[must_use]
    pub fn rows(&self) -> &Leaderboard<K> {
        &self.rows
    }

    /// Puts a row where it belongs now, and says whether that changed anything.
    pub fn set(&mut self, id: &K, score: i64, achieved_at_ms: i64) -> bool {
        let before = self.rows.get(id).map(|(score, _)| score);
        if !self.rows.set(id, score, achieved_at_ms) {
            return false;
        }
        if before != Some(score) {
            self.gone(before);
            let at = self.histogram.add(score);
            self.changed.insert(at);
        }
        true
    }

    /// Takes a row away, and says whether there was one.
    pub fn remove(&mut self, id: &K) -> bool {
        let before = self.rows.get(id).map(|(score, _)| score);
        self.gone(before);
        self.rows.remove(id)
    }

    fn gone(&mut self, score: Option<i64>) {
        if let Some(score) = score {
            let at = self.histogram.remove(score);
            self.changed.insert(at);
        }
    }

    /// The next report tells the first rows, whether or not they are others.
    pub fn tell_head(&mut self) {
        self.head.clear();
    }

    /// What has changed since the last report; the next one begins anew.
    pub fn report(&mut self) -> Report<K> {
        let changed = core::mem::take(&mut self.changed);
        let buckets = changed.into_iter().map(|at| (at, self.histogram.count(at)));
        let head = self
            .rows
            .page(None, HEAD_ROWS)
            .into_iter()
            .map(|row| RowKey {
                score: row.score,
                achieved_at_ms: row.achieved_at_ms,
                id: row.id,
            });
        let head: Vec<_> = head.collect();
        let is_news = head != self.head;
        if is_news {
            self.head.clone_from(&head);
        }
        Report {
            buckets: buckets.collect(),
            head: is_news.then_some(head),
        }
    }

    /// Everything that it could tell, for a whole that has forgotten it.
    pub fn whole(&mut self) -> Report<K> {
        let counted = (0..super::bucket::BUCKETS).filter(|at| self.histogram.count(*at) > 0);
        self.changed.extend(counted);
        self.head.clear();
        self.report()
    }
}
