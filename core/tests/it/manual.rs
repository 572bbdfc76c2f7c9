//! What typed-in samples count for, by the policy of the deployment (domain.md 1.4, ADR 0027).

use streakline_core::{
    civil::HOUR_MS,
    id::ChallengeId,
    manual::ManualPolicy,
    metric::Metric,
    record::Record,
    sample::{DeviceClass, Method},
    scoring,
};

use crate::{
    challenges::window,
    history::{History, goal, steps},
    places::{at, date},
};

const DAY: &str = "2026-05-20";

fn typed(id: u64, time: &str, minutes: i64, value: i64) -> Record {
    Record {
        method: Method::Manual,
        ..steps(id, at(&format!("{DAY}T{time}Z")), minutes, value)
    }
}

/// A watch at six, a goal of 3,000 and a challenge; 1,000 measured steps from ten and 4,000 typed in from eleven to noon.
fn lived(policy: ManualPolicy) -> History {
    let mut history = History::with_watch(at("2026-05-20T06:00Z"), "UTC").under(policy);
    history.put_goal("walk", 3_000, Some(date(DAY))).unwrap();
    history.enrol(7, &window(DAY, DAY));
    history.wait_until(at("2026-05-20T12:00Z"));
    history.send(1, vec![steps(1, at("2026-05-20T10:00Z"), 10, 1_000)]);
    history.send(1, vec![typed(2, "11:00", 60, 4_000)]);
    history
}

/// Display, eligible, what goals read, whether the goal is met, the challenge's score.
fn told(history: &History) -> (i64, i64, i64, bool, i64) {
    let day = history.day(date(DAY));
    let read = day.for_goals.get(&Metric::STEPS).copied();
    let score = history.user.contribution(ChallengeId([7; 16])).unwrap();
    (
        day.display,
        day.eligible,
        read.unwrap_or(day.eligible),
        day.goals[0].met_at.is_some(),
        score.score,
    )
}

fn paid_after_the_close(history: &mut History) -> (i64, u32) {
    history.tick(history.day(date(DAY)).end_ms + 4 * HOUR_MS);
    let streak = history
        .user
        .streak_view(&goal("walk"), None, history.now_ms)
        .unwrap();
    (history.day(date(DAY)).posted_micro, streak.count)
}

#[test]
fn by_default_what_is_typed_in_is_shown_and_counts_for_nothing() {
    let mut history = lived(ManualPolicy::default());
    assert_eq!(told(&history), (5_000, 1_000, 1_000, false, 1_000));
    assert_eq!(
        paid_after_the_close(&mut history),
        (scoring::steps_micro(1_000), 0)
    );
}

#[test]
fn goals_only_lets_typed_in_steps_meet_a_goal_and_pay_and_score_nothing() {
    let mut history = lived(ManualPolicy::GoalsOnly);
    assert_eq!(told(&history), (5_000, 1_000, 5_000, true, 1_000));
    assert_eq!(
        paid_after_the_close(&mut history),
        (scoring::steps_micro(1_000), 1)
    );
}

#[test]
fn include_lets_typed_in_steps_count_for_everything() {
    let mut history = lived(ManualPolicy::Include);
    assert_eq!(told(&history), (5_000, 5_000, 5_000, true, 5_000));
    assert_eq!(
        paid_after_the_close(&mut history),
        (scoring::steps_micro(5_000), 1)
    );
}

#[test]
fn typed_in_steps_are_clamped_where_they_count() {
    for policy in [ManualPolicy::GoalsOnly, ManualPolicy::Include] {
        let mut history = History::with_watch(at("2026-05-20T12:00Z"), "UTC").under(policy);
        history.send(1, vec![typed(1, "11:00", 1, 9_000)]);
        let day = history.day(date(DAY));
        let read = day.for_goals.get(&Metric::STEPS).copied();
        assert_eq!((day.display, read.unwrap_or(day.eligible)), (9_000, 240));
    }
}

#[test]
fn a_measured_minute_of_a_lower_device_outranks_a_typed_in_one_under_every_policy() {
    for policy in ManualPolicy::ALL {
        let mut history = History::with_watch(at("2026-05-20T12:00Z"), "UTC").under(policy);
        history.hello(2, DeviceClass::Phone, None);
        history.send(1, vec![typed(1, "11:00", 10, 2_000)]);
        history.send(2, vec![steps(1, at("2026-05-20T11:00Z"), 10, 500)]);
        let day = history.day(date(DAY));
        assert_eq!((day.display, day.eligible), (500, 500), "{policy:?}");
        assert!(day.for_goals.is_empty());
    }
}

#[test]
fn a_typed_in_sample_of_a_clock_that_is_off_counts_for_nothing_under_every_policy() {
    for policy in ManualPolicy::ALL {
        let mut history = History::with_watch(at("2026-05-20T12:00Z"), "UTC").under(policy);
        history.send_skewed(1, vec![typed(1, "11:00", 10, 2_000)]);
        let day = history.day(date(DAY));
        assert_eq!((day.display, day.eligible), (2_000, 0), "{policy:?}");
        assert!(day.for_goals.is_empty());
    }
}

#[test]
fn minutes_for_goals_are_kept_only_where_goals_read_a_total_of_their_own() {
    for policy in ManualPolicy::ALL {
        let mut history = lived(policy);
        // One that goals do not read, so that all three runs differ.
        history.send_skewed(1, vec![steps(3, at("2026-05-20T11:58Z"), 2, 100)]);
        let kept = |history: &History| {
            let head = history.user.days[&date(DAY)].head.as_ref().unwrap();
            head.amounts.values().any(|cells| cells.goals.is_some())
        };
        assert_eq!(kept(&history), policy == ManualPolicy::GoalsOnly);
        let none = history.user.days[&date(DAY)].for_goals.is_empty();
        assert_eq!(none, policy != ManualPolicy::GoalsOnly);
        let hash = history.day(date(DAY)).state_hash;
        history.snapshot();
        history.crash();
        assert_eq!(history.day(date(DAY)).state_hash, hash);
        assert_eq!(told(&history).3, policy != ManualPolicy::Exclude);
    }
}
