//! Connections that ask for an upgrade, and some that do not, against a small application.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};

use actix_web::{App, HttpRequest, HttpResponse, http::StatusCode, rt::net::TcpStream, web};
use bytes::Bytes;
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const ASK: &str = "Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
/// Bytes that the well makes at once.
const DROP_BYTES: usize = 1024 * 1024;

static DRAWN: AtomicUsize = AtomicUsize::new(0);

async fn echo(payload: web::Payload) -> HttpResponse {
    HttpResponse::build(StatusCode::SWITCHING_PROTOCOLS)
        .upgrade("websocket")
        .streaming(payload)
}

/// A body without an end.
async fn well(_payload: web::Payload) -> HttpResponse {
    let drops = stream::poll_fn(|_| {
        DRAWN.fetch_add(1, Ordering::Relaxed);
        let drop = Bytes::from(vec![7; DROP_BYTES]);
        Poll::Ready(Some(Ok::<_, Infallible>(drop)))
    });
    HttpResponse::build(StatusCode::SWITCHING_PROTOCOLS)
        .upgrade("websocket")
        .streaming(drops)
}

async fn refuse() -> HttpResponse {
    HttpResponse::Unauthorized().body("who are you?")
}

async fn plain(request: HttpRequest) -> HttpResponse {
    HttpResponse::Ok().body(request.path().to_owned())
}

fn served() -> SocketAddr {
    let settings = Settings::for_tests(Arc::new(|_, _| {}));
    let app = || {
        App::new()
            .route("/echo", web::get().to(echo))
            .route("/well", web::get().to(well))
            .route("/refuse", web::get().to(refuse))
            .route("/plain", web::get().to(plain))
    };
    let (server, address) = start("127.0.0.1:0".parse().unwrap(), settings, app).unwrap();
    actix_web::rt::spawn(server);
    address
}

async fn ask(path: &str, behind: &str) -> TcpStream {
    let mut client = TcpStream::connect(served()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\n{ASK}{behind}");
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

/// What comes up to and with `end`.
async fn read_to(client: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        read.push(client.read_u8().await.unwrap());
    }
    String::from_utf8(read).unwrap()
}

async fn read_all(client: &mut TcpStream) -> String {
    let mut read = String::new();
    client.read_to_string(&mut read).await.unwrap();
    read
}

#[actix_web::test]
async fn an_upgraded_connection_carries_bytes_both_ways_and_first_what_came_with_the_request() {
    let mut client = ask("/echo", "early ").await;
    let head = read_to(&mut client, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(read_to(&mut client, "early ").await, "early ");
    let much = "x".repeat(300_000) + ".";
    for words in ["and late.", &much] {
        let (mut reader, mut writer) = client.split();
        let (written, read) = tokio::join!(writer.write_all(words.as_bytes()), async {
            let mut read = vec![0; words.len()];
            reader.read_exact(&mut read).await.map(|_| read)
        });
        written.unwrap();
        assert_eq!(read.unwrap(), words.as_bytes());
    }
}

#[actix_web::test]
async fn a_refused_upgrade_is_answered_whole_and_the_connection_ends() {
    // Bytes that nobody reads would reset the connection, and lose the answer.
    let mut client = ask("/refuse", &"unread".repeat(10_000)).await;
    let answer = read_all(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nwho are you?"), "{answer}");
}

#[actix_web::test]
async fn an_unknown_path_is_answered_like_any_request() {
    let mut client = ask("/nowhere", "").await;
    let answer = read_all(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[actix_web::test]
async fn a_request_that_wants_no_upgrade_keeps_its_connection() {
    let mut client = TcpStream::connect(served()).await.unwrap();
    for _ in 0..2 {
        let request = "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n";
        client.write_all(request.as_bytes()).await.unwrap();
        let answer = read_to(&mut client, "/plain").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[actix_web::test]
async fn a_body_makes_no_more_than_its_reader_takes() {
    let mut client = ask("/well", "").await;
    read_to(&mut client, "\r\n\r\n").await;
    let mut read = vec![0; DROP_BYTES];
    let mut drawn = 0;
    // The kernel takes some on both sides; then nothing more is made, however long nobody reads.
    while drawn != DRAWN.load(Ordering::Relaxed) {
        drawn = DRAWN.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for _ in 0..=drawn {
        client.read_exact(&mut read).await.unwrap();
    }
    assert!(DRAWN.load(Ordering::Relaxed) > drawn, "reading draws more");
}
