//! The body of a goal's PUT (protocol.md 7), and what every other body shares with it: metrics by name.
//!
//! Which members a goal has depends on its kind: each kind reads its own, and every other one is unknown.

use std::collections::BTreeMap;

use serde_json::Value;
use streakline_core::{
    decimal,
    goal::{Adaptive, Bounds, Kind, Mode, Part, Policy, Terms},
    id::GoalId,
    limits::{GOAL_PARTS_MAX, REST_DAYS_PER_WEEK_MAX},
    metric::{Metric, unit::Ratio},
    period::{Period, WeekStart},
    user::goals::admit::Wish,
};
use utoipa::ToSchema;

use super::{
    fault::{Faults, Wrong},
    fields::{Fields, date, integer, text, word},
    streak_body::{self, StreakBody},
};
use crate::{
    actors::message::PutGoal,
    protocol::{
        body::goal::{WEEKDAYS, period_name, week_start_name},
        error_code::{Code, Refusal},
    },
    registry,
};

/// Members of the answer that a PUT may send back; they change nothing.
const READ_ONLY: &[&str] = &["goal", "until", "current", "issued"];
/// More than any period can hold.
const TARGET_MAX: i64 = 1_000_000_000;
/// The onboarding target of steps (domain.md 3.2).
const ONBOARDING: i64 = 6_000;
const KINDS: &[&str] = &["static", "adaptive", "days_of", "composite"];

/// A goal to be set.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct GoalBody {
    /// What it counts; of every kind but `composite`.
    #[schema(example = "steps")]
    metric: Option<String>,
    /// `day`, `week` or `month`; never changes.
    #[schema(example = "day")]
    period: String,
    /// `monday` or `sunday`; only of weekly goals, never changes.
    #[schema(example = "monday")]
    week_starts: Option<String>,
    /// `static`, `adaptive` (daily), `days_of` (weekly, monthly) or `composite`.
    #[schema(example = "static")]
    kind: String,
    /// In the metric's unit. Of `days_of`: what each day must reach. Of `adaptive`, optional: the user's own target for one
    /// day.
    #[schema(example = 7500, minimum = 1, maximum = 1_000_000_000)]
    target: Option<i64>,
    /// Targets of single days of the week, by `mon` to `sun`; the others have `target`. Not of weekly and monthly sums.
    #[schema(value_type = Option<Object>)]
    targets: Option<BTreeMap<String, i64>>,
    /// Of `days_of`: how many days of the week or month must reach the target.
    #[schema(minimum = 1, maximum = 31)]
    days: Option<u32>,
    /// Of `composite`: `all` or `any`.
    #[schema(example = "all")]
    mode: Option<String>,
    /// Of `composite`: 2 to 8 objects with `metric`, `target` and `targets`, each of another metric.
    #[schema(value_type = Option<Vec<Object>>)]
    parts: Option<Vec<Value>>,
    /// Of `adaptive`: `name` (`percentile`, the default, or `garmin_like`), `onboarding`, `floor`, `cap`, `round_to`, `step`.
    #[schema(value_type = Option<Object>)]
    policy: Option<Value>,
    /// Of daily goals: how many of the user's rest days it honours in an ISO week; 2 by default.
    #[schema(minimum = 0, maximum = 2)]
    rest_days: Option<u8>,
    /// First day of these terms. Absent: today while that is an open question, else tomorrow.
    #[schema(format = Date)]
    from: Option<String>,
    /// What its streak allows; absent: as before, which is nothing at first.
    #[schema(inline)]
    streak: Option<StreakBody>,
}

