//! Civil days of a user's own zones, minute by minute (domain.md 2.1, 2.2).

use std::collections::BTreeMap;

use streakline_core::{
    civil::{DAY_MS, Day, MINUTE_MS},
    zone::Zones,
};

use crate::places::Places;

/// A zone in force from an instant on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneEntry {
    pub effective_ms: i64,
    pub zone: &'static str,
    pub received_ms: i64,
}

/// What decides the days: zones by effect, of equals the later accepted last; minutes after midnight at which days end, by the first day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    pub zones: Vec<ZoneEntry>,
    pub day_starts: Vec<(Day, i64)>,
}

impl Timeline {
    pub fn add(&mut self, entry: ZoneEntry) {
        let at = self
            .zones
            .partition_point(|held| held.effective_ms <= entry.effective_ms);
        self.zones.insert(at, entry);
    }

    pub fn zone_at(&self, ms: i64) -> &'static str {
        let passed = self
            .zones
            .iter()
            .rev()
            .find(|entry| entry.effective_ms <= ms);
        passed.map_or("UTC", |entry| entry.zone)
    }

    /// Minutes after midnight at which the day ends.
    pub fn ends_at_min(&self, day: Day) -> i64 {
        let passed = self.day_starts.iter().rev().find(|(from, _)| *from <= day);
        passed.map_or(0, |(_, minutes)| *minutes)
    }

    /// The day that the wall shows at a minute, not yet monotone.
    fn shown(&self, places: &Places, ms: i64) -> Day {
        let zone = places.zone(self.zone_at(ms)).unwrap();
        let wall_ms = ms + i64::from(zone.offset_s(ms)) * 1_000;
        let date = Day::of_utc_ms(wall_ms);
        let yesterday_goes_on = wall_ms - date.utc_ms() < self.ends_at_min(date.prev()) * MINUTE_MS;
        if yesterday_goes_on { date.prev() } else { date }
    }

    /// The days of a stretch of time. No clock falls back by more than two days, so the sweep begins three days earlier.
    pub fn days(&self, places: &Places, from_ms: i64, to_ms: i64) -> Partition {
        let mut spans: BTreeMap<Day, (i64, i64)> = BTreeMap::new();
        let first = from_ms.div_euclid(MINUTE_MS) - 3 * DAY_MS / MINUTE_MS;
        let mut day = Day(i32::MIN);
        for minute in first..to_ms.div_euclid(MINUTE_MS) {
            let ms = minute * MINUTE_MS;
            day = day.max(self.shown(places, ms));
            spans.entry(day).or_insert((ms, ms)).1 = ms + MINUTE_MS;
        }
        // The first and the last are cut off.
        spans.pop_first();
        spans.pop_last();
        Partition(spans)
    }
}

/// Days with their first instant and the first after them; a date that is not in it was jumped over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition(pub BTreeMap<Day, (i64, i64)>);

impl Partition {
    pub fn span(&self, day: Day) -> Option<(i64, i64)> {
        self.0.get(&day).copied()
    }

    pub fn day_of(&self, ms: i64) -> Day {
        let inside =
            |(_, (start_ms, end_ms)): &(&Day, &(i64, i64))| (*start_ms..*end_ms).contains(&ms);
        *self.0.iter().find(inside).expect("a day in reach").0
    }

    /// The first instant after a day; a jumped date ends where it would have begun.
    pub fn end_ms(&self, day: Day) -> i64 {
        let later = self.0.range(day..).next().expect("a day in reach");
        if *later.0 == day {
            later.1.1
        } else {
            later.1.0
        }
    }
}
