//! Why a score in a challenge is what it is.

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    definition::Measure,
    metric::Metric,
    user::{
        EnrolmentState,
        explain::{LeftOut, ScoreDay, ScoreWhy},
    },
};
use utoipa::ToSchema;

use super::{
    super::quantity::{amount, measured},
    Span, Trail,
};
use crate::registry;

/// Why a score in a challenge is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ScoreExplained {
    /// In which challenge.
    #[schema(format = Uuid)]
    pub challenge: String,
    /// What it counts.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// `active`, `frozen` (the cut-off has passed), `left`, `settled` or `cancelled`.
    #[schema(value_type = String, example = "active")]
    pub state: &'static str,
    /// When the user joined, POSIX ms.
    pub joined_ms: i64,
    /// First date of the window.
    #[schema(format = Date)]
    pub starts: String,
    /// Last date of the window; null: it has no end.
    #[schema(required = true, format = Date)]
    pub ends: Option<String>,
    /// The window on the user's own days.
    pub window: Span,
    /// The minutes of it that count: from the joining, and at most 1,440 a day + 120 of them.
    pub counted: Span,
    /// What a day may count at most; null: anything.
    #[schema(required = true, value_type = Option<f64>)]
    pub per_day_cap: Option<Number>,
    /// What days before these came to, of a window without an end; left out where none are closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub before: Option<ScoreBefore>,
    /// By day with data.
    pub days: Vec<ScoreOfDay>,
    /// Their sum.
    #[schema(value_type = f64, example = 8400)]
    pub score: Number,
    /// Start of the minute in which the score reached its value, POSIX ms.
    pub achieved_at_ms: i64,
    /// The input that changed the score last: epoch and index in the user's partition.
    pub changed_by: String,
    /// What was told of it and who changed what.
    pub trail: Trail,
}

/// What days of a score came to that are told apart no more.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ScoreBefore {
    /// The last of them.
    #[schema(format = Date)]
    pub through: String,
    /// Their sum, in the metric's unit.
    #[schema(value_type = f64, example = 840_000)]
    pub score: Number,
}

/// One day of a score, in the metric's unit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ScoreOfDay {
    /// The date.
    #[schema(format = Date)]
    pub day: String,
    /// Total of all methods.
    #[schema(value_type = f64, example = 10700)]
    pub display: Number,
    /// Without manual and quarantined samples, clamped.
    #[schema(value_type = f64, example = 8400)]
    pub eligible: Number,
    /// What counts of it.
    #[schema(value_type = f64, example = 8400)]
    pub scored: Number,
    /// Start of the minute in which it reached that, POSIX ms.
    #[schema(required = true)]
    pub achieved_at_ms: Option<i64>,
    /// What may have left out the rest: `cap`, `outside` (of the minutes that count), `late` (after the hard close), `frozen`,
    /// `evidence` (no workout with a heart rate).
    #[schema(value_type = Vec<String>)]
    pub left_out: Vec<&'static str>,
}

fn state(state: EnrolmentState) -> &'static str {
    match state {
        EnrolmentState::Active => "active",
        EnrolmentState::Frozen => "frozen",
        EnrolmentState::Left => "left",
        EnrolmentState::Settled => "settled",
        EnrolmentState::Waiting => "waiting",
        EnrolmentState::Cancelled => "cancelled",
        EnrolmentState::Voided => "voided",
    }
}

fn left_out(why: &LeftOut) -> &'static str {
    match why {
        LeftOut::Cap => "cap",
        LeftOut::Outside => "outside",
        LeftOut::Late => "late",
        LeftOut::Frozen => "frozen",
        LeftOut::Evidence => "evidence",
    }
}

fn day((metric, days): (Metric, Measure), day: &ScoreDay) -> ScoreOfDay {
    ScoreOfDay {
        day: day.day.iso(),
        display: amount(metric, day.display),
        eligible: amount(metric, day.eligible),
        scored: measured(days, day.scored),
        achieved_at_ms: day.achieved_at_ms,
        left_out: day.left_out.iter().map(left_out).collect(),
    }
}

impl ScoreExplained {
    /// The explanation, with a page of its trail.
    #[must_use]
    pub fn new(why: &ScoreWhy, trail: Trail) -> Self {
        let (held, of) = (&why.enrolment, &why.enrolment.definition);
        let days = of.kind.measure_of_days(of.metric);
        Self {
            challenge: why.challenge.to_string(),
            metric: registry::metrics().name(of.metric),
            state: state(held.state),
            joined_ms: held.joined_ms,
            starts: of.starts.iso(),
            ends: (!of.is_endless).then(|| of.ends.iso()),
            window: Span::from(why.window_ms),
            counted: Span::from(why.counted_ms),
            per_day_cap: of.per_day_cap.map(|cap| measured(days, cap)),
            before: why.before.map(|past| ScoreBefore {
                through: past.through.iso(),
                score: measured(days, past.score),
            }),
            days: why
                .days
                .iter()
                .map(|of_day| day((of.metric, days), of_day))
                .collect(),
            score: measured(of.kind.measure_of_sum(of.metric), held.score),
            achieved_at_ms: held.achieved_at_ms,
            changed_by: format!("{}-{}", why.version.epoch, why.version.index),
            trail,
        }
    }
}
