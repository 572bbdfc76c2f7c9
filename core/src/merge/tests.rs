//! Tests of merging: the examples of domain.md 1.4 in minutes.

use core::slice;
use std::{vec, vec::Vec};

use super::*;
use crate::{
    civil::{HOUR_MS, MINUTE_MS},
    id::{DeviceId, RecordId},
    metric::Metric,
    record::{Content, Record},
};

type Bids<'a> = Bidder<slice::Iter<'a, Cell>>;

/// A sample from one minute to another.
fn steps(id: u64, from: i64, to: i64, value: i64) -> Record {
    Record {
        id: RecordId::Number(id),
        version: 1,
        metric: Metric::STEPS,
        start_ms: from * MINUTE_MS,
        end_ms: to * MINUTE_MS,
        offset_s: None,
        content: Content::Delta(value),
        method: Method::Auto,
        worn: None,
    }
}

fn cells(records: &[Record]) -> Vec<Cell> {
    let cells = device_cells(&records.iter().collect::<Vec<_>>());
    cells.iter().collect()
}

fn total(cells: &[Cell]) -> u32 {
    cells.iter().map(|cell| cell.value).sum()
}

fn bidder(cells: &[Cell], priority: u8, binding: u32) -> Bids<'_> {
    Bidder {
        cells: cells.iter(),
        priority,
        binding,
        device: DeviceId([priority; 16]),
    }
}

/// What a watch and a phone give together.
fn together(watch: &[Record], phone: &[Record]) -> u32 {
    let (watch, phone) = (cells(watch), cells(phone));
    let merged = merge(&[bidder(&watch, 100, 0), bidder(&phone, 50, 1)], None);
    merged.iter().map(|(_, value)| value).sum()
}

#[test]
fn a_watch_and_a_phone_are_merged_and_not_summed() {
    let phone = [steps(1, 480, 525, 4_500)];
    assert_eq!(together(&[steps(1, 480, 510, 3_000)], &phone), 4_500);
    assert_eq!(
        together(&[steps(1, 480, 510, 2_700)], &phone),
        4_200,
        "version 2 of the watch"
    );
    assert_eq!(together(&[], &phone), 4_500, "version 3 deleted it");
    let replayed = [steps(1, 480, 510, 3_000), steps(77, 480, 510, 3_000)];
    assert_eq!(together(&replayed, &phone), 4_500);
}

#[test]
fn an_hour_beside_its_own_minutes_adds_nothing() {
    let minutes: Vec<Record> = (0..60)
        .map(|minute| steps(minute, minute as i64, minute as i64 + 1, 50))
        .collect();
    let mut both = minutes.clone();
    both.push(steps(100, 0, 60, 3_000));
    assert_eq!(cells(&both), cells(&minutes));
}

#[test]
fn an_hour_spreads_what_its_minutes_did_not_count() {
    let minutes = (0..30).map(|minute| steps(minute, minute as i64, minute as i64 + 1, 50));
    let mut records: Vec<Record> = minutes.collect();
    records.push(steps(100, 0, 60, 1_800));
    let cells = cells(&records);
    assert_eq!((total(&cells), cells.len()), (1_800, 60));
    assert!(cells[..30].iter().all(|cell| cell.value == 50));
    assert!(cells[30..].iter().all(|cell| cell.value == 10));
}

#[test]
fn an_hour_that_counts_less_than_its_minutes_claims_nothing() {
    let mut records = vec![steps(1, 10, 11, 90), steps(2, 0, 60, 60)];
    assert_eq!(cells(&records), cells(&records[..1]));
    records[1].worn = Some(true);
    let cells = cells(&records);
    assert_eq!((total(&cells), cells.len()), (90, 60));
    assert!(cells.iter().all(|cell| cell.covered_ms == 60_000));
}

#[test]
fn a_day_spreads_over_time_that_an_hour_left_free() {
    // The hour has nothing left after its minute, so the coarser sample counts there.
    let records = [
        steps(1, 10, 11, 90),
        steps(2, 0, 60, 90),
        steps(3, 0, 120, 209),
    ];
    let cells = cells(&records);
    assert_eq!((total(&cells), cells.len()), (209, 120));
}

#[test]
fn the_finer_of_two_overlapping_samples_wins_and_the_other_keeps_its_share() {
    let cells = cells(&[steps(1, 0, 10, 100), steps(2, 5, 25, 400)]);
    let values: Vec<u32> = cells.iter().map(|cell| cell.value).collect();
    assert_eq!(values, [vec![10; 10], vec![20; 15]].concat());
}

