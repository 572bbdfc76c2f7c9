//! What a goal asks for in one period, and how far the amounts of its days have come (domain.md 3.1).
//!
//! Days give their amounts of each metric whether or not their minutes are at hand. The minute in which a target is reached
//! lies in one of them, and only its minutes are looked at, in `judge`.

use alloc::{vec, vec::Vec};

use super::super::User;
use crate::{
    civil::Day,
    day::DayState,
    goal::{Goal, Kind, Mode, Part, Terms, share},
    id::GoalId,
    metric::Metric,
    view::{Counted, GoalProgress, PartProgress},
};

/// What has to be reached.
enum Ask {
    /// Amounts over all days.
    Amounts(Mode, Vec<(Metric, i64)>),
    /// Days that each reach something.
    Days(Part, i64),
}

/// What a goal asks for in one period.
pub(super) struct Asked {
    /// First and last day that count.
    days: (Day, Day),
    ask: Ask,
    counted: Counted,
}

/// The day in which a goal is met, and what its minutes must come to.
pub(super) struct Crossing {
    pub(super) day: Day,
    /// Whether the latest of these minutes counts; else the earliest.
    pub(super) latest: bool,
    /// Amounts that the running sums of the day must reach.
    pub(super) needs: Vec<(Metric, i64)>,
}

impl Asked {
    /// What terms ask for in the period that starts with `first`, counted from a day on. `issued`: the target of an adaptive
    /// goal.
    pub(super) fn new(
        goal: &Goal,
        (terms, from): (&Terms, Day),
        first: Day,
        issued: Option<i64>,
    ) -> Option<Self> {
        let last = goal.period.last_day(first);
        let left = last.next().since(from);
        let shared = |target| share(target, left, goal.period.length(first));
        let of = |part: &Part| (part.metric, shared(part.target_on(first)));
        let (ask, counted) = match &terms.kind {
            Kind::Static(part) => (
                Ask::Amounts(Mode::All, vec![of(part)]),
                Counted::Amount(part.metric),
            ),
            Kind::Adaptive(adaptive) => (
                Ask::Amounts(Mode::All, vec![(adaptive.metric, issued?)]),
                Counted::Amount(adaptive.metric),
            ),
            Kind::DaysOf { part, days } => (
                Ask::Days(part.clone(), shared(i64::from(*days))),
                Counted::Days,
            ),
            Kind::Composite { mode, parts } => (
                Ask::Amounts(*mode, parts.iter().map(of).collect()),
                Counted::Parts,
            ),
        };
        Some(Self {
            days: (from, last),
            ask,
            counted,
        })
    }

    /// Where it is met; `None`: not yet.
    pub(super) fn crossing(&self, user: &User) -> Option<Crossing> {
        match &self.ask {
            Ask::Amounts(mode, parts) => self.crossing_of(user, *mode, parts),
            Ask::Days(part, days) => {
                let nth = usize::try_from(days.saturating_sub(1)).ok()?;
                let day = self.met_days(user, part).nth(nth)?;
                Some(Crossing {
                    day,
                    latest: true,
                    needs: vec![(part.metric, part.target_on(day))],
                })
            }
        }
    }

    fn crossing_of(&self, user: &User, mode: Mode, parts: &[(Metric, i64)]) -> Option<Crossing> {
        let reached = parts.iter().map(|part| self.reached(user, *part));
        let latest = mode == Mode::All;
        let found: Vec<(Day, (Metric, i64))> = if latest {
            reached.collect::<Option<_>>()?
        } else {
            reached.flatten().collect()
        };
        let days = found.iter().map(|(day, _)| *day);
        let day = if latest { days.max() } else { days.min() }?;
        let here = found.iter().filter(|(on, _)| *on == day);
        Some(Crossing {
            day,
            latest,
            needs: here.map(|(_, need)| *need).collect(),
        })
    }

    /// The day in which the sum over the days reaches a target, and what is missing at its start.
    fn reached(
        &self,
        user: &User,
        (metric, target): (Metric, i64),
    ) -> Option<(Day, (Metric, i64))> {
        let mut missing = target;
        for (day, state) in self.states(user) {
            let amount = state.goal_amount(metric);
            if amount >= missing {
                return Some((day, (metric, missing)));
            }
            missing = missing.saturating_sub(amount);
        }
        None
    }

