//! A disk that is full, at every moment: nothing is acknowledged that is not there after the restart.

use serde_json::{Value, json};
use streakline::cli::client::Write;
use streakline_core::civil::MINUTE_MS;

use super::world::readiness;
use crate::harness::program::Finished;
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

const NOON: &str = "virtual:2016-04-13T12:00:00Z";
const NOON_MS: i64 = 1_460_548_800_000;
const MORNING_MS: i64 = NOON_MS - 12 * 60 * MINUTE_MS;
const WATCH: &str = "b1b1b1b1-8f4e-5d0a-9a53-0d7a5f3b2c11";
const RECORDS: usize = 10;
const BATCHES_MAX: u64 = 60;

/// Sends batches until the server no longer takes them; the last number that it acknowledged.
async fn fill(server: &Server, first: u64) -> u64 {
    let (mut wire, welcome) = Wire::hello(server, "ann", &hello(WATCH, NOON_MS)).await;
    let resume_after = welcome["resume_after"]["live"].as_u64().unwrap();
    assert!(
        resume_after >= first,
        "{resume_after} < {first}: what was acknowledged is not there"
    );
    let mut acked = resume_after;
    for _ in 0..BATCHES_MAX {
        let start_ms = MORNING_MS + acked.cast_signed() * MINUTE_MS;
        wire.send(&batch(acked + 1, start_ms, &[10; RECORDS])).await;
        let Some(frame) = ack(&mut wire).await else {
            let closed = wire.closed().await;
            assert_eq!(
                (closed.code, &closed.reason["code"]),
                (1013, &json!("store_unavailable"))
            );
            assert!(
                closed.reason["retry_after_ms"].as_u64().unwrap() > 0,
                "{closed:?}"
            );
            return acked;
        };
        acked = frame["up_to_seq"].as_u64().unwrap();
    }
    panic!("{acked} records and the disk is not full");
}

/// The next ack, or nothing when the socket ends.
async fn ack(wire: &mut Wire) -> Option<Value> {
    loop {
        match wire.next().await {
            Ok(frame) if frame["type"] == "ack" => return Some(frame),
            Ok(_other) => {}
            Err(_closed) => return None,
        }
    }
}

async fn shown(server: &Server) -> u64 {
    let day = server
        .rest()
        .get("/v1/users/ann/days/2016-04-13")
        .await
        .unwrap();
    day["display"].as_u64().unwrap() / 10
}

/// While the server tells that its store failed.
fn assert_refuses(server: &Server) {
    let (status, body) = readiness(server);
    assert_eq!(status, 503, "{body}");
    assert!(
        body.contains("store: the store cannot be written"),
        "{body}"
    );
    let refused = block_on(async {
        let zone = json!({"zone": "UTC"});
        server
            .rest()
            .put("/v1/users/bob", Some(&zone), Write::Create)
            .await
    });
    let error = refused.expect_err("a write is acknowledged");
    assert_eq!(error.code(), Some("store_unavailable"), "{error}");
}

/// The last line of the log says what happened and what to do.
fn assert_message(log: &str, of: &str) {
    let message = log.lines().last().unwrap();
    assert!(
        message.starts_with("streakline: the store cannot be written"),
        "{message}"
    );
    assert!(message.contains(of), "{message}");
    assert!(
        message.contains("make room or give access and start again"),
        "{message}"
    );
}

/// Whatever the reason, the server tells and ends, and the next start has what was acknowledged.
fn fails_and_comes_back(server: &mut Server, of: &str, before: u64) {
    let acked = block_on(fill(server, before));
    assert_refuses(server);
    assert_eq!(server.wait_exit().code(), Some(1));
    assert_message(&server.log(), of);
    server.restart();
    block_on(async {
        let (mut wire, welcome) = Wire::hello(server, "ann", &hello(WATCH, NOON_MS)).await;
        let kept = welcome["resume_after"]["live"].as_u64().unwrap();
        assert!(kept >= acked, "{acked} acknowledged, {kept} there");
        assert_eq!(shown(server).await, kept);
        let start_ms = MORNING_MS + kept.cast_signed() * MINUTE_MS;
        wire.ack(&batch(kept + 1, start_ms, &[10; RECORDS])).await;
        assert_eq!(shown(server).await, kept + RECORDS as u64);
    });
    assert_eq!(readiness(server).0, 200);
}

