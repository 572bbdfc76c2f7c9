//! The lanes `live` and `backfill`, and the credits of both (protocol.md 3): what was kept for days waits, what happens now does
//! not.

use serde_json::{Value, json};
use streakline_core::civil::MINUTE_MS;

use super::scene::{NOON, PHONE, WATCH, at, device, minute, records, totals, with};
use crate::harness::{Server, Wire, block_on, configured, settings_file, stream::batch};

/// A batch of the lane `backfill` with one record of one step.
fn kept(number: u64) -> Value {
    let record = minute(
        1_000 + number,
        at(2, 0) + number.cast_signed() * MINUTE_MS,
        1,
    );
    with(&records(number, &[record]), json!({"lane": "backfill"}))
}

/// Batches of the backlog that were answered.
fn answered(wire: &Wire) -> usize {
    let of_lane = |frame: &&Value| frame["type"] == "ack" && frame["lane"] == "backfill";
    wire.seen.iter().filter(of_lane).count()
}

#[test]
fn a_backlog_over_its_rate_waits_while_its_own_socket_and_others_go_on() {
    let server = configured(NOON, "[limits]\nbackfill_batches_per_min = 3\n");
    block_on(async {
        let (mut phone, welcome) = device(&server, "ann", PHONE).await;
        assert_eq!(welcome["backfill"]["batches_per_min"], 3);
        for number in 1..=3 {
            phone.ack(&kept(number)).await;
        }
        phone.send(&kept(4)).await;
        phone.send(&kept(5)).await;
        let (mut other, _) = device(&server, "bob", WATCH).await;
        for first in 1..=20_u64 {
            let start_ms = at(8, 0) + first.cast_signed() * MINUTE_MS;
            phone.ack(&batch(first, start_ms, &[10])).await;
            other.ack(&batch(first, start_ms, &[10])).await;
        }
        assert_eq!(answered(&phone), 3, "two are neither refused nor answered");
        assert!(phone.seen.iter().all(|frame| frame["type"] != "error"));
        assert_eq!(totals(&server, "ann").await, (203, 203));
        assert_eq!(totals(&server, "bob").await, (200, 200));
    });
}

#[test]
fn a_new_socket_is_no_new_allowance_and_the_backlog_of_another_device_is_its_own() {
    let server = configured(NOON, "[limits]\nbackfill_batches_per_min = 2\n");
    block_on(async {
        let (mut phone, _) = device(&server, "ann", PHONE).await;
        phone.ack(&kept(1)).await;
        phone.ack(&kept(2)).await;
        let (mut phone, welcome) = device(&server, "ann", PHONE).await;
        assert_eq!(welcome["resume_after"]["backfill"], 2);
        phone.send(&kept(3)).await;
        phone.ack(&batch(1, at(8, 0), &[10])).await;
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        watch.ack(&kept(1)).await;
        phone.ack(&batch(2, at(9, 0), &[10])).await;
        assert_eq!((answered(&phone), answered(&watch)), (0, 1));
    });
}

#[test]
fn what_waited_when_its_socket_ended_is_sent_again_and_counts_once() {
    let (_dir, settings) = settings_file("[limits]\nbackfill_batches_per_min = 1\n");
    let mut server = Server::start(&format!("virtual:{NOON}"), &["--config", &settings]);
    block_on(async {
        let (mut phone, _) = device(&server, "ann", PHONE).await;
        phone.ack(&kept(1)).await;
        phone.send(&kept(2)).await;
        phone.ack(&batch(1, at(8, 0), &[10])).await;
    });
    server.kill();
    server.restart();
    block_on(async {
        let (mut phone, welcome) = device(&server, "ann", PHONE).await;
        assert_eq!(welcome["resume_after"], json!({"live": 1, "backfill": 1}));
        let ack = phone.ack(&kept(2)).await;
        assert_eq!(
            (&ack["up_to_seq"], &ack["results"]),
            (&json!(2), &json!([]))
        );
        assert_eq!(totals(&server, "ann").await, (12, 12));
    });
}

#[test]
fn credits_are_told_in_batches_and_bytes_and_whoever_ignores_them_loses_nothing() {
    let server = configured(NOON, "[limits]\ncredit_bytes = 2048\n");
    block_on(async {
        let (mut wire, welcome) = device(&server, "ann", WATCH).await;
        assert_eq!(
            (&welcome["credits"], &welcome["credit_bytes"]),
            (&json!(4), &json!(2_048))
        );
        let backfill = json!({"credits": 2, "credit_bytes": 1_024, "batches_per_min": 50});
        assert_eq!(welcome["backfill"], backfill);
        // Each of them is above all the bytes that may be unacknowledged.
        let steps = [1; 30];
        for number in 0..20_u64 {
            let start_ms = at(0, 0) + number.cast_signed() * 30 * MINUTE_MS;
            let first_seq = number * 30 + 1;
            wire.send(&batch(first_seq, start_ms, &steps)).await;
        }
        wire.send(&kept(1)).await;
        for number in 0..20_u64 {
            let ack = wire.expect("ack").await;
            assert_eq!(ack["batch_id"], number * 30 + 1, "in order");
            assert_eq!(ack["credit_bytes"], 2_048);
        }
        let ack = wire.expect("ack").await;
        assert_eq!(
            (&ack["lane"], &ack["credit_bytes"]),
            (&json!("backfill"), &json!(1_024))
        );
        assert_eq!(totals(&server, "ann").await.0, 600);
    });
}
