//! Tests of the leaderboard: every view against a sorted list, how many nodes an operation visits, and what a row
//! takes.

use std::{collections::BTreeMap, format, vec::Vec};

use super::*;
use crate::id::UserId;

mod batch;
mod views;

type RowKey = super::RowKey<UserId>;
type Row = super::Row<UserId>;

fn user(number: u64) -> UserId {
    UserId::parse(&format!("u{number:07}")).unwrap()
}

/// A small generator, so that every run sees the same updates.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// The same board as a sorted vector, in which everything is counted from the start.
struct Sorted {
    order: Order,
    rows: Vec<RowKey>,
    by_id: BTreeMap<UserId, RowKey>,
    places: Vec<Place>,
}

impl Sorted {
    fn new(order: Order) -> Self {
        let (rows, by_id, places) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self {
            order,
            rows,
            by_id,
            places,
        }
    }

    fn set(&mut self, key: RowKey) {
        self.remove(&key.id);
        self.by_id.insert(key.id.clone(), key.clone());
        self.rows.insert(self.before(&key), key);
        self.count();
    }

    fn remove(&mut self, user: &UserId) -> bool {
        let Some(key) = self.by_id.remove(user) else {
            return false;
        };
        self.rows.remove(self.before(&key));
        self.count();
        true
    }

    fn before(&self, key: &RowKey) -> usize {
        let is_before = |row: &RowKey| self.order.compare(row, key).is_lt();
        self.rows.partition_point(is_before)
    }

    /// The three ranks of each row, as they are read in domain.md 6.1.
    fn count(&mut self) {
        self.places.clear();
        let (mut rank, mut dense, mut last) = (0, 0, None);
        for (row, ordinal) in self.rows.iter().zip(1..) {
            if last != Some(row.score) {
                (rank, dense, last) = (ordinal, dense + 1, Some(row.score));
            }
            self.places.push(Place {
                rank,
                dense,
                ordinal,
            });
        }
    }

    fn row(&self, index: usize) -> Row {
        let RowKey {
            score,
            achieved_at_ms,
            id,
        } = self.rows[index].clone();
        let Place {
            rank,
            dense,
            ordinal,
        } = self.places[index];
        Row {
            rank,
            dense,
            ordinal,
            score,
            achieved_at_ms,
            id,
        }
    }

    fn rows(&self, from: usize, to: usize) -> Vec<Row> {
        (from.min(self.rows.len())..to.min(self.rows.len()))
            .map(|index| self.row(index))
            .collect()
    }

    /// How many rows have a better score, and how many as good a one or a better one.
    fn better(&self, score: i64) -> (usize, usize) {
        let turned = |score| self.order.turned(score);
        let better = |row: &&RowKey| turned(row.score) < turned(score);
        let as_good = |row: &&RowKey| turned(row.score) <= turned(score);
        let count = |rows: usize| rows;
        (
            count(self.rows.iter().take_while(better).count()),
            count(self.rows.iter().take_while(as_good).count()),
        )
    }
}

/// Lets a board and a sorted list live through the same random life, and compares every view at each step.
fn live(order: Order, rounds: u64, mut draw: impl FnMut(&mut Random) -> (i64, i64)) {
    let mut board = Leaderboard::ordered(order);
    let (mut sorted, mut random) = (Sorted::new(order), Random(rounds));
    for round in 0..rounds {
        // The board grows, shrinks to almost nothing and grows again, so nodes split and join.
        let leaving = if (round / (rounds / 5)) % 2 == 1 {
            9
        } else {
            2
        };
        let name = user(random.below(4_000));
        if random.below(10) < leaving {
            assert_eq!(board.remove(&name), sorted.remove(&name));
        } else {
            let (score, achieved_at_ms) = draw(&mut random);
            board.set(&name, score, achieved_at_ms);
            sorted.set(RowKey {
                score,
                achieved_at_ms,
                id: name,
            });
        }
        assert_eq!(board.len(), sorted.rows.len());
        if round % 128 == 0 {
            assert_eq!(board.tree.check().len(), sorted.rows.len());
        }
        let (score, _) = draw(&mut random);
        views::compare_score(&board, &sorted, score, random.below(8) as usize);
        if !sorted.rows.is_empty() {
            let index = random.below(sorted.rows.len() as u64) as usize;
            let k = random.below(60) as usize;
            views::compare(&board, &sorted, index, if round % 16 == 0 { k } else { 1 });
            views::compare_percentile(&board, &sorted, index, random.below(10_001));
        }
    }
    assert_eq!(board.iter().collect::<Vec<_>>(), sorted.rows(0, usize::MAX));
}

/// T6.1: every view and all three ranks, with ten rows of a score and more.
#[test]
fn tree_equals_a_sort_after_100_000_random_updates() {
    let tied = |random: &mut Random| (random.below(300) as i64, random.below(5) as i64);
    live(Order::Descending, 100_000, tied);
}

