//! Random histories: what a band, a phone and a careless client may send, and what the server may do meanwhile.

use std::collections::BTreeMap;

use proptest::prelude::*;
use streakline_core::{
    civil::{DAY_MS, Day, HOUR_MS, MINUTE_MS},
    goal::{Adaptive, Bounds, Kind, Part, Policy, Terms},
    id::{ChallengeId, RecordId},
    input::UserInput,
    metric::Metric,
    period::Period,
    record::Record,
    sample::{DeviceClass, Method},
    user::goals::{self, admit::GoalRefusal},
    view::{Counted, GoalProgress},
};

use crate::{
    challenges::window,
    history::{History, device, goal, steps},
    places::{at, date},
    reference::{self, Bound, Copy},
};

/// Devices in order of binding; ids do not follow it.
pub const DEVICES: [(u8, DeviceClass); 3] = [
    (2, DeviceClass::Watch),
    (3, DeviceClass::Phone),
    (1, DeviceClass::Phone),
];

pub fn bound() -> Vec<Bound> {
    DEVICES
        .iter()
        .map(|(number, class)| (device(*number), *class))
        .collect()
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// Samples out of nowhere: any time, any id of a few, so that some are corrections of others.
    Send {
        device: u8,
        records: Vec<Record>,
        skewed: bool,
    },
    /// The newest minutes of a device, as it records them.
    Live {
        device: u8,
        minutes: i64,
        value: i64,
    },
    /// The samples of an earlier step again, through a session with a good clock.
    Repeat(usize),
    Wait(i64),
    Tick,
    /// A zone, and how many minutes ago it took effect.
    Zone(&'static str, i64),
    PutGoal {
        goal: &'static str,
        target: i64,
        in_days: Option<i32>,
    },
    Rest(i32),
    DeleteGoal(&'static str),
    Enrol(u8),
    Withdraw(u8),
    Snapshot,
    Crash,
}

/// When all random histories begin: Berlin, the day before the clocks go back.
pub fn beginning_ms() -> i64 {
    at("2026-10-24T00:00+2")
}

pub fn any_record(days: i64) -> impl Strategy<Value = Record> {
    let id = prop_oneof![
        20 => (1..60_u64).prop_map(RecordId::Number),
        1 => any::<[u8; 16]>().prop_map(RecordId::Uuid),
    ];
    let minutes = days * 1_440;
    let start = prop_oneof![
        4 => (0..minutes).prop_map(|minute| minute * MINUTE_MS),
        1 => 0..minutes * MINUTE_MS,
        // Around a midnight of Berlin.
        3 => (0..days + 1, -40..40_i64).prop_map(|(day, minute)| day * 24 * HOUR_MS + minute * MINUTE_MS),
    ];
    let span = prop_oneof![
        4 => Just(MINUTE_MS),
        3 => (2..90_i64).prop_map(|minutes| minutes * MINUTE_MS),
        2 => (2..24_i64).prop_map(|hours| hours * HOUR_MS),
        1 => 1..3 * HOUR_MS,
        1 => Just(24 * HOUR_MS),
    ];
    let value = prop_oneof![1 => Just(0), 4 => 1..400_i64, 3 => 1..12_000_i64];
    let method = prop_oneof![
        6 => Just(Method::Auto), 1 => Just(Method::Active), 2 => Just(Method::Unknown), 2 => Just(Method::Manual)
    ];
    let worn = prop_oneof![4 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    (id, start, span, value, method, worn).prop_map(|(id, start, span, value, method, worn)| {
        let start_ms = beginning_ms() + start;
        Record {
            id,
            end_ms: start_ms + span,
            method,
            worn,
            ..steps(0, start_ms, 1, value)
        }
    })
}

fn any_device() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(2_u8), 2 => Just(3_u8), 1 => Just(1_u8)]
}

pub fn any_step(days: i64) -> impl Strategy<Value = Step> {
    let batch = prop::collection::vec(any_record(days), 1..6);
    let send =
        (any_device(), batch, prop::bool::weighted(0.15)).prop_map(|(device, records, skewed)| {
            Step::Send {
                device,
                records,
                skewed,
            }
        });
    let live =
        (any_device(), 1..40_i64, 0..300_i64).prop_map(|(device, minutes, value)| Step::Live {
            device,
            minutes,
            value,
        });
    let wait = prop_oneof![
        3 => (1..90_i64).prop_map(|minutes| minutes * MINUTE_MS),
        3 => (1..30_i64).prop_map(|hours| hours * HOUR_MS),
        1 => 1..HOUR_MS,
    ];
    let zone = prop_oneof![
        Just("Europe/Berlin"),
        Just("Asia/Kolkata"),
        Just("America/New_York"),
        Just("Pacific/Auckland"),
        Just("Pacific/Pago_Pago"),
        Just("Pacific/Kiritimati"),
    ];
    let since = prop_oneof![Just(0), -5..72 * 60_i64,];
    let name = || prop_oneof![Just("low"), Just("high"), Just("new")];
    let put =
        (name(), 1..9_000_i64, prop::option::of(-1..3_i32)).prop_map(|(goal, target, in_days)| {
            Step::PutGoal {
                goal,
                target,
                in_days,
            }
        });
    let rest = prop_oneof![
        2 => (zone, since).prop_map(|(zone, since)| Step::Zone(zone, since)),
        3 => put,
        1 => name().prop_map(Step::DeleteGoal),
        1 => (0..3_i32).prop_map(Step::Rest),
        2 => (7..10_u8).prop_map(Step::Enrol),
        1 => (7..10_u8).prop_map(Step::Withdraw),
    ];
    prop_oneof![
        3 => rest,
        5 => send,
        5 => live,
        1 => (0..20_usize).prop_map(Step::Repeat),
        6 => wait.prop_map(Step::Wait),
        1 => Just(Step::Tick),
        3 => Just(Step::Snapshot),
        1 => Just(Step::Crash),
    ]
}

pub fn any_steps(days: i64, steps: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any_step(days), 1..steps)
}

