//! The compact form against JSON: frames of every kind, sound and broken, read and refused alike; and what only CBOR can say.

use minicbor::Encoder;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use streakline_core::{id::RecordId, metric::Metric, record::Content};

use super::*;
use crate::protocol::{
    client_frame::{Batch, KINDS},
    example::{fixture, json as parsed},
};

const MAX_RECORDS: usize = 8;
const DEVICE: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";

/// What a frame is read as in both forms; a batch knows its bytes, which differ.
fn both(frame: &Value) -> [Result<ClientFrame, Refused>; 2] {
    let in_json = client_frame::decode(&frame.to_string(), MAX_RECORDS);
    let in_cbor = decode(&encode(frame), MAX_RECORDS);
    [in_json, in_cbor].map(|read| {
        read.map(|frame| match frame {
            ClientFrame::Batch(batch) => ClientFrame::Batch(Batch { bytes: 0, ..batch }),
            other => other,
        })
    })
}

fn record(kind: u8, number: i64, id: Value) -> Value {
    let at_ms = 1_460_534_400_000 + number.rem_euclid(1_000) * 60_000;
    let until_ms = at_ms + 60_000;
    let decimal = number as f64 / 1_000.0;
    match kind {
        0 => {
            json!({"id": id, "metric": "steps", "start_ms": at_ms, "end_ms": until_ms, "value": number, "method": "auto",
            "worn": true})
        }
        1 => {
            json!({"id": id, "metric": "speed", "start_ms": at_ms, "value": decimal, "position": {"lat": 52.52, "lon": [decimal]}})
        }
        2 => {
            json!({"id": id, "metric": "odometer", "class": "cumulative", "epoch_id": "2016-04-13", "start_ms": at_ms,
            "value": number, "offset_s": 7_200, "version": 2})
        }
        3 => {
            json!({"id": id, "metric": "distance", "unit": "[mi_i]", "start_ms": at_ms, "end_ms": until_ms, "value": decimal})
        }
        4 => json!({"id": id, "metric": "sleep", "start_ms": at_ms, "end_ms": until_ms,
            "segments": [{"stage": "deep", "start_ms": at_ms, "end_ms": until_ms}]}),
        5 => {
            json!({"id": id, "metric": "workout", "start_ms": at_ms, "end_ms": until_ms, "sport": "run",
            "totals": {"distance": decimal, "steps": number}})
        }
        6 => json!({"id": id, "metric": "steps", "deleted": true, "version": 3}),
        _ => {
            json!({"id": id, "metric": "heart_rate", "start_ms": at_ms, "value": number, "class": "gauge", "end_ms": null})
        }
    }
}

fn records() -> impl Strategy<Value = Vec<Value>> {
    let id = prop_oneof![
        Just(json!(DEVICE)),
        (0_u64..1 << 53).prop_map(Value::from),
        (0_u64..).prop_map(|number| json!(number.to_string())),
    ];
    let number = prop_oneof![0_i64..500, -5_000_000_i64..5_000_000];
    let one = (0_u8..8, number, id).prop_map(|(kind, number, id)| record(kind, number, id));
    prop::collection::vec(one, 0..MAX_RECORDS + 2)
}

/// A sound frame of any kind.
fn sound() -> impl Strategy<Value = Value> {
    let fixtures = prop::sample::select(vec![
        "hello",
        "hello_viewer",
        "device",
        "subscribe",
        "subscribe_around",
        "subscribe_around_score",
        "subscribe_percentile",
        "subscribe_teams",
        "subscribe_friends",
        "unsubscribe",
        "ping",
        "auth",
        "batch",
    ]);
    let batch = (records(), 0_u64..1 << 53, any::<bool>()).prop_map(|(records, number, live)| {
        let lane = if live { "live" } else { "backfill" };
        json!({"type": "batch", "batch_id": number, "lane": lane, "first_seq": number.max(1), "records": records})
    });
    prop_oneof![
        2 => fixtures.prop_map(|name| parsed(&fixture(&format!("client/{name}")))),
        5 => batch,
    ]
}

/// What hardly a field can be. No whole numbers behind a point: JSON tells 1.0 from 1, the compact form does not.
fn odd() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e-10),
        json!(1.5e300),
        json!(""),
        json!("x"),
        json!("x".repeat(9_000)),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"a": {"b": [null]}}),
        json!(1_u64 << 53),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0),
        json!(DEVICE),
        json!("live"),
        json!("\u{20ac}\"\\\n"),
    ])
}

