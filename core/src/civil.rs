//! Civil dates, and wall-clock minutes, as plain integers. Which date an instant has is `calendar`'s business.

use alloc::{format, string::String};
use minicbor::{Decode, Encode};

/// Milliseconds of one minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds of one hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of one day of 24 hours; a civil day may be longer or shorter.
pub const DAY_MS: i64 = 86_400_000;

/// A civil date: days since 1970-01-01 in the proleptic Gregorian calendar.
///
/// ```
/// use streakline_core::civil::Day;
/// let day = Day::parse("2016-04-13").unwrap();
/// assert_eq!(day.next().iso(), "2016-04-14");
/// assert!(Day::parse("2016-02-30").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Day(#[n(0)] pub i32);

impl Day {
    /// What a clock on the wall shows as the date begins.
    #[must_use]
    pub fn midnight(self) -> Local {
        Local(self.utc_ms())
    }

    /// The date of `year`-`month`-`day`, where it exists, for the years 0 to 9999.
    #[must_use]
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        // Howard Hinnant's days_from_civil: years begin in March, so the leap day is the last day of a year.
        let month = i32::try_from(month).ok()?;
        let shifted = if month <= 2 {
            year.checked_sub(1)?
        } else {
            year
        };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted.rem_euclid(400);
        let month_index = month.checked_add(9)?.rem_euclid(12);
        let day_of_year = month_index.checked_mul(153)?.checked_add(2)?.div_euclid(5);
        let day_of_year = day_of_year
            .checked_add(i32::try_from(day).ok()?)?
            .checked_sub(1)?;
        let leap_days = year_of_era
            .div_euclid(4)
            .checked_sub(year_of_era.div_euclid(100))?;
        let day_of_era = year_of_era
            .checked_mul(365)?
            .checked_add(leap_days)?
            .checked_add(day_of_year)?;
        let number = era
            .checked_mul(146_097)?
            .checked_add(day_of_era)?
            .checked_sub(719_468)?;
        let date = Self(number);
        (date.ymd() == (shifted_back(shifted, month), month.unsigned_abs(), day)).then_some(date)
    }

    /// Year, month and day.
    #[must_use]
    pub fn ymd(self) -> (i32, u32, u32) {
        let shifted = i64::from(self.0).saturating_add(719_468);
        let era = shifted.div_euclid(146_097);
        let doe = shifted.rem_euclid(146_097);
        let leap = doe.div_euclid(1_460).saturating_sub(doe.div_euclid(36_524));
        let leap = leap.saturating_add(doe.div_euclid(146_096));
        let yoe = doe.saturating_sub(leap).div_euclid(365);
        let before = yoe.saturating_mul(365).saturating_add(yoe.div_euclid(4));
        let doy = doe.saturating_sub(before.saturating_sub(yoe.div_euclid(100)));
        let mp = doy.saturating_mul(5).saturating_add(2).div_euclid(153);
        let start = mp.saturating_mul(153).saturating_add(2).div_euclid(5);
        let day = doy.saturating_sub(start).saturating_add(1);
        let month = if mp < 10 {
            mp.saturating_add(3)
        } else {
            mp.saturating_sub(9)
        };
        let year = yoe
            .saturating_add(era.saturating_mul(400))
            .saturating_add(i64::from(month <= 2));
        (
            i32::try_from(year).unwrap_or(i32::MAX),
            u32::try_from(month).unwrap_or(0),
            u32::try_from(day).unwrap_or(0),
        )
    }

    /// The date written `2016-04-13`, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
        if text.len() != 10 || !digits {
            return None;
        }
        let year = text.get(..4)?.parse().ok()?;
        Self::from_ymd(
            year,
            text.get(5..7)?.parse().ok()?,
            text.get(8..)?.parse().ok()?,
        )
    }

    /// `2016-04-13`.
    #[must_use]
    pub fn iso(self) -> String {
        let (year, month, day) = self.ymd();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// The date after.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// The date before.
    #[must_use]
    pub fn prev(self) -> Self {
        self.plus(-1)
    }

    /// The date `days` later.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from `other` to this date.
    #[must_use]
    pub fn since(self, other: Self) -> i32 {
        self.0.saturating_sub(other.0)
    }

    /// Its first instant at UTC, POSIX ms.
    #[must_use]
    pub fn utc_ms(self) -> i64 {
        i64::from(self.0).saturating_mul(DAY_MS)
    }

    /// The date of an instant at UTC.
    #[must_use]
    pub fn of_utc_ms(ms: i64) -> Self {
        Self(i32::try_from(ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX))
    }
}

fn shifted_back(shifted: i32, month: i32) -> i32 {
    if month <= 2 {
        shifted.saturating_add(1)
    } else {
        shifted
    }
}

/// A wall-clock time, written to the minute: what a clock on the user's wall shows, as ms since 1970-01-01T00:00 there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Local(#[n(0)] pub i64);

impl Local {
    /// The civil date on that wall.
    #[must_use]
    pub fn day(self) -> Day {
        Day::of_utc_ms(self.0)
    }

    /// `2016-04-13T18:18`.
    #[must_use]
    pub fn iso_minute(self) -> String {
        let minutes = self.0.rem_euclid(DAY_MS).div_euclid(MINUTE_MS);
        let (hour, minute) = (minutes.div_euclid(60), minutes.rem_euclid(60));
        format!("{}T{hour:02}:{minute:02}", self.day().iso())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_of_four_centuries_survives_text() {
        let mut day = Day::parse("1999-12-31").unwrap();
        for _ in 0..146_097 {
            assert_eq!(Day::parse(&day.iso()), Some(day));
            day = day.next();
        }
        assert_eq!(day.iso(), "2399-12-31");
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for bad in [
            "2015-02-29",
            "2016-13-01",
            "2016-00-01",
            "2016-04-31",
            "2016-4-1",
            "16-04-01",
            "2016-04-1x",
        ] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
        assert_eq!(Day::parse("1970-01-01"), Some(Day(0)));
        assert_eq!(Day::parse("2016-02-29").unwrap().next().iso(), "2016-03-01");
    }

    #[test]
    fn a_wall_clock_minute_is_written_to_the_minute() {
        assert_eq!(Local(59_999).iso_minute(), "1970-01-01T00:00");
        assert_eq!(Local(-1).iso_minute(), "1969-12-31T23:59");
    }
}
