//! Thousands of connections that come and go in every way, amid the upgrade too: nothing of them is left.

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::bystander::{Bystander, server};
use super::crowd::{crowd, elsewhere, reset};
use crate::harness::meters::{MIB, descriptors, metric, resident_bytes, sessions, until};
use crate::harness::wire::{dial, upgrade_request};
use crate::harness::{Server, Wire, block_on};

/// What warms the server up: buffers, tables and allocator have then grown to what this traffic needs.
const BEFORE: usize = 2_000;
const CONNECTIONS: usize = 10_000;
const SOURCES: usize = 8;
/// Less than a kilobyte for each connection.
const LEFT_MIB: u64 = 9;

/// One connection; the ways to go take turns.
async fn come_and_go(server: &Server, token: &str, number: usize) {
    let source = elsewhere(u8::try_from(10 + number % SOURCES).unwrap());
    let way = number % 6;
    if way < 3 {
        let mut tcp = dial(server, source, None).await;
        let request = upgrade_request(server, token);
        let part = [0, request.len(), request.len() / 2][way];
        tcp.write_all(&request.as_bytes()[..part]).await.unwrap();
        // Nothing said, a whole request unanswered, and half of one.
        return match number % 4 {
            0 | 1 => reset(tcp),
            _ => drop(tcp),
        };
    }
    let mut wire = Wire::upgrade_from(source, server, token).await.unwrap();
    if way > 3 {
        wire.send(&json!({"type": "hello"})).await;
    }
    if way > 4 {
        wire.expect("welcome").await;
    }
    // A close on one's own side with bytes unread is a reset by itself; this one always is.
    reset(wire.into_tcp());
}

async fn wave(server: &Server, count: usize) {
    let tokens: Vec<String> = (0..10)
        .map(|n| server.token(&format!("mallory-{n}")))
        .collect();
    let client = |number: usize| come_and_go(server, &tokens[number % tokens.len()], number);
    crowd(count, client).await;
    until("no socket of theirs is left", async || {
        sessions(server).await == 1
    })
    .await;
}

#[test]
fn ten_thousand_connections_come_and_go_and_leave_nothing() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        bystander.goes_on().await;
        let fds = descriptors(&server);
        bystander.beside(wave(&server, BEFORE)).await;
        let before = resident_bytes(&server);
        bystander.beside(wave(&server, CONNECTIONS)).await;
        until("no descriptor is left", async || {
            // The test's own question after its counts may still be open.
            descriptors(&server) <= fds + 1
        })
        .await;
        let more = resident_bytes(&server).saturating_sub(before);
        assert!(more <= LEFT_MIB * MIB, "{} KiB are left", more / 1_024);
        let reset = metric(&server, "streakline_stream_closes_total{code=\"1006\"}").await;
        let upgraded = (BEFORE + CONNECTIONS) as f64 / 2.0;
        assert!(reset >= upgraded, "{reset} of {upgraded} were counted");
        bystander.goes_on().await;
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}