/// Every place of a value, by the keys that lead to it.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Puts something odd in some place, or takes away what is there. A number is no odd word: it may be one.
fn broken(mut frame: Value, (place, odd): (prop::sample::Index, Option<Value>)) -> Value {
    let mut found = Vec::new();
    places(&frame, "", &mut found);
    let at = place.get(&found).clone();
    let (parent, name) = at.rsplit_once('/').unwrap_or(("", ""));
    let is_word = matches!(name, "type" | "lane" | "metric" | "method");
    let odd = odd.map(|odd| {
        if is_word && odd.is_u64() {
            json!(-1)
        } else {
            odd
        }
    });
    match (odd, frame.pointer_mut(parent)) {
        (Some(odd), _) => *frame.pointer_mut(&at).unwrap() = odd,
        (None, Some(Value::Object(fields))) => drop(fields.shift_remove(name)),
        (None, _) => {}
    }
    frame
}

proptest! {
    #[test]
    fn frames_are_read_and_refused_as_in_json(
        frame in sound(),
        faults in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(odd())), 0..3),
    ) {
        let frame = faults.into_iter().fold(frame, broken);
        let [in_json, in_cbor] = both(&frame);
        prop_assert_eq!(in_json, in_cbor, "{}", frame);
    }

    #[test]
    fn bytes_are_read_or_refused_and_end_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match (decode(&bytes, MAX_RECORDS), json(&bytes)) {
            (Err(refused), Err(_)) => prop_assert_eq!(refused.refusal.code, Code::BadJson),
            (read, Ok(text)) => {
                let is_json = serde_json::from_str::<Value>(&text).is_ok() || text.contains('e');
                prop_assert!(is_json, "{} of {:?}", text, read);
            }
            (Ok(frame), Err(fault)) => prop_assert!(false, "{:?} is {}", frame, fault),
        }
    }
}

#[test]
fn every_kind_of_frame_has_its_fixture_and_its_number() {
    for kind in KINDS {
        assert!(fields::TYPES.contains(&kind), "{kind}");
        let frame = parsed(&fixture(&format!("client/{kind}")));
        let [in_json, in_cbor] = both(&frame);
        assert!(in_json.is_ok(), "{kind}");
        assert_eq!(in_json, in_cbor, "{kind}");
    }
}

/// The frame of a batch around records that a test writes.
fn batch_of(count: u64, records: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = Encoder::new(&mut bytes);
    // type batch, batch_id 1, lane live, first_seq 1, records
    let begun = out
        .map(5)
        .and_then(|out| {
            out.u8(0)?
                .u8(1)?
                .u8(2)?
                .u8(1)?
                .u8(3)?
                .u8(0)?
                .u8(4)?
                .u8(1)?
                .u8(5)?
                .array(count)
        })
        .is_ok();
    assert!(begun);
    records(&mut out);
    bytes
}

/// A record of speed with that value as it is encoded, and whether it took the one pass.
fn speed(value: &[u8]) -> (Content, bool) {
    let frame = batch_of(1, |out| {
        // id 7, metric speed by its name, start_ms as a double, value
        let begun = out.map(4).and_then(|out| {
            out.u8(1)?.u8(7)?.u8(6)?.str("speed")?;
            out.u8(7)?.f64(1_460_534_400_000.0)?.u8(9)
        });
        begun.unwrap().writer_mut().extend_from_slice(value);
    });
    let in_one_pass = batch::read(&frame, MAX_RECORDS).is_some();
    let ClientFrame::Batch(batch) = decode(&frame, MAX_RECORDS).unwrap() else {
        panic!("no batch");
    };
    let record = batch.records[0].clone().unwrap();
    let (id, start_ms) = (RecordId::Number(7), 1_460_534_400_000);
    assert_eq!((record.id, record.start_ms), (id, start_ms));
    assert_eq!(batch.bytes, frame.len());
    (record.content, in_one_pass)
}

fn item(value: impl minicbor::Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).unwrap()
}

#[test]
fn an_amount_is_exact_however_it_is_written() {
    for (value, tenths) in [
        (item(52_u8), 520),
        (item(52.3_f64), 523),
        (item(52.0_f64), 520),
        // Half of a tenth goes up, as the shortest decimal of its width says, not the binary number behind it.
        (item(0.35_f32), 4),
        (item(0.35_f64), 4),
        // The decimal fraction 5235e-2.
        (vec![0xc4, 0x82, 0x21, 0x19, 0x14, 0x73], 524),
        // Of 16 bits: 1.5 and the smallest there is.
        (vec![0xf9, 0x3e, 0x00], 15),
        (vec![0xf9, 0x00, 0x01], 0),
    ] {
        assert_eq!(speed(&value).0, Content::Gauge(tenths), "{value:x?}");
    }
}

