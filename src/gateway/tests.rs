//! Sessions on real sockets, with fake doors behind them: what only a socket can show.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix_web::{App, web::Data};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        protocol::frame::{
            Frame,
            coding::{Data as DataCode, OpCode},
        },
    },
};

use super::{
    fake::{Call, FakeDoors},
    *,
};
use crate::protocol::{
    example::{fixture, json},
    form::Form,
};

type Client = WebSocketStream<TcpStream>;

/// A gateway on a real port.
struct Server {
    doors: Arc<FakeDoors>,
    gateway: Gateway,
    address: std::net::SocketAddr,
}

impl Server {
    fn start(settings: Settings) -> Self {
        Self::that_bears(600, settings)
    }

    /// A server that bears so many refused credentials a minute.
    fn that_bears(auth_failures_per_min: u32, settings: Settings) -> Self {
        let doors = Arc::new(FakeDoors::new());
        let failures = AuthFailures::new(auth_failures_per_min);
        let sessions = doors.sessions.clone();
        let gateway = Gateway::with_doors(doors.clone(), sessions, failures, settings);
        let data = Data::new(gateway.clone());
        let settings = crate::http::Settings::for_tests(Arc::new(gateway.on_connect()));
        let app = move || App::new().app_data(data.clone()).configure(routes);
        let any = "127.0.0.1:0".parse().unwrap();
        let (server, address) = crate::http::start(any, settings, app).unwrap();
        actix_web::rt::spawn(server);
        Self {
            doors,
            gateway,
            address,
        }
    }

    async fn connect(&self, token: &str) -> Client {
        let mut request = format!("ws://{}/v1/stream", self.address)
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        headers.insert(
            "sec-websocket-protocol",
            Form::Json.subprotocol().parse().unwrap(),
        );
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (client, response) = client_async(request, stream).await.unwrap();
        let protocol = &response.headers()["sec-websocket-protocol"];
        assert_eq!(protocol, Form::Json.subprotocol());
        client
    }

    /// A socket whose hello was answered.
    async fn open(&self, token: &str) -> Client {
        let mut client = self.connect(token).await;
        send(&mut client, fixture("client/hello")).await;
        assert_eq!(receive(&mut client).await["type"], "welcome");
        client
    }

    /// The answer to a plain request, as status line, headers and body.
    async fn refused(&self, headers: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let request = format!("GET /v1/stream HTTP/1.1\r\nHost: x\r\n{upgrade}{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with('}') {
            let mut bytes = [0; 1_024];
            let read = stream.read(&mut bytes).await.unwrap();
            assert_ne!(read, 0, "the answer ended too early: {answer}");
            answer.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("application/problem+json"), "{head}");
        (head[9..12].parse().unwrap(), json(body))
    }
}

async fn send(client: &mut Client, text: impl Into<String>) {
    let text: String = text.into();
    client.send(Message::text(text)).await.unwrap();
}

/// The next text frame.
async fn receive(client: &mut Client) -> Value {
    loop {
        match client.next().await.unwrap().unwrap() {
            Message::Text(text) => return json(&text),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?} instead of a frame"),
        }
    }
}

/// The close code and the code of its reason; other frames before it are skipped.
async fn closed(client: &mut Client) -> (u16, String) {
    loop {
        match client.next().await.unwrap().unwrap() {
            Message::Close(Some(close)) => {
                let reason = json(&close.reason);
                return (close.code.into(), reason["code"].as_str().unwrap().into());
            }
            Message::Close(None) => panic!("a close without a reason"),
            _ => {}
        }
    }
}

fn batch(batch_id: u64) -> String {
    json!({"type": "batch", "batch_id": batch_id, "lane": "live", "first_seq": batch_id,
        "records": [{}]})
    .to_string()
}

fn fragment(code: DataCode, last: bool, payload: &[u8]) -> Message {
    Message::Frame(Frame::message(payload.to_vec(), OpCode::Data(code), last))
}

#[actix_web::test]
async fn an_upgrade_is_refused_with_problem_details() {
    let server = Server::start(Settings::default());
    let protocol = "Sec-WebSocket-Protocol: streakline.v1.json\r\n";
    for (headers, status, code) in [
        (
            "Authorization: Bearer ann\r\n".to_owned(),
            400,
            "unsupported_subprotocol",
        ),
        (protocol.to_owned(), 401, "unauthenticated"),
        (
            format!("{protocol}Authorization: Bearer bad\r\n"),
            401,
            "unauthenticated",
        ),
        (
            format!("{protocol}Authorization: Bearer expired\r\n"),
            401,
            "token_expired",
        ),
        (
            format!("{protocol}Origin: https://evil.example\r\n"),
            403,
            "origin_refused",
        ),
    ] {
        let (got, problem) = server.refused(&headers).await;
        assert_eq!((got, &problem["code"]), (status, &json!(code)), "{headers}");
    }
    server.gateway.drain(&mut BTreeSet::new(), || 1);
    let (status, problem) = server.refused(protocol).await;
    assert_eq!((status, &problem["code"]), (503, &json!("draining")));
}

