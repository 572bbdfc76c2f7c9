//! What the members of one team come to, and when that was reached (domain.md 5.2, 6.1).
//!
//! A function of the set of scores: neither the order in which they come nor who has them changes anything (T5.7).

use alloc::collections::{BTreeMap, BTreeSet};
use core::cmp::Reverse;

use crate::{definition::kind::teams::TeamScore, id::MemberNumber};

/// A member with its score in store units and the minute that it was reached in, POSIX ms.
pub(super) type Counted = (MemberNumber, i64, i64);

/// The members of a team.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    members: u32,
    /// Of all scores.
    sum: i128,
    /// How many have reached their scores in each minute, of those who have any.
    minutes: BTreeMap<i64, u32>,
    /// Those who have any, best first; only where the best are counted.
    best: BTreeSet<(Reverse<i64>, i64, MemberNumber)>,
}

impl Tally {
    /// How many they are.
    pub(super) fn members(&self) -> u32 {
        self.members
    }

    pub(super) fn put(&mut self, rule: TeamScore, (number, score, achieved_at_ms): Counted) {
        self.members = self.members.saturating_add(1);
        if score <= 0 {
            return;
        }
        self.sum = self.sum.saturating_add(i128::from(score));
        let minute = self.minutes.entry(achieved_at_ms).or_default();
        *minute = minute.saturating_add(1);
        if matches!(rule, TeamScore::Best(_)) {
            self.best.insert((Reverse(score), achieved_at_ms, number));
        }
    }

    pub(super) fn take(&mut self, (number, score, achieved_at_ms): Counted) {
        self.members = self.members.saturating_sub(1);
        if score <= 0 {
            return;
        }
        self.sum = self.sum.saturating_sub(i128::from(score));
        if let Some(minute) = self.minutes.get_mut(&achieved_at_ms) {
            *minute = minute.saturating_sub(1);
            if *minute == 0 {
                self.minutes.remove(&achieved_at_ms);
            }
        }
        self.best.remove(&(Reverse(score), achieved_at_ms, number));
    }

    /// By what the team is ordered, and the minute in which the last score that counts was reached; nothing where none counts.
    pub(super) fn reached(&self, rule: TeamScore) -> (i64, Option<i64>) {
        let TeamScore::Best(count) = rule else {
            let last = self.minutes.last_key_value().map(|(minute, _)| *minute);
            return (rule.key(self.sum, self.members), last);
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let best = self.best.iter().take(count);
        let (mut sum, mut last) = (0_i128, None);
        for (Reverse(score), achieved_at_ms, _) in best {
            sum = sum.saturating_add(i128::from(*score));
            last = last.max(Some(*achieved_at_ms));
        }
        (rule.key(sum, self.members), last)
    }
}
