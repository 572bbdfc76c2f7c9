//! Upgrade, hello and welcome (protocol.md 2): who may open a stream, and where it goes on.

use super::scene::{
    PHONE, QUEUE, TODAY, WATCH, assert_shape, at, device, server, totals, viewer, with,
};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Wire, block_on};
use serde_json::{Value, json};

#[test]
fn a_first_hello_is_welcomed_exactly_and_followed_by_a_snapshot() {
    let server = server();
    block_on(async {
        let said = with(
            &hello(WATCH, at(12, 0)),
            json!({"vendor": "fitbit", "model": "charge", "zone": "Europe/Berlin"}),
        );
        let (mut wire, welcome) = Wire::hello(&server, "ann", &said).await;
        assert_shape(&welcome, "welcome");
        let exactly = json!({"type": "welcome", "server_time_ms": at(12, 0), "user": "ann",
            "zone": "Europe/Berlin", "session": welcome["session"], "resume_after": {"live": 0, "backfill": 0},
            "credits": 4, "credit_bytes": 131_072,
            "backfill": {"credits": 2, "credit_bytes": 65_536, "batches_per_min": 50}, "max_records": 500, "max_bytes": 65_536, "heartbeat_s": 25,
            "events": {"epoch": welcome["events"]["epoch"], "next_seq": 1, "recovered": false}});
        assert_eq!(welcome, exactly);
        assert_eq!(wire.seen.len(), 1, "nothing comes before it");
        let snapshot = wire.next().await.unwrap();
        assert_shape(&snapshot, "snapshot");
        assert_eq!(snapshot["events"]["epoch"], welcome["events"]["epoch"]);
        assert_eq!(snapshot["events"]["next_seq"], 1);
        assert_eq!(snapshot["today"], TODAY);
        let devices = server.rest().list("/v1/users/ann/devices").await.unwrap();
        assert_eq!(devices[0]["device"], WATCH);
        assert_eq!(devices[0]["class"], "watch");
    });
}

#[test]
fn a_hello_brings_another_zone_and_the_welcome_says_why_one_is_not_taken() {
    let server = server();
    block_on(async {
        let zone = |zone: &str| json!({"type": "hello", "zone": zone});
        let (_, welcome) = viewer(&server, "ann").await;
        assert_eq!(welcome["zone"], "UTC", "until one is set");
        for name in ["Asia/Kolkata", "Europe/Berlin", "America/New_York"] {
            let (_, welcome) = Wire::hello(&server, "ann", &zone(name)).await;
            assert_eq!(welcome["zone"], name);
            assert!(welcome.get("zone_refused").is_none());
        }
        let (_, welcome) = Wire::hello(&server, "ann", &zone("Asia/Tokyo")).await;
        assert_shape(&welcome, "welcome_zone_refused");
        assert_eq!(welcome["zone"], "America/New_York");
        assert_eq!(welcome["zone_refused"]["code"], "limit");
        let (_, welcome) = Wire::hello(&server, "ann", &zone("America/New_York")).await;
        assert!(welcome.get("zone_refused").is_none(), "nothing to change");
    });
}

#[test]
fn a_zone_that_is_told_late_moves_samples_to_their_day() {
    let server = server();
    block_on(async {
        let said = with(
            &hello(WATCH, at(12, 0)),
            json!({"zone": "Pacific/Honolulu"}),
        );
        let (mut wire, _) = Wire::hello(&server, "ann", &said).await;
        let rest = server.rest();
        rest.move_clock(at(20, 0)).await.unwrap();
        // 04:00 and 06:00 of the 13th in Honolulu are 23:00 of the 13th and 01:00 of the 14th in Tokyo.
        wire.ack(&batch(1, at(14, 0), &[100])).await;
        wire.ack(&batch(2, at(16, 0), &[70])).await;
        assert_eq!(totals(&server, "ann").await, (170, 170));
        let late = json!({"type": "hello", "zone": "Asia/Tokyo", "zone_since_ms": at(13, 0)});
        let (_, welcome) = Wire::hello(&server, "ann", &late).await;
        assert_eq!(welcome["zone"], "Asia/Tokyo");
        assert_eq!(totals(&server, "ann").await, (100, 100));
        let next = rest.get("/v1/users/ann/days/2016-04-14").await.unwrap();
        assert_eq!(
            (&next["eligible"], &next["records"]),
            (&json!(70), &json!(1))
        );
        let since_ms = at(20, 0) - 72 * 3_600_000 - 1;
        let early = json!({"type": "hello", "zone": "UTC", "zone_since_ms": since_ms});
        let (_, welcome) = Wire::hello(&server, "ann", &early).await;
        assert_eq!(welcome["zone_refused"]["code"], "range");
        let user = rest.get("/v1/users/ann").await.unwrap();
        let zones = user["zones"].as_array().unwrap();
        assert_eq!(zones.len(), 2);
        assert_eq!(zones[0]["effective_ms"], Value::Null);
        assert_eq!(zones[1]["effective_ms"], at(13, 0));
    });
}

