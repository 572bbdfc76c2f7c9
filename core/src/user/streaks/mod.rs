//! Streaks over the closed periods of a goal: what a period's status is, what a close does, and what late data changes
//! (domain.md 4.1, 4.3). A period is told by the civil day that it starts with.
//!
//! Whether a period meets its goal is found in `goals`.

mod asked;
mod covers;
mod milestones;
mod pauses;
mod verdicts;

use alloc::vec::Vec;

use super::{User, fold::Fold};
use crate::{
    civil::Day,
    event::{FactKind, StreakFact, Topic},
    goal::Goal,
    id::GoalId,
    input::UserInput,
    limits,
    period::{Period, WeekStart},
    streak::{Cover, Definition, Keeping, Stage, Streak},
    view::DayStatus,
};

pub use asked::StreakRefusal;

impl User {
    /// Status of the period that starts with a day for a goal; `None` where the goal is not in force. In the order of domain.md
    /// 4.1: fraud, a date that was jumped over, pause, rest, met, a day that was cut short, missed.
    #[must_use]
    pub fn status(&self, id: &GoalId, period: Day) -> Option<DayStatus> {
        let goal = self.goals.get(id)?;
        goal.terms_of(period)?;
        let last = goal.period.last_day(period);
        let daily = last == period;
        Some(if self.is_taken(id, period) {
            DayStatus::Missed
        } else if daily && self.calendar().is_void(period) {
            DayStatus::Void
        } else if self.is_paused(goal, period) {
            DayStatus::Paused
        } else if self.is_rest(goal, period) {
            DayStatus::Rest
        } else if self.is_met(id, period) {
            DayStatus::Met
        } else if daily && self.is_cut_short(id, period) {
            DayStatus::Void
        } else if last <= self.soft_closed {
            self.missed(id, period)
        } else {
            DayStatus::Pending
        })
    }

    /// Whether a closed day is missed, but for what makes it void or covers it.
    fn falls_short(&self, id: &GoalId, day: Day) -> bool {
        let held = self.goals.get(id);
        let asks = held.is_some_and(|goal| {
            let neutral = self.pauses.holds(day) || self.is_rest(goal, day);
            goal.terms_of(day).is_some() && !neutral
        });
        asks && day <= self.soft_closed && !self.is_met(id, day) && !self.verdicts.take(day)
    }

    /// Whether a missed day is void; after its hard close it stays so.
    fn is_cut_short(&self, id: &GoalId, day: Day) -> bool {
        let kept = |day: Day| {
            let told = self.days.get(&day).and_then(|state| state.goals.get(id));
            told.is_some_and(|told| told.void)
        };
        self.is_short_void(day, &kept, &|day| self.falls_short(id, day))
    }

    /// Whether all days of a period are paused that count for the goal.
    fn is_paused(&self, goal: &Goal, period: Day) -> bool {
        let mut days = goal.counted_days(period);
        days.all(|day| self.pauses.holds(day))
    }

    /// Whether progress reached the target, whatever else holds of the period.
    fn is_met(&self, id: &GoalId, period: Day) -> bool {
        let told = self.days.get(&period).and_then(|day| day.goals.get(id));
        told.is_some_and(|told| told.met_at_ms.is_some())
    }

    /// Whether a verdict takes a day of the period that counts for the goal.
    fn is_taken(&self, id: &GoalId, period: Day) -> bool {
        let Some(goal) = self.goals.get(id) else {
            return false;
        };
        let mut days = goal.counted_days(period);
        days.any(|day| self.verdicts.take(day))
    }

    /// How long one round of a goal lasts, and where its weeks start.
    fn rhythm(&self, id: &GoalId) -> (Period, WeekStart) {
        let held = self.goals.get(id);
        held.map_or_else(Default::default, |goal| (goal.period, goal.week_start))
    }

    /// The last day of a period.
    fn last_of(&self, id: &GoalId, period: Day) -> Day {
        self.rhythm(id).0.last_day(period)
    }

    /// The period that a day lies in.
    fn period_of(&self, id: &GoalId, day: Day) -> Day {
        let (period, week_start) = self.rhythm(id);
        period.first_day(day, week_start)
    }

    /// The periods from the one that `from` lies in to the last one that ends by `last`, rising.
    fn periods(&self, id: &GoalId, from: Day, last: Day) -> impl Iterator<Item = Day> + use<> {
        let (period, week_start) = self.rhythm(id);
        let all = period.between(from, last, week_start);
        all.take_while(move |first| period.last_day(*first) <= last)
    }

    /// A missed period may be covered.
    fn missed(&self, id: &GoalId, period: Day) -> DayStatus {
        let covers = self.streaks.get(id).map(|keeping| &keeping.covers);
        match covers.and_then(|covers| covers.get(&period)) {
            Some(Cover::Frozen(_)) => DayStatus::Frozen,
            Some(Cover::Pass) => DayStatus::Pass,
            Some(Cover::Repaired) => DayStatus::Repaired,
            None => DayStatus::Missed,
        }
    }

