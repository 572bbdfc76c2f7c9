//! What a board costs alone, of ten thousand to ten million rows: an update that may move a row anywhere, one that moves it
//! a little, a rank, the first hundred rows, those around one, and how many bytes a row takes. `script/bench --boards`
//! runs it beside Redis (load-tests/peers/redis) and makes a table; nothing asserts a time.
//!
//! Ids are drawn from all rows and made anew for each operation, outside of what is measured, as they come with a frame: neither the
//! board's lines nor its own ids' texts are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints its lines, and should panic if it cannot go on"
)]

use std::{hint::black_box, time::Instant};
use streakline_core::{
    id::UserId,
    leaderboard::{Leaderboard, Order, RowKey},
};

const SIZES: [u32; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// Operations whose arguments are made before they are timed.
const BATCH: u32 = 10_000;
/// Batches of each operation.
const BATCHES: u32 = 50;

/// A small generator: every run sees the same rows and updates.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(end)).unwrap()
    }
}

fn user(number: u32) -> UserId {
    UserId::parse(&format!("user-{number:012}")).unwrap()
}

fn main() {
    // Cargo compiles benchmarks as tests too, and runs them so with `--test`.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let asked: Vec<u32> = arguments.iter().filter_map(|of| of.parse().ok()).collect();
    let sizes = if asked.is_empty() { &SIZES[..] } else { &asked };
    for rows in sizes {
        measure(*rows);
    }
}

/// Prints a line for each figure: rows, operation, nanoseconds or bytes.
fn measure(rows: u32) {
    let mut random = Random(1);
    let mut scores: Vec<i64> = (0..rows).map(|_| i64::from(random.below(rows))).collect();
    let mut board = Leaderboard::new();
    for (number, score) in (0..).zip(&scores) {
        board.set(&user(number), *score, i64::from(number) * 60_000);
    }
    let mut at_ms = i64::from(rows) * 60_000;
    let ns = timed(
        || {
            let number = random.below(rows);
            let score = i64::from(random.below(rows));
            scores[number as usize] = score;
            (user(number), score)
        },
        |(id, score)| {
            at_ms += 60_000;
            board.set(&id, score, at_ms);
        },
    );
    println!("{rows} update {ns:.1}");
    let ns = timed(
        || {
            let number = random.below(rows) as usize;
            scores[number] += 1 + i64::from(random.below(rows / 1_000));
            (user(u32::try_from(number).unwrap()), scores[number])
        },
        |(id, score)| {
            at_ms += 60_000;
            board.set(&id, score, at_ms);
        },
    );
    println!("{rows} growth {ns:.1}");
    looks(rows, &board, &mut random);
    let bytes = board.bytes();
    let a_row = |bytes: usize| bytes as f64 / f64::from(rows);
    println!("{rows} bytes {:.2}", a_row(bytes.rows));
    println!("{rows} id_map_bytes {:.2}", a_row(bytes.id_map));
    rebuild(rows, &board);
}

fn looks(rows: u32, board: &Leaderboard<UserId>, random: &mut Random) {
    let ns = timed(
        || user(random.below(rows)),
        |id| _ = black_box(board.place(&id)),
    );
    println!("{rows} rank {ns:.1}");
    let ns = timed(|| (), |()| _ = black_box(board.page(None, 100)));
    println!("{rows} top100 {ns:.1}");
    let ns = timed(
        || user(random.below(rows)),
        |id| _ = black_box(board.around(&id, 5)),
    );
    println!("{rows} around5 {ns:.1}");
    let ns = timed(
        || i64::from(random.below(rows)),
        |score| _ = black_box(board.around_score(score, 5)),
    );
    println!("{rows} around_score5 {ns:.1}");
}

/// The board of rows that are sorted, as after a restart: nanoseconds a row.
fn rebuild(rows: u32, board: &Leaderboard<UserId>) {
    let keys: Vec<RowKey<UserId>> = board.iter().map(|row| row.key()).collect();
    let begun = Instant::now();
    let built = Leaderboard::from_sorted(Order::Descending, keys);
    let ns = begun.elapsed().as_nanos() as f64 / f64::from(rows);
    assert_eq!(black_box(built).len(), board.len());
    println!("{rows} build {ns:.1}");
}

/// Nanoseconds that an operation takes on the average; its arguments are made outside.
fn timed<T>(mut make: impl FnMut() -> T, mut run: impl FnMut(T)) -> f64 {
    let mut ns = 0;
    for _ in 0..BATCHES {
        let arguments: Vec<T> = (0..BATCH).map(|_| make()).collect();
        let begun = Instant::now();
        for argument in arguments {
            run(argument);
        }
        ns += begun.elapsed().as_nanos();
    }
    ns as f64 / f64::from(BATCH * BATCHES)
}
