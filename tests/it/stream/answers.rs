//! What an ack says of the numbers that its batch has changed: the same as the states of the same versions (protocol.md 3).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use streakline_core::civil::{DAY_MS, MINUTE_MS};

use super::scene::{TODAY, WATCH, at, device, goal, minute, records, server, viewer, with};
use crate::harness::{Wire, block_on, stream::batch};

type Values = BTreeMap<(String, u64), Value>;

fn key(value: &Value) -> (String, u64) {
    let topic = value["topic"].as_str().unwrap().to_owned();
    (topic, value["version"].as_u64().unwrap())
}

/// Every state that a socket was told, by topic and version.
fn states(wire: &Wire) -> Values {
    let states = wire.seen.iter().filter(|frame| frame["type"] == "state");
    let bare = |state: &Value| {
        let mut bare = state.clone();
        bare.as_object_mut().unwrap().remove("type");
        (key(state), bare)
    };
    states.map(bare).collect()
}

#[test]
fn what_an_ack_says_to_have_changed_is_the_state_of_that_version() {
    let server = server();
    block_on(async {
        goal(&server, "ann", "UTC", 1_000, TODAY).await;
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        let (mut screen, _) = viewer(&server, "ann").await;
        let mut told = Values::new();
        for first in 1..=12_u64 {
            let start_ms = at(8, 0) + first.cast_signed() * MINUTE_MS;
            let ack = watch.ack(&batch(first, start_ms, &[100])).await;
            let changes = ack["changes"].as_array().unwrap();
            assert_eq!(changes[0]["display"], 100 * first, "known with the answer");
            assert_eq!(changes[0]["goals"][0]["met"], first >= 10);
            told.extend(changes.iter().map(|change| (key(change), change.clone())));
        }
        let topic = format!("me/day/{TODAY}");
        screen.state(&topic, |day| day["display"] == 1_200).await;
        let streak = "me/streak/steps-1000";
        screen
            .state(streak, |streak| streak["with_today"] == 1)
            .await;
        let states = states(&screen);
        let both: Vec<&(String, u64)> = told.keys().filter(|at| states.contains_key(at)).collect();
        for at in &both {
            assert_eq!(told[*at], states[*at]);
        }
        assert!(both.iter().any(|(of, _)| *of == topic), "{both:?}");
        assert!(both.iter().any(|(of, _)| of == streak), "{both:?}");
    });
}

#[test]
fn an_answer_that_changes_nothing_says_so_and_one_that_changes_much_tells_the_newest() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        let days: Vec<Value> = (0..20)
            .map(|day: u64| minute(day, at(8, 0) - (19 - day.cast_signed()) * DAY_MS, 10))
            .collect();
        let kept = with(&records(1, &days), json!({"lane": "backfill"}));
        let ack = wire.ack(&kept).await;
        let changes = ack["changes"].as_array().unwrap();
        assert_eq!((changes.len(), &ack["changes_left"]), (16, &json!(4)));
        assert_eq!(changes[0]["topic"], format!("me/day/{TODAY}"));
        let again = wire.ack(&kept).await;
        assert_eq!(again["changes"], json!([]));
        assert_eq!(again.get("changes_left"), None);
    });
}
