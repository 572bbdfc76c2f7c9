//! Counters: the amounts between the readings of one device, and the total that a device gives of a civil day (domain.md 1.1).

use alloc::{collections::BTreeMap, vec::Vec};

use super::portion::Portion;
use crate::{
    civil::Day,
    record::{Content, Epoch, Record},
};

/// What lies between neighbours of one epoch, by time; a fall is a reset and counts from 0. Totals of days are not in it.
pub(super) fn differences(records: &[&Record]) -> Vec<Portion> {
    let mut epochs: BTreeMap<&Epoch, Vec<&Record>> = BTreeMap::new();
    for record in records {
        if let Content::Cumulative {
            epoch: epoch @ Epoch::Run(_),
            ..
        } = &record.content
        {
            epochs.entry(epoch).or_default().push(record);
        }
    }
    let mut portions = Vec::new();
    for readings in epochs.into_values() {
        let mut before = None;
        for reading in in_order(readings) {
            portions.extend(difference(before, reading));
            before = reading.value().map(|value| (value, reading.end_ms));
        }
    }
    portions
}

/// What a reading adds to the one before it, (value, instant); a first one adds what it counted itself, or is a base line.
pub(super) fn difference(before: Option<(i64, i64)>, reading: &Record) -> Option<Portion> {
    let value = reading.value()?;
    match before {
        None if reading.start_ms < reading.end_ms => {
            Some(Portion::between(reading, reading.start_ms, value))
        }
        None => None,
        Some((held, at_ms)) => {
            let passed = if held <= value { held } else { 0 };
            let amount = value.saturating_sub(passed);
            Some(Portion::between(reading, at_ms, amount))
        }
    }
}

/// By instant; of several readings at one instant the largest (value, id).
fn in_order(mut readings: Vec<&Record>) -> Vec<&Record> {
    readings.sort_unstable_by_key(|reading| (reading.end_ms, reading.value(), reading.id));
    let mut kept: Vec<&Record> = Vec::with_capacity(readings.len());
    for reading in readings {
        kept.pop_if(|last| last.end_ms == reading.end_ms);
        kept.push(reading);
    }
    kept
}

/// The total that one device gives of a day, and the instant up to which it has counted; `None` where it gives none. Within a
/// day's epoch a later reading revises the earlier ones, so these are cut to it.
#[must_use]
pub fn day_total(records: &[&Record], day: Day) -> Option<(u64, i64)> {
    let of_day = |record: &&&Record| matches!(&record.content, Content::Cumulative { epoch: Epoch::Day(of), .. } if *of == day);
    let readings = in_order(records.iter().filter(of_day).copied().collect());
    let (first, last) = (readings.first()?, readings.last()?);
    let lowest = readings
        .iter()
        .filter_map(|reading| reading.value())
        .min()?;
    let base = if first.start_ms < first.end_ms {
        0
    } else {
        lowest
    };
    let total = last.value()?.saturating_sub(base);
    Some((u64::try_from(total).unwrap_or(0), last.end_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::RecordId, metric::Metric, sample::Method};
    use alloc::vec;

    fn reading(id: u64, epoch: &str, (start_ms, end_ms): (i64, i64), value: i64) -> Record {
        let epoch = Epoch::parse(epoch);
        Record {
            id: RecordId::Number(id),
            version: 1,
            metric: Metric::STEPS,
            start_ms,
            end_ms,
            offset_s: None,
            content: Content::Cumulative { value, epoch },
            method: Method::Auto,
            worn: None,
        }
    }

    fn amounts(records: &[Record]) -> Vec<(i64, i64, u64)> {
        let records: Vec<&Record> = records.iter().collect();
        let mut portions = differences(&records);
        portions.sort_by_key(|portion| portion.start_ms);
        let shown = |p: &Portion| (p.start_ms, p.end_ms, p.value);
        portions.iter().map(shown).collect()
    }

    #[test]
    fn readings_give_what_lies_between_them_and_a_fall_is_a_reset() {
        let readings = [
            reading(1, "a", (0, 0), 100),
            reading(3, "a", (20, 20), 30),
            reading(2, "a", (10, 10), 150),
        ];
        assert_eq!(amounts(&readings), [(0, 10, 50), (10, 20, 30)]);
    }

    #[test]
    fn a_first_reading_with_a_length_counts_and_epochs_do_not_mix() {
        let readings = [
            reading(1, "a", (0, 10), 7),
            reading(2, "b", (20, 20), 1_000),
            reading(3, "b", (30, 30), 1_001),
        ];
        assert_eq!(amounts(&readings), [(0, 10, 7), (20, 30, 1)]);
    }

    #[test]
    fn of_readings_at_one_instant_the_largest_counts() {
        let readings = [
            reading(1, "a", (0, 0), 10),
            reading(2, "a", (10, 10), 12),
            reading(3, "a", (10, 10), 15),
        ];
        assert_eq!(amounts(&readings), [(0, 10, 5)]);
    }

    #[test]
    fn a_days_total_is_the_latest_and_is_no_portion_of_its_own() {
        let total = |records: Vec<Record>| {
            assert_eq!(amounts(&records), []);
            day_total(
                &records.iter().collect::<Vec<_>>(),
                Day::parse("2016-04-12").unwrap(),
            )
        };
        let of = |id, times, value| reading(id, "2016-04-12", times, value);
        assert_eq!(
            total(vec![of(1, (0, 50), 290), of(2, (0, 90), 18_060)]),
            Some((18_060, 90))
        );
        assert_eq!(
            total(vec![of(1, (0, 50), 900), of(2, (0, 90), 700)]),
            Some((700, 90))
        );
        assert_eq!(
            total(vec![of(1, (50, 50), 900), of(2, (90, 90), 1_000)]),
            Some((100, 90))
        );
        assert_eq!(
            total(vec![of(1, (50, 50), 900), of(2, (90, 90), 700)]),
            Some((0, 90))
        );
        assert_eq!(total(vec![]), None);
    }
}
