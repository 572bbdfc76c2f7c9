//! The fields of a cron expression, read as crontab(5) has them, with `L` and `#` of Quartz for what is counted within a month.

use alloc::{string::String, vec::Vec};

use super::{
    CronError,
    dates::{Dates, LAST, bit},
};
use crate::limits;

/// What a field has.
struct Field {
    name: &'static str,
    low: u32,
    /// The last value of `*`.
    last: u32,
    /// The largest number that may be written.
    high: u32,
    /// Of `low` and those after it.
    names: &'static [&'static str],
}

const DAY: Field = Field {
    name: "day of month",
    low: 1,
    last: 31,
    high: 31,
    names: &[],
};
const MONTH: Field = Field {
    name: "month",
    low: 1,
    last: 12,
    high: 12,
    names: &[
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ],
};
/// Sunday is 0, and 7 too.
const WEEKDAY: Field = Field {
    name: "day of week",
    low: 0,
    last: 6,
    high: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};
const WEEKS: u32 = 5;

impl Field {
    fn wrong(&self) -> CronError {
        CronError::Field(self.name)
    }

    /// A number or a name.
    fn value(&self, text: &str) -> Result<u32, CronError> {
        let mut names = (self.low..).zip(self.names);
        if let Some((value, _)) = names.find(|(_, name)| name.eq_ignore_ascii_case(text)) {
            return Ok(value);
        }
        let value = number(text).filter(|value| (self.low..=self.high).contains(value));
        value.ok_or_else(|| self.wrong())
    }

    /// `*`, a value or a range, with a step or none: a bit for each value.
    fn span(&self, text: &str) -> Result<u64, CronError> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(number(step).ok_or_else(|| self.wrong())?)),
            None => (text, None),
        };
        let (low, high) = match range.split_once('-') {
            _ if range == "*" => (self.low, self.last),
            Some((low, high)) => (self.value(low)?, self.value(high)?),
            None => {
                let value = self.value(range)?;
                let last = step.map_or(value, |_| self.last.max(value));
                (value, last)
            }
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(0);
        if step == 0 || low > high {
            return Err(self.wrong());
        }
        let values = (low..=high).step_by(step);
        Ok(values.fold(0, |all, value| all | bit(value)))
    }
}

/// Two digits at most.
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=2).contains(&text.len()) && digits;
    text.parse().ok().filter(|_| fits)
}

/// The dates that a text names, and the text with one blank between fields.
pub(super) fn read(text: &str) -> Result<(String, Dates), CronError> {
    if text.len() > limits::CRON_BYTES_MAX || !text.is_ascii() {
        return Err(CronError::Long);
    }
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let dates = match fields.as_slice() {
        [short] if short.starts_with('@') => of_fields(long_form(short)?)?,
        [minute, hour, day, month, weekday] => {
            if [minute, hour].iter().any(|of| number(of) != Some(0)) {
                return Err(CronError::Time);
            }
            of_fields([day, month, weekday])?
        }
        _ => return Err(CronError::Fields),
    };
    Ok((fields.join(" "), dates))
}

/// Day of month, month and day of week of a short form.
fn long_form(short: &str) -> Result<[&'static str; 3], CronError> {
    match short {
        "@daily" | "@midnight" => Ok(["*", "*", "*"]),
        "@weekly" => Ok(["*", "*", "0"]),
        "@monthly" => Ok(["1", "*", "*"]),
        "@yearly" | "@annually" => Ok(["1", "1", "*"]),
        _ => Err(CronError::Short),
    }
}

fn of_fields([day, month, weekday]: [&str; 3]) -> Result<Dates, CronError> {
    let (mut days, mut last_day) = (0, false);
    for item in day.split(',') {
        match item {
            "L" | "l" => last_day = true,
            item => days |= DAY.span(item)?,
        }
    }
    let months = month
        .split(',')
        .try_fold(0, |all, item| MONTH.span(item).map(|values| all | values))?;
    let weekdays = weekday
        .split(',')
        .try_fold(0, |all, item| of_weekdays(item).map(|values| all | values))?;
    // Vixie's rule: a field is left open by the `*` that it begins with, also one with a step.
    let open = [day, weekday].iter().any(|field| field.starts_with('*'));
    Ok(Dates {
        days: days.wrapping_shr(1),
        last_day,
        months: months.wrapping_shr(1),
        weekdays,
        either: !open,
    })
}

/// Weekdays by where in the month they are (`Dates::weekdays`): all of a span, the last (`5L`), or one that is counted (`5#2`).
fn of_weekdays(item: &str) -> Result<u64, CronError> {
    let week_of = |text: &str| {
        let value = WEEKDAY.value(text)?;
        Ok(bit(value.rem_euclid(7)))
    };
    if let Some(day) = item.strip_suffix(['L', 'l']) {
        return Ok(week_of(day)?.wrapping_shl(LAST));
    }
    if let Some((day, nth)) = item.split_once('#') {
        let nth = number(nth).filter(|nth| (1..=WEEKS).contains(nth));
        let before = nth.ok_or_else(|| WEEKDAY.wrong())?.saturating_sub(1);
        return Ok(week_of(day)?.wrapping_shl(before.saturating_mul(7)));
    }
    let values = WEEKDAY.span(item)?;
    let week = (values | values.wrapping_shr(7)) & bit(7).saturating_sub(1);
    let weeks = (0..WEEKS).map(|before| week.wrapping_shl(before.saturating_mul(7)));
    Ok(weeks.fold(0, |all, week| all | week))
}
