//! Samples of every class: counters, gauges, episodes, totals of days, corrections and deletions. Whatever the order of arrival,
//! and whichever road they take, a day comes to the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use streakline_core::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    day::Amount,
    episode::{Episode, Segment, Stage},
    event::Judgement,
    id::RecordId,
    manual::ManualPolicy,
    merge::{Night, Summary},
    metric::Metric,
    record::{Content, Epoch, Record},
    sample::{DeviceClass, Method},
    small_map::SmallMap,
};

use crate::{
    history::{History, steps},
    places::at,
};

/// A morning in Berlin.
fn now_ms() -> i64 {
    at("2026-06-12T09:00+2")
}

fn day(name: &str) -> Day {
    Day::parse(name).unwrap()
}

fn said(id: u64, (start_ms, end_ms): (i64, i64), metric: Metric, content: Content) -> Record {
    Record {
        id: RecordId::Number(id),
        version: 1,
        metric,
        start_ms,
        end_ms,
        offset_s: None,
        content,
        method: Method::Auto,
        worn: None,
    }
}

fn heart(id: u64, at_ms: i64, bpm: i64) -> Record {
    said(
        id,
        (at_ms, at_ms),
        Metric::HEART_RATE,
        Content::Gauge(bpm * 10),
    )
}

fn counter(id: u64, at_ms: i64, value: i64, epoch: &str) -> Record {
    let epoch = Epoch::parse(epoch);
    said(
        id,
        (at_ms, at_ms),
        Metric::STEPS,
        Content::Cumulative { value, epoch },
    )
}

fn total(id: u64, (start_ms, end_ms): (i64, i64), value: i64, date: &str) -> Record {
    let epoch = Epoch::parse(date);
    said(
        id,
        (start_ms, end_ms),
        Metric::STEPS,
        Content::Cumulative { value, epoch },
    )
}

fn sleep(id: u64, (start_ms, end_ms): (i64, i64), stage: Stage) -> Record {
    let segments = vec![Segment {
        start_ms,
        end_ms,
        stage,
    }];
    let episode = Episode {
        segments,
        ..Episode::default()
    };
    let content = Content::Episode(Box::new(episode));
    said(id, (start_ms, end_ms), Metric::SLEEP, content)
}

fn deletion(of: &Record) -> Record {
    Record {
        version: of.version + 1,
        start_ms: 0,
        end_ms: 0,
        content: Content::Deleted,
        method: Method::Unknown,
        ..of.clone()
    }
}

fn watch() -> History {
    History::with_watch(now_ms(), "Europe/Berlin")
}

fn amount(history: &History, date: &str, metric: Metric) -> Amount {
    let state = history.user.days.get(&day(date));
    state.map(|state| state.amount(metric)).unwrap_or_default()
}

const TODAY: &str = "2026-06-12";

#[test]
fn a_counter_gives_what_lies_between_its_readings_on_the_fast_road_too() {
    let mut history = watch();
    let at = |minute: i64| now_ms() - HOUR_MS + minute * MINUTE_MS;
    for (id, (minute, value)) in (1..).zip([(0, 1_000), (10, 1_500), (20, 1_400), (30, 1_900)]) {
        let known = history.user.devices.values().next().unwrap().counters.len();
        assert_eq!(
            known,
            usize::from(id > 1),
            "the latest reading is remembered"
        );
        assert_eq!(
            history.send(1, vec![counter(id, at(minute), value, "boot-1")]),
            []
        );
    }
    // A fall is a reset: 500, then 1,400 since it, then 500.
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 2_400);
    assert_eq!(amount(&history, TODAY, Metric::STEPS).eligible, 2_400);
}

#[test]
fn a_reading_in_the_middle_of_a_monotone_counter_changes_no_total() {
    let mut history = watch();
    let at = |minute: i64| now_ms() - HOUR_MS + minute * MINUTE_MS;
    history.send(
        1,
        vec![counter(1, at(0), 0, "a"), counter(2, at(40), 4_000, "a")],
    );
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 4_000);
    history.send(1, vec![counter(3, at(20), 3_500, "a")]);
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 4_000);
}

