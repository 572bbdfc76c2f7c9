//! A static daily goal: which target holds on which day (domain.md 3.1), with the streak over its closed days.
//!
//! Whether a day met it is decided in `user`, from the day's cells.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use crate::{civil::Day, metric::Metric, streak::Streak};

/// From a day on, this target; `None`: the goal is not in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Revision {
    /// First day of it.
    #[n(0)]
    pub from: Day,
    /// Store units.
    #[n(1)]
    pub target: Option<i64>,
}

/// A goal of one user.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Goal {
    /// What it counts.
    #[n(0)]
    pub metric: Metric,
    /// By rising day, never two of one day.
    #[n(1)]
    pub revisions: Vec<Revision>,
    /// Fold over its days up to the last soft close.
    #[n(2)]
    pub streak: Streak,
    /// Counts the changes of the definition.
    #[n(3)]
    pub version: u64,
    /// Counts the changes of the streak.
    #[n(4)]
    pub streak_version: u64,
}

impl Goal {
    /// A goal without revisions.
    #[must_use]
    pub fn new(metric: Metric) -> Self {
        let streak = Streak::default();
        Self {
            metric,
            revisions: Vec::new(),
            streak,
            version: 0,
            streak_version: 0,
        }
    }

    /// The target on a day, where the goal is in force.
    ///
    /// ```
    /// use streakline_core::{civil::Day, goal::Goal, metric::Metric};
    /// let mut goal = Goal::new(Metric::STEPS);
    /// goal.revise(Day(10), Some(7_500));
    /// goal.revise(Day(12), None);
    /// assert_eq!([9, 10, 11, 12].map(|day| goal.target_on(Day(day))), [None, Some(7_500), Some(7_500), None]);
    /// ```
    #[must_use]
    pub fn target_on(&self, day: Day) -> Option<i64> {
        self.revisions
            .iter()
            .rev()
            .find(|revision| revision.from <= day)?
            .target
    }

    /// From that day on, another target; what was decided for later days falls away.
    pub fn revise(&mut self, from: Day, target: Option<i64>) {
        self.revisions.retain(|revision| revision.from < from);
        self.revisions.push(Revision { from, target });
        self.version = self.version.saturating_add(1);
    }

    /// The first day it was ever in force.
    #[must_use]
    pub fn first_day(&self) -> Option<Day> {
        self.revisions
            .iter()
            .find(|revision| revision.target.is_some())
            .map(|r| r.from)
    }

    /// The newest target with its first day.
    #[must_use]
    pub fn newest(&self) -> Option<(Day, i64)> {
        self.revisions
            .iter()
            .rev()
            .find_map(|r| r.target.map(|target| (r.from, target)))
    }

    /// The last day, once it is deleted.
    #[must_use]
    pub fn until(&self) -> Option<Day> {
        let last = self.revisions.last()?;
        last.target.is_none().then(|| last.from.prev())
    }
}
