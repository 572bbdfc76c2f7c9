//! Sockets that take each other's place, tokens that end amid a stream, and cursors that nobody gave out.

use serde_json::{Value, json};
use streakline::clock;
use streakline::keys::{Claims, Role};
use streakline_core::civil::MINUTE_MS;

use super::bystander::{Bystander, NOON_MS, server, shown};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Wire, block_on};
use crate::stream::scene::with;

const MALLORY: &str = "aaaaaaaa-8f4e-5d0a-9a53-0d7a5f3b2c11";
const MORNING_MS: i64 = NOON_MS - 300 * MINUTE_MS;

/// The batch of one more minute; its number is the minute's.
fn minute(number: u64) -> Value {
    batch(number, MORNING_MS + number.cast_signed() * MINUTE_MS, &[10])
}

#[test]
fn two_sockets_of_one_device_take_turns_and_no_acknowledged_minute_is_lost() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let said = hello(MALLORY, NOON_MS);
        let (mut older, _) = Wire::hello(&server, "mallory", &said).await;
        for number in 1..=20 {
            older.ack(&minute(number)).await;
            let (newer, welcome) = Wire::hello(&server, "mallory", &said).await;
            assert_eq!(welcome["resume_after"]["live"], number);
            // The one that was replaced goes on sending, and is not heard any more.
            older.send(&minute(number + 1)).await;
            let closed = older.closed().await;
            assert_eq!(
                (closed.code, &closed.reason),
                (4409, &json!({"code": "replaced"}))
            );
            bystander.goes_on().await;
            older = newer;
        }
        assert_eq!(shown(&server, "mallory").await, 200);
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn a_token_that_ends_amid_a_stream_ends_it_and_a_renewed_one_does_not() {
    const TTL_S: i64 = 3;
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let claims = Claims::new("mallory", Role::User, clock::unix_s(), TTL_S);
        let short = server.token_with(&claims);
        let mut renewed = Wire::upgrade(&server, &short).await.unwrap();
        renewed.send(&json!({"type": "hello"})).await;
        renewed.expect("welcome").await;
        let token = server.token("mallory");
        renewed.send(&json!({"type": "auth", "token": token})).await;
        renewed.expect("authenticated").await;
        let mut wire = Wire::upgrade(&server, &short).await.unwrap();
        wire.send(&hello(MALLORY, NOON_MS)).await;
        wire.expect("welcome").await;
        let streaming = async {
            let mut acknowledged = 0;
            for number in 1..=300 {
                wire.send(&minute(number)).await;
                let frame = loop {
                    match wire.next().await {
                        Ok(frame) if frame["type"] == "ack" => break Some(frame),
                        Ok(_) => {}
                        Err(_) => break None,
                    }
                };
                match frame {
                    Some(ack) => acknowledged = ack["up_to_seq"].as_i64().unwrap(),
                    None => break,
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            (acknowledged, wire.closed().await)
        };
        let (acknowledged, closed) = bystander.beside(streaming).await;
        assert_eq!(
            (closed.code, &closed.reason["code"]),
            (4401, &json!("token_expired"))
        );
        assert!(shown(&server, "mallory").await >= acknowledged * 10);
        renewed.send(&json!({"type": "ping", "id": 1})).await;
        renewed.expect("pong").await;
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn a_forged_cursor_gets_a_snapshot_or_a_fault_and_never_events() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let viewer = json!({"type": "hello"});
        let (_, welcome) = Wire::hello(&server, "mallory", &viewer).await;
        let real = welcome["events"]["epoch"].clone();
        let odd = "\u{202e}\u{0}~".repeat(20);
        for (epoch, after_seq) in [
            (json!("forged"), 0),
            (json!(odd), 0),
            (json!(real.as_str().unwrap().to_owned() + "0"), 0),
            (real.clone(), 1),
            (real.clone(), (1_u64 << 53) - 1),
        ] {
            let seen = json!({"epoch": epoch, "after_seq": after_seq});
            let said = with(&viewer, json!({"events": seen}));
            let (mut wire, welcome) = Wire::hello(&server, "mallory", &said).await;
            assert_eq!(welcome["events"]["recovered"], false, "{said}");
            assert_eq!(welcome["events"]["epoch"], real);
            wire.expect("snapshot").await;
            assert_eq!(wire.events(), Vec::<Value>::new());
            bystander.goes_on().await;
        }
        for events in [
            json!({"epoch": real, "after_seq": -1}),
            json!({"epoch": real, "after_seq": 1_u64 << 53}),
            json!({"epoch": 17, "after_seq": 0}),
            json!({"epoch": "", "after_seq": 0}),
            json!({"epoch": real}),
            json!([]),
        ] {
            let token = server.token("mallory");
            let mut wire = Wire::upgrade(&server, &token).await.unwrap();
            let error = wire.error(&with(&viewer, json!({"events": events}))).await;
            assert_eq!(
                (&error["code"], &error["fatal"]),
                (&json!("bad_frame"), &json!(false)),
                "{events}"
            );
            bystander.goes_on().await;
        }
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}
