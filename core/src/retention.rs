//! How long the detail of a day is kept (domain.md 11): its records first, then its minutes, and what the day came to for ever.
//!
//! Logical time decides, so a replay forgets what was forgotten (ADR 0034); which days that concerns is `user`'s business.

use crate::civil::DAY_MS;

/// How long detail is kept. Fixed when a data directory is made, because a fold finds no record that is no longer kept.
///
/// ```
/// use streakline_core::{civil::DAY_MS, retention::{Detail, Retention}};
/// let kept = Retention::default();
/// assert_eq!(kept.detail(0, 90 * DAY_MS - 1), Detail::Records);
/// assert_eq!(kept.detail(0, 90 * DAY_MS), Detail::Minutes);
/// assert_eq!(kept.detail(0, 400 * DAY_MS), Detail::Totals);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days after a day's local end for which its records are kept; at least `RECORDS_KEPT_DAYS_MIN`.
    pub records_days: u16,
    /// The same of its minutes; not less than the records'.
    pub minutes_days: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            records_days: 90,
            minutes_days: 400,
        }
    }
}

/// What is kept of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What it came to, alone.
    Totals,
    /// Each minute of each device, and the episodes.
    Minutes,
    /// Every copy of every sample.
    Records,
}

impl Retention {
    /// What is kept at an instant of a day whose detail is complete since another, both POSIX ms.
    #[must_use]
    pub fn detail(self, complete_ms: i64, at_ms: i64) -> Detail {
        let [records_ms, minutes_ms] = self.ends(complete_ms);
        if at_ms < records_ms {
            Detail::Records
        } else if at_ms < minutes_ms {
            Detail::Minutes
        } else {
            Detail::Totals
        }
    }

    /// When the records and when the minutes of such a day are no longer kept, POSIX ms.
    #[must_use]
    pub fn ends(self, complete_ms: i64) -> [i64; 2] {
        let after = |days: u16| complete_ms.saturating_add(i64::from(days).saturating_mul(DAY_MS));
        [after(self.records_days), after(self.minutes_days)]
    }

    /// Both as one number, for a store.
    #[must_use]
    pub fn number(self) -> u64 {
        (u64::from(self.records_days) << 16) | u64::from(self.minutes_days)
    }

    /// What [`Retention::number`] was made of.
    #[must_use]
    pub fn numbered(number: u64) -> Option<Self> {
        Some(Self {
            records_days: u16::try_from(number >> 16).ok()?,
            minutes_days: u16::try_from(number & 0xffff).ok()?,
        })
    }
}
