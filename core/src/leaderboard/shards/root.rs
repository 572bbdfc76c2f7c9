//! The whole of a board in parts (domain.md 6.3): its first rows are exact, every other rank is estimated within a bound that is told.

use alloc::{collections::BTreeSet, vec::Vec};
use core::cmp::Ordering;

use super::{
    super::{Order, RowKey},
    HEAD_ROWS, Report,
    bucket::BUCKETS,
    histogram::{Estimate, Histogram},
};

/// What is known of one part.
#[derive(Clone, Debug)]
struct Part<K> {
    head: Vec<RowKey<K>>,
    histogram: Histogram,
}

/// The whole.
#[derive(Clone, Debug)]
pub struct Root<K> {
    order: Order,
    parts: Vec<Part<K>>,
    merged: Histogram,
    head: Vec<RowKey<K>>,
}

impl<K: Ord + Clone> Root<K> {
    /// One of so many parts, none of which has said anything.
    #[must_use]
    pub fn new(order: Order, parts: usize) -> Self {
        let mut root = Self {
            order,
            parts: Vec::new(),
            merged: Histogram::default(),
            head: Vec::new(),
        };
        root.expect(parts);
        root
    }

    /// There are at least so many parts.
    pub fn expect(&mut self, parts: usize) {
        while self.parts.len() < parts {
            self.parts.push(Part {
                head: Vec::new(),
                histogram: Histogram::default(),
            });
        }
    }

    /// What a part has reported is not known any more.
    pub fn forget(&mut self, part: usize) {
        let Some(held) = self.parts.get_mut(part) else {
            return;
        };
        let gone = core::mem::take(&mut held.histogram);
        held.head.clear();
        for bucket in 0..BUCKETS {
            let rest = self.merged.count(bucket);
            let rest = rest.saturating_sub(gone.count(bucket));
            self.merged.set(bucket, rest);
        }
        self.head = merged(self.order, &self.parts);
    }

    /// What a part reports; the same report twice changes nothing the second time. There is no part beyond the last.
    pub fn take(&mut self, part: usize, report: Report<K>) {
        let Some(held) = self.parts.get_mut(part) else {
            return;
        };
        for (bucket, count) in report.buckets {
            let rest = self
                .merged
                .count(bucket)
                .saturating_sub(held.histogram.count(bucket));
            self.merged.set(bucket, rest.saturating_add(count));
            held.histogram.set(bucket, count);
        }
        if let Some(head) = report.head {
            held.head = head;
            self.head = merged(self.order, &self.parts);
        }
    }

    /// The first rows, up to a thousand: as exact as what the parts have reported.
    #[must_use]
    pub fn head(&self) -> &[RowKey<K>] {
        &self.head
    }

    /// Rows in all.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.merged.rows()
    }

    /// Where a score stands, 1 + rows with a better one: exact where one of the first rows has it or a worse one, estimated
    /// otherwise.
    #[must_use]
    pub fn rank(&self, score: i64) -> Estimate {
        let turned = self.order.turned(score);
        let ahead = self
            .head
            .partition_point(|row| self.order.turned(row.score) < turned);
        let is_exact = ahead < self.head.len() || self.head.len() < HEAD_ROWS;
        match u32::try_from(ahead) {
            Ok(ahead) if is_exact => Estimate {
                rank: ahead.saturating_add(1),
                error_bound: 0,
            },
            _ => self.merged.estimate(self.order, score),
        }
    }
}

/// The first rows of all parts: the best of their next ones, again and again.
fn merged<K: Ord + Clone>(order: Order, parts: &[Part<K>]) -> Vec<RowKey<K>> {
    let next = |part: usize, at: usize| {
        let row = parts.get(part)?.head.get(at)?;
        Some(Next {
            order,
            row,
            part,
            at,
        })
    };
    let mut first: BTreeSet<Next<'_, K>> =
        (0..parts.len()).filter_map(|part| next(part, 0)).collect();
    let mut head = Vec::new();
    while head.len() < HEAD_ROWS
        && let Some(best) = first.pop_first()
    {
        first.extend(next(best.part, best.at.saturating_add(1)));
        head.push(best.row.clone());
    }
    head
}

/// The next row of a part.
struct Next<'a, K> {
    order: Order,
    row: &'a RowKey<K>,
    part: usize,
    at: usize,
}

impl<K: Ord> Ord for Next<'_, K> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_row = self.order.compare(self.row, other.row);
        by_row.then_with(|| self.part.cmp(&other.part))
    }
}

impl<K: Ord> PartialOrd for Next<'_, K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord> PartialEq for Next<'_, K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<K: Ord> Eq for Next<'_, K> {}
