//! T6.2: any number of parts has the same first rows, and an estimated rank is within its bound.

use alloc::{format, vec::Vec};
use proptest::prelude::*;

use super::{
    super::{Leaderboard, Order},
    *,
};

/// Part counts of domain.md 6.5.
const PARTS: [usize; 4] = [1, 2, 16, 256];

struct Board {
    parts: Vec<Shard<u64>>,
    root: Root<u64>,
}

impl Board {
    fn new(order: Order, parts: usize) -> Self {
        Self {
            parts: (0..parts).map(|_| Shard::new(order)).collect(),
            root: Root::new(order, parts),
        }
    }

    /// Where a user's row is kept.
    fn part_of(&self, id: u64) -> usize {
        let spread = id.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        usize::try_from(spread).unwrap() % self.parts.len()
    }

    fn set(&mut self, (id, score, at_ms): (u64, i64, i64)) {
        let part = self.part_of(id);
        self.parts[part].set(&id, score, at_ms);
    }

    fn report(&mut self) {
        for (number, part) in self.parts.iter_mut().enumerate() {
            let report = part.report();
            self.root.take(number, report.clone());
            self.root.take(number, report);
        }
    }
}

/// Scores as they come: spread evenly, a few large ones among many small ones, and all the same.
fn scores(kind: usize, rows: u64) -> Vec<(u64, i64, i64)> {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let row = |id: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let score = match kind {
            0 => i64::try_from(seed % 100_000).unwrap(),
            1 => 1_000_000 / i64::try_from(seed % rows + 1).unwrap(),
            _ => 7_500,
        };
        (id, score, i64::try_from(seed % 1_000).unwrap() * 60_000)
    };
    (0..rows).map(row).collect()
}

#[test]
fn t6_2_any_number_of_parts_has_the_same_first_rows_and_ranks_within_their_bound() {
    for (kind, order) in [
        (0, Order::Descending),
        (1, Order::Descending),
        (2, Order::Descending),
        (0, Order::Ascending),
    ] {
        let rows = scores(kind, 20_000);
        let mut whole = Leaderboard::ordered(order);
        for (id, score, at_ms) in &rows {
            whole.set(id, *score, *at_ms);
        }
        let first = whole.page(None, HEAD_ROWS);
        let first: Vec<_> = first.iter().map(|row| (row.id, row.score)).collect();
        for parts in PARTS {
            let mut board = Board::new(order, parts);
            rows.iter().for_each(|row| board.set(*row));
            board.report();
            let head = board.root.head().iter().map(|row| (row.id, row.score));
            let why = format!("{kind} {order:?} in {parts} parts");
            assert_eq!(head.collect::<Vec<_>>(), first, "{why}");
            assert_eq!(board.root.rows(), 20_000, "{why}");
            rows.iter()
                .step_by(37)
                .for_each(|row| within(&whole, &board.root, (row.0, row.1), &why));
        }
    }
}

fn within(whole: &Leaderboard<u64>, root: &Root<u64>, (id, score): (u64, i64), why: &str) {
    let estimate = root.rank(score);
    let rank = whole.place(&id).unwrap().rank;
    let off = rank.abs_diff(estimate.rank);
    assert!(
        off <= estimate.error_bound,
        "{why}: {score} is {rank}, not {estimate:?}"
    );
    if rank <= 1_000 {
        assert_eq!(estimate.error_bound, 0, "{why}: {score} is {rank}");
    }
}

/// Sets and removals, and when parts report.
fn changes() -> impl Strategy<Value = Vec<(u64, Option<i64>, bool)>> {
    let score = prop_oneof![
        Just(None),
        (0_i64..40).prop_map(Some),
        (0_i64..1 << 41).prop_map(Some)
    ];
    prop::collection::vec((0_u64..60, score, any::<bool>()), 0..200)
}

proptest! {
    #[test]
    fn a_whole_that_was_told_of_every_change_is_one_that_is_told_everything_at_once(changes in changes()) {
        let mut board = Board::new(Order::Descending, 4);
        let mut whole = Leaderboard::new();
        for (id, score, reports) in changes {
            let part = board.part_of(id);
            match score {
                Some(score) => {
                    whole.set(&id, score, 0);
                    board.set((id, score, 0));
                }
                None => {
                    let is_there = whole.remove(&id);
                    prop_assert_eq!(board.parts[part].remove(&id), is_there);
                }
            }
            if reports {
                board.report();
            }
        }
        board.report();
        let mut again: Root<u64> = Root::new(Order::Descending, 4);
        for (number, part) in board.parts.iter_mut().enumerate() {
            again.take(number, part.whole());
            prop_assert!(part.report().is_empty());
        }
        prop_assert_eq!(again.head(), board.root.head());
        prop_assert_eq!(again.rows() as usize, whole.len());
        for row in whole.page(None, 60) {
            prop_assert_eq!(again.rank(row.score), board.root.rank(row.score));
            prop_assert_eq!(again.rank(row.score).rank, row.rank);
        }
    }
}
