//! Properties of packed minutes: whatever is put in, they are the vector that they stand for.

use proptest::{collection::vec, prelude::*};
use std::{collections::BTreeMap, vec::Vec};

use super::*;
use crate::{
    id::DeviceId,
    merge::{Bidder, merge, sum, winners},
};

/// What was done before there were packed minutes.
fn add(cells: &mut Vec<Cell>, part: Cell) {
    match cells.last_mut() {
        Some(last) if last.minute == part.minute => {
            last.covered_ms = last.covered_ms.saturating_add(part.covered_ms);
            last.value = last.value.saturating_add(part.value);
            last.trust = last.trust.min(part.trust);
        }
        _ => cells.push(part),
    }
}

fn any_trust() -> impl Strategy<Value = Trust> {
    prop_oneof![
        1 => Just(Trust::Manual),
        1 => Just(Trust::Unknown),
        8 => Just(Trust::Sensed)
    ]
}

/// Parts that mostly follow each other, and any at all.
fn parts() -> impl Strategy<Value = Vec<Cell>> {
    let step = prop_oneof![3 => Just(0), 9 => Just(1), 1 => 0..50_i32, 1 => any::<i32>()];
    let covered_ms = prop_oneof![8 => Just(60_000), 3 => Just(10_000), 1 => any::<u16>()];
    let value = prop_oneof![
        8 => 0..256_u32,
        2 => 0..1_u32 << 16,
        1 => 0..1_u32 << 24,
        1 => any::<u32>(),
        1 => Just(u32::MAX),
    ];
    vec((step, covered_ms, value, any_trust()), 0..80).prop_map(|parts| {
        let mut minute = i32::MAX - 20;
        let part = |(step, covered_ms, value, trust): (i32, u16, u32, Trust)| {
            minute = minute.wrapping_add(step);
            Cell {
                minute,
                covered_ms,
                value,
                trust,
            }
        };
        parts.into_iter().map(part).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn packed_minutes_are_the_vector_that_they_stand_for(parts in parts()) {
        let (mut packed, mut plain) = (Cells::default(), Vec::new());
        for part in parts {
            packed.add(part);
            add(&mut plain, part);
            prop_assert_eq!(packed.len(), plain.len());
            prop_assert!(packed.iter().eq(plain.iter().copied()), "one by one");
            let mut folded = Vec::new();
            packed.iter().for_each(|cell| folded.push(cell));
            prop_assert_eq!(&folded, &plain, "run by run");
        }
        for from in 0..=plain.len() {
            let mut rest = packed.iter();
            rest.by_ref().take(from).for_each(drop);
            prop_assert_eq!(rest.len(), plain.len() - from);
            let rest = rest.fold(Vec::new(), |mut all, cell| {
                all.push(cell);
                all
            });
            prop_assert_eq!(&rest, &plain[from..]);
        }
        prop_assert_eq!(packed.is_empty(), plain.is_empty());
        prop_assert_eq!(&plain.iter().copied().collect::<Cells>(), &packed);
        let bytes = minicbor::to_vec(&packed).unwrap();
        prop_assert_eq!(&bytes, &minicbor::to_vec(&plain).unwrap());
        prop_assert_eq!(&minicbor::decode::<Cells>(&bytes).unwrap(), &packed);
    }

    #[test]
    fn minutes_are_equal_when_the_vectors_are(one in parts(), other in parts()) {
        let packed = |parts: &[Cell]| parts.iter().copied().collect::<Cells>();
        prop_assert_eq!(packed(&one) == packed(&other), one == other);
        let mut longer = packed(&one);
        longer.push(Cell { minute: 0, covered_ms: 0, value: 0, trust: Trust::Sensed });
        prop_assert!(longer != packed(&one));
    }
}

fn day(covered_ms: impl Fn(i32) -> u16, value: impl Fn(u32) -> u32) -> Cells {
    let cell = |minute: i32| Cell {
        minute,
        covered_ms: covered_ms(minute),
        value: value(minute.unsigned_abs()),
        trust: Trust::Sensed,
    };
    (0..1_440).map(cell).collect()
}

#[test]
fn a_day_of_steps_takes_little_more_than_a_byte_a_minute() {
    let steps = day(|_| 60_000, |minute| minute * 37 % 240);
    assert!(steps.bytes() <= 1_440 * 5 / 4 + 64, "{}", steps.bytes());
    let millimetres = day(|_| 60_000, |minute| minute * 37 % 90_000);
    assert!(
        millimetres.bytes() <= 3 * 1_440 * 5 / 4,
        "{}",
        millimetres.bytes()
    );
}

#[test]
fn a_day_of_minutes_that_differ_takes_little_more_than_its_cells() {
    let differ = day(|minute| u16::try_from(minute).unwrap(), |minute| minute * 7);
    assert!(
        differ.bytes() <= 1_440 * (12 + 2) * 5 / 4,
        "{}",
        differ.bytes()
    );
}

#[test]
fn parts_of_ten_seconds_come_to_the_day_of_their_minutes() {
    let whole = day(|_| 60_000, |_| 120);
    let mut parts = Cells::default();
    for cell in &whole {
        for _ in 0..6 {
            parts.add(Cell {
                covered_ms: 10_000,
                value: 20,
                ..cell
            });
        }
    }
    assert_eq!(parts, whole);
    assert!(parts.bytes() <= whole.bytes() + 64, "{}", parts.bytes());
}

fn in_order() -> impl Strategy<Value = Vec<Cell>> {
    let covered_ms = prop_oneof![4 => Just(60_000), 1 => Just(20_000), 1 => 29_000..31_000_u16];
    let part = (0..60_i32, 1..20_i32, covered_ms, any_trust());
    vec(part, 0..8).prop_map(|parts| {
        let mut cells = BTreeMap::new();
        for (first, count, covered_ms, trust) in parts {
            for minute in first..first + count {
                let value = minute.unsigned_abs() * 3;
                let cell = Cell {
                    minute,
                    covered_ms,
                    value,
                    trust,
                };
                cells.insert(minute, cell);
            }
        }
        cells.into_values().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// A slice is merged minute by minute.
    #[test]
    fn runs_are_merged_as_their_minutes_are(devices in vec(in_order(), 0..4), same in 0..3_u8) {
        fn bidders<I>(cells: impl Iterator<Item = I>, same: u8) -> Vec<Bidder<I>> {
            let bidder = |(cells, at): (I, u8)| Bidder {
                cells,
                priority: if at < same { 50 } else { 40 + at },
                binding: u32::from(9 - at),
                device: DeviceId([at; 16]),
            };
            cells.zip(0..).map(bidder).collect()
        }
        let packed: Vec<Cells> = devices.iter().map(|cells| cells.iter().copied().collect()).collect();
        let by_run = bidders(packed.iter().map(Cells::iter), same);
        let by_minute = bidders(devices.iter().map(|cells| cells.iter()), same);
        let wanted: Vec<(Cell, u32)> = winners(&by_minute).map(|(cell, by)| (*cell, by)).collect();
        prop_assert_eq!(&winners(&by_run).collect::<Vec<_>>(), &wanted);
        let mut folded = Vec::new();
        winners(&by_run).for_each(|won| folded.push(won));
        prop_assert_eq!(folded, wanted);
        prop_assert_eq!(merge(&by_run, Some(99)), merge(&by_minute, Some(99)));
        let all = merge(&by_run, Some(99)).iter().fold(0, |sum, (_, value)| sum + i64::from(*value));
        prop_assert_eq!(sum(&by_run, Some(99)), all);
    }
}
