//! The recorded files as they are: rows of texts, and the wall clock of their times taken as UTC, where each test's people live.

use std::collections::BTreeMap;
use std::fs::File;

use flate2::read::GzDecoder;
use serde_json::Value;
use streakline_core::civil::{Day, HOUR_MS, MINUTE_MS};

use crate::harness::fixture;

/// A row: whose, when, and the fields after these.
pub(super) struct Row {
    pub(super) person: String,
    pub(super) at_ms: i64,
    pub(super) fields: Vec<String>,
}

impl Row {
    /// A field as a number.
    pub(super) fn number(&self, field: usize) -> i64 {
        self.fields[field].parse().unwrap()
    }
}

/// All rows of a file.
pub(super) fn rows(name: &str) -> Vec<Row> {
    let file = File::open(fixture(&format!("tests/fixtures/fitbit/{name}.csv.gz"))).unwrap();
    let mut csv = csv::Reader::from_reader(GzDecoder::new(file));
    let row = |record: csv::StringRecord| Row {
        person: record[0].to_owned(),
        at_ms: instant(&record[1]),
        fields: record.iter().skip(2).map(str::to_owned).collect(),
    };
    csv.records().map(|record| row(record.unwrap())).collect()
}

/// `4/12/2016` or `4/12/2016 2:47:30 AM`.
fn instant(text: &str) -> i64 {
    let mut parts = text.split(' ');
    let numbers = |text: &str, by: char| -> Vec<u32> {
        let numbers = text.split(by).map(|part| part.parse().unwrap());
        numbers.collect()
    };
    let date = numbers(parts.next().unwrap(), '/');
    let year = i32::try_from(date[2]).unwrap();
    let day_ms = Day::from_ymd(year, date[0], date[1]).unwrap().utc_ms();
    let Some(time) = parts.next() else {
        return day_ms;
    };
    let time = numbers(time, ':');
    let afternoon = if parts.next() == Some("PM") { 12 } else { 0 };
    let hour = i64::from(time[0] % 12 + afternoon);
    day_ms + hour * HOUR_MS + i64::from(time[1]) * MINUTE_MS + i64::from(time[2]) * 1_000
}

/// What the separate program computed, by person.
pub(super) fn expected() -> BTreeMap<String, Value> {
    let path = fixture("tests/fixtures/fitbit/expected.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    serde_json::from_value(all["users"].clone()).unwrap()
}

/// The date of an instant in UTC, such as `2016-04-13`.
pub(super) fn date(at_ms: i64) -> String {
    Day::of_utc_ms(at_ms).iso()
}

/// Noon of a date in UTC, POSIX ms.
pub(super) fn noon_ms(date: &str) -> i64 {
    Day::parse(date).unwrap().utc_ms() + 12 * HOUR_MS
}
