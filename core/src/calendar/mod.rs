//! The days of one user (domain.md 2.1): the zones that were in force, made into days that
//! partition time. It knows nothing of goals or closing; the user's state keeps one, and samples,
//! boundaries and windows ask it for days.
//!
//! A day's number never falls: when the local date falls back (a flight east over the date line, or
//! clocks put back just after midnight) the current day goes on until the local date catches up. A
//! date jumped over is void.

use alloc::{sync::Arc, vec, vec::Vec};

use crate::{
    civil::{Day, Local, MINUTE_MS},
    zone::Zone,
};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    effective_ms: i64,
    zone: Arc<Zone>,
    /// Day of its last instant; what a search by day goes by. The last segment has no end, so it
    /// has every later day.
    last_day: Day,
}

/// A user's zone timeline as days.
///
/// ```
/// use std::sync::Arc;
/// use streakline_core::{calendar::Calendar, civil::{Day, HOUR_MS}, zone::Zone};
/// let calendar = Calendar::new(Arc::new(Zone::new("Asia/Kolkata", 19_800, vec![])));
/// let day = Day::parse("2026-05-20").unwrap();
/// assert_eq!(calendar.end_ms(day) - calendar.start_ms(day), 24 * HOUR_MS);
/// assert_eq!(calendar.day_of(calendar.start_ms(day) - 1), day.prev());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Never empty; the first is in force from the beginning of time.
    segments: Vec<Segment>,
    /// The zone of the newest segment, at hand without a search.
    newest: Arc<Zone>,
}

impl Calendar {
    /// The days of someone who has always been in `zone`.
    #[must_use]
    pub fn new(zone: Arc<Zone>) -> Self {
        let first = Segment {
            effective_ms: i64::MIN,
            zone: zone.clone(),
            last_day: Day(i32::MAX),
        };
        Self {
            segments: vec![first],
            newest: zone,
        }
    }

    /// The same calendar after [`Calendar::push`].
    #[must_use]
    pub fn with_change(mut self, effective_ms: i64, zone: Arc<Zone>) -> Self {
        self.push(effective_ms, zone);
        self
    }

    /// Puts `zone` in force from the minute of `effective_ms` (POSIX ms) until the next change.
    /// Changes may come in any order; of two in one minute the later call counts (domain.md 2.2).
    /// Whether a change is allowed is not asked.
    pub fn push(&mut self, effective_ms: i64, zone: Arc<Zone>) {
        // A whole minute belongs to one day, because days are made of minute cells.
        let effective_ms = effective_ms.saturating_sub(effective_ms.rem_euclid(MINUTE_MS));
        let index = self
            .segments
            .partition_point(|segment| segment.effective_ms < effective_ms);
        let added = Segment {
            effective_ms,
            zone,
            last_day: Day(i32::MAX),
        };
        match self.segments.get_mut(index) {
            Some(equal) if equal.effective_ms == effective_ms => *equal = added,
            _ => self.segments.insert(index, added),
        }
        self.number_days(index.saturating_sub(1));
    }

    /// The changes with the zone before them first (at `i64::MIN`): minute in POSIX ms, zone from
    /// then on.
    pub fn changes(&self) -> impl Iterator<Item = (i64, &Arc<Zone>)> {
        self.segments
            .iter()
            .map(|segment| (segment.effective_ms, &segment.zone))
    }

    /// The day that the instant belongs to.
    #[must_use]
    pub fn day_of(&self, at_ms: i64) -> Day {
        let index = self.segment_at(at_ms);
        let Some(segment) = self.segments.get(index) else {
            return Day::of_utc_ms(at_ms);
        };
        let here = segment.zone.latest_day(segment.effective_ms, at_ms);
        self.day_before(index)
            .map_or(here, |before| here.max(before))
    }

    /// The first instant of a day, POSIX ms; for a void day that of the day after it.
    #[must_use]
    pub fn start_ms(&self, day: Day) -> i64 {
        let index = self
            .segments
            .partition_point(|segment| segment.last_day < day);
        let found = self.segments.get(index).or(self.segments.last());
        found.map_or(day.utc_ms(), |segment| {
            segment.zone.first_reaching(day, segment.effective_ms)
        })
    }

    /// The first instant after a day, POSIX ms.
    #[must_use]
    pub fn end_ms(&self, day: Day) -> i64 {
        self.start_ms(day.next())
    }

    /// Whether the calendar jumped over this date.
    #[must_use]
    pub fn is_void(&self, day: Day) -> bool {
        self.start_ms(day) == self.end_ms(day)
    }

    /// What the user's wall clock showed at the instant; its date may lie before
    /// [`Calendar::day_of`].
    #[must_use]
    pub fn local(&self, at_ms: i64) -> Local {
        self.zone_at(at_ms).local(at_ms)
    }

    /// The zone in force at the instant.
    #[must_use]
    pub fn zone_at(&self, at_ms: i64) -> &Arc<Zone> {
        self.segments
            .get(self.segment_at(at_ms))
            .map_or(&self.newest, |segment| &segment.zone)
    }

    /// The zone of the newest change, which may take effect in a few minutes.
    #[must_use]
    pub fn zone_now(&self) -> &Arc<Zone> {
        &self.newest
    }

    fn segment_at(&self, at_ms: i64) -> usize {
        self.segments
            .partition_point(|segment| segment.effective_ms <= at_ms)
            .saturating_sub(1)
    }

    fn day_before(&self, index: usize) -> Option<Day> {
        index
            .checked_sub(1)
            .and_then(|before| self.segments.get(before))
            .map(|s| s.last_day)
    }

    /// Works out `last_day` of the segments from `index` on; those before it are right.
    fn number_days(&mut self, index: usize) {
        let mut before = self.day_before(index);
        let ends: Vec<i64> = self
            .segments
            .iter()
            .skip(1)
            .map(|s| s.effective_ms)
            .collect();
        for (at, segment) in self.segments.iter_mut().enumerate().skip(index) {
            segment.last_day = match ends.get(at) {
                Some(end_ms) => {
                    let end_ms = end_ms.saturating_sub(1);
                    let here = segment.zone.latest_day(segment.effective_ms, end_ms);
                    before.map_or(here, |before| here.max(before))
                }
                None => Day(i32::MAX),
            };
            before = Some(segment.last_day);
        }
        if let Some(last) = self.segments.last() {
            self.newest = last.zone.clone();
        }
    }
}

#[cfg(test)]
mod tests;
