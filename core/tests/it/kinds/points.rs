//! `duel`: points for three rings, day by day (domain.md 5.2, 5.6).

use proptest::prelude::*;
use streakline_core::{
    civil::MINUTE_MS,
    definition::{Definition, Kind, kind::duel::Ring},
    metric::Metric,
    record::Record,
};

use super::world::{ID, settled, told};
use crate::{
    challenges::window,
    history::{History, steps},
    places::at,
};

const METRICS: [Metric; 3] = [Metric::STEPS, Metric::FLOORS, Metric::ACTIVE_ENERGY];

fn duel() -> Definition {
    let ring = |metric| Ring {
        metric,
        target: 1_000,
    };
    Definition {
        kind: Kind::Duel {
            rings: METRICS.map(ring).to_vec(),
        },
        capacity: Some(2),
        ..window("2026-05-03", "2026-05-09")
    }
}

/// Amounts of each ring's metric in a minute of the window, each a tenth of it.
type Moves = Vec<(i64, usize, i64)>;

/// One who sends these moves at the end of the third day, in an order that `seed` says.
fn moved(moves: &Moves, seed: u64) -> History {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.enrol(7, &duel());
    history.wait_until(at("2026-05-05T23:59Z"));
    let mut order: Vec<_> = (1_u64..).zip(moves).collect();
    order.sort_by_key(|(id, _)| id.wrapping_mul(seed | 1));
    for (id, (minute, ring, value)) in order {
        let start_ms = at("2026-05-03T00:00Z") + minute * MINUTE_MS;
        let record = Record {
            metric: METRICS[*ring],
            ..steps(id, start_ms, 10, *value)
        };
        history.send(1, vec![record]);
    }
    history
}

fn points(moves: &Moves) -> i64 {
    moved(moves, 1).user.enrolments[&ID].score
}

/// domain.md 5.6
#[test]
fn rings_of_120_100_and_90_per_cent_are_310_points_and_no_day_has_more_than_600() {
    let day =
        |amounts: [i64; 3]| -> Moves { (0..3).map(|ring| (600, ring, amounts[ring])).collect() };
    assert_eq!(points(&day([1_200, 1_000, 900])), 310);
    assert_eq!(points(&day([2_400, 2_000, 1_800])), 600);
    let mut two = day([2_400, 2_000, 1_800]);
    two.extend([(1_440 + 600, 0, 999), (1_440 + 600, 1, 9)]);
    assert_eq!(points(&two), 699, "per cents are whole");
}

#[test]
fn a_duel_may_end_in_a_draw() {
    let even = [vec![(600, 0, 500), (700, 1, 500)], vec![(2_000, 2, 1_000)]];
    let people: Vec<_> = even.iter().map(|moves| moved(moves, 1)).collect();
    let (rows, _) = settled(&duel(), &told(&people));
    let ranks: Vec<_> = rows.iter().map(|row| (row.rank, row.score)).collect();
    assert_eq!(ranks, [(1, 100), (1, 100)]);
}

fn any_moves() -> impl Strategy<Value = Moves> {
    let places = proptest::collection::btree_map((0..400_i64, 0..3_usize), 1..900_i64, 0..20);
    places.prop_map(|moves| {
        let moves = moves.into_iter();
        moves
            .map(|((tenth, ring), value)| (tenth * 10, ring, value))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t5_1_any_order_of_minutes_and_members_settles_a_duel_alike(
        moves in proptest::collection::vec(any_moves(), 2), seed in any::<u64>(),
    ) {
        let settle = |seed: u64, turned: bool| {
            let people: Vec<_> = moves.iter().map(|moves| moved(moves, seed)).collect();
            let mut told = told(&people);
            if turned {
                told.reverse();
            }
            settled(&duel(), &told)
        };
        let (one, other) = (settle(1, false), settle(seed, true));
        prop_assert_eq!(one, other);
        for moves in &moves {
            let mut days = [[0_i64; 3]; 3];
            for (minute, ring, value) in moves {
                days[usize::try_from(minute / 1_440).unwrap()][*ring] += value;
            }
            let day = |amounts: &[i64; 3]| amounts.iter().map(|amount| amount / 10).sum::<i64>().min(600);
            prop_assert_eq!(points(moves), days.iter().map(day).sum::<i64>());
        }
    }
}
