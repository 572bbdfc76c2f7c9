//! Goals beyond one static number: weeks and months, days-of, composites, weekdays, rest days (domain.md 3.1).

pub mod adaptive;

use proptest::prelude::*;
use streakline_core::{
    civil::Day,
    event::FactKind,
    goal::{Kind, Mode, Part, Terms},
    input::UserInput,
    metric::Metric,
    period::Period,
    record::Record,
    user::goals::admit::{self, GoalRefusal},
    view::{Counted, DayStatus, GoalProgress},
};

use crate::{
    history::{History, goal, steps},
    places::{at, date},
};

/// Monday 2 May 2016, 06:00 in UTC, and a watch.
fn monday() -> History {
    History::with_watch(at("2016-05-02T06:00Z"), "UTC")
}

fn may(day: i32) -> Day {
    date("2016-05-01").plus(day - 1)
}

fn hour(day: Day, hour: i64) -> i64 {
    day.utc_ms() + hour * 3_600_000
}

/// One hour of steps that ends by now or earlier.
fn walk(history: &mut History, id: u64, (day, from): (Day, i64), value: i64) {
    history.wait_until(history.now_ms.max(hour(day, from + 1)));
    history.send(1, vec![steps(id, hour(day, from), 60, value)]);
}

fn progress(history: &History, day: Day) -> GoalProgress {
    let progress = history.user.goal_progress(&goal("g"), day);
    progress.expect("the goal is in force")
}

fn status(history: &History, first: Day) -> Option<DayStatus> {
    history.user.status(&goal("g"), first)
}

fn completed(history: &History) -> Vec<(Day, i64)> {
    let fact = |fact| match fact {
        FactKind::GoalCompleted { day, target, .. } => Some((day, target)),
        _ => None,
    };
    history.told().into_iter().filter_map(fact).collect()
}

fn sum(target: i64) -> Terms {
    Terms::fixed(Metric::STEPS, target)
}

fn days_of(target: i64, days: u32) -> Terms {
    let part = Part::of(Metric::STEPS, target);
    Terms::of(Kind::DaysOf { part, days })
}

#[test]
fn a_week_is_met_in_the_minute_in_which_its_sum_gets_there() {
    let mut history = monday();
    history
        .put_terms("g", Period::Week, sum(10_000), Some(may(2)))
        .unwrap();
    walk(&mut history, 1, (may(2), 8), 6_000);
    history.snapshot();
    history.crash();
    walk(&mut history, 2, (may(4), 8), 6_000);
    let met_at = progress(&history, may(3)).met_at.unwrap().0;
    assert_eq!(
        met_at,
        hour(may(4), 8) + 39 * 60_000,
        "the 40th minute of 100"
    );
    assert_eq!(completed(&history), [(may(2), 10_000)]);
    assert_eq!(status(&history, may(2)), Some(DayStatus::Met));
    let seen = progress(&history, may(8));
    assert_eq!(
        (seen.first, seen.target, seen.progress),
        (may(2), 10_000, 12_000)
    );
    assert_eq!(
        progress(&history, may(9)).progress,
        0,
        "the next week is another one"
    );
}

#[test]
fn late_data_of_monday_move_the_minute_of_a_cold_friday() {
    let mut history = monday();
    history
        .put_terms("g", Period::Week, sum(10_000), Some(may(2)))
        .unwrap();
    walk(&mut history, 10, (may(2), 8), 6_000);
    walk(&mut history, 11, (may(6), 8), 6_000);
    history.tick(hour(may(7), 12));
    history.snapshot();
    history.crash();
    history.send(1, vec![steps(12, hour(may(2), 10), 60, 1_000)]);
    let met_at = progress(&history, may(6)).met_at.unwrap().0;
    assert_eq!(met_at, hour(may(6), 8) + 29 * 60_000);
    assert_eq!(completed(&history).len(), 1, "and nothing is told again");
    history.snapshot();
    history.crash();
    history.send(1, vec![steps(13, hour(may(2), 12), 60, 4_000)]);
    let met_at = progress(&history, may(6)).met_at.unwrap().0;
    assert_eq!(
        met_at,
        hour(may(2), 12) + 44 * 60_000,
        "now Monday meets it alone"
    );
}

