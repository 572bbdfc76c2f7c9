//! Properties of the merge (domain.md 1.6), and the sweep against a reference that walks time in
//! slots of ten seconds.

use std::{collections::BTreeMap, slice};

use proptest::prelude::*;
use streakline_core::{
    id::{DeviceId, RecordId},
    merge::{Bidder, Cell, Cells, Trust, append, device_cells, merge},
    metric::Metric,
    record::{Content, Record},
    sample::Method,
};

const SLOT_MS: i64 = 10_000;
const SLOTS: i64 = 180;

fn any_method() -> impl Strategy<Value = Method> {
    prop_oneof![
        Just(Method::Auto),
        Just(Method::Active),
        Just(Method::Unknown),
        Just(Method::Manual)
    ]
}

fn any_record() -> impl Strategy<Value = Record> {
    let span = prop_oneof![1..=6_i64, 6..=60_i64, Just(6), Just(60)];
    let value = prop_oneof![Just(0), 1..400_i64];
    let worn = prop_oneof![Just(None), Just(Some(true)), Just(Some(false))];
    (0..120_i64, span, value, any_method(), worn).prop_map(|(start, slots, value, method, worn)| {
        Record {
            id: RecordId::Number(0),
            version: 1,
            metric: Metric::STEPS,
            start_ms: start * SLOT_MS,
            end_ms: (start + slots) * SLOT_MS,
            offset_s: None,
            content: Content::Delta(value),
            method,
            worn,
        }
    })
}

/// Records of one device, with ids of their own.
fn any_records() -> impl Strategy<Value = Vec<Record>> {
    let numbered = |records: Vec<Record>| {
        let named = records.into_iter().zip(1..);
        named
            .map(|(record, id)| Record {
                id: RecordId::Number(id),
                ..record
            })
            .collect()
    };
    prop::collection::vec(any_record(), 0..14).prop_map(numbered)
}

/// Intervals that follow each other with gaps, in order.
fn any_disjoint_records() -> impl Strategy<Value = Vec<Record>> {
    let part = (0..90_000_i64, 1..400_000_i64, any_record());
    prop::collection::vec(part, 0..14).prop_map(|parts| {
        let mut end_ms = 0;
        let mut records = Vec::new();
        for ((gap_ms, span_ms, record), id) in parts.into_iter().zip(1..) {
            let start_ms = end_ms + gap_ms;
            end_ms = start_ms + span_ms;
            records.push(Record {
                id: RecordId::Number(id),
                start_ms,
                end_ms,
                ..record
            });
        }
        records
    })
}

fn cells(records: &[Record]) -> Vec<Cell> {
    let cells = device_cells(&records.iter().collect::<Vec<_>>());
    cells.iter().collect()
}

fn bidders(devices: &[Vec<Cell>]) -> Vec<Bidder<slice::Iter<'_, Cell>>> {
    let cells = devices.iter().map(|cells| cells.iter());
    let ranks = cells.zip([100_u8, 50, 50]).zip(0_u32..);
    let bidder = |((cells, priority), number)| Bidder {
        cells,
        priority,
        binding: number,
        device: DeviceId([number as u8; 16]),
    };
    ranks.map(bidder).collect()
}

fn find(cells: &[Cell], minute: i32) -> Option<&Cell> {
    cells.iter().find(|cell| cell.minute == minute)
}

/// Step A written down as in domain.md 1.4, slot by slot, for records that begin and end on slots.
fn reference(records: &[Record]) -> Vec<Cell> {
    let mut order: Vec<&Record> = records.iter().collect();
    order.retain(|r| r.value() > Some(0) || r.worn == Some(true));
    order.sort_by_key(|r| {
        let trust = Trust::from(r.method);
        (
            trust != Trust::Manual,
            -r.span_ms(),
            r.start_ms,
            r.value(),
            trust,
            r.id,
        )
    });
    let mut owners: Vec<Option<(&Record, i64)>> = vec![None; SLOTS as usize];
    while let Some(record) = order.pop() {
        let slots = record.start_ms / SLOT_MS..record.end_ms / SLOT_MS;
        let part = |owner: &Record| {
            owner.start_ms >= record.start_ms
                && owner.end_ms <= record.end_ms
                && owner.span_ms() < record.span_ms()
                && Trust::from(owner.method) >= Trust::from(record.method)
        };
        let parts = slots.clone().filter_map(|slot| owners[slot as usize]);
        let counted: i64 = parts
            .filter(|(owner, _)| part(owner))
            .map(|(_, amount)| amount)
            .sum();
        let rest = (record.value().unwrap() - counted).max(0);
        if rest == 0 && record.worn != Some(true) {
            continue;
        }
        let is_spread = |slot: &i64| !owners[*slot as usize].is_some_and(|(owner, _)| part(owner));
        let spread: Vec<i64> = slots.filter(is_spread).collect();
        let (count, mut at) = (spread.len() as i64, 0);
        for slot in spread {
            let amount = rest * (at + 1) / count - rest * at / count;
            at += 1;
            owners[slot as usize].get_or_insert((record, amount));
        }
    }
    minutes(&owners)
}

