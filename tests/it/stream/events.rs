//! Events and states (protocol.md 4): a day that is met, closed and paid, frame by frame.

use serde_json::{Value, json};
use streakline_core::civil::{DAY_MS, MINUTE_MS};

use super::scene::{
    PHONE, TODAY, WATCH, assert_shape, at, challenge, device, goal, server, viewer, with,
};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

/// Ann in Berlin walks 8,400 steps in the evening of the 13th and meets her goal of 7,500 at 18:18.
async fn golden_day(server: &Server) -> Wire {
    goal(server, "ann", "Europe/Berlin", 7_500, TODAY).await;
    server.rest().move_clock(at(16, 19)).await.unwrap();
    // In UTC, its hello would bring Ann there.
    let said = with(&hello(WATCH, at(16, 19)), json!({"zone": "Europe/Berlin"}));
    let (mut wire, _) = Wire::hello(server, "ann", &said).await;
    wire.ack(&batch(1, at(15, 4), &[100; 75])).await;
    server.rest().move_clock(at(16, 28)).await.unwrap();
    wire.ack(&batch(76, at(16, 19), &[100; 9])).await;
    wire
}

#[test]
fn a_golden_day_is_told_as_the_protocol_shows_it() {
    let server = Server::virtual_at("2016-04-12T12:00:00Z");
    block_on(async {
        let mut wire = golden_day(&server).await;
        let rest = server.rest();
        let topic = format!("me/day/{TODAY}");
        let open = wire.state(&topic, |state| state["display"] == 8_400).await;
        assert_shape(&open, "state_day");
        let goals = json!([{"goal": "steps-7500", "target": 7_500, "met": true, "met_at_local": "2016-04-13T18:18"}]);
        let exactly = json!({"type": "state", "topic": topic, "version": open["version"], "display": 8_400,
            "eligible": 8_400, "phase": "open", "pending_micro": 6_700_000, "goals": goals});
        assert_eq!(open, exactly);
        let soft_close_ms = at(25, 0);
        rest.move_clock(soft_close_ms).await.unwrap();
        let paid = wire
            .until("tokens", |frame| frame["kind"] == "tokens.posted")
            .await;
        assert_shape(&paid, "event_tokens_posted");
        let ledger = rest.list("/v1/users/ann/ledger").await.unwrap();
        let wanted = [
            json!({"type": "event", "seq": 1, "kind": "goal.completed", "at_ms": at(16, 19), "day": TODAY,
                "goal": "steps-7500", "target": 7_500, "met_at_local": "2016-04-13T18:18"}),
            json!({"type": "event", "seq": 2, "kind": "streak.extended", "at_ms": soft_close_ms, "day": TODAY,
                "goal": "steps-7500", "count": 1, "longest": 1}),
            json!({"type": "event", "seq": 3, "kind": "tokens.posted", "at_ms": soft_close_ms, "day": TODAY,
                "rule": "steps@1", "amount_micro": 6_700_000, "available_micro": 6_700_000,
                "transfer": ledger[0]["id"]}),
        ];
        assert_eq!(wire.events(), wanted);
        let listed = rest.list("/v1/users/ann/events?after_seq=0").await.unwrap();
        assert_eq!(listed, wanted, "REST tells the same");
    });
}

#[test]
fn the_newest_value_of_every_topic_arrives() {
    let server = Server::virtual_at("2016-04-12T12:00:00Z");
    block_on(async {
        let mut wire = golden_day(&server).await;
        let streak = "me/streak/steps-7500";
        let today = wire.state(streak, |state| state["with_today"] == 1).await;
        assert_shape(&today, "state_streak");
        assert_eq!(
            (&today["count"], &today["provisional"]),
            (&json!(0), &json!(false))
        );
        server.rest().move_clock(at(25, 0)).await.unwrap();
        let closed = wire.state(streak, |state| state["count"] == 1).await;
        assert_eq!(
            (&closed["longest"], &closed["start"]),
            (&json!(1), &json!(TODAY))
        );
        wire.quiet().await;
        let topic = format!("me/day/{TODAY}");
        let day = wire
            .seen
            .iter()
            .rfind(|frame| frame["topic"] == topic.as_str());
        let day = day.unwrap();
        assert_eq!(
            (&day["phase"], &day["pending_micro"]),
            (&json!("soft_closed"), &json!(0))
        );
        let versions: Vec<u64> = wire
            .seen
            .iter()
            .filter(|frame| frame["topic"] == topic.as_str())
            .map(|frame| frame["version"].as_u64().unwrap())
            .collect();
        assert!(versions.is_sorted(), "{versions:?}");
    });
}