#[test]
fn the_first_week_of_a_goal_asks_for_the_share_of_the_days_that_are_left() {
    let mut history = monday();
    history.wait_until(hour(may(4), 12));
    assert_eq!(
        history.put_terms("g", Period::Week, sum(10_000), None),
        Ok(may(5)),
        "from tomorrow, Thursday"
    );
    let first = progress(&history, may(8));
    assert_eq!(
        (first.first, first.target),
        (may(2), 5_715),
        "4 of 7 days, rounded up"
    );
    assert_eq!(progress(&history, may(9)).target, 10_000);
    walk(&mut history, 1, (may(4), 12), 9_000);
    assert_eq!(
        progress(&history, may(5)).progress,
        0,
        "Wednesday does not count"
    );
    walk(&mut history, 2, (may(5), 8), 6_000);
    assert_eq!(completed(&history), [(may(2), 5_715)]);
}

#[test]
fn the_first_month_of_a_goal_asks_for_the_share_of_its_days() {
    let mut history = monday();
    history
        .put_terms("g", Period::Month, sum(310_000), Some(may(22)))
        .unwrap();
    assert_eq!(progress(&history, may(31)).target, 100_000);
    assert_eq!(progress(&history, date("2016-06-01")).target, 310_000);
    assert_eq!(status(&history, may(1)), Some(DayStatus::Pending));
}

#[test]
fn a_week_closes_with_its_last_day_and_extends_the_streak_once() {
    let mut history = monday();
    history
        .put_terms("g", Period::Week, sum(5_000), Some(may(2)))
        .unwrap();
    walk(&mut history, 1, (may(3), 8), 5_000);
    let extended = |history: &History| {
        let told = history.told();
        let length = |fact: &FactKind| match fact {
            FactKind::StreakExtended { day, count, .. } => Some((*day, *count)),
            _ => None,
        };
        told.iter().filter_map(length).collect::<Vec<_>>()
    };
    history.tick(hour(may(9), 2));
    assert_eq!(extended(&history), []);
    assert!(history.user.visible_deadline().is_some());
    history.tick(hour(may(9), 4));
    assert_eq!(extended(&history), [(may(2), 1)]);
    history.tick(hour(may(16), 4));
    assert_eq!(status(&history, may(9)), Some(DayStatus::Missed));
    history.tick(hour(may(20), 4));
    let lost = |fact: &FactKind| matches!(fact, FactKind::StreakLost { day, .. } if *day == may(9));
    assert!(history.told().iter().any(lost));
}

#[test]
fn a_raise_of_a_weekly_goal_holds_for_the_running_week_while_that_is_unmet() {
    let mut history = monday();
    history
        .put_terms("g", Period::Week, sum(10_000), Some(may(2)))
        .unwrap();
    walk(&mut history, 1, (may(3), 8), 6_000);
    let raised = history.put_terms("g", Period::Week, sum(12_000), None);
    assert_eq!(raised, Ok(may(2)));
    assert_eq!(progress(&history, may(3)).target, 12_000);
    let cut = history.put_terms("g", Period::Week, sum(5_000), None);
    assert_eq!(cut, Ok(may(9)), "a cut waits for the next week");
    assert_eq!(completed(&history), []);
    walk(&mut history, 2, (may(5), 8), 6_000);
    assert_eq!(completed(&history), [(may(2), 12_000)]);
    let again = history.put_terms("g", Period::Week, sum(20_000), None);
    assert_eq!(again, Ok(may(9)), "the week is met");
}

#[test]
fn a_period_never_changes() {
    let mut history = monday();
    history.put_goal("g", 5_000, None).unwrap();
    let refused = history.put_terms("g", Period::Week, sum(5_000), None);
    assert_eq!(refused, Err(GoalRefusal::Fixed("period")));
}

#[test]
fn so_many_days_of_a_week_are_met_with_the_last_of_them() {
    let mut history = monday();
    history
        .put_terms("g", Period::Week, days_of(5_000, 2), Some(may(2)))
        .unwrap();
    walk(&mut history, 1, (may(2), 8), 5_000);
    walk(&mut history, 2, (may(3), 8), 4_999);
    let seen = progress(&history, may(3));
    assert_eq!(
        (seen.counted, seen.target, seen.progress),
        (Counted::Days, 2, 1)
    );
    walk(&mut history, 3, (may(5), 8), 6_000);
    let met_at = progress(&history, may(5)).met_at.unwrap().0;
    assert_eq!(met_at, hour(may(5), 8) + 49 * 60_000);
    history.send(1, vec![steps(4, hour(may(3), 10), 1, 1)]);
    let met_at = progress(&history, may(5)).met_at.unwrap().0;
    assert_eq!(
        met_at,
        hour(may(3), 10),
        "late data make Tuesday the second day"
    );
    assert_eq!(completed(&history), [(may(2), 2)]);
}

