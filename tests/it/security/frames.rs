//! Every frame type and every role: who may open a stream, and what each frame is answered then.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use streakline::clock;
use streakline::keys::{Claims, Role};

use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on, fixture};
use crate::rest::http::Http;
use crate::rest::people::{CLOCK, challenge, device_of, enrol_new, make_user, published, utc};

/// The stream's place in the table of routes.
pub(super) const STREAM: &str = "get /v1/stream";

/// Who speaks, after the upgrade.
#[derive(Clone, Copy, Debug)]
enum Who {
    /// Ann by her own watch; she takes part.
    Own,
    /// Ann by a page, which has no device.
    Viewer,
    /// Ann by a token of her watch.
    Bound,
    /// Ann's watch by a token of another of her devices.
    OtherDevice,
    /// Bob, who takes no part, by Ann's watch.
    Thief,
    /// Bob by a page.
    Stranger,
    /// An admin's token by a page.
    Admin,
}

const ALL: [Who; 7] = [
    Who::Own,
    Who::Viewer,
    Who::Bound,
    Who::OtherDevice,
    Who::Thief,
    Who::Stranger,
    Who::Admin,
];

/// What the frame leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    /// An answer of that type.
    Frame(&'static str),
    /// An error of that code; the socket goes on.
    Error(&'static str),
    /// An error of that code, and that close.
    End(&'static str, u16),
    /// That close, whose reason has that code.
    Close(&'static str, u16),
}
use Told::{Close, End, Error, Frame};

const FORBIDDEN: Told = End("forbidden", 4403);
const BOUND: Told = Close("device_bound", 4403);

/// A frame type, and what each of [`ALL`] is told. Who may not say hello is told so whatever comes after it.
const ROWS: [(&str, [Told; 7]); 7] = [
    ("hello", same(Frame("welcome"))),
    (
        "batch",
        with_viewers(Frame("ack"), Error("no_device"), Error("no_device")),
    ),
    // A report of the battery has no answer but the state of the device.
    (
        "device",
        with_viewers(Frame("state"), Error("no_device"), Error("no_device")),
    ),
    (
        "subscribe",
        with_viewers(Frame("subscribed"), Frame("subscribed"), Error("not_found")),
    ),
    ("unsubscribe", same(Error("not_found"))),
    ("ping", same(Frame("pong"))),
    ("auth", same(Frame("authenticated"))),
];

const fn same(told: Told) -> [Told; 7] {
    with_viewers(told, told, told)
}

/// What devices are told, viewers, and strangers to the board; an admin is a viewer who sees all.
const fn with_viewers(device: Told, viewer: Told, stranger: Told) -> [Told; 7] {
    [device, viewer, device, FORBIDDEN, BOUND, stranger, viewer]
}

fn claims(who: Who) -> Claims {
    let (user, role, device) = match who {
        Who::Own | Who::Viewer => ("ann", Role::User, None),
        Who::Bound => ("ann", Role::User, Some(device_of("ann"))),
        Who::OtherDevice => ("ann", Role::User, Some(device_of("phone"))),
        Who::Thief | Who::Stranger => ("bob", Role::User, None),
        Who::Admin => ("root", Role::Admin, None),
    };
    let mut claims = Claims::new(user, role, clock::unix_s(), 600);
    claims.device = device;
    claims
}

fn hello_of(who: Who) -> Value {
    match who {
        Who::Viewer | Who::Stranger | Who::Admin => json!({"type": "hello"}),
        _ => hello(&device_of("ann"), utc("2016-04-12", 0, 0)),
    }
}

fn frame(kind: &str, board: &str, token: &str) -> Value {
    match kind {
        "batch" => batch(1, utc("2016-04-11", 9, 0), &[10]),
        "subscribe" => {
            json!({"type": "subscribe", "id": 7, "topic": format!("board/{board}"), "view": {"top": 10}})
        }
        "device" => json!({"type": "device", "battery": 80, "charging": false}),
        "unsubscribe" => json!({"type": "unsubscribe", "id": 9}),
        "ping" => json!({"type": "ping", "id": 1}),
        "auth" => json!({"type": "auth", "token": token}),
        other => panic!("no frame of type {other} is made here"),
    }
}

/// What the server answers to the frame, others that come by themselves skipped.
async fn told(wire: &mut Wire, wanted: Told) -> Told {
    let kind = match wanted {
        Frame(kind) => kind,
        Error(_) | End(..) => "error",
        Close(code, close) => {
            let closed = wire.closed().await;
            assert_eq!((closed.code, &closed.reason["code"]), (close, &json!(code)));
            return wanted;
        }
    };
    let is_answer = |f: &Value| f["type"] == kind || f["type"] == "error";
    let answer = wire.until(kind, is_answer).await;
    match wanted {
        Frame(kind) if answer["type"] == kind => wanted,
        Error(code) if answer["code"] == code && answer["fatal"] == false => wanted,
        End(code, close) if answer["code"] == code && answer["fatal"] == true => {
            assert_eq!(wire.closed().await.code, close);
            wanted
        }
        _ => panic!("{wanted:?} was wanted, not {answer}"),
    }
}

async fn judge(server: &Server, board: &str, row: usize, who: usize) {
    let (kind, wanted) = (ROWS[row].0, ROWS[row].1[who]);
    let who = ALL[who];
    let token = server.token_with(&claims(who));
    let mut wire = Wire::upgrade(server, &token).await.unwrap();
    if kind != "hello" {
        // The first frame must be a hello, whoever speaks.
        wire.send(&frame(kind, board, &token)).await;
        let early = wire.expect("error").await;
        assert_eq!(early["code"], "hello_expected", "{kind} {who:?}");
        assert_eq!(wire.closed().await.code, 4400, "{kind} {who:?}");
        wire = Wire::upgrade(server, &token).await.unwrap();
    }
    wire.send(&hello_of(who)).await;
    if kind != "hello" && !matches!(wanted, FORBIDDEN | BOUND) {
        wire.expect("welcome").await;
        wire.send(&frame(kind, board, &token)).await;
    }
    assert_eq!(told(&mut wire, wanted).await, wanted, "{kind} {who:?}");
}

#[test]
fn every_frame_tells_every_role_what_it_may() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let path = published(&admin, &challenge("2016-04-13", "2016-04-14")).await;
        enrol_new(&admin, &path, &["ann"]).await;
        make_user(&admin, "bob").await;
        let board = path.rsplit('/').next().unwrap();
        // The watch is Ann's from her first hello on.
        let (watch, _) = Wire::hello(&server, "ann", &hello_of(Who::Own)).await;
        drop(watch);
        for row in 0..ROWS.len() {
            for who in 0..ALL.len() {
                judge(&server, board, row, who).await;
            }
        }
    });
}

