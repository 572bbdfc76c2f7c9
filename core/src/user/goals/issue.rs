//! Targets of adaptive goals: issued at the start of their day, once more when the day before closes softly, then locked
//! (domain.md 3.1, 3.2). The lock binds the policy; late data change only what has been reached.

use alloc::vec::Vec;

use super::super::{User, fold::Fold};
use super::judge;
use crate::{
    civil::Day,
    day::DayState,
    event::Topic,
    goal::{Adaptive, Inputs, IssuedTarget, LOOK_BACK_DAYS, WINDOW_DAYS, WindowDay},
    id::GoalId,
    limits,
    metric::Metric,
    view::DayStatus,
};

/// The next day that a target is issued for, with its deadline in POSIX ms.
pub(in crate::user) fn next(user: &User) -> Option<(i64, Day)> {
    let day = user
        .goals
        .values()
        .filter_map(|goal| goal.next_issue())
        .min()?;
    Some((user.calendar().start_ms(day), day))
}

/// The day begins: its targets are issued.
pub(in crate::user) fn run(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    let due = user
        .goals
        .iter()
        .filter(|(_, goal)| goal.next_issue() == Some(day));
    let due: Vec<GoalId> = due.map(|(id, _)| id.clone()).collect();
    for id in due {
        up_to(user, fold, &id, day);
        if let Some(goal) = user.goals.get_mut(&id) {
            goal.version = goal.version.saturating_add(1);
        }
        judge::judge_again(user, fold, &id, day);
    }
    fold.changed(Topic::Day(day));
}

/// The day before closes: what was issued for `day.next()` is issued once more, unless it is locked, and locked.
pub(in crate::user) fn soft_closed(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    let next = day.next();
    let held = user
        .days
        .get(&next)
        .into_iter()
        .flat_map(|state| &state.issued);
    let open: Vec<(GoalId, Adaptive)> = held
        .filter(|(id, issued)| !issued.locked && !is_idle(user, id, next))
        .map(|(id, issued)| (id.clone(), issued.by))
        .collect();
    for (id, by) in open {
        let mut issued = issued(user, (&id, by), next, fold.at_ms);
        issued.locked = true;
        put(user, &id, next, issued);
        if let Some(goal) = user.goals.get_mut(&id) {
            goal.version = goal.version.saturating_add(1);
        }
        fold.changed(Topic::Day(next));
    }
}

/// Issues what has not been issued of a goal up to a day.
pub(super) fn up_to(user: &mut User, fold: &Fold<'_>, id: &GoalId, last: Day) {
    while let Some(day) = user
        .goals
        .get(id)
        .and_then(|goal| goal.next_issue())
        .filter(|day| *day <= last)
    {
        one(user, (id, day), fold.at_ms);
    }
}

fn one(user: &mut User, (id, day): (&GoalId, Day), at_ms: i64) {
    let Some(goal) = user.goals.get_mut(id) else {
        return;
    };
    goal.issued_to = Some(day);
    let own = goal.own.take_if(|(on, _)| *on <= day);
    let by = goal
        .terms_of(day)
        .and_then(|(terms, _)| terms.adaptive().copied());
    let Some(by) = by.filter(|_| !is_idle(user, id, day)) else {
        return;
    };
    let mut issued = issued(user, (id, by), day, at_ms);
    issued.own = own.filter(|(on, _)| *on == day).map(|(_, target)| target);
    let begun = user
        .days
        .get(&day)
        .is_some_and(|state| state.goal_amount(by.metric) > 0);
    issued.locked = begun || issued.own.is_some() || day.prev() <= user.soft_closed;
    put(user, id, day, issued);
}

fn put(user: &mut User, id: &GoalId, day: Day, issued: IssuedTarget) {
    let state = user.days.entry(day).or_default();
    state.issued.insert(id.clone(), issued);
}

/// The user's own target for one day; the next target is limited against it.
pub(super) fn own(user: &mut User, id: &GoalId, (day, target): (Day, i64)) {
    let issued = user
        .days
        .get_mut(&day)
        .and_then(|state| state.issued.get_mut(id));
    if let Some(issued) = issued {
        issued.own = Some(target);
        issued.locked = true;
    } else if let Some(goal) = user.goals.get_mut(id) {
        goal.own = Some((day, target));
    }
}

/// The target that would be issued for a day now.
pub(super) fn issued(
    user: &User,
    (id, by): (&GoalId, Adaptive),
    day: Day,
    at_ms: i64,
) -> IssuedTarget {
    let inputs = Inputs {
        window: window(user, (id, by.metric), day),
        previous: previous(user, id, day),
        onboarding: by.onboarding,
    };
    IssuedTarget::new(by, inputs, at_ms)
}

/// The last valid closed days before a day, the newest first.
fn window(user: &User, (id, metric): (&GoalId, Metric), day: Day) -> Vec<WindowDay> {
    let last = day.prev().min(user.soft_closed);
    let first = day.plus(LOOK_BACK_DAYS.saturating_neg());
    let days = user.days.range(first.min(last)..=last).rev();
    let valid =
        days.filter(|(on, state)| **on >= first && is_valid(state) && !is_idle(user, id, **on));
    let seen = valid.map(|(on, state)| WindowDay {
        back: u8::try_from(day.since(*on)).unwrap_or(u8::MAX),
        amount: state.goal_amount(metric),
        target: state.issued.get(id).map(IssuedTarget::effective),
    });
    seen.take(WINDOW_DAYS).collect()
}

/// The last target that was issued before a day; that of a day which was paused after its beginning is as if it had never been.
fn previous(user: &User, id: &GoalId, day: Day) -> Option<i64> {
    let first = user.goals.get(id)?.first_day()?;
    let days = user.days.range(first.min(day)..day).rev();
    let mut asked = days.filter(|(on, _)| !user.pauses.holds(**on));
    asked.find_map(|(_, state)| state.issued.get(id).map(IssuedTarget::effective))
}

/// Whether a day says how active its wearer was: worn for 10 hours, or 1,000 steps where the wear is not known.
pub(in crate::user) fn is_valid(state: &DayState) -> bool {
    if state.quarantined > 0 {
        return false;
    }
    if state.worn_minutes >= limits::WEAR_KNOWN_MINUTES {
        state.worn_minutes >= limits::WEAR_VALID_MINUTES
    } else {
        state.goal_amount(Metric::STEPS) >= limits::VALID_STEPS
    }
}

/// Whether a day asks nothing of a goal: a rest day, a paused one, or one that the calendar jumped over or cut short.
pub(in crate::user) fn is_idle(user: &User, id: &GoalId, day: Day) -> bool {
    if user.pauses.holds(day) || user.calendar().is_void(day) {
        return true;
    }
    let goal = user
        .goals
        .get(id)
        .filter(|goal| goal.terms_of(day).is_some());
    let rests = goal.map_or_else(
        || user.rest_days.contains(&day),
        |goal| user.is_rest(goal, day),
    );
    rests || user.status(id, day) == Some(DayStatus::Void)
}
