//! Connections that begin and do not go on: nothing, half a head, half a body, a byte now and then. They end by themselves, and
//! an address has only so many of them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::bystander::{Bystander, NOON_MS, server};
use super::crowd::{crowd, elsewhere, to_the_end};
use crate::harness::meters::{closes, descriptors, sessions, until};
use crate::harness::wire::{TEXT, dial, encoded, hello, upgrade_request};
use crate::harness::{Server, Wire, block_on, configured};

const NOON: &str = "2016-04-13T12:00:00Z";
/// Streams that an address may have here: more than the tests' own questions need.
const CROWDED: &str = "[limits]\nconnections_per_address = 20\n";
const STREAMS: usize = 20;
const EACH: usize = 10;
/// A client that is as slow as this never ends a head of some hundred bytes in time.
const SLOWLY: Duration = Duration::from_secs(1);
const SLOW_BYTES: usize = 60;

/// Sends the bytes one by one until the other side has had enough.
async fn dribble(tcp: &mut TcpStream, bytes: &[u8]) {
    for byte in bytes.iter().take(SLOW_BYTES) {
        if tcp.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(SLOWLY).await;
    }
}

/// One of the ways not to finish; what the server said to it.
async fn unfinished(server: &Server, way: usize) -> String {
    let mut tcp = dial(server, elsewhere(1), None).await;
    let head = upgrade_request(server, &server.token("mallory"));
    match way % 4 {
        0 => {}
        1 => tcp
            .write_all(&head.as_bytes()[..head.len() / 2])
            .await
            .unwrap(),
        2 => dribble(&mut tcp, head.as_bytes()).await,
        _ => {
            let key = server.admin_key();
            let head = format!(
                "POST /v1/challenges HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
                 Idempotency-Key: half\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
            );
            tcp.write_all(head.as_bytes()).await.unwrap();
            dribble(&mut tcp, &[b' '; 500]).await;
        }
    }
    to_the_end(&mut tcp).await
}

#[test]
fn connections_that_do_not_finish_what_they_begin_are_ended() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        bystander.goes_on().await;
        let before = descriptors(&server);
        let attack = crowd(4 * EACH, |way| unfinished(&server, way));
        let answers = bystander.beside(attack).await;
        for (way, answer) in answers.iter().enumerate() {
            let wanted = if way % 4 == 3 { "400" } else { "408" };
            let status = answer.split(' ').nth(1);
            // Who goes on sending to a closed connection may be reset before it can read why.
            assert!(
                status.is_none_or(|status| status == wanted),
                "{way}: {answer}"
            );
        }
        assert!(answers[0].starts_with("HTTP/1.1 408"), "{}", answers[0]);
        until("no descriptor is left", async || {
            descriptors(&server) <= before
        })
        .await;
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}

/// Asks once, reads the answer, and does not finish asking again; what came after the answer.
async fn answered_once(server: &Server, way: usize) -> String {
    let mut tcp = dial(server, elsewhere(6), None).await;
    let head = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    tcp.write_all(head.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"}") {
        assert_ne!(
            tcp.read_buf(&mut said).await.unwrap(),
            0,
            "it was not answered"
        );
    }
    match way % 3 {
        0 => {}
        1 => tcp.write_all(&head.as_bytes()[..9]).await.unwrap(),
        _ => dribble(&mut tcp, &[b'x'; SLOW_BYTES]).await,
    }
    to_the_end(&mut tcp).await
}

