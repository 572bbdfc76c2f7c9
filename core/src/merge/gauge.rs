//! Gauges: what one device read in each minute, and what the minutes that won come to (domain.md 1.4). Readings are never
//! summed up into amounts; the sum is kept for the mean.

use alloc::vec::Vec;
use core::slice;

use minicbor::{Decode, Encode};

use super::{Bidder, Said, Trust, winners};
use crate::{
    civil::MINUTE_MS,
    record::{Content, Record},
};

/// The readings of one device in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Readings {
    /// Minutes since 1970-01-01T00:00 UTC.
    #[n(0)]
    pub minute: i32,
    /// Instant of the last one within the minute, ms.
    #[n(1)]
    pub last_ms: u16,
    /// How many.
    #[n(2)]
    pub count: u32,
    /// The lowest of them, store units.
    #[n(3)]
    pub min: i32,
    /// The highest of them.
    #[n(4)]
    pub max: i32,
    /// The last of them.
    #[n(5)]
    pub last: i32,
    /// Their sum.
    #[n(6)]
    pub sum: i64,
    /// How far the least trusted of them is.
    #[n(7)]
    pub trust: Trust,
}

impl Said for Readings {
    fn minute(&self) -> i32 {
        self.minute
    }

    fn covered_ms(&self) -> u16 {
        0
    }

    fn trust(&self) -> Trust {
        self.trust
    }
}

/// What readings over any time come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Summary {
    /// How many.
    #[n(0)]
    pub count: u64,
    /// The lowest, store units.
    #[n(1)]
    pub min: i64,
    /// The highest.
    #[n(2)]
    pub max: i64,
    /// Their sum; with the count it gives the mean.
    #[n(3)]
    pub sum: i64,
    /// The last.
    #[n(4)]
    pub last: i64,
    /// Instant of the last, POSIX ms.
    #[n(5)]
    pub last_ms: i64,
}

impl Summary {
    fn of(readings: &Readings) -> Self {
        let minute_ms = i64::from(readings.minute).saturating_mul(MINUTE_MS);
        Self {
            count: u64::from(readings.count),
            min: i64::from(readings.min),
            max: i64::from(readings.max),
            sum: readings.sum,
            last: i64::from(readings.last),
            last_ms: minute_ms.saturating_add(i64::from(readings.last_ms)),
        }
    }

    /// Takes later readings in.
    fn join(&mut self, later: &Self) {
        self.count = self.count.saturating_add(later.count);
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.sum = self.sum.saturating_add(later.sum);
        (self.last, self.last_ms) = (later.last, later.last_ms);
    }

    /// What minutes in order come to; `None` without any.
    #[must_use]
    pub fn over<'a>(minutes: impl IntoIterator<Item = &'a Readings>) -> Option<Self> {
        let mut all: Option<Self> = None;
        minutes.into_iter().for_each(|readings| {
            let one = Self::of(readings);
            match &mut all {
                Some(held) => held.join(&one),
                None => all = Some(one),
            }
        });
        all
    }
}

/// The minutes of a device, in order, from its winning records of one gauge: of several readings at one instant the largest
/// (value, id).
#[must_use]
pub fn device_readings(records: &[&Record]) -> Vec<Readings> {
    let gauge = |record: &&&Record| matches!(record.content, Content::Gauge(_));
    let mut sorted: Vec<&Record> = records.iter().filter(gauge).copied().collect();
    sorted.sort_unstable_by_key(|record| (record.start_ms, record.value(), record.id));
    let mut kept: Vec<&Record> = Vec::with_capacity(sorted.len());
    for record in sorted {
        kept.pop_if(|last| last.start_ms == record.start_ms);
        kept.push(record);
    }
    let mut minutes = Vec::new();
    kept.into_iter()
        .for_each(|record| append_reading(&mut minutes, record));
    minutes
}

