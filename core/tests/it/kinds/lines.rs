//! Types with an amount to be reached: `target` and `race`.

use proptest::prelude::*;
use streakline_core::{
    civil::{HOUR_MS, MINUTE_MS},
    definition::Kind,
    event::Contribution,
    input::Conclusion,
};

use super::world::{
    ID, Walk, any_walk, any_walks, assert_any_order_settles_alike, member, minute_ms, of_kind,
    opened, settled, told, walked,
};
use crate::{
    history::{History, steps},
    places::at,
};

fn race(target: i64) -> Kind {
    Kind::Race {
        target,
        finishers: None,
    }
}

/// The amount up to the line, and the minute with which it was reached, by nothing but the minutes.
fn expected(walk: &Walk, line: i64) -> (i64, i64) {
    let window = 1_440..4 * 1_440 - 1;
    let (mut sum, mut last) = (0, 1_440);
    for (minute, value) in walk.range(window) {
        if sum < line {
            (sum, last) = (line.min(sum + value), *minute);
        }
    }
    (sum, minute_ms(last))
}

/// domain.md 5.6
#[test]
fn thirty_hours_in_auckland_are_behind_twenty_nine_in_the_west_though_earlier_in_utc() {
    let definition = of_kind(race(3_000));
    let run = |zone: &str, start: &str, hours: i64| {
        let mut history = History::with_watch(at("2026-05-01T00:00Z"), zone);
        history.enrol(7, &definition);
        let begin_ms = at(start) + hours * HOUR_MS - 29 * MINUTE_MS;
        history.wait_until(begin_ms + 40 * MINUTE_MS);
        history.send(1, vec![steps(1, begin_ms, 40, 4_000)]);
        history
    };
    let auckland = run("Pacific/Auckland", "2026-05-03T00:00+12", 30);
    let west = run("America/New_York", "2026-05-03T00:00-4", 29);
    let (rows, _) = settled(&definition, &told(&[auckland, west]));
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.rank, row.alias.as_str(), row.after_min, row.score))
        .collect();
    let alias = |number: usize| {
        rows.iter()
            .find(|row| row.user == Some(member(number)))
            .unwrap()
            .alias
            .as_str()
    };
    assert_eq!(
        found,
        [
            (1, alias(1), Some(29 * 60), 3_000),
            (2, alias(0), Some(30 * 60), 3_000)
        ]
    );
    assert!(
        rows[1].finished_at_ms < rows[0].finished_at_ms,
        "Auckland was earlier in UTC"
    );
}

#[test]
fn those_who_do_not_finish_follow_by_their_score() {
    let definition = of_kind(race(1_000));
    let walks = [
        Walk::from([(2_000, 100)]),
        Walk::from([(2_000, 150), (2_100, 199)]),
        (2_000..2_010).map(|minute| (minute, 100)).collect(),
    ];
    let people: Vec<_> = walks
        .iter()
        .map(|walk| walked(&definition, walk, 1))
        .collect();
    let (rows, _) = settled(&definition, &told(&people));
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.rank, row.score, row.after_min))
        .collect();
    let after = 2_009 - 1_440;
    assert_eq!(
        found,
        [(1, 1_000, Some(after)), (2, 349, None), (3, 100, None)]
    );
}

#[test]
fn only_so_many_finish_a_race_with_places() {
    let definition = of_kind(Kind::Race {
        target: 100,
        finishers: Some(1),
    });
    let walks = [Walk::from([(2_000, 150)]), Walk::from([(1_900, 150)])];
    let people: Vec<_> = walks
        .iter()
        .map(|walk| walked(&definition, walk, 1))
        .collect();
    let (rows, _) = settled(&definition, &told(&people));
    let finished: Vec<_> = rows.iter().map(|row| row.finished_at_ms).collect();
    assert_eq!(finished, [Some(minute_ms(1_900)), None]);
    assert_eq!(
        rows[1].after_min,
        Some(2_000 - 1_440),
        "its time is told all the same"
    );
}

#[test]
fn a_finishers_conclusion_says_when() {
    let definition = of_kind(Kind::Target { target: 100 });
    let walks = [
        Walk::from([(2_000, 60), (2_500, 60)]),
        Walk::from([(2_000, 99)]),
    ];
    let people: Vec<_> = walks
        .iter()
        .map(|walk| walked(&definition, walk, 1))
        .collect();
    let mut resident = opened(&definition, 2);
    for told in told(&people) {
        resident.take(&told);
    }
    let conclusion = |number: usize| {
        let row = streakline_core::challenge::RowId::Live(member(number));
        resident.board().conclusion(&row).unwrap()
    };
    let finished = |conclusion| match conclusion {
        Conclusion::Settled {
            finished_at_ms,
            score,
            ..
        } => (score, finished_at_ms),
        other => panic!("{other:?}"),
    };
    assert_eq!(finished(conclusion(0)), (100, Some(minute_ms(2_500))));
    assert_eq!(finished(conclusion(1)), (99, None));
}

#[test]
fn late_minutes_of_an_earlier_day_bring_the_finish_forward_whatever_was_let_go() {
    let definition = of_kind(race(300));
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.enrol(7, &definition);
    let walk = |history: &mut History, id: u64, minute: i64, now: &str| {
        history.wait_until(at(now));
        history.send(1, vec![steps(id, minute_ms(minute), 2, 300)]);
    };
    let day = 1_440;
    walk(&mut history, 5, 3 * day + 600, "2026-05-05T12:00Z");
    let finish = |history: &History| history.user.enrolments[&ID].achieved_at_ms;
    assert_eq!(finish(&history), minute_ms(3 * day + 601));
    history.snapshot();
    history.crash();
    walk(&mut history, 1, day + 600, "2026-05-05T13:00Z");
    assert_eq!(finish(&history), minute_ms(day + 601));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t5_1_any_order_of_minutes_and_members_settles_a_race_and_a_target_alike(
        walks in any_walks(), line in 1_i64..1_500, seed in any::<u64>(),
    ) {
        assert_any_order_settles_alike(&of_kind(race(line)), &walks, seed);
        assert_any_order_settles_alike(&of_kind(Kind::Target { target: line }), &walks, seed);
    }

    #[test]
    fn t5_4_no_minute_outside_the_window_helps_to_finish(
        walk in any_walk(), line in 1_i64..1_500, seed in any::<u64>(),
    ) {
        let history = walked(&of_kind(race(line)), &walk, seed);
        let held = &history.user.enrolments[&ID];
        prop_assert_eq!((held.score, held.achieved_at_ms), expected(&walk, line));
        let told: Contribution = history.user.contribution(ID).unwrap();
        let finished = held.score == line;
        prop_assert_eq!(told.score > line, finished, "finishers have keys above all scores");
    }
}
