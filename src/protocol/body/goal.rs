//! A goal as REST shows it: what it asks for, where it stands, and what an adaptive target was made of.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    civil::Day,
    goal::{Adaptive, IssuedTarget, Kind, Mode, Part, Terms},
    period::{Period, WeekStart},
    view::GoalView,
};
use utoipa::ToSchema;

use super::{day::GoalDay, quantity::amount, streak::StreakRule};
use crate::registry;

/// Names of the days of the week, Monday first.
pub(crate) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A goal of a user. Members that its kind does not have are absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Goal {
    /// Name, chosen by the caller.
    #[schema(example = "steps-7500")]
    pub goal: String,
    /// What it counts; absent where `parts` say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "steps")]
    pub metric: Option<&'static str>,
    /// What it counts over: `day`, `week` or `month`.
    #[schema(value_type = String, example = "day")]
    pub period: &'static str,
    /// Where its weeks start; only of weekly goals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "monday")]
    pub week_starts: Option<&'static str>,
    /// How its target comes about: `static`, `adaptive`, `days_of` or `composite`.
    #[schema(value_type = String, example = "static")]
    pub kind: &'static str,
    /// Target, in the metric's unit; of an adaptive goal that of today, of `days_of` that of each day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 7500)]
    pub target: Option<Number>,
    /// Targets of single days of the week, by `mon` to `sun`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub targets: BTreeMap<&'static str, Number>,
    /// How many days must reach the target; only of `days_of`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Whether `all` parts must be met or `any` of them; only of `composite`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "all")]
    pub mode: Option<&'static str>,
    /// The parts of a `composite` goal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<GoalPart>,
    /// How targets are found; only of `adaptive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<GoalPolicy>,
    /// How many of the user's rest days it honours in an ISO week, where that is not 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_days: Option<u8>,
    /// First day of these terms.
    #[schema(format = Date, example = "2016-04-13")]
    pub from: String,
    /// Last day, once the goal is deleted.
    #[schema(required = true, format = Date)]
    pub until: Option<String>,
    /// What its streak allows.
    pub streak: StreakRule,
    /// Where it stands in the period that is running; absent of a static daily goal, whose day says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<GoalDay>,
    /// Today's target of an adaptive goal with everything that it was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<Issued>,
}

/// A part of a composite goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GoalPart {
    /// What it counts.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// Target, in the metric's unit.
    #[schema(value_type = f64, example = 7500)]
    pub target: Number,
    /// Targets of single days of the week, by `mon` to `sun`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub targets: BTreeMap<&'static str, Number>,
}

/// How an adaptive goal finds its targets, in the metric's unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GoalPolicy {
    /// `percentile` or `garmin_like`.
    #[schema(value_type = String, example = "percentile")]
    pub name: &'static str,
    /// The target while fewer than 5 valid days are known.
    #[schema(value_type = f64, example = 6000)]
    pub onboarding: Number,
    /// Smallest target.
    #[schema(value_type = f64, example = 2000)]
    pub floor: Number,
    /// Largest target.
    #[schema(value_type = f64, example = 15000)]
    pub cap: Number,
    /// Suggestions are rounded up to a multiple of it.
    #[schema(value_type = f64, example = 50)]
    pub round_to: Number,
    /// A target may always move by this much, and by 15 %.
    #[schema(value_type = f64, example = 250)]
    pub step: Number,
}

/// An issued target with everything that it was made of, in the metric's unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Issued {
    /// What came of it.
    #[schema(value_type = f64, example = 6900)]
    pub target: Number,
    /// The user's own target for this day.
    #[schema(required = true, value_type = Option<f64>)]
    pub own: Option<Number>,
    /// What the policy suggested, before rounding and bounds.
    #[schema(value_type = f64, example = 7000)]
    pub base: Number,
    /// The target before it, which limits the change.
    #[schema(required = true, value_type = Option<f64>)]
    pub previous: Option<Number>,
    /// The valid days that the policy looked at, the newest first.
    pub window: Vec<IssuedDay>,
    /// The policy as it was then.
    pub policy: GoalPolicy,
    /// Whether nothing can change it any more.
    pub locked: bool,
    /// When it was issued, POSIX ms.
    pub issued_ms: i64,
}

/// A day that a policy looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct IssuedDay {
    /// The date.
    #[schema(format = Date, example = "2016-04-13")]
    pub day: String,
    /// Its eligible amount as it was known then.
    #[schema(value_type = f64, example = 5600)]
    pub amount: Number,
    /// Its target, where one was issued.
    #[schema(required = true, value_type = Option<f64>)]
    pub target: Option<Number>,
}

/// What a goal asks for, whatever its period. Members that its kind does not have are absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TermsOfGoal {
    /// How its target comes about: `static`, `adaptive`, `days_of` or `composite`.
    #[schema(value_type = String, example = "static")]
    pub kind: &'static str,
    /// How many days must reach the target; only of `days_of`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Whether `all` parts must be met or `any` of them; only of `composite`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "all")]
    pub mode: Option<&'static str>,
    /// Its parts; an adaptive goal has none.
    pub parts: Vec<GoalPart>,
    /// What an adaptive goal counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "steps")]
    pub metric: Option<&'static str>,
    /// How an adaptive goal finds its targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<GoalPolicy>,
    /// How many of the user's rest days it honours in an ISO week.
    pub rest_days: u8,
}

