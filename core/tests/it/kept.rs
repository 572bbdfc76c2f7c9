//! What is settled stays: a void day after its hard close, the day of creation once it is closed, the weeks of a goal.

use streakline_core::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    event::FactKind,
    goal::Terms,
    input::{NewProfile, UserInput},
    metric::Metric,
    period::{Period, WeekStart},
    record::Record,
    user::goals::admit,
    view::{DayPhase, DayStatus},
};

use crate::{
    history::{History, goal, steps},
    places::{at, date},
};

fn status(history: &History, name: &str, day: &str) -> Option<DayStatus> {
    history.user.status(&goal(name), date(day))
}

/// Walks in the hour before a time.
fn walk(history: &mut History, at_ms: i64, amount: i64) {
    history.wait_until(at_ms);
    let id = u64::try_from(at_ms).unwrap();
    let sample = steps(id, at_ms - HOUR_MS, 60, amount);
    history.send(1, vec![sample]);
}

#[test]
fn a_void_day_stays_void_after_its_hard_close_whatever_zone_follows() {
    let mut history = History::with_watch(at("2026-05-10T00:00-7"), "America/Los_Angeles");
    history
        .put_goal("g", 1_000, Some(date("2026-05-10")))
        .unwrap();
    walk(&mut history, at("2026-05-10T12:00-7"), 1_000);
    // Landed: this day has 8 hours, and nobody walks on it.
    history.wait_until(at("2026-05-11T16:30+9"));
    history.zone("Asia/Tokyo");
    history.tick(at("2026-05-15T00:00+9"));
    assert_eq!(
        history.day(date("2026-05-11")).phase,
        DayPhase::HardClosed,
        "72 hours after its end"
    );
    assert_eq!(status(&history, "g", "2026-05-11"), Some(DayStatus::Void));
    let before = history.user.goals[&goal("g")].streak;
    // Only now it is told that the next flight left 8 hours after the landing: less than 20.
    let moved = history.move_to("Asia/Kolkata", at("2026-05-12T00:30+9"));
    assert_eq!(moved, Ok(true));
    assert_eq!(status(&history, "g", "2026-05-11"), Some(DayStatus::Void));
    assert_eq!(
        history
            .user
            .streak_through(&goal("g"), date("2026-05-11"))
            .count(),
        1
    );
    assert_eq!(
        before.longest,
        history.user.goals[&goal("g")].streak.longest
    );
}

/// Named in the list of disagreements between model and core: a hello at midnight, and another zone in the same minute.
#[test]
fn the_day_of_creation_is_the_one_that_a_zone_of_its_minute_puts_it_into() {
    let created_ms = at("2026-10-24T00:00+2");
    let mut history = History::with_watch(created_ms, "Europe/Berlin");
    history.zone("America/New_York");
    let first = date("2026-10-23");
    assert_eq!(history.user.created, Some((created_ms, first)));
    assert_eq!(history.day(first).phase, DayPhase::Open);
    history.put_goal("g", 1_000, Some(first)).unwrap();
    walk(&mut history, created_ms + 2 * HOUR_MS, 1_000);
    history.tick(at("2026-10-24T03:00-4"));
    assert_eq!(status(&history, "g", "2026-10-23"), Some(DayStatus::Met));
    assert_eq!(history.user.streak_through(&goal("g"), first).count(), 1);
    let posted = history.day(first).posted_micro;
    assert_eq!(posted, 1_000_000, "its steps are paid");
}

#[test]
fn the_day_of_creation_that_is_closed_stays_it() {
    let created_ms = at("2026-10-24T22:00+2");
    let mut history = History::with_watch(created_ms, "Europe/Berlin");
    history
        .put_goal("g", 1_000, Some(date("2026-10-24")))
        .unwrap();
    history.tick(at("2026-10-25T03:30+1"));
    assert_eq!(history.day(date("2026-10-24")).phase, DayPhase::SoftClosed);
    // In Tokyo the minute of the creation lay in the next day.
    let moved = history.move_to("Asia/Tokyo", created_ms + MINUTE_MS / 2);
    assert_eq!(moved, Ok(true));
    assert_eq!(history.user.created, Some((created_ms, date("2026-10-24"))));
    assert!(
        history.user.soft_closed >= date("2026-10-24"),
        "no phase goes back"
    );
}

