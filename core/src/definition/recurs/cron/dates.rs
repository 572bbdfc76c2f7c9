//! Sets of dates by day, month and weekday, as bits: a month of them at a time is one number, so that counting and finding are few steps.

use core::iter;

use crate::civil::Day;

/// Months after which the calendar is the same again, its weekdays too: 400 years are 20,871 whole weeks.
const ERA_MONTHS: usize = 4_800;
/// Days of as many months.
pub(super) const ERA_DAYS: i32 = 146_097;

/// Which dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dates {
    /// Days of the month; bit 0 is the first.
    pub(super) days: u64,
    /// The last day of the month is one of them.
    pub(super) last_day: bool,
    /// Months; bit 0 is January.
    pub(super) months: u64,
    /// Weekdays, by where in the month they are: bits 0 to 6 the first Sunday to the first Saturday, the next seven the second ones,
    /// and so on to the fifth; after these [`LAST`].
    pub(super) weekdays: u64,
    /// A date is of those days or of those weekdays; else of both.
    pub(super) either: bool,
}

/// From this bit on weekdays are the last ones of a month.
pub(super) const LAST: u32 = 35;

/// A month of the calendar.
#[derive(Clone, Copy, Debug)]
struct Month {
    first: Day,
    year: i32,
    /// From 0.
    index: u32,
    /// Of its first day; 0: Sunday.
    weekday: u32,
}

impl Month {
    fn of(date: Day) -> Self {
        let (year, month, day) = date.ymd();
        let before = i32::try_from(day).unwrap_or(1).saturating_sub(1);
        let first = date.plus(before.saturating_neg());
        // 1970-01-01 was a Thursday.
        let weekday = i64::from(first.0).saturating_add(4).rem_euclid(7);
        Self {
            first,
            year,
            index: month.saturating_sub(1),
            weekday: u32::try_from(weekday).unwrap_or(0),
        }
    }

    fn len(self) -> u32 {
        let by_100 = self.year.rem_euclid(100) == 0;
        let leap = self.year.rem_euclid(if by_100 { 400 } else { 4 }) == 0;
        match self.index {
            1 if leap => 29,
            1 => 28,
            3 | 5 | 8 | 10 => 30,
            _ => 31,
        }
    }

    fn next(self) -> Self {
        let is_last = self.index >= 11;
        let days = self.len();
        Self {
            first: self.first.plus(i32::try_from(days).unwrap_or(31)),
            year: self.year.saturating_add(i32::from(is_last)),
            index: if is_last {
                0
            } else {
                self.index.saturating_add(1)
            },
            weekday: self.weekday.saturating_add(days).rem_euclid(7),
        }
    }

    /// So many of its days from the first on.
    fn day(self, index: u32) -> Day {
        self.first.plus(i32::try_from(index).unwrap_or(0))
    }

    /// Bits of its days before a date, all of them where it is of a later month.
    fn before(self, date: Day) -> u64 {
        let days = u32::try_from(date.since(self.first)).unwrap_or(0);
        bits_below(days.min(31))
    }
}

/// Every month from that of a date on.
fn months(from: Day) -> impl Iterator<Item = Month> {
    iter::successors(Some(Month::of(from)), |month| Some(month.next()))
}

/// A bit; none of more than 64.
pub(super) fn bit(at: u32) -> u64 {
    1_u64.checked_shl(at).unwrap_or(0)
}

fn bits_below(at: u32) -> u64 {
    bit(at).saturating_sub(1)
}

/// A week that begins with Sunday as one that begins with another day.
fn week_from(weekday: u32, week: u64) -> u64 {
    let rest = 7_u32.saturating_sub(weekday);
    (week.wrapping_shr(weekday) | week.wrapping_shl(rest)) & bits_below(7)
}

/// Where the bit is before which so many others are.
fn place(mut bits: u64, index: u32) -> u32 {
    for _ in 0..index {
        bits &= bits.saturating_sub(1);
    }
    bits.trailing_zeros()
}

