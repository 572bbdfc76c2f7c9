//! What the set of received copies says of every day: made anew from all of them whenever one has come.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use streakline_core::civil::{Day, MINUTE_MS};

use super::{
    days::Partition,
    episodes, gauges,
    merge::{self, Bound, Minute},
    records::{self, Class, Copy, Winner},
};

/// `display` and `eligible`.
pub type Both<T> = [T; 2];

/// One day of the set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayData {
    /// By metric, then by minute since the epoch.
    pub minutes: BTreeMap<&'static str, Both<BTreeMap<i64, Minute>>>,
    /// Readings that count, by metric and instant.
    pub gauges: BTreeMap<&'static str, Both<BTreeMap<i64, i64>>>,
    pub asleep: Both<i64>,
    pub nights: Both<episodes::Night>,
    /// Workouts that end in it.
    pub workouts: u32,
    /// Winning records that begin in it, or tell its total, by metric.
    pub records: BTreeMap<&'static str, u32>,
    /// Minutes that a sample with worn = true touches.
    pub worn: BTreeSet<i64>,
    /// Whether one of its records came through a wrong clock.
    pub quarantined: bool,
}

impl DayData {
    pub fn total(&self, metric: &str, eligible: bool) -> i64 {
        let minutes = self
            .minutes
            .get(metric)
            .map(|both| &both[usize::from(eligible)]);
        minutes.map_or(0, |minutes| {
            minutes.values().map(|minute| minute.value).sum()
        })
    }
}

/// Every day that a winner touches.
pub fn days(copies: &[Copy], bound: &Bound, days: &Partition) -> BTreeMap<Day, Rc<DayData>> {
    let winners = records::winners(copies);
    let mut derived: BTreeMap<Day, DayData> = BTreeMap::new();
    for Winner {
        sample,
        quarantined,
        ..
    } in &winners
    {
        let named = sample.total_of();
        let day = named.unwrap_or_else(|| days.day_of(sample.start_ms()));
        let day = derived.entry(day).or_default();
        *day.records.entry(sample.metric).or_default() += 1;
        day.quarantined |= quarantined;
        if sample.metric == "workout" {
            let day = derived.entry(episodes::day_of(sample, days)).or_default();
            day.workouts += 1;
        }
        let last_ms = sample.start_ms().max(sample.end_ms() - 1);
        let touched = sample.start_ms().div_euclid(MINUTE_MS)..=last_ms.div_euclid(MINUTE_MS);
        for minute in touched.filter(|_| sample.worn == Some(true)) {
            derived
                .entry(days.day_of(minute * MINUTE_MS))
                .or_default()
                .worn
                .insert(minute);
        }
    }
    let metrics: BTreeMap<&'static str, Class> = winners
        .iter()
        .map(|winner| (winner.sample.metric, winner.sample.class))
        .collect();
    for pass in [false, true] {
        for (metric, class) in &metrics {
            let asked = (*metric, pass);
            if *class == Class::Gauge {
                for (at_ms, value) in gauges::readings(&winners, bound, asked) {
                    let day = derived.entry(days.day_of(at_ms)).or_default();
                    day.gauges.entry(metric).or_default()[usize::from(pass)].insert(at_ms, value);
                }
                continue;
            }
            for (minute, merged) in merge::pass(&winners, bound, asked, days) {
                let day = derived.entry(days.day_of(minute * MINUTE_MS)).or_default();
                day.minutes.entry(metric).or_default()[usize::from(pass)].insert(minute, merged);
            }
        }
        for (day, night) in episodes::nights(&winners, bound, pass, days) {
            let day = derived.entry(day).or_default();
            day.asleep[usize::from(pass)] = night.asleep();
            day.nights[usize::from(pass)] = night;
        }
    }
    derived
        .into_iter()
        .map(|(day, data)| (day, Rc::new(data)))
        .collect()
}
