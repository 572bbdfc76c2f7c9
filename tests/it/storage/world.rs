//! A few people over some days, so that every kind of row is stored, and what the server says of them.

use std::path::Path;

use serde_json::{Value, json};
use streakline::cli::client::{ClientError, Rest, Write};
use streakline_core::civil::{Day, MINUTE_MS};

use crate::harness::dump::{Dump, dump};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

pub(super) const CLOCK: &str = "virtual:2016-04-12T00:00:00Z";
const USERS: [&str; 6] = ["ann", "bob", "cleo", "dan", "eve", "finn"];
const DAYS: i32 = 5;
const MINUTES_A_DAY: i64 = 200;
const FROM: &str = "2016-04-12";
const TO: &str = "2016-04-18";
const DAY_MS: i64 = 86_400_000;

/// Midnight of that day after the clock's start, POSIX ms.
pub(super) fn midnight_ms(day: i32) -> i64 {
    Day::parse(FROM).unwrap().utc_ms() + i64::from(day) * DAY_MS
}

/// The device of the user of that number.
pub(super) fn device(user: usize) -> String {
    format!("5f2c4c1e-8f4e-5d0a-9a53-0000000000{user:02}")
}

fn users() -> Vec<String> {
    USERS.iter().map(|user| (*user).to_owned()).collect()
}

/// Users with goals in a challenge who walk every day; days close, tokens are posted.
pub(super) fn live(server: &Server) {
    block_on(async {
        let rest = server.rest();
        let window = json!({"clock": "user_local", "starts": FROM, "ends": "2016-04-30"});
        let body = json!({"title": "April", "type": "most", "metric": "steps", "window": window});
        let made = rest.post("/v1/challenges", &body, "made").await.unwrap();
        let challenge = format!("/v1/challenges/{}", made["id"].as_str().unwrap());
        let publish = format!("{challenge}/publish");
        rest.post(&publish, &json!({}), "published").await.unwrap();
        for user in USERS {
            make(&rest, &challenge, user).await;
        }
        for day in 0..DAYS {
            let evening_ms = midnight_ms(day) + 20 * 60 * MINUTE_MS;
            rest.move_clock(evening_ms).await.unwrap();
            for (number, user) in USERS.iter().enumerate() {
                walk(server, (number, user), day).await;
            }
        }
        rest.move_clock(midnight_ms(DAYS) + 12 * 60 * MINUTE_MS)
            .await
            .unwrap();
    });
}

async fn make(rest: &Rest, challenge: &str, user: &str) {
    let path = format!("/v1/users/{user}");
    rest.put(&path, Some(&json!({"zone": "UTC"})), Write::Create)
        .await
        .unwrap();
    let goal =
        json!({"metric": "steps", "period": "day", "kind": "static", "target": 500, "from": FROM});
    let goals = format!("{path}/goals/daily");
    rest.put(&goals, Some(&goal), Write::Create).await.unwrap();
    let enrolment = format!("{challenge}/enrolments/{user}");
    rest.put(&enrolment, None, Write::Plain).await.unwrap();
}

async fn walk(server: &Server, (number, user): (usize, &str), day: i32) {
    let now_ms = server.rest().clock().await.unwrap().now_ms;
    let (mut wire, _) = Wire::hello(server, user, &hello(&device(number), now_ms)).await;
    let first = u64::from(day.unsigned_abs()) * MINUTES_A_DAY.unsigned_abs() + 1;
    let steps: Vec<i64> = (0..MINUTES_A_DAY)
        .map(|minute| 1 + (minute * 7) % 11)
        .collect();
    wire.ack(&batch(first, midnight_ms(day) + 6 * 60 * MINUTE_MS, &steps))
        .await;
}

/// Everything that REST says.
pub(super) fn all(server: &Server) -> Dump {
    block_on(dump(&server.rest(), &users(), FROM, TO))
}

/// What became of one question after damage.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) same: usize,
    pub(super) refused: usize,
}

/// Asks all of `before` again: each answer is the same or a typed refusal.
#[track_caller]
pub(super) fn ask_again(server: &Server, before: &Dump, what: &str) -> Answers {
    let mut answers = Answers::default();
    let rest = server.rest();
    for (path, value) in before {
        let answer = block_on(async {
            match value {
                Value::Array(_) => rest.list(path).await.map(Value::Array),
                _ => rest.get(path).await,
            }
        });
        match answer {
            Ok(now) => {
                assert_eq!(&now, value, "{what}: {path}");
                answers.same += 1;
            }
            Err(error) => {
                assert!(is_typed(&error), "{what}: {path}: {error}");
                answers.refused += 1;
            }
        }
    }
    answers
}

fn is_typed(error: &ClientError) -> bool {
    matches!(error.code(), Some("store_unavailable" | "internal"))
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    // A folder of keys that others may read would be refused.
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The status and the text of `GET /readyz`.
pub(super) fn readiness(server: &Server) -> (u16, String) {
    block_on(readiness_of(server))
}

/// The same for who waits already.
pub(super) async fn readiness_of(server: &Server) -> (u16, String) {
    let answer = reqwest::get(format!("{}/readyz", server.url())).await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}
