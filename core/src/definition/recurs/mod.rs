//! A challenge that begins anew: which windows it has one after the other, and what is wrong with that (domain.md 5.1, ADR 0070).
//!
//! Such a definition is a series, and each of its windows a challenge of its own, a cycle. Which cycles there are by now is
//! `challenge::series`'s.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use super::{Definition, DefinitionFault};
use crate::{civil::Day, id::ChallengeId, limits, zone::Zones};

/// How long it is from the start of a window to that of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Every {
    /// A day.
    #[n(0)]
    Day,
    /// Seven days.
    #[n(1)]
    Week,
    /// A month of the calendar.
    #[n(2)]
    Month,
}

/// When a challenge begins anew. The window of the definition is the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Recurs {
    /// From start to start.
    #[n(0)]
    pub every: Every,
    /// How many windows there are, 1 to [`limits::CYCLES_MAX`].
    #[n(1)]
    pub count: Option<u32>,
    /// The last date on which a window may start. With neither there are [`limits::CYCLES_MAX`].
    #[n(2)]
    pub until: Option<Day>,
    /// Whether the members of one window are members of the next.
    #[n(3)]
    #[cbor(default)]
    pub carry_members: bool,
}

/// Which window of a series a challenge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Cycle {
    /// The series.
    #[n(0)]
    pub series: ChallengeId,
    /// Its number there, from 1.
    #[n(1)]
    pub number: u32,
    /// No window follows it.
    #[n(2)]
    pub is_last: bool,
    /// Its members are members of the next.
    #[n(3)]
    pub carries: bool,
}

/// The last day of a month that every month has.
const MONTH_DAY_MAX: u32 = 28;

/// A date so many months later; its day is one that every month has.
fn months_later(date: Day, months: i32) -> Day {
    let (year, month, day) = date.ymd();
    let index = i32::try_from(month).unwrap_or(1).saturating_sub(1);
    let months = index.saturating_add(months);
    let year = year.saturating_add(months.div_euclid(12));
    let month = u32::try_from(months.rem_euclid(12)).unwrap_or(0);
    Day::from_ymd(year, month.saturating_add(1), day).unwrap_or(date)
}

/// How many whole months lie between two dates.
fn months_between(first: Day, last: Day) -> i32 {
    let ((year, month, day), (last_year, last_month, last_day)) = (first.ymd(), last.ymd());
    let index = |month: u32| i32::try_from(month).unwrap_or(1);
    let years = last_year.saturating_sub(year).saturating_mul(12);
    let months = index(last_month).saturating_sub(index(month));
    let is_short = i32::from(last_day < day);
    years.saturating_add(months).saturating_sub(is_short)
}

impl Recurs {
    /// First date of a window, of those that begin with `first`; windows are numbered from 1.
    fn starts(&self, first: Day, number: u32) -> Day {
        let times = i32::try_from(number.saturating_sub(1)).unwrap_or(i32::MAX);
        match self.every {
            Every::Day => first.plus(times),
            Every::Week => first.plus(times.saturating_mul(7)),
            Every::Month => months_later(first, times),
        }
    }

    /// Number of the last window, of those that begin with `first`.
    fn last(&self, first: Day) -> u32 {
        let by_date = self.until.map(|until| {
            let days = until.since(first);
            let times = match self.every {
                Every::Day => days,
                Every::Week => days.div_euclid(7),
                Every::Month => months_between(first, until),
            };
            u32::try_from(times.saturating_add(1)).unwrap_or(0)
        });
        let last = self.count.into_iter().chain(by_date).min();
        last.unwrap_or(limits::CYCLES_MAX).min(limits::CYCLES_MAX)
    }
}

impl Definition {
    /// Number of the last window; 0: it does not recur.
    #[must_use]
    pub fn last_cycle(&self) -> u32 {
        self.recurs.map_or(0, |recurs| recurs.last(self.starts))
    }

