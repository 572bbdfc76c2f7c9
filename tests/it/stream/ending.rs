//! Keeping alive, renewing, ending (protocol.md 6), and messages that come in fragments.

use std::time::Duration;

use serde_json::{Value, json};
use streakline::clock;
use streakline::keys::{Claims, Role};

use super::scene::{WATCH, assert_shape, at, device, server, totals, viewer, with};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

/// A token of `user` with so many seconds to live.
fn token(server: &Server, user: &str, ttl_s: i64) -> String {
    server.token_with(&Claims::new(user, Role::User, clock::unix_s(), ttl_s))
}

async fn viewer_with(server: &Server, token: &str) -> Wire {
    let mut wire = Wire::upgrade(server, token).await.unwrap();
    wire.send(&json!({"type": "hello"})).await;
    wire.expect("welcome").await;
    wire
}

#[test]
fn a_ping_is_answered_with_the_servers_time() {
    let server = server();
    block_on(async {
        let (mut wire, _) = viewer(&server, "ann").await;
        wire.send(&json!({"type": "ping", "id": 41})).await;
        let pong = wire.expect("pong").await;
        assert_eq!(
            pong,
            json!({"type": "pong", "id": 41, "server_time_ms": at(12, 0)})
        );
    });
}

#[test]
fn a_renewed_token_outlives_the_first_and_an_expired_one_ends_the_socket() {
    const TTL_S: i64 = 6;
    let server = server();
    block_on(async {
        let short = token(&server, "ann", TTL_S);
        let end_s = clock::unix_s() + TTL_S;
        let mut renewed = viewer_with(&server, &short).await;
        let mut forgetful = viewer_with(&server, &short).await;
        let claims = Claims::new("ann", Role::User, clock::unix_s(), 3_600);
        renewed
            .send(&json!({"type": "auth", "token": server.token_with(&claims)}))
            .await;
        let answer = renewed.expect("authenticated").await;
        assert_eq!(
            answer,
            json!({"type": "authenticated", "exp_ms": claims.exp * 1_000})
        );
        let closed = forgetful.closed().await;
        assert_eq!(
            (closed.code, &closed.reason["code"]),
            (4401, &json!("token_expired"))
        );
        while clock::unix_s() <= end_s {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        renewed.send(&json!({"type": "ping", "id": 1})).await;
        renewed.expect("pong").await;
        let refused = Wire::upgrade(&server, &short).await.err().unwrap();
        assert_eq!(
            (refused.0, &refused.1["code"]),
            (401, &json!("token_expired"))
        );
    });
}

#[test]
fn a_renewal_for_somebody_else_or_with_a_bad_token_ends_the_socket() {
    let server = server();
    block_on(async {
        for (renewal, code) in [
            (server.token("bob"), "unauthenticated"),
            (token(&server, "ann", -5), "token_expired"),
            ("nonsense".to_owned(), "unauthenticated"),
        ] {
            let (mut wire, _) = viewer(&server, "ann").await;
            wire.send(&json!({"type": "auth", "token": renewal})).await;
            let closed = wire.closed().await;
            assert_eq!((closed.code, &closed.reason["code"]), (4401, &json!(code)));
        }
    });
}

#[test]
fn fragments_are_joined_wherever_they_are_cut() {
    let server = server();
    block_on(async {
        let mut wire = Wire::upgrade(&server, &server.token("ann")).await.unwrap();
        let said = with(
            &hello(WATCH, at(12, 0)),
            json!({"model": "Größe 腕時計 ⌚"}),
        );
        wire.send_in_parts(&said.to_string(), 1).await;
        wire.expect("welcome").await;
        let devices = server.rest().list("/v1/users/ann/devices").await.unwrap();
        assert_eq!(devices[0]["device"], WATCH);
        for (first, bytes) in [(1, 1), (11, 2), (21, 3), (31, 1_000)] {
            let noted = with(
                &batch(first, at(8, first.cast_signed()), &[100; 10]),
                json!({"note": "é".repeat(50)}),
            );
            wire.send_in_parts(&noted.to_string(), bytes).await;
            let ack = wire.expect("ack").await;
            assert_eq!(
                (&ack["batch_id"], &ack["results"]),
                (&json!(first), &json!([]))
            );
        }
        assert_eq!(totals(&server, "ann").await, (4_000, 4_000));
    });
}

#[test]
fn sigterm_says_bye_sends_pending_acks_and_keeps_what_it_acknowledged() {
    let mut server = server();
    let (acked, seen) = block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        let (mut idle, _) = viewer(&server, "bob").await;
        wire.ack(&batch(1, at(6, 0), &[10; 10])).await;
        for first in (11..=91_u64).step_by(10) {
            let start_ms = at(6, first.cast_signed());
            wire.send(&batch(first, start_ms, &[10; 10])).await;
        }
        assert_eq!(server.terminate(), Some(0));
        for wire in [&mut wire, &mut idle] {
            let closed = wire.closed().await;
            assert_eq!(
                (closed.code, &closed.reason["code"]),
                (1012, &json!("draining"))
            );
            let bye = wire
                .seen
                .iter()
                .find(|frame| frame["type"] == "bye")
                .unwrap();
            assert_shape(bye, "bye");
            assert_eq!(closed.reason["retry_after_ms"], bye["retry_after_ms"]);
        }
        let acks = wire.seen.iter().filter(|frame| frame["type"] == "ack");
        (
            acks.filter_map(|ack| ack["up_to_seq"].as_u64())
                .max()
                .unwrap(),
            wire.seen,
        )
    });
    server.restart();
    block_on(async {
        let (mut wire, welcome) = device(&server, "ann", WATCH).await;
        let live = welcome["resume_after"]["live"].as_u64().unwrap();
        assert_eq!(
            live, acked,
            "everything durable was acknowledged: {seen:#?}"
        );
        assert_eq!(
            totals(&server, "ann").await,
            (live.cast_signed() * 10, live.cast_signed() * 10)
        );
        for first in (live + 1..=91).step_by(10) {
            wire.ack(&batch(first, at(6, first.cast_signed()), &[10; 10]))
                .await;
        }
        assert_eq!(totals(&server, "ann").await, (1_000, 1_000));
    });
}

#[test]
fn every_socket_of_a_user_ends_alone() {
    let server = server();
    block_on(async {
        let (mut watch, _) = device(&server, "ann", WATCH).await;
        for _ in 0..20 {
            let (page, _) = viewer(&server, "ann").await;
            drop(page);
        }
        watch.ack(&batch(1, at(8, 0), &[100])).await;
        watch
            .state("me/day/2016-04-13", |state| state["display"] == 100)
            .await;
        let types: Vec<&Value> = watch.seen.iter().map(|frame| &frame["type"]).collect();
        assert!(!types.contains(&&json!("error")), "{types:?}");
    });
}
