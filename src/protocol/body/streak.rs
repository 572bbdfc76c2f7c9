//! A streak as REST and the snapshot show it, with what it allows and what is held; pauses and verdicts.

use serde::Serialize;
use streakline_core::{
    streak::{Definition, Repair, Stage},
    view::{PauseView, StreakView, VerdictView},
};
use utoipa::ToSchema;

use super::day::DayStatus;

/// The streak of one goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Streak {
    /// Of which goal.
    #[schema(example = "steps-7500")]
    pub goal: String,
    /// The day that it is told for.
    #[schema(format = Date, example = "2016-05-11")]
    pub as_of: String,
    /// Length over closed days.
    pub count: u32,
    /// Length with the unclosed met days.
    pub with_today: u32,
    /// First day of the current run.
    #[schema(required = true, format = Date)]
    pub start: Option<String>,
    /// The longest run, the earliest of equals.
    pub longest: Longest,
    /// Whether a missed day that is not hard closed may still change it.
    pub provisional: bool,
    /// The 30 days ending at `as_of`, oldest first.
    pub statuses: Vec<StatusOfDay>,
    /// What is held now.
    pub inventory: Inventory,
}

/// What a streak has in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Inventory {
    /// Freezes that are held.
    #[schema(maximum = 2)]
    pub freezes: u32,
    /// Met periods until the next freeze is earned; null: none is.
    #[schema(required = true)]
    pub next_freeze_in: Option<u32>,
    /// Passes that a day from today on could take.
    #[schema(maximum = 2)]
    pub passes: u32,
    /// Repairs that are left at present.
    #[schema(maximum = 1)]
    pub repairs: u32,
}

/// Instruments of a streak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StreakRule {
    /// Freezes that may be held, 0 to 2.
    #[schema(example = 2, maximum = 2)]
    pub freezes: u8,
    /// Whether a missed Saturday or Sunday may pass, twice in 28 days.
    pub weekend_pass: bool,
    /// Whether a missed day of at least 95 % of its target may pass, within the same two.
    pub near_miss: bool,
    /// How a missed day may be repaired; null: not at all.
    #[schema(required = true)]
    pub repair: Option<RepairRule>,
}

/// How a missed day may be repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RepairRule {
    /// By 120 % on both next days; always.
    pub earn_back: bool,
    /// For 500 tokens, too.
    pub tokens: bool,
}

impl From<Definition> for StreakRule {
    fn from(of: Definition) -> Self {
        Self {
            freezes: of.freezes,
            weekend_pass: of.weekend_pass,
            near_miss: of.near_miss,
            repair: of.repair.map(|repair| RepairRule {
                earn_back: true,
                tokens: repair == Repair::EarnBackOrTokens,
            }),
        }
    }
}

/// A pause of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pause {
    /// Its first day.
    #[schema(format = Date, example = "2016-05-01")]
    pub from: String,
    /// Its last day.
    #[schema(format = Date, example = "2016-05-14")]
    pub to: String,
    /// Whether it has begun.
    pub running: bool,
}

impl From<&PauseView> for Pause {
    fn from(view: &PauseView) -> Self {
        Self {
            from: view.from.iso(),
            to: view.to.iso(),
            running: view.running,
        }
    }
}

/// A verdict on some days of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verdict {
    /// Its number, from 1.
    pub verdict: u32,
    /// The days that are missed by it.
    pub days: Vec<String>,
    /// The civil day on which it was given.
    #[schema(format = Date, example = "2016-05-11")]
    pub given: String,
    /// `open`, `appealed`, `final` or `acquitted`.
    #[schema(value_type = String, example = "open")]
    pub stage: &'static str,
    /// When it becomes final, POSIX ms; null unless it is open.
    #[schema(required = true)]
    pub final_at_ms: Option<i64>,
}

impl From<&VerdictView> for Verdict {
    fn from(view: &VerdictView) -> Self {
        Self {
            verdict: view.verdict,
            days: view.days.iter().map(|day| day.iso()).collect(),
            given: view.given.iso(),
            stage: stage(view.stage),
            final_at_ms: match view.stage {
                Stage::Open(at_ms) => Some(at_ms),
                _ => None,
            },
        }
    }
}

/// A stage in one word.
#[must_use]
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Open(_) => "open",
        Stage::Appealed => "appealed",
        Stage::Final => "final",
        Stage::Acquitted => "acquitted",
    }
}

/// The longest run of a streak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Longest {
    /// Its length; 0 without any.
    pub count: u32,
    /// Its first day.
    #[schema(required = true, format = Date)]
    pub from: Option<String>,
    /// Its last day.
    #[schema(required = true, format = Date)]
    pub to: Option<String>,
}

/// One day of a streak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusOfDay {
    /// The date.
    #[schema(format = Date, example = "2016-05-11")]
    pub day: String,
    /// How it stands for the goal.
    pub status: DayStatus,
}

impl From<&StreakView> for Streak {
    fn from(view: &StreakView) -> Self {
        let (count, ends) = view.longest;
        Self {
            goal: view.goal.as_str().to_owned(),
            as_of: view.as_of.iso(),
            count: view.count,
            with_today: view.with_today,
            start: view.start.map(|day| day.iso()),
            longest: Longest {
                count,
                from: ends.map(|(from, _)| from.iso()),
                to: ends.map(|(_, to)| to.iso()),
            },
            provisional: view.provisional,
            statuses: view
                .statuses
                .iter()
                .map(|(day, status)| StatusOfDay {
                    day: day.iso(),
                    status: (*status).into(),
                })
                .collect(),
            inventory: Inventory {
                freezes: view.inventory.freezes,
                next_freeze_in: view.inventory.next_freeze_in,
                passes: view.inventory.passes,
                repairs: view.inventory.repairs,
            },
        }
    }
}
