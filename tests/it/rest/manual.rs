//! What typed-in samples count for, by `rules.manual_policy`, and that a directory keeps the one that it was made with.

use serde_json::{Value, json};

use super::http::Http;
use super::people::{CLOCK, challenge, goal, published, utc};
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on, streakline};

const WATCH: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
const DAY: &str = "2026-10-25";

fn under(policy: &str) -> Server {
    let clock = format!("virtual:{DAY}T00:00:00Z");
    Server::start(&clock, &["--rules-manual-policy", policy])
}

fn steps(id: &str, hour: i64, value: i64, method: &str) -> Value {
    let start_ms = utc(DAY, hour, 0);
    json!({"id": id, "metric": "steps", "start_ms": start_ms, "end_ms": start_ms + 3_600_000,
        "value": value, "method": method})
}

/// 1,000 measured steps and 4,000 typed in, with a goal of 3,000 and a challenge; answers the day and the score.
async fn lived(server: &Server) -> (Value, Value) {
    let admin = Http::admin(server);
    let zone = json!({"zone": "UTC"});
    admin.put("/v1/users/ann", &zone).await.expect(201);
    let path = "/v1/users/ann/goals/walk";
    admin.put(path, &goal(3_000, Some(DAY))).await.expect(201);
    let contest = published(&admin, &challenge(DAY, DAY)).await;
    let mut frame = hello(WATCH, utc(DAY, 0, 0));
    (frame["class"], frame["zone"]) = (json!("watch"), json!("UTC"));
    let mut watch = Wire::hello(server, "ann", &frame).await.0;
    admin
        .enrol(&format!("{contest}/enrolments/ann"))
        .await
        .expect(201);
    admin.advance(utc(DAY, 20, 0)).await;
    let records = [
        steps("1", 10, 1_000, "auto"),
        steps("2", 11, 4_000, "manual"),
    ];
    let batch =
        json!({"type": "batch", "batch_id": 1, "lane": "live", "first_seq": 1, "records": records});
    watch.ack(&batch).await;
    let day = admin.get(&format!("/v1/users/ann/days/{DAY}")).await;
    let id = contest.rsplit('/').next().unwrap();
    let score = admin
        .get(&format!("/v1/users/ann/explain/score?challenge={id}"))
        .await;
    (
        day.expect(200).json(),
        score.expect(200).json()["score"].clone(),
    )
}

#[test]
fn include_lets_typed_in_steps_count_for_goals_and_challenges() {
    let server = under("include");
    block_on(async {
        let (day, score) = lived(&server).await;
        let steps = json!({"display": 5_000.0, "eligible": 5_000.0});
        assert_eq!(day["metrics"]["steps"], steps);
        assert_eq!(
            (&day["goals"][0]["progress"], &score),
            (&json!(5_000), &json!(5_000))
        );
    });
}

#[test]
fn goals_only_lets_typed_in_steps_meet_a_goal_and_score_nothing() {
    let server = under("goals_only");
    block_on(async {
        let (day, score) = lived(&server).await;
        let steps = json!({"display": 5_000.0, "eligible": 1_000.0, "for_goals": 5_000.0});
        assert_eq!(day["metrics"]["steps"], steps);
        assert_eq!(
            (&day["goals"][0]["progress"], &score),
            (&json!(5_000), &json!(1_000))
        );
    });
}

#[test]
fn a_directory_that_was_made_with_another_policy_is_refused_and_left_as_it_is() {
    let mut server = under("goals_only");
    assert_eq!(server.terminate(), Some(0));
    let data = server.data_arg();
    let listen = ["--listen", "127.0.0.1:0", "--clock"];
    let clock = format!("virtual:{CLOCK}");
    let asked = [&["serve", "--data", &data], &listen[..], &[clock.as_str()]].concat();
    let finished = streakline(&asked);
    let said = finished.expect_failure();
    for part in [
        "made with rules.manual_policy = \"goals_only\"",
        "set it to \"goals_only\"",
    ] {
        assert!(said.contains(part), "{said}");
    }
    server.restart();
}
