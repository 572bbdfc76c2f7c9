//! The views of a board against those of a sorted list; `live` calls the comparisons at each step.

use super::*;

/// A row, its place, the rows around it and a page behind it.
pub(super) fn compare(board: &Leaderboard<UserId>, sorted: &Sorted, index: usize, k: usize) {
    let wanted = sorted.row(index);
    assert_eq!(board.place(&wanted.id), Some(wanted.place()));
    assert_eq!(board.select(wanted.ordinal).as_ref(), Some(&wanted));
    let around = sorted.rows(index.saturating_sub(k), index + k + 1);
    assert_eq!(board.around(&wanted.id, k as u32), around);
    let page = sorted.rows(index + 1, index + 1 + k);
    assert_eq!(board.page(Some(&wanted.key()), k), page);
    assert_eq!(board.page(None, k), sorted.rows(0, k));
}

/// Where a score would stand, and the rows around that.
pub(super) fn compare_score(board: &Leaderboard<UserId>, sorted: &Sorted, score: i64, k: usize) {
    let (better, as_good) = sorted.better(score);
    let dense = better
        .checked_sub(1)
        .map_or(0, |last| sorted.places[last].dense);
    let place = Place {
        rank: better as u32 + 1,
        dense: dense + 1,
        ordinal: as_good as u32 + 1,
    };
    let view = AroundScore {
        place,
        before: sorted.rows(as_good.saturating_sub(k), as_good),
        after: sorted.rows(as_good, as_good + k),
    };
    assert_eq!(board.around_score(score, k as u32), view);
    assert_eq!(board.place_of_score(score), place);
}

/// The percentile of a row, and the row at one.
pub(super) fn compare_percentile(
    board: &Leaderboard<UserId>,
    sorted: &Sorted,
    index: usize,
    basis_points: u64,
) {
    let rows = sorted.rows.len();
    let percentile = |index: usize| {
        let better = sorted.places[index].rank as usize - 1;
        ((rows - better) * 10_000 / rows) as u32
    };
    let own = board.percentile(&sorted.rows[index].id);
    assert_eq!(own, Some(percentile(index)));
    let at = board.at_percentile(basis_points as u32).unwrap();
    let last = (0..rows)
        .rev()
        .find(|index| percentile(*index) >= basis_points as u32);
    assert_eq!(at.score, sorted.rows[last.unwrap()].score);
}

#[test]
fn rows_that_are_all_equal_are_all_first_and_all_at_100_percent() {
    let mut board = Leaderboard::new();
    (0..500_u32).for_each(|id| assert!(board.set(&id, 0, 0)));
    for row in board.iter() {
        assert_eq!((row.rank, row.dense), (1, 1));
        assert_eq!(board.percentile(&row.id), Some(10_000));
    }
    assert_eq!(board.place_of_score(-1).percentile(500), 0);
    assert_eq!(board.at_percentile(1).unwrap().score, 0);
}

#[test]
fn the_last_of_more_than_ten_thousand_is_below_the_first_basis_point() {
    let mut board = Leaderboard::new();
    (0..20_000_u32).for_each(|id| assert!(board.set(&id, i64::from(id), 0)));
    let percentiles = [0, 1, 2, 9_999, 19_999].map(|id| board.percentile(&id).unwrap());
    assert_eq!(percentiles, [0, 1, 1, 5_000, 10_000]);
    assert_eq!(board.at_percentile(5_000).unwrap().id, 9_999);
    assert_eq!(board.at_percentile(0).unwrap().id, 0);
    assert_eq!(board.at_percentile(u32::MAX).unwrap().id, 19_999);
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
fn a_race_is_won_by_the_smallest_time() {
    let mut board = Leaderboard::ordered(Order::Ascending);
    for (id, time_ms) in [(1, 62_000), (2, 61_000), (3, 61_000), (4, 70_000)] {
        board.set(&id, time_ms, i64::from(id));
    }
    let shown: Vec<_> = board
        .iter()
        .map(|row| (row.id, row.rank, row.dense))
        .collect();
    assert_eq!(shown, [(2, 1, 1), (3, 1, 1), (1, 3, 2), (4, 4, 3)]);
    assert_eq!(board.place_of_score(65_000).rank, 4);
    assert_eq!(board.get(&2), Some((61_000, 2)));
    assert_eq!(board.at_percentile(5_000).unwrap().id, 1);
}
