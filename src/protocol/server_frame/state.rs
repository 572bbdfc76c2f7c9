//! The newest values of the user's own topics: a day, a streak, a rank (protocol.md 4); an ack tells what a batch changed of
//! them in the same form.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    metric::Metric,
    period::Period,
    view::{Counted, DayStatus, DayTopic, DeviceView, GoalProgress, RankView, StreakView},
};

use crate::{
    protocol::{
        body::{
            self,
            challenge::ChallengePhase,
            day::{DayPhase, MetricDay, PartProgress, Sleep, Workout},
            device::{Battery, DeviceMetric, metrics},
            quantity::{counted, counts, measured},
        },
        form::{Encoded, Form},
    },
    registry,
};

/// A value as a frame of its own.
#[derive(Serialize)]
#[serde(tag = "type", rename = "state")]
struct State<T> {
    #[serde(flatten)]
    value: T,
}

fn state(form: Form, value: impl Serialize) -> Encoded {
    form.encode(&State { value })
}

#[derive(Serialize)]
pub(super) struct DayState<'a> {
    topic: String,
    version: u64,
    display: i64,
    eligible: i64,
    phase: DayPhase,
    pending_micro: i64,
    /// All but the steps, which `display` and `eligible` say, unless goals read something else.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metrics: BTreeMap<&'static str, MetricDay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep: Option<Sleep>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    workouts: Vec<Workout>,
    goals: Vec<GoalState<'a>>,
}

#[derive(Serialize)]
struct GoalState<'a> {
    goal: &'a str,
    target: Number,
    /// Absent where the frame's `eligible` says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartProgress>,
    met: bool,
    met_at_local: Option<String>,
}

impl<'a> From<&'a GoalProgress> for GoalState<'a> {
    fn from(view: &'a GoalProgress) -> Self {
        Self {
            goal: view.goal.as_str(),
            target: counted(view.counted, view.target),
            progress: Some(counted(view.counted, view.progress)).filter(|_| !is_daily_steps(view)),
            counts: counts(view.counted),
            parts: view.parts.iter().map(PartProgress::from).collect(),
            met: view.status == DayStatus::Met,
            met_at_local: view.met_at.map(|(_, local)| local.iso_minute()),
        }
    }
}

fn is_daily_steps(view: &GoalProgress) -> bool {
    view.period == Period::Day && view.counted == Counted::Amount(Metric::STEPS)
}

/// The newest value of `me/day/...`.
#[must_use]
pub fn day(form: Form, view: &DayTopic) -> Encoded {
    state(form, DayState::from(view))
}

impl<'a> From<&'a DayTopic> for DayState<'a> {
    fn from(view: &'a DayTopic) -> Self {
        let amounts = (&view.amounts, &view.for_goals);
        let mut metrics = body::day::metrics(amounts, &view.gauges);
        if !view.for_goals.contains_key(&Metric::STEPS) {
            metrics.remove(registry::metrics().name(Metric::STEPS));
        }
        Self {
            topic: format!("me/day/{}", view.day.iso()),
            version: view.version,
            display: view.display,
            eligible: view.eligible,
            phase: view.phase.into(),
            pending_micro: view.pending_micro,
            metrics,
            sleep: view.night.as_ref().map(Sleep::from),
            workouts: view.workouts.iter().map(Workout::from).collect(),
            goals: view.goals.iter().map(GoalState::from).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct StreakState {
    topic: String,
    version: u64,
    count: u32,
    with_today: u32,
    longest: u32,
    provisional: bool,
    start: Option<String>,
}

/// The newest value of `me/streak/...`.
#[must_use]
pub fn streak(form: Form, view: &StreakView) -> Encoded {
    state(form, StreakState::from(view))
}

impl From<&StreakView> for StreakState {
    fn from(view: &StreakView) -> Self {
        Self {
            topic: format!("me/streak/{}", view.goal),
            version: view.version,
            count: view.count,
            with_today: view.with_today,
            longest: view.longest.0,
            provisional: view.provisional,
            start: view.start.map(|day| day.iso()),
        }
    }
}

#[derive(Serialize)]
struct RankState {
    topic: String,
    version: u64,
    rank: u32,
    prev_rank: Option<u32>,
    score: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<&'static str>,
    participants: u32,
    phase: ChallengePhase,
    #[serde(skip_serializing_if = "Option::is_none")]
    ranks: Option<body::RankState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_bound: Option<u32>,
}

/// The newest value of `me/rank/...`.
#[must_use]
pub fn rank(form: Form, view: &RankView) -> Encoded {
    let value = RankState {
        topic: format!("me/rank/{}", view.challenge),
        version: view.version,
        rank: view.rank,
        prev_rank: view.prev_rank,
        score: measured(view.measure, view.score),
        metric: view.measure.metric().map(|of| registry::metrics().name(of)),
        participants: view.participants,
        phase: view.phase.into(),
        ranks: body::RankState::from(view.state).unless_told(),
        exact: view.error_bound.map(|_| false),
        error_bound: view.error_bound,
    };
    state(form, value)
}

#[derive(Serialize)]
struct DeviceState {
    topic: String,
    version: u64,
    as_of_ms: i64,
    metrics: Vec<DeviceMetric>,
    battery: Option<Battery>,
}

/// The newest value of `me/device/...`.
#[must_use]
pub fn device(form: Form, view: &DeviceView) -> Encoded {
    let value = DeviceState {
        topic: format!("me/device/{}", view.device),
        version: view.version,
        as_of_ms: view.as_of_ms,
        metrics: metrics(view),
        battery: view.battery.map(Battery::from),
    };
    state(form, value)
}
