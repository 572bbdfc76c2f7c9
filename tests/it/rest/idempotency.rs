//! Idempotency keys: a repeated POST has one effect and one answer.

use serde_json::{Value, json};

use super::http::{Answer, Http, faults};
use super::people::{CLOCK, challenge, draft, make_user, utc};
use crate::harness::{Server, block_on};

const CHALLENGES: &str = "/v1/challenges";

fn same(first: &Answer, again: &Answer) {
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(first.header(name), again.header(name), "{name}");
    }
}

#[test]
fn a_post_needs_a_key_of_1_to_128_printable_characters() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let path = draft(&admin, &challenge("2016-04-13", "2016-04-14")).await;
        let posts = [
            (CHALLENGES.to_owned(), challenge("2016-04-13", "2016-04-14")),
            (format!("{path}/publish"), json!({})),
            (format!("{path}/cancel"), json!({"reason": "rain"})),
            (
                "/v1/clock".to_owned(),
                json!({"to_ms": utc("2016-04-12", 1, 0)}),
            ),
        ];
        let long = "x".repeat(129);
        for (path, body) in &posts {
            for key in [None, Some(""), Some(long.as_str())] {
                let headers = key.map(|key| ("idempotency-key", key));
                let headers: Vec<_> = headers.into_iter().collect();
                let answer = admin.json("POST", path, &headers, body).await;
                let wanted = [("/headers/idempotency-key", "bad_frame")];
                assert_eq!(
                    answer.faults(400, "bad_frame"),
                    faults(&wanted),
                    "{path} {key:?}"
                );
            }
        }
        let left = admin.all(CHALLENGES, 10).await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0]["phase"], "draft");
    });
}

#[test]
fn the_same_request_under_its_key_is_answered_again_also_after_a_crash_and_a_drain() {
    let mut server = Server::virtual_at(CLOCK);
    let body = challenge("2016-04-13", "2016-04-14");
    let (made, published) = block_on(async {
        let admin = Http::admin(&server);
        let made = admin.post_as("one", CHALLENGES, &body).await.expect(201);
        assert_eq!(made.header("idempotent-replay"), "");
        let publish = format!("{}/publish", made.header("location"));
        let published = admin.post_as("two", &publish, &json!({})).await.expect(200);
        (made, published)
    });
    for round in 0..3 {
        block_on(async {
            let admin = Http::admin(&server);
            let again = admin.post_as("one", CHALLENGES, &body).await;
            same(&made, &again);
            assert_eq!(again.header("idempotent-replay"), "true", "round {round}");
            let publish = format!("{}/publish", made.header("location"));
            let again = admin.post_as("two", &publish, &json!({})).await;
            same(&published, &again);
            assert_eq!(again.header("idempotent-replay"), "true", "round {round}");
            assert_eq!(admin.all(CHALLENGES, 10).await.len(), 1);
        });
        match round {
            0 => server.kill_and_restart(),
            _ => {
                assert_eq!(server.terminate(), Some(0));
                server.restart();
            }
        }
    }
}

#[test]
fn another_body_or_path_under_a_used_key_is_a_conflict_and_another_principal_is_not() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let body = challenge("2016-04-13", "2016-04-14");
        admin.post_as("one", CHALLENGES, &body).await.expect(201);
        let other = challenge("2016-04-13", "2016-04-15");
        let conflict = admin.post_as("one", CHALLENGES, &other).await;
        conflict.problem(422, "idempotency_conflict");
        let clock = admin
            .post_as(
                "one",
                "/v1/clock",
                &json!({"to_ms": utc("2016-04-12", 1, 0)}),
            )
            .await;
        clock.problem(422, "idempotency_conflict");
        assert_eq!(
            admin.get("/v1/clock").await.json()["now_ms"],
            utc("2016-04-12", 0, 0)
        );
        let claims = streakline::keys::Claims::new(
            "root",
            streakline::keys::Role::Admin,
            streakline::clock::unix_s(),
            60,
        );
        let root = Http::bearing(&server, &server.token_with(&claims));
        root.post_as("one", CHALLENGES, &body).await.expect(201);
        assert_eq!(admin.all(CHALLENGES, 10).await.len(), 2);
    });
}

#[test]
fn a_refused_request_may_be_mended_under_its_key() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let bad = challenge("2016-04-14", "2016-04-13");
        let refused = admin.post_as("one", CHALLENGES, &bad).await;
        refused.problem(422, "invalid");
        let good = challenge("2016-04-13", "2016-04-14");
        let made = admin.post_as("one", CHALLENGES, &good).await.expect(201);
        assert_eq!(made.header("idempotent-replay"), "");
    });
}

/// T8.2 for requests: however retries interleave, one of them acts; others wait their turn or get its answer.
#[test]
fn requests_under_one_key_at_the_same_time_have_one_effect() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        for user in 0..5 {
            make_user(&admin, &format!("user-{user}")).await;
        }
        let mut in_progress = 0;
        for round in 1..=20 {
            let to_ms = utc("2016-04-12", 24 * 60 * round, 0);
            let body = json!({"to_ms": to_ms});
            let key = format!("round-{round}");
            let calls = (0..6).map(|_| admin.post_as(&key, "/v1/clock", &body));
            let answers = futures_util::future::join_all(calls).await;
            let (done, waiting): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 200);
            for answer in &waiting {
                answer.problem(409, "in_progress");
                assert_eq!(answer.header("retry-after"), "1");
            }
            let first = done
                .iter()
                .filter(|answer| answer.header("idempotent-replay").is_empty());
            assert_eq!(first.count(), 1, "round {round}");
            assert!(done.iter().all(|answer| answer.json()["now_ms"] == to_ms));
            in_progress += waiting.len();
            if in_progress > 0 {
                break;
            }
        }
        assert!(in_progress > 0, "no two of them ever met");
        let body = challenge("2017-01-01", "2017-01-02");
        let calls = (0..6).map(|_| admin.post_as("made", CHALLENGES, &body));
        let answers = futures_util::future::join_all(calls).await;
        let made = answers.iter().filter(|answer| answer.status == 201);
        let ids: std::collections::BTreeSet<String> =
            made.map(|answer| answer.json()["id"].to_string()).collect();
        assert_eq!(ids.len(), 1);
        let all: Vec<Value> = admin.all(CHALLENGES, 10).await;
        assert_eq!(all.len(), 1);
    });
}
