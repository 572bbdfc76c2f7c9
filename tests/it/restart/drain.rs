//! A drain: every client hears when to come back, what was acknowledged is kept, and the process ends by itself in its grace.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::scene::Scene;
use crate::harness::load::{devices, hello, minutes, name, put_users, tokens};
use crate::harness::wire::Closed;
use crate::harness::{Wire, block_on};

const SOCKETS: usize = 2_000;
const STEPS: i64 = 10;
/// Batches of one socket, as many minutes: it goes on until it is told to stop.
const BATCHES_MAX: u64 = 600;
/// Acknowledged on average before the end begins.
const ACKS_BEFORE: usize = 3;
const RETRY_AFTER_MS_MAX: u64 = 3_000;

/// How one client's day went.
struct Heard {
    sent: u64,
    acknowledged: u64,
    byes: Vec<Value>,
    closed: Closed,
}

/// Sends minute after minute, each when the last was acknowledged, until the server ends the socket.
async fn stream_on(mut wire: Wire, since_ms: i64, acks: &AtomicUsize) -> Heard {
    let (mut sent, mut acknowledged, mut byes) = (0, 0, Vec::new());
    let closed = loop {
        if acknowledged == sent && sent < BATCHES_MAX && byes.is_empty() {
            sent += 1;
            wire.send(&minutes(sent, since_ms, 1, STEPS)).await;
        }
        match wire.next().await {
            Ok(frame) if frame["type"] == "ack" => {
                acknowledged = frame["up_to_seq"].as_u64().unwrap();
                acks.fetch_add(1, Ordering::Relaxed);
            }
            Ok(frame) if frame["type"] == "bye" => byes.push(frame),
            Ok(_other) => {}
            Err(closed) => break closed,
        }
    };
    Heard {
        sent,
        acknowledged,
        byes,
        closed,
    }
}

/// What a client must be told: once, when to come back, and the same again with the close.
fn retry_after_ms(heard: &Heard) -> u64 {
    let [bye] = heard.byes.as_slice() else {
        panic!("{} byes, then {:?}", heard.byes.len(), heard.closed);
    };
    assert_eq!(bye["code"], "draining");
    let wait = &bye["retry_after_ms"];
    let reason = json!({"code": "draining", "retry_after_ms": wait});
    assert_eq!((heard.closed.code, &heard.closed.reason), (1012, &reason));
    wait.as_u64().unwrap()
}

/// The log without colours.
fn log_of(scene: &Scene) -> String {
    let log = scene.server.log();
    let mut parts = log.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, text)| text));
    first + &rest.collect::<String>()
}

#[track_caller]
fn assert_drained_in_time(scene: &Scene) {
    let log = log_of(scene);
    let end = log.lines().rev().find(|line| line.contains("drained"));
    let end = end.unwrap_or_else(|| panic!("it does not say that it drained"));
    assert!(end.contains("in_time=true"), "{end}");
    assert!(!log.contains("not everything was snapshotted"));
}

#[test]
fn a_drain_with_two_thousand_sockets_under_load_keeps_every_acknowledged_sample() {
    let mut scene = Scene::with("[shutdown]\ngrace_s = 40\n");
    let heard = block_on(async {
        let wires = devices(&scene.server, 0..SOCKETS).await;
        let acks = AtomicUsize::new(0);
        let clients = wires
            .into_iter()
            .map(|wire| stream_on(wire, scene.since_ms, &acks));
        let end = async {
            while acks.load(Ordering::Relaxed) < ACKS_BEFORE * SOCKETS {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            scene.server.ask_to_end();
        };
        let (heard, ()) = tokio::join!(join_all(clients), end);
        heard
    });
    assert_eq!(scene.server.wait_exit().code(), Some(0));
    assert_drained_in_time(&scene);
    let waits: BTreeSet<u64> = heard.iter().map(retry_after_ms).collect();
    assert!(waits.len() > SOCKETS / 10, "they come back all at once");
    assert!(waits.last() <= Some(&RETRY_AFTER_MS_MAX));
    assert!(heard.iter().all(|client| client.sent < BATCHES_MAX));
    scene.server.restart();
    block_on(async {
        for (number, client) in heard.iter().enumerate() {
            let steps = scene.steps(number).await;
            let acknowledged = client.acknowledged.cast_signed() * STEPS;
            let sent = client.sent.cast_signed() * STEPS;
            assert!(
                (acknowledged..=sent).contains(&steps),
                "{}: {acknowledged} acknowledged of {sent}, now {steps}",
                name(number)
            );
        }
    });
}

#[test]
fn a_draining_server_says_so_and_takes_nothing_new_until_pending_acks_are_out() {
    let mut scene = Scene::with("[journal]\nlinger_ms = 3000\n");
    block_on(async {
        put_users(&scene.server, 0..1).await;
        let mut wire = devices(&scene.server, 0..1).await.remove(0);
        let token = tokens(&scene.server, 1..2).remove(0);
        wire.send(&minutes(1, scene.since_ms, 1, STEPS)).await;
        // Answered after the batch in front of it was handed on.
        wire.send(&json!({"type": "ping", "id": 1})).await;
        wire.expect("pong").await;
        scene.server.ask_to_end();
        wire.expect("bye").await;
        let url = scene.server.url();
        let readiness = reqwest::get(format!("{url}/readyz")).await.unwrap();
        assert_eq!(readiness.status(), 503);
        let problem: Value = readiness.json().await.unwrap();
        assert_eq!(problem["detail"], "server: draining");
        let alive = reqwest::get(format!("{url}/healthz")).await.unwrap();
        assert_eq!(alive.status(), 200);
        let refused = Wire::upgrade(&scene.server, &token).await.err().unwrap();
        assert_eq!((refused.0, &refused.1["code"]), (503, &json!("draining")));
        let put = reqwest::Client::new()
            .put(format!("{url}/v1/users/late"))
            .bearer_auth(scene.server.admin_key())
            .json(&json!({"zone": "UTC"}));
        let refused = put.send().await.unwrap();
        assert_eq!(refused.status(), 503);
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["code"], "draining");
        let closed = wire.closed().await;
        assert_eq!(closed.code, 1012);
        let kinds: Vec<&Value> = wire.seen.iter().map(|frame| &frame["type"]).collect();
        let at = |kind: &str| kinds.iter().position(|of| **of == kind).unwrap();
        assert!(at("bye") < at("ack"), "{kinds:?}");
    });
    assert_eq!(scene.server.wait_exit().code(), Some(0));
    assert_drained_in_time(&scene);
    scene.server.restart();
    block_on(async {
        assert_eq!(scene.steps(0).await, STEPS);
        let (_, welcome) = Wire::hello(&scene.server, &name(0), &hello(0)).await;
        assert_eq!(welcome["resume_after"]["live"], 1);
    });
}
