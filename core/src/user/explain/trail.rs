//! Which facts and changes belong to a question, out of all that are stored (domain.md 1.5: they are kept for the account's
//! life).

use super::{super::User, Question};
use crate::{
    change::{Change, ChangeKind},
    civil::{DAY_MS, Day},
    event::{Fact, FactKind, StreakFact},
};

impl Question {
    /// No fact that was told before this instant belongs to it, POSIX ms; `None`: any may.
    #[must_use]
    pub fn told_from_ms(&self, user: &User) -> Option<i64> {
        let first = match self {
            Self::Day(day) | Self::Tokens(day) => *day,
            Self::Goal(goal, day) => user.goals.get(goal)?.period_of(*day),
            Self::Streak(_, from, _) => *from,
            Self::Score(challenge) => return Some(user.enrolments.get(challenge)?.joined_ms),
        };
        // A change of zone may move a day by as much after something was told of it.
        let start_ms = user.calendar().start_ms(first);
        Some(start_ms.saturating_sub(DAY_MS.saturating_mul(3)))
    }

    /// Whether a fact tells of it.
    #[must_use]
    pub fn is_told_by(&self, user: &User, fact: &Fact) -> bool {
        let kind = &fact.kind;
        if let FactKind::Streak(fact) = kind
            && let Some(days) = self.days(user)
            && is_of_days(user, fact, days)
        {
            return true;
        }
        match self {
            Self::Day(day) => match kind.of_goal() {
                Some((goal, first)) => {
                    let held = user.goals.get(goal);
                    held.is_some_and(|held| held.period_of(*day) == first)
                }
                None => kind.day() == Some(*day),
            },
            Self::Tokens(day) => kind.of_goal().is_none() && kind.day() == Some(*day),
            Self::Goal(goal, day) => {
                let first = user.goals.get(goal).map(|held| held.period_of(*day));
                kind.of_goal()
                    .is_some_and(|(of, on)| of == goal && Some(on) == first)
            }
            Self::Streak(goal, from, to) => {
                let first = user
                    .goals
                    .get(goal)
                    .map_or(*from, |held| held.period_of(*from));
                kind.of_goal()
                    .is_some_and(|(of, on)| of == goal && (first..=*to).contains(&on))
            }
            Self::Score(challenge) => kind.challenge() == Some(*challenge),
        }
    }

    /// Whether a change is behind it.
    #[must_use]
    pub fn is_changed_by(&self, user: &User, change: &Change) -> bool {
        let days = |first: Day, last: Day| {
            (
                user.calendar().start_ms(first),
                user.calendar().end_ms(last),
            )
        };
        match self {
            Self::Day(day) => of_days(user, change, days(*day, *day)) || of_day(change, *day),
            Self::Tokens(day) => {
                of_days(user, change, days(*day, *day)) || adjusts(&change.kind, *day)
            }
            Self::Goal(goal, day) => {
                let Some(held) = user.goals.get(goal) else {
                    return false;
                };
                let first = held.period_of(*day);
                let last = held.period.last_day(first);
                change.kind.goal() == Some(goal)
                    || of_days(user, change, days(first, last))
                    || rests(&change.kind, first, last)
            }
            Self::Streak(goal, from, to) => {
                change.kind.goal() == Some(goal)
                    || of_days(user, change, days(*from, *to))
                    || rests(&change.kind, *from, *to)
            }
            Self::Score(challenge) => {
                let Some(held) = user.enrolments.get(challenge) else {
                    return false;
                };
                let window = days(held.definition.starts, held.definition.ends);
                change.kind == ChangeKind::ChallengeLeft(*challenge)
                    || of_days(user, change, window)
            }
        }
    }
}

impl Question {
    /// The days that it asks about, where pauses and verdicts matter to it.
    fn days(&self, user: &User) -> Option<(Day, Day)> {
        match self {
            Self::Day(day) | Self::Tokens(day) => Some((*day, *day)),
            Self::Goal(goal, day) => {
                let held = user.goals.get(goal)?;
                let first = held.period_of(*day);
                Some((first, held.period.last_day(first)))
            }
            Self::Streak(_, from, to) => Some((*from, *to)),
            Self::Score(_) => None,
        }
    }
}

/// Whether a pause or a verdict is about any of some days.
fn is_of_days(user: &User, fact: &StreakFact, (first, last): (Day, Day)) -> bool {
    match fact {
        StreakFact::Pause { from, to, .. } => *from <= last && *to >= first,
        StreakFact::Verdict { verdict, .. } => {
            let held = user.verdicts.get(*verdict);
            held.is_some_and(|held| held.days.range(first..=last).next().is_some())
        }
        _ => false,
    }
}

/// Whether a change moved, or may have moved, what lies between two instants: days, devices, imports, skipped inputs.
fn of_days(user: &User, change: &Change, (start_ms, end_ms): (i64, i64)) -> bool {
    match &change.kind {
        ChangeKind::Created { .. } => true,
        ChangeKind::ZoneChanged { effective_ms, .. } => {
            let later = user.zones.iter().map(|held| held.effective_ms);
            let until = later.filter(|at_ms| at_ms > effective_ms).min();
            *effective_ms < end_ms && until.is_none_or(|until_ms| until_ms > start_ms)
        }
        ChangeKind::DayStartChanged { from, .. } => {
            let later = user.day_starts.iter().map(|held| held.from);
            let until = later.filter(|day| day > from).min();
            let starts_ms = user.calendar().start_ms(*from);
            let ended = until.is_some_and(|day| user.calendar().start_ms(day) <= start_ms);
            starts_ms < end_ms && !ended
        }
        ChangeKind::DeviceOrderChanged(_) => {
            let from = user.day_of(change.at_ms);
            let until = user.device_orders.keys().find(|day| **day > from);
            let starts_ms = |day: Day| user.calendar().start_ms(day);
            starts_ms(from) < end_ms && until.is_none_or(|day| starts_ms(*day) > start_ms)
        }
        ChangeKind::DeviceBound { .. } => {
            change.at_ms < end_ms.saturating_add(DAY_MS.saturating_mul(30))
        }
        ChangeKind::Imported {
            first_ms, last_ms, ..
        } => *first_ms < end_ms && *last_ms > start_ms,
        ChangeKind::Skipped { .. } | ChangeKind::Retried { .. } => change.at_ms >= start_ms,
        _ => false,
    }
}

/// Whether a change is about one day alone.
fn of_day(change: &Change, day: Day) -> bool {
    match &change.kind {
        ChangeKind::GoalSet { revisions, own, .. } => {
            revisions.iter().any(|revision| revision.from == day)
                || own.is_some_and(|(on, _)| on == day)
        }
        ChangeKind::GoalDeleted { until, .. } => *until == Some(day),
        other => rests(other, day, day) || adjusts(other, day),
    }
}

fn rests(kind: &ChangeKind, first: Day, last: Day) -> bool {
    match kind {
        ChangeKind::RestDayChosen(day) | ChangeKind::RestDayTakenBack(day) => {
            (first..=last).contains(day)
        }
        _ => false,
    }
}

fn adjusts(kind: &ChangeKind, day: Day) -> bool {
    matches!(kind, ChangeKind::Adjusted { day: on, .. } if *on == day)
}
