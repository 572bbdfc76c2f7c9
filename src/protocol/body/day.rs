//! A civil day as REST and the snapshot show it, and the words for its phase and status.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    day::Amount,
    episode::Stage,
    merge::{self, Night, Summary},
    metric::{Definition, Metric},
    period::Period,
    small_map::SmallMap,
    view::{self, DayView},
};
use utoipa::ToSchema;

use super::{
    goal::period_name,
    hex,
    quantity::{amount, counted, counts, decimal},
};
use crate::registry;

/// Phase of a civil day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayPhase {
    /// Samples count for everything.
    Open,
    /// Tokens are posted; later samples still count.
    SoftClosed,
    /// Frozen for rewards.
    HardClosed,
    /// Read only.
    Archived,
}

impl From<view::DayPhase> for DayPhase {
    fn from(phase: view::DayPhase) -> Self {
        match phase {
            view::DayPhase::Open => Self::Open,
            view::DayPhase::SoftClosed => Self::SoftClosed,
            view::DayPhase::HardClosed => Self::HardClosed,
            view::DayPhase::Archived => Self::Archived,
        }
    }
}

/// Status of a day for one goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayStatus {
    /// The target was reached.
    Met,
    /// Closed without reaching it, or confirmed fraud.
    Missed,
    /// A rest day of the user's choice.
    Rest,
    /// All its days lie in a pause.
    Paused,
    /// Missed, and covered by a freeze.
    Frozen,
    /// Missed, and covered by a pass.
    Pass,
    /// Missed, and repaired.
    Repaired,
    /// A date that the user's calendar jumped over, or a day that a change of zone shortened.
    Void,
    /// Not closed and not met.
    Pending,
}

impl From<view::DayStatus> for DayStatus {
    fn from(status: view::DayStatus) -> Self {
        match status {
            view::DayStatus::Met => Self::Met,
            view::DayStatus::Missed => Self::Missed,
            view::DayStatus::Rest => Self::Rest,
            view::DayStatus::Paused => Self::Paused,
            view::DayStatus::Frozen => Self::Frozen,
            view::DayStatus::Pass => Self::Pass,
            view::DayStatus::Repaired => Self::Repaired,
            view::DayStatus::Void => Self::Void,
            view::DayStatus::Pending => Self::Pending,
        }
    }
}

/// A civil day of a user.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Day {
    /// The date.
    #[schema(format = Date, example = "2016-04-13")]
    pub day: String,
    /// Its first instant, POSIX ms.
    pub start_ms: i64,
    /// The first instant after it, POSIX ms.
    pub end_ms: i64,
    /// IANA zone in force at its start.
    #[schema(example = "Europe/Berlin")]
    pub zone: String,
    /// Where it stands.
    pub phase: DayPhase,
    /// Total of all methods, unclamped.
    pub display: i64,
    /// Total that challenges and tokens read; goals and streaks too, where `metrics` gives them no `for_goals`.
    pub eligible: i64,
    /// `eligible` as frozen at hard close.
    pub scored: i64,
    /// Every metric that the day says anything of, by name, in the metric's unit.
    #[schema(value_type = Object, example = json!({"distance": {"display": 7120.5, "eligible": 7120.5},
        "heart_rate": {"n": 1440, "min": 48, "max": 171, "mean": 71.3, "last": 62, "last_ms": 1460584740000}}))]
    pub metrics: BTreeMap<&'static str, MetricDay>,
    /// The sleep that ends in it.
    #[schema(required = true)]
    pub sleep: Option<Sleep>,
    /// Workouts that end in it, by start; the first 48.
    pub workouts: Vec<Workout>,
    /// Accepted winning records that start in it, zeros included.
    pub records: u32,
    /// Goals in force on it.
    pub goals: Vec<GoalDay>,
    /// Its tokens.
    pub tokens: DayTokens,
    /// SHA-256 over its cells and the identities of its accepted records, in hexadecimal.
    pub state_hash: String,
}