#[test]
fn a_week_that_starts_on_sunday_is_asked_met_and_counted_from_sunday_to_saturday() {
    let sunday = date("2016-05-01");
    let mut history = History::with_watch(sunday.utc_ms(), "UTC");
    history.input(UserInput::Profile(NewProfile {
        week_starts: Some(WeekStart::Sunday),
        ..NewProfile::default()
    }));
    let terms = Terms::fixed(Metric::STEPS, 3_000);
    history
        .put_terms("w", Period::Week, terms, Some(sunday))
        .unwrap();
    for number in 0..14 {
        let amount = if number < 7 { 500 } else { 400 };
        walk(
            &mut history,
            sunday.plus(number).utc_ms() + 12 * HOUR_MS,
            amount,
        );
        let progress = history.user.goal_progress(&goal("w"), sunday.plus(number));
        let week = sunday.plus(number / 7 * 7);
        assert_eq!(progress.map(|progress| progress.first), Some(week));
    }
    history.tick(date("2016-05-15").utc_ms() + 3 * HOUR_MS);
    let (first, second) = ("2016-05-01", "2016-05-08");
    assert_eq!(status(&history, "w", first), Some(DayStatus::Met));
    assert_eq!(status(&history, "w", second), Some(DayStatus::Missed));
    let extended = history.told().into_iter().find_map(|fact| match fact {
        FactKind::StreakExtended { day, count, .. } => Some((day, count)),
        _ => None,
    });
    assert_eq!(extended, Some((date(first), 1)));
    // Whoever changes their mind keeps the weeks that the goal was set with.
    history.input(UserInput::Profile(NewProfile {
        week_starts: Some(WeekStart::Monday),
        ..NewProfile::default()
    }));
    let shown = history.user.goal_progress(&goal("w"), date("2016-05-15"));
    assert_eq!(
        shown.map(|progress| progress.first),
        Some(date("2016-05-15"))
    );
}

#[test]
fn rest_days_are_two_of_an_iso_week_however_the_users_weeks_start() {
    let mut history = History::with_watch(date("2016-05-01").utc_ms(), "UTC");
    history.input(UserInput::Profile(NewProfile {
        week_starts: Some(WeekStart::Sunday),
        ..NewProfile::default()
    }));
    let mut rest = |day: Day| {
        let asked = admit::rest_day(&history.user, day, history.now_ms).ok()??;
        history.input(asked);
        Some(())
    };
    // Saturday and Sunday end an ISO week, Monday begins the next.
    for day in ["2016-05-07", "2016-05-08", "2016-05-09"] {
        assert!(rest(date(day)).is_some(), "{day}");
    }
    assert!(rest(date("2016-05-06")).is_none(), "a third one");
}

/// Found by the simulator: Monday is loaded because a record of it reaches into a later day that is rebuilt, and without the
/// Sunday whose record reaches into Monday.
#[test]
fn the_minute_of_a_week_stays_when_a_later_day_is_rebuilt() {
    let mut history = History::with_watch(at("2016-05-07T00:00Z"), "UTC");
    let monday = date("2016-05-09");
    let terms = Terms::fixed(Metric::STEPS, 3_000);
    history
        .put_terms("w", Period::Week, terms, Some(monday))
        .unwrap();
    let hour_ms = |day: i32, hour: i64| monday.plus(day).utc_ms() + hour * HOUR_MS;
    // Over every midnight from Sunday on, in the morning of every day, and at noon on Monday.
    let night = |day: i32| {
        steps(
            (10 * day + 21) as u64,
            hour_ms(day, 23) + HOUR_MS / 2,
            60,
            600,
        )
    };
    let morning = |day: i32, value| steps((10 * day + 15) as u64, hour_ms(day, 10), 60, value);
    history.wait_until(hour_ms(11, 12));
    let mut walked: Vec<Record> = (-1..6).map(night).collect();
    walked.push(steps(17, hour_ms(0, 12), 60, 3_000));
    walked.extend((1..11).map(|day| morning(day, 60)));
    history.send(1, walked);
    let seen = |history: &History| {
        let progress = history.user.goal_progress(&goal("w"), monday).unwrap();
        let met_at_ms = progress.met_at.map(|(at_ms, _)| at_ms);
        (met_at_ms, history.day(monday).state_hash)
    };
    let before = seen(&history);
    assert_eq!(before.0, Some(hour_ms(0, 12) + 53 * MINUTE_MS));
    for day in 1..6 {
        history.snapshot();
        history.crash();
        assert!(history.user.days[&monday].is_cold());
        let corrected = Record {
            version: 2,
            ..morning(day, 70)
        };
        history.send(1, vec![corrected]);
        assert_eq!(seen(&history), before, "day {day} of the week");
    }
}
