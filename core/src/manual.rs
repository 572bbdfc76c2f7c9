//! What typed-in samples count for: a switch of the deployment, and the totals of a day that it speaks of (domain.md 1.4).
//!
//! A quarantined sample counts for nothing under any policy; a typed-in one is the least trusted in every merge.

use crate::{attest::Attest, record::Record, sample::Method};

/// A total of a day. Each comes from its own run of steps A and B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Total {
    /// All methods, unclamped.
    Display,
    /// What challenges, boards and tokens read, clamped.
    Eligible,
    /// What goals and their streaks read, clamped; apart from the eligible one only under [`ManualPolicy::GoalsOnly`].
    Goals,
    /// What challenges read that believe signed samples alone, clamped: measured ones that a device's key has signed (ADR 0077).
    Attested,
}

/// What is known of a sample beside what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// It is kept aside: for its clock (domain.md 2.4), for its signature (9.1, S12), or because an import brought it.
    pub quarantined: bool,
    /// The key of its device has signed it.
    pub attested: bool,
}

impl Known {
    /// Of one copy.
    #[must_use]
    pub fn of(skewed: bool, attest: Attest) -> Self {
        Self {
            quarantined: skewed || attest == Attest::Unsigned,
            attested: attest == Attest::Signed,
        }
    }
}

/// What typed-in samples count for besides what is shown. It is fixed when a data directory is made, because states are
/// folded from the journal by it (ADR 0027).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ManualPolicy {
    /// Nothing.
    #[default]
    Exclude,
    /// Goals and their streaks.
    GoalsOnly,
    /// Everything that a measured one counts for.
    Include,
}

impl ManualPolicy {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Exclude, Self::GoalsOnly, Self::Include];

    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::GoalsOnly => "goals_only",
            Self::Include => "include",
        }
    }

    /// The one with this name.
    ///
    /// ```
    /// use streakline_core::manual::ManualPolicy;
    /// assert_eq!(ManualPolicy::named("goals_only"), Some(ManualPolicy::GoalsOnly));
    /// assert_eq!(ManualPolicy::named("sometimes"), None);
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }

    /// Its number in a store.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Exclude => 0,
            Self::GoalsOnly => 1,
            Self::Include => 2,
        }
    }

    /// The one with this number in a store.
    #[must_use]
    pub fn numbered(number: u64) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|policy| policy.number() == number)
    }

    /// Whether goals read a total of their own.
    #[must_use]
    pub fn sets_goals_apart(self) -> bool {
        self == Self::GoalsOnly
    }

    /// The total that goals read.
    #[must_use]
    pub fn goals(self) -> Total {
        if self.sets_goals_apart() {
            Total::Goals
        } else {
            Total::Eligible
        }
    }

    /// Whether a sample counts in a total.
    #[must_use]
    pub fn takes(self, total: Total, record: &Record, known: Known) -> bool {
        let typed_in = match total {
            Total::Display => return true,
            Total::Eligible => self == Self::Include,
            Total::Goals => self != Self::Exclude,
            Total::Attested if !known.attested => return false,
            Total::Attested => false,
        };
        !known.quarantined && (typed_in || record.method != Method::Manual)
    }

    /// Whether a total differs from what is shown by this sample. Where goals read no total of their own, none is kept.
    #[must_use]
    pub fn leaves_out(self, total: Total, record: &Record, known: Known) -> bool {
        let kept = total != Total::Goals || self.sets_goals_apart();
        kept && !self.takes(total, record, known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::RecordId, metric::Metric, record::Content};

    #[test]
    fn a_policy_has_one_name_and_one_number() {
        for policy in ManualPolicy::ALL {
            assert_eq!(ManualPolicy::named(policy.name()), Some(policy));
            assert_eq!(ManualPolicy::numbered(policy.number()), Some(policy));
        }
        assert_eq!(ManualPolicy::numbered(3), None);
        assert_eq!(ManualPolicy::default(), ManualPolicy::Exclude);
    }

    #[test]
    fn a_quarantined_sample_is_shown_and_no_more_under_any_policy() {
        let record = |method| Record {
            id: RecordId::Number(1),
            version: 1,
            metric: Metric::STEPS,
            start_ms: 0,
            end_ms: 60_000,
            offset_s: None,
            content: Content::Delta(100),
            method,
            worn: None,
        };
        for policy in ManualPolicy::ALL {
            let totals = [Total::Display, Total::Eligible, Total::Goals];
            let (aside, clean) = (Known::of(true, Attest::Signed), Known::default());
            for method in [Method::Auto, Method::Manual] {
                for known in [aside, Known::of(false, Attest::Unsigned)] {
                    let taken = totals.map(|total| policy.takes(total, &record(method), known));
                    assert_eq!(taken, [true, false, false]);
                    assert!(!policy.takes(Total::Attested, &record(method), known));
                }
            }
            let taken = totals.map(|total| policy.takes(total, &record(Method::Auto), clean));
            assert_eq!(taken, [true; 3]);
            let taken = totals.map(|total| policy.takes(total, &record(Method::Manual), clean));
            let expected = match policy {
                ManualPolicy::Exclude => [true, false, false],
                ManualPolicy::GoalsOnly => [true, false, true],
                ManualPolicy::Include => [true; 3],
            };
            assert_eq!(taken, expected, "{policy:?}");
            let signed = Known::of(false, Attest::Signed);
            let taken = |method, known| policy.takes(Total::Attested, &record(method), known);
            assert!(taken(Method::Auto, signed) && taken(Method::Unknown, signed));
            assert!(!taken(Method::Manual, signed) && !taken(Method::Auto, clean));
        }
    }
}
