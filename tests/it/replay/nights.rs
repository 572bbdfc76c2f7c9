//! Nights: each of the vendor's sleep logs is an episode, and a night has the minutes that the vendor published for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use streakline_core::civil::MINUTE_MS;

use super::feed::{Records, days, feed, record};
use super::rows::{date, expected, rows};
use crate::harness::Server;

/// When what has ended is sent, so that nothing is older than 30 days.
const HALTS: [&str; 2] = ["2016-04-29", "2016-05-13"];
const SPAN: (&str, &str) = ("2016-04-11", "2016-05-13");
/// A second delivery under other ids has these.
const FRESH: u64 = 1_000_000_000_000;

/// The vendor's word for a minute in bed, in ours.
fn stage(value: i64) -> &'static str {
    match value {
        1 => "asleep",
        2 => "in_bed",
        _ => "awake",
    }
}

/// Every log as an episode, by person and in order of its end; its id is the vendor's, or that and `more`.
fn logs(more: u64) -> Records {
    let mut logs: BTreeMap<(String, u64), BTreeMap<i64, i64>> = BTreeMap::new();
    for row in rows("minuteSleep_merged") {
        let id = row.number(1).unsigned_abs() + more;
        let log = logs.entry((row.person.clone(), id)).or_default();
        log.insert(row.at_ms, row.number(0));
    }
    let mut people = Records::new();
    for ((person, id), minutes) in logs {
        people
            .entry(person)
            .or_default()
            .push(episode(id, &minutes));
    }
    for episodes in people.values_mut() {
        episodes.sort_by_key(|episode| episode["end_ms"].as_i64());
    }
    people
}

/// Minutes of one stage in a row are one segment.
fn episode(id: u64, minutes: &BTreeMap<i64, i64>) -> Value {
    let mut segments: Vec<(i64, i64, i64)> = Vec::new();
    for (at_ms, value) in minutes {
        let end_ms = at_ms + MINUTE_MS;
        match segments.last_mut() {
            Some((_, until_ms, held)) if held == value && until_ms == at_ms => *until_ms = end_ms,
            _ => segments.push((*at_ms, end_ms, *value)),
        }
    }
    let told: Vec<Value> = segments
        .iter()
        .map(|(from, to, value)| json!({"stage": stage(*value), "start_ms": from, "end_ms": to}))
        .collect();
    let (start_ms, end_ms) = (segments[0].0, segments[segments.len() - 1].1);
    record(id, "sleep", (start_ms, end_ms), json!({"segments": told}))
}

/// Minutes asleep and in bed of each date with a night, by person.
fn minutes(server: &Server, people: &Records) -> BTreeMap<(String, String), (i64, i64)> {
    let mut nights = BTreeMap::new();
    for person in people.keys() {
        for (date, day) in days(server, person, SPAN.0, SPAN.1) {
            if let Some(asleep) = day["sleep"]["asleep_min"].as_i64() {
                let in_bed = day["sleep"]["in_bed_min"].as_i64().unwrap();
                nights.insert((person.clone(), date), (asleep, in_bed));
            }
        }
    }
    nights
}

/// The same as a separate program counted it in the logs.
fn wanted() -> BTreeMap<(String, String), (i64, i64)> {
    let mut nights = BTreeMap::new();
    for (person, answers) in expected() {
        for day in answers["sleep"]["days"].as_array().into_iter().flatten() {
            let number = |name: &str| day[name].as_i64().unwrap();
            let date = day["date"].as_str().unwrap().to_owned();
            nights.insert((person.clone(), date), (number("asleep"), number("in_bed")));
        }
    }
    nights
}

/// The same as the vendor published it.
fn published() -> BTreeMap<(String, String), (i64, i64)> {
    let rows = rows("sleepDay_merged").into_iter();
    // One row stands twice in the file.
    rows.map(|row| {
        let minutes = (row.number(1), row.number(2));
        ((row.person, date(row.at_ms)), minutes)
    })
    .collect()
}

/// How many episodes each person's days have in all.
fn episodes(server: &Server, person: &str) -> i64 {
    let days = days(server, person, SPAN.0, SPAN.1).into_values();
    days.filter_map(|day| day["sleep"]["episodes"].as_i64())
        .sum()
}

/// The same records, each twice in a row.
fn twice(people: &Records) -> Records {
    let doubled = |records: &Vec<Value>| {
        let pairs = records
            .iter()
            .flat_map(|record| [record.clone(), record.clone()]);
        pairs.collect()
    };
    let people = people.iter();
    people
        .map(|(person, records)| (person.clone(), doubled(records)))
        .collect()
}

#[test]
fn every_night_has_the_minutes_of_its_logs_and_a_log_delivered_twice_counts_once() {
    let server = Server::virtual_at("2016-04-29T12:00:00Z");
    let people = logs(0);
    let told = feed(&server, &twice(&people), &HALTS);
    for (person, results) in told {
        let duplicates = results
            .iter()
            .filter(|r| r["status"] == "duplicate")
            .count();
        assert_eq!(duplicates, results.len(), "{person}: {results:?}");
        let logs = people[&person].len();
        assert_eq!(duplicates, logs, "{person}");
        assert_eq!(
            episodes(&server, &person),
            i64::try_from(logs).unwrap(),
            "{person}"
        );
    }
    let counted = minutes(&server, &people);
    assert_eq!(counted, wanted());
    let published = published();
    let agree = counted
        .iter()
        .filter(|(night, minutes)| published.get(night) == Some(minutes));
    // On the other nine the vendor's own night differs from its own minutes.
    assert_eq!(
        (agree.count(), counted.len(), published.len()),
        (238, 247, 247)
    );
}

#[test]
fn a_night_that_comes_again_under_another_id_adds_no_minute() {
    let server = Server::virtual_at("2016-04-29T12:00:00Z");
    let (mut people, fresh) = (logs(0), logs(FRESH));
    for (person, again) in fresh {
        let own = people.get_mut(&person).unwrap();
        own.extend(again);
        own.sort_by_key(|episode| episode["end_ms"].as_i64());
    }
    let told = feed(&server, &people, &HALTS);
    assert!(told.values().all(Vec::is_empty), "{told:?}");
    assert_eq!(minutes(&server, &people), wanted());
    let all: i64 = people.keys().map(|person| episodes(&server, person)).sum();
    assert_eq!(all, 2 * 281);
}