fn minutes(owners: &[Option<(&Record, i64)>]) -> Vec<Cell> {
    let mut cells = BTreeMap::new();
    for (slot, owner) in owners.iter().enumerate() {
        let Some((record, amount)) = owner else {
            continue;
        };
        let minute = slot as i32 / 6;
        let empty = Cell {
            minute,
            covered_ms: 0,
            value: 0,
            trust: Trust::Sensed,
        };
        let cell = cells.entry(minute).or_insert(empty);
        cell.covered_ms += SLOT_MS as u16;
        cell.value += *amount as u32;
        cell.trust = cell.trust.min(Trust::from(record.method));
    }
    cells.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_sweep_equals_the_rule_applied_slot_by_slot(records in any_records()) {
        prop_assert_eq!(cells(&records), reference(&records));
    }

    /// T1.1 for the cells of a device.
    #[test]
    fn the_order_of_arrival_changes_no_minute(
        (records, shuffled) in any_records().prop_flat_map(|records| {
            (Just(records.clone()), Just(records).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(cells(&records), cells(&shuffled));
    }

    /// T1.2
    #[test]
    fn a_replay_under_fresh_ids_changes_nothing(
        records in any_records(),
        fresh in any::<u64>(),
    ) {
        let once = cells(&records);
        let copies = records.iter().zip(0_u64..).map(|(record, at)| {
            // Some fresh ids are smaller than the first ones, some larger, in an order of their
            // own.
            let id = RecordId::Number((at + 1_000).wrapping_mul(fresh | 1));
            Record { id, ..record.clone() }
        });
        let both: Vec<Record> = records.iter().cloned().chain(copies).collect();
        prop_assert_eq!(cells(&both), once);
    }

    /// T1.3
    #[test]
    fn a_lower_class_never_changes_a_minute_that_a_higher_one_covers(
        watch in any_records(),
        phone in any_records(),
    ) {
        let devices = [cells(&watch), cells(&phone)];
        for (minute, value) in merge(&bidders(&devices), None) {
            let phone_trust = find(&devices[1], minute).map_or(Trust::Manual, |cell| cell.trust);
            let watch = find(&devices[0], minute).filter(|cell| cell.covered_ms >= 30_000);
            if let Some(watch) = watch.filter(|cell| cell.trust >= phone_trust) {
                prop_assert_eq!(value, watch.value);
            }
        }
    }

    /// T1.4
    #[test]
    fn a_merged_minute_is_what_one_device_says_and_covers_at_most_a_minute(
        records in prop::array::uniform3(any_records()),
        cap in prop_oneof![Just(None), (0..300_u32).prop_map(Some)],
    ) {
        let devices = records.map(|records| cells(&records));
        let bidders = bidders(&devices);
        let merged = merge(&bidders, cap);
        prop_assert!(merged.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order, once each");
        for cell in devices.iter().flatten() {
            prop_assert!((1..=60_000).contains(&cell.covered_ms));
            prop_assert!(merged.iter().any(|(minute, _)| *minute == cell.minute));
        }
        for (minute, value) in merged {
            let says = devices.iter().filter_map(|cells| find(cells, minute));
            let clamped: Vec<u32> = says.map(|c| c.value.min(cap.unwrap_or(u32::MAX))).collect();
            prop_assert!(clamped.contains(&value));
        }
    }

    /// T1.5
    #[test]
    fn disjoint_intervals_of_one_device_keep_their_sum(records in any_disjoint_records()) {
        let devices = [cells(&records)];
        let merged = merge(&bidders(&devices), None);
        let total: i64 = merged.iter().map(|(_, value)| i64::from(*value)).sum();
        prop_assert_eq!(total, records.iter().map(|record| record.value().unwrap()).sum::<i64>());
    }

    /// T1.9
    #[test]
    fn a_zero_has_no_effect_unless_worn_and_then_blocks_the_phone(
        watch in any_records(),
        phone in any_records(),
        zero in any_record(),
    ) {
        let zero = Record { id: RecordId::Number(99), content: Content::Delta(0), method: Method::Auto, ..zero };
        let without = cells(&watch);
        let taken_off = Record { worn: Some(false), ..zero.clone() };
        prop_assert_eq!(&cells(&[watch, vec![taken_off]].concat()), &without);
        let worn = Record { worn: Some(true), ..zero };
        let devices = [cells(slice::from_ref(&worn)), cells(&phone)];
        for (minute, value) in merge(&bidders(&devices), None) {
            let full = find(&devices[0], minute).filter(|cell| cell.covered_ms >= 30_000);
            prop_assert!(full.is_none() || value == 0);
        }
    }

    #[test]
    fn the_fast_road_gives_what_the_sweep_gives(records in any_disjoint_records()) {
        let mut appended = Cells::default();
        for record in &records {
            append(&mut appended, None, record);
        }
        prop_assert!(appended.iter().eq(cells(&records)));
    }

    #[test]
    fn a_record_after_all_that_was_covered_may_take_the_fast_road(
        records in any_records(),
        later in any_record(),
    ) {
        let end_ms = records.iter().map(|record| record.end_ms).max().unwrap_or(0);
        let start_ms = end_ms + later.start_ms % 60_000;
        let end_ms = start_ms + later.span_ms();
        let later = Record { id: RecordId::Number(99), start_ms, end_ms, ..later };
        let mut appended: Cells = cells(&records).into_iter().collect();
        append(&mut appended, None, &later);
        prop_assert!(appended.iter().eq(cells(&[records, vec![later]].concat())));
    }
}
