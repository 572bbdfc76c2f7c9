//! Snapshots that do not keep up with what is written: the journal's tail stays in its bound, who writes into it is told to come
//! back, and what was taken is there after a crash.

use serde_json::{Value, json};

use crate::harness::block_on;
use crate::harness::figures::{Figures, until};
use crate::harness::load::{devices, minutes};
use crate::harness::wire::Closed;
use crate::rest::http::Http;
use crate::rest::people::{challenge, draft};
use crate::restart::scene::Scene;

const TAIL_BYTES: u64 = 1_024;
const SETTINGS: &str = "[journal]\ntail_bytes_max = 1024\n";
/// Longer than any test: no snapshot is ever written.
const NEVER: [&str; 2] = ["--fault", "slow-snapshots=86400000"];
const RECORDS: u64 = 20;
const STEPS: i64 = 10;
/// What is taken just below the bound goes beyond it.
const ONE_MORE: u64 = 2_048;
/// More than enough to fill a tail.
const TRIES: u64 = 100;
const LONGEST: &str = "streakline_journal_tail_bytes_max";

/// Sends batches until one is refused; records that were taken, and how the socket is closed.
async fn fill(scene: &Scene) -> (u64, Closed) {
    let mut wire = devices(&scene.server, 0..1).await.remove(0);
    let mut taken = 0;
    for _ in 0..TRIES {
        let batch = minutes(taken + 1, scene.since_ms, RECORDS, STEPS);
        wire.send(&batch).await;
        let is_answer = |frame: &Value| frame["type"] == "ack" || frame["type"] == "error";
        let answer = wire.until("an answer", is_answer).await;
        if answer["type"] == "error" {
            return (taken, wire.closed().await);
        }
        taken += RECORDS;
    }
    panic!("{taken} records were taken");
}

/// Changes a draft until a change is refused; how the challenge stood then.
async fn fill_by_rest(admin: &Http) -> (String, Value) {
    let path = draft(admin, &challenge("2090-01-01", "2090-01-05")).await;
    for number in 0..TRIES {
        let before = admin.get(&path).await.expect(200).json();
        let mut body = challenge("2090-01-01", "2090-01-05");
        body["title"] = json!(format!("Title {number}"));
        let answer = admin.replace(&path, &body).await;
        if answer.status != 200 {
            answer.problem(503, "overloaded");
            assert_ne!(answer.header("retry-after"), "");
            return (path, before);
        }
    }
    panic!("every change was taken");
}

#[test]
fn a_tail_that_snapshots_do_not_follow_takes_no_more_batches_and_changes() {
    let mut scene = Scene::with(SETTINGS);
    scene.server.kill();
    scene.server.restart_with(&NEVER);
    let (taken, path, before) = block_on(async {
        let admin = Http::admin(&scene.server);
        let (taken, closed) = fill(&scene).await;
        let code = &closed.reason["code"];
        assert_eq!((closed.code, code), (1013, &json!("overloaded")));
        assert!(closed.reason["retry_after_ms"].as_u64().unwrap() > 0);
        let goal = json!({"metric": "steps", "period": "day", "kind": "static", "target": 5});
        let goal = admin.put("/v1/users/user-000000/goals/walk", &goal).await;
        goal.problem(503, "overloaded");
        let (path, before) = fill_by_rest(&admin).await;
        assert_eq!(admin.get(&path).await.expect(200).json(), before);
        until(&scene.server, LONGEST, |bytes| bytes > TAIL_BYTES * 4).await;
        let longest = Figures::of(&scene.server).await.max(LONGEST);
        assert!(longest <= TAIL_BYTES * 4 + ONE_MORE, "{longest}");
        // Other partitions take what comes.
        let mut other = devices(&scene.server, 1..2).await.remove(0);
        other.ack(&minutes(1, scene.since_ms, 1, STEPS)).await;
        (taken, path, before)
    });
    scene.server.kill_and_restart();
    block_on(async {
        let steps = |records: u64| records.cast_signed() * STEPS;
        assert_eq!(scene.steps(0).await, steps(taken));
        let admin = Http::admin(&scene.server);
        assert_eq!(admin.get(&path).await.expect(200).json(), before);
        // Now they are written, and there is room again.
        until(&scene.server, LONGEST, |bytes| bytes <= TAIL_BYTES * 4).await;
        let mut wire = devices(&scene.server, 0..1).await.remove(0);
        wire.ack(&minutes(taken + 1, scene.since_ms, RECORDS, STEPS))
            .await;
        assert_eq!(scene.steps(0).await, steps(taken + RECORDS));
    });
}
