//! Targets that a policy issues: from which days, when they are locked, what a user may change (domain.md 3.2).

use proptest::prelude::*;
use streakline_core::{
    civil::Day,
    goal::{Adaptive, Bounds, IssuedTarget, Kind, Policy, Revision, Terms},
    input::UserInput,
    metric::Metric,
    period::{Period, WeekStart},
    record::Record,
    user::goals::admit::Wish,
};

use super::{hour, may, monday, progress, walk};
use crate::history::{History, goal, steps};

fn adaptive(policy: Policy) -> Terms {
    Terms::of(Kind::Adaptive(Adaptive {
        metric: Metric::STEPS,
        policy,
        onboarding: 6_000,
        bounds: Bounds::STEPS,
    }))
}

fn wish(terms: Terms, own: Option<i64>, from: Option<Day>) -> Wish {
    Wish {
        period: Period::Day,
        week_start: None,
        terms,
        own,
        from,
    }
}

fn issued(history: &History, day: Day) -> Option<IssuedTarget> {
    history.user.days.get(&day)?.issued.get(&goal("g")).cloned()
}

pub const NINE: [i64; 9] = [
    4_200, 7_350, 5_100, 8_800, 6_100, 3_900, 7_000, 9_400, 5_600,
];

/// An adaptive goal from 2 May, with the nine days of the worked example before the 11th; it is the morning of the 11th.
pub fn after_nine_days(policy: Policy) -> History {
    let mut history = monday();
    history
        .wish("g", &wish(adaptive(policy), None, Some(may(2))))
        .unwrap();
    for (day, value) in (2..).zip(NINE) {
        walk(&mut history, day as u64, (may(day), 10), value);
    }
    history.tick(hour(may(11), 2));
    history
}

/// Found by the fuzzer: it issued a target for each of 19 million days.
#[test]
fn a_goal_from_before_all_days_in_a_journal_is_not_issued_for_all_of_them() {
    let mut history = monday();
    let (today, terms) = (
        history.user.day_of(history.now_ms),
        adaptive(Policy::Percentile),
    );
    history.input(UserInput::PutGoal {
        goal: goal("g"),
        period: Period::Day,
        week_start: WeekStart::Monday,
        revisions: vec![Revision {
            from: Day(-19_488_512),
            terms: Some(terms),
        }],
        own: None,
        streak: None,
    });
    assert!(issued(&history, today).is_some());
    assert!(history.user.days.len() < 70, "{}", history.user.days.len());
}

#[test]
fn a_target_is_issued_at_the_start_of_its_day_and_once_more_when_the_day_before_closes() {
    let mut history = after_nine_days(Policy::Percentile);
    let early = issued(&history, may(11)).unwrap();
    assert_eq!(early.inputs.window.len(), 8, "yesterday is not closed");
    assert!(!early.locked);
    history.tick(hour(may(11), 4));
    let late = issued(&history, may(11)).unwrap();
    let seen: Vec<i64> = late
        .inputs
        .window
        .iter()
        .rev()
        .map(|day| day.amount)
        .collect();
    assert_eq!((seen.as_slice(), late.base), (&NINE[..], 7_000));
    assert!(late.locked);
    assert_eq!(
        late.inputs.previous,
        issued(&history, may(10)).map(|day| day.target)
    );
    assert_eq!(progress(&history, may(11)).target, late.target);
}

#[test]
fn the_worked_example_is_limited_to_6900_by_a_goal_of_6000_the_day_before() {
    let mut history = monday();
    for (day, value) in (2..).zip(NINE) {
        walk(&mut history, day as u64, (may(day), 10), value);
    }
    // Days without a goal before it leave no target behind; the first one is the user's own.
    history.wait_until(hour(may(10), 12));
    let own = wish(adaptive(Policy::Percentile), Some(6_000), Some(may(11)));
    history.wish("g", &own).unwrap();
    history.tick(hour(may(11), 4));
    assert_eq!(issued(&history, may(11)).unwrap().effective(), 6_000);
    history.input(UserInput::PutRestDay(may(12)));
    history.tick(hour(may(13), 4));
    let target = issued(&history, may(13)).unwrap();
    assert_eq!(
        (target.base, target.inputs.previous, target.target),
        (7_000, Some(6_000), 6_900)
    );
    assert_eq!(
        issued(&history, may(12)),
        None,
        "none is issued on a rest day"
    );
}

#[test]
fn an_amount_of_the_day_locks_its_target() {
    let mut history = after_nine_days(Policy::Percentile);
    let early = issued(&history, may(11)).unwrap();
    history.send(1, vec![steps(90, hour(may(11), 1), 10, 100)]);
    history.tick(hour(may(11), 4));
    let late = issued(&history, may(11)).unwrap();
    assert_eq!((late.target, late.inputs), (early.target, early.inputs));
    assert!(late.locked);
}

#[test]
fn an_own_raise_holds_for_the_day_and_limits_the_next_target() {
    let mut history = after_nine_days(Policy::Percentile);
    history.tick(hour(may(11), 4));
    let before = progress(&history, may(11)).target;
    let raise = wish(adaptive(Policy::Percentile), Some(9_000), None);
    history.wish("g", &raise).unwrap();
    assert!(before < 9_000);
    assert_eq!(progress(&history, may(11)).target, 9_000);
    history.tick(hour(may(12), 4));
    let next = issued(&history, may(12)).unwrap();
    assert_eq!((next.inputs.previous, next.target), (Some(9_000), 7_650));
    let cut = wish(adaptive(Policy::Percentile), Some(3_000), None);
    history.wish("g", &cut).unwrap();
    assert_eq!(
        progress(&history, may(12)).target,
        7_650,
        "a cut waits for tomorrow"
    );
    history.tick(hour(may(13), 4));
    assert_eq!(progress(&history, may(13)).target, 3_000);
    history.tick(hour(may(14), 4));
    assert_eq!(progress(&history, may(14)).target, 3_450);
}

