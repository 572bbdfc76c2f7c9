//! Coming back after a long time (protocol.md 5): a thousand events can be missed and still be had, in order, also from a server
//! that was started since; one more, and there is a snapshot instead.

use serde_json::{Value, json};
use streakline::cli::client::Write;
use streakline_core::civil::DAY_MS;
use streakline_core::limits::FACTS_RESUMABLE;

use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

const NOON: &str = "2016-04-13T12:00:00Z";
const NOON_MS: i64 = 1_460_548_800_000;
const WATCH: &str = "b1b1b1b1-8f4e-5d0a-9a53-0d7a5f3b2c11";
const GOALS: u64 = 64;
const DAYS: u64 = 10;
/// A goal is met and extends its streak, and the day's tokens are posted; streaks come to 3 and 7.
const EVENTS: u64 = DAYS * (2 * GOALS + 1) + 2 * GOALS;
const _: () = assert!(EVENTS > FACTS_RESUMABLE, "too few to be forgotten");

/// Ann meets all her goals for some days, and every day is closed.
async fn eventful_days(server: &Server) -> Value {
    let rest = server.rest();
    let utc = json!({"zone": "UTC"});
    rest.put("/v1/users/ann", Some(&utc), Write::Create)
        .await
        .unwrap();
    for goal in 1..=GOALS {
        let path = format!("/v1/users/ann/goals/goal-{goal}");
        let target = goal * 10;
        let body = json!({"metric": "steps", "period": "day", "kind": "static", "target": target,
            "from": "2016-04-13", "streak": {"freezes": 0}});
        rest.put(&path, Some(&body), Write::Create).await.unwrap();
    }
    let (mut watch, welcome) = Wire::hello(server, "ann", &hello(WATCH, NOON_MS)).await;
    for day in 0..DAYS {
        let since_ms = day.cast_signed() * DAY_MS;
        let morning_ms = NOON_MS - 4 * 3_600_000 + since_ms;
        watch.ack(&batch(day * 5 + 1, morning_ms, &[200; 5])).await;
        rest.move_clock(NOON_MS + since_ms + DAY_MS).await.unwrap();
    }
    watch
        .until("the last event", |frame| frame["seq"] == EVENTS)
        .await;
    welcome["events"]["epoch"].clone()
}

async fn returning(server: &Server, epoch: &Value, after_seq: u64) -> (Wire, Value) {
    let hello = json!({"type": "hello", "events": {"epoch": epoch, "after_seq": after_seq}});
    Wire::hello(server, "ann", &hello).await
}

#[test]
fn a_thousand_missed_events_come_in_order_and_one_more_makes_a_snapshot() {
    let mut server = Server::virtual_at(NOON);
    let epoch = block_on(eventful_days(&server));
    let oldest = EVENTS - FACTS_RESUMABLE;
    for end in ["none", "drain", "crash"] {
        match end {
            "drain" => {
                assert_eq!(server.terminate(), Some(0));
                server.restart();
            }
            "crash" => server.kill_and_restart(),
            _ => {}
        }
        block_on(async {
            let (mut wire, welcome) = returning(&server, &epoch, oldest).await;
            assert_eq!(welcome["events"]["recovered"], true);
            wire.expect("state").await;
            let seqs = wire.events();
            let seqs = seqs.iter().map(|event| event["seq"].as_u64().unwrap());
            assert!(seqs.eq(oldest + 1..=EVENTS), "after {end}");
            let (mut wire, welcome) = returning(&server, &epoch, oldest - 1).await;
            assert_eq!(welcome["events"]["recovered"], false);
            let snapshot = wire.expect("snapshot").await;
            assert_eq!(snapshot["events"]["next_seq"], EVENTS + 1);
            wire.quiet().await;
            assert_eq!(wire.events(), Vec::<Value>::new(), "after {end}");
        });
    }
}