    /// The fold over all periods of a goal that end by a day; it begins at the checkpoint where this is before.
    #[must_use]
    pub fn streak_through(&self, id: &GoalId, last: Day) -> Streak {
        let (from, mut streak) = self.fold_begins(id, last);
        for period in self.periods(id, from, last) {
            if let Some(status) = self.status(id, period) {
                streak.step(period, status);
            }
        }
        streak
    }

    /// Where a fold up to a day begins, and with what.
    fn fold_begins(&self, id: &GoalId, last: Day) -> (Day, Streak) {
        let first = self.goals.get(id).and_then(|goal| goal.first_day());
        let created = self.created.map_or(last.next(), |(_, day)| day);
        let first = first.map_or(last.next(), |first| first.max(created));
        let held = self.streaks.get(id).and_then(|keeping| keeping.checkpoint);
        match held.filter(|(day, _)| first <= *day && *day <= last) {
            Some((day, streak)) => (day.next(), streak),
            None => (first, Streak::default()),
        }
    }

    /// What the streak of a goal allows.
    #[must_use]
    pub fn streak_definition(&self, id: &GoalId) -> Definition {
        self.streaks
            .get(id)
            .map_or_else(Definition::default, |keeping| keeping.definition)
    }
}

fn keeping<'a>(user: &'a mut User, id: &GoalId) -> &'a mut Keeping {
    user.streaks.entry(id.clone()).or_default()
}

fn tell(user: &mut User, fold: &mut Fold<'_>, fact: StreakFact) {
    fold.tell(user, FactKind::Streak(fact));
}

fn ids(user: &User) -> Vec<GoalId> {
    user.goals.keys().cloned().collect()
}

/// One more change of a goal's streak.
fn changed(user: &mut User, fold: &mut Fold<'_>, id: &GoalId) {
    if let Some(goal) = user.goals.get_mut(id) {
        goal.streak_version = goal.streak_version.saturating_add(1);
    }
    fold.changed(Topic::Streak(id.clone()));
}

/// What a streak allows from now on; what is held beyond it is lost.
pub(super) fn define(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, definition: Definition) {
    let today = user.day_of(fold.at_ms);
    let held = keeping(user, id);
    if held.definition != definition {
        held.definition = definition;
        held.since = Some(today);
        held.freezes.limit(definition.freezes);
        changed(user, fold, id);
    }
}

/// Inputs about streaks. Each was admitted; what no longer holds when it is folded changes nothing.
pub(super) fn apply(user: &mut User, fold: &mut Fold<'_>, input: &UserInput) {
    match input {
        UserInput::BuyFreeze(goal) => covers::buy(user, fold, goal),
        UserInput::Repair { goal, day, paid } => covers::repair(user, fold, goal, (*day, *paid)),
        UserInput::Pause { from, to } => pauses::begin(user, fold, (*from, *to)),
        UserInput::EndPause => pauses::end(user, fold),
        UserInput::Verdict(days) => verdicts::give(user, fold, days),
        UserInput::Decide { verdict, stage } => decide(user, fold, *verdict, *stage),
        _ => {}
    }
}

/// A verdict comes to a stage.
pub(super) fn decide(user: &mut User, fold: &mut Fold<'_>, number: u32, stage: Stage) {
    verdicts::decide(user, fold, number, stage);
}

/// The day counts now: met extends, missed breaks (provisionally, nobody is told before the hard close) unless it is covered.
pub(super) fn soft_close(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    pauses::day_ends(user, fold, day);
    let open = user.hard_closed.next();
    for id in ids(user) {
        let (closed, period) = (day, user.period_of(&id, day));
        let ends = user.last_of(&id, period) == closed;
        if ends && is_first_met(user, &id, period) {
            covers::earn(user, fold, &id, period);
        }
        let covered = covers::cover(user, fold, &id, open);
        let older = covered.iter().copied().find(|older| *older < period);
        if let Some(oldest) = older {
            refold(user, &id);
            correct(user, fold, &id, oldest);
            milestones::grant_missing(user, fold, &id);
        }
        let Some(status) = user.status(&id, period).filter(|_| ends) else {
            continue;
        };
        if let Some(goal) = user.goals.get_mut(&id).filter(|_| older.is_none()) {
            goal.streak.step(period, status);
        }
        changed(user, fold, &id);
        if status == DayStatus::Met {
            extended(user, fold, &id, period);
            milestones::reached(user, fold, &id, period);
        }
    }
}

