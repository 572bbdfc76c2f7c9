//! What a score is a number of, so that whoever shows it knows its unit (domain.md 1.1, 5.2).

use minicbor::{Decode, Encode};

use super::{Kind, teams::TeamScore};
use crate::metric::Metric;

/// What a score is a number of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum Measure {
    /// Things that are counted: points, rounds; and steps, in what was stored when challenges counted nothing else.
    #[default]
    #[n(0)]
    Count,
    /// Store units of a metric.
    #[n(1)]
    Amount(#[n(0)] Metric),
    /// Millionths of a metric's store unit.
    #[n(2)]
    Mean(#[n(0)] Metric),
}

impl Measure {
    /// The metric, if it is one's.
    #[must_use]
    pub fn metric(self) -> Option<Metric> {
        match self {
            Self::Count => None,
            Self::Amount(metric) | Self::Mean(metric) => Some(metric),
        }
    }
}

impl Kind {
    /// What a day of a member is a number of; `own` is the metric of the challenge.
    #[must_use]
    pub fn measure_of_days(&self, own: Metric) -> Measure {
        match self {
            Self::Duel { .. } => Measure::Count,
            _ => Measure::Amount(own),
        }
    }

    /// What the scores of members are numbers of; `own` is the metric of the challenge.
    #[must_use]
    pub fn measure(&self, own: Metric) -> Measure {
        match self {
            Self::Duel { .. } | Self::LastStanding { .. } | Self::Elimination { .. } => {
                Measure::Count
            }
            _ => Measure::Amount(own),
        }
    }

    /// What a member's own sum is a number of: where the challenge counts rounds, that of its days.
    #[must_use]
    pub fn measure_of_sum(&self, own: Metric) -> Measure {
        match self {
            Self::Elimination { .. } => Measure::Amount(own),
            _ => self.measure(own),
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
