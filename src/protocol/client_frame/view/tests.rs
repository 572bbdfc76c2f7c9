//! Views of every kind, in both forms, and what is wrong with others.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::protocol::{
    cbor,
    client_frame::{ClientFrame, Refused, Subscribe, decode},
    example::{self, CHALLENGE, fixture},
};

fn subscribe(view: &Value) -> Value {
    json!({"type": "subscribe", "id": 7, "topic": format!("board/{CHALLENGE}"), "view": view})
}

/// What a subscription is read as; the same in both forms.
fn wanted(frame: &Value) -> Result<Subscribe, Refused> {
    let [in_json, in_cbor] = [
        decode(&frame.to_string(), 1),
        cbor::decode(&cbor::encode(frame), 1),
    ];
    assert_eq!(in_json, in_cbor, "{frame}");
    in_json.map(|frame| match frame {
        ClientFrame::Subscribe(wanted) => wanted,
        other => panic!("{other:?} is no subscription"),
    })
}

fn of_fixture(name: &str) -> (View, bool) {
    let frame = example::json(&fixture(&format!("client/{name}")));
    let wanted = wanted(&frame).unwrap();
    (wanted.view, wanted.deltas)
}

#[test]
fn every_kind_of_view_is_read() {
    let user = Some(example::ann());
    let around = View::Around { user, k: 5 };
    let (score, k) = (65_210, 5);
    for (name, view, deltas) in [
        ("subscribe", View::Top(10), false),
        ("subscribe_around", around, true),
        (
            "subscribe_around_score",
            View::AroundScore { score, k },
            true,
        ),
        ("subscribe_percentile", View::Percentile, true),
        ("subscribe_teams", View::Teams, true),
        ("subscribe_friends", View::Friends("eyJ...".into()), true),
    ] {
        assert_eq!(of_fixture(name), (view, deltas), "{name}");
    }
    let mut plain = subscribe(&Value::Null);
    let first = View::Top(limits::PAGE_ROWS);
    assert_eq!(wanted(&plain).unwrap().view, first);
    plain["deltas"] = Value::Null;
    assert!(!wanted(&plain).unwrap().deltas);
    let part = subscribe(&json!({"top": 5, "segment": "region:EU"}));
    let part = wanted(&part).unwrap();
    assert_eq!(part.view, View::Top(5));
    assert_eq!(part.segment.unwrap().to_string(), "region:EU");
    let own = subscribe(&json!({"around": {"k": 50}}));
    let (user, k) = (None, 50);
    assert_eq!(wanted(&own).unwrap().view, View::Around { user, k });
}

#[test]
fn a_bad_view_is_refused_with_its_place() {
    for (view, place) in [
        (json!({}), "/view"),
        (json!([]), "/view"),
        (json!({"rows": 5}), "/view"),
        (json!({"top": 5, "percentile": true}), "/view"),
        (json!({"teams": true, "percentile": true}), "/view"),
        (json!({"teams": false}), "/view/teams"),
        (json!({"teams": true, "friends": "x"}), "/view"),
        (json!({"friends": "x", "segment": "region:EU"}), "/view"),
        (json!({"friends": true}), "/view/friends"),
        (json!({"friends": ""}), "/view/friends"),
        (json!({"top": 5, "around": {"k": 1}}), "/view"),
        (json!({"top": 0}), "/view/top"),
        (json!({"top": 1_001}), "/view/top"),
        (json!({"top": "5"}), "/view/top"),
        (json!({"around": 5}), "/view/around"),
        (json!({"around": {}}), "/view/around/k"),
        (json!({"around": {"k": 0}}), "/view/around/k"),
        (json!({"around": {"k": 51}}), "/view/around/k"),
        (
            json!({"around": {"k": 5, "user": "a b"}}),
            "/view/around/user",
        ),
        (json!({"around": {"k": 5, "user": ""}}), "/view/around/user"),
        (json!({"around": {"k": 5, "user": 7}}), "/view/around/user"),
        (json!({"around_score": true}), "/view/around_score"),
        (
            json!({"around_score": {"k": 5}}),
            "/view/around_score/score",
        ),
        (
            json!({"around_score": {"score": 1.5, "k": 5}}),
            "/view/around_score/score",
        ),
        (
            json!({"around_score": {"score": 5}}),
            "/view/around_score/k",
        ),
        (json!({"percentile": false}), "/view/percentile"),
        (json!({"percentile": 50}), "/view/percentile"),
        (json!({"segment": "region:EU"}), "/view"),
        (json!({"top": 5, "segment": "region"}), "/view/segment"),
        (json!({"top": 5, "segment": "a b:EU"}), "/view/segment"),
        (json!({"top": 5, "segment": 7}), "/view/segment"),
    ] {
        let refused = wanted(&subscribe(&view)).unwrap_err();
        assert_eq!(refused.refusal.faults[0].pointer, place, "{view}");
        assert_eq!(refused.id, Some(7));
    }
    let mut frame = subscribe(&json!({"top": 5}));
    frame["deltas"] = json!("yes");
    let refused = wanted(&frame).unwrap_err();
    assert_eq!(refused.refusal.faults[0].pointer, "/deltas");
}

fn object(members: BTreeMap<&str, Value>) -> Value {
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A value that some member of a view may have, or none of them.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..1_100).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec!["", "ann", "x y", "\u{e4}", "x:y"]).prop_map(Value::from),
    ];
    scalar.prop_recursive(2, 12, 3, |inner| {
        let names = vec!["k", "user", "score", "top", "other"];
        let members = prop::collection::btree_map(prop::sample::select(names), inner, 0..3);
        members.prop_map(object)
    })
}

proptest! {
    /// Whatever view is asked for, it is read, or refused with its place, and alike in both forms.
    #[test]
    fn every_view_is_read_or_refused_with_its_place(
        members in prop::collection::btree_map(
            prop::sample::select(vec!["top", "around", "around_score", "percentile", "segment", "other"]),
            value(),
            0..3,
        ),
    ) {
        let view = object(members);
        if let Err(refused) = wanted(&subscribe(&view)) {
            let pointer = &refused.refusal.faults[0].pointer;
            prop_assert!(pointer.starts_with("/view"), "{} of {}", pointer, view);
        }
    }
}
