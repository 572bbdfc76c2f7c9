//! Daily goals: from when a target holds, when it is met, what is told of it (domain.md 3.1; protocol.md 4, 7).

use streakline_core::{
    civil::Day, event::FactKind, goal::Terms, metric::Metric, record::Record, sample::DeviceClass,
    user::goals::admit::GoalRefusal, view::DayStatus,
};

use crate::{
    history::{History, goal, steps},
    places::{at, date},
};

const PHONE: u8 = 2;

/// Noon of 20 May in UTC; a watch and a phone, and `walked` steps on the phone that morning.
fn after_walking(walked: i64) -> History {
    let mut history = History::with_watch(at("2026-05-20T06:00Z"), "UTC");
    history.hello(PHONE, DeviceClass::Phone, None);
    history.wait_until(at("2026-05-20T12:00Z"));
    if walked > 0 {
        history.send(PHONE, vec![steps(1, at("2026-05-20T10:00Z"), 60, walked)]);
    }
    history
}

/// The watch was worn and saw nothing, so what the phone says of that hour counts no more.
fn contradict(history: &mut History, day: &str) {
    let still = Record {
        worn: Some(true),
        ..steps(100, at(&format!("{day}T10:00Z")), 60, 0)
    };
    history.send(1, vec![still]);
}

fn today() -> Day {
    date("2026-05-20")
}

fn target(history: &History, day: Day) -> Option<i64> {
    let goal = &history.user.goals[&goal("g")];
    let (terms, _) = goal.terms_of(day)?;
    Some(terms.parts()[0].target_on(day))
}

fn told_of_goals(history: &History) -> Vec<&'static str> {
    let name = |fact| match fact {
        FactKind::GoalCompleted { .. } => Some("completed"),
        FactKind::GoalReopened { .. } => Some("reopened"),
        _ => None,
    };
    history.told().into_iter().filter_map(name).collect()
}

#[test]
fn a_new_goal_begins_tomorrow_unless_said_otherwise() {
    let mut history = after_walking(0);
    assert_eq!(history.put_goal("g", 5_000, None), Ok(today().next()));
    assert_eq!(
        (target(&history, today()), target(&history, today().next())),
        (None, Some(5_000))
    );
    assert_eq!(
        history.put_goal("later", 5_000, Some(today().plus(9))),
        Ok(today().plus(9))
    );
}

#[test]
fn a_new_goal_may_begin_today_while_it_is_unmet() {
    let mut history = after_walking(3_000);
    assert_eq!(history.put_goal("g", 3_001, Some(today())), Ok(today()));
    assert_eq!(
        history.put_goal("met", 3_000, Some(today())),
        Ok(today().next())
    );
    assert_eq!(told_of_goals(&history), [""; 0]);
}

#[test]
fn a_goal_cannot_begin_in_the_past() {
    let mut history = after_walking(0);
    let refused = history.put_goal("g", 3_000, Some(today().prev()));
    assert!(matches!(refused, Err(GoalRefusal::Past(..))), "{refused:?}");
}

#[test]
fn a_raise_holds_from_today_while_unmet_and_else_from_tomorrow() {
    let mut history = after_walking(3_000);
    history.put_goal("g", 4_000, Some(today())).unwrap();
    assert_eq!(history.put_goal("g", 5_000, None), Ok(today()));
    assert_eq!(target(&history, today()), Some(5_000));
    history.send(PHONE, vec![steps(2, at("2026-05-20T11:00Z"), 60, 2_000)]);
    assert_eq!(told_of_goals(&history), ["completed"]);
    for from in [None, Some(today())] {
        assert_eq!(history.put_goal("g", 9_000, from), Ok(today().next()));
        assert_eq!(target(&history, today()), Some(5_000));
    }
}

#[test]
fn a_cut_holds_from_tomorrow_even_if_today_is_asked_for() {
    let mut history = after_walking(3_000);
    history.put_goal("g", 4_000, Some(today())).unwrap();
    for from in [None, Some(today())] {
        assert_eq!(history.put_goal("g", 1_000, from), Ok(today().next()));
    }
    assert_eq!(target(&history, today()), Some(4_000));
    assert_eq!(target(&history, today().next()), Some(1_000));
    assert_eq!(told_of_goals(&history), [""; 0]);
}

