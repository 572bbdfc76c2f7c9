//! Streaks over the closed days of a goal: what a day's status is, what a close does, and what late data changes (domain.md
//! 4.1, 4.3).
//!
//! Whether a day meets its goal is found in `goals`.

use alloc::vec::Vec;

use super::{User, fold::Fold};
use crate::{
    civil::Day,
    event::{FactKind, Topic},
    goal::Goal,
    id::GoalId,
    streak::Streak,
    view::DayStatus,
};

impl User {
    /// Status of the period that starts with a day for a goal; `None` where the goal is not in force.
    #[must_use]
    pub fn status(&self, id: &GoalId, day: Day) -> Option<DayStatus> {
        let goal = self.goals.get(id)?;
        goal.terms_of(day)?;
        let last = goal.period.last_day(day);
        let is_met = |day: Day| {
            let told = self.days.get(&day).and_then(|state| state.goals.get(id));
            told.is_some_and(|told| told.met_at_ms.is_some())
        };
        let missed = |day: Day| {
            let asks = goal.terms_of(day).is_some() && !self.is_rest(goal, day);
            asks && day <= self.soft_closed && !is_met(day)
        };
        let daily = last == day;
        let jumped = || daily && self.calendar().is_void(day);
        Some(if self.is_rest(goal, day) && !jumped() {
            DayStatus::Rest
        } else if is_met(day) {
            DayStatus::Met
        } else if daily && (jumped() || self.is_short_void(day, &missed)) {
            DayStatus::Void
        } else if last <= self.soft_closed {
            DayStatus::Missed
        } else {
            DayStatus::Pending
        })
    }

    /// The fold over all periods of a goal that end by a day, from the beginning (T4.1).
    #[must_use]
    pub fn streak_through(&self, id: &GoalId, last: Day) -> Streak {
        let Some((goal, from)) = self
            .goals
            .get(id)
            .and_then(|goal| Some((goal, goal.first_day()?)))
        else {
            return Streak::default();
        };
        let periods = goal.period.between(from, last, goal.week_start);
        let ended = periods.filter(|first| goal.period.last_day(*first) <= last);
        Streak::of(ended.filter_map(|first| Some((first, self.status(id, first)?))))
    }
}

/// Goals of which a period ends with a day, with the day that it starts with.
fn ended(user: &User, day: Day) -> Vec<(GoalId, Day)> {
    let period = |(id, goal): (&GoalId, &Goal)| (id.clone(), goal.period_of(day), goal.period);
    let periods = user.goals.iter().map(period);
    let ended = periods.filter(|(_, first, period)| period.last_day(*first) == day);
    ended.map(|(id, first, _)| (id, first)).collect()
}

/// The day counts now: met extends, missed breaks (provisionally, nobody is told before the hard close).
pub(super) fn soft_close(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    for (id, day) in ended(user, day) {
        let Some(status) = user.status(&id, day) else {
            continue;
        };
        if let Some(goal) = user.goals.get_mut(&id) {
            goal.streak.step(day, status);
            goal.streak_version = goal.streak_version.saturating_add(1);
        }
        if status == DayStatus::Met {
            extended(user, fold, &id, day);
        }
        fold.changed(Topic::Streak(id));
    }
}

/// A missed day is told now, if it ended something.
pub(super) fn hard_close(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    for (id, day) in ended(user, day) {
        if user.status(&id, day) != Some(DayStatus::Missed) {
            continue;
        }
        let count = user.streak_through(&id, day.prev()).count();
        if count == 0 {
            continue;
        }
        let longest = user
            .goals
            .get(&id)
            .map_or(0, |goal| goal.streak.longest_count());
        user.days
            .entry(day)
            .or_default()
            .goals
            .entry(id.clone())
            .or_default()
            .lost = true;
        fold.tell(
            user,
            FactKind::StreakLost {
                goal: id.clone(),
                day,
                count,
                longest,
            },
        );
        fold.changed(Topic::Streak(id));
    }
}

/// A soft-closed day has another status than before: the streak is folded again, and what was told is set right.
pub(super) fn status_changed(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    let streak = user.streak_through(id, user.soft_closed);
    let Some(goal) = user.goals.get_mut(id) else {
        return;
    };
    goal.streak = streak;
    goal.streak_version = goal.streak_version.saturating_add(1);
    let told = user
        .days
        .get(&day)
        .and_then(|state| state.goals.get(id))
        .copied()
        .unwrap_or_default();
    let first_time = told.met_at_ms.is_some() && !told.extended;
    if first_time {
        extended(user, fold, id, day);
    }
    if told.lost || !first_time || told_after(user, id, day) {
        let (count, longest) = (streak.count(), streak.longest_count());
        fold.tell(
            user,
            FactKind::StreakCorrected {
                goal: id.clone(),
                day,
                count,
                longest,
            },
        );
    }
    fold.changed(Topic::Streak(id.clone()));
}

/// Whether the lengths that were told for later days have changed with this one.
fn told_after(user: &User, id: &GoalId, day: Day) -> bool {
    let later = user.days.range(day.next()..);
    let mut told = later.filter_map(|(_, state)| state.goals.get(id));
    told.any(|told| told.extended || told.lost)
}

/// Tells `streak.extended`, once per met period: the length is that of the run up to this one, whatever came after it.
fn extended(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    let Some(goal) = user.goals.get(id) else {
        return;
    };
    let longest = goal.streak.longest_count();
    let count = user.streak_through(id, goal.period.last_day(day)).count();
    let told = user
        .days
        .entry(day)
        .or_default()
        .goals
        .entry(id.clone())
        .or_default();
    if told.extended {
        return;
    }
    told.extended = true;
    fold.tell(
        user,
        FactKind::StreakExtended {
            goal: id.clone(),
            day,
            count,
            longest,
        },
    );
}