#[actix_web::test]
async fn too_many_refused_credentials_make_an_address_wait() {
    let server = Server::that_bears(2, Settings::default());
    let headers = "Sec-WebSocket-Protocol: streakline.v1.json, bearer.bad\r\n";
    assert_eq!(server.refused(headers).await.0, 401);
    assert_eq!(server.refused(headers).await.0, 401);
    let (status, problem) = server.refused(headers).await;
    assert_eq!((status, &problem["code"]), (429, &json!("rate_limited")));
}

#[actix_web::test]
async fn a_stream_goes_from_hello_to_close() {
    let server = Server::start(Settings::default());
    let mut client = server.open("ann").await;
    send(&mut client, batch(1)).await;
    assert_eq!(receive(&mut client).await["type"], "ack");
    send(&mut client, fixture("client/ping")).await;
    assert_eq!(receive(&mut client).await["type"], "pong");
    client.close(None).await.unwrap();
    while client.next().await.is_some() {}
    until(|| server.doors.calls().last() == Some(&Call::Close)).await;
    assert!(server.doors.sessions.is_empty());
}

#[actix_web::test]
async fn fragments_are_joined_with_pings_between_them() {
    let server = Server::start(Settings::default());
    let mut client = server.open("ann").await;
    let text = batch(1);
    let (head, tail) = text.as_bytes().split_at(20);
    let (middle, tail) = tail.split_at(10);
    client
        .send(fragment(DataCode::Text, false, head))
        .await
        .unwrap();
    client.send(Message::Ping("x".into())).await.unwrap();
    client
        .send(fragment(DataCode::Continue, false, middle))
        .await
        .unwrap();
    client
        .send(fragment(DataCode::Continue, true, tail))
        .await
        .unwrap();
    assert_eq!(receive(&mut client).await["type"], "ack");
}

#[actix_web::test]
async fn what_is_no_text_of_ours_is_closed_with_its_code() {
    let server = Server::start(Settings {
        max_bytes: 2_000,
        ..Settings::default()
    });
    let large = vec![b' '; 2_001];
    let half = vec![b' '; 1_001];
    let not_utf8 = |last| fragment(DataCode::Text, last, b"\xff");
    for (messages, close, code) in [
        (vec![Message::binary(vec![1])], 1003, "unsupported_media"),
        (
            vec![fragment(DataCode::Binary, false, b"x")],
            1003,
            "unsupported_media",
        ),
        (vec![not_utf8(true)], 1007, "not_utf8"),
        (
            vec![not_utf8(false), fragment(DataCode::Continue, true, b"")],
            1007,
            "not_utf8",
        ),
        (
            vec![fragment(DataCode::Text, true, &large)],
            1009,
            "too_large",
        ),
        (
            vec![
                fragment(DataCode::Text, false, &half),
                fragment(DataCode::Continue, true, &half),
            ],
            1009,
            "too_large",
        ),
        (
            vec![fragment(DataCode::Continue, true, b"x")],
            1002,
            "bad_frame",
        ),
    ] {
        let mut client = server.open("ann").await;
        for message in messages {
            client.send(message).await.unwrap();
        }
        assert_eq!(closed(&mut client).await, (close, code.to_owned()));
    }
    let mut other = server.open("ann").await;
    send(&mut other, batch(1)).await;
    assert_eq!(
        receive(&mut other).await["type"],
        "ack",
        "everyone else goes on"
    );
}

#[actix_web::test]
async fn an_oversized_frame_is_closed_before_its_payload_comes() {
    let server = Server::start(Settings::default());
    let client = server.open("ann").await;
    let mut stream = client.into_inner();
    let mut header = vec![0x81, 0xff];
    header.extend(u64::from(u32::MAX).to_be_bytes());
    header.extend([0; 4]);
    stream.write_all(&header).await.unwrap();
    let mut close = [0; 4];
    stream.read_exact(&mut close).await.unwrap();
    assert_eq!(
        (close[0], u16::from_be_bytes([close[2], close[3]])),
        (0x88, 1009)
    );
}

