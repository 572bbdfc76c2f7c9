//! Days that are too short to be missed (domain.md 2.2): which change of zone shortened a day, and whether the person could have
//! known. What a day's status is in the end is the streak's.

use alloc::vec::Vec;

use super::Calendar;
use crate::{civil::Day, limits};

/// Of one goal at most one short day in so many days is void.
const VOID_EVERY_DAYS: i32 = 14;

impl Calendar {
    /// Whether a missed day may be void because it is shorter than 20 h (domain.md 2.2): the change that shortened it was
    /// received before the end which the day had without it, and the next change of zone is at least 20 h later.
    ///
    /// The change that shortened it is the last one that takes effect inside the day or at its end; one at its start only if
    /// there is none of these. Where no zone has changed, an earlier end of days has shortened it, and counts as received in time.
    #[must_use]
    pub fn may_be_void(&self, day: Day) -> bool {
        let (start_ms, end_ms) = (self.start_ms(day), self.end_ms(day));
        let length_ms = end_ms.saturating_sub(start_ms);
        if length_ms == 0 || length_ms >= limits::SHORT_DAY_MS {
            return false;
        }
        let changed = self.segment_at(end_ms);
        let changes = self.segments.get(changed).filter(|_| changed > 0);
        let Some(change) = changes.filter(|change| change.effective_ms >= start_ms) else {
            let earlier = self.after_ms(day) < self.after_ms(day.prev());
            return earlier && self.is_quiet_after(changed, end_ms);
        };
        change.received_ms < self.without(changed).end_ms(day)
            && self.is_quiet_after(changed, change.effective_ms)
    }

    /// Whether the zone that follows a change stays for 20 h.
    fn is_quiet_after(&self, index: usize, effective_ms: i64) -> bool {
        let next = self.segments.get(index.saturating_add(1));
        next.is_none_or(|next| {
            next.effective_ms.saturating_sub(effective_ms) >= limits::SHORT_DAY_MS
        })
    }

    /// The calendar as it would be had that change never been made.
    fn without(&self, index: usize) -> Self {
        let mut other = self.clone();
        other.segments.remove(index);
        other.follow_clock(index.saturating_sub(1));
        other
    }
}

/// Whether a day is void for a goal because it was short: `may_be_void` by the calendar, `missed` by the goal, and no other
/// such day of this goal is void in the 13 days before it (domain.md 2.2: further ones are judged as any day).
///
/// ```
/// use streakline_core::{calendar::is_short_void, civil::Day};
/// let short = |day: Day| [0, 10, 20].contains(&day.0);
/// let void = [0, 10, 20].map(|day| is_short_void(Day(day), &short, &|_| true));
/// assert_eq!(void, [true, false, true]);
/// ```
#[must_use]
pub fn is_short_void(
    day: Day,
    may_be_void: &dyn Fn(Day) -> bool,
    missed: &dyn Fn(Day) -> bool,
) -> bool {
    let wants = |day: Day| may_be_void(day) && missed(day);
    if !wants(day) {
        return false;
    }
    // Back to a day that has none before it: from there on it is known which are void.
    let mut linked = Vec::from([day]);
    while let Some(earlier) = linked.last().and_then(|day| nearest(*day, &wants)) {
        linked.push(earlier);
    }
    let mut void: Option<Day> = None;
    for wanted in linked.into_iter().rev() {
        if void.is_none_or(|held| wanted.since(held) >= VOID_EVERY_DAYS) {
            void = Some(wanted);
        }
    }
    void == Some(day)
}

/// The nearest earlier day that could make this one judged as any day.
fn nearest(day: Day, wants: &dyn Fn(Day) -> bool) -> Option<Day> {
    (1..VOID_EVERY_DAYS)
        .map(|days| day.plus(days.saturating_neg()))
        .find(|earlier| wants(*earlier))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        civil::{DAY_MS, HOUR_MS},
        zone::Zone,
    };

    fn zone(hours: i32) -> Arc<Zone> {
        Arc::new(Zone::new("X", hours * 3_600, std::vec![]))
    }

    /// The instant so many hours after midnight UTC of day 100.
    fn hour(hours: i64) -> i64 {
        100 * DAY_MS + hours * HOUR_MS
    }

    /// UTC, then 9 h ahead from the hour on: day 100 has 15 h.
    fn flight(effective: i64, received: i64) -> Calendar {
        let mut calendar = Calendar::new(zone(0));
        calendar.push(hour(effective), zone(9), hour(received));
        calendar
    }

    #[test]
    fn a_day_cut_short_may_be_void_when_the_change_was_known_before_its_old_end() {
        assert_eq!(flight(10, 10).end_ms(Day(100)), hour(15));
        assert!(flight(10, 10).may_be_void(Day(100)));
        assert!(flight(10, 23).may_be_void(Day(100)));
        assert!(!flight(10, 24).may_be_void(Day(100)));
        assert!(!flight(10, 10).may_be_void(Day(99)));
        assert!(!flight(10, 10).may_be_void(Day(101)));
    }

    #[test]
    fn a_change_at_the_end_or_at_the_start_decides_where_no_other_does() {
        assert_eq!(flight(15, 15).end_ms(Day(100)), hour(15));
        assert!(flight(15, 23).may_be_void(Day(100)));
        assert!(flight(0, 0).may_be_void(Day(100)));
        assert!(!flight(0, 24).may_be_void(Day(100)));
        let mut late = flight(0, 0);
        late.push(hour(12), zone(8), hour(16));
        assert_eq!(late.end_ms(Day(100)), hour(16));
        assert!(!late.may_be_void(Day(100)), "its end was 15:00 without it");
    }

    #[test]
    fn a_zone_that_is_left_within_20_hours_makes_no_void_day() {
        let mut soon = flight(10, 10);
        soon.push(hour(29), zone(0), hour(29));
        assert!(!soon.may_be_void(Day(100)));
        let mut later = flight(10, 10);
        later.push(hour(30), zone(0), hour(30));
        assert!(later.may_be_void(Day(100)));
    }

    #[test]
    fn a_day_of_20_hours_is_a_day_and_a_jumped_one_is_not_short() {
        let mut calendar = Calendar::new(zone(0));
        calendar.push(hour(1), zone(4), hour(1));
        assert_eq!(calendar.end_ms(Day(100)), hour(20));
        assert!(!calendar.may_be_void(Day(100)));
        let mut jump = Calendar::new(zone(-11));
        jump.push(hour(11), zone(13), hour(11));
        assert!(jump.is_void(Day(100)) && !jump.may_be_void(Day(100)));
    }

    #[test]
    fn an_earlier_end_of_days_shortens_one_and_is_always_known_in_time() {
        let mut calendar = Calendar::new(zone(0));
        calendar.start_days(Day(90), 6 * HOUR_MS);
        calendar.start_days(Day(100), 0);
        let length_ms = calendar.end_ms(Day(100)) - calendar.start_ms(Day(100));
        assert_eq!(length_ms, 18 * HOUR_MS);
        assert!(calendar.may_be_void(Day(100)));
        calendar.push(hour(30), zone(1), hour(30));
        assert!(!calendar.may_be_void(Day(100)), "another change follows");
    }

    #[test]
    fn a_met_short_day_leaves_the_next_one_its_turn() {
        let short = |day: Day| [0, 5, 18].contains(&day.0);
        let missed = |day: Day| day.0 != 0;
        let void = [0, 5, 18].map(|day| is_short_void(Day(day), &short, &missed));
        assert_eq!(void, [false, true, false]);
    }
}
