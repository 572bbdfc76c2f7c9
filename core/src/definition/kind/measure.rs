//! What a score is a number of, so that whoever shows it knows its unit (domain.md 1.1, 5.2).

use super::{Kind, teams::TeamScore};
use crate::metric::Metric;

/// What a score is a number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Things that are counted: points, rounds.
    Count,
    /// Store units of a metric.
    Amount(Metric),
    /// Millionths of a metric's store unit.
    Mean(Metric),
}

impl Kind {
    /// What the scores of members are numbers of; `own` is the metric of the challenge.
    #[must_use]
    pub fn measure(&self, own: Metric) -> Measure {
        match self {
            Self::Duel { .. } | Self::LastStanding { .. } => Measure::Count,
            _ => Measure::Amount(own),
        }
    }
}

impl TeamScore {
    /// What the scores of teams are numbers of; `own` is the metric of the challenge.
    #[must_use]
    pub fn measure(self, own: Metric) -> Measure {
        match self {
            Self::Mean | Self::Best(_) => Measure::Mean(own),
            Self::Sum => Measure::Amount(own),
        }
    }
}