#[actix_web::test]
async fn the_server_stops_reading_beyond_the_credits() {
    let server = Server::start(Settings::default());
    server.doors.acks.store(false, Ordering::SeqCst);
    let mut client = server.open("ann").await;
    for number in 1..=4 {
        send(&mut client, batch(number)).await;
    }
    until(|| server.doors.batches.load(Ordering::SeqCst) == 2).await;
    // Frames behind the credits stay unread: a second socket is answered meanwhile, and still there are two.
    let mut other = server.open("ann").await;
    send(&mut other, fixture("client/ping")).await;
    assert_eq!(receive(&mut other).await["type"], "pong");
    assert_eq!(server.doors.batches.load(Ordering::SeqCst), 2);
    server.doors.acks.store(true, Ordering::SeqCst);
    let (session, first) = server.doors.calls.lock().unwrap()[1].clone();
    let Call::Ingest(first) = first else {
        panic!("not a batch: {first:?}");
    };
    server
        .doors
        .sessions
        .push(session, fake::ack(&first))
        .unwrap();
    for wanted in [1, 3, 4] {
        assert_eq!(receive(&mut client).await["batch_id"], wanted);
    }
}

#[actix_web::test]
async fn a_token_ends_its_stream() {
    let server = Server::start(Settings::default());
    let mut client = server.open("ann").await;
    send(
        &mut client,
        json!({"type": "auth", "token": "expired"}).to_string(),
    )
    .await;
    assert_eq!(receive(&mut client).await["fatal"], true);
    assert_eq!(closed(&mut client).await, (4401, "token_expired".into()));
}

#[actix_web::test]
async fn a_client_without_a_hello_is_closed() {
    let server = Server::start(Settings {
        hello_timeout_s: 0,
        ..Settings::default()
    });
    let mut client = server.connect("ann").await;
    assert_eq!(closed(&mut client).await, (4400, "hello_expected".into()));
}

#[actix_web::test]
async fn a_silent_peer_is_pinged_and_closed() {
    let server = Server::start(Settings {
        heartbeat_s: 1,
        ..Settings::default()
    });
    let mut stream = server.open("ann").await.into_inner();
    // From here on nobody answers pings.
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.starts_with(&[0x89, 0]), "a ping comes first");
    let close = bytes
        .windows(2)
        .position(|code| code == 4408_u16.to_be_bytes());
    assert!(close.is_some(), "{bytes:?}");
}

#[actix_web::test]
async fn a_token_that_is_renewed_again_and_again_holds_no_ping_back() {
    let server = Server::start(Settings {
        heartbeat_s: 1,
        ..Settings::default()
    });
    let mut client = server.open("ann").await;
    for _ in 0..100 {
        send(&mut client, r#"{"type":"auth","token":"ann"}"#).await;
        match client.next().await.unwrap().unwrap() {
            Message::Ping(_) => return,
            Message::Text(text) => assert_eq!(json(&text)["type"], "authenticated"),
            other => panic!("{other:?} instead of a frame"),
        }
        // Less than what lies between two looks at the heartbeat.
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no ping came between the renewals");
}

#[actix_web::test]
async fn an_address_has_so_many_sockets() {
    let server = Server::start(Settings {
        connections_per_address: 1,
        ..Settings::default()
    });
    let mut first = server.open("ann").await;
    let mut second = server.connect("ann").await;
    assert_eq!(closed(&mut second).await, (4429, "rate_limited".into()));
    first.close(None).await.unwrap();
    while first.next().await.is_some() {}
    drop(first);
    until(|| server.doors.sessions.is_empty()).await;
    server.open("ann").await;
}

#[actix_web::test]
async fn a_draining_server_says_bye_to_everyone() {
    let server = Server::start(Settings::default());
    let mut client = server.open("ann").await;
    server.gateway.drain(&mut BTreeSet::new(), || 1_500);
    assert_eq!(receive(&mut client).await, json(&fixture("server/bye")));
    assert_eq!(closed(&mut client).await, (1012, "draining".into()));
}

#[actix_web::test]
async fn a_disconnect_in_the_middle_of_a_frame_harms_nobody() {
    let server = Server::start(Settings::default());
    let mut stream = server.open("ann").await.into_inner();
    stream
        .write_all(&[0x81, 0xfe, 0x10, 0x00, 0, 0, 0, 0, b'{'])
        .await
        .unwrap();
    drop(stream);
    until(|| server.doors.calls().last() == Some(&Call::Close)).await;
    let mut other = server.open("ann").await;
    send(&mut other, batch(1)).await;
    assert_eq!(receive(&mut other).await["type"], "ack");
}

/// Waits until something is so; one that never is fails the test instead of hanging it.
async fn until(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, wait).await.unwrap();
}