#[test]
fn manual_samples_yield_to_sensed_ones_however_fine_they_are() {
    let typed = Record {
        method: Method::Manual,
        ..steps(1, 5, 6, 900)
    };
    let cells = cells(&[typed, steps(2, 0, 10, 100)]);
    assert_eq!(total(&cells), 100);
    assert!(cells.iter().all(|cell| cell.trust == Trust::Sensed));
}

#[test]
fn a_sample_does_not_subtract_what_was_recorded_less_well() {
    let unknown = Record {
        method: Method::Unknown,
        ..steps(1, 0, 5, 100)
    };
    let cells = cells(&[unknown, steps(2, 0, 10, 100)]);
    let values: Vec<u32> = cells.iter().map(|cell| cell.value).collect();
    assert_eq!(values, [vec![20; 5], vec![10; 5]].concat());
}

#[test]
fn the_trust_of_a_minute_is_the_lowest_in_it() {
    let half = |id, second: i64, method| Record {
        start_ms: second * 1_000,
        end_ms: (second + 30) * 1_000,
        method,
        ..steps(id, 0, 1, 10)
    };
    let cells = cells(&[half(1, 0, Method::Active), half(2, 30, Method::Unknown)]);
    let wanted = Cell {
        minute: 0,
        covered_ms: 60_000,
        value: 20,
        trust: Trust::Unknown,
    };
    assert_eq!(cells, [wanted]);
}

#[test]
fn a_zero_counts_only_when_the_device_is_worn() {
    let mut zero = steps(1, 0, 1, 0);
    assert_eq!(together(&[zero.clone()], &[steps(1, 0, 1, 80)]), 80);
    zero.worn = Some(false);
    assert_eq!(together(&[zero.clone()], &[steps(1, 0, 1, 80)]), 80);
    zero.worn = Some(true);
    assert_eq!(together(&[zero], &[steps(1, 0, 1, 80)]), 0);
}

#[test]
fn the_order_of_bids_is_coverage_trust_class_binding_seconds_device() {
    let cell = |covered_ms, value, trust| {
        [Cell {
            minute: 7,
            covered_ms,
            value,
            trust,
        }]
    };
    let full = cell(60_000, 1, Trust::Unknown);
    let winner = |a: Bids<'_>, b: Bids<'_>| merge(&[a, b], None)[0].1;
    let short = cell(29_999, 2, Trust::Sensed);
    assert_eq!(
        winner(bidder(&full, 50, 1), bidder(&short, 100, 0)),
        1,
        "30 s first"
    );
    let manual = cell(60_000, 3, Trust::Manual);
    assert_eq!(
        winner(bidder(&full, 50, 1), bidder(&manual, 100, 0)),
        1,
        "then trust"
    );
    let half = cell(30_000, 4, Trust::Unknown);
    assert_eq!(
        winner(bidder(&full, 50, 0), bidder(&half, 100, 1)),
        4,
        "then class"
    );
    assert_eq!(
        winner(bidder(&full, 50, 1), bidder(&half, 50, 0)),
        4,
        "then the older binding"
    );
    assert_eq!(
        winner(bidder(&full, 50, 0), bidder(&half, 50, 0)),
        1,
        "then seconds"
    );
    let (longer, shorter) = (
        cell(45_999, 1, Trust::Unknown),
        cell(45_000, 5, Trust::Unknown),
    );
    let later = Bidder {
        device: DeviceId([99; 16]),
        ..bidder(&shorter, 50, 0)
    };
    assert_eq!(
        winner(bidder(&longer, 50, 0), later),
        5,
        "45 s both, so then the device"
    );
}

#[test]
fn a_minute_is_cut_at_the_cap_of_the_metric() {
    let cells = cells(&[steps(1, 0, 1, 300), steps(2, 1, 2, 240)]);
    assert_eq!(
        merge(&[bidder(&cells, 100, 0)], Some(240)),
        [(0, 240), (1, 240)]
    );
    assert_eq!(merge(&[bidder(&cells, 100, 0)], None), [(0, 300), (1, 240)]);
    assert_eq!(merge::<slice::Iter<'_, Cell>>(&[], Some(240)), []);
}

#[test]
fn amounts_beyond_64_bits_on_the_way_are_exact() {
    let huge = Record {
        content: Content::Delta(i64::from(u32::MAX) << 20),
        ..steps(1, 0, 1_440, 0)
    };
    let first = cells(std::slice::from_ref(&huge))[0].value;
    let wanted =
        i128::from(huge.value().unwrap()) * i128::from(MINUTE_MS) / i128::from(24 * HOUR_MS);
    assert_eq!(i128::from(first), wanted.min(i128::from(u32::MAX)));
}
