//! Hours: what a day grows by with each hour of minutes is what the vendor published for that hour.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use streakline_core::civil::{DAY_MS, Day, MINUTE_MS};

use super::feed::{Feeder, record};
use super::rows::{Row, date, rows};
use crate::harness::{Server, block_on};

/// The first seven days with minutes, of all people: 3,696 hours.
const DAYS: (&str, i64) = ("2016-04-13", 7);

/// The rows of these days by person, in order of time.
fn of_the_week(name: &str) -> BTreeMap<String, BTreeMap<i64, Row>> {
    let from_ms = Day::parse(DAYS.0).unwrap().utc_ms();
    let mut people: BTreeMap<String, BTreeMap<i64, Row>> = BTreeMap::new();
    for row in rows(name) {
        if (from_ms..from_ms + DAYS.1 * DAY_MS).contains(&row.at_ms) {
            let hours = people.entry(row.person.clone()).or_default();
            hours.insert(row.at_ms, row);
        }
    }
    people
}

/// The minutes of an hour as records; their ids are the minutes since the epoch.
fn minutes(row: &Row) -> Vec<Value> {
    let minute = |(field, at_ms): (usize, i64)| {
        let id = at_ms.div_euclid(MINUTE_MS).unsigned_abs();
        let value = json!({"value": row.number(field)});
        record(id, "steps", (at_ms, at_ms + MINUTE_MS), value)
    };
    let starts = (0_i64..).map(|minute| row.at_ms + minute * MINUTE_MS);
    (0..row.fields.len()).zip(starts).map(minute).collect()
}

/// What the server's day grows by with each hour, by hour.
async fn grown(server: &Server, person: &str, hours: &BTreeMap<i64, Row>) -> BTreeMap<i64, i64> {
    let mut feeder = Feeder::open(server, person).await;
    let mut shown: BTreeMap<String, i64> = BTreeMap::new();
    let mut grown = BTreeMap::new();
    for (at_ms, row) in hours {
        let ack = feeder.send(&minutes(row)).await;
        assert_eq!(ack["results"], json!([]), "{person} at {at_ms}");
        let topic = format!("me/day/{}", date(*at_ms));
        let changes = ack["changes"].as_array().unwrap();
        let told = changes.iter().find(|change| change["topic"] == topic);
        let held = shown.entry(topic).or_default();
        let display = told.map_or(*held, |told| told["display"].as_i64().unwrap());
        grown.insert(*at_ms, display - *held);
        *held = display;
    }
    grown
}

#[test]
fn every_hour_of_a_week_has_the_steps_that_the_vendor_published() {
    let (wide, published) = (
        of_the_week("minuteStepsWide_merged"),
        of_the_week("hourlySteps_merged"),
    );
    let end_ms = Day::parse(DAYS.0).unwrap().utc_ms() + DAYS.1 * DAY_MS;
    let server = Server::virtual_at("2016-04-20T00:00:00Z");
    assert_eq!(block_on(server.rest().clock()).unwrap().now_ms, end_ms);
    let people = wide.iter().map(|(person, hours)| {
        let server = &server;
        async move { (person, grown(server, person, hours).await) }
    });
    let mut hours = 0;
    for (person, grown) in block_on(join_all(people)) {
        for (at_ms, steps) in grown {
            let wanted = published[person][&at_ms].number(0);
            assert_eq!(steps, wanted, "{person} on {} at {at_ms}", date(at_ms));
            hours += 1;
        }
    }
    assert_eq!(hours, HOURS, "hours of {} people", wide.len());
}

/// So many hours of the week have minutes.
const HOURS: usize = 3_696;