#[test]
fn nearly_every_frame_takes_the_one_pass() {
    assert!(speed(&item(52.3_f64)).1 && speed(&item(52_u8)).1);
    for name in ["batch", "vehicle-10"] {
        let mut sound = parsed(&fixture(&format!("client/{name}")));
        if let Some(records) = sound["records"].as_array_mut() {
            records.retain(|record| record["value"].as_f64() >= Some(0.0));
        }
        assert!(batch::read(&encode(&sound), 500).is_some(), "{name}");
    }
}

#[test]
fn what_json_has_no_number_for_is_no_frame() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let frame = batch_of(1, |out| {
            out.map(1)
                .and_then(|out| out.str("of no interest")?.f64(value))
                .unwrap();
        });
        let refused = decode(&frame, MAX_RECORDS).unwrap_err();
        assert_eq!(refused.refusal.code, Code::BadJson);
        assert!(
            refused
                .refusal
                .detail
                .contains("CBOR: a number is not finite at byte"),
            "{refused:?}"
        );
    }
    assert!(json(&[0xf9, 0x7e, 0x00]).is_err() && json(&[0xf9, 0x7c, 0x00]).is_err());
    assert_eq!(json(&[0xf9, 0x7b, 0xff]).unwrap(), "65504");
    assert_eq!(json(&[0xf9, 0xc0, 0x00]).unwrap(), "-2");
}

#[test]
fn lengths_that_nobody_has_are_refused() {
    let huge = [0xff; 8];
    for head in [0x5b, 0x7b, 0x9b, 0xbb] {
        let bytes: Vec<u8> = [head].into_iter().chain(huge).collect();
        assert!(
            json(&bytes)
                .unwrap_err()
                .to_string()
                .starts_with("it ends too early"),
            "{head:x}"
        );
    }
    let frame = batch_of(u64::MAX, |_| {});
    let refused = decode(&frame, MAX_RECORDS).unwrap_err();
    assert_eq!(refused.refusal.code, Code::BadJson);
    let empty = batch_of(0, |_| {});
    assert_eq!(
        decode(&empty, MAX_RECORDS).unwrap_err().refusal.faults[0].pointer,
        "/records"
    );
}

#[test]
fn nesting_has_a_bound() {
    let nested = |depth: usize, head: u8| {
        let mut bytes = vec![0xa1, 0x61, b'x'];
        bytes.extend(std::iter::repeat_n(head, depth));
        bytes.push(0x00);
        json(&bytes)
    };
    let limit = streakline_core::limits::CBOR_DEPTH_MAX;
    for head in [0x81, 0xc1] {
        assert_eq!(nested(limit - 1, head).as_deref(), Ok("{}"));
        let fault = nested(limit, head).unwrap_err();
        assert!(
            fault.to_string().starts_with("it is nested too deep"),
            "{fault}"
        );
        assert!(nested(100_000, head).is_err());
    }
}

#[test]
fn what_has_no_length_is_read_and_strings_in_pieces_are_refused() {
    // A map without a length, with a list without one.
    let frame = [
        0xbf, 0x00, 0x05, 0x01, 0x07, 0x61, b'x', 0x9f, 0x01, 0xff, 0xff,
    ];
    assert_eq!(decode(&frame, 1), Ok(ClientFrame::Ping { id: 7 }));
    for bytes in [
        &[0xbf, 0x00, 0x05, 0x01, 0x07][..],
        &[0xbf, 0x00, 0xff],
        &[0xff],
        &[0xa1, 0x00, 0xff],
        &[0x7f, 0x61, b'x', 0xff],
        &[0xa1, 0x61, b'x', 0x5f, 0x41, 0x00, 0xff],
        &[0x1c],
        &[0x61, 0xff],
        &[0x00, 0x00],
        &[],
    ] {
        assert_eq!(
            decode(bytes, 1).unwrap_err().refusal.code,
            Code::BadJson,
            "{bytes:x?}"
        );
    }
}

