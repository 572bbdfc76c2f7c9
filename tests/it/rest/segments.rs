//! Segments of a board over REST and on the stream (protocol.md 4, 7).

use serde_json::{Value, json};

use super::eligibility::say;
use super::http::{Http, faults};
use super::people::{CLOCK, challenge, enrol_new, phase, published, utc, walk};
use crate::harness::{Server, Wire, block_on};

/// Twelve people of the EU and two of the UK, who walk 10, 20, ... and 130, 140.
async fn two_regions(server: &Server, admin: &Http) -> String {
    let mut body = challenge("2016-04-13", "2016-04-13");
    body["segments"] = json!(["region", "age"]);
    let of = published(admin, &body).await;
    admin.advance(utc("2016-04-13", 12, 0)).await;
    for number in 1..=14_i64 {
        let user = format!("u{number:02}");
        enrol_new(admin, &of, &[&user]).await;
        let region = if number <= 12 { "EU" } else { "UK" };
        say(admin, &user, json!({"region": region, "age": number % 2})).await;
    }
    admin.advance(utc("2016-04-13", 13, 0)).await;
    for number in 1..=14_i64 {
        let user = format!("u{number:02}");
        walk(server, &user, utc("2016-04-13", 12, 30), &[10 * number]).await;
    }
    of
}

/// The board of a segment without the time of the answer, once a row has that score.
async fn segment(who: &Http, of: &str, name: &str) -> Value {
    let path = format!("{of}/leaderboard?segment={name}&limit=50");
    let mut board = who.get(&path).await.expect(200).json();
    board["as_of_ms"].take();
    board
}

fn column(board: &Value, name: &str) -> Vec<Value> {
    let rows = board["items"].as_array().unwrap().iter();
    rows.map(|row| row[name].clone()).collect()
}

#[test]
fn a_segment_ranks_its_members_among_themselves_and_few_see_the_own_row_alone() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = two_regions(&server, &admin).await;
        let held = admin.get(&of).await.expect(200).json();
        assert_eq!(held["segments"], json!(["region", "age"]));
        let (eu, uk) = (Http::user(&server, "u01"), Http::user(&server, "u13"));
        let all = segment(&eu, &of, "region:EU").await;
        assert_eq!(all["segment"], "region:EU");
        assert_eq!(all["participants"], 12);
        assert_eq!(
            column(&all, "rank"),
            (1..=12).map(Value::from).collect::<Vec<_>>()
        );
        assert_eq!(column(&all, "score")[0], 120);
        assert_eq!(column(&all, "you")[11], true);
        assert!(all.get("suppressed").is_none());
        let few = segment(&uk, &of, "region:UK").await;
        assert_eq!(
            (&few["suppressed"], &few["percentile_bp"]),
            (&json!(true), &json!(9_285))
        );
        assert_eq!(column(&few, "score"), [130]);
        assert_eq!(column(&few, "rank"), [2], "as on the whole board");
        let strange = segment(&eu, &of, "region:UK").await;
        assert_eq!(column(&strange, "score"), Vec::<Value>::new());
        assert_eq!(segment(&admin, &of, "region:UK").await["participants"], 2);
        // Pages, and what stands around a row and a score.
        let mut pages = Vec::new();
        let mut path = format!("{of}/leaderboard?segment=region:EU&limit=5");
        loop {
            let page = eu.get(&path).await.expect(200).json();
            pages.extend(column(&page, "score"));
            let Some(next) = page["next"].as_str() else {
                break;
            };
            path = format!("{of}/leaderboard?segment=region:EU&limit=5&cursor={next}");
            let elsewhere = format!("{of}/leaderboard?segment=region:UK&limit=5&cursor={next}");
            eu.get(&elsewhere).await.problem(422, "bad_cursor");
        }
        assert_eq!(pages, column(&all, "score"));
        let around = format!("{of}/leaderboard?segment=region:EU&around=u01&k=1");
        let around = eu.get(&around).await.expect(200).json();
        assert_eq!(column(&around, "rank"), [11, 12]);
        let score = format!("{of}/leaderboard?segment=region:EU&around_score=110&k=1");
        let score = eu.get(&score).await.expect(200).json();
        assert_eq!(column(&score, "score"), [110, 100]);
        for (name, code) in [("team:red", "not_found"), ("region", "bad_frame")] {
            let path = format!("{of}/leaderboard?segment={name}");
            let status = if code == "bad_frame" { 400 } else { 422 };
            let shared = if code == "bad_frame" { code } else { "invalid" };
            let refused = eu.get(&path).await.faults(status, shared);
            assert_eq!(refused, faults(&[("/query/segment", code)]));
        }
        let mut twice = challenge("2016-04-13", "2016-04-13");
        twice["segments"] = json!(["region", "region"]);
        let refused = admin.post("/v1/challenges", &twice).await;
        assert_eq!(
            refused.faults(422, "invalid"),
            faults(&[("/segments", "range")])
        );
    });
}

