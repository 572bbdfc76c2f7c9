//! What can be asked of a leaderboard: rows, pages, views that somebody keeps looking at, the own rank.

use alloc::{string::String, sync::Arc, vec::Vec};

use super::ChallengePhase;
use crate::{
    challenge::segments::Segment,
    definition::Measure,
    id::{ChallengeId, UserId},
    metric::Metric,
};

/// How final the ranks of a board are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RankState {
    /// Scores still move.
    Provisional,
    /// Settled, and what it pays may still be disputed: its large prizes are held.
    UnderReview,
    /// Final.
    Settled,
    /// Of a challenge that was cancelled, or whose settlement was annulled: they are worth nothing.
    Void,
}

/// A row of a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowView {
    /// 1 + rows with a larger score.
    pub rank: u32,
    /// Place in the order (score desc, achieved_at asc, user asc).
    pub ordinal: u32,
    /// By what the board orders it: the score, or how soon a race was finished.
    pub key: i64,
    /// In `measure`.
    pub score: i64,
    /// What the score is a number of.
    pub measure: Measure,
    /// POSIX ms.
    pub achieved_at_ms: i64,
    /// The same, where the row has reached what it had to; POSIX ms.
    pub finished_at_ms: Option<i64>,
    /// Of a race, minutes from the own start to that.
    pub after_min: Option<i64>,
    /// The name that others see.
    pub alias: String,
    /// Opaque per board.
    pub row: String,
    /// Who; the shell shows it to admins only. Nothing of one who was erased, or of a team.
    pub user: Option<UserId>,
    /// Key of its team, where there are teams.
    pub team: Option<String>,
    /// Of the row of a team: how many are in its roster, and whether they are enough for a rank.
    pub roster: Option<(u32, bool)>,
}

/// A part of a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardView {
    /// Which challenge.
    pub challenge: ChallengeId,
    /// Clock of the answer, POSIX ms.
    pub as_of_ms: i64,
    /// Phase of the challenge.
    pub phase: ChallengePhase,
    /// How final its ranks are.
    pub ranks: RankState,
    /// Rows in all.
    pub participants: u32,
    /// What is counted, but for a duel.
    pub metric: Option<Metric>,
    /// The rows asked for.
    pub items: Vec<RowView>,
    /// Whether rows stand after the last one.
    pub more: bool,
    /// The sum of all scores, store units, where the type asks for it.
    pub total: Option<i128>,
    /// Whether partitions have yet to send scores again after a restart.
    pub partial: bool,
    /// The segment that it is of; `None`: the whole board.
    pub segment: Option<Segment>,
    /// Too few of the segment can be told apart: the own row is shown alone, as it stands on the whole board.
    pub suppressed: bool,
    /// Of that row, its percentile there, in basis points.
    pub percentile_bp: Option<u32>,
    /// When it begins anew, POSIX ms.
    pub next_reset_ms: Option<i64>,
    /// By how much a rank may be off, where some are estimated; `None`: all are exact.
    pub error_bound: Option<u32>,
}

/// Rows of a leaderboard that somebody keeps looking at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveView {
    /// Which challenge.
    pub challenge: ChallengeId,
    /// Phase of the challenge.
    pub phase: ChallengePhase,
    /// How final its ranks are.
    pub ranks: RankState,
    /// Rows in all.
    pub participants: u32,
    /// Whether partitions have yet to send scores again after a restart.
    pub partial: bool,
    /// It is of a segment of which too few can be told apart: the own row is shown alone, as it stands on the whole board.
    pub suppressed: bool,
    /// Of a view of one row: the share of all rows that are not ahead of it, in basis points. Equal scores have the same.
    pub percentile_bp: Option<u32>,
    /// By how much a rank may be off, of a board in parts of which some ranks in it are estimated.
    pub error_bound: Option<u32>,
    /// When the board begins anew, POSIX ms: where another cycle follows.
    pub next_reset_ms: Option<i64>,
    /// The rows, in board order. Views of the same rows share them.
    pub rows: Vec<Arc<RowView>>,
}

impl LiveView {
    /// What it says beside its rows, to be compared.
    #[must_use]
    pub fn beside(&self) -> (ChallengePhase, RankState, u32, [bool; 2], [Option<i64>; 3]) {
        (
            self.phase,
            self.ranks,
            self.participants,
            [self.partial, self.suppressed],
            [
                self.percentile_bp.map(i64::from),
                self.error_bound.map(i64::from),
                self.next_reset_ms,
            ],
        )
    }
}

/// The user's own rank in one challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankView {
    /// In which challenge.
    pub challenge: ChallengeId,
    /// 1 + rows with a larger score.
    pub rank: u32,
    /// The rank that was pushed before.
    pub prev_rank: Option<u32>,
    /// In `measure`.
    pub score: i64,
    /// What the score is a number of.
    pub measure: Measure,
    /// Rows in all.
    pub participants: u32,
    /// Phase of the challenge.
    pub phase: ChallengePhase,
    /// How final it is.
    pub state: RankState,
    /// Counts the changes of this topic.
    pub version: u64,
    /// By how much the rank may be off, where it is estimated; `None`: it is exact.
    pub error_bound: Option<u32>,
}
