//! Steps by the minute, one row an hour: `Id,ActivityHour,Steps00,...,Steps59`, times like `4/12/2016 2:47:30 AM`.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context as _, Result, bail, ensure};
use streakline_core::civil::{Day, HOUR_MS, Local, MINUTE_MS};
use streakline_core::id::UserId;

const MINUTES: usize = 60;
const COLUMNS_BEFORE: usize = 2;

/// Rows by person, in the order of the file.
pub type Minutes = BTreeMap<String, Vec<HourRow>>;

/// One row: what a person's band counted in the hour from `start` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourRow {
    /// What the clock on the wall showed.
    pub start: Local,
    /// Steps of each minute; none where the field is empty.
    pub steps: Vec<Option<u32>>,
}

/// Reads the whole file.
///
/// # Errors
/// When the columns are others, or a field is not what its column says; the message names the line.
pub fn read(source: impl Read) -> Result<Minutes> {
    let mut csv = csv::Reader::from_reader(source);
    check_columns(csv.headers().context("cannot be read")?)?;
    let mut minutes = Minutes::new();
    for (index, record) in csv.records().enumerate() {
        let line = index.saturating_add(2);
        let record = record.with_context(|| format!("line {line}"))?;
        let (id, row) = read_row(&record).with_context(|| format!("line {line}"))?;
        minutes.entry(id).or_default().push(row);
    }
    Ok(minutes)
}

fn check_columns(head: &csv::StringRecord) -> Result<()> {
    let steps = (0..MINUTES).map(|minute| format!("Steps{minute:02}"));
    let wanted = ["Id", "ActivityHour"]
        .into_iter()
        .map(str::to_owned)
        .chain(steps);
    let fits = head.len() == MINUTES + COLUMNS_BEFORE && wanted.eq(head.iter());
    ensure!(
        fits,
        "the columns are not Id, ActivityHour, Steps00 to Steps59"
    );
    Ok(())
}

fn read_row(record: &csv::StringRecord) -> Result<(String, HourRow)> {
    let field = |index: usize| record.get(index).unwrap_or_default();
    let id = UserId::parse(field(0)).with_context(|| format!("Id `{}`", field(0)))?;
    let Some(start) = parse_time(field(1)) else {
        bail!("`{}` is not a time such as 4/12/2016 2:00:00 AM", field(1));
    };
    let steps = record.iter().skip(COLUMNS_BEFORE).map(|text| match text {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .with_context(|| format!("`{text}` is not a number of steps")),
    });
    Ok((
        id.as_str().to_owned(),
        HourRow {
            start,
            steps: steps.collect::<Result<_>>()?,
        },
    ))
}

/// `4/12/2016 2:47:30 AM`, cut to the minute.
fn parse_time(text: &str) -> Option<Local> {
    let mut parts = text.split(' ');
    let (date, time, half) = (parts.next()?, parts.next()?, parts.next()?);
    let [month, day, year] = three_numbers(date, '/')?;
    let [hour, minute, second] = three_numbers(time, ':')?;
    let afternoon = match half {
        "AM" => 0,
        "PM" => 12,
        _ => return None,
    };
    if !(1..=12).contains(&hour) || minute > 59 || second > 59 || parts.next().is_some() {
        return None;
    }
    let day = Day::from_ymd(i32::try_from(year).ok()?, month, day)?;
    let hour = i64::from(hour % 12 + afternoon);
    Some(Local(
        day.utc_ms() + hour * HOUR_MS + i64::from(minute) * MINUTE_MS,
    ))
}

fn three_numbers(text: &str, separator: char) -> Option<[u32; 3]> {
    let numbers: Vec<u32> = text
        .split(separator)
        .map_while(|part| part.parse().ok())
        .collect();
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_row(row: &str) -> String {
        let head: Vec<String> = (0..60).map(|m| format!("Steps{m:02}")).collect();
        format!("\u{feff}Id,ActivityHour,{}\r\n{row}\r\n", head.join(","))
    }

    #[test]
    fn a_row_has_its_hour_and_sixty_minutes() {
        let row = format!("ann,4/13/2016 1:00:00 PM,17,{},", ["0"; 58].join(","));
        let minutes = read(with_row(&row).as_bytes()).unwrap();
        let [hour] = &minutes["ann"][..] else {
            panic!("one row")
        };
        assert_eq!(hour.start.iso_minute(), "2016-04-13T13:00");
        assert_eq!(
            (hour.steps[0], hour.steps[1], hour.steps[59]),
            (Some(17), Some(0), None)
        );
        assert_eq!(hour.steps.len(), 60);
    }

    #[test]
    fn noon_and_midnight_are_told_apart() {
        let cases = [
            ("4/12/2016 12:00:00 AM", Some("2016-04-12T00:00")),
            ("4/12/2016 12:59:30 PM", Some("2016-04-12T12:59")),
            ("12/1/2016 11:00:00 PM", Some("2016-12-01T23:00")),
            ("4/12/2016 0:00:00 AM", None),
            ("4/12/2016 13:00:00 PM", None),
            ("13/4/2016 1:00:00 AM", None),
            ("2/30/2016 1:00:00 AM", None),
            ("4/12/2016 1:00:00", None),
            ("4/12/2016 1:00 AM", None),
            ("2016-04-12T01:00", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(
                parse_time(text).map(Local::iso_minute).as_deref(),
                wanted,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_of_the_form_is_told_with_its_line() {
        let told = |text: &str| format!("{:#}", read(text.as_bytes()).unwrap_err());
        assert!(told("Id,ActivityHour,Value\n").contains("the columns are not"));
        let zeros = ["0"; 60].join(",");
        let bad_time = told(&with_row(&format!("7,yesterday,{zeros}")));
        assert!(
            bad_time.contains("line 2") && bad_time.contains("`yesterday`"),
            "{bad_time}"
        );
        let bad_id = told(&with_row(&format!("a b,4/12/2016 1:00:00 AM,{zeros}")));
        assert!(bad_id.contains("Id `a b`"), "{bad_id}");
        let bad_steps = told(&with_row(&format!(
            "7,4/12/2016 1:00:00 AM,{}",
            ["-1"; 60].join(",")
        )));
        assert!(
            bad_steps.contains("`-1` is not a number of steps"),
            "{bad_steps}"
        );
    }
}
