//! Many users live at once on the CQL store: everything that they were acknowledged is there after a kill -9, and what it takes is
//! told. `script/bench --cql` runs it with 10,000 (docs/performance.md).

use std::time::Duration;

use futures_util::future::join_all;
use streakline::clock;

use super::{args, device::STEPS, hold_nodes};
use crate::harness::cql::{Keyspace, variable};
use crate::harness::figures::{Figures, until};
use crate::harness::load::{devices, hello, minutes, name, put_users, sockets};
use crate::harness::{Server, Wire, block_on, settings_file};
use crate::restart::scene::steps_of;

/// Users where nobody asks for more.
const USERS: usize = 600;
/// Batches of each user, and records in each.
const ROUNDS: u64 = 6;
const RECORDS: u64 = 10;
/// Of so many users one is looked at.
const SAMPLED: usize = 97;
const SETTINGS: &str =
    "log = \"warn,streakline::server=info\"\n[limits]\nconnections_per_address = 20000\n";

fn users() -> usize {
    let asked = variable("STREAKLINE_TEST_CQL_USERS");
    asked.map_or(USERS, |asked| asked.parse().unwrap())
}

/// One batch of every device, all at once.
async fn round(wires: &mut [Wire], since_ms: i64, first_seq: u64) {
    let batch = minutes(first_seq, since_ms, RECORDS, STEPS);
    let sending = wires.iter_mut().map(|wire| async {
        wire.send(&batch).await;
        wire.expect("ack").await
    });
    let acks = join_all(sending).await;
    let last = first_seq + RECORDS - 1;
    assert!(acks.iter().all(|ack| ack["up_to_seq"] == last));
}

/// What the server counted while something was done, and how long that took.
struct Spent {
    took: Duration,
    flushes: u64,
    bytes: u64,
}

async fn spent(server: &Server, doing: impl Future<Output = ()>) -> Spent {
    let counted = async || {
        let figures = Figures::of(server).await;
        [
            "streakline_journal_flushes_total",
            "streakline_journal_bytes_total",
        ]
        .map(|name| figures.sum(name, ""))
    };
    let [flushes, bytes] = counted().await;
    let begun = clock::monotonic();
    doing.await;
    let took = clock::monotonic().saturating_sub(begun);
    let [flushes_now, bytes_now] = counted().await;
    Spent {
        took,
        flushes: flushes_now - flushes,
        bytes: bytes_now - bytes,
    }
}

fn a_second(count: u64, took: Duration) -> u64 {
    (count as f64 / took.as_secs_f64()) as u64
}

/// Bytes of all chunks as they are stored.
async fn history_bytes(keyspace: &Keyspace) -> u64 {
    use futures_util::TryStreamExt as _;
    let session = keyspace.session().await;
    let rows = session
        .query_iter("SELECT bytes FROM chunks", ())
        .await
        .unwrap();
    let mut rows = rows.rows_stream::<(Vec<u8>,)>().unwrap();
    let mut bytes = 0;
    while let Some((chunk,)) = rows.try_next().await.unwrap() {
        bytes += chunk.len() as u64;
    }
    bytes
}

#[test]
fn what_many_users_were_acknowledged_at_once_is_there_after_a_kill() {
    let _nodes = hold_nodes();
    let keyspace = Keyspace::take();
    let (_settings, path) = settings_file(SETTINGS);
    let mut args = args(&keyspace);
    args.extend(["--config".to_owned(), path]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut server = Server::start("system", &args);
    let since_ms = super::device::since_ms();
    let users = users();
    let batches = users as u64 * ROUNDS;
    let samples = batches * RECORDS;
    let (making, live) = block_on(async {
        let making = spent(&server, put_users(&server, 0..users)).await;
        let mut wires = devices(&server, 0..users).await;
        let live = spent(&server, async {
            for number in 0..ROUNDS {
                round(&mut wires, since_ms, 1 + number * RECORDS).await;
            }
        });
        (making, live.await)
    });
    eprintln!(
        "{users} users were made, {} a second",
        a_second(users as u64, making.took)
    );
    eprintln!(
        "live: {} samples a second in {} batches and {} journal rows a second; {:.1} bytes of journal a sample",
        a_second(samples, live.took),
        a_second(batches, live.took),
        a_second(live.flushes, live.took),
        live.bytes as f64 / samples as f64
    );

    server.kill();
    let begun = clock::monotonic();
    server.restart();
    let ready = clock::monotonic().saturating_sub(begun);
    block_on(until(&server, "streakline_tails_unfolded", |left| {
        left == 0
    }));
    let folded = clock::monotonic().saturating_sub(begun);
    eprintln!(
        "after kill -9: ready in {:.1} s, all tails folded in {:.1} s",
        ready.as_secs_f64(),
        folded.as_secs_f64()
    );
    block_on(async {
        let acknowledged = (ROUNDS * RECORDS).cast_signed() * STEPS;
        for number in (0..users).step_by(SAMPLED) {
            assert_eq!(
                steps_of(&server, number, since_ms).await,
                acknowledged,
                "{}",
                name(number)
            );
        }
        // Whoever comes back is told to go on behind what was acknowledged.
        let mut wire = sockets(&server, 0..1).await.remove(0);
        wire.send(&hello(0)).await;
        let welcome = wire.expect("welcome").await;
        assert_eq!(welcome["resume_after"]["live"], ROUNDS * RECORDS);
    });
    let begun = clock::monotonic();
    assert_eq!(server.terminate(), Some(0));
    let bytes = block_on(history_bytes(&keyspace));
    eprintln!(
        "drained in {:.1} s; {:.2} bytes of history a sample, {bytes} in all",
        clock::monotonic().saturating_sub(begun).as_secs_f64(),
        bytes as f64 / samples as f64
    );
}
