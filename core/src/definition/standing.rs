//! Boards that stand: windows without an end, and scores of the last days alone (domain.md 6.2, ADR 0072).

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::{Definition, DefinitionFault, Kind};
use crate::{civil::Day, limits};

/// Most days that a rolling score may be made of.
const ROLLING_DAYS: RangeInclusive<u32> = 2..=31;

/// The last date of a window without an end, of those that start on a date.
#[must_use]
pub fn endless(starts: Day) -> Day {
    starts.plus(limits::ENDLESS_DAYS)
}

impl Definition {
    /// The first day that counts when the last one is `last`, of a score that is made of the last days alone.
    #[must_use]
    pub fn rolls_from(&self, last: Day) -> Option<Day> {
        let days = i32::try_from(self.rolling_days?).unwrap_or(i32::MAX);
        Some(last.plus(1_i32.saturating_sub(days)))
    }

    pub(super) fn standing_faults(&self) -> Vec<DefinitionFault> {
        let rolls = self.rolling_days.is_some();
        let days = self.rolling_days.unwrap_or(7);
        let stands = rolls || self.is_endless;
        let rules = [
            (
                !ROLLING_DAYS.contains(&days),
                ("/window/rolling_days", "range"),
                "2 to 31, or null",
            ),
            (
                stands && self.kind != Kind::Most,
                ("/type", "unsupported"),
                "only most has a window without an end, or one of the last days",
            ),
            (
                stands && self.clock.is_shared(),
                ("/window/clock", "unsupported"),
                "a window without an end, or of the last days, is of each member's own days",
            ),
            (
                stands && self.recurs.is_some(),
                ("/recurs", "conflict"),
                "what stands does not begin anew",
            ),
            (
                self.is_endless && !self.rewards.is_empty(),
                ("/rewards", "conflict"),
                "what never ends is never settled, and pays nothing",
            ),
            (
                self.is_endless && self.min_participants.is_some(),
                ("/min_participants", "conflict"),
                "members are counted at the end",
            ),
        ];
        let broken = rules.into_iter().filter(|(wrong, ..)| *wrong);
        let fault = |(_, (pointer, code), words)| DefinitionFault::at(pointer, code, words);
        broken.map(fault).collect()
    }
}
