//! Totals of a day as a vendor tells them, again and again: of two exports the later and larger total replaces the earlier.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use streakline_core::civil::DAY_MS;

use super::feed::{Records, days, feed, record};
use super::rows::{date, expected, noon_ms, rows};
use crate::harness::Server;

/// The day on which one export ends and the other begins.
const REVISED: &str = "2016-04-12";
const SPAN: (&str, &str) = ("2016-03-12", "2016-05-13");

/// The vendor's days of an export as snapshots: the id is the date, a later export has a higher version. The unfinished day ends
/// at noon.
fn totals(export: &str, version: u32) -> Records {
    let mut people = Records::new();
    for row in rows(export) {
        let day = date(row.at_ms);
        let is_unfinished = version == 1 && day == REVISED;
        let end_ms = if is_unfinished {
            noon_ms(REVISED)
        } else {
            row.at_ms + DAY_MS
        };
        let id = day.replace('-', "").parse().unwrap();
        let more = json!({"class": "cumulative", "epoch_id": day, "version": version, "value": row.number(0)});
        let own = people.entry(row.person).or_default();
        own.push(record(id, "steps", (row.at_ms, end_ms), more));
    }
    for own in people.values_mut() {
        own.sort_by_key(|record| record["end_ms"].as_i64());
    }
    people
}

/// Steps by date of an export, by person.
fn told(export: &str) -> BTreeMap<String, BTreeMap<String, i64>> {
    let mut people: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for row in rows(export) {
        let steps = row.number(0);
        let own = people.entry(row.person).or_default();
        own.insert(date(row.at_ms), steps);
    }
    people
}

/// Fails unless the server shows these steps of every date.
#[track_caller]
fn assert_shown(server: &Server, person: &str, wanted: &BTreeMap<String, i64>) {
    let days = days(server, person, SPAN.0, SPAN.1);
    let shown = |date: &String| days[date]["display"].as_i64().unwrap();
    for (date, steps) in wanted {
        assert_eq!(shown(date), *steps, "{person} on {date}");
    }
    let known = |(date, day): (&String, &Value)| day["records"] != 0 && !wanted.contains_key(date);
    assert!(!days.iter().any(known), "{person} has only these days");
}

#[test]
fn the_vendors_later_total_of_a_day_replaces_the_earlier() {
    let (early, later) = (
        "dailyActivity_3.12.16-4.11.16_merged",
        "dailyActivity_merged",
    );
    let server = Server::virtual_at("2016-03-31T12:00:00Z");
    let refused = feed(&server, &totals(early, 1), &["2016-03-31", REVISED]);
    assert!(refused.values().all(Vec::is_empty), "{refused:?}");
    let mut wanted = told(early);
    for (person, days) in &wanted {
        assert_shown(&server, person, days);
    }
    let refused = feed(&server, &totals(later, 2), &["2016-05-04", "2016-05-13"]);
    assert!(refused.values().all(Vec::is_empty), "{refused:?}");
    let mut revised = 0;
    for (person, days) in told(later) {
        let held = wanted.entry(person).or_default();
        for (date, steps) in days {
            let before = held.insert(date, steps);
            assert!(
                before.is_none_or(|before| before < steps),
                "larger each time"
            );
            revised += u32::from(before.is_some());
        }
    }
    assert_eq!(revised, 15);
    let answers = expected();
    for (person, days) in &wanted {
        assert_shown(&server, person, days);
        let series = &answers[person]["steps"]["vendor_long"];
        let total: i64 = days.values().sum();
        assert_eq!(
            series["total"], total,
            "{person}: the separate program's sum"
        );
        assert_eq!(series["days"], days.len(), "{person}");
    }
    assert_eq!(wanted.len(), 24);
}
