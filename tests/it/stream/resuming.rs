//! Coming back (protocol.md 5): exactly what was missed, or a snapshot; and nothing acknowledged is ever lost.

use serde_json::{Value, json};
use streakline_core::civil::DAY_MS;

use super::scene::{
    TODAY, WATCH, assert_shape, at, device, goal, minute, records, returning, server, totals,
    viewer,
};
use crate::harness::stream::batch;
use crate::harness::{Server, Wire, block_on};

/// Goals of Ann: together with the streaks and the tokens, more events than are read from the store at once.
const GOALS: i64 = 60;
const EVENTS: u64 = 121;

/// Ann has met every goal, and the day is soft-closed; the epoch of her events.
async fn eventful_day(server: &Server) -> Value {
    for target in 1..=GOALS {
        goal(server, "ann", "UTC", target * 10, TODAY).await;
    }
    let (mut wire, welcome) = device(server, "ann", WATCH).await;
    wire.ack(&batch(1, at(8, 0), &[200; 5])).await;
    server.rest().move_clock(at(27, 0)).await.unwrap();
    wire.until("the last event", |frame| frame["seq"] == EVENTS)
        .await;
    assert_eq!(wire.events().len(), usize::try_from(EVENTS).unwrap());
    welcome["events"]["epoch"].clone()
}

fn seqs(wire: &Wire) -> Vec<u64> {
    let events = wire.events();
    events
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect()
}

/// Ann comes back having seen `after_seq`: she gets the rest, in order, and then the states.
async fn assert_resumes(server: &Server, epoch: &Value, after_seq: u64) {
    let (mut wire, welcome) = returning(server, "ann", epoch, after_seq).await;
    let events = json!({"epoch": epoch, "next_seq": after_seq + 1, "recovered": true});
    assert_eq!(welcome["events"], events);
    wire.expect("state").await;
    wire.quiet().await;
    assert_eq!(seqs(&wire), (after_seq + 1..=EVENTS).collect::<Vec<_>>());
    let kinds: Vec<&Value> = wire.seen.iter().map(|frame| &frame["type"]).collect();
    let first_state = kinds.iter().position(|kind| *kind == "state").unwrap();
    assert!(
        kinds[first_state..].iter().all(|kind| *kind == "state"),
        "{kinds:?}"
    );
    assert!(!kinds.contains(&&json!("snapshot")));
}

async fn assert_snapshot(server: &Server, epoch: &Value, after_seq: u64) {
    let (mut wire, welcome) = returning(server, "ann", epoch, after_seq).await;
    assert_eq!(welcome["events"]["recovered"], false);
    assert_eq!(welcome["events"]["next_seq"], EVENTS + 1);
    let snapshot = wire.next().await.unwrap();
    assert_shape(&snapshot, "snapshot");
    assert_eq!(snapshot["events"]["next_seq"], EVENTS + 1);
    assert_eq!(snapshot["balance"]["available_micro"], 1_000_000);
    assert_eq!(
        snapshot["streaks"].as_array().unwrap().len(),
        usize::try_from(GOALS).unwrap()
    );
    wire.quiet().await;
    assert_eq!(wire.events(), Vec::<Value>::new());
}

#[test]
fn a_client_that_returns_gets_exactly_the_events_that_it_missed() {
    let server = server();
    block_on(async {
        let epoch = eventful_day(&server).await;
        for after_seq in [0, 1, 60, EVENTS - 1, EVENTS] {
            assert_resumes(&server, &epoch, after_seq).await;
        }
    });
}

#[test]
fn a_forged_epoch_and_a_number_too_high_get_a_snapshot() {
    let server = server();
    block_on(async {
        let epoch = eventful_day(&server).await;
        assert_snapshot(&server, &json!("forged"), 3).await;
        assert_snapshot(&server, &epoch, EVENTS + 1).await;
        assert_snapshot(&server, &epoch, 9_007_199_254_740_991).await;
    });
}

#[test]
fn events_are_the_same_after_a_crash_and_after_a_drain() {
    let mut server = server();
    let epoch = block_on(eventful_day(&server));
    server.kill_and_restart();
    block_on(async {
        assert_resumes(&server, &epoch, 5).await;
    });
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    block_on(async {
        for after_seq in [0, 100, EVENTS] {
            assert_resumes(&server, &epoch, after_seq).await;
        }
        let (_, welcome) = viewer(&server, "ann").await;
        assert_eq!(welcome["events"]["epoch"], epoch);
    });
}

