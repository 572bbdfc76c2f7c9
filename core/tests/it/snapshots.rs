//! What a snapshot keeps, and what it writes beside the state (design.md 5).

use streakline_core::{
    civil::{Day, MINUTE_MS},
    event::Judgement,
    goal::{Goal, Terms},
    id::ChallengeId,
    input::UserInput,
    limits,
    metric::Metric,
    period::{Period, WeekStart},
    record::Record,
    sample::DeviceClass,
    user::{User, snapshot},
};

use crate::{
    challenges::window,
    history::{History, goal as goal_id, nobody, rules, steps},
    places::{at, date},
};

fn minute(id: u64) -> Record {
    steps(id, at("2026-05-01T06:00Z") + id as i64 * MINUTE_MS, 1, 50)
}

#[test]
fn chunks_of_a_crowded_day_are_joined_and_nothing_is_lost() {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.wait_until(at("2026-05-01T12:00Z"));
    for id in 0..60 {
        history.send(1, vec![minute(id)]);
        history.snapshot();
        let chunks = history.user.manifest[&date("2026-05-01")].len();
        assert!(chunks <= limits::CHUNKS_PER_DAY_MAX, "{chunks} chunks");
    }
    history.crash();
    assert_eq!(history.kept().len(), 60);
    assert_eq!(
        history.send(1, vec![minute(30)]),
        [(61, Judgement::Duplicate)]
    );
    let day = history.day(date("2026-05-01"));
    assert_eq!((day.eligible, day.records), (3_000, 60));
}

#[test]
fn full_chunks_are_not_joined_again() {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.wait_until(at("2026-05-01T23:00Z"));
    let day = date("2026-05-01");
    let second = |id: u64| {
        let start_ms = at("2026-05-01T00:00Z") + id as i64 * 1_000;
        let end_ms = start_ms + 1_000;
        Record {
            end_ms,
            ..steps(id, start_ms, 1, 1)
        }
    };
    let (mut id, mut most) = (0_u64, 0);
    for _ in 0..20 {
        let end = id + limits::CHUNK_ROWS_FULL as u64;
        while id < end {
            let next = end.min(id + 256);
            history.send(1, (id..next).map(second).collect());
            id = next;
        }
        history.snapshot();
        most = most.max(history.user.manifest[&day].len());
        assert!(
            history.user.manifest[&day].len() >= most,
            "chunks were joined"
        );
    }
    assert_eq!(history.kept().len() as u64, id);
}

#[test]
fn a_snapshot_empties_the_tail_and_lets_cold_minutes_go() {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    for day in 1..=5_u64 {
        let start_ms = at(&format!("2026-05-0{day}T10:00Z"));
        history.wait_until(start_ms + MINUTE_MS);
        history.send(1, vec![steps(day, start_ms, 1, 50)]);
    }
    let before = history.user.digest();
    history.snapshot();
    assert!(history.user.tail.is_empty() && history.user.facts.is_empty());
    let cold = history
        .user
        .days
        .values()
        .filter(|day| day.is_cold())
        .count();
    assert_eq!(cold, 3, "all but the two newest");
    assert_eq!(history.user.digest(), before);
    history.crash();
    assert_eq!(history.user.digest(), before);
}

#[test]
fn a_user_that_nobody_made_is_never_woken_whatever_it_holds() {
    let mut user = nobody();
    let mut goal = Goal::new(Period::Day, WeekStart::Monday);
    goal.revise(date("2026-05-01"), Some(Terms::fixed(Metric::STEPS, 7_500)));
    user.goals.insert(goal_id("steps"), Box::new(goal));
    assert_eq!(user.visible_deadline(), None);
    assert_eq!(user.next_deadline(), None);
}

