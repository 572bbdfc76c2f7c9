//! Samples of all four classes (domain.md 1.1 to 1.4).

use streakline_core::{civil::MINUTE_MS, id::RecordId};

use super::{PHONE, WATCH, minutes, sent, totals, wearer};
use crate::{
    model::{
        gauges::{Summary, summary},
        records::{Class, Sample},
    },
    places::{at, date},
};

#[test]
fn watch_and_phone_of_one_walk_make_4_500_then_4_200_then_4_500() {
    let mut world = wearer(at("2026-05-20T06:00Z"), "UTC");
    let day = date("2026-05-20");
    let now_ms = at("2026-05-20T09:00Z");
    let watch = minutes(1, "2026-05-20T08:00Z", 30, 3_000);
    world.act(now_ms, &sent(WATCH, watch.clone()));
    world.act(
        now_ms,
        &sent(PHONE, minutes(1, "2026-05-20T08:00Z", 45, 4_500)),
    );
    assert_eq!(totals(&world, day), (4_500, 4_500));
    let corrected = Sample {
        version: 2,
        value: Some(2_700),
        ..watch.clone()
    };
    world.act(now_ms, &sent(WATCH, corrected));
    assert_eq!(totals(&world, day), (4_200, 4_200));
    world.act(now_ms, &sent(WATCH, Sample::deletion(1, 3)));
    assert_eq!(totals(&world, day), (4_500, 4_500));
    assert_eq!(world.day(day).records["steps"], 1);
    let fresh = Sample {
        id: RecordId::Number(77),
        ..watch
    };
    world.act(now_ms, &sent(WATCH, fresh));
    assert_eq!(
        totals(&world, day),
        (4_500, 4_500),
        "replayed under a fresh id"
    );
}

#[test]
fn an_hour_beside_its_own_minutes_adds_nothing_and_what_is_missing_is_spread() {
    let mut world = wearer(at("2026-05-20T06:00Z"), "UTC");
    let now_ms = at("2026-05-20T10:00Z");
    for minute in 0..30 {
        let start_ms = at("2026-05-20T08:00Z") + minute * MINUTE_MS;
        let sample = Sample::steps(minute as u64, start_ms, start_ms + MINUTE_MS, 100);
        world.act(now_ms, &sent(WATCH, sample));
    }
    world.act(
        now_ms,
        &sent(WATCH, minutes(100, "2026-05-20T08:00Z", 60, 3_000)),
    );
    assert_eq!(totals(&world, date("2026-05-20")), (3_000, 3_000));
    world.act(
        now_ms,
        &sent(WATCH, minutes(101, "2026-05-20T07:30Z", 90, 3_300)),
    );
    assert_eq!(totals(&world, date("2026-05-20")), (3_300, 3_300));
}

#[test]
fn a_counter_tells_differences_and_a_fall_is_a_reset() {
    let reading = |id: u64, time: &str, value: i64| Sample {
        class: Class::Cumulative,
        epoch: Some("boot-1".into()),
        span: Some((at(time), at(time))),
        ..Sample::steps(id, 0, 0, value)
    };
    let mut world = wearer(at("2026-05-20T06:00Z"), "UTC");
    let now_ms = at("2026-05-20T12:00Z");
    for sample in [
        reading(1, "2026-05-20T07:00Z", 1_000),
        reading(2, "2026-05-20T08:00Z", 1_600),
        reading(3, "2026-05-20T09:00Z", 50),
    ] {
        world.act(now_ms, &sent(WATCH, sample));
    }
    assert_eq!(totals(&world, date("2026-05-20")), (650, 650));
    world.act(now_ms, &sent(WATCH, reading(4, "2026-05-20T07:30Z", 1_200)));
    assert_eq!(
        totals(&world, date("2026-05-20")),
        (650, 650),
        "a reading between changes no total"
    );
    let told = Sample {
        span: Some((at("2026-05-20T06:00Z"), at("2026-05-20T07:00Z"))),
        ..reading(1, "2026-05-20T07:00Z", 1_000)
    };
    world.act(now_ms, &sent(WATCH, Sample { version: 2, ..told }));
    assert_eq!(
        totals(&world, date("2026-05-20")),
        (1_650, 1_650),
        "it stood at 0 at its start"
    );
}

