//! A board in parts with more rows than are exact, and what such a board cannot tell.

use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::parts::{own_rank, server, settles_ms};
use super::people::{CLOCK, challenge, draft, published, utc, walk};
use crate::harness::{Server, Wire, block_on, load};

/// Members in all: so many more than the first thousand.
const ALL: usize = 1_040;

/// A challenge of all of them, of whom the last has walked.
async fn crowd(server: &Server, admin: &Http) -> String {
    let mut body = challenge("2016-04-13", "2016-04-13");
    body["board"] = json!("parts");
    let of = published(admin, &body).await;
    load::put_users(server, 0..ALL).await;
    for number in 0..ALL {
        let path = format!("{of}/enrolments/{}", load::name(number));
        admin.enrol(&path).await.expect(201);
    }
    admin.advance(utc("2016-04-13", 12, 0)).await;
    let walker = load::name(ALL - 1);
    walk(server, &walker, utc("2016-04-13", 9, 0), &[100]).await;
    of
}

/// The first page, once everybody is on it or behind.
async fn first_page(admin: &Http, board: &str) -> Value {
    for _ in 0..100 {
        let page = seen(admin, &format!("{board}?limit=1000")).await;
        let is_known = page["items"][0]["score"] == 100;
        if is_known && page["participants"] == ALL {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the parts report nothing");
}

async fn seen(admin: &Http, path: &str) -> Value {
    admin.get(path).await.expect(200).json()
}

fn users(page: &Value) -> Vec<Value> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|row| row["user"].clone()).collect()
}

fn names(numbers: std::ops::Range<usize>) -> Vec<Value> {
    numbers.map(|number| json!(load::name(number))).collect()
}

#[test]
fn behind_the_first_thousand_rows_are_gathered_and_ranks_say_that_they_are_estimates() {
    let (server, _dir) = server();
    block_on(async {
        let admin = Http::admin(&server);
        let of = crowd(&server, &admin).await;
        let board = format!("{of}/leaderboard");
        let page = first_page(&admin, &board).await;
        assert_eq!(page["exact"], true);
        let (first, last) = (load::name(ALL - 1), load::name(ALL - 2));
        assert_eq!(page["items"][0]["user"], json!(first));
        let cursor = page["next"].as_str().unwrap();
        let behind = seen(&admin, &format!("{board}?limit=1000&cursor={cursor}")).await;
        let said = (&behind["exact"], &behind["next"]);
        assert_eq!(said, (&json!(false), &Value::Null));
        assert_eq!(users(&behind), names(999..ALL - 1));
        // All of them have nothing, as have most of those before: they share a rank.
        let ranks = [0, 5].map(|at: usize| behind["items"][at]["rank"].clone());
        assert_eq!(ranks, [2, 2]);
        let around = seen(&admin, &format!("{board}?around={last}&k=3")).await;
        assert_eq!(users(&around), names(ALL - 5..ALL - 1));
        assert_eq!(around["exact"], false);
        own_rows(&server, &admin, (&of, &first, &last)).await;
        admin.advance(settles_ms()).await;
        let own = seen(&admin, &format!("{board}/{last}")).await;
        assert_eq!((&own["rank"], &own["exact"]), (&json!(2), &Value::Null));
    });
}

/// The own row of the first is exact, that of the last an estimate; scores as small as that are told apart, so its bound is 0.
async fn own_rows(server: &Server, admin: &Http, (of, first, last): (&str, &str, &str)) {
    let exact = seen(admin, &format!("{of}/leaderboard/{first}")).await;
    assert_eq!((&exact["rank"], &exact["exact"]), (&json!(1), &Value::Null));
    let own = seen(admin, &format!("{of}/leaderboard/{last}")).await;
    let (mut wire, _) = Wire::hello(server, last, &json!({"type": "hello"})).await;
    let told = own_rank(&mut wire, of, |_| true).await;
    for row in [own, told] {
        let said = (&row["rank"], &row["exact"], &row["error_bound"]);
        assert_eq!(said, (&json!(2), &json!(false), &json!(0)), "{row}");
    }
}

#[test]
fn what_a_board_in_parts_cannot_tell_is_refused_with_all_its_places() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = challenge("2016-04-13", "2016-04-13");
        body["board"] = json!("parts");
        body["capacity"] = json!(2_000_000);
        let of = draft(&admin, &body).await;
        let shown = admin.get(&of).await.expect(200).json();
        assert_eq!(
            (&shown["board"], &shown["capacity"]),
            (&json!("parts"), &json!(2_000_000))
        );
        let wrong = [
            json!({"type": "collective", "tiers": [10]}),
            json!({"rank_style": "ordinal", "segments": ["region"]}),
            json!({"waitlist": 5}),
            json!({"board": "halves"}),
            json!({"board": "whole"}),
        ];
        let places: [&[(&str, &str)]; 5] = [
            &[("/type", "unsupported")],
            &[("/rank_style", "unsupported"), ("/segments", "unsupported")],
            &[("/waitlist", "unsupported")],
            &[("/board", "unsupported"), ("/capacity", "range")],
            &[("/capacity", "range")],
        ];
        for (members, places) in wrong.into_iter().zip(places) {
            let mut body = body.clone();
            for (name, value) in members.as_object().unwrap() {
                body[name] = value.clone();
            }
            let mut told = admin
                .post("/v1/challenges", &body)
                .await
                .faults(422, "invalid");
            told.sort();
            let mut wanted = faults(places);
            wanted.sort();
            assert_eq!(told, wanted, "{members}");
        }
    });
}