    fn met_days(&self, user: &User, part: &Part) -> impl Iterator<Item = Day> {
        let met = |(day, state): &(Day, &DayState)| {
            state.goal_amount(part.metric) >= part.target_on(*day)
        };
        self.states(user).filter(met).map(|(day, _)| day)
    }

    fn states<'a>(&self, user: &'a User) -> impl Iterator<Item = (Day, &'a DayState)> {
        let days = user.days.range(self.days.0..=self.days.1.max(self.days.0));
        days.map(|(day, state)| (*day, &**state))
    }

    /// Each part with its target and what has been reached of it, store units.
    fn parts(&self, user: &User) -> Vec<PartProgress> {
        let Ask::Amounts(_, parts) = &self.ask else {
            return Vec::new();
        };
        let progress = |(metric, target): &(Metric, i64)| PartProgress {
            metric: *metric,
            target: *target,
            progress: self.states(user).fold(0_i64, |sum, (_, state)| {
                sum.saturating_add(state.goal_amount(*metric))
            }),
        };
        parts.iter().map(progress).collect()
    }

    /// Target and progress in what the goal counts.
    fn reach(&self, user: &User, parts: &[PartProgress]) -> (i64, i64) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        match (&self.ask, self.counted) {
            (Ask::Days(part, days), _) => (*days, number(self.met_days(user, part).count())),
            (Ask::Amounts(mode, _), Counted::Parts) => {
                let met = parts.iter().filter(|part| part.progress >= part.target);
                let asked = if *mode == Mode::All { parts.len() } else { 1 };
                (number(asked), number(met.count()))
            }
            _ => parts
                .first()
                .map_or((0, 0), |part| (part.target, part.progress)),
        }
    }

    /// What has been reached as a share of the target, in per cent, rounded down; of a composite goal that of the part which
    /// decides whether it is met.
    fn share_percent(&self, user: &User) -> i64 {
        let share = |progress: i64, target| progress.saturating_mul(100).checked_div(target);
        let parts = self.parts(user);
        let shares = parts
            .iter()
            .filter_map(|part| share(part.progress, part.target));
        let share = match &self.ask {
            Ask::Amounts(Mode::All, _) => shares.min(),
            Ask::Amounts(Mode::Any, _) => shares.max(),
            Ask::Days(..) => {
                let (target, progress) = self.reach(user, &parts);
                share(progress, target)
            }
        };
        share.unwrap_or(0)
    }

    /// Target in what the goal counts, with what that is.
    pub(super) fn target(&self, user: &User) -> (i64, Counted) {
        (self.reach(user, &self.parts(user)).0, self.counted)
    }
}

impl User {
    /// What a goal asks for in a period; `None`: it is not in force, rests, or has no target.
    pub(super) fn asked(&self, id: &GoalId, first: Day) -> Option<Asked> {
        let goal = self.goals.get(id)?;
        let terms = goal.terms_of(first)?;
        if self.is_rest(goal, first) {
            return None;
        }
        let issued = self.days.get(&first).and_then(|state| state.issued.get(id));
        Asked::new(goal, terms, first, issued.map(|issued| issued.effective()))
    }

    /// What a goal has come to in a period as a share of its target, in per cent, rounded down; 0 where it asks for nothing.
    pub(in crate::user) fn share_percent(&self, id: &GoalId, first: Day) -> i64 {
        self.asked(id, first)
            .map_or(0, |asked| asked.share_percent(self))
    }

    /// Target and progress of a goal in the period that a day lies in; `None`: it asks for nothing then.
    #[must_use]
    pub fn goal_progress(&self, id: &GoalId, day: Day) -> Option<GoalProgress> {
        let goal = self.goals.get(id)?;
        let first = goal.period_of(day);
        let asked = self.asked(id, first)?;
        let parts = asked.parts(self);
        let (target, progress) = asked.reach(self, &parts);
        let told = self.days.get(&first).and_then(|state| state.goals.get(id));
        let met_at_ms = told.and_then(|told| told.met_at_ms);
        let several = asked.counted == Counted::Parts;
        Some(GoalProgress {
            goal: id.clone(),
            period: goal.period,
            first,
            counted: asked.counted,
            target,
            progress,
            parts: if several { parts } else { Vec::new() },
            status: self.status(id, first)?,
            met_at: met_at_ms.map(|at_ms| (at_ms, self.calendar().local(at_ms))),
        })
    }
}
