//! What the tests of the stream have in common: a day, a few people, and how a frame is compared with its fixture.

use serde_json::{Map, Value, json};
use streakline::cli::client::Write;
use streakline_core::civil::{Day, HOUR_MS, MINUTE_MS};

use crate::harness::wire::hello;
use crate::harness::{Server, Wire, fixture};

/// Where most tests stand.
pub(super) const NOON: &str = "2016-04-13T12:00:00Z";
pub(super) const TODAY: &str = "2016-04-13";
pub(super) const WATCH: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
pub(super) const PHONE: &str = "0d7a5f3b-8f4e-5d0a-9a53-5f2c4c1e2c11";
pub(super) const QUEUE: &str = "9b0f3c52-6a52-4f41-8a3a-6f1c54c0a7b7";

/// An instant of that day in UTC, POSIX ms.
pub(super) fn at(hour: i64, minute: i64) -> i64 {
    Day::parse(TODAY).unwrap().utc_ms() + hour * HOUR_MS + minute * MINUTE_MS
}

/// A server at noon.
pub(super) fn server() -> Server {
    Server::virtual_at(NOON)
}

/// A device of `user` in UTC whose clock is right.
pub(super) async fn device(server: &Server, user: &str, device: &str) -> (Wire, Value) {
    let now_ms = server.rest().clock().await.unwrap().now_ms;
    Wire::hello(server, user, &hello(device, now_ms)).await
}

/// A viewer of `user` that has seen nothing yet.
pub(super) async fn viewer(server: &Server, user: &str) -> (Wire, Value) {
    Wire::hello(server, user, &json!({"type": "hello"})).await
}

/// A viewer that has seen the events up to `after_seq`.
pub(super) async fn returning(
    server: &Server,
    user: &str,
    epoch: &Value,
    after_seq: u64,
) -> (Wire, Value) {
    let seen = json!({"epoch": epoch, "after_seq": after_seq});
    Wire::hello(server, user, &json!({"type": "hello", "events": seen})).await
}

/// A record of one minute.
pub(super) fn minute(id: u64, start_ms: i64, steps: i64) -> Value {
    json!({"id": id.to_string(), "metric": "steps", "start_ms": start_ms, "end_ms": start_ms + MINUTE_MS,
        "value": steps, "method": "auto"})
}

/// A batch of the lane `live`; its id is its first number.
pub(crate) fn records(first_seq: u64, records: &[Value]) -> Value {
    json!({"type": "batch", "batch_id": first_seq, "lane": "live", "first_seq": first_seq, "records": records})
}

/// The same value with other members.
pub(crate) fn with(value: &Value, members: Value) -> Value {
    let mut all: Map<String, Value> = value.as_object().unwrap().clone();
    let Value::Object(members) = members else {
        panic!("{members} is no object")
    };
    all.extend(members);
    Value::Object(all)
}

/// What REST says of a user's day.
pub(super) async fn day(server: &Server, user: &str, date: &str) -> Value {
    let path = format!("/v1/users/{user}/days/{date}");
    server.rest().get(&path).await.unwrap()
}

/// What is shown and what counts of a user's day.
pub(super) async fn totals(server: &Server, user: &str) -> (i64, i64) {
    let day = day(server, user, TODAY).await;
    (
        day["display"].as_i64().unwrap(),
        day["eligible"].as_i64().unwrap(),
    )
}

/// A user in `zone` with one goal that holds from `from` on.
pub(crate) async fn goal(server: &Server, user: &str, zone: &str, target: i64, from: &str) {
    let rest = server.rest();
    let path = format!("/v1/users/{user}");
    let zone = json!({ "zone": zone });
    rest.put(&path, Some(&zone), Write::Create).await.unwrap();
    let goal = json!({"metric": "steps", "period": "day", "kind": "static", "target": target, "from": from});
    let path = format!("{path}/goals/steps-{target}");
    assert!(rest.put(&path, Some(&goal), Write::Create).await.unwrap());
}

/// An open challenge over today and tomorrow that `users` have joined.
pub(crate) async fn challenge(server: &Server, users: &[&str]) -> String {
    let rest = server.rest();
    let window = json!({"clock": "user_local", "starts": TODAY, "ends": "2016-04-14"});
    let body = json!({"title": "Two days", "type": "most", "metric": "steps", "window": window});
    let made = rest
        .post("/v1/challenges", &body, "challenge")
        .await
        .unwrap();
    let id = made["id"].as_str().unwrap().to_owned();
    let publish = format!("/v1/challenges/{id}/publish");
    rest.post(&publish, &json!({}), "publish").await.unwrap();
    for user in users {
        let (path, zone) = (format!("/v1/users/{user}"), json!({"zone": "UTC"}));
        rest.put(&path, Some(&zone), Write::Create).await.unwrap();
        let path = format!("/v1/challenges/{id}/enrolments/{user}");
        assert!(rest.put(&path, None, Write::Plain).await.unwrap());
    }
    id
}

/// Fails unless `frame` has the members and the types of the fixture of that name.
#[track_caller]
pub(super) fn assert_shape(frame: &Value, name: &str) {
    let path = fixture(&format!("tests/fixtures/frames-v1/server/{name}.json"));
    let example: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let found = differences(frame, &example, "");
    assert!(found.is_empty(), "{name}: {found:?}\n{frame:#}");
}

fn differences(value: &Value, example: &Value, at: &str) -> Vec<String> {
    match (value, example) {
        (Value::Object(value), Value::Object(example)) => {
            let names = |map: &Map<String, Value>| {
                let mut names: Vec<String> = map.keys().cloned().collect();
                names.sort();
                names
            };
            if names(value) != names(example) {
                let (got, want) = (names(value), names(example));
                return vec![format!("{at}: {got:?} are not {want:?}")];
            }
            let both = value
                .iter()
                .map(|(name, value)| (name, value, &example[name]));
            both.flat_map(|(name, value, example)| {
                differences(value, example, &format!("{at}/{name}"))
            })
            .collect()
        }
        (Value::Array(values), Value::Array(examples)) => {
            let against = |value| differences(value, &examples[0], &format!("{at}[]"));
            values.iter().flat_map(against).collect()
        }
        // What may be null is null in one of them.
        (Value::Null, _) | (_, Value::Null) => vec![],
        (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_))
        | (Value::Bool(_), Value::Bool(_)) => vec![],
        _ => vec![format!("{at}: {value} is not like {example}")],
    }
}
