//! From where a client may go on in a user's facts: the last 1,000, and everything of at least the last 7 days (protocol.md 4).
//!
//! Facts are kept for ever, but whoever has missed more gets a snapshot. Which number a time had is known from a few marks, so
//! nobody reads the store for it.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use super::User;
use crate::{civil::DAY_MS, limits};

/// How far the facts had come at some times of the last days: (logical time in POSIX ms, number of the last fact before it),
/// rising. Set with facts, at most one a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Marks(#[n(0)] Vec<(i64, u64)>);

impl Marks {
    /// A fact is about to be told after the one numbered `last_seq`.
    pub(super) fn note(&mut self, at_ms: i64, last_seq: u64) {
        let newest = self.0.last();
        if newest.is_some_and(|(marked_ms, _)| at_ms < marked_ms.saturating_add(DAY_MS)) {
            return;
        }
        self.0.push((at_ms, last_seq));
        // Of the marks that are old enough only the latest says anything.
        let old = |(marked_ms, _): &&(i64, u64)| is_old(*marked_ms, at_ms);
        let needless = self.0.iter().filter(old).count().saturating_sub(1);
        self.0.drain(..needless);
    }

    /// Number of the last fact that need not be told any more; 0 while there is none.
    fn before(&self, now_ms: i64) -> u64 {
        let old = self.0.iter().rev();
        let old = old.filter(|(marked_ms, _)| is_old(*marked_ms, now_ms));
        old.map(|(_, last_seq)| *last_seq).next().unwrap_or(0)
    }
}

fn is_old(marked_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(marked_ms) >= limits::FACTS_RESUMABLE_MS
}

impl User {
    /// Whether a client that has seen the facts up to `after_seq` may go on there; else it gets a snapshot, as it does for a
    /// number above the newest.
    #[must_use]
    pub fn may_resume(&self, after_seq: u64, now_ms: i64) -> bool {
        let Some(missed) = self.last_seq.checked_sub(after_seq) else {
            return false;
        };
        missed <= limits::FACTS_RESUMABLE || after_seq >= self.marks.before(now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;

    /// A user who was told `each` facts a day, the first on day 0.
    fn user(days: i64, each: u64) -> User {
        let mut user = User::new(UserId::parse("ann").unwrap());
        for day in 0..days {
            for n in 0..each {
                let at_ms = day * DAY_MS + i64::try_from(n).unwrap();
                user.marks.note(at_ms, user.last_seq);
                user.last_seq += 1;
            }
        }
        user
    }

    #[test]
    fn the_last_thousand_may_be_resumed_however_old_they_are() {
        let user = user(100, 20);
        let now_ms = 1_000 * DAY_MS;
        assert!(user.may_resume(1_000, now_ms) && user.may_resume(2_000, now_ms));
        assert!(!user.may_resume(999, now_ms));
        assert!(!user.may_resume(2_001, now_ms), "above the newest");
    }

    #[test]
    fn what_is_younger_than_a_week_may_be_resumed_however_much_it_is() {
        let user = user(30, 500);
        let now_ms = 29 * DAY_MS + 1_000;
        // Day 22 began a week and a little ago.
        assert!(user.may_resume(22 * 500, now_ms));
        assert!(!user.may_resume(22 * 500 - 1, now_ms));
        let later_ms = now_ms + 3 * DAY_MS;
        assert!(!user.may_resume(25 * 500 - 1, later_ms));
        assert!(user.may_resume(25 * 500, later_ms));
    }

    #[test]
    fn a_young_user_may_resume_from_the_beginning_and_marks_are_few() {
        let young = user(7, 500);
        assert!(young.may_resume(0, 7 * DAY_MS - 1));
        assert!(!young.may_resume(0, 14 * DAY_MS), "all of it is too old");
        let old = user(400, 3);
        assert!(old.marks.0.len() <= 9, "{}", old.marks.0.len());
    }
}
