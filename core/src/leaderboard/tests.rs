//! Tests of the leaderboard: against a sorted list, and how many nodes an operation visits.

use std::{format, vec::Vec};

use super::*;
use crate::id::UserId;

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

/// The same board as a sorted vector.
#[derive(Default)]
struct Sorted {
    rows: Vec<RowKey>,
}

impl Sorted {
    fn set(&mut self, key: RowKey) {
        self.remove(&key.id);
        let at = self.rows.partition_point(|row| *row < key);
        self.rows.insert(at, key);
    }

    fn remove(&mut self, user: &UserId) -> bool {
        let at = self.rows.iter().position(|row| row.id == *user);
        at.map(|at| self.rows.remove(at)).is_some()
    }

    fn row(&self, index: usize) -> Row {
        let RowKey {
            score,
            achieved_at_ms,
            id,
        } = self.rows[index].clone();
        let rank = 1 + self.rows.partition_point(|row| row.score > score) as u32;
        Row {
            rank,
            ordinal: index as u32 + 1,
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
}

#[test]
fn equal_scores_share_a_rank_and_stand_by_who_was_first() {
    let [a, b, c] = ["A", "B", "C"].map(|name| UserId::parse(name).unwrap());
    let mut board = Leaderboard::new();
    board.set(&a, 12_000, 2_000);
    board.set(&c, 11_000, 0);
    board.set(&b, 12_000, 1_000);
    let shown: Vec<_> = board
        .iter()
        .map(|row| (row.id, row.rank, row.ordinal))
        .collect();
    assert_eq!(
        shown,
        [(b.clone(), 1, 1), (a.clone(), 1, 2), (c.clone(), 3, 3)]
    );
    assert_eq!(
        board.place(&c),
        Some(Place {
            rank: 3,
            ordinal: 3
        })
    );
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
}

/// T6.1
#[test]
fn tree_equals_a_sort_after_100_000_random_updates() {
    let (mut board, mut sorted, mut random) = (Leaderboard::new(), Sorted::default(), Random(1));
    for round in 0..100_000_u64 {
        // The board grows, shrinks to almost nothing and grows again, so nodes split and join.
        let leaving = if (round / 20_000) % 2 == 1 { 9 } else { 2 };
        let name = user(random.below(4_000));
        if random.below(10) < leaving {
            assert_eq!(board.remove(&name), sorted.remove(&name));
        } else {
            let (score, achieved_at_ms) = (random.below(300) as i64, random.below(5) as i64);
            board.set(&name, score, achieved_at_ms);
            sorted.set(RowKey {
                score,
                achieved_at_ms,
                id: name,
            });
        }
        assert_eq!(board.len(), sorted.rows.len());
        if !sorted.rows.is_empty() {
            let index = random.below(sorted.rows.len() as u64) as usize;
            let k = random.below(60) as usize;
            compare(&board, &sorted, index, if round % 16 == 0 { k } else { 1 });
        }
    }
    assert_eq!(board.iter().collect::<Vec<_>>(), sorted.rows(0, usize::MAX));
}

fn compare(board: &Leaderboard<UserId>, sorted: &Sorted, index: usize, k: usize) {
    let wanted = sorted.row(index);
    let place = Place {
        rank: wanted.rank,
        ordinal: wanted.ordinal,
    };
    assert_eq!(board.place(&wanted.id), Some(place));
    assert_eq!(board.select(wanted.ordinal).as_ref(), Some(&wanted));
    let around = sorted.rows(index.saturating_sub(k), index + k + 1);
    assert_eq!(board.around(&wanted.id, k as u32), around);
    let page = sorted.rows(index + 1, index + 1 + k);
    assert_eq!(board.page(Some(&wanted.key()), k), page);
}

/// T6.3
#[test]
fn a_better_key_never_has_a_larger_rank() {
    let (mut board, mut random) = (Leaderboard::new(), Random(3));
    for number in 0..5_000 {
        board.set(
            &user(number),
            random.below(700) as i64 - 100,
            random.below(9) as i64,
        );
    }
    let rows: Vec<Row> = board.iter().collect();
    assert!(rows.windows(2).all(|two| two[0].key() < two[1].key()));
    assert!(rows.windows(2).all(|two| two[0].rank <= two[1].rank));
    assert!(
        rows.iter()
            .zip(1..)
            .all(|(row, ordinal)| row.ordinal == ordinal)
    );
    assert!(rows.iter().all(|row| row.rank <= row.ordinal));
}

#[test]
fn pages_go_on_where_they_stopped_though_the_last_row_has_moved_away() {
    let mut board = Leaderboard::new();
    for number in 0..1_000 {
        board.set(&user(number), number as i64, 0);
    }
    let page = board.page(None, 50);
    let last = page[49].clone();
    board.set(&last.id, 5_000, 0);
    let next = board.page(Some(&last.key()), 50);
    assert_eq!(next[0].score, last.score - 1);
    assert_eq!(next[0].ordinal, 51, "the moved row stands above now");
    board.remove(&last.id);
    assert_eq!(board.page(Some(&last.key()), 1)[0].score, last.score - 1);
    assert!(
        board
            .page(Some(&board.select(999).unwrap().key()), 50)
            .is_empty()
    );
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
            ("remove", most_visits(board, |b| _ = b.remove(&user(any())))),
        ];
        for (operation, visits) in visits {
            assert!(
                (1..=most).contains(&visits),
                "{operation}: {visits} of {most} at {rows}"
            );
        }
    }
}
