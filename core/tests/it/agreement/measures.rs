//! Gauges and episodes of several devices, with corrections, deletions and repeats: the model and the core say the same of every
//! minute, hour and day of readings, of every night and every workout.

use std::collections::BTreeMap;

use proptest::prelude::*;
use streakline_core::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    episode::Stage,
    merge::{self, Readings},
    metric::{Metric, Registry},
    sample::{DeviceClass, Method},
};

use super::{
    Pair,
    random::{Turn, ZONES, beginning_ms},
};
use crate::model::{
    acts::Act,
    gauges::{Summary, summary},
    records::{Class, Sample, Segment},
};

/// A strap beside the watch and the phones: it leads for the heart rate only.
const CHEST: u8 = 4;
const GAUGES: [&str; 2] = ["heart_rate", "weight"];

/// (count, lowest, highest, sum, last) of readings.
type Came = (i64, i64, i64, i64, i64);

fn came(of: Option<Summary>) -> Option<Came> {
    of.map(|of| (of.n, of.min, of.max, of.sum, of.last))
}

fn told(of: Option<merge::Summary>) -> Option<Came> {
    of.map(|of| {
        let count = i64::try_from(of.count).unwrap();
        (count, of.min, of.max, of.sum, of.last)
    })
}

fn numbered(name: &str) -> Metric {
    Registry::built_in().named(name).unwrap().metric
}

impl Pair {
    pub(super) fn measure(turns: &[Turn]) -> Self {
        let mut pair = Self::begin();
        let (device, class) = (CHEST, DeviceClass::Chest);
        let zone = None;
        pair.act(&Act::Hello {
            device,
            class,
            zone,
        });
        for turn in turns {
            pair.turn(turn);
            if matches!(turn, Turn::Look) {
                pair.look_at_measures();
            }
        }
        pair.look();
        pair.look_at_measures();
        pair
    }

    fn look_at_measures(&self) {
        let today = self.model.today();
        for day in (self.model.first_day().0 - 2..=today.0 + 1).map(Day) {
            GAUGES.iter().for_each(|name| self.look_at_gauge(day, name));
            self.look_at_night(day);
            let view = self.core.day(day);
            let workouts = self.model.day(day).workouts;
            let recorded: u32 = view.workouts.iter().map(|held| held.recordings).sum();
            assert_eq!(
                recorded,
                workouts,
                "recordings of workouts of {}",
                day.iso()
            );
        }
    }

    /// The day's readings, and those of its hours and minutes while they are at hand.
    fn look_at_gauge(&self, day: Day, name: &str) {
        let (metric, label) = (numbered(name), format!("{name} on {}", day.iso()));
        let data = self.model.day(day);
        let readings = data.gauges.get(name).map(|both| both[0].clone());
        let readings = readings.unwrap_or_default();
        let whole = (i64::MIN, i64::MAX);
        let state = self.core.user.days.get(&day);
        let held = state.and_then(|state| state.gauges.get(&metric).copied());
        assert_eq!(told(held), came(summary(&readings, whole)), "{label}");
        let last_ms = readings.last_key_value().map(|(at_ms, _)| *at_ms);
        assert_eq!(held.map(|held| held.last_ms), last_ms, "last of {label}");
        let Some(head) = state.and_then(|state| state.head.as_ref()) else {
            return;
        };
        let standings = self.core.user.standings(day);
        let minutes = merge::merge_readings(&head.readers(&standings, metric));
        let minutes: Vec<&Readings> = minutes.collect();
        for length_ms in [MINUTE_MS, HOUR_MS] {
            let mut parts: BTreeMap<i64, Vec<&Readings>> = BTreeMap::new();
            for minute in &minutes {
                let at_ms = i64::from(minute.minute) * MINUTE_MS;
                let part = parts.entry(at_ms.div_euclid(length_ms)).or_default();
                part.push(minute);
            }
            let wanted = readings.keys().map(|at_ms| at_ms.div_euclid(length_ms));
            let wanted: BTreeMap<i64, Option<Came>> = wanted
                .map(|part| (part, (part * length_ms, (part + 1) * length_ms)))
                .map(|(part, span)| (part, came(summary(&readings, span))))
                .collect();
            let told: BTreeMap<i64, Option<Came>> = parts
                .into_iter()
                .map(|(part, minutes)| (part, told(merge::Summary::over(minutes))))
                .collect();
            assert_eq!(told, wanted, "parts of {length_ms} ms of {label}");
        }
    }

    fn look_at_night(&self, day: Day) {
        let label = day.iso();
        let held = self.core.user.days.get(&day).and_then(|state| state.night);
        let wanted = self.model.day(day).nights[0].clone();
        let span = held.map(|held| (held.start_ms, held.end_ms));
        assert_eq!(span, wanted.span, "span of the night of {label}");
        let episodes = held.map_or(0, |held| i64::from(held.episodes));
        assert_eq!(episodes, wanted.episodes, "episodes of {label}");
        let stages = held.into_iter().flat_map(|held| {
            let minutes = Stage::ALL.map(|stage| (stage.name(), i64::from(held.of(stage))));
            minutes.into_iter().filter(|(_, minutes)| *minutes > 0)
        });
        let stages: BTreeMap<&str, i64> = stages.collect();
        assert_eq!(stages, wanted.stages, "stages of {label}");
    }
}

fn any_device() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(2_u8), 2 => Just(3_u8), 1 => Just(1_u8), 2 => Just(CHEST)]
}