#[test]
fn a_field_that_comes_twice_is_refused_as_in_json() {
    let twice = [0xa3, 0x00, 0x05, 0x01, 0x07, 0x01, 0x08];
    let in_json = client_frame::decode(r#"{"type":"ping","id":7,"id":8}"#, 1);
    assert_eq!(decode(&twice, 1), in_json);
    assert_eq!(in_json.unwrap_err().refusal.code, Code::BadFrame);
    let unknown = [
        0xa4, 0x00, 0x05, 0x01, 0x07, 0x61, b'x', 0x00, 0x61, b'x', 0x00,
    ];
    assert_eq!(decode(&unknown, 1), Ok(ClientFrame::Ping { id: 7 }));
}

#[test]
fn keys_that_are_no_field_are_ignored() {
    // A number of nobody, a negative one, the name of a field as a text, a list.
    let frame = [
        0xa6, 0x00, 0x05, 0x01, 0x07, 0x19, 0xff, 0xff, 0x01, 0x20, 0x02, 0x62, b'i', b'd', 0x03,
        0x80, 0x04,
    ];
    assert_eq!(decode(&frame, 1), Ok(ClientFrame::Ping { id: 7 }));
}

#[test]
fn what_is_well_formed_but_nothing_of_ours_is_refused_where_it_stands() {
    // Bytes that are no UUID, an unknown tag, a large integer, a simple value, an odd decimal fraction.
    for item in [
        &[0x41, 0x00][..],
        &[0xc1, 0x00],
        &[0xc2, 0x41, 0x01],
        &[0xe5],
        &[0xc4, 0x82, 0x01, 0x61, b'x'],
        &[0xc4, 0x05],
        &[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        let frame: Vec<u8> = [0xa2, 0x00, 0x05, 0x01]
            .into_iter()
            .chain(item.iter().copied())
            .collect();
        let refused = decode(&frame, 1).unwrap_err().refusal;
        assert_eq!(refused.faults[0].pointer, "/id", "{item:x?}");
    }
    let unknown_type = decode(&[0xa1, 0x00, 0x18, 0x63], 1).unwrap_err().refusal;
    assert_eq!(unknown_type.code, Code::UnknownType);
    assert_eq!(decode(&[0x05], 1).unwrap_err().refusal.code, Code::BadFrame);
}

#[test]
fn a_uuid_is_16_bytes_with_or_without_its_tag() {
    let uuid = RecordId::parse(DEVICE).unwrap();
    let RecordId::Uuid(bytes) = uuid else {
        panic!("{uuid}")
    };
    let plain: Vec<u8> = [0x50].into_iter().chain(bytes).collect();
    let tagged: Vec<u8> = [0xd8, 0x25, 0x50].into_iter().chain(bytes).collect();
    for item in [plain, tagged] {
        assert_eq!(json(&item).unwrap(), format!("{DEVICE:?}"));
    }
    let other_spelling = json!({"device_id": DEVICE.to_uppercase()});
    let text = json(&encode(&other_spelling)).unwrap();
    assert_eq!(parsed(&text), other_spelling);
}

#[test]
fn metrics_are_numbers_where_they_are_known_and_names_where_they_are_not() {
    let state = json!({"metrics": {"steps": {"n": 1}, "nowhere": {"n": 2}}, "metric": "steps"});
    let bytes = encode(&state);
    assert_eq!(parsed(&json(&bytes).unwrap()), state);
    let steps = u8::try_from(Metric::STEPS.0).unwrap();
    assert!(
        bytes.windows(2).any(|two| two == [steps, 0xa1]),
        "{bytes:x?}"
    );
    let totals: Map<String, Value> = serde_json::from_str(
        &json(&[0xa1, 0x18, 0x1f, 0xa2, 0x19, 0x27, 0x0f, 0x01, 0x20, 0x02]).unwrap(),
    )
    .unwrap();
    assert_eq!(totals["totals"], json!({"9999": 1, "-1": 2}));
}

/// Every fixture of JSON has the same frame in CBOR beside it. A run with `STREAKLINE_BLESS=1` writes those that are missing and
/// never another: a number that changes gets clients that do not.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test asks whether to write fixtures"
)]
fn the_frames_of_the_fixtures_keep_their_bytes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/frames-v1");
    let bless = std::env::var_os("STREAKLINE_BLESS").is_some();
    let mut frames = 0;
    for side in ["client", "server"] {
        for entry in std::fs::read_dir(root.join(side)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let frame = parsed(&std::fs::read_to_string(&path).unwrap());
            let (compact, bytes) = (path.with_extension("cbor"), encode(&frame));
            if bless && !compact.exists() {
                std::fs::write(&compact, &bytes).unwrap();
            }
            let is_kept = std::fs::read(&compact).unwrap() == bytes;
            assert!(is_kept, "{compact:?} would be another: {bytes:x?}");
            frames += 1;
        }
    }
    assert!(frames >= 34, "{frames} frames");
}

#[test]
fn the_example_of_the_documentation_has_these_bytes() {
    let frame = json!({"type": "batch", "batch_id": 18, "lane": "live", "first_seq": 171, "records": [{"id": 8_812,
        "metric": "steps", "start_ms": 1_460_534_400_000_i64, "end_ms": 1_460_534_460_000_i64, "value": 87}]});
    let bytes = encode(&frame);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/protocol.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("in 42 bytes:\n").unwrap();
    let lines = rest.lines().skip(1).take_while(|line| !line.is_empty());
    // What is hexadecimal stands before two blanks and words.
    let hex: String = lines
        .flat_map(|line| line.trim_start().split("   ").next())
        .flat_map(|digits| digits.chars().filter(|digit| !digit.is_whitespace()))
        .collect();
    let written: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((bytes.len(), written), (42, hex));
}