#[test]
fn what_was_acknowledged_is_there_after_kill_9() {
    let mut server = server();
    for round in 0..5_u64 {
        block_on(async {
            let (mut wire, welcome) = device(&server, "ann", WATCH).await;
            assert_eq!(welcome["resume_after"]["live"], round * 10);
            wire.ack(&batch(
                round * 10 + 1,
                at(6 + round.cast_signed(), 0),
                &[100; 10],
            ))
            .await;
        });
        server.kill_and_restart();
        let steps = (round.cast_signed() + 1) * 1_000;
        assert_eq!(block_on(totals(&server, "ann")), (steps, steps));
    }
}

#[test]
fn a_device_that_vanishes_amid_a_frame_goes_on_where_it_was_acknowledged() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        wire.ack(&batch(1, at(8, 0), &[100; 10])).await;
        wire.leave_mid_frame(&batch(11, at(8, 10), &[100; 10]))
            .await;
        let (mut wire, welcome) = device(&server, "ann", WATCH).await;
        assert_eq!(welcome["resume_after"]["live"], 10);
        wire.ack(&records(11, &[minute(11, at(8, 10), 100)])).await;
        assert_eq!(totals(&server, "ann").await, (1_100, 1_100));
    });
}

/// So many goals that eight met days, with the milestones of 3 and 7, make more events than can be resumed from by number alone.
const MANY_GOALS: i64 = 63;
const MANY_EVENTS: u64 = 1_142;

/// Ann meets every goal on eight days; her clock stands at the soft close of the last one.
async fn eventful_week(server: &Server) -> Value {
    for target in 1..=MANY_GOALS {
        goal(server, "ann", "UTC", target * 10, TODAY).await;
    }
    let (mut wire, welcome) = device(server, "ann", WATCH).await;
    for day in 0..8_i64 {
        let first_seq = 1 + 5 * day.unsigned_abs();
        let start_ms = at(8, 0) + day * DAY_MS;
        wire.ack(&batch(first_seq, start_ms, &[200; 5])).await;
        let hour = if day == 7 { 27 } else { 36 };
        server
            .rest()
            .move_clock(at(hour, 0) + day * DAY_MS)
            .await
            .unwrap();
    }
    wire.until("the last event", |frame| frame["seq"] == MANY_EVENTS)
        .await;
    welcome["events"]["epoch"].clone()
}

#[test]
fn who_missed_more_than_a_thousand_events_gets_them_while_they_are_young_and_a_snapshot_later() {
    let server = server();
    block_on(async {
        let epoch = eventful_week(&server).await;
        let (mut wire, welcome) = returning(&server, "ann", &epoch, 0).await;
        assert_eq!(welcome["events"]["recovered"], true);
        wire.until("the last event", |frame| frame["seq"] == MANY_EVENTS)
            .await;
        assert_eq!(seqs(&wire), (1..=MANY_EVENTS).collect::<Vec<_>>());

        server
            .rest()
            .move_clock(at(37, 0) + 7 * DAY_MS)
            .await
            .unwrap();
        let (mut wire, welcome) = returning(&server, "ann", &epoch, 0).await;
        let events = json!({"epoch": epoch, "next_seq": MANY_EVENTS + 1, "recovered": false});
        assert_eq!(welcome["events"], events);
        let snapshot = wire.next().await.unwrap();
        assert_shape(&snapshot, "snapshot");
        assert_eq!(snapshot["events"]["next_seq"], MANY_EVENTS + 1);
        wire.quiet().await;
        assert_eq!(
            wire.events(),
            [Value::Null; 0],
            "and none of what was missed"
        );

        let (mut wire, welcome) = returning(&server, "ann", &epoch, MANY_EVENTS - 1_000).await;
        assert_eq!(welcome["events"]["recovered"], true, "the last thousand");
        wire.until("the last event", |frame| frame["seq"] == MANY_EVENTS)
            .await;
        assert_eq!(
            seqs(&wire),
            (MANY_EVENTS - 999..=MANY_EVENTS).collect::<Vec<_>>()
        );
        // The goals of the first day were met, and the day closed, more than a week ago.
        let old = 2 * MANY_GOALS.unsigned_abs();
        assert!(old < MANY_EVENTS - 1_000);
        let (_, welcome) = returning(&server, "ann", &epoch, old).await;
        assert_eq!(welcome["events"]["recovered"], false);
    });
}
