//! Why a streak is as long as it is: each period's status with its reason, and the length after it (domain.md 4).

use alloc::vec::Vec;

use super::Shape;
use crate::{
    civil::Day,
    day::GoalDay,
    goal::Goal,
    id::GoalId,
    streak::{Cover, Keeping, Stage, Verdict},
    user::User,
    view::{DayStatus, GoalProgress, StreakView},
};

/// Why a period has its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Progress reached the target.
    Reached,
    /// Progress reached the target, and a correction after the hard close took that back: the status is kept.
    Kept,
    /// It closed softly without reaching the target; late data may still change it.
    ShortSoFar,
    /// It closed without reaching the target.
    FellShort,
    /// It has not closed.
    Open,
    /// A rest day that was chosen before it began.
    RestDay,
    /// All its days lie in a pause.
    Paused,
    /// Missed, and a freeze covers it.
    Freeze,
    /// Missed, and passes as a day of the weekend or as a near miss.
    Pass,
    /// Missed, and repaired.
    Repair,
    /// A verdict takes it, whatever was reached.
    Verdict,
    /// The calendar jumped over the date.
    Jumped,
    /// A change of zone or of the start of days made it shorter than 20 hours, and it was missed.
    ShortDay,
}

/// One period of a streak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodWhy {
    /// First and last day.
    pub days: (Day, Day),
    /// How it stands.
    pub status: DayStatus,
    /// Why.
    pub reason: Reason,
    /// Target and progress; `None`: nothing was asked.
    pub progress: Option<GoalProgress>,
    /// Length of the run after it.
    pub count: u32,
    /// Whether it counts in the streak by now.
    pub closed: bool,
    /// What was told of it.
    pub told: GoalDay,
    /// The civil day on which the freeze was acquired that covers it.
    pub freeze_of: Option<Day>,
    /// The verdict that takes it.
    pub verdict: Option<u32>,
}

/// Why a streak is as long as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreakWhy {
    /// The streak as it is told elsewhere.
    pub view: StreakView,
    /// Length of the run before the first period that is told.
    pub count_before: u32,
    /// Its periods, by rising day.
    pub periods: Vec<PeriodWhy>,
    /// Its instruments and grants: what came in, what was used.
    pub keeping: Keeping,
}

impl User {
    /// Why a streak is as long as it is, from one day to another; `None`: there is no such goal.
    #[must_use]
    pub fn streak_why(
        &self,
        id: &GoalId,
        (from, to): (Day, Day),
        now_ms: i64,
    ) -> Option<StreakWhy> {
        let goal = self.goals.get(id)?;
        let from = goal.period_of(goal.first_day().map_or(from, |first| first.max(from)));
        let mut streak = self.streak_through(id, from.prev());
        let count_before = streak.count();
        let mut periods = Vec::new();
        for first in goal.period.between(from, to, goal.week_start) {
            let Some(status) = self.status(id, first) else {
                continue;
            };
            streak.step(first, status);
            periods.push(self.period_why((id, goal), (first, status), streak.count()));
        }
        Some(StreakWhy {
            view: self.streak_view(id, None, now_ms)?,
            count_before,
            periods,
            keeping: *self.streaks.get(id).cloned().unwrap_or_default(),
        })
    }

    fn period_why(
        &self,
        (id, goal): (&GoalId, &Goal),
        (first, status): (Day, DayStatus),
        count: u32,
    ) -> PeriodWhy {
        let last = goal.period.last_day(first);
        let progress = self.goal_progress(id, first);
        let told = self.days.get(&first).and_then(|state| state.goals.get(id));
        let covers = self.streaks.get(id).map(|keeping| &keeping.covers);
        let verdict = self.verdict_on(goal, first);
        PeriodWhy {
            days: (first, last),
            status,
            reason: self.reason((first, last), (status, verdict), progress.as_ref()),
            progress,
            count,
            closed: last <= self.soft_closed,
            told: told.copied().unwrap_or_default(),
            freeze_of: match covers.and_then(|covers| covers.get(&first)) {
                Some(Cover::Frozen(acquired)) if status == DayStatus::Frozen => Some(*acquired),
                _ => None,
            },
            verdict,
        }
    }

    /// The first verdict in force that takes any day of a period.
    fn verdict_on(&self, goal: &Goal, first: Day) -> Option<u32> {
        let days: Vec<Day> = goal.counted_days(first).collect();
        let takes = |held: &Verdict| {
            held.stage != Stage::Acquitted && days.iter().any(|day| held.days.contains(day))
        };
        let mut verdicts = self.verdicts.iter();
        verdicts
            .find(|(_, held)| takes(held))
            .map(|(number, _)| number)
    }

    fn reason(
        &self,
        (first, last): (Day, Day),
        (status, verdict): (DayStatus, Option<u32>),
        progress: Option<&GoalProgress>,
    ) -> Reason {
        let reached = progress.is_some_and(|progress| progress.progress >= progress.target);
        match status {
            DayStatus::Met if reached => Reason::Reached,
            DayStatus::Met => Reason::Kept,
            DayStatus::Missed if verdict.is_some() => Reason::Verdict,
            DayStatus::Missed if last > self.hard_closed => Reason::ShortSoFar,
            DayStatus::Missed => Reason::FellShort,
            DayStatus::Pending => Reason::Open,
            DayStatus::Rest => Reason::RestDay,
            DayStatus::Paused => Reason::Paused,
            DayStatus::Frozen => Reason::Freeze,
            DayStatus::Pass => Reason::Pass,
            DayStatus::Repaired => Reason::Repair,
            DayStatus::Void if self.shape_of(first) == Shape::Jumped => Reason::Jumped,
            DayStatus::Void => Reason::ShortDay,
        }
    }
}
