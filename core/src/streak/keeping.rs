//! What is kept of one streak besides its goal: definition, inventory, covered periods, grants, and how far its fold has come.

use alloc::{collections::BTreeMap, vec::Vec};
use minicbor::{Decode, Encode};

use super::{Definition, Freezes, Grant, Streak};
use crate::{civil::Day, limits};

/// What makes a missed period neutral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Cover {
    /// A freeze, with the civil day of its acquisition.
    #[n(0)]
    Frozen(#[n(0)] Day),
    /// A pass.
    #[n(1)]
    Pass,
    /// A repair.
    #[n(2)]
    Repaired,
}

/// What belongs to the streak of one goal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Keeping {
    /// What it allows.
    #[n(0)]
    pub definition: Definition,
    /// The civil day on which that was said; passes and repairs are for days from then on.
    #[n(1)]
    pub since: Option<Day>,
    /// Its freezes.
    #[n(2)]
    pub freezes: Freezes,
    /// Periods that something covers, should they be missed.
    #[n(3)]
    pub covers: BTreeMap<Day, Cover>,
    /// Civil days on which something was repaired, rising.
    #[n(4)]
    pub repairs: Vec<Day>,
    /// Milestones that were granted, in the order of granting.
    #[n(5)]
    pub grants: Vec<Grant>,
    /// The fold up to a period whose status only a verdict can change, so that a close need not begin at the beginning.
    #[n(6)]
    pub checkpoint: Option<(Day, Streak)>,
}

impl Keeping {
    /// Passes within the 28 days around a day: at most so many may lie in any 28 days (domain.md 4.2).
    #[must_use]
    pub fn passes_near(&self, day: Day, days: i32) -> usize {
        let near =
            day.plus(days.saturating_sub(1).saturating_neg())..=day.plus(days.saturating_sub(1));
        let passes: Vec<Day> = self
            .covers
            .range(near)
            .filter(|(_, cover)| **cover == Cover::Pass)
            .map(|(day, _)| *day)
            .collect();
        let within = |start: &Day| {
            let end = start.plus(days.saturating_sub(1));
            let has = |held: &&Day| (*start..=end).contains(*held);
            (*start <= day && day <= end).then(|| passes.iter().filter(has).count())
        };
        let starts = passes.iter().copied().chain([day]);
        starts.filter_map(|start| within(&start)).max().unwrap_or(0)
    }

    /// Whether a day lies within the days in which an earlier repair stands in the way of another.
    #[must_use]
    pub fn repaired_lately(&self, today: Day) -> bool {
        let newest = self.repairs.last();
        newest.is_some_and(|day| today.since(*day) < limits::REPAIR_DAYS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_are_counted_over_any_28_days_that_hold_the_day() {
        let mut keeping = Keeping::default();
        for day in [10, 36, 60] {
            keeping.covers.insert(Day(day), Cover::Pass);
        }
        assert_eq!(keeping.passes_near(Day(11), 28), 2, "10 and 36");
        assert_eq!(
            keeping.passes_near(Day(38), 28),
            2,
            "36 and 60, or 36 alone"
        );
        assert_eq!(keeping.passes_near(Day(64), 28), 1);
        assert_eq!(keeping.passes_near(Day(100), 28), 0);
    }
}