#[test]
fn a_goal_is_completed_in_the_minute_that_reaches_it() {
    let mut history = after_walking(0);
    history.put_goal("g", 1_000, Some(today())).unwrap();
    history.send(PHONE, vec![steps(1, at("2026-05-20T10:00Z"), 60, 6_000)]);
    let met_at = history.day(today()).goals[0].met_at.unwrap();
    assert_eq!(
        met_at.0,
        at("2026-05-20T10:09Z"),
        "the tenth minute of 100 each"
    );
    history.send(PHONE, vec![steps(2, at("2026-05-20T08:00Z"), 1, 200)]);
    let met_at = history.day(today()).goals[0].met_at.unwrap();
    assert_eq!(met_at.0, at("2026-05-20T10:07Z"), "a late sample moves it");
    assert_eq!(
        told_of_goals(&history),
        ["completed"],
        "and tells nothing again"
    );
}

/// T3.6
#[test]
fn a_goal_is_completed_once_however_corrections_swing() {
    let mut history = after_walking(5_000);
    history.put_goal("g", 6_000, Some(today())).unwrap();
    history.send(PHONE, vec![steps(2, at("2026-05-20T11:00Z"), 60, 1_000)]);
    contradict(&mut history, "2026-05-20");
    assert_eq!(
        history.user.status(&goal("g"), today()),
        Some(DayStatus::Pending)
    );
    history.wait_until(at("2026-05-20T20:00Z"));
    history.send(PHONE, vec![steps(3, at("2026-05-20T14:00Z"), 60, 6_000)]);
    assert_eq!(
        history.user.status(&goal("g"), today()),
        Some(DayStatus::Met)
    );
    assert_eq!(told_of_goals(&history), ["completed", "reopened"]);
}

#[test]
fn a_met_day_is_not_reopened_after_its_hard_close() {
    let mut history = after_walking(0);
    history.put_goal("g", 5_000, Some(today())).unwrap();
    history.send(PHONE, vec![steps(1, at("2026-05-20T10:00Z"), 60, 5_000)]);
    history.tick(at("2026-05-24T00:00Z"));
    contradict(&mut history, "2026-05-20");
    let day = history.day(today());
    assert_eq!(
        (day.eligible, day.scored, day.posted_micro),
        (0, 5_000, 5_000_000)
    );
    assert_eq!(day.goals[0].status, DayStatus::Met);
    assert_eq!(history.user.goals[&goal("g")].streak.longest_count(), 1);
    assert_eq!(told_of_goals(&history), ["completed"]);
}

/// T3.5
#[test]
fn late_samples_never_change_a_target() {
    let mut history = after_walking(0);
    history.put_goal("g", 4_000, Some(today())).unwrap();
    let targets = |history: &History| {
        (0..5)
            .map(|n| target(history, today().plus(n)))
            .collect::<Vec<_>>()
    };
    let before = targets(&history);
    history.tick(at("2026-05-25T00:00Z"));
    for (id, day) in (50..).zip(20..25) {
        history.send(
            PHONE,
            vec![steps(id, at(&format!("2026-05-{day}T10:00Z")), 60, 9_000)],
        );
    }
    assert_eq!(targets(&history), before);
}

#[test]
fn a_deleted_goal_ends_today_and_keeps_its_history() {
    let mut history = after_walking(0);
    history.put_goal("g", 5_000, Some(today())).unwrap();
    history.send(PHONE, vec![steps(1, at("2026-05-20T10:00Z"), 60, 5_000)]);
    let delete = streakline_core::input::UserInput::DeleteGoal(goal("g"));
    history.input(delete.clone());
    history.tick(at("2026-05-23T12:00Z"));
    history.input(delete);
    let view = history.user.goal_views(history.now_ms).pop().unwrap();
    assert_eq!(
        (view.terms, view.until),
        (Terms::fixed(Metric::STEPS, 5_000), Some(today())),
        "a second deletion moves nothing"
    );
    assert_eq!(
        history.user.status(&goal("g"), today()),
        Some(DayStatus::Met)
    );
    assert_eq!(history.user.status(&goal("g"), today().next()), None);
    let streak = history
        .user
        .streak_view(&goal("g"), None, history.now_ms)
        .unwrap();
    assert_eq!(
        (streak.count, streak.longest.0),
        (1, 1),
        "no day after it can miss"
    );
    history.tick(at("2026-05-25T12:00Z"));
    assert!(
        !history
            .told()
            .iter()
            .any(|fact| matches!(fact, FactKind::StreakLost { .. }))
    );
}

#[test]
fn days_before_the_goal_are_neither_met_nor_missed() {
    let mut history = after_walking(9_000);
    history.put_goal("g", 5_000, None).unwrap();
    assert_eq!(history.user.status(&goal("g"), today()), None);
    let streak = history
        .user
        .streak_view(&goal("g"), Some(today()), history.now_ms)
        .unwrap();
    assert_eq!(
        (streak.count, streak.start, streak.statuses.len()),
        (0, None, 0)
    );
    assert!(history.day(today()).goals.is_empty());
    assert_eq!(history.day(today()).pending_micro, 7_000_000);
}
