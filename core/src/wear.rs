//! Minutes in which a device says that it was worn (domain.md 3.2): what makes a day valid for an adaptive goal.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use crate::{civil::MINUTE_MS, record::Record};

/// Minutes of one day that a sample touches which says that it was worn.
///
/// ```
/// use streakline_core::wear::Wear;
/// let mut wear = Wear::default();
/// wear.add((0, 90_000), (60_000, 600_000));
/// wear.add((30_000, 60_000), (60_000, 600_000));
/// assert_eq!(wear.minutes(), 1, "the half minute before the day is another day's");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Wear {
    /// First and last minute of each stretch, rising, with a gap between any two.
    #[n(0)]
    stretches: Vec<(i64, i64)>,
}

impl Wear {
    /// Takes in what a record says of a day, both in POSIX ms with the end outside.
    pub fn note(&mut self, record: &Record, day: (i64, i64)) {
        if record.worn == Some(true) {
            self.add((record.start_ms, record.end_ms), day);
        }
    }

    /// Adds the minutes that an interval touches within a day, both in POSIX ms with the end outside; an instant touches its
    /// own.
    pub fn add(&mut self, (start_ms, end_ms): (i64, i64), (from_ms, to_ms): (i64, i64)) {
        let last_ms = end_ms.saturating_sub(1).max(start_ms);
        let (first_ms, last_ms) = (start_ms.max(from_ms), last_ms.min(to_ms.saturating_sub(1)));
        if first_ms <= last_ms {
            let minute = |ms: i64| ms.div_euclid(MINUTE_MS);
            self.join((minute(first_ms), minute(last_ms)));
        }
    }

    fn join(&mut self, (mut first, mut last): (i64, i64)) {
        let apart = |held: &(i64, i64)| held.1 < first.saturating_sub(1);
        let from = self.stretches.partition_point(apart);
        let near = |held: &(i64, i64)| held.0 <= last.saturating_add(1);
        let to = self.stretches.partition_point(near).max(from);
        for (held_first, held_last) in self.stretches.drain(from..to) {
            first = first.min(held_first);
            last = last.max(held_last);
        }
        self.stretches.insert(from, (first, last));
    }

    /// How many minutes.
    #[must_use]
    pub fn minutes(&self) -> u32 {
        let length = |(first, last): &(i64, i64)| last.saturating_sub(*first).saturating_add(1);
        let sum = self
            .stretches
            .iter()
            .map(length)
            .fold(0, i64::saturating_add);
        u32::try_from(sum).unwrap_or(u32::MAX)
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let each = size_of::<(i64, i64)>();
        self.stretches.capacity().saturating_mul(each)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::{collections::BTreeSet, vec::Vec};

    use super::*;

    proptest! {
        #[test]
        fn the_order_of_intervals_does_not_matter_and_no_minute_counts_twice(
            spans in prop::collection::vec((0_i64..200 * MINUTE_MS, 0_i64..20 * MINUTE_MS), 0..20)
        ) {
            let day = (10 * MINUTE_MS, 150 * MINUTE_MS);
            let wear = |spans: &[(i64, i64)]| {
                let mut wear = Wear::default();
                for (start_ms, length_ms) in spans {
                    wear.add((*start_ms, start_ms + length_ms), day);
                }
                wear
            };
            let mut minutes = BTreeSet::new();
            for (start_ms, length_ms) in &spans {
                let last_ms = (start_ms + length_ms - 1).max(*start_ms);
                minutes.extend((start_ms / MINUTE_MS..=last_ms / MINUTE_MS).filter(|minute| (10..150).contains(minute)));
            }
            let forward = wear(&spans);
            prop_assert_eq!(forward.minutes() as usize, minutes.len());
            let backward: Vec<_> = spans.into_iter().rev().collect();
            prop_assert_eq!(wear(&backward), forward);
        }
    }
}
