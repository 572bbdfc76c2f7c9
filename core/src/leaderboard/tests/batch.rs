//! Many rows at once are what the same rows come to one after the other: every row, rank and count.

use std::vec::Vec;

use super::*;

/// Rows with few names, so that names come again within a batch; few scores and times, or wide ones.
fn rows(random: &mut Random, count: u64, names: u64) -> Vec<RowKey> {
    let draw = |_| {
        let is_wide = random.below(8) == 0;
        let score = random.below(if is_wide { 1 << 31 } else { 40 }) as i64;
        RowKey {
            score: if is_wide { score << 30 } else { score },
            achieved_at_ms: random.below(3) as i64 * if is_wide { 1 } else { 60_000 },
            id: user(random.below(names)),
        }
    };
    (0..count).map(draw).collect()
}

/// A board that gets batches and one that gets the same rows alone, with some taken away in between.
fn live_alike(order: Order, seed: u64, names: u64) {
    let (mut random, mut removed) = (Random(seed), 0);
    let [mut batched, mut alone] = [Leaderboard::ordered(order), Leaderboard::ordered(order)];
    for round in 0..300 {
        let count = random.below(70);
        let batch = rows(&mut random, count, names);
        let each = batch
            .iter()
            .filter(|row| alone.set(&row.id, row.score, row.achieved_at_ms));
        assert_eq!(each.count(), batched.set_all(&batch));
        for _ in 0..random.below(if round % 50 < 25 { 10 } else { 60 }) {
            let name = user(random.below(names));
            let is_removed = alone.remove(&name);
            assert_eq!(batched.remove(&name), is_removed);
            removed += usize::from(is_removed);
        }
        let asked: Vec<_> = (0..random.below(70))
            .map(|_| user(random.below(names)))
            .collect();
        let each: Vec<_> = asked.iter().map(|name| alone.place(name)).collect();
        assert_eq!(batched.places(&asked), each);
        assert_eq!(batched.tree.check(), alone.tree.check());
        assert!(batched.iter().eq(alone.iter()));
    }
    assert!(removed > 1_000, "only {removed} rows were ever taken away");
}

#[test]
fn rows_that_are_set_at_once_are_those_that_are_set_one_after_the_other() {
    for order in [Order::Descending, Order::Ascending] {
        // Names that come again in most batches, in some, and seldom.
        for (seed, names) in [(1, 20), (2, 300), (3, 4_000)] {
            live_alike(order, seed, names);
        }
    }
}

#[test]
fn the_last_of_the_rows_of_one_name_in_a_batch_stands() {
    let row = |number, score| RowKey {
        score,
        achieved_at_ms: 0,
        id: user(number),
    };
    let batch: Vec<_> = (0..16)
        .map(|number| row(number % 3, number as i64))
        .collect();
    for known in [false, true] {
        let mut board = Leaderboard::new();
        if known {
            board.set_all(&[row(0, 50), row(1, 51), row(2, 52)]);
        }
        assert_eq!(board.set_all(&batch), 16);
        let shown: Vec<_> = board.iter().map(|row| (row.id, row.score)).collect();
        assert_eq!(shown, [(user(0), 15), (user(2), 14), (user(1), 13)]);
        // Set to what they are, they change nothing.
        assert_eq!(board.set_all(&batch[13..]), 0);
    }
}

#[test]
fn ids_whose_prints_are_one_are_found_at_once_too() {
    /// All of these have the same hash.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Alike(u32);

    impl Hash for Alike {
        fn hash<H: core::hash::Hasher>(&self, _: &mut H) {}
    }

    let keys: Vec<_> = (0..40)
        .map(|number| super::super::RowKey {
            score: i64::from(number),
            achieved_at_ms: 0,
            id: Alike(number),
        })
        .collect();
    let mut board = Leaderboard::new();
    assert_eq!((board.set_all(&keys), board.set_all(&keys)), (40, 0));
    let asked: Vec<_> = (0..48).map(Alike).collect();
    let ranks = board.places(&asked).into_iter();
    let ranks = ranks.map(|place| place.map(|place| place.rank));
    assert!(ranks.eq((0..48).map(|number| (number < 40).then(|| 40 - number))));
}