#[test]
fn a_member_moves_with_its_attribute_and_a_view_of_the_stream_follows() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = two_regions(&server, &admin).await;
        let (mut wire, _) = Wire::hello(&server, "u13", &json!({"type": "hello"})).await;
        let topic = format!("board/{}", of.rsplit('/').next().unwrap());
        let subscribe = |id: u64, segment: &str| {
            json!({"type": "subscribe", "id": id, "topic": topic,
                "view": {"top": 3, "segment": segment}})
        };
        wire.send(&subscribe(1, "region:UK")).await;
        let few = wire.until("the own row", |frame| {
            frame["id"] == 1 && frame["type"] == "board"
        });
        let few = few.await;
        assert_eq!(few["suppressed"], true);
        assert_eq!(few["rows"].as_array().unwrap().len(), 1);
        wire.send(&subscribe(2, "region:EU")).await;
        let first = |frame: &Value| frame["rows"][0]["score"].clone();
        wire.until("the EU", |frame| frame["id"] == 2 && first(frame) == 120)
            .await;
        wire.send(&subscribe(3, "team:red")).await;
        let refused = wire
            .until("an error", |frame| frame["type"] == "error")
            .await;
        assert_eq!(refused["code"], "not_found");
        say(&admin, "u14", json!({"region": "EU"})).await;
        let moved = wire.until("who moved", |frame| frame["id"] == 2 && first(frame) == 140);
        assert_eq!(moved.await["participants"], 13);
        assert_eq!(segment(&admin, &of, "region:UK").await["participants"], 1);
    });
}

/// T6.6
#[test]
fn segments_of_a_settled_board_stay_as_they_were_for_ever() {
    let mut server = Server::virtual_at(CLOCK);
    let of = block_on(async {
        let admin = Http::admin(&server);
        let of = two_regions(&server, &admin).await;
        // A crash in between: the board is filled from what the members' partitions know.
        of
    });
    server.kill_and_restart();
    let before = block_on(async {
        let admin = Http::admin(&server);
        let eu = Http::user(&server, "u01");
        assert_eq!(segment(&eu, &of, "region:EU").await["participants"], 12);
        admin.advance(utc("2016-04-16", 0, 0)).await;
        assert_eq!(phase(&admin, &of).await, "settled");
        let before = segment(&eu, &of, "region:EU").await;
        say(&admin, "u05", json!({"region": "UK"})).await;
        assert_eq!(segment(&eu, &of, "region:EU").await, before);
        before
    });
    server.kill_and_restart();
    block_on(async {
        let (admin, eu) = (Http::admin(&server), Http::user(&server, "u01"));
        assert_eq!(segment(&eu, &of, "region:EU").await, before);
        let gone = admin.delete("/v1/users/u07").await;
        assert!(matches!(gone.status, 202 | 204), "{}", gone.text);
        let mut after = segment(&eu, &of, "region:EU").await;
        // Only the name goes.
        let at = 5;
        assert_eq!(after["items"][at]["alias"], "Former participant");
        after["items"][at]["alias"] = before["items"][at]["alias"].clone();
        assert_eq!(after, before);
    });
}