#[test]
fn a_counter_that_was_away_for_days_spreads_its_amount_over_them() {
    let mut history = watch();
    history.send(1, vec![counter(1, now_ms() - 48 * HOUR_MS, 0, "a")]);
    history.snapshot();
    history.send(1, vec![counter(2, now_ms(), 4_800, "a")]);
    let amounts = ["2026-06-10", "2026-06-11", TODAY]
        .map(|date| amount(&history, date, Metric::STEPS).display);
    assert_eq!(amounts, [1_500, 2_400, 900]);
}

#[test]
fn an_amount_between_readings_over_midnight_leaves_out_what_samples_own_on_the_other_day() {
    let (first_ms, second_ms) = (at("2026-06-11T00:10+2"), at("2026-06-12T00:10+2"));
    let mut history = watch();
    history.send(1, vec![counter(1, first_ms, 0, "boot-1")]);
    history.snapshot();
    history.send(1, vec![steps(2, second_ms - MINUTE_MS, 1, 20)]);
    history.snapshot();
    history.send(1, vec![counter(3, second_ms, 9_600, "boot-1")]);
    let yesterday = amount(&history, "2026-06-11", Metric::STEPS).display;
    assert_eq!(yesterday, (9_600 - 20) * 1_430 / 1_439);
    // Another device changes the first day: what it counts of the second is not forgotten.
    history.snapshot();
    history.hello(2, DeviceClass::Phone, None);
    history.send(2, vec![steps(1, first_ms, 1, 5)]);
    assert_eq!(
        amount(&history, "2026-06-11", Metric::STEPS).display,
        yesterday
    );
}

#[test]
fn a_correction_to_another_metric_takes_the_reading_out_of_its_counter() {
    let mut history = watch();
    let at_ms = |minute: i64| now_ms() - 50 * HOUR_MS + minute * MINUTE_MS;
    history.send(1, vec![counter(5, at_ms(2_800), 2_000, "b")]);
    history.snapshot();
    let elsewhere = Record {
        version: 2,
        ..said(
            5,
            (at_ms(0), at_ms(9)),
            Metric::DISTANCE,
            Content::Delta(7_000),
        )
    };
    history.send(1, vec![elsewhere]);
    history.snapshot();
    history.send(1, vec![counter(6, at_ms(2_900), 2_100, "b")]);
    assert_eq!(amount(&history, TODAY, Metric::STEPS), Amount::default());
}

#[test]
fn the_vendors_later_total_of_a_day_replaces_the_earlier() {
    let mut history = watch();
    let midnight_ms = at("2026-06-12T00:00+2");
    history.send(
        1,
        vec![total(7, (midnight_ms, now_ms() - HOUR_MS), 290, TODAY)],
    );
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 290);
    let larger = Record {
        version: 2,
        ..total(7, (midnight_ms, now_ms()), 18_060, TODAY)
    };
    history.send(1, vec![larger]);
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 18_060);
}

#[test]
fn a_total_of_a_day_adds_only_what_the_minutes_lack() {
    let mut history = watch();
    let midnight_ms = at("2026-06-12T00:00+2");
    history.send(1, vec![steps(1, midnight_ms + 8 * HOUR_MS, 10, 1_000)]);
    history.send(1, vec![total(2, (midnight_ms, now_ms()), 1_200, TODAY)]);
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 1_200);
    // More minutes, on the fast road, take the remainder's place.
    history.wait_until(now_ms() + 10 * MINUTE_MS);
    history.send(1, vec![steps(3, now_ms(), 10, 150)]);
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 1_200);
    history.wait_until(now_ms() + 20 * MINUTE_MS);
    history.send(1, vec![steps(4, now_ms() + 10 * MINUTE_MS, 10, 400)]);
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 1_550);
}

#[test]
fn a_goal_is_never_met_later_than_its_total_has_counted() {
    let mut history = watch();
    history.put_goal("g", 5_000, Some(day(TODAY))).unwrap();
    let midnight_ms = at("2026-06-12T00:00+2");
    history.send(1, vec![total(1, (midnight_ms, now_ms()), 6_000, TODAY)]);
    let met_at_ms = history.day(day(TODAY)).goals[0].met_at.unwrap().0;
    assert!(met_at_ms < now_ms());
}