/// T6.1: times of a race.
#[test]
fn ascending_tree_equals_a_sort_after_100_000_random_updates() {
    let tied = |random: &mut Random| (random.below(300) as i64, random.below(5) as i64 * 60_000);
    live(Order::Ascending, 100_000, tied);
}

/// T6.1: few scores, so that one of them fills many leaves; and scores and times that no leaf tells as differences.
#[test]
fn tree_equals_a_sort_whatever_lies_between_the_scores() {
    let any = |random: &mut Random| {
        let bits = random.below(1 << 31) << 33 | random.below(1 << 31) << 2;
        (bits as i64) >> random.below(63)
    };
    for order in [Order::Descending, Order::Ascending] {
        live(order, 15_000, |random| (random.below(3) as i64, 0));
        live(order, 15_000, |random| (any(random), any(random)));
        live(order, 15_000, |random| {
            (random.below(1 << 24) as i64 - 9, any(random))
        });
    }
}

#[test]
fn equal_scores_share_a_rank_and_stand_by_who_was_first() {
    let [a, b, c] = ["A", "B", "C"].map(|name| UserId::parse(name).unwrap());
    let mut board = Leaderboard::new();
    board.set(&a, 12_000, 2_000);
    board.set(&c, 11_000, 0);
    board.set(&b, 12_000, 1_000);
    let styles = [RankStyle::Competition, RankStyle::Dense, RankStyle::Ordinal];
    let shown: Vec<_> = board
        .iter()
        .map(|row| (row.id.clone(), styles.map(|style| style.of(row.place()))))
        .collect();
    assert_eq!(
        shown,
        [
            (b.clone(), [1, 1, 1]),
            (a.clone(), [1, 1, 2]),
            (c.clone(), [3, 2, 3])
        ]
    );
    let last = Place {
        rank: 3,
        dense: 2,
        ordinal: 3,
    };
    assert_eq!(board.place(&c), Some(last));
    assert_eq!(board.get(&a), Some((12_000, 2_000)));
    board.set(&a, 12_000, 1_000);
    assert_eq!(board.select(1).unwrap().id, a, "then by name");
    assert!(!board.set(&a, 12_000, 1_000), "nothing changed");
    assert!(board.remove(&a) && !board.remove(&a));
    assert_eq!(
        (board.len(), board.place(&a), board.get(&a)),
        (2, None, None)
    );
}

#[test]
fn an_empty_board_answers() {
    let board = Leaderboard::<UserId>::new();
    assert!(board.is_empty() && board.page(None, 10).is_empty());
    assert_eq!(
        (board.select(0), board.select(1), board.place(&user(1))),
        (None, None, None)
    );
    assert!(board.around(&user(1), 5).is_empty());
    let view = board.around_score(7, 5);
    assert_eq!(
        (view.place.rank, view.before.len(), view.after.len()),
        (1, 0, 0)
    );
    assert_eq!(
        (board.percentile(&user(1)), board.at_percentile(5_000)),
        (None, None)
    );
}

/// T6.3
#[test]
fn a_better_key_never_has_a_larger_rank() {
    for order in [Order::Descending, Order::Ascending] {
        let (mut board, mut random) = (Leaderboard::ordered(order), Random(3));
        for number in 0..5_000 {
            board.set(
                &user(number),
                random.below(700) as i64 - 100,
                random.below(9) as i64,
            );
        }
        let rows: Vec<Row> = board.iter().collect();
        for two in rows.windows(2) {
            let (better, worse) = (two[0].place(), two[1].place());
            assert!(order.compare(&two[0].key(), &two[1].key()).is_lt());
            assert!(better.rank <= worse.rank && better.dense <= worse.dense);
            assert_eq!(better.ordinal + 1, worse.ordinal);
            let styles = [RankStyle::Competition, RankStyle::Dense];
            for style in styles {
                let tied = style.of(better) == style.of(worse);
                assert_eq!(tied, two[0].score == two[1].score);
            }
        }
        assert!(
            rows.iter()
                .all(|row| row.dense <= row.rank && row.rank <= row.ordinal)
        );
    }
}

#[test]
fn the_order_of_updates_changes_nothing() {
    let keys: Vec<(UserId, i64)> = (0..3_000)
        .map(|number| (user(number), (number * 7 % 100) as i64))
        .collect();
    let mut forward = Leaderboard::new();
    keys.iter()
        .for_each(|(name, score)| assert!(forward.set(name, *score, 1)));
    let mut backward = Leaderboard::new();
    keys.iter()
        .rev()
        .for_each(|(name, _)| assert!(backward.set(name, -1, 9)));
    keys.iter()
        .rev()
        .for_each(|(name, score)| assert!(backward.set(name, *score, 1)));
    assert!(forward.iter().eq(backward.iter()));
}