/// Readings on a grid of ten seconds within few hours, so that many share a minute and some an instant.
fn any_gauge() -> impl Strategy<Value = Sample> {
    let metric = prop_oneof![4 => Just("heart_rate"), 1 => Just("weight")];
    let hour = prop::sample::select(vec![0_i64, 1, 2, 23, 24, 25, 47, 48]);
    let at = prop_oneof![
        6 => (hour.clone(), 0..30_i64).prop_map(|(hour, tenth)| hour * HOUR_MS + tenth * 10_000),
        1 => (hour, 0..HOUR_MS).prop_map(|(hour, ms)| hour * HOUR_MS + ms),
    ];
    (1..80_u64, metric, at, 200..3_000_i64).prop_map(|(id, metric, at, value)| {
        let at_ms = beginning_ms() + at;
        Sample {
            metric,
            class: Class::Gauge,
            value: Some(if metric == "weight" {
                value * 100
            } else {
                value
            }),
            ..Sample::steps(id, at_ms, at_ms, 0)
        }
    })
}

/// Nights and naps with stages, of which some leave time unsaid; workouts without.
fn any_episode() -> impl Strategy<Value = Sample> {
    let start = prop_oneof![
        4 => (0..3_i64, -300..120_i64).prop_map(|(day, m)| day * 24 * HOUR_MS + m * MINUTE_MS),
        1 => 0..60 * HOUR_MS,
    ];
    let span = prop_oneof![
        4 => (1..600_i64).prop_map(|minutes| minutes * MINUTE_MS),
        2 => 1..9 * HOUR_MS,
        1 => Just(24 * HOUR_MS),
    ];
    let stages = prop::collection::vec((0..7_usize, 0..100_i64, any::<bool>()), 0..6);
    let is_sleep = prop::bool::weighted(0.8);
    (80..110_u64, start, span, stages, is_sleep).prop_map(|(id, start, span, stages, is_sleep)| {
        let start_ms = beginning_ms() + start;
        let segments = segments(start_ms, span, stages);
        Sample {
            metric: if is_sleep { "sleep" } else { "workout" },
            class: Class::Episode,
            value: None,
            segments: if is_sleep { segments } else { Vec::new() },
            ..Sample::steps(id, start_ms, start_ms + span, 0)
        }
    })
}

/// Segments between cuts at so many hundredths of an episode, without those that are left out.
fn segments(start_ms: i64, span: i64, mut stages: Vec<(usize, i64, bool)>) -> Vec<Segment> {
    stages.sort_by_key(|(_, cut, _)| *cut);
    let ends = stages.iter().skip(1).map(|(_, cut, _)| *cut).chain([100]);
    let ends: Vec<i64> = ends.collect();
    let at = |cut: i64| start_ms + span * cut / 100;
    let parts = stages.into_iter().zip(ends);
    let told = parts.filter(|((_, from, is_told), to)| *is_told && at(*from) < at(*to));
    told.map(|((stage, from, _), to)| (Stage::ALL[stage].name(), at(from), at(to)))
        .collect()
}

fn any_method() -> impl Strategy<Value = Method> {
    prop_oneof![
        6 => Just(Method::Auto), 1 => Just(Method::Active), 2 => Just(Method::Unknown), 2 => Just(Method::Manual)
    ]
}

fn any_measure() -> impl Strategy<Value = Sample> {
    let walk = (1..110_u64, 0..60 * 60_i64).prop_map(|(id, minute)| {
        let start_ms = beginning_ms() + minute * MINUTE_MS;
        Sample::steps(id, start_ms, start_ms + MINUTE_MS, 90)
    });
    let said = prop_oneof![6 => any_gauge(), 3 => any_episode(), 1 => walk];
    let version = prop_oneof![4 => Just(1_u32), 1 => 1..4_u32];
    let timed = (said, any_method(), version).prop_map(|(said, method, version)| Sample {
        method,
        version,
        ..said
    });
    let of = prop::sample::select(vec!["heart_rate", "weight", "sleep", "workout"]);
    let deletion = (1..110_u64, 1..4_u32, of).prop_map(|(id, version, metric)| Sample {
        metric,
        class: match metric {
            "sleep" | "workout" => Class::Episode,
            _ => Class::Gauge,
        },
        ..Sample::deletion(id, version)
    });
    prop_oneof![9 => timed, 1 => deletion]
}

fn any_measured() -> impl Strategy<Value = Turn> {
    let batch = prop::collection::vec(any_measure(), 1..8);
    let send = (any_device(), batch, prop::bool::weighted(0.1));
    let send = send.prop_map(|(device, samples, skewed)| {
        Turn::Act(Act::Records {
            device,
            skewed,
            samples,
        })
    });
    let wait = prop_oneof![
        2 => (1..90_i64).prop_map(|minutes| minutes * MINUTE_MS),
        3 => (1..30_i64).prop_map(|hours| hours * HOUR_MS),
    ];
    let zone = prop::sample::select(&ZONES[..]);
    prop_oneof![
        10 => send,
        1 => zone.prop_map(|zone| Turn::Travel(zone, 0)),
        1 => (0..20_usize).prop_map(Turn::Repeat),
        5 => wait.prop_map(Turn::Wait),
        2 => Just(Turn::Look),
        2 => Just(Turn::Snapshot),
        1 => Just(Turn::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// I1, T1.1, T1.6
    #[test]
    fn the_model_and_the_core_agree_on_every_reading_and_night(
        turns in prop::collection::vec(any_measured(), 1..30)
    ) {
        Pair::measure(&turns);
    }
}
