//! Goals of a user: their targets, and in which minute a day met each of them (domain.md 3.1).
//!
//! What a met or missed day does to a streak is in `streaks`.

use alloc::collections::{BTreeMap, BTreeSet};

use super::{User, fold::Fold, progress, streaks};
use crate::{
    civil::{Day, MINUTE_MS},
    event::{FactKind, Topic},
    goal::Goal,
    id::GoalId,
    metric::Metric,
};

/// A goal's target from a day on.
pub(super) fn put(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: &GoalId,
    (metric, target, from): (Metric, i64, Day),
) {
    let goal = user
        .goals
        .entry(id.clone())
        .or_insert_with(|| Goal::new(metric));
    goal.revise(from, Some(target));
    let today = user.day_of(fold.at_ms);
    if from <= today {
        judge_again(user, fold, today);
    }
    fold.changed(Topic::Streak(id.clone()));
    fold.changed(Topic::Day(today));
}

/// The goal ends with today; its days and its streak stay.
pub(super) fn delete(user: &mut User, fold: &mut Fold<'_>, id: &GoalId) {
    let tomorrow = user.day_of(fold.at_ms).next();
    // A second deletion must not move the last day.
    if let Some(goal) = user.goals.get_mut(id).filter(|goal| goal.until().is_none()) {
        let from = goal
            .first_day()
            .map_or(tomorrow, |first| first.max(tomorrow));
        goal.revise(from, None);
        fold.changed(Topic::Streak(id.clone()));
    }
}

/// A goal's targets have changed: the day is judged again.
pub(super) fn judge_again(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    let metrics: BTreeSet<Metric> = user.goals.values().map(|goal| goal.metric).collect();
    for metric in metrics {
        let series = progress::eligible_series(user, metric, day);
        judge_day(user, fold, (day, metric), &series);
    }
}

/// A day's minutes of one metric are known: which goals they meet, and since which minute.
pub(super) fn judge_day(
    user: &mut User,
    fold: &mut Fold<'_>,
    (day, metric): (Day, Metric),
    series: &[(i32, u32)],
) {
    let counted = user.goals.iter().filter(|(_, goal)| goal.metric == metric);
    let target = |(id, goal): (&GoalId, &Goal)| Some((id.clone(), goal.target_on(day)?));
    let targets: BTreeMap<GoalId, i64> = counted.filter_map(target).collect();
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
            streaks::status_changed(user, fold, id, day);
        } else if let Some(goal) = user.goals.get_mut(id) {
            goal.streak_version = goal.streak_version.saturating_add(1);
        }
        fold.changed(Topic::Streak(id.clone()));
    }
}