/// Small enough that a careless client's days are valid and meet it now and then.
const ADAPTIVE: Adaptive = Adaptive {
    metric: Metric::STEPS,
    policy: Policy::Percentile,
    onboarding: 700,
    bounds: Bounds {
        floor: 100,
        ..Bounds::STEPS
    },
};

/// A user in Berlin with three devices, goals of every period and a challenge.
pub fn begin() -> History {
    let mut history = History::at(beginning_ms());
    for (number, class) in DEVICES {
        history.hello(number, class, Some("Europe/Berlin"));
    }
    let today = history.user.day_of(history.now_ms);
    history.put_goal("low", 300, Some(today)).unwrap();
    history.put_goal("high", 5_000, Some(today)).unwrap();
    let part = Part::of(Metric::STEPS, 400);
    let terms = [
        (
            "week",
            Period::Week,
            Kind::Static(Part::of(Metric::STEPS, 7_000)),
        ),
        ("days", Period::Week, Kind::DaysOf { part, days: 3 }),
        ("mine", Period::Day, Kind::Adaptive(ADAPTIVE)),
    ];
    for (name, period, kind) in terms {
        let terms = Terms::of(kind);
        history.put_terms(name, period, terms, Some(today)).unwrap();
    }
    history.enrol(7, &window("2026-10-24", "2026-10-26"));
    history
}

fn rest(history: &mut History, in_days: i32) {
    let day = history.user.day_of(history.now_ms).plus(in_days);
    let asked = goals::admit::rest_day(&history.user, day, history.now_ms);
    if let Ok(Some(input)) = asked {
        history.input(input);
    }
}