#[test]
fn nobody_opens_a_stream_without_a_good_token() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let expired = Claims::new("ann", Role::User, clock::unix_s(), -60);
        let expired_admin = Claims::new("root", Role::Admin, clock::unix_s(), -60);
        for (what, token, code) in [
            ("nobody", String::new(), "unauthenticated"),
            ("noise", "a.b.c".to_owned(), "unauthenticated"),
            ("a wrong key", "sk_wrong".to_owned(), "unauthenticated"),
            // The admin key is nobody's device and no viewer.
            ("the admin key", server.admin_key(), "unauthenticated"),
            ("expired", server.token_with(&expired), "token_expired"),
            (
                "an expired admin",
                server.token_with(&expired_admin),
                "token_expired",
            ),
        ] {
            let refused = Wire::upgrade(&server, &token).await.err().expect(what);
            assert_eq!(
                (refused.0, &refused.1["code"]),
                (401, &json!(code)),
                "{what}"
            );
        }
    });
}

#[test]
fn every_frame_type_has_its_row_of_roles() {
    let document = std::fs::read(fixture("schema/asyncapi.json")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let from_clients = document["operations"]["receiveFromClient"]["messages"].as_array();
    let documented: BTreeSet<&str> = from_clients
        .unwrap()
        .iter()
        .map(|message| message["$ref"].as_str().unwrap())
        .map(|reference| reference.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(documented, ROWS.iter().map(|(kind, _)| *kind).collect());
    assert_eq!(
        documented,
        streakline::protocol::client_frame::KINDS
            .into_iter()
            .collect()
    );
}
