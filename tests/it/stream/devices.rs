//! What is known of a device (protocol.md 4): its last sample, the last gap, its battery; as state and by REST.

use serde_json::{Value, json};
use streakline_core::civil::MINUTE_MS;

use super::scene::{WATCH, assert_shape, at, device, minute, records, server, viewer, with};
use crate::harness::{Server, block_on, stream::batch};

fn topic() -> String {
    format!("me/device/{WATCH}")
}

/// The device as REST has it, without what only REST tells.
async fn device_of(server: &Server, user: &str) -> Value {
    let path = format!("/v1/users/{user}/devices");
    server.rest().list(&path).await.unwrap()[0].clone()
}

/// REST's answer once it is so.
async fn until(server: &Server, user: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let device = device_of(server, user).await;
        if is_so(&device) {
            return device;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it never is: {}", device_of(server, user).await);
}

#[test]
fn a_viewer_sees_the_last_sample_and_the_last_gap_of_a_device() {
    let server = server();
    block_on(async {
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        let (mut screen, _) = viewer(&server, "ann").await;
        let new = screen.state(&topic(), |_| true).await;
        assert_eq!(
            (&new["metrics"], &new["battery"]),
            (&json!([]), &Value::Null)
        );
        watch.ack(&batch(1, at(8, 0), &[10; 10])).await;
        watch.ack(&batch(11, at(9, 0), &[10; 10])).await;
        let is_newest = |state: &Value| state["metrics"][0]["last_sample_ms"] == at(9, 10);
        let state = screen.state(&topic(), is_newest).await;
        let gap = json!({"from_ms": at(8, 10), "to_ms": at(9, 0)});
        let steps =
            json!({"metric": "steps", "last_sample_ms": at(9, 10), "age_s": 10_200, "gap": gap});
        assert_eq!(
            (&state["metrics"], &state["as_of_ms"]),
            (&json!([steps]), &json!(at(12, 0)))
        );
        let rest = device_of(&server, "ann").await;
        for member in ["metrics", "battery", "as_of_ms", "version"] {
            assert_eq!(rest[member], state[member], "{member}");
        }
        let late = [minute(100, at(8, 10), 1), minute(101, at(8, 40), 1)];
        let late = with(&records(1, &late), json!({"lane": "backfill"}));
        watch.ack(&late).await;
        let gap = json!({"from_ms": at(8, 41), "to_ms": at(9, 0)});
        let is_closed = |state: &Value| state["metrics"][0]["gap"] == gap;
        let state = screen.state(&topic(), is_closed).await;
        assert_eq!(state["metrics"][0]["last_sample_ms"], at(9, 10));
        assert!(at(9, 0) - at(8, 41) >= 15 * MINUTE_MS);
    });
}

#[test]
fn a_battery_is_told_to_viewers_and_is_there_after_a_crash() {
    let mut server = server();
    block_on(async {
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        let (mut screen, _) = viewer(&server, "ann").await;
        watch.ack(&batch(1, at(8, 0), &[10])).await;
        let said = json!({"type": "device", "battery": 80, "charging": false});
        watch.send(&said).await;
        let is_told = |state: &Value| state["battery"]["percent"] == 80;
        let state = screen.state(&topic(), is_told).await;
        let battery = json!({"percent": 80, "charging": false, "at_ms": at(12, 0)});
        assert_eq!(state["battery"], battery);
        assert_eq!(state["metrics"][0]["gap"], Value::Null);
        assert_shape(&state, "state_device");
    });
    server.kill_and_restart();
    block_on(async {
        let known = device_of(&server, "ann").await;
        assert_eq!(known["battery"]["percent"], 80);
        let (mut screen, _) = viewer(&server, "ann").await;
        screen
            .state(&topic(), |state| state["battery"]["percent"] == 80)
            .await;
    });
}

#[test]
fn of_many_reports_the_newest_counts_and_wrong_ones_are_refused() {
    let server = server();
    block_on(async {
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        for percent in (40..=90).rev() {
            watch
                .send(&json!({"type": "device", "battery": percent}))
                .await;
        }
        for wrong in [json!(101), json!(-1), json!("full"), Value::Null] {
            let error = watch
                .error(&json!({"type": "device", "battery": wrong}))
                .await;
            assert_eq!(
                (&error["code"], &error["pointer"]),
                (&json!("bad_frame"), &json!("/battery"))
            );
        }
        let (mut screen, _) = viewer(&server, "ann").await;
        let error = screen.error(&json!({"type": "device", "battery": 5})).await;
        assert_eq!(
            (&error["code"], &error["fatal"]),
            (&json!("no_device"), &json!(false))
        );
        drop(watch);
        let known = until(&server, "ann", |device| device["battery"]["percent"] == 40).await;
        assert_eq!(known["battery"]["charging"], Value::Null);
    });
}
