//! From a day's minutes to what they come to; goals and scores that count the day follow.
//!
//! Everything here is a function of the day's cells, so it is the same however the records came (domain.md, rule 1).

use alloc::{collections::BTreeSet, vec::Vec};

use super::{User, enrolment, fold::Fold, paying};
use crate::{
    civil::Day,
    day::{Amount, DayState, Head, Standing},
    event::Topic,
    limits,
    manual::Total,
    merge,
    metric::Metric,
};

/// What a minute may count of a metric at most (domain.md 9.1, S1).
pub(super) fn minute_cap(metric: Metric) -> Option<u32> {
    (metric == Metric::STEPS).then_some(limits::STEPS_PER_MINUTE_MAX)
}

/// What a minute may count in a total at most: what is shown is not clamped.
pub(super) fn cap_of(metric: Metric, total: Total) -> Option<u32> {
    minute_cap(metric).filter(|_| total != Total::Display)
}

/// What each minute counts in a total; empty when the minutes are not at hand.
pub(super) fn minutes(user: &User, (metric, total): (Metric, Total), day: Day) -> Vec<(i32, u32)> {
    let span = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    let head = user.days.get(&day).and_then(|state| state.head.as_deref());
    head.map_or_else(Vec::new, |head| {
        series(head, &user.standings(day), metric, (span, total))
    })
}

/// One run of a metric's merge, with what a day's total adds to it.
pub(super) fn series(
    head: &Head,
    standings: &[Standing],
    metric: Metric,
    (span, total): ((i64, i64), Total),
) -> Vec<(i32, u32)> {
    let cap = cap_of(metric, total);
    let merged = merge::merge(&head.bidders(standings, metric, total), cap);
    let totals = head.totals.get(&metric).copied().unwrap_or_default();
    match totals.of(total) {
        Some(total) => merge::with_remainder(merged, total, span, cap),
        None => merged,
    }
}

/// What such a run comes to.
fn worth(
    head: &Head,
    standings: &[Standing],
    metric: Metric,
    (span, total): ((i64, i64), Total),
) -> i64 {
    if head.totals.contains_key(&metric) {
        return sum(&series(head, standings, metric, (span, total)));
    }
    let bidders = head.bidders(standings, metric, total);
    merge::sum(&bidders, cap_of(metric, total))
}

/// What a day says of these metrics has changed: totals, goals and scores follow.
pub(super) fn refresh(user: &mut User, fold: &mut Fold<'_>, day: Day, metrics: &BTreeSet<Metric>) {
    let standings = user.standings(day);
    let span = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    for metric in metrics {
        let eligible = minutes(user, (*metric, Total::Eligible), day);
        let apart = user.manual_policy.sets_goals_apart();
        let goals = apart.then(|| minutes(user, (*metric, Total::Goals), day));
        if let Some(state) = user.days.get_mut(&day) {
            let worth = sum(&eligible);
            total(state, &standings, (*metric, span), worth);
            ask(state, *metric, goals.as_deref().map_or(worth, sum));
        }
        if *metric == Metric::STEPS {
            paying::share(user, day, &eligible);
        }
        enrolment::day_changed(user, fold, (day, *metric), &eligible);
        let read = goals.unwrap_or(eligible);
        fold.touched.insert((day, *metric), read);
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
        total(state, &standings, (*metric, span), 0);
        if worth > 0 {
            state.amounts.or_default(*metric).eligible = worth;
        }
    }
    state.version = state.version.saturating_add(1);
}

fn total(
    state: &mut DayState,
    standings: &[Standing],
    (metric, span): (Metric, (i64, i64)),
    eligible: i64,
) {
    let Some(head) = &state.head else { return };
    let display = worth(head, standings, metric, (span, Total::Display));
    let amount = Amount { display, eligible };
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

/// What goals read of a metric is kept where it is not the eligible amount.
fn ask(state: &mut DayState, metric: Metric, amount: i64) {
    if amount == state.amount(metric).eligible {
        state.for_goals.remove(&metric);
    } else {
        state.for_goals.insert(metric, amount);
    }
}

pub(super) fn sum(series: &[(i32, u32)]) -> i64 {
    series.iter().fold(0_i64, |sum, (_, value)| {
        sum.saturating_add(i64::from(*value))
    })
}