#[test]
fn all_parts_are_met_at_the_latest_minute_and_any_at_the_earliest() {
    let parts = || {
        vec![
            Part::of(Metric::STEPS, 3_000),
            Part::of(Metric::STEPS, 6_000),
        ]
    };
    for (mode, minute, asked) in [(Mode::All, 59, 2), (Mode::Any, 29, 1)] {
        let mut history = monday();
        let parts = parts();
        let terms = Terms::of(Kind::Composite { mode, parts });
        history
            .put_terms("g", Period::Day, terms, Some(may(2)))
            .unwrap();
        walk(&mut history, 1, (may(2), 8), 6_000);
        let seen = progress(&history, may(2));
        assert_eq!(seen.met_at.unwrap().0, hour(may(2), 8) + minute * 60_000);
        assert_eq!(
            (seen.counted, seen.target, seen.progress),
            (Counted::Parts, asked, 2)
        );
        let each: Vec<_> = seen
            .parts
            .iter()
            .map(|part| (part.target, part.progress))
            .collect();
        assert_eq!(each, [(3_000, 6_000), (6_000, 6_000)]);
    }
}

#[test]
fn parts_count_metrics_of_their_own() {
    let parts = vec![
        Part::of(Metric::STEPS, 3_000),
        Part::of(Metric::DISTANCE, 2_000_000),
    ];
    let mode = Mode::All;
    let terms = Terms::of(Kind::Composite { mode, parts });
    let mut history = monday();
    history
        .put_terms("g", Period::Week, terms, Some(may(2)))
        .unwrap();
    walk(&mut history, 1, (may(2), 8), 6_000);
    let seen = progress(&history, may(2));
    assert_eq!((seen.target, seen.progress, seen.met_at), (2, 1, None));
    history.snapshot();
    history.crash();
    history.wait_until(hour(may(3), 10));
    let distance = Record {
        metric: Metric::DISTANCE,
        ..steps(2, hour(may(3), 9), 60, 3_000_000)
    };
    history.send(1, vec![distance]);
    let met_at = progress(&history, may(3)).met_at.unwrap().0;
    assert_eq!(met_at, hour(may(3), 9) + 39 * 60_000);
    assert_eq!(completed(&history), [(may(2), 2)]);
}

#[test]
fn parts_are_revised_and_scaled_each_for_itself() {
    let composite = |a, b| {
        let parts = vec![Part::of(Metric::STEPS, a), Part::of(Metric::STEPS, b)];
        Terms::of(Kind::Composite {
            mode: Mode::All,
            parts,
        })
    };
    let mut history = monday();
    let targets = |history: &History, day| {
        let parts = progress(history, day).parts;
        parts.iter().map(|part| part.target).collect::<Vec<_>>()
    };
    history
        .put_terms("g", Period::Week, composite(7_000, 14_000), Some(may(6)))
        .unwrap();
    history.wait_until(hour(may(6), 9));
    assert_eq!(targets(&history, may(8)), [3_000, 6_000], "3 of 7 days");
    history
        .put_terms("g", Period::Week, composite(6_000, 21_000), None)
        .unwrap();
    assert_eq!(
        targets(&history, may(8)),
        [3_000, 9_000],
        "the raise holds at once"
    );
    assert_eq!(
        targets(&history, may(9)),
        [6_000, 21_000],
        "the cut from the next week"
    );
}

#[test]
fn a_weekday_has_a_target_of_its_own() {
    let mut part = Part::of(Metric::STEPS, 8_000);
    part.weekdays = [(5, 4_000), (6, 3_000)].into();
    let mut history = monday();
    history
        .put_terms(
            "g",
            Period::Day,
            Terms::of(Kind::Static(part)),
            Some(may(2)),
        )
        .unwrap();
    let targets = (2..=9).map(|day| progress(&history, may(day)).target);
    let wanted = [8_000, 8_000, 8_000, 8_000, 8_000, 4_000, 3_000, 8_000];
    assert_eq!(targets.collect::<Vec<_>>(), wanted);
}

#[test]
fn a_goal_is_changed_at_most_three_times_within_seven_days() {
    let mut history = monday();
    history.put_goal("g", 5_000, None).unwrap();
    for target in [6_000, 7_000, 8_000] {
        history.put_goal("g", target, None).unwrap();
    }
    history.put_goal("g", 8_000, None).unwrap_err();
    let refused = history.put_goal("g", 9_000, None);
    assert!(matches!(refused, Err(GoalRefusal::Limit(_))), "{refused:?}");
    history.wait_until(hour(may(9), 6));
    history.put_goal("g", 9_000, None).unwrap();
    let again = history.put_goal("g", 9_000, None);
    assert!(again.is_ok(), "the same once more is no change: {again:?}");
}