pub(super) fn parse(goal: GoalId, body: &Value) -> Result<PutGoal, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let period = top.required("period", period);
    let kind = top.required("kind", word(KINDS));
    let (kind, own) = match kind.unwrap_or("static") {
        "adaptive" => adaptive(&mut top),
        "days_of" => (days_of(&mut top, period), None),
        "composite" => (composite(&mut top), None),
        _ => (part(&mut top).map(Kind::Static), None),
    };
    let rest_days = rest_days(&mut top, period);
    let week_start = week_start(&mut top, period);
    let from = top.nullable("from", date).flatten();
    let named = body.get("streak").is_some();
    let streak = streak_body::parse(top.object("streak"));
    if streak.is_of_days() && period.is_some_and(|period| period != Period::Day) {
        let words = "passes and repairs are of daily goals";
        top.fault("streak", Wrong::new("unsupported", words));
    }
    let terms = kind.map(|kind| Terms { kind, rest_days });
    if let (Some(period), Some(terms)) = (period, &terms) {
        fits(&top, period, terms);
    }
    top.done(READ_ONLY);
    faults.none()?;
    let (Some(period), Some(terms)) = (period, terms) else {
        let detail = "a required member was not read";
        return Err(Refusal::new(Code::Internal, detail));
    };
    let wish = Wish {
        period,
        week_start,
        terms,
        own,
        from,
    };
    let streak = named.then_some(streak);
    Ok(PutGoal { goal, wish, streak })
}

/// A metric by its name, whose amounts add up.
pub(super) fn metric(value: &Value) -> Result<Metric, Wrong> {
    let words = "must be a metric whose amounts add up, such as steps";
    let known = registry::metrics().named(&text(value)?);
    let counted = known.filter(|of| of.adds_up());
    counted
        .map(|of| of.metric)
        .ok_or_else(|| Wrong::new("unknown_metric", words))
}

/// A number of a metric's unit as store units, from so many of these on.
pub(super) fn amount(metric: Option<Metric>, lowest: i64) -> impl Fn(&Value) -> Result<i64, Wrong> {
    let of = metric.and_then(|metric| registry::metrics().get(metric));
    let per_unit = of.map_or(1, |of| of.store_per_unit);
    move |value| {
        if !value.is_number() {
            return Err(Wrong::shape("must be a number"));
        }
        let read = decimal::read(&value.to_string(), Ratio::ONE.times(per_unit));
        let most = TARGET_MAX * i64::from(per_unit);
        let within = read.ok().filter(|read| (lowest..=most).contains(read));
        let from = if lowest == 0 { "from 0" } else { "above 0" };
        let words = || format!("must be a number {from}, at most {TARGET_MAX}");
        within.ok_or_else(|| Wrong::range(words()))
    }
}

fn period(value: &Value) -> Result<Period, Wrong> {
    let name = word(&["day", "week", "month"])(value)?;
    let periods = [Period::Day, Period::Week, Period::Month];
    let found = periods.into_iter().find(|one| period_name(*one) == name);
    found.ok_or_else(|| Wrong::shape("is no period"))
}

fn week_start(top: &mut Fields<'_>, period: Option<Period>) -> Option<WeekStart> {
    if period.is_some_and(|period| period != Period::Week) {
        return None;
    }
    let name = top.optional("week_starts", word(&["monday", "sunday"]))?;
    let starts = [WeekStart::Monday, WeekStart::Sunday];
    starts
        .into_iter()
        .find(|start| week_start_name(*start) == name)
}

fn rest_days(top: &mut Fields<'_>, period: Option<Period>) -> u8 {
    let most = u8::try_from(REST_DAYS_PER_WEEK_MAX).unwrap_or(u8::MAX);
    if period.is_some_and(|period| period != Period::Day) {
        return most;
    }
    let days = top.optional("rest_days", integer(0..=i64::from(most)));
    days.and_then(|days| u8::try_from(days).ok())
        .unwrap_or(most)
}

/// `metric`, `target` and `targets` of an object.
fn part(fields: &mut Fields<'_>) -> Option<Part> {
    let metric = fields.required("metric", metric);
    let target = fields.required("target", amount(metric, 1));
    let mut own = fields.object("targets");
    let mut weekdays = BTreeMap::new();
    for (day, name) in (0_u8..).zip(WEEKDAYS) {
        if let Some(target) = own.optional(name, amount(metric, 1)) {
            weekdays.insert(day, target);
        }
    }
    own.done(&[]);
    Some(Part {
        metric: metric?,
        target: target?,
        weekdays,
    })
}

