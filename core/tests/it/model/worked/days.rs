//! Days, zones and flights (domain.md 2).

use streakline_core::civil::{Day, HOUR_MS};

use super::wearer;
use crate::{
    model::{
        acts::Act,
        days::{Timeline, ZoneEntry},
        goals::{Period, Shape, period_of},
        statuses::Status,
    },
    places::{Places, at, date},
};

/// Zones in force from instants on, known from the beginning.
fn lengths(zones: &[(&str, &'static str)], from: &str, to: &str) -> Vec<(String, i64)> {
    let mut timeline = Timeline::default();
    for (effective, zone) in zones {
        timeline.add(ZoneEntry {
            effective_ms: at(effective),
            zone,
            received_ms: 0,
        });
    }
    let days = timeline.days(&Places::new(), at(from), at(to));
    let whole =
        |(day, (start_ms, end_ms)): (&Day, &(i64, i64))| (day.iso(), (end_ms - start_ms) / HOUR_MS);
    let inside =
        |(day, span): &(&Day, &(i64, i64))| span.0 >= at(from) && day.next().utc_ms() <= at(to);
    days.0.iter().filter(inside).map(whole).collect()
}

#[test]
fn tokyo_to_los_angeles_makes_a_day_of_40_hours() {
    let flight = [
        ("2026-05-01T00:00Z", "Asia/Tokyo"),
        ("2026-05-20T17:00+9", "America/Los_Angeles"),
    ];
    let lengths = lengths(&flight, "2026-05-18T00:00Z", "2026-05-23T00:00Z");
    let of = |day: &str| lengths.iter().find(|(of, _)| of == day).unwrap().1;
    assert_eq!(
        [of("2026-05-19"), of("2026-05-20"), of("2026-05-21")],
        [24, 40, 24]
    );
}

#[test]
fn samoa_had_no_30th_of_december_2011() {
    let lengths = lengths(
        &[("2011-01-01T00:00Z", "Pacific/Apia")],
        "2011-12-27T00:00Z",
        "2012-01-02T00:00Z",
    );
    let days: Vec<(&str, i64)> = lengths
        .iter()
        .map(|(day, hours)| (day.as_str(), *hours))
        .collect();
    assert_eq!(
        days,
        [
            ("2011-12-27", 24),
            ("2011-12-28", 24),
            ("2011-12-29", 24),
            ("2011-12-31", 24),
            ("2012-01-01", 24)
        ]
    );
}

#[test]
fn los_angeles_to_tokyo_makes_a_day_of_8_hours_that_is_void_when_missed() {
    let mut world = wearer(at("2026-05-08T12:00-7"), "America/Los_Angeles");
    let goal = Act::PutGoal {
        goal: "g",
        shape: Shape::daily(7_000),
        from: None,
    };
    world.act(at("2026-05-08T12:00-7"), &goal);
    let landing_ms = at("2026-05-11T16:30+9");
    world.act(landing_ms, &Act::Travel("Asia/Tokyo", landing_ms));
    let day = date("2026-05-11");
    let (start_ms, end_ms) = world.days().span(day).unwrap();
    assert_eq!(end_ms - start_ms, 8 * HOUR_MS);
    world.act(landing_ms + 24 * HOUR_MS, &Act::Tick);
    assert_eq!(world.status("g", day), Some(Status::Void));
    assert_eq!(world.status("g", day.prev()), Some(Status::Missed));
    let stopover = ZoneEntry {
        effective_ms: landing_ms + 10 * HOUR_MS,
        zone: "Asia/Kolkata",
        received_ms: landing_ms,
    };
    world.timeline.add(stopover);
    assert_eq!(
        world.status("g", day),
        Some(Status::Missed),
        "the next change is less than 20 h later"
    );
}

#[test]
fn days_of_berlin_in_2026_have_23_24_or_25_hours() {
    let berlin = [("2026-01-01T00:00Z", "Europe/Berlin")];
    let lengths = lengths(&berlin, "2026-03-01T00:00Z", "2026-11-01T00:00Z");
    for (day, hours) in lengths {
        let wanted = match day.as_str() {
            "2026-03-29" => 23,
            "2026-10-25" => 25,
            _ => 24,
        };
        assert_eq!(hours, wanted, "{day}");
    }
}

#[test]
fn a_night_worker_s_day_ends_in_the_morning() {
    let mut world = wearer(at("2026-05-04T06:00Z"), "UTC");
    world.act(at("2026-05-04T06:00Z"), &Act::DayStart(360));
    assert!(!world.takes_day_start(0), "once in 30 days");
    let days = world.days();
    assert_eq!(
        days.span(date("2026-05-04")),
        Some((at("2026-05-04T00:00Z"), at("2026-05-05T00:00Z")))
    );
    assert_eq!(
        days.span(date("2026-05-05")),
        Some((at("2026-05-05T00:00Z"), at("2026-05-06T06:00Z")))
    );
    assert_eq!(days.day_of(at("2026-05-07T05:59Z")), date("2026-05-06"));
}

#[test]
fn a_change_of_zone_told_late_moves_days_and_not_what_was_closed() {
    let mut world = wearer(at("2026-05-04T06:00Z"), "UTC");
    let now_ms = at("2026-05-06T12:00Z");
    world.act(now_ms, &Act::Tick);
    assert!(
        !world.takes("Asia/Tokyo", now_ms - 73 * HOUR_MS),
        "more than 72 h ago"
    );
    world.act(now_ms, &Act::Travel("Asia/Tokyo", at("2026-05-05T12:00Z")));
    assert_eq!(
        world.days().span(date("2026-05-05")).unwrap().1,
        at("2026-05-05T15:00Z")
    );
    assert_eq!(
        world.soft[&date("2026-05-05")],
        at("2026-05-06T03:00Z"),
        "a phase never goes back"
    );
    assert_eq!(world.today(), date("2026-05-06"));
    world.act(now_ms + HOUR_MS, &Act::Travel("Europe/Berlin", now_ms));
    world.act(now_ms + 2 * HOUR_MS, &Act::Travel("Asia/Kolkata", now_ms));
    assert!(!world.takes("Asia/Tokyo", now_ms), "three in seven days");
    assert_eq!(
        world.timeline.zone_at(now_ms),
        "Asia/Kolkata",
        "of equals the later accepted"
    );
}

#[test]
fn a_week_of_the_americas_begins_on_sunday() {
    let mut world = wearer(at("2026-05-04T06:00Z"), "UTC");
    world.act(at("2026-05-04T06:00Z"), &Act::SundayWeeks(true));
    let week = period_of(Period::Week, date("2026-05-06"), world.sunday_weeks);
    assert_eq!(week, (date("2026-05-03"), date("2026-05-09")));
}