#[test]
fn a_night_belongs_to_the_day_in_which_it_ends_and_a_log_sent_twice_counts_once() {
    let mut history = watch();
    let (start_ms, end_ms) = (at("2026-06-11T23:10:30+2"), at("2026-06-12T06:40:30+2"));
    history.send(1, vec![sleep(5, (start_ms, end_ms), Stage::Light)]);
    history.send(1, vec![sleep(5, (start_ms, end_ms), Stage::Light)]);
    let night = history.user.days[&day(TODAY)].night.unwrap();
    assert_eq!(
        (night.episodes, night.asleep(), night.in_bed()),
        (1, 450, 450)
    );
    let before = history.user.days.get(&day("2026-06-11"));
    assert_eq!(before.and_then(|held| held.night), None);
}

#[test]
fn a_sample_that_is_deleted_is_as_if_never_sent() {
    let without = {
        let mut history = watch();
        history.send(1, vec![steps(1, now_ms() - HOUR_MS, 10, 1_000)]);
        history
    };
    let mut history = watch();
    let second = steps(2, now_ms() - 30 * MINUTE_MS, 10, 900);
    history.send(
        1,
        vec![steps(1, now_ms() - HOUR_MS, 10, 1_000), second.clone()],
    );
    history.snapshot();
    assert_eq!(history.send(1, vec![deletion(&second)]), []);
    assert_eq!(
        history.day(day(TODAY)).state_hash,
        without.day(day(TODAY)).state_hash
    );
    assert_eq!(history.day(day(TODAY)).records, 1);
    // The deletion again, and the deleted sample again: nothing comes back.
    let judged = history.send(1, vec![deletion(&second), second]);
    let kinds: Vec<Judgement> = judged.into_iter().map(|(_, judgement)| judgement).collect();
    assert_eq!(kinds, [Judgement::Duplicate, Judgement::StaleVersion]);
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 1_000);
}

#[test]
fn a_deletion_that_comes_first_keeps_its_sample_out() {
    let mut history = watch();
    let sample = steps(1, now_ms() - 40 * HOUR_MS, 10, 1_000);
    assert_eq!(history.send(1, vec![deletion(&sample)]), []);
    history.snapshot();
    let judged = history.send(1, vec![sample]);
    assert_eq!(judged[0].1, Judgement::StaleVersion);
    assert_eq!(
        amount(&history, "2026-06-10", Metric::STEPS),
        Amount::default()
    );
}

#[test]
fn a_deletion_of_what_ended_more_than_30_days_ago_is_too_old() {
    let mut history = watch();
    let sample = steps(1, now_ms() - HOUR_MS, 10, 1_000);
    history.send(1, vec![sample.clone()]);
    history.snapshot();
    history.tick(now_ms() + 31 * 24 * HOUR_MS);
    let judged = history.send(1, vec![deletion(&sample)]);
    let Judgement::Rejected(refusal) = &judged[0].1 else {
        panic!("{judged:?}");
    };
    assert_eq!(refusal.code.name(), "too_old");
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 1_000);
}

#[test]
fn a_chest_strap_leads_for_the_heart_rate_only() {
    let mut history = watch();
    history.hello(2, DeviceClass::Band, None);
    history.hello(3, DeviceClass::Chest, None);
    let at_ms = now_ms() - HOUR_MS;
    history.send(2, vec![heart(1, at_ms, 90)]);
    history.send(3, vec![heart(1, at_ms + 1, 120)]);
    let gauges = &history.user.days[&day(TODAY)].gauges;
    let summary = gauges.get(&Metric::HEART_RATE).unwrap();
    assert_eq!((summary.count, summary.last), (1, 1_200));
    let walk = |id, value| vec![steps(id, at_ms, 1, value)];
    history.send(2, walk(2, 80));
    history.send(3, walk(2, 110));
    assert_eq!(amount(&history, TODAY, Metric::STEPS).display, 80);
}

