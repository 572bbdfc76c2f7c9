//! In which minute a period met its goal, and what is told of it: once all days that an input has changed are right.

use alloc::collections::BTreeSet;

use super::super::{
    User,
    fold::{Fold, Touched},
    progress, rebuild, streaks,
};
use super::asked::{Asked, Crossing};
use crate::{
    civil::{Day, MINUTE_MS},
    event::{FactKind, Topic},
    id::GoalId,
};

/// Judges every period that holds a day which this fold has changed.
pub(in crate::user) fn judge(user: &mut User, fold: &mut Fold<'_>) {
    let touched = core::mem::take(&mut fold.touched);
    let mut periods: BTreeSet<(GoalId, Day)> = BTreeSet::new();
    for ((day, metric), series) in &touched {
        for (id, goal) in user
            .goals
            .iter()
            .filter(|(_, goal)| goal.ever_counts(*metric))
        {
            periods.insert((id.clone(), goal.period_of(*day)));
            let issued = user
                .days
                .get_mut(day)
                .and_then(|state| state.issued.get_mut(id));
            if let Some(issued) = issued.filter(|issued| issued.by.metric == *metric) {
                issued.locked |= series.iter().any(|(_, value)| *value > 0);
            }
        }
    }
    for (id, first) in periods {
        judge_period(user, fold, (&id, first), &touched);
    }
}

/// A goal's target has changed: the period is judged by what is known.
pub(super) fn judge_again(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, first: Day) {
    judge_period(user, fold, (id, first), &Touched::new());
}

fn judge_period(
    user: &mut User,
    fold: &mut Fold<'_>,
    (id, first): (&GoalId, Day),
    touched: &Touched,
) {
    let Some(asked) = user.asked(id, first) else {
        return;
    };
    let told = user.days.get(&first).and_then(|state| state.goals.get(id));
    let before = told.and_then(|told| told.met_at_ms);
    let crossing = asked.crossing(user);
    let met_at_ms = crossing.map(|crossing| {
        let here = before.filter(|at_ms| user.day_of(*at_ms) == crossing.day);
        // Only a change of the terms, or of a day up to this one, can move the minute.
        let counted = first..=crossing.day;
        let mut days = touched.keys().map(|(day, _)| day);
        let moves = touched.is_empty() || days.any(|day| counted.contains(day));
        let kept = here.filter(|_| !moves && is_cold(user, crossing.day));
        kept.unwrap_or_else(|| met_at(user, fold, &crossing, (touched, here)))
    });
    tell(user, fold, (id, first, &asked), met_at_ms);
}

fn is_cold(user: &User, day: Day) -> bool {
    user.days.get(&day).is_some_and(|state| state.is_cold())
}

/// Start of the minute that meets the goal, POSIX ms. `here`: where it was in the same day.
fn met_at(
    user: &mut User,
    fold: &mut Fold<'_>,
    crossing: &Crossing,
    (touched, here): (&Touched, Option<i64>),
) -> i64 {
    let day = crossing.day;
    if is_cold(user, day) {
        if !fold.loaded.days.contains_key(&day) {
            // Nothing that this fold has changed can move the minute, else `needs` had asked for the day.
            return here.unwrap_or_else(|| user.calendar().start_ms(day));
        }
        rebuild::warm(user, fold, day, day);
    }
    let minutes = crossing.needs.iter().filter_map(|(metric, need)| {
        let known = touched.get(&(day, *metric));
        known.map_or_else(
            || {
                let read = (*metric, user.manual_policy.goals());
                reached(&progress::minutes(user, read, day), *need)
            },
            |series| reached(series, *need),
        )
    });
    let found = if crossing.latest {
        minutes.max()
    } else {
        minutes.min()
    };
    found.unwrap_or_else(|| user.calendar().start_ms(day))
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

fn tell(
    user: &mut User,
    fold: &mut Fold<'_>,
    (id, first, asked): (&GoalId, Day, &Asked),
    met_at_ms: Option<i64>,
) {
    let last = user
        .goals
        .get(id)
        .map_or(first, |goal| goal.period.last_day(first));
    let (soft, hard) = (last <= user.soft_closed, last <= user.hard_closed);
    let told = user
        .days
        .entry(first)
        .or_default()
        .goals
        .or_default(id.clone());
    let before = told.met_at_ms;
    // After the hard close an honest correction keeps a met period met (domain.md 4.3).
    if met_at_ms.is_none() && before.is_some() && hard {
        return;
    }
    told.met_at_ms = met_at_ms;
    let first_time = met_at_ms.is_some() && !told.completed;
    told.completed |= first_time;
    let (target, counted) = asked.target(user);
    if let Some(at_ms) = met_at_ms.filter(|_| first_time) {
        let met_at_local = user.calendar().local(at_ms);
        let fact = FactKind::GoalCompleted {
            goal: id.clone(),
            day: first,
            target,
            met_at_local,
            counted,
        };
        fold.tell(user, fact);
    }
    if met_at_ms.is_none() && before.is_some() {
        let fact = FactKind::GoalReopened {
            goal: id.clone(),
            day: first,
            target,
            counted,
        };
        fold.tell(user, fact);
    }
    if met_at_ms.is_some() != before.is_some() {
        if soft {
            streaks::status_changed(user, fold, id, first);
        } else if let Some(goal) = user.goals.get_mut(id) {
            goal.streak_version = goal.streak_version.saturating_add(1);
        }
        fold.changed(Topic::Streak(id.clone()));
    }
}
