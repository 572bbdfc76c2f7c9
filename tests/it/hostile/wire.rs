//! What breaks WebSocket itself, sockets that vanish, and devices that are somebody else's.

use serde_json::json;
use streakline_core::civil::MINUTE_MS;

use super::bystander::{Bystander, NOON_MS, server, shown};
use crate::harness::stream::batch;
use crate::harness::wire::{BINARY, TEXT, hello};
use crate::harness::{Server, Wire, block_on};

const MALLORY: &str = "aaaaaaaa-8f4e-5d0a-9a53-0d7a5f3b2c11";
const BOBS_WATCH: &str = "b1b1b1b1-8f4e-5d0a-9a53-0d7a5f3b2c11";
const TOO_LARGE: usize = 65_537;

async fn mallory(server: &Server) -> Wire {
    Wire::hello(server, "mallory", &hello(MALLORY, NOON_MS))
        .await
        .0
}

#[test]
fn frames_that_break_the_rules_of_the_wire_close_with_their_code() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let large = "x".repeat(TOO_LARGE);
        let cut_short = "{\"type\":\"ping\",\"id\":1,\"x\":\"é".as_bytes().to_vec();
        let mut not_utf8 = cut_short.clone();
        *not_utf8.last_mut().unwrap() = b'"';
        for (opcode, payload, code) in [
            (TEXT, large.as_bytes(), 1009),
            (BINARY, large.as_bytes(), 1009),
            (BINARY, b"{}", 1003),
            (TEXT, b"\xff\xfe", 1007),
            (TEXT, &not_utf8, 1007),
            (TEXT, &cut_short[..cut_short.len() - 1], 1007),
            (11, b"reserved", 1002),
            (0, b"continues nothing", 1002),
        ] {
            let mut wire = mallory(&server).await;
            wire.send_frame(opcode, payload).await;
            let closed = wire.closed().await;
            assert_eq!(closed.code, code, "opcode {opcode}: {closed:?}");
            bystander.goes_on().await;
        }
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn fragments_are_held_to_the_same_rules_as_whole_frames() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let mut wire = mallory(&server).await;
        wire.send_in_parts(&"x".repeat(TOO_LARGE), 8_192).await;
        assert_eq!(wire.closed().await.code, 1009);
        bystander.goes_on().await;
        let mut wire = mallory(&server).await;
        // A first part without end, of a text that is none.
        wire.send_bytes(&[0x01, 0x82, 0, 0, 0, 0, 0xc3, 0x28]).await;
        wire.send_bytes(&[0x80, 0x80, 0, 0, 0, 0]).await;
        assert_eq!(wire.closed().await.code, 1007);
        bystander.goes_on().await;
        let mut wire = mallory(&server).await;
        wire.send_bytes(&[0x02, 0x81, 0, 0, 0, 0, 0x00]).await;
        assert_eq!(wire.closed().await.code, 1003);
        bystander.goes_on().await;
        let mut wire = mallory(&server).await;
        wire.send_bytes(&[0x81, 0x01, b'x']).await;
        assert_eq!(wire.closed().await.code, 1002, "a client must mask");
        bystander.goes_on().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn sockets_that_vanish_harm_nobody() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let start_ms = NOON_MS - 60 * MINUTE_MS;
        for round in 0..10_u64 {
            let mut wire = mallory(&server).await;
            wire.ack(&batch(
                round + 1,
                start_ms + round.cast_signed() * MINUTE_MS,
                &[100],
            ))
            .await;
            wire.leave_mid_frame(&batch(round + 2, start_ms, &[1; 50]))
                .await;
            bystander.goes_on().await;
        }
        // These leave between the upgrade and the welcome, or amid their first frame.
        for _ in 0..10 {
            let token = server.token("mallory");
            let mut wire = Wire::upgrade(&server, &token).await.unwrap();
            wire.send(&hello(MALLORY, NOON_MS)).await;
            drop(wire);
            let wire = Wire::upgrade(&server, &token).await.unwrap();
            wire.leave_mid_frame(&hello(MALLORY, NOON_MS)).await;
            bystander.goes_on().await;
        }
        assert_eq!(shown(&server, "mallory").await, 1_000);
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn somebody_elses_device_is_refused_and_its_owner_streams_on() {
    let mut server = server();
    let bystander = block_on(async {
        let mut bystander = Bystander::new(&server).await;
        bystander.goes_on().await;
        for _ in 0..3 {
            let mut wire = Wire::upgrade(&server, &server.token("mallory"))
                .await
                .unwrap();
            wire.send(&hello(BOBS_WATCH, NOON_MS)).await;
            wire.send(&batch(1, NOON_MS - 60 * MINUTE_MS, &[100])).await;
            let closed = wire.closed().await;
            assert_eq!(
                (closed.code, &closed.reason["code"]),
                (4403, &json!("device_bound"))
            );
            bystander.goes_on().await;
        }
        bystander
    });
    server.kill_and_restart();
    block_on(async {
        bystander.has_lost_nothing(&server).await;
        let mallory = server
            .rest()
            .find("/v1/users/mallory/days/2016-04-13")
            .await
            .unwrap();
        let shown = mallory.map_or(json!(0), |day| day["display"].clone());
        assert_eq!(shown, 0, "nothing was taken from mallory");
    });
}
