//! How many rows have which score, by bucket: what a board knows of the rows that it does not have (domain.md 6.3).

use alloc::{collections::BTreeMap, vec, vec::Vec};

use super::{super::Order, bucket};

/// Rows by bucket of their score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u32>,
    rows: u32,
}

/// Buckets whose counts have changed, with what they are now.
pub type Changed = BTreeMap<usize, u32>;

/// A rank that is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// 1 + rows that are estimated to have a better score.
    pub rank: u32,
    /// By how much it may be off.
    pub error_bound: u32,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; bucket::BUCKETS],
            rows: 0,
        }
    }
}

impl Histogram {
    /// A row is there.
    pub fn add(&mut self, score: i64) -> usize {
        let at = bucket::of(score);
        self.set(at, self.count(at).saturating_add(1));
        at
    }

    /// A row has gone.
    pub fn remove(&mut self, score: i64) -> usize {
        let at = bucket::of(score);
        self.set(at, self.count(at).saturating_sub(1));
        at
    }

    /// Rows of a bucket.
    #[must_use]
    pub fn count(&self, bucket: usize) -> u32 {
        self.counts.get(bucket).copied().unwrap_or(0)
    }

    /// Rows in all.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// A bucket has so many rows now.
    pub fn set(&mut self, bucket: usize, count: u32) {
        let Some(held) = self.counts.get_mut(bucket) else {
            return;
        };
        self.rows = self.rows.saturating_sub(*held).saturating_add(count);
        *held = count;
    }

    /// Where a score stands: rows of the better buckets, and of its own as many as would be ahead if they lay evenly.
    #[must_use]
    pub fn estimate(&self, order: Order, score: i64) -> Estimate {
        let at = bucket::of(score);
        let (first, width) = bucket::span(at);
        let below = score.saturating_sub(first).clamp(0, width);
        let (better, ahead) = match order {
            Order::Descending => {
                let above = self.counts.iter().skip(at.saturating_add(1));
                let higher = width.saturating_sub(1).saturating_sub(below).max(0);
                (sum(above), higher)
            }
            Order::Ascending => (sum(self.counts.iter().take(at)), below),
        };
        let own = self.count(at);
        let inside = i64::from(own).saturating_mul(ahead).checked_div(width);
        let inside = inside
            .and_then(|rows| u32::try_from(rows).ok())
            .unwrap_or(0);
        Estimate {
            rank: better.saturating_add(inside).saturating_add(1),
            // Rows of one score are not ahead of each other, however many they are.
            error_bound: if width == 1 { 0 } else { own },
        }
    }
}

fn sum<'a>(counts: impl Iterator<Item = &'a u32>) -> u32 {
    counts.fold(0, |sum, count| sum.saturating_add(*count))
}