#[test]
fn a_due_row_names_the_next_deadline_that_somebody_can_see() {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.snapshot();
    assert_eq!(
        history.store.due_ms, None,
        "nothing of this user changes by time alone"
    );
    history.wait_until(at("2026-05-01T12:00Z"));
    history.send(1, vec![minute(1)]);
    history.snapshot();
    assert_eq!(history.store.due_ms, Some(at("2026-05-02T03:00Z")));
    history.tick(at("2026-05-02T03:00Z"));
    history.snapshot();
    assert_eq!(history.store.due_ms, Some(at("2026-05-03T03:00Z")));
    history.tick(at("2026-05-05T00:00Z"));
    history.snapshot();
    let let_go_ms = at("2026-08-07T00:00Z");
    assert_eq!(
        history.store.due_ms,
        Some(let_go_ms),
        "90 days and a week after the day, its samples are let go"
    );
    history.enrol(7, &window("2026-06-01", "2026-06-02"));
    history.snapshot();
    assert!(
        history
            .store
            .due_ms
            .is_some_and(|due_ms| due_ms < let_go_ms),
        "the start of the challenge is told"
    );
}

#[test]
fn a_standing_row_is_the_last_score_and_goes_when_the_user_leaves() {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    let id = ChallengeId([7; 16]);
    history.enrol(7, &window("2026-05-01", "2026-05-02"));
    history.wait_until(at("2026-05-01T12:00Z"));
    history.send(1, vec![minute(1)]);
    history.snapshot();
    assert_eq!(history.store.standings[&id].score, 50);
    history.crash();
    history.send(1, vec![minute(2)]);
    history.snapshot();
    assert_eq!(
        Some(&history.store.standings[&id]),
        history.user.contribution(id).as_ref()
    );
    assert_eq!(history.store.standings[&id].score, 100);
    history.input(UserInput::Withdraw {
        challenge: id,
        join: 1,
    });
    history.snapshot();
    assert!(history.store.standings.is_empty());
}

#[test]
fn a_neighbour_of_a_day_that_was_let_go_keeps_its_version() {
    let live = |snapshot: bool| {
        let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
        history.hello(2, DeviceClass::Phone, None);
        let over_midnight = steps(1, at("2026-05-01T23:30Z"), 60, 600);
        for (id, start) in [(2, "2026-05-03T10:00Z"), (3, "2026-05-04T10:00Z")] {
            history.wait_until(at(start) + 10 * MINUTE_MS);
            if id == 2 {
                history.send(1, vec![over_midnight.clone()]);
            }
            history.send(1, vec![steps(id, at(start), 10, 100)]);
        }
        if snapshot {
            history.snapshot();
        }
        history.send(2, vec![steps(1, at("2026-05-02T10:00Z"), 10, 100)]);
        history
    };
    let (with, without) = (live(true), live(false));
    let version = |history: &History| history.day(date("2026-05-01")).version;
    assert_eq!(version(&with), version(&without));
    assert_eq!(with.user.digest(), without.user.digest());
}

#[test]
fn a_state_that_would_close_days_for_ever_is_not_restored() {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.wait_until(at("2026-05-09T12:00Z"));
    let mut user = history.user.clone();
    // Rows of their own, like facts.
    user.changes.clear();
    let restored = |user: &User| snapshot::restore(&minicbor::to_vec(user).unwrap(), &rules());
    assert_eq!(restored(&user).unwrap(), user);
    // Its days were last closed in a far past: the first tick would close millions of them.
    (user.soft_closed, user.hard_closed) = (Day(-5_000_000), Day(-5_000_000));
    user.created = Some((i64::MIN, Day(-5_000_000)));
    let error = restored(&user).unwrap_err().to_string();
    assert!(error.contains("long over"), "{error}");
}

#[test]
fn a_state_with_a_goal_from_before_all_days_is_not_restored() {
    let history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    let mut user = history.user.clone();
    let mut goal = Goal::new(Period::Day, WeekStart::Monday);
    goal.revise(Day(i32::MIN), Some(Terms::fixed(Metric::STEPS, 7_500)));
    user.goals.insert(goal_id("steps"), Box::new(goal));
    let restored = snapshot::restore(&minicbor::to_vec(&user).unwrap(), &rules());
    let error = restored.unwrap_err().to_string();
    assert!(error.contains("begins long before"), "{error}");
}
