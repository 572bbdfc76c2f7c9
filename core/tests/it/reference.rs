//! The rules written down a second time, slowly, from the set of received copies alone: which copy of a sample wins, what a
//! day's minutes are, when a target is reached. Step A of the merge is taken from `merge`, which has a reference of its own.

use std::collections::BTreeMap;

use streakline_core::{
    calendar::Calendar,
    civil::{Day, MINUTE_MS},
    id::{DeviceId, RecordId},
    manual::ManualPolicy,
    merge::{Bidder, Cells, device_cells, merge},
    metric::Metric,
    record::Record,
    sample::{DeviceClass, Method},
};

/// A copy as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub device: DeviceId,
    pub record: Record,
    pub skewed: bool,
}

/// A device as the merge sees it, in order of binding.
pub type Bound = (DeviceId, DeviceClass);

/// What a day comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub display: i64,
    pub eligible: i64,
    pub records: u32,
    /// Eligible amount by minute.
    pub paid: Vec<(i32, u32)>,
    /// What goals read, by minute.
    pub series: Vec<(i32, u32)>,
}

impl Totals {
    /// Start of the minute in which the running sum reaches the target, POSIX ms.
    pub fn met_at_ms(&self, target: i64) -> Option<i64> {
        let mut sum = 0;
        let reached = self.series.iter().find(|(_, value)| {
            sum += i64::from(*value);
            sum >= target
        });
        reached.map(|(minute, _)| i64::from(*minute) * MINUTE_MS)
    }
}

/// The winners of a set of copies, with whether each is quarantined (domain.md 1.3, 2.4).
pub fn winners(copies: &[Copy]) -> Vec<(DeviceId, Record, bool)> {
    let mut by_key: BTreeMap<(DeviceId, RecordId), Vec<&Copy>> = BTreeMap::new();
    for copy in copies {
        by_key
            .entry((copy.device, copy.record.id))
            .or_default()
            .push(copy);
    }
    let winner = |copies: &Vec<&Copy>| {
        let best = copies
            .iter()
            .max_by_key(|copy| copy.record.digest())
            .unwrap();
        let mut same = copies.iter().filter(|copy| copy.record == best.record);
        (
            best.device,
            best.record.clone(),
            same.all(|copy| copy.skewed),
        )
    };
    by_key.values().map(winner).collect()
}

/// Of a run, whether it is clamped and without quarantined samples, and whether it has typed-in ones.
type Run = (bool, bool);

/// Every day that a copy's winner touches or begins in, under a policy about typed-in samples.
pub fn days(
    copies: &[Copy],
    bound: &[Bound],
    (calendar, policy): (&Calendar, ManualPolicy),
) -> BTreeMap<Day, Totals> {
    let winners = winners(copies);
    let run = |(clean, typed_in): Run| {
        let counts = |method, quarantined: bool| {
            !clean || ((typed_in || method != Method::Manual) && !quarantined)
        };
        let cells: Vec<Cells> = bound
            .iter()
            .map(|(device, _)| {
                let own = winners
                    .iter()
                    .filter(|(of, r, q)| of == device && counts(r.method, *q));
                device_cells(&own.map(|(_, record, _)| record).collect::<Vec<_>>())
            })
            .collect();
        let bidder = |((cells, (device, class)), binding): ((_, &Bound), u32)| Bidder {
            cells,
            priority: class.priority(Metric::STEPS),
            binding,
            device: *device,
        };
        let bidders = cells
            .iter()
            .map(Cells::iter)
            .zip(bound)
            .zip(0_u32..)
            .map(bidder);
        merge(&bidders.collect::<Vec<_>>(), clean.then_some(240))
    };
    let mut days: BTreeMap<Day, Totals> = BTreeMap::new();
    let day_of = |minute: i32| calendar.day_of(i64::from(minute) * MINUTE_MS);
    for (minute, value) in run((false, true)) {
        days.entry(day_of(minute)).or_default().display += i64::from(value);
    }
    for (minute, value) in run((true, policy == ManualPolicy::Include)) {
        let day = days.entry(day_of(minute)).or_default();
        day.eligible += i64::from(value);
        day.paid.push((minute, value));
    }
    for (minute, value) in run((true, policy != ManualPolicy::Exclude)) {
        let day = days.entry(day_of(minute)).or_default();
        day.series.push((minute, value));
    }
    for (_, record, _) in &winners {
        days.entry(calendar.day_of(record.start_ms))
            .or_default()
            .records += 1;
    }
    days
}
