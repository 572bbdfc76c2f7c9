//! Civil days of a user: lengths, borders, dates that do not exist (domain.md 2.1, 2.3). Travel has a file of its own.

use streakline_core::{
    civil::{Day, HOUR_MS},
    sample::DeviceClass,
    view::DayPhase,
};

use crate::{
    history::{History, steps},
    places::{at, date},
};

fn hours(history: &History, day: &str) -> i64 {
    let day = history.day(date(day));
    (day.end_ms - day.start_ms) / HOUR_MS
}

#[test]
fn a_day_has_23_or_25_hours_when_the_clocks_change() {
    let history = History::with_watch(at("2026-03-28T12:00+1"), "Europe/Berlin");
    let days = ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-25"];
    assert_eq!(days.map(|day| hours(&history, day)), [24, 23, 24, 25]);
    let history = History::with_watch(at("2026-03-28T12:00+13"), "Pacific/Auckland");
    assert_eq!(
        ["2026-04-05", "2026-09-27"].map(|day| hours(&history, day)),
        [25, 23]
    );
    let history = History::with_watch(at("2026-03-28T12:00-5"), "America/New_York");
    assert_eq!(
        ["2026-03-08", "2026-11-01"].map(|day| hours(&history, day)),
        [23, 25]
    );
}

#[test]
fn closes_come_3_and_72_hours_of_elapsed_time_after_a_short_day() {
    let mut history = History::with_watch(at("2026-03-28T12:00+1"), "Europe/Berlin");
    let short = date("2026-03-29");
    let end_ms = at("2026-03-29T00:00+1") + 23 * HOUR_MS;
    assert_eq!(history.day(short).end_ms, end_ms);
    let mut phase_at = |now_ms: i64| {
        history.tick(now_ms);
        history.day(short).phase
    };
    assert_eq!(phase_at(end_ms + 3 * HOUR_MS - 1), DayPhase::Open);
    assert_eq!(phase_at(end_ms + 3 * HOUR_MS), DayPhase::SoftClosed);
    assert_eq!(phase_at(end_ms + 72 * HOUR_MS - 1), DayPhase::SoftClosed);
    assert_eq!(phase_at(end_ms + 72 * HOUR_MS), DayPhase::HardClosed);
    assert_eq!(phase_at(end_ms + 720 * HOUR_MS), DayPhase::Archived);
}

#[test]
fn a_record_over_midnight_is_shared_by_its_days_and_counted_where_it_begins() {
    let mut history = History::with_watch(at("2026-05-20T00:00+5.5"), "Asia/Kolkata");
    history.wait_until(at("2026-05-21T01:00+5.5"));
    history.send(1, vec![steps(1, at("2026-05-20T23:40+5.5"), 60, 600)]);
    let (one, other) = (
        history.day(date("2026-05-20")),
        history.day(date("2026-05-21")),
    );
    assert_eq!((one.eligible, one.records), (200, 1));
    assert_eq!((other.eligible, other.records), (400, 0));
}

#[test]
fn what_a_coarse_sample_leaves_over_midnight_is_decided_by_all_that_overlaps_before_it() {
    let samples = [
        // Counts all of the next one, which so claims nothing ...
        steps(1, at("2026-05-02T11:30Z"), 20, 70),
        steps(2, at("2026-05-02T11:30Z"), 70, 70),
        // ... of this one, which so owns its whole interval ...
        steps(3, at("2026-05-02T12:30Z"), 90, 1_800),
        // ... and leaves 990 for the other 990 minutes of this one.
        steps(4, at("2026-05-02T12:00Z"), 18 * 60, 1_800 + 990),
    ];
    for turn in 0..samples.len() {
        let mut history = History::with_watch(at("2026-05-05T12:00Z"), "UTC");
        let mut turned = samples.to_vec();
        turned.rotate_left(turn);
        for record in turned {
            history.send(1, vec![record]);
            history.snapshot();
        }
        let days = ["2026-05-02", "2026-05-03"].map(|day| history.day(date(day)).eligible);
        assert_eq!(days, [70 + 1_800 + 630, 360]);
    }
}

