//! A reader that is too slow (protocol.md 6): it is closed after its grace, and neither it nor anybody else loses an event.

use std::time::Duration;

use serde_json::{Value, json};
use streakline_core::civil::DAY_MS;
use streakline_core::fault::POISON_STEPS;

use super::scene::{NOON, PHONE, TODAY, WATCH, at, device, goal, records, returning, with};
use crate::harness::meters::{closes, metric, until};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on, configured};

/// The kernel waits for longer than any machine stands still: who reads again finds the server's close frame.
const SETTINGS: &str = "[push]\ngrace_s = 1\n[stream]\nunacked_s = 600\n";
const GOALS: u64 = 64;
const DAYS: u64 = 3;
/// Answered with some 40 kB each: more than any kernel holds for a reader that does not read.
const BATCHES: usize = 200;

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

/// Asks for more than it reads, until the server has stopped to read in its turn.
async fn stop_reading(server: &Server, slow: &mut Wire) {
    let hopeless = records(1, &vec![json!({}); 500]);
    for _ in 0..BATCHES {
        slow.send(&hopeless).await;
    }
    let frames_in = "streakline_stream_frames_total{direction=\"in\"}";
    let mut before = metric(server, frames_in).await;
    until("the server reads no more", async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = metric(server, frames_in).await;
        std::mem::replace(&mut before, now) == now
    })
    .await;
}

fn seqs(events: &[Value]) -> Vec<u64> {
    let seq = |event: &Value| event["seq"].as_u64().unwrap();
    events.iter().map(seq).collect()
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
        slow.send(&with(&hello(PHONE, at(12, 0)), json!({"class": "phone"})))
            .await;
        let epoch = slow.expect("welcome").await["events"]["epoch"].clone();
        stop_reading(&server, &mut slow).await;
        eventful_days(&server, &mut watch).await;
        let events = server.rest().list("/v1/users/ann/events").await.unwrap();
        // With the milestone of three days.
        let dense: Vec<u64> = (1..=DAYS * (2 * GOALS + 1) + GOALS).collect();
        assert_eq!(seqs(&events), dense);
        let last = events.last().unwrap();
        if watch.events().last() != Some(last) {
            watch.until("the last event", |frame| frame == last).await;
        }
        assert_eq!(watch.events(), events, "nobody else is held up");
        until("it is closed", async || closes(&server, 4413).await == 1).await;
        let closed = slow.closed().await;
        let exactly = json!({"code": "slow_reader", "retry_after_ms": 2_000});
        assert_eq!((closed.code, closed.reason), (4413, exactly));
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

#[test]
fn a_fault_is_told_to_a_reader_whose_mailbox_was_full() {
    let server = configured(NOON, "[push]\ngrace_s = 600\n");
    block_on(async {
        for target in 1..=GOALS {
            goal(&server, "ann", "UTC", target.cast_signed() * 10, TODAY).await;
        }
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        let mut slow = Wire::narrow(&server, &server.token("ann")).await;
        slow.send(&with(&hello(PHONE, at(12, 0)), json!({"class": "phone"})))
            .await;
        slow.expect("welcome").await;
        stop_reading(&server, &mut slow).await;
        eventful_days(&server, &mut watch).await;
        let poison = batch(DAYS * 5 + 1, at(13, 0), &[POISON_STEPS]);
        watch.send(&poison).await;
        assert_eq!(watch.closed().await.code, 1011);
        let told = json!({"code": "internal", "retry_after_ms": 1_000});
        let closed = slow.closed().await;
        assert_eq!((closed.code, closed.reason), (1011, told));
    });
}
