//! Values at the edges of what can be written: numbers, nesting, ids, texts. Each gets an answer of its kind, and the socket goes on.

use serde_json::{Value, json};
use streakline::cli::client::Write;
use streakline_core::civil::MINUTE_MS;

use super::bystander::{Bystander, NOON_MS, shown};
use crate::harness::stream::batch;
use crate::harness::wire::{TEXT, hello};
use crate::harness::{Server, Wire, block_on, configured};
use crate::stream::scene::{challenge, goal};

const NOON: &str = "2016-04-13T12:00:00Z";
/// Every fault is answered; none of these tests is about how many there may be.
const FORGIVING: &str = "[limits]\nbad_frames_per_min = 10000\n";
const MALLORY: &str = "aaaaaaaa-8f4e-5d0a-9a53-0d7a5f3b2c11";
const HOUR_AGO_MS: i64 = NOON_MS - 60 * MINUTE_MS;
const INTEGER_MAX: u64 = (1 << 53) - 1;
const DEEP: usize = 10_000;

async fn mallory(server: &Server) -> Wire {
    Wire::hello(server, "mallory", &hello(MALLORY, NOON_MS))
        .await
        .0
}

/// What a text is answered with: the code of an error, the status and code of its first record, or the type of the answer.
async fn answer(wire: &mut Wire, text: &str) -> String {
    wire.send_frame(TEXT, text.as_bytes()).await;
    let is_answer = |frame: &Value| {
        let kind = frame["type"].as_str().unwrap();
        ["error", "ack", "pong", "subscribed"].contains(&kind)
    };
    let answer = wire.until("an answer", is_answer).await;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let first = &answer["results"][0];
    match (answer["type"].as_str().unwrap(), first) {
        ("error", _) => {
            assert_eq!(answer["fatal"], false, "{text:.200}");
            word(&answer["code"])
        }
        ("ack", Value::Null) => "accepted".into(),
        ("ack", first) if first["status"] == "rejected" => word(&first["code"]),
        ("ack", first) => word(&first["status"]),
        (other, _) => other.to_owned(),
    }
}

/// A batch of one record; `members` are put in its end and win over nothing.
fn one(seq: &str, id: &str, value: &str, members: &str) -> String {
    let end_ms = HOUR_AGO_MS + MINUTE_MS;
    format!(
        "{{\"type\":\"batch\",\"batch_id\":1,\"lane\":\"live\",\"first_seq\":{seq},\"records\":[{{\"id\":{id},\
         \"metric\":\"steps\",\"start_ms\":{HOUR_AGO_MS},\"end_ms\":{end_ms},\"value\":{value}{members}}}]}}"
    )
}

