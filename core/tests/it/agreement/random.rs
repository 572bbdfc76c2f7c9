//! Random turns: what a band, a phone and a careless client may send, and where their owner may go.

use proptest::prelude::*;
use streakline_core::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    sample::{DeviceClass, Method},
};

use crate::{
    model::{
        acts::Act,
        goals::Shape,
        records::{Class, Sample},
    },
    places::at,
};

/// One turn of a history.
#[derive(Clone, Debug)]
pub enum Turn {
    Act(Act),
    /// Whole minutes up to now.
    Live {
        device: u8,
        minutes: i64,
        value: i64,
    },
    /// Another zone, since so long ago.
    Travel(&'static str, i64),
    /// A sample that ends so long after what is just too old.
    Old {
        device: u8,
        id: u64,
        span_ms: i64,
        after_ms: i64,
    },
    /// The records of an earlier turn again, through a session with a good clock.
    Repeat(usize),
    Wait(i64),
    Look,
    Snapshot,
    Crash,
}

pub const DEVICES: [(u8, DeviceClass); 3] = [
    (2, DeviceClass::Watch),
    (3, DeviceClass::Phone),
    (1, DeviceClass::Phone),
];
pub const GOALS: [&str; 3] = ["low", "high", "new"];
pub const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "America/New_York",
    "America/Los_Angeles",
    "Pacific/Auckland",
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
];

/// Berlin, the day before the clocks go back.
pub fn beginning_ms() -> i64 {
    at("2026-10-24T00:10+2")
}

/// Whole minutes up to now; the id is the minute, so that sending one again is a repeat or a correction.
pub fn live(now_ms: i64, minutes: i64, value: i64) -> Vec<Sample> {
    let last = now_ms.div_euclid(MINUTE_MS);
    let sample = |minute: i64| {
        let value = (value + minute % 7 * 10) * (minute % 5 % 3);
        Sample::steps(
            minute as u64,
            minute * MINUTE_MS,
            (minute + 1) * MINUTE_MS,
            value,
        )
    };
    (last - minutes..last).map(sample).collect()
}

fn any_start(days: i64) -> impl Strategy<Value = i64> {
    let minutes = days * 1_440;
    let start = prop_oneof![
        4 => (0..minutes).prop_map(|minute| minute * MINUTE_MS),
        1 => 0..minutes * MINUTE_MS,
        3 => (0..days + 1, -40..40_i64).prop_map(|(day, minute)| day * 24 * HOUR_MS + minute * MINUTE_MS),
    ];
    start.prop_map(|ms| beginning_ms() + ms)
}

fn any_span() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(MINUTE_MS),
        3 => (2..90_i64).prop_map(|minutes| minutes * MINUTE_MS),
        2 => (2..24_i64).prop_map(|hours| hours * HOUR_MS),
        1 => 1..3 * HOUR_MS,
        1 => Just(24 * HOUR_MS),
    ]
}

fn any_method() -> impl Strategy<Value = Method> {
    prop_oneof![
        6 => Just(Method::Auto), 1 => Just(Method::Active), 2 => Just(Method::Unknown), 2 => Just(Method::Manual)
    ]
}

/// Amounts over time; of few ids, so that some are corrections of others.
fn any_delta(days: i64) -> impl Strategy<Value = Sample> {
    let value = prop_oneof![1 => Just(0), 4 => 1..400_i64, 3 => 1..12_000_i64];
    (1..60_u64, any_start(days), any_span(), value).prop_map(|(id, start_ms, span_ms, value)| {
        Sample::steps(id, start_ms, start_ms + span_ms, value)
    })
}

/// Readings of one of two counters; most rise with time, some fall; some say that they began at 0.
fn any_reading(days: i64) -> impl Strategy<Value = Sample> {
    let span = prop_oneof![3 => Just(0), 1 => any_span()];
    let epoch = prop::sample::select(vec!["boot-1", "boot-2"]);
    (60..90_u64, any_start(days), span, 0..4_000_i64, epoch).prop_map(
        |(id, start_ms, span_ms, value, epoch)| {
            let since_ms = start_ms + span_ms - beginning_ms();
            Sample {
                class: Class::Cumulative,
                epoch: Some(epoch.into()),
                ..Sample::steps(
                    id,
                    start_ms,
                    start_ms + span_ms,
                    since_ms.max(0) / (HOUR_MS / 400) + value,
                )
            }
        },
    )
}

