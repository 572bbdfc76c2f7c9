//! Streaks over closed days: provisional, lost, restored (domain.md 4.1, 4.3; protocol.md 4).

use streakline_core::{
    civil::Day,
    event::FactKind,
    record::Record,
    sample::DeviceClass,
    view::{DayStatus, StreakView},
};

use crate::{
    history::{History, goal, steps},
    places::{at, date},
};

/// Lives in UTC since 1 May with a goal of 5,000.
fn person() -> History {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history
        .put_goal("g", 5_000, Some(date("2026-05-01")))
        .unwrap();
    history
}

fn walk(history: &mut History, day: u64) {
    let start_ms = at(&format!("2026-05-{day:02}T10:00Z"));
    history.wait_until(start_ms + 3_600_000);
    history.send(1, vec![steps(day, start_ms, 60, 6_000)]);
}

fn may(day: i32) -> Day {
    date("2026-05-01").plus(day - 1)
}

fn view(history: &History) -> StreakView {
    history
        .user
        .streak_view(&goal("g"), None, history.now_ms)
        .unwrap()
}

fn told(history: &History) -> Vec<(&'static str, i32, u32, u32)> {
    let of = |fact| {
        let (name, day, count, longest) = match fact {
            FactKind::StreakExtended {
                day,
                count,
                longest,
                ..
            } => ("extended", day, count, longest),
            FactKind::StreakCorrected {
                day,
                count,
                longest,
                ..
            } => ("corrected", day, count, longest),
            FactKind::StreakLost {
                day,
                count,
                longest,
                ..
            } => ("lost", day, count, longest),
            _ => return None,
        };
        Some((name, day.since(may(1)) + 1, count, longest))
    };
    history.told().into_iter().filter_map(of).collect()
}

#[test]
fn a_streak_grows_at_the_soft_close_of_each_met_day() {
    let mut history = person();
    walk(&mut history, 1);
    assert_eq!((view(&history).count, view(&history).with_today), (0, 1));
    history.tick(at("2026-05-02T02:59:59.999Z"));
    assert_eq!(told(&history), []);
    history.tick(at("2026-05-02T03:00Z"));
    assert_eq!(told(&history), [("extended", 1, 1, 1)]);
    walk(&mut history, 2);
    history.tick(at("2026-05-03T03:00Z"));
    assert_eq!(
        told(&history),
        [("extended", 1, 1, 1), ("extended", 2, 2, 2)]
    );
    assert_eq!(
        (view(&history).count, view(&history).start),
        (2, Some(may(1)))
    );
}

#[test]
fn a_missed_day_is_provisional_until_its_hard_close_and_only_then_lost() {
    let mut history = person();
    walk(&mut history, 1);
    history.tick(at("2026-05-03T03:00Z"));
    assert_eq!(
        (view(&history).count, view(&history).provisional),
        (0, true)
    );
    assert_eq!(view(&history).longest.0, 1);
    history.tick(at("2026-05-05T23:59:59.999Z"));
    assert_eq!(told(&history), [("extended", 1, 1, 1)]);
    history.tick(at("2026-05-06T00:00Z"));
    assert_eq!(told(&history), [("extended", 1, 1, 1), ("lost", 2, 1, 1)]);
    let lost = history.facts().pop().unwrap();
    assert_eq!(lost.at_ms, at("2026-05-06T00:00Z"));
}

#[test]
fn a_missed_day_after_nothing_is_not_told() {
    let mut history = person();
    history.tick(at("2026-05-09T00:00Z"));
    assert_eq!(told(&history), []);
    assert_eq!(view(&history).count, 0);
}

#[test]
fn a_day_that_syncs_before_the_hard_close_continues_the_streak_and_nothing_is_lost() {
    let mut history = person();
    walk(&mut history, 1);
    walk(&mut history, 3);
    history.tick(at("2026-05-04T03:00Z"));
    assert_eq!(view(&history).count, 1);
    history.tick(at("2026-05-05T22:00Z"));
    walk(&mut history, 2);
    assert_eq!(view(&history).longest, (3, Some((may(1), may(3)))));
    history.tick(at("2026-05-06T00:00Z"));
    let told = told(&history);
    assert_eq!(told[..2], [("extended", 1, 1, 1), ("extended", 3, 1, 1)]);
    // The fourth is missed and open; what was told of the third has changed.
    assert_eq!(told[2..], [("extended", 2, 2, 3), ("corrected", 2, 0, 3)]);
}

