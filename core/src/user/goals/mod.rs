//! Goals of a user: what is asked for from which day on, rest days, and what was found of each period (domain.md 3.1).
//!
//! When a period is met is found in `judge`, the targets of adaptive goals are issued in `issue`, what may be put is decided in
//! `admit`. What a met or missed period does to a streak is in `streaks`.

pub mod admit;
mod asked;
mod issue;
mod judge;
mod needs;

use alloc::boxed::Box;

use super::{User, fold::Fold};
use crate::{
    civil::Day,
    event::Topic,
    goal::{Goal, Revision},
    id::GoalId,
    input::UserInput,
    limits,
    period::{Period, WeekStart},
};

pub(super) use issue::{is_idle, is_valid, next as next_issue, run as issue, soft_closed};
pub(super) use judge::judge;
pub(super) use needs::needs;

/// What a goal asks for from a day on.
pub(super) fn put(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: &GoalId,
    (period, week_start): (Period, WeekStart),
    (revisions, own): (&[Revision], Option<(Day, i64)>),
) {
    let today = user.day_of(fold.at_ms);
    let existed = user.goals.contains_key(id);
    let goal = user
        .goals
        .entry(id.clone())
        .or_insert_with(|| Box::new(Goal::new(period, week_start)));
    // Admission gives no day before the running period; a broken journal may, and targets are issued day by day.
    let oldest = today.plus(limits::GOAL_BACKDATED_DAYS_MAX.saturating_neg());
    for revision in revisions {
        goal.revise(revision.from.max(oldest), revision.terms.clone());
    }
    if existed && (own.is_some() || !revisions.is_empty()) {
        goal.note_change(fold.at_ms);
    }
    goal.version = goal.version.saturating_add(1);
    let running = goal.period_of(today);
    if let Some(own) = own {
        issue::own(user, id, own);
    }
    issue::up_to(user, fold, id, today);
    judge::judge_again(user, fold, id, running);
    fold.changed(Topic::Streak(id.clone()));
    fold.changed(Topic::Day(today));
}

/// The goal ends with the period that is running; its periods and its streak stay.
pub(super) fn delete(user: &mut User, fold: &mut Fold<'_>, id: &GoalId) {
    let today = user.day_of(fold.at_ms);
    // A second deletion must not move the last day.
    if let Some(goal) = user.goals.get_mut(id).filter(|goal| goal.until().is_none()) {
        let next = goal.period.next(goal.period_of(today));
        let from = goal.first_day().map_or(next, |first| first.max(next));
        goal.revise(from, None);
        goal.version = goal.version.saturating_add(1);
        fold.changed(Topic::Streak(id.clone()));
    }
}

/// A day without daily goals, unless it has begun meanwhile.
pub(super) fn rest(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    if day > user.day_of(fold.at_ms) {
        user.rest_days.insert(day);
    }
}

/// A day like any other again, unless it has begun meanwhile.
pub(super) fn unrest(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    if day > user.day_of(fold.at_ms) {
        user.rest_days.remove(&day);
    }
}

/// A stuck change of a goal as it is offered again: it holds from today, never for days that are over.
pub(super) fn renewed(user: &User, input: UserInput, now_ms: i64) -> UserInput {
    let UserInput::PutGoal {
        goal,
        period,
        week_start,
        mut revisions,
        own,
        streak,
    } = input
    else {
        return input;
    };
    let today = user.day_of(now_ms);
    let held = user.goals.get(&goal);
    let running = held.and_then(|held| held.terms_of(held.period_of(today)));
    let earliest = running.map_or(today, |(_, counted)| counted.min(today));
    for revision in &mut revisions {
        revision.from = revision.from.max(earliest);
    }
    UserInput::PutGoal {
        goal,
        period,
        week_start,
        revisions,
        own: own.map(|(day, target)| (day.max(today), target)),
        streak,
    }
}

impl User {
    /// Whether a day is a rest day for a goal: a daily goal honours so many of the user's rest days in an ISO week.
    #[must_use]
    pub fn is_rest(&self, goal: &Goal, day: Day) -> bool {
        if goal.period != Period::Day || !self.rest_days.contains(&day) {
            return false;
        }
        let week = Period::Week.first_day(day, WeekStart::Monday);
        let honoured = goal.terms_of(day).map_or(0, |(terms, _)| terms.rest_days);
        self.rest_days.range(week..=day).count() <= usize::from(honoured)
    }
}