/// What a day comes to, for comparison.
#[derive(Debug, PartialEq)]
struct Came {
    amounts: SmallMap<Metric, Amount>,
    for_goals: SmallMap<Metric, i64>,
    gauges: SmallMap<Metric, Summary>,
    night: Option<Night>,
    records: u32,
    hash: [u8; 32],
}

fn came(history: &History) -> BTreeMap<Day, Came> {
    let days = history.user.days.iter();
    days.filter(|(_, state)| state.records > 0 || !state.amounts.is_empty())
        .map(|(day, state)| {
            let came = Came {
                amounts: state.amounts.clone(),
                for_goals: state.for_goals.clone(),
                gauges: state.gauges.clone(),
                night: state.night,
                records: state.records,
                hash: state.state_hash(&history.user.standings(*day)),
            };
            (*day, came)
        })
        .collect()
}

fn any_content() -> impl Strategy<Value = (Metric, u8, i64)> {
    prop_oneof![
        4 => (0..400_i64).prop_map(|value| (Metric::STEPS, 0, value)),
        3 => (0..3_000_i64).prop_map(|value| (Metric::STEPS, 1, value)),
        1 => (0..9_000_i64).prop_map(|value| (Metric::STEPS, 2, value)),
        3 => (40..180_i64).prop_map(|value| (Metric::HEART_RATE, 3, value)),
        1 => (0..7_i64).prop_map(|value| (Metric::SLEEP, 4, value)),
        1 => (0..90_000_i64).prop_map(|value| (Metric::DISTANCE, 0, value)),
    ]
}

/// A sample of the last two days and a half, of device 1 or 2.
fn any_sample() -> impl Strategy<Value = (u8, Record)> {
    let times = (0..60 * 60_i64, 1..200_i64);
    let rest = (1..3_u8, any::<bool>(), 0..3_usize);
    (1..60_u64, times, any_content(), rest).prop_map(|(id, (back, minutes), what, rest)| {
        let (device, deleted, other) = rest;
        let (metric, kind, value) = what;
        let start_ms = now_ms() - 60 * HOUR_MS + back * MINUTE_MS + 20_000;
        let span = (start_ms, (start_ms + minutes * MINUTE_MS).min(now_ms()));
        let epoch = ["a", "b", "c"][other];
        let mut record = match kind {
            0 => said(id, span, metric, Content::Delta(value)),
            1 => counter(id, span.0, value, epoch),
            2 => total(id, span, value, ["2026-06-10", "2026-06-11", TODAY][other]),
            3 => heart(id, start_ms, value),
            _ => sleep(id, span, Stage::ALL[usize::try_from(value).unwrap()]),
        };
        if other == 2 {
            record.method = Method::Manual;
        }
        if deleted && id % 5 == 0 {
            record = deletion(&record);
        }
        (device, record)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// T1.1, T1.6: one by one in order (mostly on the fast road), or in any order, with snapshots and crashes in between.
    #[test]
    fn every_class_comes_to_the_same_in_any_order_and_on_any_road(
        mut samples in prop::collection::vec(any_sample(), 1..40),
        order in prop::collection::vec(any::<prop::sample::Index>(), 40),
        turns in prop::collection::vec(0..6_u8, 40),
        policy in prop::sample::select(ManualPolicy::ALL.to_vec()),
    ) {
        let start = || {
            let mut history = watch().under(policy);
            history.hello(2, DeviceClass::Phone, None);
            history
        };
        let mut shuffled = start();
        let mut rest = samples.clone();
        for (pick, turn) in order.iter().zip(turns) {
            if rest.is_empty() {
                break;
            }
            let (device, record) = rest.remove(pick.index(rest.len()));
            shuffled.send(device, vec![record]);
            match turn {
                0 => shuffled.snapshot(),
                1 => shuffled.crash(),
                _ => {}
            }
        }
        samples.sort_by_key(|(_, record)| (record.end_ms, record.id, record.version));
        let mut in_order = start();
        for (device, record) in samples {
            in_order.send(device, vec![record]);
        }
        prop_assert_eq!(came(&shuffled), came(&in_order));
    }
}
