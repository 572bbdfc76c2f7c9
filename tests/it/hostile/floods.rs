//! Too much, too often, or nothing at all: closed with a code, and a time to come back where that helps.

use serde_json::json;

use super::bystander::{Bystander, NOON_MS};
use super::crowd::elsewhere;
use crate::harness::wire::{CONTINUATION, Closed, TEXT, encoded, hello};
use crate::harness::{Server, Wire, block_on, configured};

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
        assert_flooded(&wire.closed().await);
        bystander.goes_on().await;
        bystander.has_lost_nothing(&server).await;
    });
}

fn assert_flooded(closed: &Closed) {
    let flooded = json!({"code": "rate_limited", "retry_after_ms": 2_000});
    assert_eq!((closed.code, &closed.reason), (4429, &flooded));
}

/// A viewer that has been welcomed.
async fn viewer(server: &Server, user: &str, from: u8) -> Wire {
    let token = server.token(user);
    let wire = Wire::upgrade_from(elsewhere(from), server, &token).await;
    let mut wire = wire.unwrap();
    wire.send(&json!({"type": "hello"})).await;
    wire.expect("welcome").await;
    wire
}

/// Each sends that many pings in its turn, all of them at once; how those end that are closed.
async fn ping_together(wires: &mut [Wire], each: usize) -> Vec<Closed> {
    let ping = encoded(true, TEXT, b"{\"type\":\"ping\",\"id\":1}");
    let mut closed = Vec::new();
    for wire in wires {
        wire.send_bytes(&ping.repeat(each)).await;
        if let Some(end) = wire.answered(each).await {
            closed.push(end);
        }
    }
    closed
}

#[test]
fn sockets_of_one_user_are_too_many_together_and_nobody_else_is_closed() {
    let server = configured(NOON, "[limits]\nframes_per_s_per_user = 20\n");
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let mut wires = Vec::new();
        for from in 1..=8 {
            wires.push(viewer(&server, "mallory", from).await);
        }
        // Each alone is far below what a socket may send.
        let closed = ping_together(&mut wires, 15).await;
        assert!(!closed.is_empty(), "120 frames of 40 and a few more");
        closed.iter().for_each(assert_flooded);
        // A new socket is no new allowance, and coming back in time is welcome.
        let mut again = Wire::upgrade(&server, &server.token("mallory"))
            .await
            .unwrap();
        again
            .send_bytes(&encoded(true, TEXT, b"{}").repeat(60))
            .await;
        assert_flooded(&again.closed().await);
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        viewer(&server, "mallory", 1).await;
        bystander.goes_on().await;
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn sockets_of_one_address_are_too_many_together_and_other_addresses_go_on() {
    let server = configured(NOON, "[limits]\nframes_per_s_per_address = 20\n");
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let mut wires = Vec::new();
        for number in 0..8 {
            wires.push(viewer(&server, &format!("mallory-{number}"), 9).await);
        }
        let closed = ping_together(&mut wires, 15).await;
        assert!(!closed.is_empty(), "120 frames of 40 and a few more");
        closed.iter().for_each(assert_flooded);
        let mut neighbour = viewer(&server, "mallory-0", 10).await;
        neighbour.send(&json!({"type": "ping", "id": 1})).await;
        neighbour.expect("pong").await;
        bystander.goes_on().await;
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn endless_fragments_are_a_flood_even_when_they_are_empty() {
    let server = configured(NOON, "[limits]\nframes_per_s = 100\n");
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let first = encoded(false, TEXT, b"{");
        for (fragment, code) in [(vec![], 4429), (vec![b' '; 8_192], 1009)] {
            let mut wire = viewer(&server, "mallory", 11).await;
            let endless = encoded(false, CONTINUATION, &fragment);
            let harm = async {
                wire.send_bytes(&first).await;
                for _ in 0..400 {
                    wire.offer(&endless).await;
                }
                wire.closed().await
            };
            let closed = bystander.beside(harm).await;
            assert_eq!(closed.code, code, "{closed:?}");
        }
        bystander.is_told().await;
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
        assert_flooded(&third.closed().await);
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
