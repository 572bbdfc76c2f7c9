//! Too much, too often, or nothing at all: closed with a code, and a time to come back where that helps.

use serde_json::json;

use super::bystander::{Bystander, NOON_MS};
use crate::harness::wire::hello;
use crate::harness::{Wire, block_on, configured};

const NOON: &str = "2016-04-13T12:00:00Z";
const MALLORY: &str = "aaaaaaaa-8f4e-5d0a-9a53-0d7a5f3b2c11";

#[test]
fn too_many_frames_close_their_socket_only() {
    let server = configured(NOON, "[limits]\nframes_per_s = 10\n");
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let (mut wire, _) = Wire::hello(&server, "mallory", &hello(MALLORY, NOON_MS)).await;
        for id in 0..200 {
            wire.send(&json!({"type": "ping", "id": id})).await;
        }
        let closed = wire.closed().await;
        assert_eq!(
            (closed.code, &closed.reason["code"]),
            (4429, &json!("rate_limited"))
        );
        assert!(closed.reason["retry_after_ms"].is_u64(), "{closed:?}");
        bystander.goes_on().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn too_many_sockets_of_one_address_are_told_to_come_back() {
    let server = configured(NOON, "[limits]\nconnections_per_address = 2\n");
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let (wire, _) = Wire::hello(&server, "mallory", &hello(MALLORY, NOON_MS)).await;
        let mut third = Wire::upgrade(&server, &server.token("mallory"))
            .await
            .unwrap();
        let closed = third.closed().await;
        assert_eq!(
            (closed.code, &closed.reason["code"]),
            (4429, &json!("rate_limited"))
        );
        bystander.goes_on().await;
        drop((wire, third));
        bystander.goes_on().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn a_silent_peer_is_closed_and_one_that_answers_pings_is_not() {
    let server = configured(NOON, "[stream]\nheartbeat_s = 1\n");
    block_on(async {
        let (mut silent, welcome) =
            Wire::hello(&server, "mallory", &json!({"type": "hello"})).await;
        assert_eq!(welcome["heartbeat_s"], 1);
        silent.is_alive = false;
        let (mut alive, _) = Wire::hello(&server, "bob", &json!({"type": "hello"})).await;
        let (closed, ()) = tokio::join!(silent.closed(), async {
            for _ in 0..10 {
                alive.quiet().await;
            }
        });
        assert_eq!(closed.code, 4408);
        alive.send(&json!({"type": "ping", "id": 1})).await;
        alive.expect("pong").await;
    });
}