/// What is still missed is told now, if it ended something.
pub(super) fn hard_close(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    for id in ids(user) {
        let covered = covers::cover(user, fold, &id, day);
        if let Some(oldest) = covered.first() {
            refold(user, &id);
            correct(user, fold, &id, *oldest);
            milestones::grant_missing(user, fold, &id);
        }
        let period = user.period_of(&id, day);
        let ends = user.last_of(&id, period) == day;
        match user.status(&id, period).filter(|_| ends) {
            Some(DayStatus::Missed) => lost(user, fold, &id, period),
            Some(DayStatus::Void) => {
                let state = user.days.entry(period).or_default();
                state.goals.or_default(id.clone()).void = true;
            }
            _ => {}
        }
        checkpoint(user, &id, day);
    }
}

fn lost(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    let count = user.streak_through(id, day.prev()).count();
    let goal = id.clone();
    let held = user.goals.get(id).map(|goal| goal.streak);
    let longest = held.map_or(0, |streak| streak.longest_count());
    if count == 0 {
        return;
    }
    let state = user.days.entry(day).or_default();
    state.goals.or_default(goal.clone()).lost = true;
    let fact = FactKind::StreakLost {
        goal,
        day,
        count,
        longest,
    };
    fold.tell(user, fact);
    fold.changed(Topic::Streak(id.clone()));
}

/// Moves the checkpoint up to where no data comes any more.
fn checkpoint(user: &mut User, id: &GoalId, hard_closed: Day) {
    let upto = hard_closed.plus(limits::CHECKPOINT_DAYS.saturating_neg());
    let begun = user.goals.get(id).and_then(|goal| goal.first_day());
    if begun.is_some_and(|first| first <= upto) {
        let streak = user.streak_through(id, upto);
        keeping(user, id).checkpoint = Some((upto, streak));
    }
}

/// Folds the closed days of a streak again.
fn refold(user: &mut User, id: &GoalId) {
    let streak = user.streak_through(id, user.soft_closed);
    if let Some(goal) = user.goals.get_mut(id) {
        goal.streak = streak;
    }
}

/// A soft-closed day is met now, or is not any more: what covered it goes, the streak is folded again, and what was told is set
/// right.
pub(super) fn status_changed(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    changed(user, fold, id);
    if user.is_taken(id, day) || user.status(id, day) == Some(DayStatus::Paused) {
        return;
    }
    covers::release(user, fold, id, day);
    settle(user, fold, id, day);
}

/// The status of a day has changed, and perhaps those of later ones.
fn settle(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    let held = keeping(user, id);
    if held.checkpoint.is_some_and(|(upto, _)| day <= upto) {
        held.checkpoint = None;
    }
    refold(user, id);
    changed(user, fold, id);
    let told = user.days.get(&day).and_then(|state| state.goals.get(id));
    let told = told.copied().unwrap_or_default();
    let first_time = is_first_met(user, id, day);
    if first_time {
        covers::earn(user, fold, id, day);
        extended(user, fold, id, day);
    }
    if told.lost || !first_time || told_after(user, id, day) {
        correct(user, fold, id, day);
    }
    fold.runs.insert(id.clone());
}

/// Grants what changed days have come to, once all of them are right: a run that is there only until the next day is judged pays
/// nothing.
pub(super) fn grant(user: &mut User, fold: &mut Fold<'_>) {
    for id in core::mem::take(&mut fold.runs) {
        milestones::grant_missing(user, fold, &id);
    }
}

/// Tells the lengths as they are now, because of a day.
fn correct(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    let Some(streak) = user.goals.get(id).map(|goal| goal.streak) else {
        return;
    };
    let fact = FactKind::StreakCorrected {
        goal: id.clone(),
        day,
        count: streak.count(),
        longest: streak.longest_count(),
    };
    fold.tell(user, fact);
}

/// Whether the lengths that were told for later days have changed with this one.
fn told_after(user: &User, id: &GoalId, day: Day) -> bool {
    let later = user.days.range(day.next()..);
    let mut told = later.filter_map(|(_, state)| state.goals.get(id));
    told.any(|told| told.extended || told.lost)
}

/// Whether a day that is met and closed was never told to extend the streak. It is then that it counts towards a freeze, once.
fn is_first_met(user: &User, id: &GoalId, day: Day) -> bool {
    let told = user.days.get(&day).and_then(|state| state.goals.get(id));
    let told = told.is_some_and(|told| told.extended);
    !told && user.status(id, day) == Some(DayStatus::Met)
}

/// Tells `streak.extended`, once per met day: the length is that of the run up to this day, whatever came after it.
fn extended(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    let newest = user.goals.get(id).map(|goal| goal.streak);
    let newest = newest.unwrap_or_default();
    let is_newest = newest.current.is_some_and(|run| run.to == day);
    let count = if is_newest {
        newest.count()
    } else {
        user.streak_through(id, user.last_of(id, day)).count()
    };
    let state = user.days.entry(day).or_default();
    let told = state.goals.or_default(id.clone());
    if told.extended {
        return;
    }
    told.extended = true;
    let fact = FactKind::StreakExtended {
        goal: id.clone(),
        day,
        count,
        longest: newest.longest_count(),
    };
    fold.tell(user, fact);
}
