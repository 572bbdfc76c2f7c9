//! Batches and their acks (protocol.md 3): how each record is taken, and what is told of it.

use serde_json::{Value, json};
use streakline_core::civil::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::scene::{WATCH, assert_shape, at, device, minute, records, server, totals, with};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Wire, block_on};

/// (seq, status, code) of every result.
fn results(ack: &Value) -> Vec<(u64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let result = |r: &Value| {
        (
            r["seq"].as_u64().unwrap(),
            text(&r["status"]),
            text(&r["code"]),
        )
    };
    ack["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(result)
        .collect()
}

#[test]
fn an_ack_lists_only_what_is_not_plainly_accepted() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        let plain = wire.ack(&batch(1, at(8, 0), &[87, 0, 91])).await;
        let exactly = json!({"type": "ack", "batch_id": 1, "lane": "live", "up_to_seq": 3, "credits": 4,
            "credit_bytes": 131_072, "results": [], "changes": plain["changes"]});
        assert_eq!(plain, exactly);
        let mixed = wire.ack(&batch(4, at(9, 0), &[87, -4, 91])).await;
        assert_eq!(mixed["changes"][0]["display"], 356);
        let detail = &mixed["results"][0]["detail"];
        let exactly = json!({"type": "ack", "batch_id": 4, "lane": "live", "up_to_seq": 6, "credits": 4,
            "credit_bytes": 131_072, "changes": mixed["changes"],
            "results": [{"seq": 5, "status": "rejected", "code": "range", "detail": detail}]});
        assert_eq!(mixed, exactly);
        assert!(detail.as_str().unwrap().contains("-4"), "{detail}");
        assert_eq!(totals(&server, "ann").await, (356, 356));
    });
}

#[test]
fn a_record_with_several_faults_is_told_the_first_in_the_order_of_checks() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        let good = minute(1, at(8, 0), 100);
        let long = json!({"end_ms": at(8, 0) + 24 * HOUR_MS + 1});
        let cases = [
            (
                with(&good, json!({"method": "magic", "metric": "moods"})),
                "bad_sample",
            ),
            (
                with(&good, json!({"end_ms": at(8, 0), "value": -1})),
                "bad_sample",
            ),
            (with(&good, json!({"value": "12"})), "bad_sample"),
            (with(&good, json!({"version": 0})), "bad_sample"),
            (
                with(&good, json!({"metric": "moods", "unit": "km"})),
                "unknown_metric",
            ),
            (
                with(&with(&good, long.clone()), json!({"unit": "km"})),
                "bad_unit",
            ),
            (with(&with(&good, long), json!({"value": -1})), "overlong"),
            (
                with(&minute(1, at(15, 0), 1), json!({"value": -1})),
                "range",
            ),
            (minute(1, at(12, 2), 100), "future"),
            (minute(1, at(12, 0) - 31 * DAY_MS, 100), "too_old"),
        ];
        let sent: Vec<Value> = cases.iter().map(|(record, _)| record.clone()).collect();
        let ack = wire.ack(&records(1, &sent)).await;
        let told = results(&ack);
        let rejected = |(seq, code): (u64, &str)| (seq, "rejected".to_owned(), code.to_owned());
        let wanted: Vec<_> = (1..)
            .zip(cases.iter().map(|(_, code)| *code))
            .map(rejected)
            .collect();
        assert_eq!(told, wanted);
        assert_eq!(ack["up_to_seq"], 10, "a refused record is done with too");
        let (mut wire, welcome) = device(&server, "ann", WATCH).await;
        assert_eq!(welcome["resume_after"]["live"], 10);
        wire.ack(&records(11, &[minute(1, at(8, 0), 100)])).await;
        assert_eq!(
            totals(&server, "ann").await,
            (100, 100),
            "its id was never used"
        );
    });
}

#[test]
fn a_copy_is_a_duplicate_and_of_two_contents_one_loses() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        let copies = [minute(7, at(8, 0), 10), minute(7, at(8, 0), 11)];
        wire.ack(&records(1, &copies[..1])).await;
        wire.ack(&records(2, &copies[1..])).await;
        let again = wire.ack(&records(1, &copies)).await;
        assert_eq!(again["up_to_seq"], 2, "it never falls");
        let mut told: Vec<_> = results(&again)
            .into_iter()
            .map(|(seq, status, _)| (status, seq))
            .collect();
        told.sort();
        let statuses: Vec<&str> = told.iter().map(|(status, _)| status.as_str()).collect();
        assert_eq!(statuses, ["duplicate", "stale_version"]);
        let winner = if told[0].1 == 1 { 10 } else { 11 };
        assert_eq!(totals(&server, "ann").await, (winner, winner));
        let unknown = wire.ack(&records(1, &[minute(8, at(8, 1), 5)])).await;
        assert_eq!(results(&unknown), [], "below up_to_seq, and new");
        assert_eq!(totals(&server, "ann").await, (winner + 5, winner + 5));
    });
}

#[test]
fn more_than_a_minute_can_hold_is_clamped() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        let ack = wire.ack(&batch(1, at(8, 0), &[300, 240])).await;
        assert_eq!(results(&ack), [(1, "clamped".to_owned(), String::new())]);
        let shown_and_counted = (540, 480);
        assert_eq!(totals(&server, "ann").await, shown_and_counted);
    });
}