fn started() -> Server {
    let mut server = Server::start(NOON, &[]);
    block_on(async {
        let (mut wire, _) = Wire::hello(&server, "ann", &hello(WATCH, NOON_MS)).await;
        wire.ack(&batch(1, MORNING_MS, &[10; RECORDS])).await;
    });
    server.kill();
    server
}

/// Blocks of 512 bytes that the engine's log takes.
fn log_blocks(server: &Server) -> u64 {
    let log = server.data().join("store/0.jnl");
    std::fs::metadata(log).unwrap().len() / 512
}

#[test]
fn a_disk_that_fills_up_loses_nothing_acknowledged() {
    let mut server = started();
    // The engine makes its log long and cuts it at the next start: from then on it grows, and the journal is shorter.
    server.restart();
    assert_eq!(server.terminate(), Some(0));
    server.restart_limited(log_blocks(&server) + 8).unwrap();
    fails_and_comes_back(&mut server, "File too large", RECORDS as u64);
}

#[test]
fn a_log_on_the_full_disk_does_not_end_the_server() {
    let mut server = started();
    server.restart();
    assert_eq!(server.terminate(), Some(0));
    // Not a byte more fits into its log.
    let blocks = server.log().len() as u64 / 512;
    let room = log_blocks(&server) + 24;
    assert!(
        blocks < room,
        "the log is longer than the store: {blocks}, {room}"
    );
    let long = "x".repeat(usize::try_from(room).unwrap() * 512);
    server.write_log(&long);
    server.restart_limited(room).unwrap();
    block_on(async {
        for _ in 0..50 {
            let refused = server.rest().get("/v1/users/nobody").await;
            assert_eq!(refused.unwrap_err().code(), Some("not_found"));
        }
    });
    assert_eq!(block_on(shown(&server)), RECORDS as u64);
}

#[test]
fn sigterm_right_after_the_start_is_a_drain() {
    let mut server = Server::start(NOON, &[]);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_journal_that_fails_ends_the_server_with_one_message() {
    let mut server = started();
    server.restart_with(&["--fault", "appends=6"]);
    fails_and_comes_back(&mut server, "no space left", RECORDS as u64);
}

#[test]
fn a_snapshot_that_fails_at_the_end_loses_nothing() {
    let mut server = started();
    server.restart_with(&["--fault", "snapshots=0"]);
    let kept = block_on(shown(&server));
    assert_eq!(kept, RECORDS as u64);
    assert_eq!(server.terminate(), Some(1));
    assert_message(&server.log(), "no space left");
    server.restart();
    assert_eq!(block_on(shown(&server)), kept);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn no_room_at_a_start_is_told_and_harms_nothing() {
    let empty = tempfile::tempdir().unwrap();
    let data = empty.path().join("data");
    let finished = limited(100, data.to_str().unwrap());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_message(&finished.stderr, "File too large");
    let mut server = Server::on(empty, NOON, &[]).unwrap();
    block_on(async {
        let (mut wire, _) = Wire::hello(&server, "ann", &hello(WATCH, NOON_MS)).await;
        wire.ack(&batch(1, MORNING_MS, &[10; RECORDS])).await;
    });
    // The second start needs room for a higher epoch.
    server.kill_and_restart();
    server.kill();
    let failed = server.restart_limited(log_blocks(&server)).unwrap_err();
    // Its log is on the full disk too.
    assert_eq!(failed.code, Some(1), "{}", failed.log);
    let finished = limited(log_blocks(&server), &server.data_arg());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_message(&finished.stderr, "File too large");
    server.restart();
    assert_eq!(block_on(shown(&server)), RECORDS as u64);
}

/// A server where no file may grow beyond `blocks` of 512 bytes, run to its end.
fn limited(blocks: u64, data: &str) -> Finished {
    let script = format!("ulimit -f {blocks} && exec \"$0\" \"$@\"");
    let args = [
        "-c",
        &script,
        env!("CARGO_BIN_EXE_streakline"),
        "serve",
        "--data",
        data,
    ];
    let listen = ["--listen", "127.0.0.1:0"];
    crate::harness::program::run("sh", &[&args[..], &listen].concat())
}
