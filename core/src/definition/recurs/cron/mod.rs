//! A cron expression of dates: on which days windows of a series start (domain.md 5.1, ADR 0078).
//!
//! How its text is read is `fields`'s, which dates that names is `dates`'s. What is stored is the text alone.

mod dates;
mod fields;

use alloc::string::String;
use minicbor::{Decode, Decoder, Encode, Encoder, data::Type, decode, encode};

use self::dates::Dates;
use crate::civil::Day;

/// Why a text is no cron expression of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It is longer than [`crate::limits::CRON_BYTES_MAX`].
    #[error("it has at most 100 characters, all of them of ASCII")]
    Long,
    /// It has not five fields.
    #[error("it has five fields: minute, hour, day of month, month, day of week")]
    Fields,
    /// It does not begin with `0 0`.
    #[error(
        "minute and hour are 0 0: windows are whole dates, and start as a date begins on their clock"
    )]
    Time,
    /// A short form that does not name dates.
    #[error("short forms are @daily, @weekly, @monthly and @yearly")]
    Short,
    /// A field that is none.
    #[error("the {0} is no list of *, numbers, names and ranges of them, each with a step or none")]
    Field(&'static str),
    /// No month has such a date.
    #[error("it names no date of any year")]
    Never,
}

/// A cron expression that names dates, at least one in 400 years.
///
/// ```
/// use streakline_core::{civil::Day, definition::recurs::cron::Cron};
/// let weekdays = Cron::parse("0 0 * * MON-FRI").unwrap();
/// let friday = Day::parse("2016-04-15").unwrap();
/// assert_eq!(weekdays.nth(friday, 1).iso(), "2016-04-18");
/// assert!(Cron::parse("0 0 31 2 *").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    dates: Dates,
}

impl Cron {
    /// The dates that a text names; blanks around its fields are left out.
    ///
    /// # Errors
    /// The first of [`CronError`] that it is.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let (text, dates) = fields::read(text)?;
        if dates.is_empty() {
            return Err(CronError::Never);
        }
        Ok(Self { text, dates })
    }

    /// As it was written, with one blank between fields.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it names a date.
    #[must_use]
    pub fn has(&self, date: Day) -> bool {
        self.dates.has(date)
    }

    /// The date that so many of its dates precede, of those from a date on, itself among them.
    #[must_use]
    pub fn nth(&self, from: Day, index: u32) -> Day {
        self.dates.nth(from, index)
    }

    /// How many of its dates there are from one date to another, both inside, where they are fewer than `most`; else `most` of them.
    #[must_use]
    pub fn count(&self, from: Day, to: Day, most: u32) -> u32 {
        self.dates.count(from, to, most)
    }

    /// The date of those that it names that is nearest to a date, the earlier one of two.
    #[must_use]
    pub fn nearest(&self, to: Day) -> Day {
        let around =
            (0..dates::ERA_DAYS).flat_map(|days| [to.plus(days.saturating_neg()), to.plus(days)]);
        around
            .into_iter()
            .find(|date| self.has(*date))
            .unwrap_or(to)
    }

    /// Its dates from a date on, each with the one that follows; after 400 years they are the same again.
    pub fn pairs(&self, from: Day) -> impl Iterator<Item = (Day, Day)> {
        let dates = self.dates.all_from(from);
        let next = self.dates.all_from(from).skip(1);
        let era = move |(date, _): &(Day, Day)| date.since(from) <= dates::ERA_DAYS;
        dates.zip(next).take_while(era)
    }
}

impl<C> Encode<C> for Cron {
    fn encode<W: encode::Write>(
        &self,
        to: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        to.str(&self.text)?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Cron {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let read = Self::parse(from.str()?);
        read.map_err(|_| decode::Error::message("no cron expression of dates"))
    }
}

/// Whether a text comes next, and with it an expression.
pub(super) fn is_next(from: &Decoder<'_>) -> Result<bool, decode::Error> {
    Ok(from.datatype()? == Type::String)
}

#[cfg(test)]
mod tests;