#[test]
fn a_session_whose_clock_is_3_h_off_gains_nothing_until_a_clean_copy_comes() {
    for off_ms in [-3 * HOUR_MS, 3 * HOUR_MS] {
        let server = server();
        block_on(async {
            let said = batch(1, at(8, 0), &[100; 10]);
            let (mut skewed, _) =
                Wire::hello(&server, "ann", &hello(WATCH, at(12, 0) + off_ms)).await;
            let ack = skewed.ack(&said).await;
            let quarantined = |seq| (seq, "quarantined".to_owned(), "clock".to_owned());
            let all: Vec<_> = (1..=10).map(quarantined).collect();
            assert_eq!(results(&ack), all);
            assert_eq!(totals(&server, "ann").await, (1_000, 0));
            let (mut skewed, _) =
                Wire::hello(&server, "ann", &hello(WATCH, at(12, 0) + off_ms)).await;
            let again = skewed.ack(&said).await;
            assert!(again["results"].as_array().unwrap().len() == 10, "{again}");
            assert_eq!(totals(&server, "ann").await, (1_000, 0));
            let (mut good, _) = device(&server, "ann", WATCH).await;
            assert_eq!(results(&good.ack(&said).await), [], "accepted now");
            assert_eq!(totals(&server, "ann").await, (1_000, 1_000));
            let third = good.ack(&said).await;
            assert!(
                results(&third)
                    .iter()
                    .all(|(_, status, _)| status == "duplicate")
            );
            assert_eq!(totals(&server, "ann").await, (1_000, 1_000));
        });
    }
}

#[test]
fn a_clock_that_is_2_minutes_off_is_good_enough() {
    let server = server();
    block_on(async {
        let (mut wire, _) = Wire::hello(&server, "ann", &hello(WATCH, at(12, 2))).await;
        assert_eq!(results(&wire.ack(&batch(1, at(8, 0), &[100])).await), []);
        let (mut wire, _) =
            Wire::hello(&server, "bob", &hello(super::scene::PHONE, at(12, 2) + 1)).await;
        assert_eq!(
            results(&wire.ack(&batch(1, at(8, 0), &[100])).await).len(),
            1
        );
    });
}

#[test]
fn a_gap_keeps_nothing_of_the_batch_and_says_what_was_expected() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        wire.ack(&batch(1, at(8, 0), &[100])).await;
        let error = wire.error(&batch(5, at(9, 0), &[100])).await;
        assert_shape(&error, "error_seq_gap");
        let detail = error["detail"].clone();
        let exactly = json!({"type": "error", "code": "seq_gap", "detail": detail, "batch_id": 5,
            "expected_seq": 2, "fatal": false});
        assert_eq!(error, exactly);
        assert_eq!(totals(&server, "ann").await, (100, 100));
        assert_eq!(wire.ack(&batch(2, at(9, 0), &[100])).await["up_to_seq"], 2);
    });
}

#[test]
fn lanes_are_numbered_apart_and_acks_come_in_order_within_the_credits() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        // More than the credits: the server reads them as it gets room.
        for first in 1..=12 {
            wire.send(&batch(
                first,
                at(8, 0) + first.cast_signed() * MINUTE_MS,
                &[10],
            ))
            .await;
        }
        for first in 1..=12_u64 {
            let ack = wire.expect("ack").await;
            assert_eq!(
                (&ack["batch_id"], &ack["up_to_seq"]),
                (&json!(first), &json!(first))
            );
            assert_eq!(ack["credits"], 4);
        }
        let older = with(
            &records(1, &[minute(100, at(6, 0), 7), minute(101, at(6, 1), 7)]),
            json!({"lane": "backfill"}),
        );
        let ack = wire.ack(&older).await;
        assert_eq!(
            (&ack["lane"], &ack["up_to_seq"]),
            (&json!("backfill"), &json!(2))
        );
        let (_, welcome) = device(&server, "ann", WATCH).await;
        assert_eq!(welcome["resume_after"], json!({"live": 12, "backfill": 2}));
        assert_eq!(totals(&server, "ann").await, (134, 134));
    });
}

#[test]
fn a_batch_whose_envelope_is_wrong_is_refused_whole() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        let good = batch(1, at(8, 0), &[100]);
        let many: Vec<Value> = (0..501).map(|id| minute(id, at(8, 0), 0)).collect();
        let mut headless = good.clone();
        headless.as_object_mut().unwrap().remove("first_seq");
        let cases = [
            (with(&good, json!({"records": []})), "bad_frame"),
            (with(&good, json!({"lane": "fast"})), "bad_frame"),
            (with(&good, json!({"first_seq": 0.5})), "bad_frame"),
            (headless, "bad_frame"),
        ];
        for (frame, code) in &cases {
            let error = wire.error(frame).await;
            assert_eq!(
                (&error["code"], &error["batch_id"]),
                (&json!(code), &json!(1)),
                "{error}"
            );
            assert_eq!(error["fatal"], false);
        }
        let short: Vec<Value> = many.iter().map(|r| json!({"id": r["id"]})).collect();
        let error = wire.error(&records(1, &short)).await;
        assert_eq!(error["code"], "batch_too_large");
        assert_eq!(wire.ack(&good).await["up_to_seq"], 1, "nothing was kept");
    });
}
