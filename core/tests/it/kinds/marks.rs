//! `journey` and `collective`: stages of a route, and tiers of what all walk together.

use proptest::prelude::*;
use streakline_core::{
    definition::{
        Kind,
        kind::{collective::is_entitled, journey::Waypoint},
    },
    event::FactKind,
    input::UserInput,
};

use super::world::{
    ID, Walk, any_walks, assert_any_order_settles_alike, minute_ms, of_kind, opened, settled, told,
    walked,
};
use crate::history::History;

fn route(distances_m: &[i64]) -> Kind {
    let stage = |(number, distance_m): (usize, &i64)| Waypoint {
        title: format!("Stage {number}"),
        distance_m: *distance_m,
        place: Some((46_555_000, 8_561_000)),
    };
    Kind::Journey {
        stages: distances_m.iter().enumerate().map(stage).collect(),
    }
}

fn stages_told(history: &History) -> Vec<u32> {
    let told = history.told().into_iter();
    let stage = |fact| match fact {
        FactKind::ChallengeStageReached { stage, .. } => Some(stage),
        _ => None,
    };
    told.filter_map(stage).collect()
}

#[test]
fn stages_are_told_once_each_and_what_is_too_much_for_one_counts_for_the_next() {
    // 762 m are 1,000 steps: the stages are at 263, 525 and 1,313 steps.
    let definition = of_kind(route(&[200, 400, 1_000]));
    let walk: Walk = (2_000..2_009).map(|minute| (minute, 150)).collect();
    let history = walked(&definition, &walk, 1);
    assert_eq!(stages_told(&history), [1, 2, 3]);
    let (rows, _) = settled(&definition, &told(&[history]));
    assert_eq!(rows[0].finished_at_ms, Some(minute_ms(2_008)));
    assert_eq!(rows[0].score, 1_313, "behind the last stage nothing counts");
}

#[test]
fn tiers_are_told_once_though_the_message_comes_again() {
    let definition = of_kind(Kind::Collective {
        tiers: vec![10, 20, 30],
    });
    let mut history = walked(&definition, &Walk::new(), 1);
    for (join, tiers) in [(1, 2), (1, 2), (2, 3), (1, 3), (1, 1)] {
        let reach = UserInput::Reach {
            challenge: ID,
            join,
            tiers,
        };
        if !history.user.knows(&reach) {
            history.input(reach);
        }
    }
    let told = history.told().into_iter();
    let tiers: Vec<_> = told
        .filter_map(|fact| match fact {
            FactKind::ChallengeTierReached { tier, .. } => Some(tier),
            _ => None,
        })
        .collect();
    assert_eq!(tiers, [1, 2, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t5_1_any_order_of_minutes_and_members_settles_journeys_and_collectives_alike(
        walks in any_walks(), seed in any::<u64>(),
    ) {
        assert_any_order_settles_alike(&of_kind(route(&[100, 300, 900])), &walks, seed);
        let together = of_kind(Kind::Collective { tiers: vec![500, 2_000] });
        assert_any_order_settles_alike(&together, &walks, seed);
    }

    #[test]
    fn t5_5_the_sum_is_that_of_the_members_and_every_hundredth_of_a_share_is_entitled(
        walks in any_walks(),
    ) {
        let together = of_kind(Kind::Collective { tiers: vec![500, 2_000] });
        let people: Vec<_> = walks.iter().map(|walk| walked(&together, walk, 1)).collect();
        let told = told(&people);
        let mut resident = opened(&together, told.len());
        for told in &told {
            resident.take(told);
        }
        let total = resident.board().total();
        let scores: Vec<i64> = told.iter().map(|told| told.score).collect();
        prop_assert_eq!(total, scores.iter().map(|score| i128::from(*score)).sum::<i128>());
        let count = u32::try_from(scores.len()).unwrap();
        for score in scores {
            let share = i128::from(score) * 100 * i128::from(count) >= total && score > 0;
            prop_assert_eq!(is_entitled(score, count, total), share);
        }
    }
}
