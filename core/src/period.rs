//! Days, weeks and months that goals and streaks are counted in (domain.md 2.2: ISO weeks by default, civil months).
//!
//! A period is known by the civil day that it starts with; when it closes is that of its last day (`user::closing`).

use minicbor::{Decode, Encode};

use crate::civil::Day;

/// The day of the week that a week starts with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum WeekStart {
    /// ISO 8601.
    #[n(0)]
    #[default]
    Monday,
    /// As many calendars of the Americas have it.
    #[n(1)]
    Sunday,
}

/// How long one round of a goal lasts.
///
/// ```
/// use streakline_core::{civil::Day, period::{Period, WeekStart}};
/// let day = |text| Day::parse(text).unwrap();
/// let thursday = day("2016-04-14");
/// assert_eq!(Period::Week.first_day(thursday, WeekStart::Monday), day("2016-04-11"));
/// assert_eq!(Period::Week.first_day(thursday, WeekStart::Sunday), day("2016-04-10"));
/// assert_eq!(Period::Month.last_day(day("2016-02-01")), day("2016-02-29"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Period {
    /// One civil day.
    #[n(0)]
    #[default]
    Day,
    /// Seven civil days.
    #[n(1)]
    Week,
    /// A civil month, 28 to 31 days.
    #[n(2)]
    Month,
}

impl Period {
    /// The first day of the period that a day lies in.
    #[must_use]
    pub fn first_day(self, day: Day, week_start: WeekStart) -> Day {
        match self {
            Self::Day => day,
            Self::Week => day.plus(days_into_week(day, week_start).saturating_neg()),
            Self::Month => first_of_month(day),
        }
    }

    /// The last day of the period that starts with `first`.
    #[must_use]
    pub fn last_day(self, first: Day) -> Day {
        self.next(first).prev()
    }

    /// The first day of the period after the one that starts with `first`.
    #[must_use]
    pub fn next(self, first: Day) -> Day {
        match self {
            Self::Day => first.next(),
            Self::Week => first.plus(7),
            // The 32nd day of a month lies early in the next one.
            Self::Month => first_of_month(first.plus(31)),
        }
    }

    /// The civil days of the period that starts with `first`.
    pub fn days(self, first: Day) -> impl DoubleEndedIterator<Item = Day> {
        (first.0..self.next(first).0).map(Day)
    }

    /// How many civil days the period that starts with `first` has: 1, 7, or 28 to 31.
    #[must_use]
    pub fn length(self, first: Day) -> i32 {
        self.next(first).since(first)
    }

    /// The starts of all periods from the one that `from` lies in to the one that `last` lies in, rising.
    pub fn between(self, from: Day, last: Day, week_start: WeekStart) -> impl Iterator<Item = Day> {
        let first = self.first_day(from, week_start);
        core::iter::successors(Some(first), move |first| Some(self.next(*first)))
            .take_while(move |first| *first <= last)
    }
}

/// 0 on a Monday, 6 on a Sunday.
#[must_use]
pub fn weekday(day: Day) -> u8 {
    u8::try_from(days_into_week(day, WeekStart::Monday)).unwrap_or(0)
}

/// 0 on the day that weeks start with, 6 on the day before it.
fn days_into_week(day: Day, week_start: WeekStart) -> i32 {
    // 1970-01-01 was a Thursday.
    let after_monday = match week_start {
        WeekStart::Monday => 3,
        WeekStart::Sunday => 4,
    };
    day.0.wrapping_add(after_monday).rem_euclid(7)
}

fn first_of_month(day: Day) -> Day {
    let (_, _, day_of_month) = day.ymd();
    day.plus(1_i32.saturating_sub(i32::try_from(day_of_month).unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec::Vec;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_week_starts_with_the_day_that_was_chosen() {
        let first = |date, start| Period::Week.first_day(day(date), start).iso();
        for (date, monday, sunday) in [
            ("2016-04-17", "2016-04-11", "2016-04-17"),
            ("2016-04-18", "2016-04-18", "2016-04-17"),
            ("1969-12-28", "1969-12-22", "1969-12-28"),
        ] {
            assert_eq!(first(date, WeekStart::Monday), monday);
            assert_eq!(first(date, WeekStart::Sunday), sunday);
        }
    }

    #[test]
    fn months_follow_each_other_over_the_turn_of_a_year() {
        let starts: Vec<_> = Period::Month
            .between(day("2015-12-31"), day("2016-03-01"), WeekStart::Monday)
            .map(Day::iso)
            .collect();
        let wanted = ["2015-12-01", "2016-01-01", "2016-02-01", "2016-03-01"];
        assert_eq!(starts, wanted);
        assert_eq!(Period::Month.length(day("2016-02-01")), 29);
    }

    proptest! {
        #[test]
        fn periods_partition_the_days(number in -100_000_i32..100_000, sunday: bool) {
            let week_start = if sunday { WeekStart::Sunday } else { WeekStart::Monday };
            for period in [Period::Day, Period::Week, Period::Month] {
                let first = period.first_day(Day(number), week_start);
                prop_assert!(first <= Day(number) && Day(number) <= period.last_day(first));
                prop_assert!(period.days(first).all(|day| period.first_day(day, week_start) == first));
                let next = period.next(first);
                prop_assert_eq!(period.first_day(next, week_start), next);
            }
        }
    }
}