impl From<&Terms> for TermsOfGoal {
    fn from(terms: &Terms) -> Self {
        let (kind, days, mode, _) = kind_of(&terms.kind);
        let metric = terms.adaptive().map(|by| by.metric);
        Self {
            kind,
            days,
            mode,
            parts: terms.parts().iter().map(GoalPart::from).collect(),
            metric: metric.map(|metric| registry::metrics().name(metric)),
            policy: terms.adaptive().map(GoalPolicy::from),
            rest_days: terms.rest_days,
        }
    }
}

/// The name of a period.
#[must_use]
pub fn period_name(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
    }
}

/// The name of the day that weeks start with.
#[must_use]
pub fn week_start_name(week_start: WeekStart) -> &'static str {
    match week_start {
        WeekStart::Monday => "monday",
        WeekStart::Sunday => "sunday",
    }
}

impl From<&Part> for GoalPart {
    fn from(part: &Part) -> Self {
        let shown = |target: i64| amount(part.metric, target);
        let day =
            |(day, target): (&u8, &i64)| Some((*WEEKDAYS.get(usize::from(*day))?, shown(*target)));
        Self {
            metric: registry::metrics().name(part.metric),
            target: shown(part.target),
            targets: part.weekdays.iter().filter_map(day).collect(),
        }
    }
}

impl From<&Adaptive> for GoalPolicy {
    fn from(adaptive: &Adaptive) -> Self {
        let (bounds, shown) = (adaptive.bounds, |value| amount(adaptive.metric, value));
        Self {
            name: adaptive.policy.name(),
            onboarding: shown(adaptive.onboarding),
            floor: shown(bounds.floor),
            cap: shown(bounds.cap),
            round_to: shown(bounds.round_to),
            step: shown(bounds.step),
        }
    }
}

impl Issued {
    pub(super) fn of(issued: &IssuedTarget, day: Day) -> Self {
        let shown = |value| amount(issued.by.metric, value);
        let seen = issued.inputs.window.iter().map(|seen| IssuedDay {
            day: day.plus(-i32::from(seen.back)).iso(),
            amount: shown(seen.amount),
            target: seen.target.map(shown),
        });
        Self {
            target: shown(issued.target),
            own: issued.own.map(shown),
            base: shown(issued.base),
            previous: issued.inputs.previous.map(shown),
            window: seen.collect(),
            policy: GoalPolicy::from(&issued.by),
            locked: issued.locked,
            issued_ms: issued.issued_ms,
        }
    }
}

impl From<&GoalView> for Goal {
    fn from(view: &GoalView) -> Self {
        let terms = &view.terms;
        let daily = view.period == Period::Day;
        let single = match &terms.kind {
            Kind::Static(part) | Kind::DaysOf { part, .. } => Some(GoalPart::from(part)),
            Kind::Adaptive(_) | Kind::Composite { .. } => None,
        };
        let issued = view.issued.as_ref();
        let (metric, target, targets) = match single {
            Some(part) => (Some(part.metric), Some(part.target), part.targets),
            None => (
                terms
                    .adaptive()
                    .map(|by| registry::metrics().name(by.metric)),
                issued.map(|issued| amount(issued.by.metric, issued.effective())),
                BTreeMap::new(),
            ),
        };
        let plain = daily && matches!(terms.kind, Kind::Static(_));
        let (kind, days, mode, parts) = kind_of(&terms.kind);
        Self {
            goal: view.goal.as_str().to_owned(),
            metric,
            period: period_name(view.period),
            week_starts: (view.period == Period::Week).then(|| week_start_name(view.week_start)),
            kind,
            target,
            targets,
            days,
            mode,
            parts,
            policy: terms.adaptive().map(GoalPolicy::from),
            rest_days: Some(terms.rest_days).filter(|days| daily && *days != 2),
            from: view.from.iso(),
            until: view.until.map(|day| day.iso()),
            streak: view.streak.into(),
            current: view.now.as_ref().filter(|_| !plain).map(GoalDay::from),
            issued: issued.map(|issued| Issued::of(issued, view.today)),
        }
    }
}

type KindOf = (
    &'static str,
    Option<u32>,
    Option<&'static str>,
    Vec<GoalPart>,
);

fn kind_of(kind: &Kind) -> KindOf {
    match kind {
        Kind::Static(_) => ("static", None, None, Vec::new()),
        Kind::Adaptive(_) => ("adaptive", None, None, Vec::new()),
        Kind::DaysOf { days, .. } => ("days_of", Some(*days), None, Vec::new()),
        Kind::Composite { mode, parts } => {
            let mode = match mode {
                Mode::All => "all",
                Mode::Any => "any",
            };
            let parts = parts.iter().map(GoalPart::from).collect();
            ("composite", None, Some(mode), parts)
        }
    }
}
