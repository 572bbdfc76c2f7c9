//! What a row of the embedded store's journal costs: CPU of the process, bytes written and time, by how many rows wait at once
//! (ADR 0045, docs/performance.md). `script/bench --journal` runs it, in a directory of its own below the one that it is given.
//!
//! It uses only what the store's traits offer, so that the same file measures an earlier commit.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints its table, and should panic if it cannot go on"
)]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use streakline::storage::{Journal, JournalRow, Ownership, embedded::EmbeddedStore};
use streakline_core::id::{PartitionId, Position};

const PARTITIONS: u64 = 256;
const ROW_BYTES: usize = 600;
/// Rows that are appended at once.
const GROUPS: [u64; 3] = [1, 8, 64];
/// A case ends when it has written so many bytes of rows, or after so long.
const CASE_BYTES: u64 = 64 * 1024 * 1024;
const CASE: Duration = Duration::from_secs(15);
/// Clock ticks of /proc a second, on every Linux.
const TICKS: f64 = 100.0;

fn main() {
    // Cargo compiles benchmarks as tests too, and runs them so with `--test`.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let place = std::env::args().nth(1).filter(|place| place != "--bench");
    let place = place.unwrap_or_else(|| ".".into());
    println!(
        "| rows at once | rows a second | syncs | CPU a row, us | bytes written by byte of a row | start, ms |"
    );
    println!("|---|---|---|---|---|---|");
    for rows in GROUPS {
        let dir = tempfile::tempdir_in(&place).unwrap();
        let took = measure(dir.path(), rows);
        let begun = Instant::now();
        drop(EmbeddedStore::open(dir.path()).unwrap());
        let start_ms = begun.elapsed().as_secs_f64() * 1_000.0;
        println!("| {rows} | {took} | {start_ms:.0} |");
    }
}

/// Appends groups of so many rows, one after the other.
fn measure(dir: &Path, rows: u64) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let chance = chance();
    let store = EmbeddedStore::open(dir).unwrap();
    let (cpu, bytes, syncs, begun) = (cpu_us(), written(), store.syncs(), Instant::now());
    let mut appended = 0;
    runtime.unwrap().block_on(async {
        while begun.elapsed() < CASE && appended * (ROW_BYTES as u64) < CASE_BYTES {
            let group =
                (appended..appended + rows).map(|number| store.append(row(number, &chance)));
            for outcome in join_all(group).await {
                outcome.unwrap();
            }
            appended += rows;
        }
    });
    let (took, syncs) = (begun.elapsed().as_secs_f64(), store.syncs() - syncs);
    // What is left in memory is written when its time comes: a part of what the rows cost.
    drop(store);
    let (cpu, bytes) = (cpu_us() - cpu, written() - bytes);
    let rows = appended as f64;
    format!(
        "{:.0} | {syncs} | {:.1} | {:.2}",
        rows / took,
        cpu / rows,
        bytes as f64 / (rows * ROW_BYTES as f64)
    )
}

fn row(number: u64, bytes: &[Vec<u8>]) -> JournalRow {
    let partition = PartitionId(256 + u32::try_from(number % PARTITIONS).unwrap());
    let position = Position {
        epoch: 1,
        index: number,
    };
    let kind = number as usize % bytes.len();
    JournalRow {
        partition,
        first: position,
        last: position,
        bytes: bytes[kind].clone(),
        attachments: Vec::new(),
    }
}

/// Rows of chance, as sealed rows are: nothing can be compressed.
fn chance() -> Vec<Vec<u8>> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..4_096)
        .map(|_| (0..ROW_BYTES).map(&mut byte).collect())
        .collect()
}

/// CPU of all threads of this process, user and system, us.
fn cpu_us() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<f64> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse().unwrap())
        .collect();
    fields.iter().sum::<f64>() / TICKS * 1e6
}

/// Bytes that this process has handed to the system for writing.
fn written() -> u64 {
    let io = fs::read_to_string("/proc/self/io").unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.unwrap().parse().unwrap()
}