/// Totals of a day as a vendor's webhook tells them, again and again with a larger one.
fn any_total(days: i64) -> impl Strategy<Value = Sample> {
    (90..100_u64, 0..days as i32, 0..24 * HOUR_MS, 0..15_000_i64).prop_map(
        |(id, day, until_ms, value)| {
            let day = Day::of_utc_ms(beginning_ms()).plus(day + 1);
            let start_ms = day.utc_ms() - 2 * HOUR_MS;
            Sample {
                class: Class::Cumulative,
                epoch: Some(day.iso()),
                ..Sample::steps(id, start_ms, start_ms + until_ms, value)
            }
        },
    )
}

fn any_sample(days: i64) -> impl Strategy<Value = Sample> {
    let said = prop_oneof![6 => any_delta(days), 2 => any_reading(days), 1 => any_total(days)];
    let worn = prop_oneof![4 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    let version = prop_oneof![4 => Just(1_u32), 1 => 1..4_u32];
    let timed =
        (said, any_method(), worn, version).prop_map(|(said, method, worn, version)| Sample {
            method,
            worn,
            version,
            ..said
        });
    let deletion = (1..100_u64, 1..4_u32).prop_map(|(id, version)| Sample::deletion(id, version));
    prop_oneof![9 => timed, 1 => deletion]
}

fn any_device() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(2_u8), 2 => Just(3_u8), 1 => Just(1_u8)]
}

pub fn any_turn(days: i64) -> impl Strategy<Value = Turn> {
    let batch = prop::collection::vec(any_sample(days), 1..6);
    let send =
        (any_device(), batch, prop::bool::weighted(0.15)).prop_map(|(device, samples, skewed)| {
            Act::Records {
                device,
                skewed,
                samples,
            }
        });
    let live =
        (any_device(), 1..40_i64, 0..300_i64).prop_map(|(device, minutes, value)| Turn::Live {
            device,
            minutes,
            value,
        });
    let old = (
        any_device(),
        1..60_u64,
        1..24 * HOUR_MS,
        -HOUR_MS..30 * HOUR_MS,
    )
        .prop_map(|(device, id, span_ms, after_ms)| Turn::Old {
            device,
            id,
            span_ms,
            after_ms,
        });
    let ago = prop_oneof![2 => Just(0), 1 => -6 * MINUTE_MS..73 * HOUR_MS];
    let travel = (prop::sample::select(&ZONES[..]), ago)
        .prop_map(|(zone, ago_ms)| Turn::Travel(zone, ago_ms));
    let wait = prop_oneof![
        3 => (1..90_i64).prop_map(|minutes| minutes * MINUTE_MS),
        3 => (1..30_i64).prop_map(|hours| hours * HOUR_MS),
        1 => 1..HOUR_MS,
        1 => (2..12_i64).prop_map(|days| days * 24 * HOUR_MS),
    ];
    let name = || prop::sample::select(&GOALS[..]);
    let put =
        (name(), 1..9_000_i64, prop::option::of(-1..3_i32)).prop_map(|(goal, target, in_days)| {
            Act::PutGoal {
                goal,
                shape: Shape::daily(target),
                from: in_days.map(|days| Day::of_utc_ms(beginning_ms()).plus(days + 1)),
            }
        });
    let act = prop_oneof![
        5 => send,
        1 => prop::sample::select(vec![0, 240, 360]).prop_map(Act::DayStart),
        1 => put,
        1 => name().prop_map(Act::DeleteGoal),
    ];
    prop_oneof![
        8 => act.prop_map(Turn::Act),
        1 => travel,
        5 => live,
        1 => old,
        1 => (0..20_usize).prop_map(Turn::Repeat),
        6 => wait.prop_map(Turn::Wait),
        3 => Just(Turn::Look),
        2 => Just(Turn::Snapshot),
        1 => Just(Turn::Crash),
    ]
}