#[test]
fn a_hello_that_is_refused_may_be_said_again_better() {
    let server = server();
    block_on(async {
        let mut wire = Wire::upgrade(&server, &server.token("ann")).await.unwrap();
        let mut said = hello(WATCH, at(12, 0));
        said.as_object_mut().unwrap().remove("class");
        let error = wire.error(&said).await;
        assert_eq!(error["code"], "bad_frame");
        assert_eq!(error["pointer"], "/class");
        let odd = with(&hello(WATCH, at(12, 0)), json!({"zone": "Mars/Olympus"}));
        assert_eq!(wire.error(&odd).await["code"], "unknown_zone");
        wire.send(&hello(WATCH, at(12, 0))).await;
        wire.expect("welcome").await;
        let again = wire.error(&hello(WATCH, at(12, 0))).await;
        assert_eq!(again["code"], "hello_repeated");
        assert_eq!(again["fatal"], false);
    });
}

#[test]
fn a_viewer_sees_everything_and_may_not_send_samples() {
    let server = server();
    block_on(async {
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        let (mut wire, _) = viewer(&server, "ann").await;
        wire.expect("snapshot").await;
        let error = wire.error(&batch(1, at(8, 0), &[100])).await;
        assert_eq!(
            (&error["code"], &error["batch_id"]),
            (&json!("no_device"), &json!(1))
        );
        watch.ack(&batch(1, at(8, 0), &[100])).await;
        let topic = format!("me/day/{TODAY}");
        wire.state(&topic, |state| state["display"] == 100).await;
    });
}

#[test]
fn a_new_outbox_starts_at_0_and_counts_nothing_twice() {
    let server = server();
    block_on(async {
        let said = batch(1, at(8, 0), &[100; 10]);
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        wire.ack(&said).await;
        let reinstalled = with(&hello(WATCH, at(12, 0)), json!({"outbox_id": QUEUE}));
        let (mut wire, welcome) = Wire::hello(&server, "ann", &reinstalled).await;
        assert_eq!(welcome["resume_after"], json!({"live": 0, "backfill": 0}));
        let longer = batch(1, at(8, 0), &[100; 12]);
        let ack = wire.ack(&longer).await;
        assert_eq!(ack["up_to_seq"], 12);
        let results = ack["results"].as_array().unwrap();
        let duplicate = |result: &Value| result["status"] == "duplicate";
        assert!(
            results.len() == 10 && results.iter().all(duplicate),
            "{ack}"
        );
        assert_eq!(totals(&server, "ann").await, (1_200, 1_200));
        let (_, welcome) = device(&server, "ann", WATCH).await;
        assert_eq!(welcome["resume_after"]["live"], 10, "of the old outbox");
        let (_, welcome) = Wire::hello(&server, "ann", &reinstalled).await;
        assert_eq!(welcome["resume_after"]["live"], 12, "of the new outbox");
    });
}

#[test]
fn the_newest_socket_of_a_device_wins() {
    let server = server();
    block_on(async {
        let (mut older, _) = device(&server, "ann", WATCH).await;
        let (mut phone, _) = device(&server, "ann", PHONE).await;
        let (mut newer, _) = device(&server, "ann", WATCH).await;
        let closed = older.closed().await;
        assert_eq!(
            (closed.code, closed.reason),
            (4409, json!({"code": "replaced"}))
        );
        newer.ack(&batch(1, at(8, 0), &[100])).await;
        phone.ack(&batch(1, at(8, 1), &[50])).await;
        assert_eq!(totals(&server, "ann").await, (150, 150));
    });
}

#[test]
fn a_device_belongs_to_one_user_and_a_token_may_name_one_device() {
    let server = server();
    block_on(async {
        let (mut ann, _) = device(&server, "ann", WATCH).await;
        let token = server.token("bob");
        let mut bob = Wire::upgrade(&server, &token).await.unwrap();
        bob.send(&hello(WATCH, at(12, 0))).await;
        let closed = bob.closed().await;
        assert_eq!(
            (closed.code, &closed.reason["code"]),
            (4403, &json!("device_bound"))
        );
        let mut claims = streakline::keys::Claims::new(
            "ann",
            streakline::keys::Role::User,
            streakline::clock::unix_s(),
            3_600,
        );
        claims.device = Some(PHONE.to_owned());
        let token = server.token_with(&claims);
        let mut other = Wire::upgrade(&server, &token).await.unwrap();
        other.send(&hello(WATCH, at(12, 0))).await;
        let closed = other.closed().await;
        assert_eq!(
            (closed.code, &closed.reason["code"]),
            (4403, &json!("forbidden"))
        );
        ann.ack(&batch(1, at(8, 0), &[100])).await;
    });
}
