//! A streak as a pure fold over the statuses of periods, each told by the civil day that it starts with (domain.md 4.1), and
//! what belongs to a streak besides: instruments, milestones, verdicts. It knows no goals and no clocks.

mod definition;
mod freezes;
mod keeping;
mod milestones;
mod pauses;
mod verdicts;

pub use definition::{Definition, Repair};
pub use freezes::Freezes;
pub use keeping::{Cover, Keeping};
pub use milestones::{Amounts, Grant, Hit, Hits, MILESTONES, is_milestone, may_grant};
pub use pauses::{Pause, PauseRefusal, Pauses};
pub use verdicts::{Stage, Verdict, Verdicts};

use minicbor::{Decode, Encode};

use crate::{civil::Day, view::DayStatus};

/// A run of met periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Run {
    /// Met periods in it.
    #[n(0)]
    pub count: u32,
    /// Its first met period.
    #[n(1)]
    pub from: Day,
    /// Its last met period.
    #[n(2)]
    pub to: Day,
}

/// Current and longest run: met adds one, missed ends it, everything else leaves it.
///
/// ```
/// use streakline_core::{civil::Day, streak::Streak, view::DayStatus::{Met, Missed}};
/// let monday = Day::parse("2016-04-18").unwrap();
/// let mut streak = Streak::default();
/// for (offset, status) in [Met, Met, Missed, Met].into_iter().enumerate() {
///     streak.step(monday.plus(offset as i32), status);
/// }
/// assert_eq!((streak.count(), streak.longest_count()), (1, 2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Streak {
    /// The run that the last period belongs to.
    #[n(0)]
    pub current: Option<Run>,
    /// The longest ever, the earliest of equals.
    #[n(1)]
    pub longest: Option<Run>,
}

impl Streak {
    /// Takes in the next period; they come in rising order.
    pub fn step(&mut self, day: Day, status: DayStatus) {
        match status {
            DayStatus::Met => self.extend(day),
            DayStatus::Missed => self.current = None,
            DayStatus::Rest
            | DayStatus::Paused
            | DayStatus::Frozen
            | DayStatus::Pass
            | DayStatus::Repaired
            | DayStatus::Void
            | DayStatus::Pending => {}
        }
    }

    /// The fold from the beginning.
    #[must_use]
    pub fn of(days: impl IntoIterator<Item = (Day, DayStatus)>) -> Self {
        let mut streak = Self::default();
        days.into_iter()
            .for_each(|(day, status)| streak.step(day, status));
        streak
    }

    /// Length of the current run.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.current.map_or(0, |run| run.count)
    }

    /// Length of the longest run.
    #[must_use]
    pub fn longest_count(&self) -> u32 {
        self.longest.map_or(0, |run| run.count)
    }

    fn extend(&mut self, day: Day) {
        let run = match self.current {
            Some(run) => Run {
                count: run.count.saturating_add(1),
                to: day,
                ..run
            },
            None => Run {
                count: 1,
                from: day,
                to: day,
            },
        };
        self.current = Some(run);
        if run.count > self.longest_count() {
            self.longest = Some(run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DayStatus::{Met, Missed, Pending, Void};

    fn streak(statuses: &[DayStatus]) -> Streak {
        Streak::of(
            statuses
                .iter()
                .enumerate()
                .map(|(at, s)| (Day(i32::try_from(at).unwrap()), *s)),
        )
    }

    #[test]
    fn the_longest_run_is_the_earliest_of_equals() {
        let streak = streak(&[Met, Met, Missed, Met, Met, Missed]);
        assert_eq!(
            streak.longest,
            Some(Run {
                count: 2,
                from: Day(0),
                to: Day(1)
            })
        );
        assert_eq!(streak.count(), 0);
    }

    #[test]
    fn a_void_or_pending_day_leaves_the_count() {
        assert_eq!(streak(&[Met, Void, Met, Pending]).current.unwrap().count, 2);
        assert_eq!(streak(&[Met, Void, Met]).current.unwrap().to, Day(2));
    }
}