#[test]
fn a_user_without_a_zone_lives_in_utc_until_one_is_set() {
    let mut history = History::at(at("2026-05-20T20:00Z"));
    history.hello(1, DeviceClass::Watch, None);
    history.wait_until(at("2026-05-20T21:00Z"));
    history.send(1, vec![steps(1, at("2026-05-20T20:00Z"), 60, 600)]);
    assert!(!history.user.profile().unwrap().zone_set);
    history.zone("Pacific/Auckland");
    assert_eq!(history.user.zone(), "Pacific/Auckland");
    // 09:00 of the next day in Auckland: what was stored stays where it was.
    assert_eq!(history.user.day_of(history.now_ms), date("2026-05-21"));
    assert_eq!(history.user.day_of(history.now_ms - 1), date("2026-05-20"));
    assert_eq!(history.day(date("2026-05-20")).eligible, 600);
    assert_eq!(hours(&history, "2026-05-20"), 21);
}

#[test]
fn every_hello_with_another_zone_changes_it() {
    let mut history = History::at(at("2026-05-20T20:00Z"));
    history.hello(1, DeviceClass::Watch, None);
    history.hello(1, DeviceClass::Watch, Some("Asia/Kolkata"));
    assert_eq!(history.user.zone(), "Asia/Kolkata");
    history.wait_until(at("2026-05-21T20:00Z"));
    let version = history.user.version;
    history.hello(1, DeviceClass::Watch, Some("Asia/Kolkata"));
    assert_eq!(history.user.version, version, "that zone is in force");
    history.hello(1, DeviceClass::Watch, Some("Pacific/Auckland"));
    assert_eq!(history.user.zone(), "Pacific/Auckland");
    assert_eq!(history.user.version, version + 1);
}

#[test]
fn a_zone_takes_effect_now_even_where_a_sample_ends_later() {
    let mut history = History::with_watch(at("2026-05-20T00:30Z"), "UTC");
    // Ends 100 s ahead of the server's clock.
    history.send(
        1,
        vec![steps(1, at("2026-05-20T00:31:40Z") - 600_000, 10, 100)],
    );
    history.zone("America/New_York");
    let zone_at = |at_ms: i64| history.user.calendar().zone_at(at_ms).name();
    assert_eq!(zone_at(at("2026-05-20T00:29:59Z")), "UTC");
    assert_eq!(zone_at(at("2026-05-20T00:30Z")), "America/New_York");
    // New York is still at the 19th: the day goes on until its own midnight.
    assert_eq!(
        history.day(date("2026-05-20")).end_ms,
        at("2026-05-21T00:00-4")
    );
    assert_eq!(hours(&history, "2026-05-20"), 28);
    assert_eq!(history.day(date("2026-05-20")).eligible, 100);
}

#[test]
fn a_flight_east_over_the_date_line_makes_a_long_day_and_back_a_void_one() {
    let mut history = History::with_watch(at("2026-05-20T00:00+14"), "Pacific/Kiritimati");
    history.wait_until(at("2026-05-20T12:00+14"));
    history.zone("Pacific/Pago_Pago");
    assert_eq!(hours(&history, "2026-05-20"), 24 + 25);
    history.wait_until(at("2026-05-22T23:30-11"));
    history.zone("Pacific/Kiritimati");
    let void = history.day(date("2026-05-23"));
    assert_eq!(void.start_ms, void.end_ms);
    assert_eq!(
        history.user.day_of(history.now_ms + 60_000),
        date("2026-05-24")
    );
    // A sample from before the flight to after it, over the date that does not exist.
    history.wait_until(at("2026-05-24T02:00+14"));
    history.send(1, vec![steps(1, at("2026-05-22T23:00-11"), 60, 600)]);
    history.send(1, vec![steps(2, at("2026-05-22T22:50-11"), 10, 50)]);
    let days = [22, 23, 24].map(|day| history.day(Day::from_ymd(2026, 5, day).unwrap()));
    assert_eq!(days.map(|day| day.eligible), [50 + 300, 0, 300]);
}

/// T2.1 for a user: closes of consecutive days follow each other and none is left out.
#[test]
fn a_user_that_nobody_wakes_for_a_month_catches_up_day_by_day() {
    let mut history = History::with_watch(at("2026-10-01T00:00+2"), "Europe/Berlin");
    history.tick(at("2026-11-01T00:00+1"));
    assert_eq!(history.user.soft_closed, date("2026-10-30"));
    assert_eq!(history.user.hard_closed, date("2026-10-28"));
}
