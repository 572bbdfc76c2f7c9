//! Texts that are not frames, frames that make no sense, and records that cannot be.

use serde_json::{Value, json};
use streakline_core::civil::{DAY_MS, MINUTE_MS};

use super::bystander::{Bystander, NOON_MS, server, shown};
use crate::harness::stream::batch;
use crate::harness::wire::{TEXT, hello};
use crate::harness::{Wire, block_on};

const MALLORY: &str = "aaaaaaaa-8f4e-5d0a-9a53-0d7a5f3b2c11";
const HOUR_AGO_MS: i64 = NOON_MS - 60 * MINUTE_MS;

/// What is sent, and the code of its error.
const BAD_FRAMES: [(&str, &str); 17] = [
    ("", "bad_json"),
    ("hello there", "bad_json"),
    (r#"{"type":"ping""#, "bad_json"),
    (
        r#"{"type":"batch","first_seq":1,"records":[{"value":NaN}]}"#,
        "bad_json",
    ),
    ("[]", "bad_frame"),
    ("null", "bad_frame"),
    ("17", "bad_frame"),
    ("{}", "bad_frame"),
    (r#"{"type":5}"#, "bad_frame"),
    (r#"{"type":"ping"}"#, "bad_frame"),
    (r#"{"type":"ping","id":-1}"#, "bad_frame"),
    (r#"{"type":"auth"}"#, "bad_frame"),
    (r#"{"type":"subscribe","id":1}"#, "bad_frame"),
    (r#"{"type":"batch","batch_id":1}"#, "bad_frame"),
    (
        r#"{"type":"batch","batch_id":1,"lane":"live","first_seq":1,"records":{}}"#,
        "bad_frame",
    ),
    (r#"{"type":"dance"}"#, "unknown_type"),
    (r#"{"type":"WELCOME"}"#, "unknown_type"),
];

#[test]
fn every_bad_frame_gets_its_code_and_the_socket_goes_on() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let (mut wire, _) = Wire::hello(&server, "mallory", &hello(MALLORY, NOON_MS)).await;
        for (text, code) in BAD_FRAMES {
            wire.send_frame(TEXT, text.as_bytes()).await;
            let error = wire.expect("error").await;
            assert_eq!(
                (&error["code"], &error["fatal"]),
                (&json!(code), &json!(false)),
                "{text}"
            );
            bystander.goes_on().await;
        }
        wire.ack(&batch(1, HOUR_AGO_MS, &[100])).await;
        assert_eq!(shown(&server, "mallory").await, 100);
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn the_twentieth_bad_frame_of_a_minute_is_the_last() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let (mut wire, _) = Wire::hello(&server, "mallory", &hello(MALLORY, NOON_MS)).await;
        wire.ack(&batch(1, HOUR_AGO_MS, &[100])).await;
        for _ in 0..30 {
            wire.send_frame(TEXT, b"noise").await;
        }
        assert_eq!(wire.closed().await.code, 4400);
        let errors = wire.seen.iter().filter(|frame| frame["code"] == "bad_json");
        assert_eq!(errors.count(), 20);
        bystander.goes_on().await;
        assert_eq!(
            shown(&server, "mallory").await,
            100,
            "what was acknowledged stays"
        );
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn every_impossible_record_is_refused_alone_with_its_code() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let (mut wire, _) = Wire::hello(&server, "mallory", &hello(MALLORY, NOON_MS)).await;
        let start_ms = HOUR_AGO_MS;
        let record = |members: Value| {
            let mut record = json!({"id": "9", "metric": "steps", "start_ms": start_ms,
                "end_ms": start_ms + MINUTE_MS, "value": 10});
            for (name, value) in members.as_object().unwrap() {
                record[name.as_str()] = value.clone();
            }
            record
        };
        let spans =
            |start_ms: i64| record(json!({"start_ms": start_ms, "end_ms": start_ms + MINUTE_MS}));
        let cases = [
            (record(json!({"value": -4})), "range"),
            (record(json!({"value": 1_000_001})), "range"),
            (record(json!({"metric": "mood"})), "unknown_metric"),
            (record(json!({"metric": "heart_rate"})), "bad_sample"),
            (record(json!({"unit": "miles"})), "bad_unit"),
            (spans(NOON_MS - 31 * DAY_MS), "too_old"),
            (spans(0), "too_old"),
            (spans(NOON_MS + 2 * MINUTE_MS), "future"),
            (spans(NOON_MS + 4_000 * DAY_MS), "future"),
            (record(json!({"end_ms": start_ms + DAY_MS + 1})), "overlong"),
            (record(json!({"end_ms": start_ms})), "bad_sample"),
            (record(json!({"value": "10"})), "bad_sample"),
            (record(json!({"value": null})), "bad_sample"),
            (record(json!({"id": "no id"})), "bad_sample"),
            (record(json!({"id": -1})), "bad_sample"),
            (record(json!({"deleted": "yes"})), "bad_sample"),
            (record(json!({"start_ms": "noon"})), "bad_sample"),
            (json!("record"), "bad_sample"),
            (json!(null), "bad_sample"),
        ];
        for (seq, (bad, code)) in (1_u64..).step_by(2).zip(cases) {
            let good_ms = start_ms + seq.cast_signed() * MINUTE_MS;
            let good = record(json!({"id": (1_000 + seq).to_string(), "start_ms": good_ms,
                "end_ms": good_ms + MINUTE_MS}));
            let both = json!({"type": "batch", "batch_id": seq, "lane": "live", "first_seq": seq,
                "records": [bad, good]});
            let ack = wire.ack(&both).await;
            let told = &ack["results"][0];
            let told = (&told["seq"], &told["status"], &told["code"]);
            assert_eq!(
                told,
                (&json!(seq), &json!("rejected"), &json!(code)),
                "{bad}"
            );
            assert_eq!(ack["results"].as_array().unwrap().len(), 1, "{ack}");
            bystander.goes_on().await;
        }
        assert_eq!(shown(&server, "mallory").await, 190, "the 19 good records");
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn whoever_does_not_begin_with_hello_is_closed() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let silent = Wire::upgrade(&server, &server.token("mallory"))
            .await
            .unwrap();
        for first in [
            batch(1, HOUR_AGO_MS, &[100]),
            json!({"type": "ping", "id": 1}),
            json!({"type": "auth", "token": server.token("mallory")}),
            json!({"type": "subscribe", "id": 1, "topic": "board/01960000-0000-7000-8000-000000000001",
                "view": {"top": 10}}),
        ] {
            let mut wire = Wire::upgrade(&server, &server.token("mallory"))
                .await
                .unwrap();
            let error = wire.error(&first).await;
            assert_eq!(
                (&error["code"], &error["fatal"]),
                (&json!("hello_expected"), &json!(true))
            );
            let closed = wire.closed().await;
            assert_eq!(
                (closed.code, &closed.reason["code"]),
                (4400, &json!("hello_expected"))
            );
            bystander.goes_on().await;
        }
        let mut silent = silent;
        assert_eq!(
            silent.closed().await.code,
            4400,
            "nothing came within the time for it"
        );
        bystander.goes_on().await;
        bystander.has_lost_nothing(&server).await;
    });
}