impl Dates {
    /// Those of a month, bit 0 the first day.
    fn of_month(&self, month: Month) -> u64 {
        if self.months & bit(month.index) == 0 {
            return 0;
        }
        let (len, weekday) = (month.len(), month.weekday);
        let last = bit(len.saturating_sub(1));
        let days = self.days | if self.last_day { last } else { 0 };
        let weekdays = self.of_weekdays(weekday, len);
        let named = if self.either {
            days | weekdays
        } else {
            days & weekdays
        };
        named & bits_below(len)
    }

    /// Days of a month of that length that begins with a weekday, by their weekdays alone.
    fn of_weekdays(&self, weekday: u32, len: u32) -> u64 {
        let week = |from: u32| self.weekdays.wrapping_shr(from) & bits_below(7);
        // A fifth week reaches beyond the month; who asks cuts that off.
        let weeks = [0, 7, 14, 21, 28].into_iter();
        let of_weeks = weeks.map(|from| week_from(weekday, week(from)).wrapping_shl(from));
        let begins = len.saturating_sub(7);
        let last = week_from(weekday.saturating_add(begins).rem_euclid(7), week(LAST));
        of_weeks.fold(last.wrapping_shl(begins), |all, week| all | week)
    }

    /// Whether there are none, in all years.
    pub(super) fn is_empty(&self) -> bool {
        let mut months = months(Day(0)).take(ERA_MONTHS);
        months.all(|month| self.of_month(month) == 0)
    }

    pub(super) fn has(&self, date: Day) -> bool {
        let month = Month::of(date);
        let at = u32::try_from(date.since(month.first)).unwrap_or(0);
        self.of_month(month) & bit(at) != 0
    }

    /// The date that so many of them precede, of those from a date on; where there are none, that date.
    pub(super) fn nth(&self, from: Day, index: u32) -> Day {
        let month = Month::of(from);
        let before = (self.of_month(month) & month.before(from)).count_ones();
        let wanted = index.saturating_add(before);
        match self.of_era(month.first, wanted) {
            Ok(date) => date,
            Err(each) => {
                let eras = wanted.checked_div(each).unwrap_or(0);
                let left = wanted.checked_rem(each).unwrap_or(0);
                let days = i32::try_from(eras)
                    .unwrap_or(i32::MAX)
                    .saturating_mul(ERA_DAYS);
                self.of_era(month.first, left).unwrap_or(from).plus(days)
            }
        }
    }

    /// The same within 400 years of the first of a month; else how many there are in these.
    fn of_era(&self, first: Day, wanted: u32) -> Result<Day, u32> {
        let mut passed = 0_u32;
        for month in months(first).take(ERA_MONTHS) {
            let dates = self.of_month(month);
            let left = wanted.saturating_sub(passed);
            if left < dates.count_ones() {
                return Ok(month.day(place(dates, left)));
            }
            passed = passed.saturating_add(dates.count_ones());
        }
        Err(passed)
    }

    /// How many there are from one date to another, both inside, `most` at most.
    pub(super) fn count(&self, from: Day, to: Day, most: u32) -> u32 {
        let mut count = 0_u32;
        let months_max = usize::try_from(to.since(from).div_euclid(28)).unwrap_or(0);
        for month in months(from).take(months_max.saturating_add(2)) {
            let within = month.before(to.next()) & !month.before(from);
            count = count.saturating_add((self.of_month(month) & within).count_ones());
            if count >= most {
                return most;
            }
        }
        count
    }

    /// All of them from a date on.
    pub(super) fn all_from(&self, from: Day) -> impl Iterator<Item = Day> {
        let of_month = move |month: Month| {
            let dates = self.of_month(month) & !month.before(from);
            let places = (0..dates.count_ones()).map(move |index| place(dates, index));
            places.map(move |at| month.day(at))
        };
        months(from).flat_map(of_month)
    }
}
