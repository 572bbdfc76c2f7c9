//! Rounds of a last-standing challenge in which the lowest few are out (protocol.md 7), with a server that is killed between them.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, challenge, enrol_new, events, published, utc, walk};
use crate::harness::{Server, block_on};

/// The lowest third of each of three days is out.
fn lowest() -> Value {
    let mut body = challenge("2016-04-13", "2016-04-15");
    body["type"] = json!("last_standing");
    body["lowest_percent"] = json!(34);
    body["join"] = json!({"late": "no"});
    body
}

async fn rows(admin: &Http, of: &str) -> Vec<Value> {
    let path = format!("{of}/leaderboard");
    let board = admin.get(&path).await.expect(200).json();
    let rows = board["items"].as_array().unwrap().iter();
    rows.map(|row| json!([row["user"], row["rank"], row["score"]]))
        .collect()
}

#[test]
fn the_lowest_of_each_day_are_out_when_it_is_hard_closed_and_a_crash_decides_nothing_twice() {
    let mut server = Server::virtual_at(CLOCK);
    let of = block_on(async {
        let admin = Http::admin(&server);
        let of = published(&admin, &lowest()).await;
        let made = admin.get(&of).await.expect(200).json();
        assert_eq!(
            (&made["lowest_percent"], &made["finalisation_h"]),
            (&json!(34), &json!(72))
        );
        assert_eq!(made["capacity"], 10_000);
        enrol_new(&admin, &of, &["ann", "bob", "cat", "dan"]).await;
        for (day, amounts) in [
            ("2016-04-13", [90, 50, 70, 10]),
            ("2016-04-14", [10, 50, 70, 90]),
            ("2016-04-15", [99, 50, 70, 99]),
        ] {
            admin.advance(utc(day, 12, 0)).await;
            for (user, steps) in ["ann", "bob", "cat", "dan"].iter().zip(amounts) {
                walk(&server, user, utc(day, 9, 0), &[steps]).await;
            }
        }
        admin.advance(utc("2016-04-17", 12, 0) - 1).await;
        let all = rows(&admin, &of).await;
        assert!(
            all.iter().all(|row| row[2] == 0),
            "the first day is not over: {all:?}"
        );
        admin.advance(utc("2016-04-17", 12, 0)).await;
        let three = [
            json!(["ann", 1, 1]),
            json!(["bob", 1, 1]),
            json!(["cat", 1, 1]),
            json!(["dan", 4, 0]),
        ];
        assert_eq!(rows(&admin, &of).await, three);
        of
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        admin.advance(utc("2016-04-18", 12, 0)).await;
        let two = [
            json!(["bob", 1, 2]),
            json!(["cat", 1, 2]),
            json!(["ann", 3, 1]),
            json!(["dan", 4, 0]),
        ];
        assert_eq!(rows(&admin, &of).await, two);
        admin.advance(utc("2016-04-19", 12, 0)).await;
        let one = [
            json!(["cat", 1, 3]),
            json!(["bob", 2, 2]),
            json!(["ann", 3, 1]),
            json!(["dan", 4, 0]),
        ];
        assert_eq!(rows(&admin, &of).await, one);
        let told = events(&admin, "cat", "challenge.settled").await;
        assert_eq!(
            (&told[0]["rank"], &told[0]["score"]),
            (&json!(1), &json!(3))
        );
    });
}

#[test]
fn a_round_has_a_bar_or_the_lowest_few_and_not_both() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = lowest();
        body["bar"] = json!(100);
        body["finalisation_h"] = json!(24);
        let refused = admin.post("/v1/challenges", &body).await;
        let found = refused.faults(422, "invalid");
        assert_eq!(
            found,
            faults(&[("/bar", "one_of"), ("/finalisation_h", "range")])
        );
    });
}
