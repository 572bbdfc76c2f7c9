//! From a day's minutes to its totals, to the minute in which each goal was met, and to the scores that count it.
//!
//! Everything here is a function of the day's cells, so it is the same however the records came (domain.md, rule 1).

use alloc::{collections::BTreeMap, vec::Vec};

use super::{User, enrolment, fold::Fold, goals};
use crate::{
    civil::{Day, MINUTE_MS},
    day::{DayState, Standing},
    event::{FactKind, Topic},
    id::GoalId,
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
    met_minutes(user, fold, day, &series);
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

/// A goal's targets have changed: the day is judged again.
pub(super) fn refresh_goals(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    let series = eligible_series(user, day);
    met_minutes(user, fold, day, &series);
}

fn met_minutes(user: &mut User, fold: &mut Fold<'_>, day: Day, series: &[(i32, u32)]) {
    let target =
        |(id, goal): (&GoalId, &crate::goal::Goal)| Some((id.clone(), goal.target_on(day)?));
    let targets: BTreeMap<GoalId, i64> = user.goals.iter().filter_map(target).collect();
    for (id, target) in targets {
        judge(user, fold, (&id, day), (target, reached(series, target)));
    }
}

/// Start of the minute in which the running sum first reached the target, POSIX ms.
fn reached(series: &[(i32, u32)], target: i64) -> Option<i64> {
    let mut sum = 0_i64;
    let hit = series.iter().find(|(_, value)| {
        sum = sum.saturating_add(i64::from(*value));
        sum >= target
    });
    hit.map(|(minute, _)| i64::from(*minute).saturating_mul(MINUTE_MS))
}

fn judge(
    user: &mut User,
    fold: &mut Fold<'_>,
    (id, day): (&GoalId, Day),
    (target, met_at_ms): (i64, Option<i64>),
) {
    let (soft, hard) = (day <= user.soft_closed, day <= user.hard_closed);
    let told = user
        .days
        .entry(day)
        .or_default()
        .goals
        .entry(id.clone())
        .or_default();
    let before = told.met_at_ms;
    // After the hard close an honest correction keeps a met day met (domain.md 4.3).
    if met_at_ms.is_none() && before.is_some() && hard {
        return;
    }
    told.met_at_ms = met_at_ms;
    let first_time = met_at_ms.is_some() && !told.completed;
    told.completed |= first_time;
    if let Some(at_ms) = met_at_ms.filter(|_| first_time) {
        let met_at_local = user.calendar().local(at_ms);
        fold.tell(
            user,
            FactKind::GoalCompleted {
                goal: id.clone(),
                day,
                target,
                met_at_local,
            },
        );
    }
    if met_at_ms.is_none() && before.is_some() {
        fold.tell(
            user,
            FactKind::GoalReopened {
                goal: id.clone(),
                day,
                target,
            },
        );
    }
    if met_at_ms.is_some() != before.is_some() {
        if soft {
            goals::status_changed(user, fold, id, day);
        } else if let Some(goal) = user.goals.get_mut(id) {
            goal.streak_version = goal.streak_version.saturating_add(1);
        }
        fold.changed(Topic::Streak(id.clone()));
    }
}
