//! One run with ten crashes at seeded moments: while everything is quiet, in the middle of the stream, and right between
//! a flush to the journal and its acknowledgements. After each, two recoveries say the same, and the end is that of a run
//! without crashes.

use std::time::Duration;

use streakline::cli::client::Rest;
use streakline::entropy::Seeded;

use super::recording::{CLOCK, SPAN, assert_digest, folder, replay, start_replay, verify};
use crate::harness::dump::{Dump, assert_same, dump};
use crate::harness::{Server, block_on};

const ZONE: &str = "UTC";
const SEED: u64 = 2016;
const KILLS: u64 = 10;
/// Batches of the whole run are about 16,400; the crashes share most of them.
const BATCHES_A_ROUND: (u64, u64) = (700, 700);
/// Flushes until a crash between journal and acknowledgement.
const FLUSHES: (u64, u64) = (30, 120);
const HOUR_MS: i64 = 3_600_000;
const POLL: Duration = Duration::from_millis(5);
/// Longest wait for the clock to pass some hours.
const LONGEST: Duration = Duration::from_secs(300);

fn options(resume: bool) -> Vec<&'static str> {
    let mut options = vec!["--batch", "60", "--shuffle", "1"];
    if resume {
        options.push("--resume");
    }
    options
}

fn dump_all(server: &Server) -> Dump {
    let folder = streakline::cli::folder::Folder::open(folder().as_ref()).unwrap();
    let users: Vec<String> = folder.people().into_iter().collect();
    block_on(dump(&server.rest(), &users, SPAN.0, SPAN.1))
}

/// Everything that was acknowledged is there after the kill, to the byte.
fn kill_when_quiet(server: &mut Server, resume: bool, batches: u64, round: u64) {
    let stop_after = batches.to_string();
    let mut options = options(resume);
    options.extend(["--stop-after", &stop_after]);
    replay(server, ZONE, &options);
    let before = dump_all(server);
    server.kill_and_restart();
    assert_same(
        &before,
        &dump_all(server),
        &format!("round {round}, killed when quiet"),
    );
}

/// What one recovery makes of a torn end, the next one makes of it too.
fn assert_recoveries_agree(server: &mut Server, round: u64) {
    let first = dump_all(server);
    server.kill_and_restart();
    assert_same(
        &first,
        &dump_all(server),
        &format!("round {round}, recovered twice"),
    );
}

/// Whether somebody moves the clock to `until_ms`, and not never.
async fn moves_past(rest: &Rest, until_ms: i64) -> bool {
    let moves = async {
        while rest.clock().await.unwrap().now_ms < until_ms {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(LONGEST, moves).await.is_ok()
}

fn kill_in_the_stream(server: &mut Server, resume: bool, hours: u64, round: u64) {
    let rest = server.rest();
    let now_ms = block_on(rest.clock()).unwrap().now_ms;
    let until_ms = now_ms + i64::try_from(hours).unwrap() * HOUR_MS;
    let running = start_replay(server, ZONE, &options(resume));
    if !block_on(moves_past(&rest, until_ms)) {
        server.kill();
        panic!("the replay does not move the clock: {:?}", running.finish());
    }
    server.kill();
    let told = running.finish().expect_failure();
    assert!(told.contains("--resume"), "{told}");
    server.restart();
    assert_recoveries_agree(server, round);
}

fn crash_before_acknowledging(server: &mut Server, resume: bool, flushes: u64, round: u64) {
    server.kill();
    server.restart_with(&["--crash-after-flush", &flushes.to_string()]);
    let running = start_replay(server, ZONE, &options(resume));
    assert!(!server.wait_exit().success(), "the server was to crash");
    running.finish().expect_failure();
    server.restart();
    assert_recoveries_agree(server, round);
}

#[test]
fn ten_crashes_change_no_answer() {
    let mut server = Server::virtual_at(CLOCK);
    let mut seeded = Seeded::new(SEED, 0);
    for round in 0..KILLS {
        let resume = round > 0;
        match round % 5 {
            1 => {
                let hours = 12 + seeded.below(24);
                kill_in_the_stream(&mut server, resume, hours, round);
            }
            2 | 4 => {
                let flushes = FLUSHES.0 + seeded.below(FLUSHES.1);
                crash_before_acknowledging(&mut server, resume, flushes, round);
            }
            _ => {
                let batches = BATCHES_A_ROUND.0 + seeded.below(BATCHES_A_ROUND.1);
                kill_when_quiet(&mut server, resume, batches, round);
            }
        }
    }
    let printed = replay(&server, ZONE, &options(true));
    assert!(printed.starts_with("complete: "), "{printed}");
    assert_digest(ZONE, "ten crashes", &verify(&server));
}