#[test]
fn a_rest_day_asks_for_nothing_and_leaves_the_streak_as_it_is() {
    let mut history = monday();
    history.put_goal("g", 5_000, Some(may(2))).unwrap();
    walk(&mut history, 1, (may(2), 8), 5_000);
    history.input(UserInput::PutRestDay(may(3)));
    history.input(UserInput::PutRestDay(may(2)));
    assert!(!history.user.rest_days.contains(&may(2)), "it has begun");
    walk(&mut history, 2, (may(3), 8), 9_000);
    assert_eq!(status(&history, may(3)), Some(DayStatus::Rest));
    assert_eq!(history.user.goal_progress(&goal("g"), may(3)), None);
    walk(&mut history, 3, (may(4), 8), 5_000);
    assert_eq!(completed(&history), [(may(2), 5_000), (may(4), 5_000)]);
    history.tick(hour(may(5), 4));
    assert_eq!(history.user.goals[&goal("g")].streak.count(), 2);
}

#[test]
fn a_week_has_two_rest_days_and_they_are_chosen_before_they_begin() {
    let mut history = monday();
    let ask = |history: &History, day| admit::rest_day(&history.user, day, history.now_ms);
    assert!(matches!(ask(&history, may(2)), Err(GoalRefusal::Day(..))));
    assert!(matches!(
        ask(&history, may(2).plus(401)),
        Err(GoalRefusal::Day(..))
    ));
    for day in [may(4), may(8)] {
        let input = ask(&history, day).unwrap().unwrap();
        history.input(input);
        assert_eq!(ask(&history, day), Ok(None), "chosen already");
    }
    assert!(matches!(ask(&history, may(5)), Err(GoalRefusal::Limit(_))));
    assert!(ask(&history, may(9)).unwrap().is_some(), "another week");
    history.wait_until(hour(may(4), 0));
    let back = |history: &History, day| admit::work_day(&history.user, day, history.now_ms);
    assert!(matches!(back(&history, may(4)), Err(GoalRefusal::Day(..))));
    let input = back(&history, may(8)).unwrap().unwrap();
    history.input(input);
    assert_eq!(back(&history, may(8)), Ok(None));
    assert!(ask(&history, may(5)).unwrap().is_some());
}

#[test]
fn a_goal_may_honour_fewer_rest_days() {
    let mut history = monday();
    let terms = Terms {
        rest_days: 1,
        ..sum(5_000)
    };
    history
        .put_terms("g", Period::Day, terms, Some(may(2)))
        .unwrap();
    for day in [may(4), may(6)] {
        history.input(UserInput::PutRestDay(day));
    }
    assert_eq!(status(&history, may(4)), Some(DayStatus::Rest));
    assert_eq!(status(&history, may(6)), Some(DayStatus::Pending));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// T3.6
    #[test]
    fn a_period_is_completed_once_however_often_corrections_unmake_it(
        swings in prop::collection::vec((2_i32..=8, 0_i64..8_000, any::<bool>()), 1..12),
        weekly: bool,
    ) {
        let mut history = monday();
        let (period, terms) = if weekly {
            (Period::Week, sum(9_000))
        } else {
            (Period::Week, days_of(3_000, 2))
        };
        history.put_terms("g", period, terms, Some(may(2))).unwrap();
        history.hello(2, streakline_core::sample::DeviceClass::Phone, None);
        history.tick(hour(may(9), 1));
        for (id, (day, value, still)) in (1..).zip(swings) {
            // What the watch saw while it was worn takes the place of what the phone says of that hour.
            let record = steps(id, hour(may(day), 8), 60, if still { 0 } else { value });
            let worn = Record { worn: Some(true), ..record };
            history.send(if still { 1 } else { 2 }, vec![worn]);
            if id % 3 == 0 {
                history.snapshot();
                history.crash();
            }
        }
        prop_assert!(completed(&history).len() <= 1);
        let reopened = |fact: &FactKind| matches!(fact, FactKind::GoalReopened { .. });
        let told = history.told().iter().filter(|fact| reopened(fact)).count();
        prop_assert!(told == 0 || completed(&history).len() == 1);
    }
}
