//! Tests of the calendar: days of hand-made zones, and properties of random ones.

use std::{sync::Arc, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::civil::{DAY_MS, HOUR_MS};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// `2026-05-20T08:00` at UTC.
fn at(text: &str) -> i64 {
    let (date, time) = text.split_once('T').unwrap();
    let (hour, minute) = time.split_once(':').unwrap();
    let hour: i64 = hour.parse().unwrap();
    day(date).utc_ms() + hour * HOUR_MS + minute.parse::<i64>().unwrap() * MINUTE_MS
}

fn fixed(name: &str, hours: i32) -> Arc<Zone> {
    Arc::new(Zone::new(name, hours * 3_600, vec![]))
}

fn berlin() -> Arc<Zone> {
    let turns = vec![
        (at("2026-03-29T01:00"), 7_200),
        (at("2026-10-25T01:00"), 3_600),
    ];
    Arc::new(Zone::new("Europe/Berlin", 3_600, turns))
}

fn tokyo() -> Arc<Zone> {
    fixed("Asia/Tokyo", 9)
}

fn los_angeles_in_summer() -> Arc<Zone> {
    fixed("America/Los_Angeles", -7)
}

fn minutes(calendar: &Calendar, date: &str) -> i64 {
    (calendar.end_ms(day(date)) - calendar.start_ms(day(date))) / MINUTE_MS
}

#[test]
fn a_flight_west_set_at_departure_makes_a_day_of_40_hours() {
    let calendar =
        Calendar::new(tokyo()).with_change(at("2026-05-20T08:00"), los_angeles_in_summer());
    assert_eq!(minutes(&calendar, "2026-05-20"), 40 * 60);
    assert_eq!(calendar.start_ms(day("2026-05-20")), at("2026-05-19T15:00"));
    assert_eq!(calendar.end_ms(day("2026-05-20")), at("2026-05-21T07:00"));
    assert_eq!(
        calendar.local(at("2026-05-20T18:00")).iso_minute(),
        "2026-05-20T11:00"
    );
}

#[test]
fn a_flight_east_set_at_landing_makes_a_day_of_8_hours() {
    let calendar =
        Calendar::new(los_angeles_in_summer()).with_change(at("2026-05-11T07:30"), tokyo());
    assert_eq!(minutes(&calendar, "2026-05-11"), 8 * 60);
    assert_eq!(
        calendar.zone_at(at("2026-05-11T07:29")).name(),
        "America/Los_Angeles"
    );
    assert_eq!(
        calendar.zone_at(at("2026-05-11T07:30")).name(),
        "Asia/Tokyo"
    );
    assert_eq!(calendar.zone_now().name(), "Asia/Tokyo");
}

#[test]
fn samoa_jumped_over_the_30th_of_december_2011() {
    let jump = (at("2011-12-30T10:00"), 14 * 3_600);
    let apia = Arc::new(Zone::new("Pacific/Apia", -10 * 3_600, vec![jump]));
    let calendar = Calendar::new(apia);
    assert!(calendar.is_void(day("2011-12-30")));
    assert!(!calendar.is_void(day("2011-12-29")) && !calendar.is_void(day("2011-12-31")));
    assert_eq!(calendar.day_of(at("2011-12-30T09:59")), day("2011-12-29"));
    assert_eq!(calendar.day_of(at("2011-12-30T10:00")), day("2011-12-31"));
}

#[test]
fn summer_time_makes_days_of_23_and_25_hours() {
    let calendar = Calendar::new(berlin());
    assert_eq!(minutes(&calendar, "2026-03-29"), 23 * 60);
    assert_eq!(minutes(&calendar, "2026-10-25"), 25 * 60);
    assert_eq!(minutes(&calendar, "2026-10-26"), 24 * 60);
}

#[test]
fn lord_howe_shifts_by_half_an_hour() {
    let turns = vec![
        (at("2026-04-04T15:00"), 37_800),
        (at("2026-10-03T15:30"), 39_600),
    ];
    let calendar = Calendar::new(Arc::new(Zone::new("Australia/Lord_Howe", 39_600, turns)));
    assert_eq!(minutes(&calendar, "2026-04-05"), 24 * 60 + 30);
    assert_eq!(minutes(&calendar, "2026-10-04"), 23 * 60 + 30);
}

#[test]
fn clocks_put_back_just_after_midnight_do_not_bring_yesterday_back() {
    // St. John's until 2011: at 00:01 the clocks went back to 23:01 of the day before.
    let turn = at("2010-11-07T02:31");
    let zone = Zone::new("America/St_Johns", -9_000, vec![(turn, -12_600)]);
    let calendar = Calendar::new(Arc::new(zone));
    assert_eq!(calendar.local(turn).iso_minute(), "2010-11-06T23:01");
    assert_eq!(calendar.day_of(turn), day("2010-11-07"));
    assert_eq!(minutes(&calendar, "2010-11-06"), 24 * 60);
    assert_eq!(minutes(&calendar, "2010-11-07"), 25 * 60);
}

#[test]
fn a_flight_east_over_the_date_line_stays_on_its_day_until_the_date_catches_up() {
    let auckland = fixed("Pacific/Auckland", 12);
    let landing = at("2026-06-10T20:00");
    let calendar = Calendar::new(auckland).with_change(landing, los_angeles_in_summer());
    assert_eq!(calendar.day_of(landing - 1), day("2026-06-11"));
    assert_eq!(calendar.local(landing).day(), day("2026-06-10"));
    assert_eq!(calendar.day_of(landing), day("2026-06-11"));
    assert_eq!(calendar.day_of(at("2026-06-12T06:59")), day("2026-06-11"));
    assert_eq!(calendar.day_of(at("2026-06-12T07:00")), day("2026-06-12"));
    assert_eq!(minutes(&calendar, "2026-06-11"), 24 * 60 + 19 * 60);
}

#[test]
fn a_user_local_window_starts_and_ends_with_each_members_own_days() {
    let starts = [
        fixed("Pacific/Kiritimati", 14),
        berlin(),
        fixed("Pacific/Niue", -11),
    ]
    .map(|zone| Calendar::new(zone).start_ms(day("2026-06-01")));
    let wanted = ["2026-05-31T10:00", "2026-05-31T22:00", "2026-06-01T11:00"];
    assert_eq!(starts, wanted.map(at));
    let calendar = Calendar::new(berlin());
    let week_ms = calendar.end_ms(day("2026-10-25")) - calendar.start_ms(day("2026-10-19"));
    assert_eq!(week_ms, 7 * DAY_MS + HOUR_MS);
}

#[test]
fn the_later_of_two_changes_in_one_minute_counts() {
    let noon = at("2026-06-01T12:00");
    let calendar = Calendar::new(Arc::new(Zone::utc()))
        .with_change(noon + 59_999, tokyo())
        .with_change(noon + 1, berlin());
    assert_eq!(calendar.zone_at(noon - 1).name(), "UTC");
    assert_eq!(calendar.zone_at(noon).name(), "Europe/Berlin");
    assert_eq!(
        calendar.start_ms(day("2026-06-02")),
        at("2026-06-01T22:00"),
        "Tokyo's clock was never looked at"
    );
}

#[test]
fn changes_in_any_order_make_the_same_calendar() {
    let changes = [
        (at("2026-05-01T10:00"), tokyo()),
        (at("2026-05-02T10:00"), los_angeles_in_summer()),
    ];
    let [first, second] = changes;
    let forward = Calendar::new(berlin())
        .with_change(first.0, first.1.clone())
        .with_change(second.0, second.1.clone());
    let backward = Calendar::new(berlin())
        .with_change(second.0, second.1)
        .with_change(first.0, first.1);
    assert_eq!(forward, backward);
}

/// A whole minute: zones change at whole minutes, and a date that shows for less is seen by nobody.
const ORIGIN_MS: i64 = 24_333_333 * MINUTE_MS;

fn any_zone() -> impl Strategy<Value = Arc<Zone>> {
    let turn = (-20 * DAY_MS..20 * DAY_MS, -14 * 60..=14 * 60)
        .prop_map(|(after, offset)| (ORIGIN_MS + after - after.rem_euclid(MINUTE_MS), offset * 60));
    (-14 * 60..=14 * 60, prop::collection::vec(turn, 0..8))
        .prop_map(|(first, turns)| Arc::new(Zone::new("Test/Zone", first * 60, turns)))
}

fn any_calendar() -> impl Strategy<Value = Calendar> {
    let change = (-20 * DAY_MS..20 * DAY_MS, any_zone());
    (any_zone(), prop::collection::vec(change, 0..12)).prop_map(|(first, changes)| {
        changes
            .into_iter()
            .fold(Calendar::new(first), |calendar, (after, zone)| {
                calendar.with_change(ORIGIN_MS + after, zone)
            })
    })
}

proptest! {
    #[test]
    fn days_partition_time_whatever_the_zone_history(
        calendar in any_calendar(),
        instants in prop::collection::vec(-25 * DAY_MS..25 * DAY_MS, 40),
    ) {
        let mut instants: Vec<i64> = instants.into_iter().map(|after| ORIGIN_MS + after).collect();
        instants.sort_unstable();
        let mut last = Day(i32::MIN);
        for at_ms in instants {
            let day = calendar.day_of(at_ms);
            prop_assert!(last <= day, "the day index falls");
            prop_assert!(calendar.start_ms(day) <= at_ms && at_ms < calendar.end_ms(day));
            prop_assert!(calendar.local(at_ms).day() <= day);
            last = day;
        }
        let first = Day::of_utc_ms(ORIGIN_MS).plus(-30);
        for day in (0..60).map(|days| first.plus(days)) {
            let (start_ms, end_ms) = (calendar.start_ms(day), calendar.end_ms(day));
            prop_assert!(start_ms <= end_ms);
            prop_assert_eq!(calendar.is_void(day), start_ms == end_ms);
            prop_assert!(calendar.day_of(start_ms.saturating_sub(1)) < day);
            if start_ms < end_ms {
                prop_assert_eq!(calendar.day_of(start_ms), day);
                prop_assert_eq!(calendar.day_of(end_ms - 1), day);
            }
        }
    }
}

proptest! {
    // Every minute of 50 days is looked at, so fewer histories do.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_day_is_the_latest_local_date_seen_so_far(calendar in any_calendar()) {
        let mut latest = Day(i32::MIN);
        let mut at_ms = ORIGIN_MS - 25 * DAY_MS;
        while at_ms < ORIGIN_MS + 25 * DAY_MS {
            latest = latest.max(calendar.local(at_ms).day());
            prop_assert_eq!(calendar.day_of(at_ms), latest);
            at_ms += MINUTE_MS;
        }
    }
}