    /// First and last date of one of its windows. One that fills its day, week or month always does; another one keeps its length.
    ///
    /// ```
    /// use streakline_core::{civil::Day, definition::{Definition, recurs::{Every, Recurs}}};
    /// let day = |text| Day::parse(text).unwrap();
    /// let recurs = Recurs { every: Every::Month, count: None, until: None, carry_members: false };
    /// let of = Definition {
    ///     recurs: Some(recurs),
    ///     ..Definition::new("A month", (day("2016-01-01"), day("2016-01-31")))
    /// };
    /// assert_eq!(of.cycle_window(2), Some((day("2016-02-01"), day("2016-02-29"))));
    /// ```
    #[must_use]
    pub fn cycle_window(&self, number: u32) -> Option<(Day, Day)> {
        let recurs = self.recurs.filter(|_| number > 0)?;
        let starts = recurs.starts(self.starts, number);
        let next = |number: u32| recurs.starts(self.starts, number.saturating_add(1));
        let fills = self.ends.next() == next(1);
        let ends = if fills {
            next(number).prev()
        } else {
            starts.plus(self.ends.since(self.starts))
        };
        Some((starts, ends))
    }

    /// When one of its windows is made a challenge, POSIX ms: the first with the series, each other one
    /// [`limits::CYCLE_AHEAD_MS`] before it starts anywhere.
    #[must_use]
    pub fn cycle_made_ms(&self, number: u32) -> Option<i64> {
        let (starts, _) = self.cycle_window(number)?;
        let start_ms = self.clock.first_start_ms(starts);
        Some(start_ms.saturating_sub(limits::CYCLE_AHEAD_MS))
    }

    /// When one of its windows has ended everywhere, POSIX ms.
    pub(crate) fn cycle_ends_ms(&self, number: u32) -> Option<i64> {
        let (_, ends) = self.cycle_window(number)?;
        Some(self.clock.last_end_ms(ends))
    }

    /// One of its windows as a challenge of its own; `series`: the id of this one.
    #[must_use]
    pub fn cycle(&self, series: ChallengeId, number: u32, zones: &dyn Zones) -> Option<Self> {
        let recurs = self.recurs?;
        let (starts, ends) = self.cycle_window(number)?;
        let cycle = Cycle {
            series,
            number,
            is_last: number >= self.last_cycle(),
            carries: recurs.carry_members,
        };
        Some(Self {
            starts,
            ends,
            clock: self.clock.around(starts, zones),
            recurs: None,
            cycle: Some(cycle),
            ..self.clone()
        })
    }

    /// What is wrong with its windows as a series.
    pub(super) fn recurring_faults(&self) -> Vec<DefinitionFault> {
        let Some(recurs) = self.recurs else {
            return Vec::new();
        };
        let monthly = recurs.every == Every::Month;
        let second = recurs.starts(self.starts, 2);
        let fills = self.ends.next() == second;
        let long = self.ends.since(self.starts) >= i32::try_from(MONTH_DAY_MAX).unwrap_or(0);
        let overlaps = self.ends >= second || monthly && long && !fills;
        let counts = 1..=limits::CYCLES_MAX;
        let rules = [
            (
                overlaps,
                ("/window/ends", "overlaps"),
                "a window ends before the next one begins; one that does not fill its month has at most 28 days",
            ),
            (
                monthly && self.starts.ymd().2 > MONTH_DAY_MAX,
                ("/window/starts", "range"),
                "what begins anew by months begins on a day from 1 to 28",
            ),
            (
                recurs.count.is_some_and(|count| !counts.contains(&count)),
                ("/recurs/count", "range"),
                "1 to 10000",
            ),
            (
                recurs.until.is_some_and(|until| until < self.starts),
                ("/recurs/until", "before_start"),
                "it is before the first window starts",
            ),
            (
                recurs.count.is_some() && recurs.until.is_some(),
                ("/recurs/until", "one_of"),
                "it has a count or a last start, not both",
            ),
            (
                self.join_opens_ms.is_some(),
                ("/join/opens_ms", "conflict"),
                "each window opens when it is made, a day before it starts",
            ),
        ];
        let broken = rules.into_iter().filter(|(wrong, ..)| *wrong);
        let fault = |(_, (pointer, code), words)| DefinitionFault::at(pointer, code, words);
        broken.map(fault).collect()
    }
}

#[cfg(test)]
mod tests;
