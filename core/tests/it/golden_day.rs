//! The golden day of domain.md 13a with its variations: Berlin, 2026-10-25, 25 hours long.

use streakline_core::{
    civil::Day,
    event::FactKind,
    record::Record,
    sample::{DeviceClass, Method},
    view::DayStatus,
};

use crate::{
    challenges::window,
    history::{History, goal, steps},
    places::{at, date},
};

pub const WATCH: u8 = 1;
pub const PHONE: u8 = 2;

pub fn sunday() -> Day {
    date("2026-10-25")
}

/// Twelve met days, then Sunday morning at 00:30.
pub fn after_twelve_met_days() -> History {
    let mut history = History::at(at("2026-10-13T00:10+2"));
    history.hello(WATCH, DeviceClass::Watch, Some("Europe/Berlin"));
    history.hello(PHONE, DeviceClass::Phone, None);
    history
        .put_goal("steps", 7_000, Some(date("2026-10-13")))
        .unwrap();
    for day in 13..=24 {
        let noon_ms = at(&format!("2026-10-{day}T12:00+2"));
        history.wait_until(noon_ms + 3_600_000);
        history.send(WATCH, vec![steps(day, noon_ms, 60, 7_200)]);
    }
    history.tick(at("2026-10-25T00:30+2"));
    history.enrol(7, &window("2026-10-25", "2026-10-25"));
    history
}

pub fn records() -> Vec<(u8, Record)> {
    let manual = Record {
        method: Method::Manual,
        ..steps(109, at("2026-10-25T18:00+1"), 30, 2_000)
    };
    vec![
        (WATCH, steps(102, at("2026-10-25T02:10+2"), 10, 500)),
        (WATCH, steps(103, at("2026-10-25T02:10+1"), 10, 500)),
        (WATCH, steps(101, at("2026-10-25T07:00+1"), 40, 4_000)),
        (PHONE, steps(101, at("2026-10-25T07:00+1"), 60, 6_600)),
        (WATCH, steps(104, at("2026-10-25T12:00+1"), 5, 1_500)),
        (PHONE, manual),
    ]
}

/// Sends each record at `sent_ms`, or when it has ended.
pub fn send(history: &mut History, records: Vec<(u8, Record)>, sent_ms: i64) {
    for (device, record) in records {
        history.wait_until(sent_ms.max(record.end_ms));
        history.send(device, vec![record]);
    }
}

fn assert_cells(history: &History) {
    let day = history.day(sunday());
    assert_eq!((day.display, day.eligible), (10_700, 8_400));
    assert_eq!(day.end_ms - day.start_ms, 25 * 3_600_000);
    let met_at = day.goals[0].met_at.unwrap();
    assert_eq!(met_at.0, at("2026-10-25T06:58Z"));
    assert_eq!(met_at.1.iso_minute(), "2026-10-25T07:58");
    assert_eq!(day.goals[0].progress, 8_400);
}

fn score(history: &History) -> (i64, i64) {
    let enrolment = history.user.enrolments.values().next().unwrap();
    (enrolment.score, enrolment.achieved_at_ms)
}

fn streak(history: &History) -> (u32, u32) {
    let view = history
        .user
        .streak_view(&goal("steps"), None, history.now_ms)
        .unwrap();
    (view.count, view.longest.0)
}

fn posted(history: &History) -> Vec<(i64, i64)> {
    let of_sunday = history
        .facts()
        .into_iter()
        .filter_map(|fact| match fact.kind {
            FactKind::TokensPosted {
                day, amount_micro, ..
            } if day == sunday() => Some((fact.at_ms, amount_micro)),
            _ => None,
        });
    of_sunday.collect()
}

#[test]
fn the_golden_day_has_its_totals_met_minute_score_and_tokens() {
    let mut history = after_twelve_met_days();
    assert_eq!(
        streak(&history),
        (11, 11),
        "the twelfth day is not closed yet"
    );
    send(&mut history, records(), 0);
    assert_cells(&history);
    assert_eq!(score(&history), (8_400, at("2026-10-25T12:04+1")));
    assert_eq!(history.day(sunday()).pending_micro, 6_700_000);
    assert_eq!(streak(&history), (12, 12));
    history.tick(at("2026-10-26T02:59:59.999+1"));
    assert_eq!(posted(&history), []);
    history.tick(at("2026-10-26T03:00+1"));
    assert_eq!(posted(&history), [(at("2026-10-26T03:00+1"), 6_700_000)]);
    assert_eq!(streak(&history), (13, 13));
    assert_cells(&history);
}

