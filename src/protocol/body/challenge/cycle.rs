//! A challenge that begins anew, and its cycles, as REST shows them.

use serde::Serialize;
use streakline_core::{
    definition::recurs::{self, Every, Schedule},
    view::{self, CycleView},
};
use utoipa::ToSchema;

use super::ChallengePhase;

/// When a challenge begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChallengeRecurs)]
pub struct Recurs {
    /// From the start of one window to that of the next: `day`, `week` or `month`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "week")]
    pub every: Option<&'static str>,
    /// The dates on which windows start, as a cron expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub cron: Option<String>,
    /// How many windows there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub count: Option<u32>,
    /// The last date on which one may start.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, format = Date)]
    pub until: Option<String>,
    /// Of windows by `cron`: whether each lasts until the next starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub fills: Option<bool>,
    /// Whether members of one window are members of the next.
    pub carry_members: bool,
}

impl From<&recurs::Recurs> for Recurs {
    fn from(of: &recurs::Recurs) -> Self {
        let (every, cron) = match &of.schedule {
            Schedule::Every(every) => (Some(name(*every)), None),
            Schedule::Cron(cron) => (None, Some(cron.text().to_owned())),
        };
        Self {
            every,
            fills: cron.is_some().then_some(of.fills),
            cron,
            count: of.count,
            until: of.until.map(streakline_core::civil::Day::iso),
            carry_members: of.carry_members,
        }
    }
}

fn name(every: Every) -> &'static str {
    match every {
        Every::Day => "day",
        Every::Week => "week",
        Every::Month => "month",
    }
}

/// Which of a series a challenge is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CycleOf {
    /// The challenge that begins anew.
    #[schema(format = Uuid)]
    pub series: String,
    /// From 1.
    pub number: u32,
}

impl From<&recurs::Cycle> for CycleOf {
    fn from(of: &recurs::Cycle) -> Self {
        Self {
            series: of.series.to_string(),
            number: of.number,
        }
    }
}

/// A cycle of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cycle {
    /// From 1.
    pub number: u32,
    /// The challenge that it is; null: it was not made.
    #[schema(required = true, format = Uuid)]
    pub id: Option<String>,
    /// Where it stands; null: it was not made.
    #[schema(required = true)]
    pub phase: Option<ChallengePhase>,
    /// First date of its window.
    #[schema(format = Date, example = "2016-04-18")]
    pub starts: String,
    /// Last date, inside the window.
    #[schema(format = Date, example = "2016-04-24")]
    pub ends: String,
    /// Why it was not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub missed: Option<String>,
}

impl Cycle {
    /// A cycle, with where it stands.
    #[must_use]
    pub fn of((view, phase): &(CycleView, Option<view::ChallengePhase>)) -> Self {
        let (starts, ends) = view.window;
        Self {
            number: view.number,
            id: phase.map(|_| view.challenge.to_string()),
            phase: phase.map(ChallengePhase::from),
            starts: starts.iso(),
            ends: ends.iso(),
            missed: view.missed.clone(),
        }
    }
}
