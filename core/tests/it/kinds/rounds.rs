//! `last_standing`: a round a day, and whoever stays under the bar is out (domain.md 5.2).

use proptest::prelude::*;
use streakline_core::definition::{Definition, Kind, LateJoin};

use super::world::{
    ID, Walk, any_walk, any_walks, assert_any_order_settles_alike, of_kind, settled, told, walked,
};

fn bar(bar: i64) -> Definition {
    Definition {
        late: LateJoin::No,
        ..of_kind(Kind::LastStanding { bar })
    }
}

/// A walk of these amounts, one a day of the window.
fn days(amounts: [i64; 3]) -> Walk {
    let at_ten = |day: i64| (day + 1) * 1_440 + 600;
    (0..).map(at_ten).zip(amounts).collect()
}

#[test]
fn whoever_falls_first_comes_last_and_those_who_fall_together_share() {
    let people = [
        days([100, 99, 199]),
        days([100, 100, 100]),
        days([100, 50, 0]),
        days([0, 199, 199]),
    ];
    let people: Vec<_> = people
        .iter()
        .map(|walk| walked(&bar(100), walk, 1))
        .collect();
    let (rows, _) = settled(&bar(100), &told(&people));
    let found: Vec<_> = rows.iter().map(|row| (row.rank, row.score)).collect();
    assert_eq!(found, [(1, 3), (2, 1), (2, 1), (4, 0)]);
}

#[test]
fn if_all_fall_in_one_round_they_share_the_first_place() {
    let people = [days([150, 10, 150]), days([199, 20, 0])];
    let people: Vec<_> = people
        .iter()
        .map(|walk| walked(&bar(100), walk, 1))
        .collect();
    let (rows, _) = settled(&bar(100), &told(&people));
    let found: Vec<_> = rows.iter().map(|row| (row.rank, row.score)).collect();
    assert_eq!(found, [(1, 1), (1, 1)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t5_1_any_order_of_minutes_and_members_settles_the_last_standing_alike(
        walks in any_walks(), least in 1_i64..400, seed in any::<u64>(),
    ) {
        assert_any_order_settles_alike(&bar(least), &walks, seed);
    }

    #[test]
    fn t5_8_survivors_of_last_standing_rounds_are_nested_sets(
        walks in proptest::collection::vec(any_walk(), 1..6), least in 1_i64..400,
    ) {
        let passes = |walk: &Walk, round: i64| {
            let from = (round + 1) * 1_440;
            let to = (from + 1_440).min(4 * 1_440 - 1);
            walk.range(from..to).map(|(_, value)| value).sum::<i64>() >= least
        };
        let mut survivors: Vec<usize> = (0..walks.len()).collect();
        let scores: Vec<i64> = walks
            .iter()
            .map(|walk| walked(&bar(least), walk, 3).user.enrolments[&ID].score)
            .collect();
        for round in 0..3 {
            let left = survivors.iter().copied().filter(|who| passes(&walks[*who], round));
            let left: Vec<usize> = left.collect();
            let by_score: Vec<usize> = (0..walks.len()).filter(|who| scores[*who] > round).collect();
            prop_assert_eq!(&left, &by_score, "who is left after round {}", round);
            survivors = left;
        }
    }
}