#[test]
fn the_other_policy_moves_by_a_tenth_of_the_gap() {
    let mut history = after_nine_days(Policy::GarminLike);
    history.tick(hour(may(11), 4));
    let target = issued(&history, may(11)).unwrap();
    let last = target.inputs.window[0];
    assert_eq!((last.amount, last.back), (5_600, 1));
    let previous = target.inputs.previous.unwrap();
    let again = target.inputs.window[1];
    let gap = last.amount - last.target.unwrap();
    let other = again.amount - again.target.unwrap();
    let parts = if gap.signum() == other.signum() {
        5
    } else {
        10
    };
    assert_eq!(target.base, previous + gap.div_euclid(parts));
}

#[test]
fn a_day_is_valid_by_its_wear_and_else_by_a_thousand_steps() {
    let mut history = monday();
    let worn = |id, day, minutes, value| Record {
        worn: Some(true),
        ..steps(id, hour(day, 8), minutes, value)
    };
    // Ten hours worn; nine hours worn; an hour less a minute: not known; a thousand steps; one less.
    let days = [
        (600, 900),
        (540, 5_000),
        (59, 999),
        (30, 1_000),
        (59, 1_001),
    ];
    for (offset, (minutes, value)) in (0..).zip(days) {
        let day = may(2 + offset);
        history.wait_until(hour(day, 20));
        history.send(1, vec![worn(offset as u64 + 1, day, minutes, value)]);
        if offset == 1 {
            history.snapshot();
            history.crash();
        }
    }
    history.wait_until(hour(may(8), 12));
    let goal = wish(adaptive(Policy::Percentile), None, Some(may(8)));
    history.wish("g", &goal).unwrap();
    let window = issued(&history, may(8)).unwrap().inputs.window;
    let amounts: Vec<i64> = window.iter().map(|day| day.amount).collect();
    assert_eq!(amounts, [1_001, 1_000, 900]);
}

#[test]
fn quarantined_days_are_not_valid() {
    let mut history = monday();
    history.wait_until(hour(may(2), 20));
    history.send(1, vec![steps(1, hour(may(2), 8), 60, 5_000)]);
    history.send_skewed(1, vec![steps(2, hour(may(2), 10), 60, 5_000)]);
    history.wait_until(hour(may(5), 20));
    let goal = wish(adaptive(Policy::Percentile), None, Some(may(5)));
    history.wish("g", &goal).unwrap();
    assert_eq!(issued(&history, may(5)).unwrap().inputs.window, []);
}

/// T3.4: the target of a day that is paused after its beginning is as if it had never been issued.
#[test]
fn a_pause_that_begins_at_once_leaves_no_target_behind() {
    let mut history = after_nine_days(Policy::Percentile);
    history.tick(hour(may(11), 4));
    let raise = wish(adaptive(Policy::Percentile), Some(12_000), None);
    history.wish("g", &raise).unwrap();
    let before = issued(&history, may(10)).unwrap().effective();
    let (from, to) = (may(11), may(13));
    history.input(UserInput::Pause { from, to });
    history.tick(hour(may(14), 4));
    for day in [12, 13] {
        assert_eq!(issued(&history, may(day)), None, "none on a paused day");
    }
    let next = issued(&history, may(14)).unwrap();
    assert_eq!(next.inputs.previous, Some(before));
    let seen = next.inputs.window.iter().map(|day| day.back);
    assert_eq!(seen.min(), Some(4), "the 10th is the newest that counts");
}

/// T3.5
#[test]
fn once_locked_late_samples_change_what_was_reached_and_never_the_target() {
    let mut history = after_nine_days(Policy::Percentile);
    history.tick(hour(may(11), 4));
    let before = issued(&history, may(11)).unwrap();
    for (id, day) in (100..).zip(2..=10) {
        history.send(1, vec![steps(id, hour(may(day), 18), 60, 9_000)]);
    }
    history.snapshot();
    history.crash();
    assert_eq!(issued(&history, may(11)).unwrap(), before);
    history.tick(hour(may(12), 4));
    let next = issued(&history, may(12)).unwrap();
    assert!(next.base > before.base, "the next target knows better");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// T3.4: a rest day, and a pause of three to nine days.
    #[test]
    fn days_without_a_goal_are_invisible_within_the_look_back(
        amounts in prop::collection::vec(1_000_i64..12_000, 5..=9),
        rest in prop::option::of(0_usize..9),
        pause in prop::option::of((0_usize..9, 3_i32..10)),
    ) {
        let base = |rest: Option<usize>, pause: Option<(usize, i32)>| {
            let mut history = monday();
            let mut day = may(2);
            for (at, amount) in amounts.iter().enumerate() {
                let mut idle = 0;
                if rest == Some(at) {
                    history.input(UserInput::PutRestDay(day.next()));
                    idle = 1;
                }
                if let Some((_, days)) = pause.filter(|(held, _)| *held == at) {
                    let (from, to) = (day.next(), day.plus(days));
                    history.input(UserInput::Pause { from, to });
                    idle = days;
                }
                for more in 0..idle {
                    day = day.next();
                    walk(&mut history, 100 + more as u64, (day, 10), 20_000);
                }
                day = day.next();
                walk(&mut history, 200 + at as u64, (day, 10), *amount);
            }
            history.wait_until(hour(day.next(), 12));
            let goal = wish(adaptive(Policy::Percentile), None, Some(day.next()));
            history.wish("g", &goal).unwrap();
            issued(&history, day.next()).unwrap().target
        };
        prop_assert_eq!(base(rest, pause), base(None, None));
    }
}
