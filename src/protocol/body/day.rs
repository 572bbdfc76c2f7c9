//! A civil day as REST and the snapshot show it, and the words for its phase and status.

use serde::Serialize;
use streakline_core::view::{self, DayView};
use utoipa::ToSchema;

use super::hex;

/// Phase of a civil day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayPhase {
    /// Samples count for everything.
    Open,
    /// Tokens are posted; later samples still count.
    SoftClosed,
    /// Frozen for rewards.
    HardClosed,
    /// Read only.
    Archived,
}

impl From<view::DayPhase> for DayPhase {
    fn from(phase: view::DayPhase) -> Self {
        match phase {
            view::DayPhase::Open => Self::Open,
            view::DayPhase::SoftClosed => Self::SoftClosed,
            view::DayPhase::HardClosed => Self::HardClosed,
            view::DayPhase::Archived => Self::Archived,
        }
    }
}

/// Status of a day for one goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayStatus {
    /// The target was reached.
    Met,
    /// Closed without reaching it.
    Missed,
    /// A date that the user's calendar jumped over.
    Void,
    /// Not closed and not met.
    Pending,
}

impl From<view::DayStatus> for DayStatus {
    fn from(status: view::DayStatus) -> Self {
        match status {
            view::DayStatus::Met => Self::Met,
            view::DayStatus::Missed => Self::Missed,
            view::DayStatus::Void => Self::Void,
            view::DayStatus::Pending => Self::Pending,
        }
    }
}

/// A civil day of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Day {
    /// The date.
    #[schema(format = Date, example = "2016-04-13")]
    pub day: String,
    /// Its first instant, POSIX ms.
    pub start_ms: i64,
    /// The first instant after it, POSIX ms.
    pub end_ms: i64,
    /// IANA zone in force at its start.
    #[schema(example = "Europe/Berlin")]
    pub zone: String,
    /// Where it stands.
    pub phase: DayPhase,
    /// Total of all methods, unclamped.
    pub display: i64,
    /// Total that goals, streaks, challenges and tokens read.
    pub eligible: i64,
    /// `eligible` as frozen at hard close.
    pub scored: i64,
    /// Accepted winning records that start in it, zeros included.
    pub records: u32,
    /// Goals in force on it.
    pub goals: Vec<GoalDay>,
    /// Its tokens.
    pub tokens: DayTokens,
    /// SHA-256 over its cells and the identities of its accepted records, in hexadecimal.
    pub state_hash: String,
}

/// One goal on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GoalDay {
    /// Which goal.
    #[schema(example = "steps-7500")]
    pub goal: String,
    /// Target of that day.
    pub target: i64,
    /// Eligible amount of that day.
    pub progress: i64,
    /// Where it stands.
    pub status: DayStatus,
    /// Start of the minute in which the running sum reached the target, POSIX ms.
    #[schema(required = true)]
    pub met_at_ms: Option<i64>,
    /// The same minute on the user's wall.
    #[schema(required = true, example = "2016-04-13T18:18")]
    pub met_at_local: Option<String>,
}

/// Tokens of one day, 10^-6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DayTokens {
    /// Shown, not yet booked.
    pub pending_micro: i64,
    /// Booked.
    pub posted_micro: i64,
}

impl From<&view::GoalProgress> for GoalDay {
    fn from(view: &view::GoalProgress) -> Self {
        Self {
            goal: view.goal.as_str().to_owned(),
            target: view.target,
            progress: view.progress,
            status: view.status.into(),
            met_at_ms: view.met_at.map(|(at_ms, _)| at_ms),
            met_at_local: view.met_at.map(|(_, local)| local.iso_minute()),
        }
    }
}

impl From<&DayView> for Day {
    fn from(view: &DayView) -> Self {
        Self {
            day: view.day.iso(),
            start_ms: view.start_ms,
            end_ms: view.end_ms,
            zone: view.zone.clone(),
            phase: view.phase.into(),
            display: view.display,
            eligible: view.eligible,
            scored: view.scored,
            records: view.records,
            goals: view.goals.iter().map(GoalDay::from).collect(),
            tokens: DayTokens {
                pending_micro: view.pending_micro,
                posted_micro: view.posted_micro,
            },
            state_hash: hex(&view.state_hash),
        }
    }
}
