//! What may be put: from which day a goal's terms hold, how often they may change, which days may be rest days (domain.md 3.1,
//! protocol.md 7). Pure, and before the journal.

use alloc::{string::String, vec, vec::Vec};

use super::{super::User, asked::Asked, issue};
use crate::{
    civil::Day,
    goal::{Goal, Revision, Terms},
    id::GoalId,
    input::UserInput,
    limits,
    period::{Period, WeekStart},
};

/// A goal as somebody asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// How long one round of it lasts.
    pub period: Period,
    /// Where its weeks start; `None`: as they do, for a new goal with the day of the user's profile.
    pub week_start: Option<WeekStart>,
    /// What it asks for.
    pub terms: Terms,
    /// Adaptive: the user's own target for one day, store units.
    pub own: Option<i64>,
    /// First day; `None`: the rule of protocol.md 7.
    pub from: Option<Day>,
}

/// Why a goal or a rest day is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GoalRefusal {
    /// `from` lies before today.
    #[error("from {0} is in the past; today is {1}")]
    Past(String, String),
    /// Too many goals, or too many changes of one, or too many rest days.
    #[error("{0}")]
    Limit(&'static str),
    /// The period, or the start of the weeks, of a goal never changes.
    #[error("a goal keeps its {0}; put another goal")]
    Fixed(&'static str),
    /// The day has begun, or lies too far ahead.
    #[error("{0} is no day that can be chosen; today is {1}")]
    Day(String, String),
}

/// Decides from which day terms hold: a new goal from tomorrow unless said otherwise; a raise from today, or for the running
/// week or month, while that is unmet; everything else from the next day, week or month.
///
/// # Errors
/// [`GoalRefusal`].
pub fn goal(user: &User, id: &GoalId, wish: &Wish, now_ms: i64) -> Result<UserInput, GoalRefusal> {
    let today = user.day_of(now_ms);
    if let Some(from) = wish.from.filter(|from| *from < today) {
        return Err(GoalRefusal::Past(from.iso(), today.iso()));
    }
    let held = user.goals.get(id);
    let count = user.goals.len();
    if held.is_none() && count >= limits::GOALS_PER_USER_MAX {
        return Err(GoalRefusal::Limit("a user has at most 64 goals"));
    }
    if held.is_some_and(|goal| goal.revisions.len() >= limits::GOAL_REVISIONS_MAX) {
        return Err(GoalRefusal::Limit("a goal has at most 400 changes"));
    }
    let week_start = wish.week_start.or(held.map(|goal| goal.week_start));
    let new = Goal::new(wish.period, week_start.unwrap_or(user.week_starts));
    let goal = held.map_or(&new, |held| held);
    if goal.period != wish.period {
        return Err(GoalRefusal::Fixed("period"));
    }
    if goal.week_start != new.week_start {
        return Err(GoalRefusal::Fixed("week_starts"));
    }
    let revisions = revisions(user, (id, goal), wish, today);
    let own = own(user, id, wish, today);
    let changes = own.is_some() || !revisions.is_empty();
    if changes && goal.changes_lately(now_ms) >= limits::GOAL_CHANGES_MAX {
        return Err(GoalRefusal::Limit(
            "a goal is changed at most 3 times within 7 days",
        ));
    }
    Ok(UserInput::PutGoal {
        goal: id.clone(),
        period: wish.period,
        week_start: new.week_start,
        revisions,
        own,
        streak: None,
    })
}

fn revisions(user: &User, (id, goal): (&GoalId, &Goal), wish: &Wish, today: Day) -> Vec<Revision> {
    let running = goal.period_of(today);
    let from = |from: Day, terms: &Terms| Revision {
        from,
        terms: Some(terms.clone()),
    };
    let Some((held, counted)) = goal.terms_of(running) else {
        return vec![from(first_day(user, (id, goal), wish, today), &wish.terms)];
    };
    let next = goal.period.next(running);
    if let Some(later) = wish
        .from
        .map(|day| goal.period_of(day))
        .filter(|day| *day > running)
    {
        let planned = is_planned(goal, later, &wish.terms);
        let revision = (!planned).then(|| from(later, &wish.terms));
        return revision.into_iter().collect();
    }
    let raise = wish
        .terms
        .raise_of(held)
        .filter(|_| !is_met(user, id, running));
    let later = if let Some(raise) = &raise {
        !wish.terms.asks_the_same(raise)
    } else {
        let other = goal.revisions.iter().any(|revision| revision.from >= next);
        let changes = other || !wish.terms.asks_the_same(held);
        changes && !is_planned(goal, next, &wish.terms)
    };
    let raised = raise.iter().map(|raise| from(counted, raise));
    let later = later.then(|| from(next, &wish.terms));
    raised.chain(later).collect()
}

/// Whether nothing but these terms is planned, from that day on: saying so again changes nothing.
fn is_planned(goal: &Goal, from: Day, terms: &Terms) -> bool {
    let newest = goal.revisions.last().filter(|held| held.from == from);
    let held = newest.and_then(|held| held.terms.as_ref());
    held.is_some_and(|held| held.asks_the_same(terms))
}

/// The first day of a goal that is not in force: today stands only while it is unmet.
fn first_day(user: &User, (id, goal): (&GoalId, &Goal), wish: &Wish, today: Day) -> Day {
    let wanted = wish.from.unwrap_or_else(|| today.next());
    let running = goal.period_of(today);
    let adaptive = wish.terms.adaptive();
    let issued = adaptive.map(|by| issue::issued(user, (id, *by), today, 0).effective());
    let asked = Asked::new(goal, (&wish.terms, today), running, issued);
    let met = asked.is_some_and(|asked| asked.crossing(user).is_some());
    if wanted == today && met {
        today.next()
    } else {
        wanted
    }
}

fn is_met(user: &User, id: &GoalId, first: Day) -> bool {
    let told = user.days.get(&first).and_then(|state| state.goals.get(id));
    told.is_some_and(|told| told.met_at_ms.is_some())
}

/// The user's own target of an adaptive goal, with its day: more than today's holds today while that is unmet, everything else
/// tomorrow, and always for one day only.
fn own(user: &User, id: &GoalId, wish: &Wish, today: Day) -> Option<(Day, i64)> {
    let target = wish.own.filter(|_| wish.terms.adaptive().is_some())?;
    if let Some(later) = wish.from.filter(|from| *from > today) {
        return Some((later, target));
    }
    let state = user.days.get(&today);
    let held = state.and_then(|state| state.issued.get(id));
    match held.map(|issued| (issued.effective(), issued.by.metric)) {
        Some((current, _)) if current == target => None,
        Some((current, metric)) if target > current => {
            let met = state.is_some_and(|state| state.goal_amount(metric) >= current);
            let raises = !met && !is_met(user, id, today);
            Some((if raises { today } else { today.next() }, target))
        }
        Some(_) => Some((today.next(), target)),
        None => Some((wish.from.unwrap_or_else(|| today.next()), target)),
    }
}

/// Whether a day may be a rest day: it has not begun, and its ISO week has at most two. `None`: it is one already.
///
/// # Errors
/// [`GoalRefusal`].
pub fn rest_day(user: &User, day: Day, now_ms: i64) -> Result<Option<UserInput>, GoalRefusal> {
    not_begun(user, day, now_ms)?;
    if user.rest_days.contains(&day) {
        return Ok(None);
    }
    let week = Period::Week.first_day(day, WeekStart::Monday);
    let chosen = user.rest_days.range(week..Period::Week.next(week)).count();
    if chosen >= limits::REST_DAYS_PER_WEEK_MAX {
        return Err(GoalRefusal::Limit("a week has at most 2 rest days"));
    }
    Ok(Some(UserInput::PutRestDay(day)))
}

/// Whether a rest day may be taken back; `None`: it is none.
///
/// # Errors
/// [`GoalRefusal`] where the day has begun.
pub fn work_day(user: &User, day: Day, now_ms: i64) -> Result<Option<UserInput>, GoalRefusal> {
    if !user.rest_days.contains(&day) {
        return Ok(None);
    }
    not_begun(user, day, now_ms)?;
    Ok(Some(UserInput::DeleteRestDay(day)))
}

fn not_begun(user: &User, day: Day, now_ms: i64) -> Result<(), GoalRefusal> {
    let today = user.day_of(now_ms);
    if day <= today || day.since(today) > limits::REST_DAYS_AHEAD_MAX {
        return Err(GoalRefusal::Day(day.iso(), today.iso()));
    }
    Ok(())
}
