//! From a day's minutes to its totals; goals and scores that count the day follow.
//!
//! Everything here is a function of the day's cells, so it is the same however the records came (domain.md, rule 1).

use alloc::vec::Vec;

use super::{User, enrolment, fold::Fold, goals};
use crate::{
    civil::Day,
    day::{DayState, Standing},
    event::Topic,
    limits, merge,
};

/// Eligible amount a minute; empty when the minutes are not at hand.
pub(super) fn eligible_series(user: &User, day: Day) -> Vec<(i32, u32)> {
    let head = user.days.get(&day).and_then(|state| state.head.as_ref());
    head.map_or_else(Vec::new, |head| {
        let cap = Some(limits::STEPS_PER_MINUTE_MAX);
        merge::merge(&head.bidders(&user.standings(), true), cap)
    })
}

/// A day's cells have changed: totals, goals and scores follow.
pub(super) fn refresh(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    let standings = user.standings();
    let series = eligible_series(user, day);
    let Some(state) = user.days.get_mut(&day) else {
        return;
    };
    total(state, &standings, &series);
    goals::judge_day(user, fold, day, &series);
    enrolment::day_changed(user, fold, day, &series);
    fold.changed(Topic::Day(day));
}

fn total(state: &mut DayState, standings: &[Standing], series: &[(i32, u32)]) {
    let sum = |series: &[(i32, u32)]| {
        series.iter().fold(0_i64, |sum, (_, value)| {
            sum.saturating_add(i64::from(*value))
        })
    };
    let Some(head) = &state.head else { return };
    state.display = sum(&merge::merge(&head.bidders(standings, false), None));
    state.eligible = sum(series);
    state.version = state.version.saturating_add(1);
}