#[test]
fn a_total_of_the_day_adds_what_finer_samples_do_not_tell() {
    let total = |id: u64, version: u32, value: i64| Sample {
        version,
        class: Class::Cumulative,
        epoch: Some("2026-05-20".into()),
        span: Some((at("2026-05-20T00:00Z"), at("2026-05-20T20:00Z"))),
        ..Sample::steps(id, 0, 0, value)
    };
    let mut world = wearer(at("2026-05-20T00:00Z"), "UTC");
    let now_ms = at("2026-05-20T21:00Z");
    world.act(now_ms, &sent(PHONE, total(1, 1, 5_000)));
    assert_eq!(totals(&world, date("2026-05-20")), (5_000, 5_000));
    world.act(
        now_ms,
        &sent(WATCH, minutes(1, "2026-05-20T08:00Z", 60, 6_000)),
    );
    assert_eq!(
        totals(&world, date("2026-05-20")),
        (6_000, 6_000),
        "less than the finer ones: nothing"
    );
    world.act(now_ms, &sent(PHONE, total(1, 2, 7_381)));
    assert_eq!(totals(&world, date("2026-05-20")), (7_381, 7_381));
    let data = world.day(date("2026-05-20"));
    let told = data.minutes["steps"][1]
        .values()
        .filter(|minute| minute.device.is_some());
    assert_eq!(told.map(|minute| minute.value).sum::<i64>(), 6_000);
}

fn gauge(id: u64, time: &str, value: i64) -> Sample {
    Sample {
        metric: "heart_rate",
        class: Class::Gauge,
        span: Some((at(time), at(time))),
        ..Sample::steps(id, 0, 0, value)
    }
}

#[test]
fn a_gauge_is_read_from_the_better_device_of_each_minute() {
    let mut world = wearer(at("2026-05-20T06:00Z"), "UTC");
    let now_ms = at("2026-05-20T12:00Z");
    for (device, sample) in [
        (WATCH, gauge(1, "2026-05-20T08:00:10Z", 600)),
        (WATCH, gauge(2, "2026-05-20T08:00:50Z", 640)),
        (WATCH, gauge(3, "2026-05-20T08:00:50Z", 620)),
        (PHONE, gauge(1, "2026-05-20T08:00:30Z", 900)),
        (PHONE, gauge(2, "2026-05-20T08:01:30Z", 700)),
    ] {
        world.act(now_ms, &sent(device, sample));
    }
    let data = world.day(date("2026-05-20"));
    let readings = &data.gauges["heart_rate"][1];
    let wanted = Summary {
        n: 3,
        min: 600,
        max: 700,
        sum: 1_940,
        last: 700,
    };
    let span = world.days().span(date("2026-05-20")).unwrap();
    assert_eq!(summary(readings, span), Some(wanted));
    assert_eq!(summary(readings, (span.0, span.0)), None);
}

#[test]
fn a_night_belongs_to_the_day_it_ends_in_and_is_counted_once() {
    let night = |id: u64, from: &str, to: &str, stages: &[(&'static str, &str, &str)]| Sample {
        metric: "sleep",
        class: Class::Episode,
        span: Some((at(from), at(to))),
        value: None,
        segments: stages
            .iter()
            .map(|(stage, from, to)| (*stage, at(from), at(to)))
            .collect(),
        ..Sample::steps(id, 0, 0, 0)
    };
    let mut world = wearer(at("2026-05-20T06:00Z"), "UTC");
    let now_ms = at("2026-05-21T12:00Z");
    let watch = night(
        1,
        "2026-05-20T23:00Z",
        "2026-05-21T06:00Z",
        &[
            ("light", "2026-05-20T23:00Z", "2026-05-21T01:00Z"),
            ("awake", "2026-05-21T01:00Z", "2026-05-21T01:30Z"),
            ("deep", "2026-05-21T01:30Z", "2026-05-21T06:00Z"),
        ],
    );
    let phone = night(
        1,
        "2026-05-20T22:00Z",
        "2026-05-21T07:00Z",
        &[("asleep", "2026-05-20T22:00Z", "2026-05-21T07:00Z")],
    );
    let again = Sample {
        id: RecordId::Number(2),
        ..watch.clone()
    };
    for (device, sample) in [(WATCH, watch), (PHONE, phone), (WATCH, again)] {
        world.act(now_ms, &sent(device, sample));
    }
    // An hour of the phone's before and after, and six and a half hours of the watch's.
    assert_eq!(world.day(date("2026-05-21")).asleep, [510, 510]);
    assert_eq!(world.day(date("2026-05-20")).asleep, [0, 0]);
}
