//! The compact form on real sockets: the same conversation, in binary messages.

use serde_json::json;
use streakline::protocol::{cbor, form::Form};

use super::scene::{TODAY, WATCH, assert_shape, at, server, totals, with};
use crate::harness::stream::batch;
use crate::harness::wire::{self, BINARY, TEXT, hello};
use crate::harness::{Server, Wire, block_on};

async fn device(server: &Server, events: serde_json::Value) -> (Wire, serde_json::Value) {
    let said = with(&hello(WATCH, at(12, 0)), json!({"events": events}));
    Wire::hello_in(Form::Cbor, server, "ann", &said).await
}

#[test]
fn a_conversation_has_the_frames_that_it_has_in_json() {
    let server = server();
    block_on(async {
        let (mut wire, welcome) = device(&server, json!(null)).await;
        assert_shape(&welcome, "welcome");
        assert_shape(&wire.next().await.unwrap(), "snapshot");
        let ack = wire.ack(&batch(1, at(8, 0), &[100, -4, 91])).await;
        assert_eq!(
            (&ack["up_to_seq"], &ack["lane"], &ack["results"][0]["code"]),
            (&json!(3), &json!("live"), &json!("range"))
        );
        let topic = format!("me/day/{TODAY}");
        wire.state(&topic, |state| state["display"] == 191).await;
        wire.send(&json!({"type": "ping", "id": 7})).await;
        assert_shape(&wire.expect("pong").await, "pong");
        let error = wire.error(&json!({"type": "batch", "batch_id": 9})).await;
        assert_eq!(
            (&error["code"], &error["pointer"], &error["batch_id"]),
            (&json!("bad_frame"), &json!("/first_seq"), &json!(9))
        );
        assert_eq!(totals(&server, "ann").await, (191, 191));
    });
}

#[test]
fn a_device_goes_on_where_it_was_in_either_form() {
    let server = server();
    block_on(async {
        super::scene::goal(&server, "ann", "UTC", 100, TODAY).await;
        let (mut wire, welcome) = device(&server, json!(null)).await;
        wire.ack(&batch(1, at(8, 0), &[100])).await;
        let event = wire.expect("event").await;
        assert_eq!(event["kind"], "goal.completed");
        let epoch = &welcome["events"]["epoch"];
        let seen = |after: u64| json!({"epoch": epoch, "after_seq": after});
        for form in Form::ALL {
            let said = with(&hello(WATCH, at(12, 0)), json!({"events": seen(0)}));
            let (mut wire, welcome) = Wire::hello_in(form, &server, "ann", &said).await;
            assert_eq!(welcome["resume_after"]["live"], 1, "{form:?}");
            assert_eq!(welcome["events"]["recovered"], true, "{form:?}");
            assert_eq!(wire.expect("event").await, event, "{form:?}");
        }
        let (mut wire, _) = device(&server, seen(event["seq"].as_u64().unwrap())).await;
        wire.ack(&batch(2, at(8, 1), &[50])).await;
        assert_eq!(totals(&server, "ann").await, (150, 150));
    });
}

#[test]
fn a_text_on_the_compact_form_ends_the_socket_as_bytes_do_on_json() {
    let server = server();
    block_on(async {
        let ping = json!({"type": "ping", "id": 1});
        for in_parts in [false, true] {
            let (mut wire, _) = device(&server, json!(null)).await;
            match in_parts {
                true => wire.send_in_parts(&ping.to_string(), 5).await,
                false => wire.send_frame(TEXT, ping.to_string().as_bytes()).await,
            }
            let closed = wire.closed().await;
            let reason = json!({"code": "unsupported_media"});
            assert_eq!((closed.code, closed.reason), (1003, reason));
        }
    });
}

#[test]
fn fragments_of_bytes_are_joined_and_bounded() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, json!(null)).await;
        let frame = cbor::encode(&batch(1, at(8, 0), &[100]));
        wire.send_parts(BINARY, &frame, 7).await;
        assert_eq!(wire.expect("ack").await["up_to_seq"], 1);
        wire.send_parts(BINARY, &vec![0; 70_000], 4_096).await;
        assert_eq!(wire.closed().await.code, 1009);
        let (mut wire, _) = device(&server, json!(null)).await;
        wire.send_frame(BINARY, &vec![0; 70_000]).await;
        assert_eq!(wire.closed().await.code, 1009);
    });
}

#[test]
fn bytes_that_are_no_frame_are_refused_and_the_socket_goes_on() {
    let server = server();
    block_on(async {
        let (mut wire, _) = device(&server, json!(null)).await;
        for (bytes, code) in [
            (&b""[..], "bad_json"),
            (b"{\"type\":\"ping\",\"id\":1}", "bad_json"),
            // A list of 2^64 - 1 items; nesting; a number that is none under a key of nobody.
            (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "bad_json"),
            (&[0x81; 1_000], "bad_json"),
            (b"\xa3\x00\x05\x01\x07\x61x\xf9\x7e\x00", "bad_json"),
            (b"\x80", "bad_frame"),
            (b"\xa3\x00\x05\x01\x07\x01\x08", "bad_frame"),
            (b"\xa1\x00\x18\x63", "unknown_type"),
        ] {
            wire.send_frame(BINARY, bytes).await;
            let error = wire.expect("error").await;
            assert_eq!(
                (&error["code"], &error["fatal"]),
                (&json!(code), &json!(false)),
                "{bytes:x?}"
            );
        }
        wire.ack(&batch(1, at(8, 0), &[100])).await;
    });
}

#[test]
fn the_form_that_is_offered_first_is_spoken_with_a_token_beside_it() {
    let server = server();
    block_on(async {
        let token = server.token("ann");
        let (json, cbor) = (Form::Json.subprotocol(), Form::Cbor.subprotocol());
        for (form, offer) in [
            (Form::Cbor, format!("{cbor}, {json}, bearer.{token}")),
            (Form::Cbor, format!("bearer.{token}, {cbor}")),
            (Form::Json, format!("{json}, {cbor}, bearer.{token}")),
        ] {
            let request = wire::upgrade_request(&server, &token)
                .replace(&format!("Authorization: Bearer {token}\r\n"), "")
                .replace(json, &offer);
            let tcp = wire::dial(&server, wire::HERE, None).await;
            let mut wire = Wire::asked(form, tcp, &request).await.unwrap();
            wire.send(&json!({"type": "hello"})).await;
            wire.expect("welcome").await;
        }
    });
}
