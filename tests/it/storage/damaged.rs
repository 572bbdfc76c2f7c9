//! Rows that cannot be read: whoever needs one is set aside and told so, everybody else goes on, and nothing that is in the
//! journal is lost by it.

use serde_json::json;
use streakline::cli::client::Rest;
use streakline_core::civil::MINUTE_MS;

use super::world::{readiness, readiness_of};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};
use crate::rest::http::Http;
use crate::rest::people::{challenge, enrol_new, published};

const NOON: &str = "virtual:2016-04-13T12:00:00Z";
const NOON_MS: i64 = 1_460_548_800_000;
const MORNING_MS: i64 = NOON_MS - 6 * 60 * MINUTE_MS;
const ANNS: &str = "a1a1a1a1-8f4e-5d0a-9a53-0d7a5f3b2c11";
const BOBS: &str = "b1b1b1b1-8f4e-5d0a-9a53-0d7a5f3b2c11";

async fn device(server: &Server, user: &str, device: &str) -> Wire {
    Wire::hello(server, user, &hello(device, NOON_MS)).await.0
}

/// Both have walked for ten minutes, and are in snapshots.
fn two_people() -> Server {
    let mut server = Server::start(NOON, &[]);
    block_on(async {
        for (user, id) in [("ann", ANNS), ("bob", BOBS)] {
            let mut wire = device(&server, user, id).await;
            wire.ack(&batch(1, MORNING_MS, &[10; 10])).await;
        }
    });
    assert_eq!(server.terminate(), Some(0));
    server
}

async fn steps(rest: &Rest, user: &str) -> Result<i64, String> {
    let day = rest.get(&format!("/v1/users/{user}/days/2016-04-13")).await;
    let steps = day.map(|day| day["display"].as_i64().unwrap());
    steps.map_err(|error| error.code().unwrap_or("no code").to_owned())
}

fn metrics(server: &Server) -> String {
    block_on(async {
        let answer = reqwest::get(format!("{}/metrics", server.url())).await;
        answer.unwrap().text().await.unwrap()
    })
}

/// One user is refused, however often, and the operator is told once of which row.
fn assert_set_aside(server: &Server, user: &str, kind: &str) {
    let unavailable = Err("store_unavailable".to_owned());
    block_on(async {
        for _ in 0..5 {
            assert_eq!(steps(&server.rest(), user).await, unavailable);
        }
    });
    let (status, body) = readiness(server);
    assert_eq!(status, 503, "{body}");
    assert!(body.contains(&format!("{kind} of user {user}")), "{body}");
    let series = format!("streakline_damaged_rows_total{{kind=\"{kind}\"}} 1");
    let all = metrics(server);
    assert!(all.lines().any(|line| line == series), "{all}");
    let log = server.log();
    let told = log
        .lines()
        .filter(|line| line.contains("a stored row is damaged"));
    assert_eq!(told.count(), 1, "{log}");
}

#[test]
fn a_damaged_snapshot_sets_that_user_alone_aside() {
    let mut server = two_people();
    // Both are read at the start, since their inputs are still in the journal: one can be, one cannot.
    server.restart_with(&["--fault", "users=1"]);
    let ann_is_whole = block_on(async { steps(&server.rest(), "ann").await }) == Ok(100);
    let [whole, damaged] = match ann_is_whole {
        true => [("ann", ANNS), ("bob", BOBS)],
        false => [("bob", BOBS), ("ann", ANNS)],
    };
    assert_set_aside(&server, damaged.0, "snapshot");
    block_on(async {
        assert_eq!(steps(&server.rest(), whole.0).await, Ok(100));
        let mut wire = Wire::upgrade(&server, &server.token(damaged.0))
            .await
            .unwrap();
        wire.send(&hello(damaged.1, NOON_MS)).await;
        let closed = wire.closed().await;
        let reason = closed.reason["code"].as_str();
        assert_eq!((closed.code, reason), (1013, Some("store_unavailable")));
        let mut wire = device(&server, whole.0, whole.1).await;
        let later_ms = MORNING_MS + 10 * MINUTE_MS;
        wire.ack(&batch(11, later_ms, &[10; 10])).await;
        assert_eq!(steps(&server.rest(), whole.0).await, Ok(200));
    });
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    block_on(async {
        assert_eq!(steps(&server.rest(), whole.0).await, Ok(200));
        assert_eq!(steps(&server.rest(), damaged.0).await, Ok(100));
    });
    assert_eq!(readiness(&server).0, 200);
}