/// What a day says of one metric, in the metric's unit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MetricDay {
    /// Amounts that add up.
    Amount {
        /// Total of all methods, unclamped.
        display: f64,
        /// Total of the samples that count, clamped.
        eligible: f64,
        /// What goals and streaks read, where that is another amount (`rules.manual_policy = "goals_only"`).
        #[serde(skip_serializing_if = "Option::is_none")]
        for_goals: Option<f64>,
    },
    /// Readings of a gauge.
    Gauge {
        /// How many.
        n: u64,
        /// The lowest.
        min: f64,
        /// The highest.
        max: f64,
        /// Their mean.
        mean: f64,
        /// The last.
        last: f64,
        /// Instant of the last, POSIX ms.
        last_ms: i64,
    },
}

/// The sleep of one day, in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sleep {
    /// Episodes that end in the day.
    pub episodes: u32,
    /// Asleep: of the stages asleep, light, deep and rem.
    pub asleep_min: u32,
    /// In bed: of all stages.
    pub in_bed_min: u32,
    /// Awake.
    pub awake_min: u32,
    /// Light sleep.
    pub light_min: u32,
    /// Deep sleep.
    pub deep_min: u32,
    /// REM sleep.
    pub rem_min: u32,
    /// Start of the first episode, POSIX ms.
    pub start_ms: i64,
    /// End of the last episode, POSIX ms.
    pub end_ms: i64,
}

impl From<&Night> for Sleep {
    fn from(night: &Night) -> Self {
        Self {
            episodes: night.episodes,
            asleep_min: night.asleep(),
            in_bed_min: night.in_bed(),
            awake_min: night.of(Stage::Awake),
            light_min: night.of(Stage::Light),
            deep_min: night.of(Stage::Deep),
            rem_min: night.of(Stage::Rem),
            start_ms: night.start_ms,
            end_ms: night.end_ms,
        }
    }
}

/// Every metric with its name, in its unit.
pub(crate) fn metrics(
    (amounts, for_goals): (&SmallMap<Metric, Amount>, &SmallMap<Metric, i64>),
    gauges: &SmallMap<Metric, Summary>,
) -> BTreeMap<&'static str, MetricDay> {
    let amounts = amounts.iter().filter_map(|(metric, amount)| {
        let of = registry::metrics().get(*metric)?;
        let for_goals = for_goals.get(metric);
        let amount = MetricDay::Amount {
            display: decimal(of.thousandths(amount.display)),
            eligible: decimal(of.thousandths(amount.eligible)),
            for_goals: for_goals.map(|amount| decimal(of.thousandths(*amount))),
        };
        Some((of.name.as_str(), amount))
    });
    let gauges = gauges.iter().filter_map(|(metric, summary)| {
        let of = registry::metrics().get(*metric)?;
        Some((of.name.as_str(), gauge(of, summary)))
    });
    amounts.chain(gauges).collect()
}

fn gauge(of: &Definition, summary: &Summary) -> MetricDay {
    let mean = of.mean_thousandths(summary.sum, summary.count);
    MetricDay::Gauge {
        n: summary.count,
        min: decimal(of.thousandths(summary.min)),
        max: decimal(of.thousandths(summary.max)),
        mean: mean.map_or(0.0, decimal),
        last: decimal(of.thousandths(summary.last)),
        last_ms: summary.last_ms,
    }
}

/// A workout, however many devices recorded it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Workout {
    /// Start of the first recording, POSIX ms.
    pub start_ms: i64,
    /// End of the last one, POSIX ms.
    pub end_ms: i64,
    /// Which sport, as the device that is believed says.
    #[schema(required = true, example = "run")]
    pub sport: Option<String>,
    /// Totals that this device gives, by metric, in the metric's unit.
    #[schema(value_type = Object, example = json!({"distance": 5020, "active_energy": 310}))]
    pub totals: BTreeMap<&'static str, Number>,
    /// Recordings of devices that share its time.
    #[schema(example = 1)]
    pub recordings: u32,
}

