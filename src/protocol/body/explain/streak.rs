//! Why a streak is as long as it is.

use serde::Serialize;
use streakline_core::user::explain::{PeriodWhy, Reason, StreakWhy};
use utoipa::ToSchema;

use super::{
    super::{
        Streak,
        day::{DayStatus, GoalDay},
    },
    Trail,
};

/// Why a streak is as long as it is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StreakExplained {
    /// The streak as `streaks` tells it.
    pub streak: Streak,
    /// Length of the run before the first period here.
    pub count_before: u32,
    /// Its periods, by rising day: from each count to the next the status says how.
    pub periods: Vec<PeriodExplained>,
    /// What was told of it and who changed what.
    pub trail: Trail,
}

/// One period of a streak.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PeriodExplained {
    /// First day.
    #[schema(format = Date)]
    pub starts: String,
    /// Last day.
    #[schema(format = Date)]
    pub ends: String,
    /// How it stands: met adds one, missed ends the run, everything else changes nothing.
    pub status: DayStatus,
    /// Why: `reached`, `kept` (a correction after the hard close took progress back, the status stays), `short_so_far` (late
    /// data may still change it), `fell_short`, `open`, `rest_day`, `jumped` or `short_day`.
    #[schema(value_type = String, example = "reached")]
    pub reason: &'static str,
    /// Target and progress; null: nothing was asked.
    #[schema(required = true)]
    pub progress: Option<GoalDay>,
    /// Length of the run after it.
    pub count: u32,
    /// Whether it is closed, so that it is in the streak's `count`.
    pub closed: bool,
    /// `streak.extended` was told of it.
    pub told_extended: bool,
    /// `streak.lost` was told of it.
    pub told_lost: bool,
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Reached => "reached",
        Reason::Kept => "kept",
        Reason::ShortSoFar => "short_so_far",
        Reason::FellShort => "fell_short",
        Reason::Open => "open",
        Reason::RestDay => "rest_day",
        Reason::Jumped => "jumped",
        Reason::ShortDay => "short_day",
    }
}

impl From<&PeriodWhy> for PeriodExplained {
    fn from(why: &PeriodWhy) -> Self {
        Self {
            starts: why.days.0.iso(),
            ends: why.days.1.iso(),
            status: why.status.into(),
            reason: reason(why.reason),
            progress: why.progress.as_ref().map(GoalDay::from),
            count: why.count,
            closed: why.closed,
            told_extended: why.told.extended,
            told_lost: why.told.lost,
        }
    }
}

impl StreakExplained {
    /// The explanation, with a page of its trail.
    #[must_use]
    pub fn new(why: &StreakWhy, trail: Trail) -> Self {
        Self {
            streak: Streak::from(&why.view),
            count_before: why.count_before,
            periods: why.periods.iter().map(PeriodExplained::from).collect(),
            trail,
        }
    }
}
