//! The heart rate: what a day's readings come to (n, lowest, highest, mean, last) is what a separate program counted.

use serde_json::{Value, json};

use super::feed::{Records, days, feed, record};
use super::rows::{date, expected, rows};
use crate::harness::Server;

/// Every reading of the five person-days.
fn readings() -> Records {
    let mut people = Records::new();
    for row in rows("heartrate_seconds_merged") {
        let value = json!({"value": row.number(0)});
        let own = people.entry(row.person).or_default();
        let id = own.len() as u64 + 1;
        own.push(record(id, "heart_rate", (row.at_ms, row.at_ms), value));
    }
    people
}

/// The last reading of a date.
fn last_of(readings: &[Value], date_of: &str) -> (f64, i64) {
    let of_date = |reading: &&Value| date(reading["start_ms"].as_i64().unwrap()) == date_of;
    let last = readings.iter().rfind(of_date).unwrap();
    (
        last["value"].as_f64().unwrap(),
        last["start_ms"].as_i64().unwrap(),
    )
}

#[test]
fn every_day_of_readings_has_their_count_ends_mean_and_last() {
    let server = Server::virtual_at("2016-04-19T12:00:00Z");
    let people = readings();
    let told = feed(&server, &people, &["2016-04-19"]);
    assert!(told.values().all(Vec::is_empty), "all are plainly accepted");
    let answers = expected();
    let mut person_days = 0;
    for (person, readings) in &people {
        let days = days(&server, person, "2016-04-12", "2016-04-17");
        for wanted in answers[person]["heart"].as_array().unwrap() {
            let date = wanted["date"].as_str().unwrap();
            let heart = days.get(date).map(|day| &day["metrics"]["heart_rate"]);
            let Some(heart) = heart.filter(|heart| !heart.is_null()) else {
                continue;
            };
            let number = |name: &str| wanted[name].as_f64().unwrap();
            for name in ["n", "min", "max"] {
                assert_eq!(
                    heart[name].as_f64(),
                    Some(number(name)),
                    "{person} on {date}: {name}"
                );
            }
            let mean = heart["mean"].as_f64().unwrap();
            // It is told to three digits behind the point, rounded down.
            let off = number("sum") / number("n") - mean;
            assert!(
                (-0.000_001..0.001).contains(&off),
                "{person} on {date}: mean {mean}"
            );
            let last = (
                heart["last"].as_f64().unwrap(),
                heart["last_ms"].as_i64().unwrap(),
            );
            assert_eq!(last, last_of(readings, date), "{person} on {date}: last");
            person_days += 1;
        }
    }
    assert_eq!(person_days, 5);
}
