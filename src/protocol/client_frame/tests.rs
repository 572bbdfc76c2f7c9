//! Every client frame of the protocol's text, every way to get one wrong, and bytes at random.

use proptest::prelude::*;
use serde_json::json;
use streakline_core::{
    id::RecordId,
    sample::{Method, RecordCode, RecordRefusal},
};

use super::*;
use crate::protocol::example::{self, fixture};

const MAX_RECORDS: usize = 500;

fn decode_fixture(name: &str) -> ClientFrame {
    decode(&fixture(&format!("client/{name}")), MAX_RECORDS).unwrap()
}

fn refused(frame: serde_json::Value) -> Refused {
    decode(&frame.to_string(), MAX_RECORDS).unwrap_err()
}

fn pointer(refused: &Refused) -> Option<&str> {
    refused
        .refusal
        .faults
        .first()
        .map(|fault| fault.pointer.as_str())
}

fn records(text: &str) -> Vec<Result<streakline_core::record::Record, RecordRefusal>> {
    let frame =
        format!(r#"{{"type":"batch","batch_id":1,"lane":"live","first_seq":1,"records":{text}}}"#);
    match decode(&frame, MAX_RECORDS).unwrap() {
        ClientFrame::Batch(batch) => batch.records,
        other => panic!("a batch became {other:?}"),
    }
}

/// A good record with some fields replaced; a null removes one.
fn record_with(
    changes: serde_json::Value,
) -> Result<streakline_core::record::Record, RecordRefusal> {
    let mut record = json!({"id": "1", "metric": "steps", "start_ms": 0, "end_ms": 60000,
        "value": 87});
    for (key, value) in changes.as_object().unwrap() {
        record[key] = value.clone();
    }
    records(&json!([record]).to_string()).remove(0)
}

#[test]
fn a_hello_is_read_with_all_its_parts() {
    let ClientFrame::Hello(hello) = decode_fixture("hello") else {
        panic!("not a hello");
    };
    let device = hello.device.unwrap();
    assert_eq!(
        device.device.to_string(),
        "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11"
    );
    assert_eq!(
        device.outbox.to_string(),
        "9b0f3c52-6a52-4f41-8a3a-6f1c54c0a7b7"
    );
    assert_eq!(device.class.unwrap().name(), "watch");
    assert_eq!(device.vendor.as_deref(), Some("fitbit"));
    assert_eq!(device.model.as_deref(), Some("charge"));
    assert_eq!(hello.zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(hello.client_time_ms, Some(1_460_505_600_000));
    assert_eq!(hello.events, Some(("k3v9".into(), 41)));
}

#[test]
fn a_viewer_says_hello_without_a_device() {
    let ClientFrame::Hello(hello) = decode_fixture("hello_viewer") else {
        panic!("not a hello");
    };
    assert_eq!((hello.device, hello.events), (None, None));
}

#[test]
fn a_batch_keeps_refused_records_in_their_place() {
    let ClientFrame::Batch(batch) = decode_fixture("batch") else {
        panic!("not a batch");
    };
    assert_eq!(
        (batch.batch_id, batch.lane, batch.first_seq),
        (18, Lane::Live, 171)
    );
    let [first, second, third] = batch.records.as_slice() else {
        panic!("not three records");
    };
    let first = first.as_ref().unwrap();
    assert_eq!(first.id, RecordId::Number(8812));
    assert_eq!((first.value(), first.offset_s), (Some(87), Some(7200)));
    assert_eq!((first.method, first.worn), (Method::Auto, Some(true)));
    let detail = "steps -4 is outside 0..1000000";
    let wanted = RecordRefusal::new(RecordCode::Range, detail);
    assert_eq!(second, &Err(wanted));
    let third = third.as_ref().unwrap();
    assert_eq!(
        (third.method, third.worn, third.version),
        (Method::Unknown, None, 1)
    );
}

#[test]
fn small_frames_are_read() {
    let wanted = Subscribe {
        id: 7,
        challenge: example::challenge(),
        view: View::Top(10),
        segment: None,
        deltas: false,
        since: Some(Since {
            epoch: "b1".into(),
            offset: 880,
        }),
    };
    assert_eq!(decode_fixture("subscribe"), ClientFrame::Subscribe(wanted));
    assert_eq!(
        decode_fixture("unsubscribe"),
        ClientFrame::Unsubscribe { id: 7 }
    );
    assert_eq!(decode_fixture("ping"), ClientFrame::Ping { id: 1 });
    let token = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl".into();
    assert_eq!(decode_fixture("auth"), ClientFrame::Auth { token });
}

#[test]
fn what_is_not_json_is_bad_json() {
    let nan =
        r#"{"type":"batch","batch_id":1,"lane":"live","first_seq":1,"records":[{"value":NaN}]}"#;
    for text in [
        "",
        "hello",
        "{",
        r#"{"type":"ping"}}"#,
        r#"{"type":"ping","id":01}"#,
        nan,
    ] {
        let refused = decode(text, MAX_RECORDS).unwrap_err();
        assert_eq!(refused.refusal.code, Code::BadJson, "{text}");
    }
}

#[test]
fn a_frame_that_is_one_long_text_is_refused_in_few_words() {
    let long = json!("x".repeat(60_000)).to_string();
    for text in [&long, r#"["ping",1,1]"#, r#"{"id":1,"id":2}"#] {
        let refusal = decode(text, MAX_RECORDS).unwrap_err().refusal;
        let few = refusal.detail.len() < 100;
        assert_eq!((refusal.code, few), (Code::BadFrame, true), "{text:.20}");
    }
}

#[test]
fn a_wrong_shape_is_told_with_its_place() {
    let batch = |change: &str, value: serde_json::Value| {
        let mut frame = json!({"type": "batch", "batch_id": 3, "lane": "live", "first_seq": 1,
            "records": [{}]});
        frame[change] = value;
        frame
    };
    let device = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
    for (frame, place) in [
        (json!([]), ""),
        (json!({}), "/type"),
        (json!({"type": 1}), "/type"),
        (json!({"type": "ping"}), "/id"),
        (json!({"type": "ping", "id": -1}), "/id"),
        (
            json!({"type": "ping", "id": 9_007_199_254_740_992_u64}),
            "/id",
        ),
        (json!({"type": "ping", "id": 1.5}), "/id"),
        (json!({"type": "auth", "token": ""}), "/token"),
        (json!({"type": "unsubscribe", "id": "7"}), "/id"),
        (json!({"type": "subscribe", "id": 1}), "/topic"),
        (
            json!({"type": "subscribe", "id": 1, "topic": "x", "view": []}),
            "/view",
        ),
        (
            json!({"type": "subscribe", "id": 1, "topic": "x", "view": {"top": 0}}),
            "/view/top",
        ),
        (
            json!({"type": "subscribe", "id": 1, "topic": "x", "view": {"top": 1001}}),
            "/view/top",
        ),
        (
            json!({"type": "subscribe", "id": 1, "topic": "x", "since": {}}),
            "/since/epoch",
        ),
        (json!({"type": "hello", "device_id": "x"}), "/device_id"),
        (json!({"type": "hello", "device_id": device}), "/outbox_id"),
        (json!({"type": "hello", "outbox_id": device}), "/device_id"),
        (json!({"type": "hello", "zone": "x".repeat(65)}), "/zone"),
        (
            json!({"type": "hello", "client_time_ms": "now"}),
            "/client_time_ms",
        ),
        (
            json!({"type": "hello", "events": {"epoch": "a"}}),
            "/events/after_seq",
        ),
        (
            json!({"type": "hello", "device_id": device, "outbox_id": device, "class": "toaster"}),
            "/class",
        ),
        (batch("batch_id", json!(null)), "/batch_id"),
        (batch("first_seq", json!(null)), "/first_seq"),
        (batch("first_seq", json!(0)), "/first_seq"),
        (batch("lane", json!("fast")), "/lane"),
        (batch("records", json!([])), "/records"),
        (batch("records", json!({})), "/records"),
    ] {
        let refused = refused(frame.clone());
        assert_eq!(refused.refusal.code, Code::BadFrame, "{frame}");
        assert_eq!(pointer(&refused), Some(place), "{frame}");
    }
}

#[test]
fn a_refusal_echoes_what_it_can_read() {
    let batch = refused(json!({"type": "batch", "batch_id": 19, "lane": "live"}));
    assert_eq!((batch.batch_id, batch.id), (Some(19), None));
    let topic = refused(json!({"type": "subscribe", "id": 7, "topic": "weather"}));
    assert_eq!(topic.refusal.code, Code::NotFound);
    assert_eq!((topic.batch_id, topic.id), (None, Some(7)));
    let unknown = refused(json!({"type": "dance", "id": 8}));
    assert_eq!(unknown.refusal.code, Code::UnknownType);
    assert_eq!(unknown.id, Some(8));
}

#[test]
fn a_batch_with_too_many_records_is_refused_whole() {
    let frame = json!({"type": "batch", "batch_id": 1, "lane": "live", "first_seq": 1,
        "records": [{}, {}, {}]});
    let refused = decode(&frame.to_string(), 2).unwrap_err();
    assert_eq!(refused.refusal.code, Code::BatchTooLarge);
    assert_eq!(refused.batch_id, Some(1));
}

#[test]
fn unknown_fields_and_nulls_are_ignored() {
    let frame = json!({"type": "hello", "device_id": null, "mood": {"deep": [1, 2]}, "zone": null});
    assert!(decode(&frame.to_string(), MAX_RECORDS).is_ok());
    assert!(record_with(json!({"mood": "x", "method": null, "unit": "{steps}"})).is_ok());
    assert!(record_with(json!({"class": "delta", "version": 1, "deleted": false})).is_ok());
}

#[test]
fn a_record_is_refused_alone_and_for_the_first_fault_in_order() {
    let day_ms = 86_400_000;
    for (changes, code) in [
        (json!({"id": null}), RecordCode::BadSample),
        (json!({"id": "007"}), RecordCode::BadSample),
        (json!({"id": -1}), RecordCode::BadSample),
        (
            json!({"id": 9_007_199_254_740_992_u64}),
            RecordCode::BadSample,
        ),
        (json!({"version": 4_294_967_296_u64}), RecordCode::BadSample),
        (json!({"version": 0}), RecordCode::BadSample),
        (json!({"deleted": "yes"}), RecordCode::BadSample),
        (json!({"metric": 7}), RecordCode::BadSample),
        (json!({"class": "gauge"}), RecordCode::BadSample),
        (json!({"start_ms": 1.5}), RecordCode::BadSample),
        (json!({"end_ms": null}), RecordCode::BadSample),
        (json!({"end_ms": 0}), RecordCode::BadSample),
        (
            json!({"offset_s": 3_000_000_000_u64}),
            RecordCode::BadSample,
        ),
        (json!({"value": null}), RecordCode::BadSample),
        (json!({"value": "87"}), RecordCode::BadSample),
        (json!({"method": "guessed"}), RecordCode::BadSample),
        (json!({"worn": 1}), RecordCode::BadSample),
        (
            json!({"method": "guessed", "metric": "mood"}),
            RecordCode::BadSample,
        ),
        (
            json!({"metric": "mood", "unit": "x", "end_ms": null}),
            RecordCode::UnknownMetric,
        ),
        (
            json!({"unit": "km", "end_ms": day_ms + 1}),
            RecordCode::BadUnit,
        ),
        (
            json!({"end_ms": day_ms + 1, "value": -1}),
            RecordCode::Overlong,
        ),
        (json!({"value": -1}), RecordCode::Range),
        (json!({"value": 1_000_001}), RecordCode::Range),
    ] {
        let refusal = record_with(changes.clone()).unwrap_err();
        assert_eq!(refusal.code, code, "{changes}: {}", refusal.detail);
    }
    let odd = records(r#"[7, null, "x", [], {"id":"1","id":"2"}]"#);
    let bad_samples = odd.iter().filter(|record| {
        record
            .as_ref()
            .is_err_and(|refusal| refusal.code == RecordCode::BadSample)
    });
    assert_eq!(bad_samples.count(), 5);
}

#[test]
fn values_are_exact_decimals() {
    let value = |text: &str| {
        let record =
            format!(r#"[{{"id":1,"metric":"steps","start_ms":0,"end_ms":60000,"value":{text}}}]"#);
        let read = records(&record).remove(0);
        read.map(|record| record.value().unwrap())
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(value("87"), Ok(87));
    assert_eq!(value("0.5"), Ok(1));
    assert_eq!(value("-0.4"), Ok(0));
    assert_eq!(value("1.5e1"), Ok(15));
    assert_eq!(value("1e6"), Ok(1_000_000));
    assert_eq!(value("1e10"), Err(RecordCode::BadSample));
    assert_eq!(value("1e-99999999999"), Err(RecordCode::BadSample));
    assert_eq!(value("99999999999999999999"), Err(RecordCode::Range));
    assert_eq!(value("-99999999999999999999"), Err(RecordCode::Range));
}

#[test]
fn ids_are_uuids_or_numbers_in_either_form() {
    let id = |id: serde_json::Value| record_with(json!({ "id": id })).unwrap().id;
    assert_eq!(id(json!(8812)), id(json!("8812")));
    assert_eq!(
        id(json!("18446744073709551615")),
        RecordId::Number(u64::MAX)
    );
    let uuid = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
    assert_eq!(id(json!(uuid)).to_string(), uuid);
}

#[test]
fn escaped_names_and_texts_are_read_like_plain_ones() {
    let text = r#"{"\u0074ype":"\u0070ing","id":1}"#;
    assert_eq!(decode(text, MAX_RECORDS), Ok(ClientFrame::Ping { id: 1 }));
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    let deep = "[".repeat(60_000);
    for text in [
        deep.clone(),
        format!(
            r#"{{"type":"ping","id":1,"x":{deep}{}}}"#,
            "]".repeat(60_000)
        ),
        format!(r#"{{"type":"ping","id":{deep}{}}}"#, "]".repeat(60_000)),
        format!(
            r#"{{"type":"batch","batch_id":1,"lane":"live","first_seq":1,"records":{deep}{}}}"#,
            "]".repeat(60_000)
        ),
    ] {
        // Whatever the answer is, it is one: a frame, a refusal, or a batch with a refused record.
        let answer = decode(&text, MAX_RECORDS);
        assert!(answer.is_ok() || !answer.unwrap_err().refusal.detail.is_empty());
    }
}

/// JSON that looks like our frames often enough to reach every reader.
fn frame_like() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?[0-9]{1,25}(\\.[0-9]{1,9})?(e[+-]?[0-9]{1,12})?",
        "\"[a-z0-9./-]{0,40}\"",
        Just("\"5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11\"".to_owned()),
        Just("\"steps\"".to_owned()),
        Just("NaN".to_owned()),
    ];
    let value = scalar.prop_recursive(3, 24, 6, |inner| {
        let member =
            (field_name(), inner.clone()).prop_map(|(name, value)| format!("{name}:{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..6)
                .prop_map(|items| format!("{{{}}}", items.join(","))),
        ]
    });
    let member = (field_name(), value).prop_map(|(name, value)| format!("{name}:{value}"));
    let kind = prop::sample::select(vec![
        "hello",
        "batch",
        "subscribe",
        "unsubscribe",
        "ping",
        "auth",
        "dance",
    ]);
    (kind, prop::collection::vec(member, 0..8)).prop_map(|(kind, mut members)| {
        members.insert(0, format!("\"type\":\"{kind}\""));
        format!("{{{}}}", members.join(","))
    })
}

fn field_name() -> impl Strategy<Value = String> {
    let names = vec![
        "id",
        "batch_id",
        "lane",
        "first_seq",
        "records",
        "version",
        "metric",
        "start_ms",
        "end_ms",
        "value",
        "method",
        "worn",
        "unit",
        "class",
        "deleted",
        "device_id",
        "outbox_id",
        "zone",
        "events",
        "epoch",
        "after_seq",
        "topic",
        "view",
        "top",
        "since",
        "offset",
        "token",
        "other",
    ];
    prop::sample::select(names).prop_map(|name| format!("{name:?}"))
}

/// A fixture with one byte changed, removed or doubled.
fn damaged_fixture() -> impl Strategy<Value = Vec<u8>> {
    let names = ["hello", "batch", "subscribe", "unsubscribe", "ping", "auth"];
    let texts = names.map(|name| fixture(&format!("client/{name}")).into_bytes());
    let damage = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    (prop::sample::select(texts.to_vec()), damage).prop_map(|(mut text, (at, byte, how))| {
        let at = at.index(text.len());
        match how {
            0 => text[at] = byte,
            1 => drop(text.remove(at)),
            _ => text.insert(at, byte),
        }
        text
    })
}

fn assert_typed(text: &str) -> Result<(), TestCaseError> {
    match decode(text, MAX_RECORDS) {
        Ok(ClientFrame::Batch(batch)) => {
            prop_assert!((1..=MAX_RECORDS).contains(&batch.records.len()));
            for record in batch.records.iter().flatten() {
                let of = crate::registry::metrics().get(record.metric).unwrap();
                prop_assert_eq!(record.check(of), Ok(()));
            }
        }
        Ok(_) => {}
        Err(refused) => {
            prop_assert!(!refused.refusal.detail.is_empty());
            let known = [
                Code::BadJson,
                Code::BadFrame,
                Code::UnknownType,
                Code::BatchTooLarge,
                Code::NotFound,
            ];
            prop_assert!(known.contains(&refused.refusal.code));
            let located = pointer(&refused).is_some();
            prop_assert_eq!(located, refused.refusal.code == Code::BadFrame);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// T1.10: whatever arrives is a frame or a typed refusal.
    #[test]
    fn every_malformed_frame_gets_a_typed_error(
        like in frame_like(),
        damaged in damaged_fixture(),
        noise in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        assert_typed(&like)?;
        assert_typed(&String::from_utf8_lossy(&damaged))?;
        assert_typed(&String::from_utf8_lossy(&noise))?;
    }
}
