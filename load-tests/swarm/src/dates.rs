//! Civil dates of UTC days, as far as paths and topics need them.

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// The date of an instant, such as 2016-04-13.
pub(crate) fn date(unix_ms: i64) -> String {
    let days = unix_ms.div_euclid(DAY_MS) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days since 1970 of a date such as 2016-04-13.
pub(crate) fn day_number(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_the_dates_of_the_calendar() {
        for (day, text) in [
            (0, "1970-01-01"),
            (16_904, "2016-04-13"),
            (19_782, "2024-02-29"),
        ] {
            assert_eq!(date(day * DAY_MS + 5), text);
            assert_eq!(day_number(text), Some(day));
        }
    }

    #[test]
    fn every_day_of_a_century_has_a_date_of_its_own() {
        for day in 10_000..46_525 {
            assert_eq!(day_number(&date(day * DAY_MS)), Some(day));
        }
    }
}
