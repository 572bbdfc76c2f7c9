//! Step B of the merge: which device gives each minute, with day totals as the lowest bidder (domain.md 1.1, 1.4).

use std::{cmp::Reverse, collections::BTreeMap};

use streakline_core::{
    civil::MINUTE_MS,
    id::DeviceId,
    sample::{DeviceClass, Method},
};

use super::{
    counters,
    days::Partition,
    records::{Class, Sample, Winner},
    sweep::{self, Cell, share},
};

/// Devices in order of their binding to the account.
pub type Bound = [(DeviceId, DeviceClass)];

/// Most eligible amount of one minute (domain.md 9.1, S1).
const STEPS_PER_MINUTE: i64 = 240;

/// One minute as merged; no device: from a total of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    pub value: i64,
    pub device: Option<DeviceId>,
}

fn priority(class: DeviceClass, metric: &str) -> u8 {
    match class {
        DeviceClass::Watch => 100,
        DeviceClass::Chest if metric == "heart_rate" => 95,
        DeviceClass::Ring => 90,
        DeviceClass::Band => 80,
        DeviceClass::Phone => 50,
        _ => 0,
    }
}

/// What a device bids for a minute; the largest gets it.
pub fn bid(
    (covered_ms, trust): (i64, u8),
    metric: &str,
    bound: &Bound,
    device: DeviceId,
) -> impl Ord + use<> {
    let order = bound.iter().position(|(of, _)| *of == device).unwrap();
    let covered_s = covered_ms / 1_000;
    let class = priority(bound[order].1, metric);
    (
        covered_s >= 30,
        trust,
        class,
        Reverse(order),
        covered_s,
        device,
    )
}

/// What counts in a pass: everything for `display`; nothing typed in and nothing quarantined for `eligible`.
pub fn counts(winner: &Winner, eligible: bool) -> bool {
    !eligible || (winner.sample.method != Method::Manual && !winner.quarantined)
}

/// The winners of one metric that count in a pass.
pub fn of_metric<'a>(winners: &'a [Winner], metric: &str, eligible: bool) -> Vec<&'a Winner> {
    let own = winners.iter().filter(|w| w.sample.metric == metric);
    own.filter(|winner| counts(winner, eligible)).collect()
}

/// Whether a sample alone says more of a minute than can be eligible.
pub fn exceeds_a_minute(sample: &Sample) -> bool {
    let told =
        matches!(sample.class, Class::Delta | Class::Cumulative) && sample.total_of().is_none();
    let spans = sample
        .span
        .is_some_and(|(start_ms, end_ms)| start_ms < end_ms);
    let counted = sample.metric == "steps" && told && spans && !sample.deleted;
    counted && {
        let (start_ms, end_ms) = (sample.start_ms(), sample.end_ms());
        let until = |ms: i64| {
            let part = ms.clamp(start_ms, end_ms) - start_ms;
            share(sample.amount(), part, end_ms - start_ms)
        };
        let mut minutes = start_ms.div_euclid(MINUTE_MS)..=end_ms.div_euclid(MINUTE_MS);
        minutes.any(|m| until((m + 1) * MINUTE_MS) - until(m * MINUTE_MS) > STEPS_PER_MINUTE)
    }
}

/// One pass over one metric: minutes since the epoch with what they come to.
pub fn pass(
    winners: &[Winner],
    bound: &Bound,
    (metric, eligible): (&str, bool),
    days: &Partition,
) -> BTreeMap<i64, Minute> {
    let records = of_metric(winners, metric, eligible);
    let mut bids: BTreeMap<i64, Vec<(DeviceId, Cell)>> = BTreeMap::new();
    for (device, _) in bound {
        let own: Vec<&Winner> = records
            .iter()
            .copied()
            .filter(|w| w.device == *device)
            .collect();
        for (minute, cell) in sweep::cells(&counters::pieces(&own)) {
            bids.entry(minute).or_default().push((*device, cell));
        }
    }
    let capped = |value: i64| match (eligible, metric) {
        (true, "steps") => value.min(STEPS_PER_MINUTE),
        _ => value,
    };
    let merge = |(minute, bids): (i64, Vec<(DeviceId, Cell)>)| {
        let key =
            |(device, c): &(DeviceId, Cell)| bid((c.covered_ms, c.trust), metric, bound, *device);
        let (device, cell) = bids.into_iter().max_by_key(key).unwrap();
        let merged = Minute {
            value: capped(cell.value),
            device: Some(device),
        };
        (minute, merged)
    };
    let mut minutes: BTreeMap<i64, Minute> = bids.into_iter().map(merge).collect();
    for (day, (total, until_ms)) in counters::day_totals(&records) {
        let Some((start_ms, end_ms)) = days.span(day) else {
            continue;
        };
        let minute = |ms: i64| ms.div_euclid(MINUTE_MS);
        let day = minute(start_ms)..minute(end_ms);
        let told: i64 = minutes
            .range(day.clone())
            .map(|(_, minute)| minute.value)
            .sum();
        // Not over what is still to come (ADR 0017).
        let passed = day.start..day.end.min(minute(until_ms + MINUTE_MS - 1));
        let free: Vec<i64> = passed
            .filter(|minute| !minutes.contains_key(minute))
            .collect();
        let rest = (total - told).max(0);
        for (at, minute) in (0_i64..).zip(&free) {
            let whole = free.len() as i64;
            let value = capped(share(rest, at + 1, whole) - share(rest, at, whole));
            if rest > 0 {
                minutes.insert(
                    *minute,
                    Minute {
                        value,
                        device: None,
                    },
                );
            }
        }
    }
    minutes
}