/// The fast road: adds a reading that is later than all that the device has read.
pub fn append_reading(minutes: &mut Vec<Readings>, record: &Record) {
    let Content::Gauge(value) = record.content else {
        return;
    };
    let value = i32::try_from(value).unwrap_or(i32::MAX);
    let trust = Trust::from(record.method);
    let minute = i32::try_from(record.start_ms.div_euclid(MINUTE_MS)).unwrap_or(i32::MAX);
    let last_ms = u16::try_from(record.start_ms.rem_euclid(MINUTE_MS)).unwrap_or(u16::MAX);
    match minutes.last_mut() {
        Some(held) if held.minute == minute => {
            held.count = held.count.saturating_add(1);
            held.min = held.min.min(value);
            held.max = held.max.max(value);
            held.sum = held.sum.saturating_add(i64::from(value));
            held.trust = held.trust.min(trust);
            (held.last, held.last_ms) = (value, last_ms);
        }
        _ => minutes.push(Readings {
            minute,
            last_ms,
            count: 1,
            min: value,
            max: value,
            last: value,
            sum: i64::from(value),
            trust,
        }),
    }
}

/// The readings of each minute's winner, in order.
pub fn merge_readings<'a>(
    bidders: &[Bidder<slice::Iter<'a, Readings>>],
) -> impl Iterator<Item = &'a Readings> + use<'a> {
    winners(bidders).map(|(readings, _)| readings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{DeviceId, RecordId},
        metric::Metric,
        sample::Method,
    };
    use alloc::vec;

    fn reading(id: u64, at_ms: i64, value: i64) -> Record {
        Record {
            id: RecordId::Number(id),
            version: 1,
            metric: Metric::HEART_RATE,
            start_ms: at_ms,
            end_ms: at_ms,
            offset_s: None,
            content: Content::Gauge(value),
            method: Method::Auto,
            worn: None,
        }
    }

    #[test]
    fn minutes_keep_count_ends_sum_and_the_last_reading_whatever_the_order() {
        let mut records = vec![
            reading(1, 1_000, 700),
            reading(2, 30_000, 650),
            reading(3, 59_999, 720),
            reading(4, 60_000, 500),
        ];
        let of = |records: &[Record]| device_readings(&records.iter().collect::<Vec<_>>());
        let minutes = of(&records);
        let first = minutes[0];
        assert_eq!(
            (first.count, first.min, first.max, first.last),
            (3, 650, 720, 720)
        );
        assert_eq!(
            (first.sum, first.last_ms, minutes[1].count),
            (2_070, 59_999, 1)
        );
        records.reverse();
        assert_eq!(of(&records), minutes);
        let mut one_by_one = Vec::new();
        records
            .iter()
            .rev()
            .for_each(|record| append_reading(&mut one_by_one, record));
        assert_eq!(one_by_one, minutes);
    }

    #[test]
    fn of_readings_at_one_instant_the_largest_counts_once() {
        let records = [reading(1, 5, 700), reading(2, 5, 710), reading(3, 5, 690)];
        let minutes = device_readings(&records.iter().collect::<Vec<_>>());
        assert_eq!((minutes[0].count, minutes[0].last), (1, 710));
    }

    #[test]
    fn a_day_comes_from_the_readings_of_each_minutes_winner() {
        let chest = device_readings(&[&reading(1, 60_000, 800)]);
        let watch = device_readings(&[&reading(1, 60_500, 760), &reading(2, 120_000, 900)]);
        let bidder = |cells, priority, binding| Bidder {
            cells,
            priority,
            binding,
            device: DeviceId([1; 16]),
        };
        let bidders = [bidder(watch.iter(), 90, 0), bidder(chest.iter(), 95, 1)];
        let day = Summary::over(merge_readings(&bidders)).unwrap();
        assert_eq!((day.count, day.min, day.max, day.sum), (2, 800, 900, 1_700));
        assert_eq!((day.last, day.last_ms), (900, 120_000));
        assert_eq!(Summary::over([]), None);
    }
}
