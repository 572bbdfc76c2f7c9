//! Explanations as REST shows them, made from core's; docs/explain.md says how a support desk reads them.

mod day;
mod goal;
mod minute;
mod record;
mod score;
mod streak;
mod token;
mod trail;

pub use day::DayExplained;
pub use goal::GoalExplained;
pub use minute::{HourOfDay, MinuteOfDay};
pub use record::RecordOfDay;
pub(in crate::protocol) use record::signature;
pub use score::ScoreExplained;
pub use streak::StreakExplained;
pub use token::TokensExplained;
pub use trail::{Trail, TrailItem};

/// Two instants, POSIX ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Span {
    /// The first instant.
    pub from_ms: i64,
    /// The first instant after it.
    pub to_ms: i64,
}

impl From<(i64, i64)> for Span {
    fn from((from_ms, to_ms): (i64, i64)) -> Self {
        Self { from_ms, to_ms }
    }
}
