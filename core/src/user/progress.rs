//! From a day's minutes to what they come to; goals and scores that count the day follow.
//!
//! Everything here is a function of the day's cells, so it is the same however the records came (domain.md, rule 1).

use alloc::{collections::BTreeSet, vec::Vec};

use super::{User, enrolment, fold::Fold, paying};
use crate::{
    civil::Day,
    day::{Amount, DayState, Head, Standing},
    event::Topic,
    limits, merge,
    metric::Metric,
};

/// What a minute may count of a metric at most (domain.md 9.1, S1).
pub(super) fn minute_cap(metric: Metric) -> Option<u32> {
    (metric == Metric::STEPS).then_some(limits::STEPS_PER_MINUTE_MAX)
}

/// Eligible amount a minute; empty when the minutes are not at hand.
pub(super) fn eligible_series(user: &User, metric: Metric, day: Day) -> Vec<(i32, u32)> {
    let span = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    let head = user.days.get(&day).and_then(|state| state.head.as_ref());
    head.map_or_else(Vec::new, |head| {
        series(head, &user.standings(day), metric, (span, true))
    })
}

/// One run of a metric's merge, with what a day's total adds to it.
pub(super) fn series(
    head: &Head,
    standings: &[Standing],
    metric: Metric,
    (span, eligible): ((i64, i64), bool),
) -> Vec<(i32, u32)> {
    let cap = minute_cap(metric).filter(|_| eligible);
    let merged = merge::merge(&head.bidders(standings, metric, eligible), cap);
    let totals = head.totals.get(&metric).copied().unwrap_or_default();
    let total = if eligible {
        totals.eligible
    } else {
        totals.display
    };
    match total {
        Some(total) => merge::with_remainder(merged, total, span, cap),
        None => merged,
    }
}

/// What a day says of these metrics has changed: totals, goals and scores follow.
pub(super) fn refresh(user: &mut User, fold: &mut Fold<'_>, day: Day, metrics: &BTreeSet<Metric>) {
    let standings = user.standings(day);
    let span = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    for metric in metrics {
        let eligible = eligible_series(user, *metric, day);
        if let Some(state) = user.days.get_mut(&day) {
            total(state, &standings, (*metric, span), &eligible);
        }
        if *metric == Metric::STEPS {
            paying::share(user, day, &eligible);
        }
        enrolment::day_changed(user, fold, (day, *metric), &eligible);
        fold.touched.insert((day, *metric), eligible);
    }
    if let Some(state) = user.days.get_mut(&day) {
        state.version = state.version.saturating_add(1);
        state.links.change(fold.input_id());
    }
    fold.changed(Topic::Day(day));
}

/// What is shown of an archived day has changed; what it was worth stays.
pub(super) fn show(user: &mut User, day: Day, metrics: &BTreeSet<Metric>) {
    let standings = user.standings(day);
    let span = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    let Some(state) = user.days.get_mut(&day) else {
        return;
    };
    for metric in metrics {
        let worth = state.amount(*metric).eligible;
        total(state, &standings, (*metric, span), &[]);
        if worth > 0 {
            state.amounts.entry(*metric).or_default().eligible = worth;
        }
    }
    state.version = state.version.saturating_add(1);
}

fn total(
    state: &mut DayState,
    standings: &[Standing],
    (metric, span): (Metric, (i64, i64)),
    eligible: &[(i32, u32)],
) {
    let Some(head) = &state.head else { return };
    let display = sum(&series(head, standings, metric, (span, false)));
    let amount = Amount {
        display,
        eligible: sum(eligible),
    };
    let summary = merge::Summary::over(merge::merge_readings(&head.readers(standings, metric)));
    if metric == Metric::SLEEP {
        state.night = merge::night(&head.recorded(standings, metric), span);
    }
    if metric == Metric::WORKOUT {
        let mut workouts = merge::workouts(&head.recorded(standings, metric));
        workouts.truncate(limits::WORKOUTS_PER_DAY_MAX);
        state.workouts = workouts;
    }
    match summary {
        Some(summary) => drop(state.gauges.insert(metric, summary)),
        None => drop(state.gauges.remove(&metric)),
    }
    if amount == Amount::default() {
        state.amounts.remove(&metric);
    } else {
        state.amounts.insert(metric, amount);
    }
}

pub(super) fn sum(series: &[(i32, u32)]) -> i64 {
    series.iter().fold(0_i64, |sum, (_, value)| {
        sum.saturating_add(i64::from(*value))
    })
}
