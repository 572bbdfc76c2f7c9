//! Why a goal stands where it stands in a period.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    metric::Metric,
    user::explain::{Crossing, GoalWhy, Looked, PartWhy, TargetWhy, Use},
};
use utoipa::ToSchema;

use super::{
    super::{
        day::GoalDay,
        goal::{Issued, TermsOfGoal},
        quantity::amount,
    },
    Trail,
};
use crate::registry;

/// Why a goal stands where it stands in a period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GoalExplained {
    /// Which.
    #[schema(example = "steps-7500")]
    pub goal: String,
    /// First day of the period.
    #[schema(format = Date)]
    pub starts: String,
    /// Last day of the period.
    #[schema(format = Date)]
    pub ends: String,
    /// What it asks for in it; null: it is not in force.
    #[schema(required = true)]
    pub terms: Option<TermsOfGoal>,
    /// The first day that counts: later than `starts` where the goal began, or was revised, within the period.
    #[schema(required = true, format = Date)]
    pub counted_from: Option<String>,
    /// Days that count. Targets are shares of the whole period's: target x `days_left` / `days`, rounded up.
    pub days_left: i32,
    /// Days of the whole period.
    pub days: i32,
    /// It is a rest day: nothing is asked.
    pub rest_day: bool,
    /// Where it stands; null: it asks for nothing.
    #[schema(required = true)]
    pub progress: Option<GoalDay>,
    /// What each part asks for, and what has been reached of it.
    pub parts: Vec<PartExplained>,
    /// How the target of an adaptive goal came about.
    #[schema(required = true)]
    pub target: Option<TargetExplained>,
    /// What each day of the period gives, by metric, in its unit.
    pub amounts: Vec<AmountOfDay>,
    /// The minute that met it, POSIX ms.
    #[schema(required = true)]
    pub met_at_ms: Option<i64>,
    /// The same on the user's wall.
    #[schema(required = true)]
    pub met_at_local: Option<String>,
    /// What that minute added, by metric, and the samples that gave it.
    pub crossing: Vec<CrossingExplained>,
    /// `goal.completed` was told: it comes once, however progress moves.
    pub told_completed: bool,
    /// Every revision, by rising first day; the later ones hold.
    pub revisions: Vec<RevisionOfGoal>,
    /// Changes by hand within the last 7 days, of 3.
    pub changes_lately: usize,
    /// What was told of it and who changed what.
    pub trail: Trail,
}

/// What one part asks for, in the metric's unit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PartExplained {
    /// What it counts.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// Its target for a whole period.
    #[schema(value_type = f64, example = 7500)]
    pub whole: Number,
    /// Whether that is the target of this day of the week.
    pub weekday: bool,
    /// Its target for the days that count.
    #[schema(value_type = f64, example = 7500)]
    pub target: Number,
    /// Eligible amount of these days.
    #[schema(value_type = f64, example = 8400)]
    pub progress: Number,
}

/// What a day gives, by metric.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AmountOfDay {
    /// The date.
    #[schema(format = Date)]
    pub day: String,
    /// Eligible amounts by name of the metric.
    #[schema(value_type = Object)]
    pub eligible: BTreeMap<&'static str, Number>,
}

/// What the minute that met a goal added of one metric, in its unit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CrossingExplained {
    /// Which.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// Eligible amount of the period before that minute.
    #[schema(value_type = f64, example = 6980)]
    pub before: Number,
    /// What the minute added.
    #[schema(value_type = f64, example = 110)]
    pub added: Number,
    /// The samples that gave it.
    pub records: Vec<CrossingRecord>,
}

/// A sample that gave a part of a minute.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CrossingRecord {
    /// From which device.
    #[schema(format = Uuid)]
    pub device: String,
    /// Its id within the device.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What it gave of the minute, before the cap.
    #[schema(value_type = f64, example = 110)]
    pub amount: Number,
}

/// From a day on, these terms.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RevisionOfGoal {
    /// First day of it.
    #[schema(format = Date)]
    pub from: String,
    /// What it asks for; null: the goal ended before that day.
    #[schema(required = true)]
    pub terms: Option<TermsOfGoal>,
}

/// How the target of an adaptive goal came about, in the metric's unit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TargetExplained {
    /// The target with everything that the policy went by.
    pub issued: Issued,
    /// Of the percentile policy: the amounts of the window by rising size.
    #[schema(value_type = Vec<f64>)]
    pub sorted: Vec<Number>,
    /// Which of them, from 1, is the suggestion; null: fewer than five are known, and the onboarding target is.
    #[schema(required = true)]
    pub rank: Option<usize>,
    /// The suggestion rounded up.
    #[schema(value_type = f64, example = 7000)]
    pub rounded: Number,
    /// That within floor and cap.
    #[schema(value_type = f64, example = 7000)]
    pub bounded: Number,
    /// How far it may lie from the last target: at least; null: there was none.
    #[schema(required = true, value_type = Option<f64>)]
    pub at_least: Option<Number>,
    /// At most.
    #[schema(required = true, value_type = Option<f64>)]
    pub at_most: Option<Number>,
    /// What came of it, but for the user's own target.
    #[schema(value_type = f64, example = 6900)]
    pub target: Number,
    /// The 21 days that it looked back at, the newest first.
    pub looked: Vec<LookedAt>,
}

