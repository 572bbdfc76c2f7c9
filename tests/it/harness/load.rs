//! Many users at once, cheaply: made over a few connections with many requests under way, or by sockets of their own.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use streakline::clock;
use streakline::keys::{Claims, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Server, Wire, wire};

/// Connections of a loader.
const CONNECTIONS: usize = 16;
/// Requests under way on one connection.
const PIPELINED: usize = 32;
/// How often a busy server may ask one of them to try again: a store of several processes starts slowly beside other tests.
const REFUSED_MAX: usize = 1_000;
const READ_BYTES: usize = 64 * 1_024;
const TTL_S: i64 = 3_600;
/// How long one of thousands waits.
const PATIENCE: Duration = Duration::from_secs(300);

/// The name of the user with that number.
pub(crate) fn name(number: usize) -> String {
    format!("user-{number:06}")
}

/// Makes users in UTC with one `PUT` each.
pub(crate) async fn put_users(server: &Server, numbers: Range<usize>) {
    let key = server.admin_key();
    let share = numbers.len().div_ceil(CONNECTIONS).max(1);
    let parts = (0..CONNECTIONS).map(|part| {
        let from = (numbers.start + part * share).min(numbers.end);
        put_some(server, &key, from..(from + share).min(numbers.end))
    });
    join_all(parts).await;
}

async fn put_some(server: &Server, key: &str, numbers: Range<usize>) {
    let host = server.url().strip_prefix("http://").unwrap();
    let mut tcp = TcpStream::connect(host).await.unwrap();
    let mut unread = Vec::new();
    let mut left: VecDeque<usize> = numbers.collect();
    let mut refused = 0;
    while !left.is_empty() {
        let some: Vec<usize> = left.drain(..left.len().min(PIPELINED)).collect();
        let put = |number: &usize| {
            let name = name(*number);
            format!(
                "PUT /v1/users/{name} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\
                 Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{{\"zone\":\"UTC\"}}"
            )
        };
        let requests: String = some.iter().map(put).collect();
        tcp.write_all(requests.as_bytes()).await.unwrap();
        for number in some {
            match answer(&mut tcp, &mut unread).await.as_str() {
                // A second try finds a user whom the first one has made after all.
                "201" | "200" => {}
                "503" if refused < REFUSED_MAX => {
                    refused += 1;
                    left.push_back(number);
                }
                status => panic!("{}: {status}", name(number)),
            }
        }
    }
}

/// The status of the next answer.
async fn answer(tcp: &mut TcpStream, unread: &mut Vec<u8>) -> String {
    loop {
        if let Some((status, length)) = whole(unread) {
            unread.drain(..length);
            return status;
        }
        let mut bytes = vec![0; READ_BYTES];
        let count = tcp.read(&mut bytes).await.unwrap();
        assert_ne!(count, 0, "the server closed the connection");
        unread.extend_from_slice(&bytes[..count]);
    }
}

/// Status and length of the answer that the bytes begin with, if it is all there.
fn whole(bytes: &[u8]) -> Option<(String, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.parse::<usize>().unwrap())
    });
    let whole = end + length.unwrap_or(0);
    let status = head.split(' ').nth(1).unwrap().to_owned();
    (bytes.len() >= whole).then_some((status, whole))
}

/// Tokens of many users; the keys are read once.
pub(crate) fn tokens(server: &Server, numbers: Range<usize>) -> Vec<String> {
    let keys = server.keys();
    let token = |number| {
        let claims = Claims::new(&name(number), Role::User, clock::unix_s(), TTL_S);
        keys.issue(&claims).unwrap()
    };
    numbers.map(token).collect()
}

/// The device of the user with that number.
pub(crate) fn device(number: usize) -> String {
    format!("d0d0d0d0-8f4e-5d0a-9a53-{number:012x}")
}

/// The hello of that device.
pub(crate) fn hello(number: usize) -> Value {
    wire::hello(&device(number), clock::unix_ms())
}

/// Sockets after their upgrade, with nothing said; opened some at a time.
pub(crate) async fn sockets(server: &Server, numbers: Range<usize>) -> Vec<Wire> {
    let mut wires = Vec::new();
    for some in tokens(server, numbers).chunks(256) {
        let opened = some.iter().map(|token| Wire::upgrade(server, token));
        wires.extend(join_all(opened).await.into_iter().map(Result::unwrap));
    }
    for wire in &mut wires {
        wire.patience = PATIENCE;
    }
    wires
}

/// Sockets of devices that have been welcomed.
pub(crate) async fn devices(server: &Server, numbers: Range<usize>) -> Vec<Wire> {
    let mut wires = sockets(server, numbers.clone()).await;
    let welcomed = wires
        .iter_mut()
        .zip(numbers)
        .map(|(wire, number)| async move {
            wire.send(&hello(number)).await;
            wire.expect("welcome").await;
        });
    join_all(welcomed).await;
    wires
}

/// A batch of one-minute records of `steps` each, the first numbered `first_seq`, that begin some minutes before now.
pub(crate) fn minutes(first_seq: u64, since_ms: i64, count: u64, steps: i64) -> Value {
    let record = |seq: u64| {
        let start_ms = since_ms + i64::try_from(seq).unwrap() * 60_000;
        json!({"id": seq.to_string(), "metric": "steps", "start_ms": start_ms,
            "end_ms": start_ms + 60_000, "value": steps, "method": "auto"})
    };
    let records: Vec<Value> = (first_seq..first_seq + count).map(record).collect();
    json!({"type": "batch", "batch_id": first_seq, "lane": "live", "first_seq": first_seq,
        "records": records})
}