#[test]
fn a_day_that_syncs_after_the_hard_close_restores_the_streak_and_says_so() {
    let mut history = person();
    (1..=2).for_each(|day| walk(&mut history, day));
    history.tick(at("2026-05-04T12:00Z"));
    (5..=7).for_each(|day| walk(&mut history, day));
    history.tick(at("2026-05-08T04:00Z"));
    assert_eq!(view(&history).longest.0, 3);
    (3..=4).for_each(|day| walk(&mut history, day));
    let view = view(&history);
    assert_eq!(
        (view.count, view.longest.0, view.start),
        (7, 7, Some(may(1)))
    );
    let told = told(&history);
    let restored = [
        ("extended", 3, 3, 3),
        ("corrected", 3, 3, 3),
        ("extended", 4, 4, 7),
        ("corrected", 4, 7, 7),
    ];
    assert!(told.contains(&("lost", 3, 2, 2)));
    assert_eq!(told[told.len() - 4..], restored);
}

#[test]
fn a_correction_before_the_hard_close_shrinks_the_streak() {
    let mut history = person();
    history.hello(2, DeviceClass::Phone, None);
    let phone = steps(1, at("2026-05-01T10:00Z"), 60, 6_000);
    history.wait_until(at("2026-05-01T11:00Z"));
    history.send(2, vec![phone]);
    history.tick(at("2026-05-02T03:00Z"));
    let still = Record {
        worn: Some(true),
        ..steps(1, at("2026-05-01T10:00Z"), 60, 0)
    };
    history.send(1, vec![still]);
    assert_eq!(
        told(&history),
        [("extended", 1, 1, 1), ("corrected", 1, 0, 0)]
    );
    assert_eq!(
        (view(&history).count, view(&history).longest),
        (0, (0, None))
    );
    history.tick(at("2026-05-02T12:00Z"));
    history.send(1, vec![steps(2, at("2026-05-01T12:00Z"), 60, 6_000)]);
    let last = told(&history).pop();
    assert_eq!(
        last,
        Some(("corrected", 1, 1, 1)),
        "extended comes once per met day"
    );
}

#[test]
fn the_longest_streak_is_the_earliest_of_equals() {
    let mut history = person();
    [1, 2, 4, 5]
        .into_iter()
        .for_each(|day| walk(&mut history, day));
    history.tick(at("2026-05-10T03:00Z"));
    assert_eq!(view(&history).longest, (2, Some((may(1), may(2)))));
}

#[test]
fn a_streak_as_of_a_day_counts_the_unclosed_met_days_up_to_it() {
    let mut history = person();
    (1..=3).for_each(|day| walk(&mut history, day));
    let as_of = |day| {
        history
            .user
            .streak_view(&goal("g"), Some(may(day)), history.now_ms)
            .unwrap()
    };
    assert_eq!([1, 2, 3].map(|day| as_of(day).count), [1, 2, 3]);
    assert_eq!(view(&history).count, 2, "the third is not closed");
    assert_eq!(as_of(3).statuses.len(), 3);
    assert_eq!(as_of(3).statuses[2], (may(3), DayStatus::Met));
}

#[test]
fn a_date_that_the_calendar_jumps_over_does_not_break_a_streak() {
    let mut history = History::with_watch(at("2026-05-01T00:00-11"), "Pacific/Pago_Pago");
    history.put_goal("g", 5_000, Some(may(1))).unwrap();
    history.wait_until(at("2026-05-01T12:00-11"));
    history.send(1, vec![steps(1, at("2026-05-01T10:00-11"), 60, 6_000)]);
    history.wait_until(at("2026-05-01T23:30-11"));
    history.zone("Pacific/Kiritimati");
    assert_eq!(history.user.day_of(history.now_ms + 60_000), may(3));
    history.wait_until(at("2026-05-03T12:00+14"));
    history.send(1, vec![steps(2, at("2026-05-03T10:00+14"), 60, 6_000)]);
    history.tick(at("2026-05-08T00:00+14"));
    assert_eq!(
        history.user.status(&goal("g"), may(2)),
        Some(DayStatus::Void)
    );
    assert_eq!(view(&history).longest, (2, Some((may(1), may(3)))));
    assert_eq!(
        told(&history),
        [
            ("extended", 1, 1, 1),
            ("extended", 3, 2, 2),
            ("lost", 4, 2, 2)
        ]
    );
}