#[test]
fn a_second_request_that_is_not_finished_ends_its_connection_too() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        bystander.goes_on().await;
        let before = descriptors(&server);
        let attack = crowd(3 * EACH, |way| answered_once(&server, way));
        for said in bystander.beside(attack).await {
            assert_eq!(said, "", "only the first was a request");
        }
        until("no descriptor is left", async || {
            descriptors(&server) <= before
        })
        .await;
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn half_open_sockets_of_one_address_are_bounded_and_everybody_else_gets_in() {
    let server = configured(NOON, CROWDED);
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let (server, token) = (&server, server.token("carl"));
        let idle = crowd(4 * STREAMS, async |_| {
            to_the_end(&mut dial(server, elsewhere(2), None).await).await
        });
        let other = Wire::upgrade_from(elsewhere(3), server, &token);
        let (said, other) = bystander.beside(async { tokio::join!(idle, other) }).await;
        assert!(other.is_ok(), "another address");
        let refused = said.iter().filter(|said| said.starts_with("HTTP/1.1 429"));
        let refused: Vec<&String> = refused.collect();
        assert!(!refused.is_empty(), "{said:?}");
        for said in refused {
            let (head, body) = said.split_once("\r\n\r\n").unwrap();
            assert!(head.contains("Retry-After: 2"), "{head}");
            let problem: Value = serde_json::from_str(body).unwrap();
            let told = (&problem["code"], &problem["status"]);
            assert_eq!(told, (&json!("rate_limited"), &json!(429)));
        }
        until("there is room again", async || {
            let again = dial(server, elsewhere(2), None).await;
            is_heard(server, again, &token).await
        })
        .await;
        bystander.goes_on().await;
        bystander.is_told().await;
        bystander.has_lost_nothing(server).await;
    });
}

/// Whether an upgrade over this connection is answered with 101.
async fn is_heard(server: &Server, mut tcp: TcpStream, token: &str) -> bool {
    let request = upgrade_request(server, token);
    // The close frame comes right behind, so that the connection ends.
    let bytes = [request.into_bytes(), encoded(true, 8, &[])].concat();
    let _refused = tcp.write_all(&bytes).await;
    to_the_end(&mut tcp).await.starts_with("HTTP/1.1 101")
}

#[test]
fn a_request_on_a_refused_connection_has_no_effect() {
    let server = configured(NOON, CROWDED);
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let (server, key) = (&server, server.admin_key());
        let create = async |number: usize| {
            let body = "{\"zone\":\"UTC\"}";
            let request = format!(
                "PUT /v1/users/new-{number} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
                 If-None-Match: *\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let mut tcp = dial(server, elsewhere(4), None).await;
            let _refused = tcp.write_all(request.as_bytes()).await;
            to_the_end(&mut tcp).await
        };
        let said = bystander.beside(crowd(4 * STREAMS, create)).await;
        let created = |said: &String| said.starts_with("HTTP/1.1 201");
        assert!(!said.iter().all(created), "some are too many");
        for (number, said) in said.iter().enumerate() {
            assert!(
                said.is_empty() || created(said) || said.starts_with("HTTP/1.1 429"),
                "{said}"
            );
            let path = format!("/v1/users/new-{number}");
            let found = server.rest().find(&path).await.unwrap();
            assert_eq!(found.is_some(), created(said), "{number}: {said}");
        }
        bystander.is_told().await;
        bystander.has_lost_nothing(server).await;
    });
}

#[test]
fn a_peer_that_vanishes_without_a_word_is_closed_4408_and_its_place_is_free_again() {
    let server = configured(NOON, &format!("{CROWDED}[stream]\nheartbeat_s = 1\n"));
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let token = server.token("mallory");
        let here = elsewhere(5);
        let mut gone = Vec::new();
        for _ in 0..STREAMS {
            let mut wire = Wire::upgrade_from(here, &server, &token).await.unwrap();
            wire.send(&json!({"type": "hello"})).await;
            wire.expect("welcome").await;
            // From here on it neither reads nor answers; its machine keeps the connection.
            gone.push(wire.into_tcp());
        }
        let silent = until("only the bystander is left", async || {
            sessions(&server).await == 1
        });
        bystander.beside(silent).await;
        assert_eq!(closes(&server, 4408).await, STREAMS as u64);
        let mut back = Wire::upgrade_from(here, &server, &token).await.unwrap();
        back.send(&hello("cccccccc-8f4e-5d0a-9a53-0d7a5f3b2c11", NOON_MS))
            .await;
        back.expect("welcome").await;
        back.send_frame(TEXT, b"{\"type\":\"ping\",\"id\":1}").await;
        back.expect("pong").await;
        drop(gone);
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}
