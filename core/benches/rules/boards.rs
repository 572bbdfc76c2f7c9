//! Boards of ten thousand to a million rows: a score that moves, a place, the first rows, the rows around one.

use criterion::{BatchSize, Criterion};
use std::{cell::RefCell, hint::black_box};
use streakline_core::{id::UserId, leaderboard::Leaderboard};

const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];
/// Larger than any score of the board at its start.
const SCORES: i64 = 100_000;

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
    UserId::parse(&format!("user-{number:07}")).unwrap()
}

/// Rows with scores of a day's steps, many of which are equal on the larger boards.
fn board(rows: u32, random: &mut Random) -> Leaderboard<UserId> {
    let mut board = Leaderboard::new();
    for number in 0..rows {
        let score = i64::from(random.below(u32::try_from(SCORES).unwrap()));
        board.set(&user(number), score, i64::from(number));
    }
    board
}

pub(crate) fn all(criterion: &mut Criterion) {
    for rows in SIZES {
        of_size(criterion, rows);
    }
}

fn of_size(criterion: &mut Criterion, rows: u32) {
    let mut group = criterion.benchmark_group(format!("board of {rows} rows"));
    let mut random = Random(1);
    let board = RefCell::new(board(rows, &mut random));
    let mut at_ms = i64::from(rows);
    group.bench_function("a score that grows", |bench| {
        let grown = || {
            let id = user(random.below(rows));
            let (score, _) = board.borrow().get(&id).unwrap();
            at_ms += 1;
            (id, score + 1 + i64::from(random.below(100)), at_ms)
        };
        let set = |(id, score, at_ms)| board.borrow_mut().set(&id, score, at_ms);
        bench.iter_batched(grown, set, BatchSize::SmallInput);
    });
    let board = board.into_inner();
    let ids: Vec<UserId> = (0..1_000).map(|_| user(random.below(rows))).collect();
    let mut next = ids.iter().cycle();
    let mut any = || next.next().unwrap();
    group.bench_function("a place", |bench| {
        bench.iter_batched(&mut any, |id| board.place(id), BatchSize::SmallInput);
    });
    group.bench_function("the first 10", |bench| {
        bench.iter(|| black_box(&board).page(None, 10));
    });
    group.bench_function("5 on each side", |bench| {
        bench.iter_batched(&mut any, |id| board.around(id, 5), BatchSize::SmallInput);
    });
    group.finish();
}