#[test]
fn events_come_to_every_socket_once_and_in_order_whatever_brings_them() {
    let server = server();
    block_on(async {
        for target in 1..=40 {
            goal(&server, "ann", "UTC", target, TODAY).await;
        }
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        let (mut phone, _) = device(&server, "ann", PHONE).await;
        let (mut page, _) = viewer(&server, "ann").await;
        for minute in 0..40 {
            let first = u64::try_from(minute).unwrap() + 1;
            watch
                .send(&batch(first, at(8, 0) + minute * MINUTE_MS, &[1]))
                .await;
        }
        for _ in 0..40 {
            watch.expect("ack").await;
        }
        server
            .rest()
            .move_clock(at(24, 0) + 3 * 3_600_000)
            .await
            .unwrap();
        server
            .rest()
            .move_clock(at(24, 0) + 3 * DAY_MS)
            .await
            .unwrap();
        let listed = server
            .rest()
            .list("/v1/users/ann/events?after_seq=0")
            .await
            .unwrap();
        // Each goal is met, extends its streak, and loses it a day later.
        assert!(listed.len() >= 80, "{}", listed.len());
        let seqs: Vec<u64> = listed
            .iter()
            .map(|event| event["seq"].as_u64().unwrap())
            .collect();
        assert_eq!(
            seqs,
            (1..=u64::try_from(listed.len()).unwrap()).collect::<Vec<_>>()
        );
        for wire in [&mut watch, &mut phone, &mut page] {
            let last = listed.last().unwrap();
            if wire.events().last() != Some(last) {
                wire.until("the last event", |frame| frame == last).await;
            }
            wire.quiet().await;
            assert_eq!(wire.events(), listed);
        }
    });
}

#[test]
fn a_rank_is_told_when_anybody_changes_it() {
    let server = server();
    block_on(async {
        let board = challenge(&server, &["ann", "bob"]).await;
        server.rest().move_clock(at(12, 30)).await.unwrap();
        let (mut ann, _) = device(&server, "ann", WATCH).await;
        let topic = format!("me/rank/{board}");
        let first = ann.state(&topic, |_| true).await;
        assert_shape(&first, "state_rank");
        assert_eq!(
            (&first["rank"], &first["participants"]),
            (&json!(1), &json!(2))
        );
        ann.ack(&batch(1, at(12, 0), &[100])).await;
        ann.state(&topic, |state| state["score"] == 100).await;
        let (mut bob, _) = device(&server, "bob", PHONE).await;
        bob.ack(&batch(1, at(12, 0), &[200])).await;
        let second = ann.state(&topic, |state| state["rank"] == 2).await;
        assert_eq!(
            (&second["prev_rank"], &second["score"]),
            (&json!(1), &json!(100))
        );
        assert_eq!(second["phase"], "open");
    });
}

#[test]
fn nothing_comes_before_the_welcome() {
    let server = server();
    block_on(async {
        challenge(&server, &["ann"]).await;
        server.rest().move_clock(at(12, 30)).await.unwrap();
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        for first in 1..=10_u64 {
            watch
                .send(&batch(
                    first,
                    at(12, 0) + first.cast_signed() * MINUTE_MS,
                    &[10],
                ))
                .await;
            let (wire, _) = viewer(&server, "ann").await;
            let kinds: Vec<&Value> = wire.seen.iter().map(|frame| &frame["type"]).collect();
            assert_eq!(kinds, ["welcome"]);
        }
    });
}
