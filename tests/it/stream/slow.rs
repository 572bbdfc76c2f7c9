//! A reader that is too slow (protocol.md 6): it is closed after its grace, and neither it nor anybody else loses an event.

use std::time::Duration;

use serde_json::{Value, json};
use streakline_core::civil::DAY_MS;

use super::scene::{NOON, TODAY, WATCH, at, device, goal, returning};
use crate::harness::stream::batch;
use crate::harness::{Server, Wire, block_on, configured};

const SETTINGS: &str = "[push]\ngrace_s = 1\n[limits]\nframes_per_s = 1000000\n";
/// More than the grace.
const TOO_LONG: Duration = Duration::from_millis(2_500);
const GOALS: u64 = 64;
const DAYS: u64 = 3;

/// Three days of Ann: each meets all goals and is closed, with more events than a socket's mailbox holds.
async fn eventful_days(server: &Server, watch: &mut Wire) {
    for day in 0..DAYS {
        let since_ms = day.cast_signed() * DAY_MS;
        let ack = watch
            .ack(&batch(day * 5 + 1, at(8, 0) + since_ms, &[200; 5]))
            .await;
        assert_eq!(ack["results"], json!([]));
        let noon_ms = at(12, 0) + since_ms;
        server.rest().move_clock(noon_ms + DAY_MS).await.unwrap();
    }
}

fn seqs(events: &[Value]) -> Vec<u64> {
    events
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect()
}

#[test]
fn a_slow_reader_is_closed_after_its_grace_and_gets_the_rest_when_it_returns() {
    let server = configured(NOON, SETTINGS);
    block_on(async {
        for target in 1..=GOALS {
            goal(&server, "ann", "UTC", target.cast_signed() * 10, TODAY).await;
        }
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        let mut slow = Wire::narrow(&server, &server.token("ann")).await;
        slow.send(&json!({"type": "hello"})).await;
        let epoch = slow.expect("welcome").await["events"]["epoch"].clone();
        slow.flood(&json!({"type": "unsubscribe", "id": 9_007_199_254_740_991_u64}))
            .await;
        eventful_days(&server, &mut watch).await;
        let events = server
            .rest()
            .list("/v1/users/ann/events?after_seq=0")
            .await
            .unwrap();
        assert_eq!(
            seqs(&events),
            (1..=DAYS * (2 * GOALS + 1)).collect::<Vec<_>>()
        );
        let last = events.last().unwrap();
        if watch.events().last() != Some(last) {
            watch.until("the last event", |frame| frame == last).await;
        }
        assert_eq!(watch.events(), events, "nobody else is held up");
        tokio::time::sleep(TOO_LONG).await;
        let closed = slow.closed().await;
        assert_eq!(
            (closed.code, &closed.reason["code"]),
            (4413, &json!("slow_reader"))
        );
        let before = slow.events();
        assert!(before.len() < events.len());
        assert_eq!(before, events[..before.len()], "what it got is dense");
        let seen = u64::try_from(before.len()).unwrap();
        let (mut back, welcome) = returning(&server, "ann", &epoch, seen).await;
        assert_eq!(welcome["events"]["recovered"], true);
        back.until("the last event", |frame| frame == last).await;
        back.quiet().await;
        assert_eq!([before, back.events()].concat(), events);
    });
}
