//! How long the detail of a day is kept: what REST answers before and after, and that a directory keeps the rule that it was made
//! with (ADR 0034).

use serde_json::Value;

use super::http::Http;
use super::people::{CLOCK, make_user, utc, walk};
use crate::harness::{Server, block_on, streakline};

const DAY_MS: i64 = 86_400_000;
const DAY: &str = "/v1/users/ann/days/2016-04-11";
const SHORT: [&str; 4] = [
    "--history-records-days",
    "70",
    "--history-minutes-days",
    "80",
];

/// What of a day is no longer kept is let go within a week of its time.
async fn past(admin: &Http, days: i64) {
    admin
        .advance(utc("2016-04-12", 0, 0) + (days + 8) * DAY_MS)
        .await;
}

async fn list(admin: &Http, what: &str) -> Vec<Value> {
    let answer = admin.get(&format!("{DAY}/{what}")).await.expect(200);
    answer.json()["items"].as_array().unwrap().clone()
}

async fn gone(admin: &Http, what: &str) {
    let answer = admin.get(&format!("{DAY}/{what}")).await;
    let problem = answer.problem(410, "not_kept");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("of 2016-04-11 are no longer kept"),
        "{detail}"
    );
}

#[test]
fn samples_are_gone_after_their_time_then_minutes_and_what_the_day_came_to_stays() {
    let mut server = Server::start(&format!("virtual:{CLOCK}"), &SHORT);
    let (day, minutes, hours) = block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        walk(&server, "ann", utc("2016-04-11", 22, 0), &[100; 20]).await;
        assert_eq!(list(&admin, "records").await.len(), 20);
        let (minutes, hours) = (list(&admin, "minutes").await, list(&admin, "hours").await);
        assert_eq!(minutes.len(), 20);
        past(&admin, 50).await;
        assert_eq!(list(&admin, "records").await.len(), 20);
        let day = admin.get(DAY).await.expect(200).json();
        past(&admin, 70).await;
        (day, minutes, hours)
    });
    // Once from memory and once from the store.
    for _ in 0..2 {
        block_on(async {
            let admin = Http::admin(&server);
            gone(&admin, "records").await;
            let explained = "/v1/users/ann/explain/day?day=2016-04-11";
            admin.get(explained).await.problem(410, "not_kept");
            assert_eq!(list(&admin, "minutes").await, minutes);
            assert_eq!(list(&admin, "hours").await, hours);
            assert_eq!(admin.get(DAY).await.expect(200).json(), day);
        });
        server.kill_and_restart();
    }
    block_on(async {
        let admin = Http::admin(&server);
        past(&admin, 80).await;
        gone(&admin, "records").await;
        gone(&admin, "minutes").await;
        gone(&admin, "hours").await;
        assert_eq!(admin.get(DAY).await.expect(200).json(), day);
    });
}

#[test]
fn a_directory_keeps_the_rule_of_retention_that_it_was_made_with() {
    let clock = format!("virtual:{CLOCK}");
    let mut server = Server::start(&clock, &SHORT);
    assert_eq!(server.terminate(), Some(0));
    let data = server.data_arg();
    let asked = ["serve", "--data", &data, "--listen", "127.0.0.1:0"];
    let other = ["--clock", &clock, "--history-records-days", "71"];
    let finished = streakline(&[&asked[..], &other[..]].concat());
    let said = finished.expect_failure();
    for words in [
        "made with history.records_days = 70 and history.minutes_days = 80",
        "started with history.records_days = 71 and history.minutes_days = 400",
    ] {
        assert!(said.contains(words), "{said}");
    }
    server.restart();
}
