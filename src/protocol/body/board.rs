//! A leaderboard and its rows as REST and the stream show them.
//!
//! Who looks decides what is seen: participants see aliases and an opaque row, admins also users (protocol.md 4).

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    definition::Measure,
    id::UserId,
    view::{self, BoardView, RowView},
};
use utoipa::ToSchema;

use super::{challenge::ChallengePhase, quantity::measured};
use crate::registry;

/// Who looks at a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience<'a> {
    /// The user whose row is marked `you`; `None` for an admin key.
    pub you: Option<&'a UserId>,
    /// Whether rows name users: for admins only.
    pub names_users: bool,
}

/// How final the ranks of a board are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankState {
    /// Scores still move.
    Provisional,
    /// Settled, and for seven days in dispute, since large prizes are held so long.
    UnderReview,
    /// Final.
    Settled,
    /// Of a challenge that was cancelled or annulled.
    Void,
}

impl From<view::RankState> for RankState {
    fn from(state: view::RankState) -> Self {
        match state {
            view::RankState::Provisional => Self::Provisional,
            view::RankState::UnderReview => Self::UnderReview,
            view::RankState::Settled => Self::Settled,
            view::RankState::Void => Self::Void,
        }
    }
}

impl RankState {
    /// The state, where the phase beside it does not say it already.
    #[must_use]
    pub fn unless_told(self) -> Option<Self> {
        (self == Self::UnderReview).then_some(self)
    }
}

/// A part of a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Board<'a> {
    /// Of which challenge.
    #[schema(format = Uuid)]
    pub challenge: String,
    /// Clock of the answer, POSIX ms.
    pub as_of_ms: i64,
    /// Phase of the challenge.
    pub phase: ChallengePhase,
    /// How final its ranks are.
    pub ranks: RankState,
    /// Rows in all.
    pub participants: u32,
    /// What is counted; left out of a duel.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "steps")]
    pub metric: Option<&'static str>,
    /// The sum of all scores, of a collective challenge, in the metric's unit; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false)]
    pub total: Option<Number>,
    /// Whether every score is in it, and every rank counted; of a board in parts ranks behind the first thousand are estimated.
    pub exact: bool,
    /// By how much a rank may be off.
    pub error_bound: u32,
    /// True while scores are being gathered after a restart; else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub partial: bool,
    /// The segment that it is of; left out where it is the whole board.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "region:EU")]
    pub segment: Option<String>,
    /// True where fewer than 11 of the segment can be told apart: the own row is shown alone then, as it stands on the whole board;
    /// else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub suppressed: bool,
    /// Of that row: its percentile on the whole board, in basis points.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, maximum = 10_000)]
    pub percentile_bp: Option<u32>,
    /// When the next cycle's board takes its place, POSIX ms; null: none follows.
    #[schema(required = true)]
    pub next_reset_ms: Option<i64>,
    /// The rows, best first.
    pub items: Vec<Row<'a>>,
    /// Cursor of the page after this one; null at the end.
    #[schema(required = true)]
    pub next: Option<String>,
}

impl<'a> Board<'a> {
    /// The board as that audience sees it; `next` is the cursor of the page after it.
    #[must_use]
    pub fn of(view: &'a BoardView, audience: Audience<'_>, next: Option<String>) -> Self {
        Self {
            challenge: view.challenge.to_string(),
            as_of_ms: view.as_of_ms,
            phase: view.phase.into(),
            ranks: view.ranks.into(),
            participants: view.participants,
            metric: view.metric.map(|metric| registry::metrics().name(metric)),
            total: view.total.map(|total| {
                let total = i64::try_from(total).unwrap_or(i64::MAX);
                measured(view.metric.map_or(Measure::Count, Measure::Amount), total)
            }),
            exact: !view.partial && view.error_bound.is_none(),
            error_bound: view.error_bound.unwrap_or(0),
            partial: view.partial,
            segment: view.segment.as_ref().map(ToString::to_string),
            suppressed: view.suppressed,
            percentile_bp: view.percentile_bp,
            next_reset_ms: view.next_reset_ms,
            items: rows(&view.items, audience),
            next,
        }
    }
}

/// Rows as that audience sees them.
#[must_use]
pub fn rows<'a>(views: &'a [RowView], audience: Audience<'_>) -> Vec<Row<'a>> {
    views.iter().map(|view| Row::of(view, audience)).collect()
}

/// One row of a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Row<'a> {
    /// 1 + rows with a larger score.
    pub rank: u32,
    /// Place in the order (score desc, achieved_at asc, user asc).
    pub ordinal: u32,
    /// In the metric's unit; of a duel points, of `last_standing` rounds.
    #[schema(value_type = f64, example = 65_210)]
    pub score: Number,
    /// Event-time minute in which the score reached its value, POSIX ms.
    pub achieved_at_ms: i64,
    /// Where the type asks for an amount: when the row reached it, POSIX ms; left out before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub finished_at_ms: Option<i64>,
    /// Of a race: minutes from the own start until the row reached the amount; left out before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub after_min: Option<i64>,
    /// The name that others see.
    #[schema(value_type = String, example = "Swift Heron")]
    pub alias: &'a str,
    /// Opaque, stable on this board.
    #[schema(value_type = String, example = "c81f")]
    pub row: &'a str,
    /// Who; shown to admins only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "ann")]
    pub user: Option<&'a str>,
    /// Key of its team, of a challenge of teams.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "red")]
    pub team: Option<&'a str>,
    /// Of the row of a team: how many are in its roster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub members: Option<u32>,
    /// False of a team that has too few members to be ranked, and so stands behind all others; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub ranked: Option<bool>,
    /// Whether it is the asking user's own.
    pub you: bool,
}

/// A user's own row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnRow<'a> {
    /// The row.
    #[serde(flatten)]
    pub row: Row<'a>,
    /// How many of 10,000 rows stand at most as well: equal scores stand alike.
    #[schema(example = 9_545, maximum = 10_000)]
    pub percentile_bp: u32,
    /// How final its rank is.
    pub ranks: RankState,
    /// False where the rank is estimated; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub exact: Option<bool>,
    /// By how much it may be off then; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub error_bound: Option<u32>,
}

impl<'a> Row<'a> {
    /// The row as that audience sees it.
    #[must_use]
    pub fn of(view: &'a RowView, audience: Audience<'_>) -> Self {
        let user = view.user.as_ref();
        Self {
            rank: view.rank,
            ordinal: view.ordinal,
            score: measured(view.measure, view.score),
            achieved_at_ms: view.achieved_at_ms,
            finished_at_ms: view.finished_at_ms,
            after_min: view.after_min,
            alias: &view.alias,
            row: &view.row,
            user: user.filter(|_| audience.names_users).map(UserId::as_str),
            team: view.team.as_deref(),
            members: view.roster.map(|(members, _)| members),
            ranked: view
                .roster
                .and_then(|(_, ranked)| (!ranked).then_some(false)),
            you: user.is_some() && audience.you == user,
        }
    }
}
