//! Which samples a challenge believes (domain.md 5.1). A quarantined one counts in none.

use minicbor::{Decode, Encode};

use crate::{
    manual::{ManualPolicy, Total},
    metric::Metric,
};

/// Which samples of a member count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Evidence {
    /// Those that the deployment takes for measured: its policy may take typed-in ones for that too.
    #[default]
    #[n(0)]
    Sensed,
    /// Typed-in ones too.
    #[n(1)]
    Any,
    /// Measured ones of minutes that lie in a measured workout and have a measured heart rate.
    #[n(2)]
    WorkoutWithHr,
    /// Measured ones that the key of their device has signed (ADR 0077).
    #[n(3)]
    Attested,
}

impl Evidence {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sensed => "sensed",
            Self::Any => "any",
            Self::WorkoutWithHr => "workout_with_hr",
            Self::Attested => "attested",
        }
    }

    /// The total of a day that has these samples; `None` where the policy lets typed-in ones count for nothing, so that no
    /// minutes are kept of them (ADR 0027).
    ///
    /// ```
    /// use streakline_core::{definition::Evidence, manual::{ManualPolicy, Total}};
    /// assert_eq!(Evidence::Any.total(ManualPolicy::GoalsOnly), Some(Total::Goals));
    /// assert_eq!(Evidence::Any.total(ManualPolicy::Exclude), None);
    /// ```
    #[must_use]
    pub fn total(self, policy: ManualPolicy) -> Option<Total> {
        match (self, policy) {
            (Self::Sensed | Self::WorkoutWithHr, _) | (Self::Any, ManualPolicy::Include) => {
                Some(Total::Eligible)
            }
            (Self::Attested, _) => Some(Total::Attested),
            (Self::Any, ManualPolicy::GoalsOnly) => Some(Total::Goals),
            (Self::Any, ManualPolicy::Exclude) => None,
        }
    }

    /// Whether it asks for more than a measured sample, so that eligible amounts may not count.
    #[must_use]
    pub fn is_proof(self) -> bool {
        matches!(self, Self::WorkoutWithHr | Self::Attested)
    }

    /// Whether it looks at a metric besides the one that is counted.
    #[must_use]
    pub fn looks_at(self, metric: Metric) -> bool {
        self == Self::WorkoutWithHr && matches!(metric, Metric::WORKOUT | Metric::HEART_RATE)
    }
}
