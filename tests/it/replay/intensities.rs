//! Active minutes: the minutes that a tracker called fairly or very active, as `active_minutes`, come to what a separate program
//! counted.

use serde_json::{Value, json};
use streakline_core::civil::MINUTE_MS;

use super::feed::{Records, days, feed, record};
use super::rows::{expected, rows};
use crate::harness::Server;

/// Nothing is older than 30 days at the first of these that comes after it.
const HALTS: [&str; 2] = ["2016-04-29", "2016-05-13"];
/// From this intensity on a minute is active.
const FAIR: i64 = 2;

/// Each active minute as a record.
fn active() -> Records {
    let mut people = Records::new();
    for row in rows("minuteIntensitiesWide_merged") {
        let own = people.entry(row.person.clone()).or_default();
        let starts = (0_i64..).map(|minute| row.at_ms + minute * MINUTE_MS);
        for (field, at_ms) in (0..row.fields.len()).zip(starts) {
            if row.number(field) >= FAIR {
                let id = at_ms.div_euclid(MINUTE_MS).unsigned_abs();
                let value = json!({"value": 1});
                own.push(record(
                    id,
                    "active_minutes",
                    (at_ms, at_ms + MINUTE_MS),
                    value,
                ));
            }
        }
        own.sort_by_key(|record| record["end_ms"].as_i64());
    }
    people
}

/// Fairly and very active minutes of a date, where the separate program has any of that date.
fn wanted(daily: &Value) -> Option<i64> {
    let minutes = daily["active"].as_array()?;
    Some(minutes[2].as_i64().unwrap() + minutes[3].as_i64().unwrap())
}

#[test]
fn every_day_has_its_active_minutes() {
    let server = Server::virtual_at("2016-04-29T12:00:00Z");
    let told = feed(&server, &active(), &HALTS);
    assert!(told.values().all(Vec::is_empty), "all are plainly accepted");
    let mut person_days = 0;
    for (person, answers) in expected() {
        let Some(days_met) = answers["active_days_met_30"].as_i64() else {
            continue;
        };
        let days = days(&server, &person, "2016-04-12", "2016-05-13");
        let minutes = |date: &str| days[date]["metrics"]["active_minutes"]["eligible"].as_f64();
        let mut met = 0;
        for daily in answers["daily"].as_array().unwrap() {
            let Some(wanted) = wanted(daily) else {
                continue;
            };
            let date = daily["date"].as_str().unwrap();
            let got = minutes(date).unwrap_or(0.0);
            assert_eq!(
                got,
                f64::from(i32::try_from(wanted).unwrap()),
                "{person} on {date}"
            );
            met += i64::from(got >= 30.0);
            person_days += 1;
        }
        assert_eq!(met, days_met, "{person}: days of 30 active minutes");
    }
    assert_eq!(person_days, 632);
}