#[test]
fn the_golden_day_does_not_depend_on_order_or_repeats() {
    let mut orders = vec![records(), records().into_iter().rev().collect()];
    for turn in 1..6 {
        let mut turned = records();
        turned.rotate_left(turn);
        turned.extend(records());
        orders.push(turned);
    }
    let mut hashes = Vec::new();
    for order in orders {
        let mut history = after_twelve_met_days();
        send(&mut history, order, at("2026-10-25T20:00+1"));
        assert_cells(&history);
        assert_eq!(score(&history), (8_400, at("2026-10-25T12:04+1")));
        hashes.push(history.day(sunday()).state_hash);
    }
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn without_the_first_watch_record_the_phone_counts_its_hour() {
    let mut history = after_twelve_met_days();
    let mut without = records();
    without.remove(2);
    send(&mut history, without, 0);
    let day = history.day(sunday());
    assert_eq!((day.display, day.eligible), (11_100, 8_800));
    assert_eq!(day.pending_micro, 6_900_000);
}

#[test]
fn the_golden_day_does_not_change_when_the_watch_sends_again_under_a_fresh_id() {
    let mut history = after_twelve_met_days();
    send(&mut history, records(), 0);
    history.send(WATCH, vec![steps(999, at("2026-10-25T07:00+1"), 40, 4_000)]);
    assert_cells(&history);
}

#[test]
fn a_second_phone_bound_later_does_not_outbid_the_first() {
    let mut history = after_twelve_met_days();
    // Its id is larger, so that the tie-break by id would believe it.
    history.hello(3, DeviceClass::Phone, None);
    let mut all = records();
    all.push((3, steps(1, at("2026-10-25T07:00+1"), 60, 14_000)));
    send(&mut history, all, at("2026-10-25T20:00+1"));
    assert_cells(&history);
}

#[test]
fn the_golden_day_three_days_late_is_the_same_but_for_one_increment_of_tokens() {
    let mut history = after_twelve_met_days();
    history.tick(at("2026-10-28T20:30+1"));
    assert_eq!(streak(&history).0, 0, "provisionally missed");
    let view = history
        .user
        .streak_view(&goal("steps"), None, history.now_ms)
        .unwrap();
    assert!(view.provisional);
    send(&mut history, records(), at("2026-10-28T20:30+1"));
    assert_cells(&history);
    history.tick(at("2026-10-29T00:00+1"));
    assert_eq!(posted(&history), [(at("2026-10-28T21:00+1"), 6_700_000)]);
    assert_eq!(streak(&history), (0, 13), "Monday to Wednesday are missed");
    assert_eq!(
        history.user.status(&goal("steps"), sunday()),
        Some(DayStatus::Met)
    );
    assert!(!history.told().iter().any(|fact| matches!(fact,
        FactKind::StreakLost { day, .. } if *day == sunday())));
}

#[test]
fn the_golden_day_five_days_late_is_history_and_restores_the_streak_without_tokens_or_score() {
    let mut history = after_twelve_met_days();
    history.tick(at("2026-10-30T12:00+1"));
    let lost = history.told().into_iter().find_map(|fact| match fact {
        FactKind::StreakLost {
            day,
            count,
            longest,
            ..
        } => Some((day, count, longest)),
        _ => None,
    });
    assert_eq!(lost, Some((sunday(), 12, 12)));
    let before_micro = history.user.available_micro;
    send(&mut history, records(), 0);
    assert_cells(&history);
    assert_eq!(streak(&history), (0, 13));
    let through = history.user.streak_through(&goal("steps"), sunday());
    assert_eq!(through.count(), 13);
    history.tick(at("2026-11-05T12:00+1"));
    assert_eq!(history.user.available_micro, before_micro);
    assert_eq!(score(&history).0, 0);
    let day = history.day(sunday());
    assert_eq!((day.scored, day.pending_micro, day.posted_micro), (0, 0, 0));
}
