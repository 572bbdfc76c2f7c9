//! Gauges: point values, of which each minute belongs to one device (domain.md 1.1, 1.4).

use std::collections::BTreeMap;

use streakline_core::{civil::MINUTE_MS, id::DeviceId};

use super::{
    merge::{Bound, bid, of_metric},
    records::{Sample, Winner},
    sweep::trust,
};

/// What the readings of a stretch of time come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub n: i64,
    pub min: i64,
    pub max: i64,
    pub sum: i64,
    pub last: i64,
}

/// The readings that count, by instant: one per device and instant, the largest (value, id), of each minute's device.
pub fn readings(
    winners: &[Winner],
    bound: &Bound,
    (metric, eligible): (&str, bool),
) -> BTreeMap<i64, i64> {
    let mut instants: BTreeMap<(DeviceId, i64), &Sample> = BTreeMap::new();
    for winner in of_metric(winners, metric, eligible) {
        let sample = &winner.sample;
        let kept = instants
            .entry((winner.device, sample.start_ms()))
            .or_insert(sample);
        if (sample.amount(), sample.id) > (kept.amount(), kept.id) {
            *kept = sample;
        }
    }
    let mut trusts: BTreeMap<i64, BTreeMap<DeviceId, u8>> = BTreeMap::new();
    for ((device, at_ms), sample) in &instants {
        let minute = trusts.entry(at_ms.div_euclid(MINUTE_MS)).or_default();
        let lowest = minute.entry(*device).or_insert(u8::MAX);
        *lowest = trust(sample.method).min(*lowest);
    }
    let mut counted = BTreeMap::new();
    for ((device, at_ms), sample) in instants {
        let bids = &trusts[&at_ms.div_euclid(MINUTE_MS)];
        let best = bids
            .iter()
            .max_by_key(|(device, trust)| bid((0, **trust), metric, bound, **device));
        if *best.unwrap().0 == device {
            counted.insert(at_ms, sample.amount());
        }
    }
    counted
}

/// The summary of the readings in `[from_ms, to_ms)`.
pub fn summary(readings: &BTreeMap<i64, i64>, (from_ms, to_ms): (i64, i64)) -> Option<Summary> {
    let values: Vec<i64> = readings
        .range(from_ms..to_ms)
        .map(|(_, value)| *value)
        .collect();
    Some(Summary {
        n: values.len() as i64,
        min: *values.iter().min()?,
        max: *values.iter().max()?,
        sum: values.iter().sum(),
        last: *values.last()?,
    })
}
