//! Milestones: which lengths are some, what they pay, and which run may be paid for one (domain.md 4.3, T4.3).

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use super::Run;
use crate::civil::Day;

/// Lengths that are milestones; after the last, each further 365.
pub const MILESTONES: [u32; 8] = [3, 7, 14, 30, 50, 100, 180, 365];

/// What each milestone pays, 10^-6 token, in the order of [`MILESTONES`]; a further 365 pays what 365 does. 0: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Amounts(#[n(0)] pub [i64; 8]);

impl Amounts {
    /// What a milestone pays, 10^-6 token; 0 for a length that is none.
    #[must_use]
    pub fn of(&self, milestone: u32) -> i64 {
        let last = MILESTONES.last().copied().unwrap_or(u32::MAX);
        let mut known = MILESTONES.iter().zip(self.0);
        let pays = known.find(|(length, _)| **length == milestone.min(last));
        pays.filter(|_| is_milestone(milestone))
            .map_or(0, |(_, amount)| amount.max(0))
    }
}

/// Whether a length is a milestone.
///
/// ```
/// use streakline_core::streak::is_milestone;
/// assert_eq!([2, 3, 365, 366, 730].map(is_milestone), [false, true, true, false, true]);
/// ```
#[must_use]
pub fn is_milestone(length: u32) -> bool {
    let last = MILESTONES.last().copied().unwrap_or(u32::MAX);
    let further = length > last && length.checked_rem(last) == Some(0);
    further || MILESTONES.contains(&length)
}

/// A run that is as long as a milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The milestone.
    pub milestone: u32,
    /// The period that made the run so long.
    pub event: Day,
    /// The whole run, as it is known now.
    pub run: Run,
}

/// A milestone that was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Grant {
    /// The milestone.
    #[n(0)]
    pub milestone: u32,
    /// First period of the run.
    #[n(1)]
    pub first: Day,
    /// The period that reached it.
    #[n(2)]
    pub event: Day,
    /// What it paid, 10^-6 token.
    #[n(3)]
    pub amount_micro: i64,
    /// Whether it is taken back by a verdict.
    #[n(4)]
    pub reversed: bool,
}

/// Whether a hit may be granted: not where an earlier grant of the milestone has its first or its event day inside the run, or
/// where the spans overlap. Grants that were taken back count: what was paid once is not paid again under another day.
#[must_use]
pub fn may_grant(grants: &[Grant], hit: &Hit) -> bool {
    let inside = |day: Day| hit.run.from <= day && day <= hit.run.to;
    let overlaps = |grant: &Grant| grant.first <= hit.event && hit.run.from <= grant.event;
    let bars = |grant: &Grant| inside(grant.first) || inside(grant.event) || overlaps(grant);
    let mut same = grants
        .iter()
        .filter(|grant| grant.milestone == hit.milestone);
    is_milestone(hit.milestone) && !same.any(bars)
}

/// Collects the hits of a fold, each with the run that it belongs to, as long as this one becomes.
#[derive(Debug, Default)]
pub struct Hits {
    open: Vec<(u32, Day)>,
    found: Vec<Hit>,
}

impl Hits {
    /// The current run after a step of the fold; `None` ends the one before.
    pub fn step(&mut self, before: Option<Run>, after: Option<Run>) {
        match after {
            Some(run) if before.is_none_or(|before| before.count < run.count) => {
                if is_milestone(run.count) {
                    self.open.push((run.count, run.to));
                }
            }
            Some(_) => {}
            None => self.close(before),
        }
    }

    /// All of them; `last` is the run that the fold ends with.
    #[must_use]
    pub fn end(mut self, last: Option<Run>) -> Vec<Hit> {
        self.close(last);
        self.found
    }

    fn close(&mut self, run: Option<Run>) {
        let open = core::mem::take(&mut self.open);
        if let Some(run) = run {
            let hit = |(milestone, event)| Hit {
                milestone,
                event,
                run,
            };
            self.found.extend(open.into_iter().map(hit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(from: i32, event: i32, to: i32) -> Hit {
        let run = Run {
            count: 7,
            from: Day(from),
            to: Day(to),
        };
        Hit {
            milestone: 7,
            event: Day(event),
            run,
        }
    }

    #[test]
    fn a_milestone_is_not_granted_where_an_earlier_grant_touches_the_run() {
        let grant = Grant {
            milestone: 7,
            first: Day(10),
            event: Day(16),
            amount_micro: 0,
            reversed: false,
        };
        let may = |hit| may_grant(&[grant], &hit);
        assert!(may(hit(17, 23, 30)), "after it");
        assert!(may(hit(1, 7, 9)), "before it");
        assert!(!may(hit(3, 9, 12)), "its first day is inside the run");
        assert!(!may(hit(15, 21, 21)), "its event day is inside the run");
        assert!(!may(hit(12, 14, 14)), "the spans overlap");
        assert!(
            may(Hit {
                milestone: 3,
                ..hit(12, 14, 14)
            }),
            "another milestone"
        );
    }

    #[test]
    fn a_further_year_pays_what_the_first_paid() {
        let amounts = Amounts([1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(
            [3, 4, 365, 730, 731].map(|m| amounts.of(m)),
            [1, 0, 8, 8, 0]
        );
    }
}