/// Plays the steps; `check` looks at the state after each.
pub fn play(history: &mut History, steps: &[Step], mut check: impl FnMut(&History)) {
    let mut batches: Vec<(u8, Vec<Record>)> = Vec::new();
    for step in steps {
        match step {
            Step::Send {
                device,
                records,
                skewed,
            } => {
                batches.push((*device, records.clone()));
                if *skewed {
                    history.send_skewed(*device, records.clone());
                } else {
                    history.send(*device, records.clone());
                }
            }
            Step::Live {
                device,
                minutes,
                value,
            } => {
                let records = live(history.now_ms, *minutes, *value);
                batches.push((*device, records.clone()));
                history.send(*device, records);
            }
            Step::Repeat(which) => {
                if let Some((device, records)) = batches.get(which % batches.len().max(1)) {
                    history.send(*device, records.clone());
                }
            }
            Step::Wait(ms) => history.wait_until(history.now_ms + ms),
            Step::Tick => history.tick(history.now_ms),
            // Too many of them, or one for a settled day, is refused.
            Step::Zone(zone, since) => {
                let _ = history.move_to(zone, history.now_ms - since * MINUTE_MS);
            }
            Step::PutGoal {
                goal,
                target,
                in_days,
            } => {
                let today = history.user.day_of(history.now_ms);
                let from = in_days.map(|days| today.plus(days));
                let asked = history.put_goal(goal, *target, from);
                let past = in_days.is_some_and(|days| days < 0);
                let too_often = matches!(asked, Err(GoalRefusal::Limit(_)));
                assert_eq!(asked.is_err(), past || too_often);
            }
            Step::Rest(in_days) => rest(history, *in_days),
            Step::DeleteGoal(name) => history.input(UserInput::DeleteGoal(goal(name))),
            Step::Enrol(challenge) => {
                let starts = beginning_ms() / DAY_MS + i64::from(*challenge) - 7;
                let starts = Day(starts as i32);
                let definition = window(&starts.iso(), &starts.plus(2).iso());
                if history.now_ms < definition.ends_at_ms() {
                    history.enrol(*challenge, &definition);
                }
            }
            Step::Withdraw(challenge) => {
                let challenge = ChallengeId([*challenge; 16]);
                if let Some(held) = history.user.enrolments.get(&challenge) {
                    let join = held.join;
                    history.input(UserInput::Withdraw { challenge, join });
                }
            }
            Step::Snapshot => history.snapshot(),
            Step::Crash => history.crash(),
        }
        check(history);
    }
}

/// Whole minutes up to now; the id is the minute, so that sending one again is a repeat or a correction.
fn live(now_ms: i64, minutes: i64, value: i64) -> Vec<Record> {
    let last = now_ms.div_euclid(MINUTE_MS);
    let record = |minute: i64| {
        let value = (value + minute % 7 * 10) * (minute % 5 % 3);
        steps(minute as u64, minute * MINUTE_MS, 1, value)
    };
    (last - minutes..last).map(record).collect()
}

/// Copies of all batches that were journaled.
pub fn copies(history: &History) -> Vec<Copy> {
    let copy = |(batch, record): (&streakline_core::input::Ingest, &Record)| Copy {
        device: batch.device,
        record: record.clone(),
        skewed: batch.skewed,
    };
    history.journaled().map(copy).collect()
}

/// Every day is what the set of received copies says.
/// When the copies alone meet a goal.
fn due(
    history: &History,
    totals: &BTreeMap<Day, reference::Totals>,
    progress: &GoalProgress,
) -> Option<i64> {
    let goal = &history.user.goals[&progress.goal];
    let (terms, counted) = goal.terms_of(progress.first)?;
    let last = progress.period.last_day(progress.first);
    let days = totals.range(counted..=last);
    if progress.counted == Counted::Days {
        let each = terms.parts()[0].target;
        let mut met = days.filter_map(|(_, day)| day.met_at_ms(each));
        return met.nth(progress.target as usize - 1);
    }
    let mut whole = reference::Totals::default();
    days.for_each(|(_, day)| whole.series.extend(&day.series));
    whole.met_at_ms(progress.target)
}

pub fn assert_days_follow_from_the_set(history: &History) {
    let rules = (history.user.calendar(), history.rules.manual_policy);
    let wanted = reference::days(&copies(history), &bound(), rules);
    let all = history.user.days.keys().chain(wanted.keys());
    let all: std::collections::BTreeSet<_> = all.copied().chain([date("2026-10-24")]).collect();
    for day in all {
        let totals = &wanted;
        let wanted = totals.get(&day).cloned().unwrap_or_default();
        let view = history.day(day);
        assert_eq!(
            (view.display, view.eligible, view.records),
            (wanted.display, wanted.eligible, wanted.records),
            "totals of {}",
            day.iso()
        );
        let read: i64 = wanted
            .series
            .iter()
            .map(|(_, value)| i64::from(*value))
            .sum();
        let told = view.for_goals.get(&Metric::STEPS).copied();
        assert_eq!(
            told.unwrap_or(view.eligible),
            read,
            "what goals read of {}",
            day.iso()
        );
        assert!(told.is_none_or(|told| told != view.eligible));
        for progress in view.goals {
            let met_at_ms = progress.met_at.map(|(at_ms, _)| at_ms);
            let due = due(history, totals, &progress);
            let last = progress.period.last_day(progress.first);
            let kept = last <= history.user.hard_closed && due.is_none();
            assert!(
                met_at_ms == due || kept,
                "{:?} {met_at_ms:?} {due:?}",
                progress.goal
            );
        }
    }
}
