//! What a board costs alone, of ten thousand to ten million rows: an update that may move a row anywhere, one that moves it
//! a little, and a rank, 16 at once and each alone; the first hundred rows, those around one, and how many bytes a row takes.
//! `script/bench --boards` runs it beside Redis (load-tests/peers/redis) and makes a table; nothing asserts a time.
//!
//! Ids are drawn from all rows and made anew for each operation, outside of what is measured, as they come with a frame: neither the
//! board's lines nor its own ids' texts are at hand. Measured is the CPU time of the thread, as Redis' is, with the allocator that
//! the server has, which is Redis' too.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints its lines, and should panic if it cannot go on"
)]

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};
use streakline_core::{
    id::UserId,
    leaderboard::{Leaderboard, Order, RowKey},
};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const SIZES: [u32; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// Operations whose arguments are made before they are timed.
const ROUND: u32 = 10_000;
/// Rounds of each operation.
const ROUNDS: u32 = 50;
/// Operations at once, as many as Redis gets in a pipeline.
const BATCH: usize = 16;

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
    let scores: Vec<i64> = (0..rows).map(|_| i64::from(random.below(rows))).collect();
    let mut board = Leaderboard::new();
    for (number, score) in (0..).zip(&scores) {
        board.set(&user(number), *score, i64::from(number) * 60_000);
    }
    let mut updates = Updates {
        rows,
        random,
        scores,
        at_ms: i64::from(rows) * 60_000,
    };
    let ns = timed(BATCH, || updates.anywhere(), |keys| _ = board.set_all(keys));
    println!("{rows} update {ns:.1}");
    let ns = timed(1, || updates.anywhere(), |key| alone(&mut board, key));
    println!("{rows} update_alone {ns:.1}");
    let ns = timed(BATCH, || updates.growth(), |keys| _ = board.set_all(keys));
    println!("{rows} growth {ns:.1}");
    let ns = timed(1, || updates.growth(), |key| alone(&mut board, key));
    println!("{rows} growth_alone {ns:.1}");
    looks(rows, &board, &mut updates.random);
    let bytes = board.bytes();
    let a_row = |bytes: usize| bytes as f64 / f64::from(rows);
    println!("{rows} bytes {:.2}", a_row(bytes.rows));
    println!("{rows} id_map_bytes {:.2}", a_row(bytes.id_map));
    rebuild(rows, &board);
}

/// What rows are set to, each a minute later than the one before it.
struct Updates {
    rows: u32,
    random: Random,
    scores: Vec<i64>,
    at_ms: i64,
}

impl Updates {
    fn anywhere(&mut self) -> RowKey<UserId> {
        let number = self.random.below(self.rows);
        let score = i64::from(self.random.below(self.rows));
        self.to(number, score)
    }

    fn growth(&mut self) -> RowKey<UserId> {
        let number = self.random.below(self.rows);
        let more = 1 + i64::from(self.random.below(self.rows / 1_000));
        self.to(number, self.scores[number as usize] + more)
    }

    fn to(&mut self, number: u32, score: i64) -> RowKey<UserId> {
        self.scores[number as usize] = score;
        self.at_ms += 60_000;
        RowKey {
            score,
            achieved_at_ms: self.at_ms,
            id: user(number),
        }
    }
}

fn alone(board: &mut Leaderboard<UserId>, keys: &[RowKey<UserId>]) {
    for key in keys {
        board.set(&key.id, key.score, key.achieved_at_ms);
    }
}

fn looks(rows: u32, board: &Leaderboard<UserId>, random: &mut Random) {
    let mut any = || user(random.below(rows));
    let ns = timed(BATCH, &mut any, |ids| _ = black_box(board.places(ids)));
    println!("{rows} rank {ns:.1}");
    let place = |id: &UserId| _ = black_box(board.place(id));
    let ns = timed(1, &mut any, |ids| ids.iter().for_each(place));
    println!("{rows} rank_alone {ns:.1}");
    let around = |id: &UserId| _ = black_box(board.around(id, 5));
    let ns = timed(1, &mut any, |ids| ids.iter().for_each(around));
    println!("{rows} around5 {ns:.1}");
    let ns = timed(1, || (), |_| _ = black_box(board.page(None, 100)));
    println!("{rows} top100 {ns:.1}");
    let around = |score: &i64| _ = black_box(board.around_score(*score, 5));
    let any = || i64::from(random.below(rows));
    let ns = timed(1, any, |scores| scores.iter().for_each(around));
    println!("{rows} around_score5 {ns:.1}");
}

/// The board of rows that are sorted, as after a restart: nanoseconds a row.
fn rebuild(rows: u32, board: &Leaderboard<UserId>) {
    let keys: Vec<RowKey<UserId>> = board.iter().map(|row| row.key()).collect();
    let begun = cpu_ns();
    let built = Leaderboard::from_sorted(Order::Descending, keys);
    let ns = (cpu_ns() - begun) as f64 / f64::from(rows);
    assert_eq!(black_box(built).len(), board.len());
    println!("{rows} build {ns:.1}");
}

/// Nanoseconds that an operation takes on the average, so many at once; its arguments are made outside.
fn timed<T>(at_once: usize, mut make: impl FnMut() -> T, mut run: impl FnMut(&[T])) -> f64 {
    let mut ns = 0;
    for _ in 0..ROUNDS {
        let arguments: Vec<T> = (0..ROUND).map(|_| make()).collect();
        let begun = cpu_ns();
        arguments.chunks(at_once).for_each(&mut run);
        ns += cpu_ns() - begun;
    }
    ns as f64 / f64::from(ROUND * ROUNDS)
}

/// CPU time of this thread.
fn cpu_ns() -> i64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}