/// Asks all of these on one socket beside a bystander; afterwards the socket still takes a batch, and only that counted.
fn all_are_answered(cases: &[(String, &str)]) {
    let server = configured(NOON, FORGIVING);
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let mut wire = mallory(&server).await;
        for (text, wanted) in cases {
            let got = answer(&mut wire, text).await;
            let wanted: Vec<&str> = wanted.split('|').collect();
            assert!(
                wanted.contains(&got.as_str()),
                "{got}, not {wanted:?}: {text:.300}"
            );
        }
        bystander.goes_on().await;
        let (mut again, welcome) = Wire::hello(&server, "mallory", &hello(MALLORY, NOON_MS)).await;
        let next = welcome["resume_after"]["live"].as_u64().unwrap() + 1;
        let before = shown(&server, "mallory").await;
        let ack = again
            .ack(&batch(next, HOUR_AGO_MS + 30 * MINUTE_MS, &[100]))
            .await;
        assert_eq!(ack["results"], json!([]));
        assert_eq!(shown(&server, "mallory").await, before + 100);
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn sequence_numbers_at_the_edges_of_their_range_are_judged_exactly() {
    let (max, beyond) = (INTEGER_MAX.to_string(), (INTEGER_MAX + 1).to_string());
    let full: Vec<Value> = (0..500).map(|_| json!({})).collect();
    let overflowing = json!({"type": "batch", "batch_id": 1, "lane": "live", "first_seq": INTEGER_MAX,
        "records": full});
    let seq = |seq: &str| one(seq, "1", "10", "");
    let id = |id: &str| format!("{{\"type\":\"ping\",\"id\":{id}}}");
    let since = |offset: &str| {
        format!(
            "{{\"type\":\"subscribe\",\"id\":{max},\"topic\":\"board/01960000-0000-7000-8000-000000000001\",\
             \"view\":{{\"top\":10}},\"since\":{{\"epoch\":\"b1\",\"offset\":{offset}}}}}"
        )
    };
    all_are_answered(&[
        (seq("0"), "bad_frame"),
        (seq("-1"), "bad_frame"),
        (seq("2"), "seq_gap"),
        (seq(&max), "seq_gap"),
        (seq(&beyond), "bad_frame"),
        (seq("18446744073709551615"), "bad_frame"),
        (seq("18446744073709551616"), "bad_frame"),
        (seq("1.0"), "bad_frame"),
        (seq("1e0"), "bad_frame"),
        (seq("\"1\""), "bad_frame"),
        (seq("null"), "bad_frame"),
        (overflowing.to_string(), "seq_gap"),
        (id("0"), "pong"),
        (id(&max), "pong"),
        (id(&beyond), "bad_frame"),
        (id("-0"), "bad_frame"),
        (since("0"), "not_found"),
        (since(&max), "not_found"),
        (since(&beyond), "bad_frame"),
        (seq("1"), "accepted"),
        (seq("1"), "duplicate"),
    ]);
}

#[test]
fn numbers_that_no_machine_holds_are_refused_alone_and_small_oddities_are_numbers() {
    let value = |value: &str| one("1", "\"77\"", value, "");
    let digits = "9".repeat(400);
    let zeros = format!("0.{}1", "0".repeat(400));
    all_are_answered(&[
        (value("1e400"), "bad_sample"),
        (value("-1e400"), "bad_sample"),
        (value("1e-400"), "bad_sample"),
        (value("1e99999999999999999999"), "bad_sample"),
        (value(&digits), "range"),
        (value(&format!("-{digits}")), "range"),
        (value(&format!("1e9{digits}")), "bad_sample"),
        (value("1e9"), "range"),
        (value("NaN"), "bad_json"),
        (value("Infinity"), "bad_json"),
        (value("0x10"), "bad_json"),
        (value("010"), "bad_json"),
        (value("+1"), "bad_json"),
        (value(".5"), "bad_json"),
        (value("1."), "bad_json"),
        (one("1e400", "1", "1", ""), "bad_frame"),
        (one("1", "1", "1", ",\"offset_s\":1e400"), "bad_sample"),
        (
            one("1", "1", "1", ",\"offset_s\":9007199254740991"),
            "bad_sample",
        ),
        (one("1", "1", "1", ",\"version\":1e400"), "bad_sample"),
        (value("-0"), "accepted"),
        (one("1", "78", &zeros, ""), "accepted|stale_version"),
        (one("1", "79", "0e-9", ""), "accepted|stale_version"),
    ]);
}

#[test]
fn json_nested_ten_thousand_deep_is_answered_and_not_followed() {
    let array = "[".repeat(DEEP) + &"]".repeat(DEEP);
    let object = "{\"x\":".repeat(5_000) + "1" + &"}".repeat(5_000);
    let ping = |name: &str, deep: &str| format!("{{\"type\":\"ping\",\"{name}\":{deep}}}");
    let mut cases = vec![("[".repeat(DEEP), "bad_json|bad_frame")];
    for deep in [&array, &object] {
        cases.extend([
            (deep.clone(), "bad_json|bad_frame"),
            (format!("{{\"type\":{deep}}}"), "bad_json|bad_frame"),
            (ping("id", deep), "bad_json|bad_frame"),
            // An unknown field is skipped, however deep it is.
            (format!("{{\"type\":\"ping\",\"id\":1,\"x\":{deep}}}"), "pong"),
            (one("1", "1", deep, ""), "bad_sample|bad_json"),
            (one("1", deep, "1", ""), "bad_sample|bad_json"),
            (
                format!(
                    "{{\"type\":\"batch\",\"batch_id\":1,\"lane\":\"live\",\"first_seq\":1,\"records\":{deep}}}"
                ),
                "bad_sample|bad_frame|bad_json",
            ),
            (
                format!("{{\"type\":\"subscribe\",\"id\":1,\"topic\":\"x\",\"view\":{deep}}}"),
                "bad_frame|bad_json|not_found",
            ),
        ]);
    }
    all_are_answered(&cases);
}

#[test]
fn doubled_names_lone_surrogates_and_nul_are_faults_of_the_frame_or_the_record() {
    let ping = |rest: &str| format!("{{\"type\":\"ping\",{rest}}}");
    all_are_answered(&[
        (ping("\"id\":1,\"id\":2"), "bad_frame"),
        (ping("\"type\":\"auth\",\"id\":1"), "bad_frame"),
        (one("1", "1", "1", ",\"value\":2"), "bad_sample"),
        (one("1", "1", "1", ",\"id\":2"), "bad_sample"),
        (ping("\"id\":1,\"x\":\"\\ud800\""), "pong|bad_json"),
        ("{\"type\":\"\\ud800\"}".into(), "bad_frame|bad_json"),
        (
            one("1", "\"\\udfff\\ud800\"", "1", ""),
            "bad_sample|bad_json",
        ),
        (one("1", "\"\\u0000\"", "1", ""), "bad_sample"),
        (
            one("1", "1", "1", ",\"unit\":\"\\ud800\""),
            "bad_sample|bad_json",
        ),
        (one("1", "1", "1", ",\"unit\":\"\\u0000\""), "bad_unit"),
        ("{\"type\":\"ping\",\"id\":1\0}".into(), "bad_json"),
        ("\0".into(), "bad_json"),
        ("{\"type\":\"pi\0ng\",\"id\":1}".into(), "bad_json"),
        ("\u{feff}{\"type\":\"ping\",\"id\":1}".into(), "bad_json"),
        (
            "{\"type\":\"ping\",\"id\":1}{\"type\":\"ping\",\"id\":2}".into(),
            "bad_json",
        ),
        ("{\"type\":\"p\\u0069ng\",\"id\":1}".into(), "pong"),
    ]);
}

#[test]
fn record_ids_are_uuids_or_64_bits_and_nothing_else() {
    let id = |id: &str| one("1", &format!("\"{id}\""), "10", "");
    all_are_answered(&[
        (id(&"x".repeat(64)), "bad_sample"),
        (id(&"\u{202e}".repeat(64)), "bad_sample"),
        (id(&"9".repeat(64)), "bad_sample"),
        (id(""), "bad_sample"),
        (id(" 1"), "bad_sample"),
        (id("-1"), "bad_sample"),
        (id("+1"), "bad_sample"),
        (id("\u{661}\u{662}"), "bad_sample"),
        (id("18446744073709551616"), "bad_sample"),
        (one("1", "9007199254740992", "10", ""), "bad_sample"),
        (one("1", "-1", "10", ""), "bad_sample"),
        (id("18446744073709551615"), "accepted"),
    ]);
}

#[test]
fn names_of_64_odd_characters_are_names_and_one_more_is_none() {
    let server = configured(NOON, FORGIVING);
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let odd = ["::::", "----", "____", ".:_-", "-.A0"].map(|part| part.repeat(16));
        let users: Vec<&str> = odd.iter().map(String::as_str).collect();
        let board = challenge(&server, &users).await;
        for (number, user) in odd.iter().enumerate() {
            let device = format!("aaaaaaaa-8f4e-5d0a-9a53-{number:012}");
            let (mut wire, welcome) = Wire::hello(&server, user, &hello(&device, NOON_MS)).await;
            assert_eq!(welcome["user"], user.as_str());
            wire.ack(&batch(1, NOON_MS - MINUTE_MS, &[100])).await;
            assert_eq!(shown(&server, user).await, 100);
            let path = format!("/v1/challenges/{board}/leaderboard/{user}");
            assert!(server.rest().get(&path).await.is_ok(), "{user}");
            let rest = server.rest();
            let daily = json!({"metric": "steps", "period": "day", "kind": "static", "target": 50});
            let path = format!("/v1/users/{user}/goals/{user}");
            assert!(rest.put(&path, Some(&daily), Write::Create).await.unwrap());
            let listed = rest.list(&format!("/v1/users/{user}/goals")).await.unwrap();
            assert_eq!(listed[0]["goal"], user.as_str());
            bystander.goes_on().await;
        }
        goal(&server, "carl", "UTC", 10, "2016-04-13").await;
        for user in [
            "x".repeat(65),
            "ann bob".into(),
            "ann/bob".into(),
            "änn".into(),
        ] {
            let refused = Wire::upgrade(&server, &server.token(&user)).await.err();
            let (status, problem) = refused.unwrap();
            assert_eq!(
                (status, &problem["code"]),
                (401, &json!("unauthenticated")),
                "{user}"
            );
        }
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}
