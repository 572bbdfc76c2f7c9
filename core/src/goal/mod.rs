//! A goal of one user: what it asks for from which day on (domain.md 3.1), with the streak over its closed periods.
//!
//! Whether a period met it is decided in `user::goals`, from the cells of its days.

mod issue;
mod policy;
mod terms;

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

pub use issue::{Bounds, HeldTo, IssuedTarget};
pub use policy::{
    GarminLike, GoalPolicy, Inputs, LOOK_BACK_DAYS, Percentile, Policy, WINDOW_DAYS, WindowDay,
};
pub use terms::{Adaptive, Kind, Mode, Part, Terms};

use crate::{
    civil::Day,
    limits,
    metric::Metric,
    period::{Period, WeekStart},
    streak::Streak,
};

/// From a day on, these terms; `None`: the goal is not in force.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Revision {
    /// First day of it: a period's first day, unless the goal was not in force before.
    #[n(0)]
    pub from: Day,
    /// What it asks for.
    #[n(1)]
    pub terms: Option<Terms>,
}

/// A goal of one user.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Goal {
    /// How long one round of it lasts; never changes.
    #[n(0)]
    pub period: Period,
    /// Where its weeks start; never changes, so that no week becomes another one.
    #[n(1)]
    pub week_start: WeekStart,
    /// By rising day, never two of one day.
    #[n(2)]
    pub revisions: Vec<Revision>,
    /// Fold over its periods up to the last soft close.
    #[n(3)]
    pub streak: Streak,
    /// Counts the changes of the definition, and the targets issued.
    #[n(4)]
    pub version: u64,
    /// Counts the changes of the streak.
    #[n(5)]
    pub streak_version: u64,
    /// Stamps of the last changes by hand, POSIX ms, rising; 3 at most.
    #[n(6)]
    pub changed_ms: Vec<i64>,
    /// Adaptive: the last day whose target was issued, or left out.
    #[n(7)]
    pub issued_to: Option<Day>,
    /// Adaptive: the user's own target for a day that has not begun.
    #[n(8)]
    pub own: Option<(Day, i64)>,
}

impl Goal {
    /// A goal without revisions.
    #[must_use]
    pub fn new(period: Period, week_start: WeekStart) -> Self {
        Self {
            period,
            week_start,
            revisions: Vec::new(),
            streak: Streak::default(),
            version: 0,
            streak_version: 0,
            changed_ms: Vec::new(),
            issued_to: None,
            own: None,
        }
    }

    /// The first day of the period that a day lies in.
    #[must_use]
    pub fn period_of(&self, day: Day) -> Day {
        self.period.first_day(day, self.week_start)
    }

    /// What holds in the period that starts with `first`, and the day from which on it is counted.
    ///
    /// ```
    /// use streakline_core::{civil::Day, goal::{Goal, Terms}, period::{Period, WeekStart}, metric::Metric};
    /// let mut goal = Goal::new(Period::Day, WeekStart::Monday);
    /// goal.revise(Day(10), Some(Terms::fixed(Metric::STEPS, 7_500)));
    /// goal.revise(Day(12), None);
    /// assert_eq!([9, 10, 11, 12].map(|day| goal.terms_of(Day(day)).is_some()), [false, true, true, false]);
    /// ```
    #[must_use]
    pub fn terms_of(&self, first: Day) -> Option<(&Terms, Day)> {
        let last = self.period.last_day(first);
        let mut revisions = self.revisions.iter().rev();
        let held = revisions.find(|revision| revision.from <= last)?;
        Some((held.terms.as_ref()?, held.from.max(first)))
    }

    /// The days of the period that starts with `first` that count: those from the day on that it is in force.
    pub fn counted_days(&self, first: Day) -> impl Iterator<Item = Day> + use<> {
        let from = self.terms_of(first).map_or(first, |(_, from)| from);
        let days = self.period.days(first);
        days.filter(move |day| *day >= from)
    }

    /// From that day on, other terms; what was decided for later days falls away.
    pub fn revise(&mut self, from: Day, terms: Option<Terms>) {
        self.revisions.retain(|revision| revision.from < from);
        self.revisions.push(Revision { from, terms });
    }

    /// Notes a change by hand: only so many are allowed within 7 days.
    pub fn note_change(&mut self, at_ms: i64) {
        self.changed_ms.retain(|changed| recent(*changed, at_ms));
        self.changed_ms.push(at_ms);
    }

    /// Changes by hand within the last 7 days.
    #[must_use]
    pub fn changes_lately(&self, now_ms: i64) -> usize {
        let changes = self.changed_ms.iter();
        changes.filter(|changed| recent(**changed, now_ms)).count()
    }

    /// Adaptive: the next day that a target may be issued for.
    #[must_use]
    pub fn next_issue(&self) -> Option<Day> {
        let after = self.issued_to.map(Day::next);
        let is_adaptive = |terms: &Terms| terms.adaptive().is_some();
        let held = after.filter(|day| {
            self.terms_of(*day)
                .is_some_and(|(terms, _)| is_adaptive(terms))
        });
        held.or_else(|| {
            let mut later = self
                .revisions
                .iter()
                .filter(|revision| Some(revision.from) >= after);
            let adaptive = later.find(|revision| revision.terms.as_ref().is_some_and(is_adaptive));
            adaptive.map(|revision| revision.from)
        })
    }

    /// The first day it was ever in force.
    #[must_use]
    pub fn first_day(&self) -> Option<Day> {
        let mut revisions = self.revisions.iter();
        revisions
            .find(|revision| revision.terms.is_some())
            .map(|r| r.from)
    }

    /// The newest terms with their first day.
    #[must_use]
    pub fn newest(&self) -> Option<(Day, &Terms)> {
        let mut revisions = self.revisions.iter().rev();
        revisions.find_map(|r| r.terms.as_ref().map(|terms| (r.from, terms)))
    }

    /// The last day, once it is deleted.
    #[must_use]
    pub fn until(&self) -> Option<Day> {
        let last = self.revisions.last()?;
        last.terms.is_none().then(|| last.from.prev())
    }

    /// Whether any of its terms counts a metric.
    #[must_use]
    pub fn ever_counts(&self, metric: Metric) -> bool {
        let mut terms = self.revisions.iter().filter_map(|held| held.terms.as_ref());
        terms.any(|terms| terms.counts(metric))
    }
}

fn recent(changed_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(changed_ms) < limits::GOAL_CHANGES_WITHIN_MS
}

/// A share of a target for a period that was begun late: the days left of all its days, rounded up (domain.md 3.1).
#[must_use]
pub fn share(target: i64, left: i32, days: i32) -> i64 {
    let (left, days) = (i64::from(left), i64::from(days.max(1)));
    let product = target.saturating_mul(left);
    let up = i64::from(product.rem_euclid(days) != 0);
    product.div_euclid(days).saturating_add(up)
}
