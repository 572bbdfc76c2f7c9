//! History that is too old for the stream: an admin brings it, everybody sees it, and it never scores (domain.md 1.5).

use serde_json::{Value, json};
use streakline::cli::client::ClientError;
use streakline_core::civil::{Day, HOUR_MS, MINUTE_MS};

use crate::harness::{Server, TestStream, block_on};
use crate::stream::scene::goal;

const NOON: &str = "2016-04-13T12:00:00Z";
const WATCH: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
const OLD: &str = "2015-06-01";
const IMPORT: &str = "/v1/users/ann/import";

/// A minute at 8:00 of that date.
fn minute(id: u64, date: &str, steps: i64) -> Value {
    let start_ms = Day::parse(date).unwrap().utc_ms() + 8 * HOUR_MS;
    json!({"id": id.to_string(), "metric": "steps", "start_ms": start_ms, "end_ms": start_ms + MINUTE_MS,
        "value": steps, "method": "auto"})
}

fn body(records: &[Value]) -> Value {
    json!({"device_id": WATCH, "class": "watch", "records": records})
}

async fn day(server: &Server, date: &str) -> Value {
    let path = format!("/v1/users/ann/days/{date}");
    server.rest().get(&path).await.unwrap()
}

#[test]
fn an_import_is_shown_never_scores_and_is_there_after_a_crash() {
    let mut server = Server::virtual_at(NOON);
    let shown = block_on(async {
        goal(&server, "ann", "UTC", 100, "2016-04-13").await;
        let rest = server.rest();
        let records = [
            minute(1, OLD, 200),
            minute(2, "2016-04-13", 200),
            minute(3, "2016-03-14", 200),
            json!({"id": "4"}),
        ];
        let answer = rest.post(IMPORT, &body(&records), "first").await.unwrap();
        let code = |refused: &Value| refused["code"].as_str().unwrap().to_owned();
        let refused = answer["refused"].as_array().unwrap();
        let codes: Vec<String> = refused.iter().map(code).collect();
        assert_eq!(codes, ["too_new", "too_new", "bad_sample"], "{answer:#}");
        assert_eq!(
            (&answer["accepted"], &answer["user"]),
            (&json!(1), &json!("ann"))
        );
        let again = rest.post(IMPORT, &body(&records), "first").await.unwrap();
        assert_eq!(again, answer, "the same key, the same answer");
        let more = rest.post(IMPORT, &body(&records), "second").await.unwrap();
        assert_eq!(more["accepted"], 1, "known, and done with");
        let shown = day(&server, OLD).await;
        let numbers = ["display", "eligible", "scored", "records"].map(|name| shown[name].clone());
        assert_eq!(numbers, [200, 0, 0, 1].map(|number: i64| json!(number)));
        assert_eq!(shown["phase"], "archived");
        let events = rest.list("/v1/users/ann/events").await.unwrap();
        assert_eq!(events, [Value::Null; 0]);
        let balance = rest.get("/v1/users/ann/balance").await.unwrap();
        assert_eq!(
            (&balance["available_micro"], &balance["pending_micro"]),
            (&json!(0), &json!(0))
        );
        shown
    });
    server.kill_and_restart();
    block_on(async {
        assert_eq!(day(&server, OLD).await, shown);
        // The device is Ann's like any other.
        let (_, welcome) = TestStream::device(&server, "ann", WATCH).await;
        assert_eq!(welcome.resume_after.live, 0);
    });
}

#[test]
fn an_import_is_refused_whole_where_nobody_could_want_it() {
    let server = Server::virtual_at(NOON);
    block_on(async {
        goal(&server, "ann", "UTC", 100, "2016-04-13").await;
        let rest = server.rest();
        let code = |answer: Result<Value, ClientError>| answer.unwrap_err().to_string();
        let unknown = json!({"device_id": WATCH, "records": [minute(1, OLD, 1)]});
        let answer = rest.post(IMPORT, &unknown, "a").await;
        assert!(code(answer).contains("class"), "a device that nobody knows");
        let many: Vec<Value> = (0..32)
            .map(|n: i32| {
                minute(
                    u64::from(n.unsigned_abs()),
                    &Day::parse(OLD).unwrap().plus(n).iso(),
                    1,
                )
            })
            .collect();
        let answer = rest.post(IMPORT, &body(&many), "b").await;
        assert!(code(answer).contains("31 days"), "too many days at once");
        assert!(rest.post(IMPORT, &body(&many[..31]), "c").await.is_ok());
        let nobody = rest
            .post("/v1/users/bob/import", &body(&many[..1]), "d")
            .await;
        assert!(code(nobody).contains("no such user"), "an unknown user");
        goal(&server, "bob", "UTC", 100, "2016-04-13").await;
        let bound = rest
            .post("/v1/users/bob/import", &body(&many[..1]), "e")
            .await;
        assert!(
            code(bound).contains("another user"),
            "a device has one user"
        );
        let own = server
            .rest_of("ann")
            .post(IMPORT, &body(&many[..1]), "f")
            .await;
        assert!(
            code(own).contains("forbidden"),
            "only an admin brings history"
        );
    });
}