impl From<&merge::Workout> for Workout {
    fn from(held: &merge::Workout) -> Self {
        let named = |(metric, total): &(Metric, i64)| {
            (registry::metrics().name(*metric), amount(*metric, *total))
        };
        Self {
            start_ms: held.start_ms,
            end_ms: held.end_ms,
            sport: held.sport.clone(),
            totals: held.totals.iter().map(named).collect(),
            recordings: held.recordings,
        }
    }
}

/// One goal in the period that a day lies in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GoalDay {
    /// Which goal.
    #[schema(example = "steps-7500")]
    pub goal: String,
    /// How long the period lasts, where it is not a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "week")]
    pub period: Option<&'static str>,
    /// The day that the period starts with, where it is not a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub starts: Option<String>,
    /// What target and progress are numbers of, where that is no metric: `days` or `parts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "days")]
    pub counts: Option<&'static str>,
    /// Target of the period, in the metric's unit.
    #[schema(value_type = f64, example = 7500)]
    pub target: Number,
    /// What has been reached of it: the eligible amount, or so many days or parts.
    #[schema(value_type = f64, example = 8400)]
    pub progress: Number,
    /// The parts of a composite goal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartProgress>,
    /// Where it stands.
    pub status: DayStatus,
    /// Start of the minute in which the running sum reached the target, POSIX ms.
    #[schema(required = true)]
    pub met_at_ms: Option<i64>,
    /// The same minute on the user's wall.
    #[schema(required = true, example = "2016-04-13T18:18")]
    pub met_at_local: Option<String>,
}

/// What has been reached of one part of a composite goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartProgress {
    /// What it counts.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// Target, in the metric's unit.
    #[schema(value_type = f64, example = 7500)]
    pub target: Number,
    /// Eligible amount, in the metric's unit.
    #[schema(value_type = f64, example = 8400)]
    pub progress: Number,
}

/// Tokens of one day, 10^-6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DayTokens {
    /// Shown, not yet booked.
    pub pending_micro: i64,
    /// Booked.
    pub posted_micro: i64,
}

impl From<&view::PartProgress> for PartProgress {
    fn from(view: &view::PartProgress) -> Self {
        Self {
            metric: registry::metrics().name(view.metric),
            target: amount(view.metric, view.target),
            progress: amount(view.metric, view.progress),
        }
    }
}

impl From<&view::GoalProgress> for GoalDay {
    fn from(view: &view::GoalProgress) -> Self {
        let longer = view.period != Period::Day;
        Self {
            goal: view.goal.as_str().to_owned(),
            period: Some(period_name(view.period)).filter(|_| longer),
            starts: Some(view.first.iso()).filter(|_| longer),
            counts: counts(view.counted),
            target: counted(view.counted, view.target),
            progress: counted(view.counted, view.progress),
            parts: view.parts.iter().map(PartProgress::from).collect(),
            status: view.status.into(),
            met_at_ms: view.met_at.map(|(at_ms, _)| at_ms),
            met_at_local: view.met_at.map(|(_, local)| local.iso_minute()),
        }
    }
}

impl From<&DayView> for Day {
    fn from(view: &DayView) -> Self {
        Self {
            day: view.day.iso(),
            start_ms: view.start_ms,
            end_ms: view.end_ms,
            zone: view.zone.clone(),
            phase: view.phase.into(),
            display: view.display,
            eligible: view.eligible,
            scored: view.scored,
            metrics: metrics((&view.amounts, &view.for_goals), &view.gauges),
            sleep: view.night.as_ref().map(Sleep::from),
            workouts: view.workouts.iter().map(Workout::from).collect(),
            records: view.records,
            goals: view.goals.iter().map(GoalDay::from).collect(),
            tokens: DayTokens {
                pending_micro: view.pending_micro,
                posted_micro: view.posted_micro,
            },
            state_hash: hex(&view.state_hash),
        }
    }
}