#[test]
fn a_damaged_challenge_is_set_aside_alone_and_its_members_go_on() {
    let mut server = Server::start(NOON, &[]);
    let paths = block_on(async {
        let admin = Http::admin(&server);
        let window = challenge("2016-04-13", "2016-04-14");
        let paths = [
            published(&admin, &window).await,
            published(&admin, &window).await,
        ];
        enrol_new(&admin, &paths[0], &["ann"]).await;
        admin
            .enrol(&format!("{}/enrolments/ann", paths[1]))
            .await
            .expect(201);
        paths
    });
    assert_eq!(server.terminate(), Some(0));
    server.restart_with(&["--fault", "challenges=1"]);
    block_on(async {
        let admin = Http::admin(&server);
        let mut damaged = Vec::new();
        for path in &paths {
            let board = format!("{path}/leaderboard");
            let answer = admin.get(&board).await;
            if answer.status == 200 {
                continue;
            }
            answer.problem(503, "store_unavailable");
            let (cancel, why) = (format!("{path}/cancel"), json!({"reason": "x"}));
            admin
                .post(&cancel, &why)
                .await
                .problem(503, "store_unavailable");
            damaged.push(path.trim_start_matches("/v1/challenges/"));
        }
        assert_eq!(damaged.len(), 1, "one alone");
        let (status, body) = readiness_of(&server).await;
        assert_eq!(status, 503, "{body}");
        let told = format!("snapshot of challenge {}", damaged[0]);
        assert!(body.contains(&told), "{body}");
        // Its member streams on.
        let mut wire = device(&server, "ann", ANNS).await;
        wire.ack(&batch(1, MORNING_MS, &[10; 10])).await;
        assert_eq!(steps(&server.rest(), "ann").await, Ok(100));
    });
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    block_on(async {
        let admin = Http::admin(&server);
        for path in &paths {
            let board = admin.get(&format!("{path}/leaderboard")).await;
            let board = board.expect(200).json();
            assert_eq!(board["items"].as_array().unwrap().len(), 1, "{board}");
        }
        assert_eq!(readiness_of(&server).await.0, 200);
    });
}

#[test]
fn a_damaged_chunk_stops_only_who_needs_its_records() {
    let mut server = two_people();
    server.restart_with(&["--fault", "chunks=0"]);
    block_on(async {
        // What is in the snapshot needs no records; minutes before those that are stored do.
        assert_eq!(steps(&server.rest(), "bob").await, Ok(100));
        let mut wire = device(&server, "bob", BOBS).await;
        wire.send(&batch(11, MORNING_MS - 30 * MINUTE_MS, &[10; 10]))
            .await;
        let closed = wire.closed().await;
        assert_eq!(closed.reason["code"], "internal", "{closed:?}");
        let acks = wire.seen.iter().filter(|frame| frame["type"] == "ack");
        assert_eq!(acks.count(), 0, "acknowledged before it was folded");
    });
    assert_set_aside(&server, "bob", "chunk");
    block_on(async {
        assert_eq!(steps(&server.rest(), "ann").await, Ok(100));
        let mut wire = device(&server, "ann", ANNS).await;
        wire.ack(&batch(11, MORNING_MS + 10 * MINUTE_MS, &[10; 10]))
            .await;
    });
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    block_on(async {
        // It was in the journal: the fault is over, and it counts.
        assert_eq!(steps(&server.rest(), "bob").await, Ok(200));
        assert_eq!(steps(&server.rest(), "ann").await, Ok(200));
    });
}
