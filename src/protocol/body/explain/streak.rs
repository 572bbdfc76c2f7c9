//! Why a streak is as long as it is.

use serde::Serialize;
use streakline_core::{
    streak::{Freezes, Grant},
    user::explain::{PeriodWhy, Reason, StreakWhy},
};
use utoipa::ToSchema;

use super::{
    super::{
        Streak,
        day::{DayStatus, GoalDay},
        streak::StreakRule,
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
    /// What it allows.
    pub rule: StreakRule,
    /// Its freezes.
    pub freezes: FreezesExplained,
    /// Days on which something was repaired, rising.
    pub repairs: Vec<String>,
    /// Milestones that were granted, in the order of granting.
    pub grants: Vec<GrantExplained>,
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
    /// data may still change it), `fell_short`, `open`, `rest_day`, `jumped`, `short_day`, `paused`, `freeze`, `pass`, `repair` or
    /// `verdict` (confirmed fraud, whatever was reached).
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
    /// The day on which the freeze was acquired that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub freeze_of: Option<String>,
    /// The verdict that takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<u32>,
}

/// The freezes of a streak: held = earned + bought + returned - used - lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FreezesExplained {
    /// Held now.
    pub held: usize,
    /// Earned, one for every 7 met periods.
    pub earned: u32,
    /// Bought for tokens.
    pub bought: u32,
    /// Used for missed periods.
    pub used: u32,
    /// Came back because late data made the period met.
    pub returned: u32,
    /// Came while as many were held as may be.
    pub lost: u32,
    /// Met periods that were counted, each once.
    pub met: u32,
}

/// A milestone that was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GrantExplained {
    /// The length.
    pub milestone: u32,
    /// First period of the run.
    #[schema(format = Date)]
    pub first: String,
    /// The period that reached it. No other run that touches these is paid for the same milestone.
    #[schema(format = Date)]
    pub day: String,
    /// What it paid, 10^-6 token.
    pub amount_micro: i64,
    /// A verdict took it back.
    pub reversed: bool,
}

impl From<&Grant> for GrantExplained {
    fn from(grant: &Grant) -> Self {
        Self {
            milestone: grant.milestone,
            first: grant.first.iso(),
            day: grant.event.iso(),
            amount_micro: grant.amount_micro,
            reversed: grant.reversed,
        }
    }
}

impl From<&Freezes> for FreezesExplained {
    fn from(freezes: &Freezes) -> Self {
        Self {
            held: freezes.held(),
            earned: freezes.earned,
            bought: freezes.bought,
            used: freezes.used,
            returned: freezes.returned,
            lost: freezes.lost,
            met: freezes.met,
        }
    }
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
        Reason::Paused => "paused",
        Reason::Freeze => "freeze",
        Reason::Pass => "pass",
        Reason::Repair => "repair",
        Reason::Verdict => "verdict",
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
            freeze_of: why.freeze_of.map(|day| day.iso()),
            verdict: why.verdict,
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
            rule: StreakRule::from(why.keeping.definition),
            freezes: FreezesExplained::from(&why.keeping.freezes),
            repairs: why.keeping.repairs.iter().map(|day| day.iso()).collect(),
            grants: why
                .keeping
                .grants
                .iter()
                .map(GrantExplained::from)
                .collect(),
            trail,
        }
    }
}