#[test]
fn a_board_of_sorted_rows_is_the_one_of_as_many_updates() {
    for count in [0, 1, 47, 48, 49, 2_257, 2_304, 2_305, 30_000] {
        let keys: Vec<RowKey> = (0..count)
            .map(|number| RowKey {
                score: -(number as i64) / 3,
                achieved_at_ms: number as i64 * 60_000,
                id: user(number),
            })
            .collect();
        let mut set = Leaderboard::new();
        for key in &keys {
            set.set(&key.id, key.score, key.achieved_at_ms);
        }
        let mut built = Leaderboard::from_sorted(Order::Descending, keys.iter().cloned());
        built.tree.check();
        assert!(built.iter().eq(set.iter()) && built.len() == keys.len());
        for key in keys.iter().step_by(2) {
            assert!(built.set(&key.id, -7, 7) && set.set(&key.id, -7, 7));
        }
        for key in keys.iter().step_by(3) {
            assert!(built.remove(&key.id) && set.remove(&key.id));
        }
        built.tree.check();
        assert!(built.iter().eq(set.iter()));
    }
}

#[test]
fn rows_that_are_not_sorted_make_the_same_board() {
    let key = |score, number| RowKey {
        score,
        achieved_at_ms: 0,
        id: user(number),
    };
    let keys = [
        key(9, 1),
        key(5, 2),
        key(7, 3),
        key(5, 2),
        key(4, 1),
        key(3, 4),
    ];
    let board = Leaderboard::from_sorted(Order::Descending, keys);
    let shown: Vec<_> = board.iter().map(|row| (row.score, row.id)).collect();
    assert_eq!(
        shown,
        [(7, user(3)), (5, user(2)), (4, user(1)), (3, user(4))]
    );
}

fn most_visits(
    board: &mut Leaderboard<UserId>,
    mut operation: impl FnMut(&mut Leaderboard<UserId>),
) -> u64 {
    let most = (0..2_000).map(|_| {
        board.reset_visits();
        operation(board);
        board.visits()
    });
    most.max().unwrap()
}

#[test]
fn a_leaderboard_operation_visits_at_most_4_log2_n_nodes() {
    for rows in [1_000_u64, 1_000_000] {
        let (mut board, mut random) = (Leaderboard::new(), Random(rows));
        for number in 0..rows {
            board.set(&user(number), random.below(1 << 20) as i64, 0);
        }
        let most = u64::from(4 * rows.ilog2());
        let board = &mut board;
        let mut any = move || random.below(rows);
        let visits = [
            (
                "set",
                most_visits(board, |b| _ = b.set(&user(any()), any() as i64, 1)),
            ),
            (
                "place",
                most_visits(board, |b| assert!(b.place(&user(any())).is_some())),
            ),
            (
                "select",
                most_visits(board, |b| assert!(b.select(any() as u32 + 1).is_some())),
            ),
            (
                "page start",
                most_visits(board, |b| {
                    let key = RowKey {
                        score: any() as i64,
                        achieved_at_ms: 1,
                        id: user(any()),
                    };
                    assert!(b.page(Some(&key), 1).len() <= 1);
                }),
            ),
            (
                "around a score",
                most_visits(board, |b| {
                    assert!(b.around_score(any() as i64, 1).after.len() <= 1);
                }),
            ),
            (
                "at a percentile",
                most_visits(board, |b| {
                    assert!(b.at_percentile(any() as u32 % 10_001).is_some());
                }),
            ),
            ("remove", most_visits(board, |b| _ = b.remove(&user(any())))),
        ];
        for (operation, visits) in visits {
            assert!(
                (1..=most).contains(&visits),
                "{operation}: {visits} of {most} at {rows}"
            );
        }
        board.tree.check();
    }
}

#[test]
fn a_row_that_moves_within_its_leaf_visits_nothing_else() {
    let mut board = Leaderboard::new();
    for number in 0..10_000 {
        board.set(&user(number), number as i64 * 10, 0);
    }
    let within = (0..10_000).filter(|number| {
        board.reset_visits();
        board.set(&user(*number), *number as i64 * 10 + 1, 0);
        board.visits() == 2
    });
    // All but the first and the last row of each of some 300 leaves.
    let within = within.count();
    assert!(within > 9_000, "{within}");
    board.tree.check();
}

/// Bytes a row besides the map of ids, after each row has moved some times.
fn bytes_a_row<K: Ord + Clone + Hash>(rows: u64, id: impl Fn(u64) -> K) -> usize {
    let (mut board, mut random) = (Leaderboard::new(), Random(7));
    for _ in 0..4 {
        for number in 0..rows {
            let score = random.below(100_000) as i64 * 1_000;
            board.set(&id(number), score, random.below(1 << 20) as i64 * 60_000);
        }
    }
    let bytes = board.bytes();
    assert!(bytes.id_map < 16 * rows as usize, "{} in all", bytes.id_map);
    bytes.rows / rows as usize
}

#[test]
fn a_row_takes_less_than_40_bytes_besides_the_id_map() {
    for rows in [10_000, 200_000] {
        let (named, numbered) = (bytes_a_row(rows, user), bytes_a_row(rows, |n| n as u32));
        assert!(named < 40 && numbered < 32, "{named} and {numbered}");
    }
}
