//! Counters: differences between neighbouring readings, and totals of a date (domain.md 1.1, `cumulative`).

use std::collections::BTreeMap;

use streakline_core::{civil::Day, id::DeviceId};

use super::{
    records::{Class, Sample, Winner},
    sweep::Piece,
};

/// Readings of one counter by instant; of several at one instant the largest (value, id) counts.
fn by_instant<'a>(readings: impl Iterator<Item = &'a Sample>) -> BTreeMap<i64, &'a Sample> {
    let mut line: BTreeMap<i64, &Sample> = BTreeMap::new();
    for reading in readings {
        let kept = line.entry(reading.end_ms()).or_insert(reading);
        if (reading.amount(), reading.id) > (kept.amount(), kept.id) {
            *kept = reading;
        }
    }
    line
}

/// The deltas of one counter's epoch. A fall is a reset: the counter began again at 0 and tells its new value.
fn differences(line: &BTreeMap<i64, &Sample>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut before: Option<(i64, i64)> = None;
    for (at_ms, reading) in line {
        let (from_ms, base) = before.unwrap_or_else(|| {
            let told = reading.start_ms() < *at_ms;
            (reading.start_ms(), if told { 0 } else { reading.amount() })
        });
        let base = if reading.amount() < base { 0 } else { base };
        if from_ms < *at_ms {
            pieces.push(Piece {
                id: reading.id,
                start_ms: from_ms,
                end_ms: *at_ms,
                value: reading.amount() - base,
                method: reading.method,
                worn: reading.worn,
            });
        }
        before = Some((*at_ms, reading.amount()));
    }
    pieces
}

/// What one device's records of one metric say as amounts over intervals: its deltas, and the differences of its counters.
pub fn pieces(records: &[&Winner]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut counters: BTreeMap<Option<&str>, Vec<&Sample>> = BTreeMap::new();
    for sample in records.iter().map(|winner| &winner.sample) {
        match sample.class {
            Class::Delta => pieces.push(Piece {
                id: sample.id,
                start_ms: sample.start_ms(),
                end_ms: sample.end_ms(),
                value: sample.amount(),
                method: sample.method,
                worn: sample.worn,
            }),
            Class::Cumulative if sample.total_of().is_none() => {
                counters
                    .entry(sample.epoch.as_deref())
                    .or_default()
                    .push(sample);
            }
            _ => {}
        }
    }
    for readings in counters.into_values() {
        pieces.extend(differences(&by_instant(readings.into_iter())));
    }
    pieces
}

/// The total of each date: of each device its latest reading, since earlier ones are cut to it, above the base line that a
/// first reading without a beginning is, and the instant up to which it has counted; of the devices the largest (total, device).
pub fn day_totals(records: &[&Winner]) -> BTreeMap<Day, (i64, i64)> {
    let mut readings: BTreeMap<(Day, DeviceId), Vec<&Sample>> = BTreeMap::new();
    for winner in records {
        if let Some(day) = winner.sample.total_of() {
            readings
                .entry((day, winner.device))
                .or_default()
                .push(&winner.sample);
        }
    }
    let mut totals: BTreeMap<Day, (i64, DeviceId, i64)> = BTreeMap::new();
    for ((day, device), readings) in readings {
        let line = by_instant(readings.into_iter());
        let ((from_ms, first), (_, latest)) = (
            line.first_key_value().unwrap(),
            line.last_key_value().unwrap(),
        );
        let lowest = line.values().map(|reading| reading.amount()).min().unwrap();
        let base = if first.start_ms() < *from_ms {
            0
        } else {
            lowest
        };
        let told = (latest.amount() - base, device, latest.end_ms());
        let held = totals.entry(day).or_insert(told);
        *held = told.max(*held);
    }
    totals
        .into_iter()
        .map(|(day, (total, _, until_ms))| (day, (total, until_ms)))
        .collect()
}