/// A day that a policy looked back at.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LookedAt {
    /// The date.
    #[schema(format = Date)]
    pub day: String,
    /// `counted`, `earlier` (nine later ones were enough), `open` (not closed then), `unknown` (no data), `idle` (nothing was
    /// asked on it), `quarantined`, `not_worn` (under 10 hours), `few_steps` (under 1,000, wear unknown) or `later` (valid now,
    /// not when the target was issued).
    #[schema(value_type = String, example = "counted")]
    pub used: &'static str,
    /// Its eligible amount when the target was issued, where it counted.
    #[schema(required = true, value_type = Option<f64>)]
    pub then: Option<Number>,
    /// Its eligible amount now.
    #[schema(value_type = f64, example = 5600)]
    pub now: Number,
    /// Minutes that a sample says were worn.
    pub worn_min: u32,
}

fn name(metric: Metric) -> &'static str {
    registry::metrics().name(metric)
}

fn used(used: Use) -> &'static str {
    match used {
        Use::Counted => "counted",
        Use::Earlier => "earlier",
        Use::Open => "open",
        Use::Unknown => "unknown",
        Use::Idle => "idle",
        Use::Quarantined => "quarantined",
        Use::NotWorn => "not_worn",
        Use::FewSteps => "few_steps",
        Use::Later => "later",
    }
}

impl From<&PartWhy> for PartExplained {
    fn from(part: &PartWhy) -> Self {
        Self {
            metric: name(part.metric),
            whole: amount(part.metric, part.whole),
            weekday: part.weekday,
            target: amount(part.metric, part.target),
            progress: amount(part.metric, part.progress),
        }
    }
}

impl From<&Crossing> for CrossingExplained {
    fn from(crossing: &Crossing) -> Self {
        let shown = |value| amount(crossing.metric, value);
        let records = crossing
            .records
            .iter()
            .map(|(device, id, version, value)| CrossingRecord {
                device: device.to_string(),
                id: id.to_string(),
                version: *version,
                amount: shown(*value),
            });
        Self {
            metric: name(crossing.metric),
            before: shown(crossing.before),
            added: shown(crossing.added),
            records: records.collect(),
        }
    }
}

impl From<&TargetWhy> for TargetExplained {
    fn from(why: &TargetWhy) -> Self {
        let shown = |value| amount(why.issued.by.metric, value);
        let looked = |looked: &Looked| LookedAt {
            day: looked.day.iso(),
            used: used(looked.used),
            then: looked.then.map(shown),
            now: shown(looked.now),
            worn_min: looked.worn_minutes,
        };
        let (sorted, rank) = &why.percentile;
        Self {
            issued: Issued::of(&why.issued, why.day),
            sorted: sorted.iter().map(|value| shown(*value)).collect(),
            rank: *rank,
            rounded: shown(why.held.rounded),
            bounded: shown(why.held.bounded),
            at_least: why.held.limits.map(|(low, _)| shown(low)),
            at_most: why.held.limits.map(|(_, high)| shown(high)),
            target: shown(why.held.target),
            looked: why.looked.iter().map(looked).collect(),
        }
    }
}

impl GoalExplained {
    /// The explanation, with a page of its trail.
    #[must_use]
    pub fn new(why: &GoalWhy, trail: Trail) -> Self {
        let day =
            |(day, amounts): &(streakline_core::civil::Day, Vec<(Metric, i64)>)| AmountOfDay {
                day: day.iso(),
                eligible: amounts
                    .iter()
                    .map(|(metric, value)| (name(*metric), amount(*metric, *value)))
                    .collect(),
            };
        let revision = |held: &streakline_core::goal::Revision| RevisionOfGoal {
            from: held.from.iso(),
            terms: held.terms.as_ref().map(TermsOfGoal::from),
        };
        Self {
            goal: why.goal.to_string(),
            starts: why.period.0.iso(),
            ends: why.period.1.iso(),
            terms: why.terms.as_ref().map(TermsOfGoal::from),
            counted_from: why.counted_from.map(|day| day.iso()),
            days_left: why.share.0,
            days: why.share.1,
            rest_day: why.rest,
            progress: why.progress.as_ref().map(GoalDay::from),
            parts: why.parts.iter().map(PartExplained::from).collect(),
            target: why.target.as_ref().map(TargetExplained::from),
            amounts: why.days.iter().map(day).collect(),
            met_at_ms: why.met_at.map(|(at_ms, _)| at_ms),
            met_at_local: why.met_at.map(|(_, local)| local.iso_minute()),
            crossing: why.crossing.iter().map(CrossingExplained::from).collect(),
            told_completed: why.told.completed,
            revisions: why.revisions.iter().map(revision).collect(),
            changes_lately: why.changes_lately,
            trail,
        }
    }
}
