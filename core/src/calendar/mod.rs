//! The days of one user (domain.md 2.1, 2.2): the zones that were in force, and the hour at which days begin, made into days
//! that partition time. It knows nothing of goals or closing; the user's state keeps one, and samples, boundaries and windows
//! ask it for days.
//!
//! A day's number never falls: when the local time falls back (a flight east over the date line, or clocks put back just after
//! midnight) the current day goes on until the local time catches up. A date jumped over is void.

mod short;

use alloc::{sync::Arc, vec, vec::Vec};

use crate::{
    civil::{Day, Local, MINUTE_MS},
    zone::Zone,
};

pub use short::is_short_void;

/// A zone, and from when it was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    effective_ms: i64,
    zone: Arc<Zone>,
    /// When the server learned of it, POSIX ms.
    received_ms: i64,
    /// The latest time that the user's clock has shown up to its end; what a search by day goes by. The last segment has no
    /// end, so it shows every later time.
    latest: Local,
}

/// Days from a first one on begin later than midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DayStart {
    from: Day,
    after_ms: i64,
}

/// A day with its instants: what is asked of many instants that mostly lie in one day needs one search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySpan {
    /// Which.
    pub day: Day,
    /// Its first instant, POSIX ms.
    pub start_ms: i64,
    /// The first instant after it, POSIX ms.
    pub end_ms: i64,
}

impl DaySpan {
    /// Whether an instant belongs to it.
    #[must_use]
    pub fn has(&self, at_ms: i64) -> bool {
        (self.start_ms..self.end_ms).contains(&at_ms)
    }
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
    /// Never empty; the first is in force from the beginning of time. Of several at one instant the last is in force.
    segments: Vec<Segment>,
    /// By rising day.
    day_starts: Vec<DayStart>,
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
            received_ms: i64::MIN,
            latest: Local(i64::MAX),
        };
        Self {
            segments: vec![first],
            day_starts: Vec::new(),
            newest: zone,
        }
    }

    /// The same calendar after [`Calendar::push`] of a change that was known when it took effect.
    #[must_use]
    pub fn with_change(mut self, effective_ms: i64, zone: Arc<Zone>) -> Self {
        self.push(effective_ms, zone, effective_ms);
        self
    }

    /// Puts `zone` in force from the minute of `effective_ms` (POSIX ms) until the next change; the server learned of it at
    /// `received_ms`. Changes may come in any order; of two in one minute the later call counts (domain.md 2.2). Whether a
    /// change is allowed is not asked.
    pub fn push(&mut self, effective_ms: i64, zone: Arc<Zone>, received_ms: i64) {
        // A whole minute belongs to one day, because days are made of minute cells.
        let effective_ms = effective_ms.saturating_sub(effective_ms.rem_euclid(MINUTE_MS));
        let index = self
            .segments
            .partition_point(|segment| segment.effective_ms <= effective_ms);
        let added = Segment {
            effective_ms,
            zone,
            received_ms,
            latest: Local(i64::MAX),
        };
        self.segments.insert(index, added);
        self.follow_clock(index.saturating_sub(1));
    }

    /// Ends `from` and the days after it `after_ms` after midnight (0 to 6 h), so that the next one begins then
    /// (domain.md 2.2). Calls come with rising days; of two for one day the later counts.
    pub fn start_days(&mut self, from: Day, after_ms: i64) {
        self.day_starts.retain(|held| held.from < from);
        self.day_starts.push(DayStart { from, after_ms });
    }

    /// The day that the instant belongs to.
    #[must_use]
    pub fn day_of(&self, at_ms: i64) -> Day {
        let index = self.segment_at(at_ms);
        let Some(segment) = self.segments.get(index) else {
            return Day::of_utc_ms(at_ms);
        };
        let here = segment.zone.latest(segment.effective_ms, at_ms);
        let latest = self
            .latest_before(index)
            .map_or(here, |held| here.max(held));
        let date = latest.day();
        if self.first_wall(date) <= latest {
            date
        } else {
            date.prev()
        }
    }

    /// The day that the instant belongs to, with its instants.
    #[must_use]
    pub fn span_of(&self, at_ms: i64) -> DaySpan {
        let day = self.day_of(at_ms);
        DaySpan {
            day,
            start_ms: self.start_ms(day),
            end_ms: self.end_ms(day),
        }
    }

    /// The first instant of a day, POSIX ms; for a void day that of the day after it.
    #[must_use]
    pub fn start_ms(&self, day: Day) -> i64 {
        let wall = self.first_wall(day);
        let index = self
            .segments
            .partition_point(|segment| segment.latest < wall);
        let found = self.segments.get(index).or(self.segments.last());
        found.map_or(wall.0, |segment| {
            segment.zone.first_reaching(wall, segment.effective_ms)
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

    /// What a clock shows when the day begins: midnight, and what the day before takes of it.
    fn first_wall(&self, day: Day) -> Local {
        Local(day.utc_ms().saturating_add(self.after_ms(day.prev())))
    }

    /// How long after midnight a day ends.
    fn after_ms(&self, day: Day) -> i64 {
        let passed = self.day_starts.partition_point(|held| held.from <= day);
        let held = passed.checked_sub(1).and_then(|at| self.day_starts.get(at));
        held.map_or(0, |held| held.after_ms)
    }

    fn latest_before(&self, index: usize) -> Option<Local> {
        index
            .checked_sub(1)
            .and_then(|before| self.segments.get(before))
            .map(|s| s.latest)
    }

    /// Works out `latest` of the segments from `index` on; those before it are right.
    fn follow_clock(&mut self, index: usize) {
        let mut before = self.latest_before(index);
        let ends: Vec<i64> = self
            .segments
            .iter()
            .skip(index.saturating_add(1))
            .map(|s| s.effective_ms)
            .collect();
        let mut ends = ends.into_iter();
        for segment in self.segments.iter_mut().skip(index) {
            segment.latest = match (ends.next(), before) {
                // Another change of the same minute counts instead: no clock has ever shown this zone's time.
                (Some(end_ms), Some(before)) if end_ms <= segment.effective_ms => before,
                (Some(end_ms), before) => {
                    let last_ms = end_ms.saturating_sub(1);
                    let here = segment.zone.latest(segment.effective_ms, last_ms);
                    before.map_or(here, |before| here.max(before))
                }
                (None, _) => Local(i64::MAX),
            };
            before = Some(segment.latest);
        }
        if let Some(last) = self.segments.last() {
            self.newest = last.zone.clone();
        }
    }
}

#[cfg(test)]
mod tests;
