//! A challenge that begins anew: which windows it has one after the other, and what is wrong with that (domain.md 5.1, ADR 0070).
//!
//! Such a definition is a series, and each of its windows a challenge of its own, a cycle. Which cycles there are by now is
//! `challenge::series`'s.

pub mod cron;
mod faults;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use self::cron::Cron;
use super::Definition;
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

/// When windows start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// So long after one another.
    Every(Every),
    /// On dates that an expression names (ADR 0078).
    Cron(Cron),
}

/// A number or a text: the number was all that there was.
impl<C> Encode<C> for Schedule {
    fn encode<W: encode::Write>(
        &self,
        to: &mut Encoder<W>,
        with: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        match self {
            Self::Every(every) => every.encode(to, with),
            Self::Cron(cron) => cron.encode(to, with),
        }
    }
}

impl<'b, C> Decode<'b, C> for Schedule {
    fn decode(from: &mut Decoder<'b>, with: &mut C) -> Result<Self, decode::Error> {
        if cron::is_next(from)? {
            return Cron::decode(from, with).map(Self::Cron);
        }
        Every::decode(from, with).map(Self::Every)
    }
}

impl From<Every> for Schedule {
    fn from(every: Every) -> Self {
        Self::Every(every)
    }
}

/// When a challenge begins anew. The window of the definition is the first one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Recurs {
    /// When windows start.
    #[n(0)]
    pub schedule: Schedule,
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
    /// Of windows by an expression: each lasts until the next starts. Those by a period do where the first one does.
    #[n(4)]
    #[cbor(default)]
    pub fills: bool,
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
    /// One without an end, whose members are not carried on.
    #[must_use]
    pub fn new(schedule: impl Into<Schedule>) -> Self {
        Self {
            schedule: schedule.into(),
            count: None,
            until: None,
            carry_members: false,
            fills: false,
        }
    }

    /// First date of a window, of those that begin with `first`; windows are numbered from 1.
    fn starts(&self, first: Day, number: u32) -> Day {
        let before = number.saturating_sub(1);
        let times = i32::try_from(before).unwrap_or(i32::MAX);
        match &self.schedule {
            Schedule::Every(Every::Day) => first.plus(times),
            Schedule::Every(Every::Week) => first.plus(times.saturating_mul(7)),
            Schedule::Every(Every::Month) => months_later(first, times),
            Schedule::Cron(cron) => cron.nth(first, before),
        }
    }

    /// Number of the last window, of those that begin with `first`.
    fn last(&self, first: Day) -> u32 {
        let by_date = self.until.map(|until| {
            let days = until.since(first);
            let times = match &self.schedule {
                Schedule::Every(Every::Day) => days,
                Schedule::Every(Every::Week) => days.div_euclid(7),
                Schedule::Every(Every::Month) => months_between(first, until),
                Schedule::Cron(cron) => return cron.count(first, until, limits::CYCLES_MAX),
            };
            u32::try_from(times.saturating_add(1)).unwrap_or(0)
        });
        let last = self.count.into_iter().chain(by_date).min();
        last.unwrap_or(limits::CYCLES_MAX).min(limits::CYCLES_MAX)
    }

    /// Whether each window lasts until the next starts, of those that begin with one of these dates.
    fn fills(&self, (starts, ends): (Day, Day)) -> bool {
        match self.schedule {
            Schedule::Every(_) => ends.next() == self.starts(starts, 2),
            Schedule::Cron(_) => self.fills,
        }
    }
}

impl Definition {
    /// Number of the last window; 0: it does not recur.
    #[must_use]
    pub fn last_cycle(&self) -> u32 {
        let recurs = self.recurs.as_ref();
        recurs.map_or(0, |recurs| recurs.last(self.starts))
    }

    /// How many of its windows something holds of, from the first on: it is told of by number, and after one of which it does not
    /// hold it holds of none.
    pub(crate) fn cycles_while(&self, holds: impl Fn(u32) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.last_cycle());
        while low < high {
            let half = high.saturating_sub(low).div_ceil(2);
            let middle = low.saturating_add(half);
            if holds(middle) {
                low = middle;
            } else {
                high = middle.saturating_sub(1);
            }
        }
        low
    }

    /// First and last date of one of its windows. One that fills its day, week or month always does; another one keeps its length.
    ///
    /// ```
    /// use streakline_core::{civil::Day, definition::{Definition, recurs::{Every, Recurs}}};
    /// let day = |text| Day::parse(text).unwrap();
    /// let of = Definition {
    ///     recurs: Some(Recurs::new(Every::Month)),
    ///     ..Definition::new("A month", (day("2016-01-01"), day("2016-01-31")))
    /// };
    /// assert_eq!(of.cycle_window(2), Some((day("2016-02-01"), day("2016-02-29"))));
    /// ```
    #[must_use]
    pub fn cycle_window(&self, number: u32) -> Option<(Day, Day)> {
        let recurs = self.recurs.as_ref().filter(|_| number > 0)?;
        let starts = recurs.starts(self.starts, number);
        let ends = if recurs.fills((self.starts, self.ends)) {
            recurs.starts(self.starts, number.saturating_add(1)).prev()
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
        let recurs = self.recurs.as_ref()?;
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
}

#[cfg(test)]
mod tests;