fn days_of(top: &mut Fields<'_>, period: Option<Period>) -> Option<Kind> {
    let part = part(top);
    let most = if period == Some(Period::Week) { 7 } else { 31 };
    let days = top.required("days", integer(1..=most));
    let days = days.and_then(|days| u32::try_from(days).ok());
    Some(Kind::DaysOf {
        part: part?,
        days: days?,
    })
}

fn composite(top: &mut Fields<'_>) -> Option<Kind> {
    let mode = top.required("mode", word(&["all", "any"]));
    let mut parts: Vec<Part> = Vec::new();
    let mut whole = true;
    for mut fields in top.objects("parts", 2..=GOAL_PARTS_MAX) {
        let read = part(&mut fields);
        let again = |part: &Part| parts.iter().any(|other| other.metric == part.metric);
        if read.as_ref().is_some_and(again) {
            fields.fault("metric", Wrong::new("repeated", "another part counts it"));
        }
        fields.done(&[]);
        whole &= read.is_some();
        parts.extend(read);
    }
    let mode = if mode? == "all" { Mode::All } else { Mode::Any };
    whole.then_some(Kind::Composite { mode, parts })
}

/// An adaptive goal, and the user's own target for one day.
fn adaptive(top: &mut Fields<'_>) -> (Option<Kind>, Option<i64>) {
    let metric = top.required("metric", metric);
    let mut fields = top.object("policy");
    let name = fields.optional("name", word(&["percentile", "garmin_like"]));
    // The figures of domain.md 3.2 are those of steps; another metric brings its own.
    let mut figure = |name, lowest, default| {
        let read = amount(metric, lowest);
        let given = if metric.is_none_or(|metric| metric == Metric::STEPS) {
            fields.optional(name, read)
        } else {
            fields.required(name, read)
        };
        given.unwrap_or(default)
    };
    let steps = Bounds::STEPS;
    let bounds = Bounds {
        floor: figure("floor", 1, steps.floor),
        cap: figure("cap", 1, steps.cap),
        round_to: figure("round_to", 1, steps.round_to),
        step: figure("step", 0, steps.step),
    };
    let onboarding = figure("onboarding", 1, ONBOARDING);
    if bounds.floor > bounds.cap {
        fields.fault("floor", Wrong::range("must not be above cap"));
    }
    fields.done(&[]);
    let read = amount(metric, 1);
    let within = |value: &Value| {
        let target = read(value)?;
        let words = "must lie within floor and cap";
        (bounds.floor..=bounds.cap)
            .contains(&target)
            .then_some(target)
            .ok_or_else(|| Wrong::range(words))
    };
    let own = top.nullable("target", within).flatten();
    let by_name = |policy: &Policy| name.is_none_or(|name| policy.name() == name);
    let policy = Policy::ALL.into_iter().find(by_name);
    let adaptive = |metric| {
        Some(Kind::Adaptive(Adaptive {
            metric,
            policy: policy?,
            onboarding,
            bounds,
        }))
    };
    (metric.and_then(adaptive), own)
}

/// Notes which member makes a kind of goal impossible for its period.
fn fits(top: &Fields<'_>, period: Period, terms: &Terms) {
    if terms.fits(period) {
        return;
    }
    let (member, words) = match terms.kind {
        Kind::Adaptive(_) => ("period", "an adaptive goal is daily"),
        Kind::DaysOf { .. } => ("period", "days are counted over a week or a month"),
        Kind::Composite { .. } => ("parts", "a weekly or monthly sum has one target"),
        Kind::Static(_) => ("targets", "a weekly or monthly sum has one target"),
    };
    top.fault(member, Wrong::new("unsupported", words));
}

#[cfg(test)]
mod tests;
