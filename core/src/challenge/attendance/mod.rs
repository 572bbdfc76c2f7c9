//! Whether enough have taken part (domain.md 5.1, `min_participants`): they are counted once, when the window has ended everywhere,
//! and where they are too few the challenge is cancelled.
//!
//! The number is journaled with the counting, because members who are erased later are passed over when a journal is read again
//! (ADR 0062).

use alloc::{format, vec::Vec};

use super::{
    Challenge, Stage,
    board::Board,
    fold::{self, Notice},
};
use crate::{definition::Definition, input::ChallengeInput};

impl Challenge {
    /// Whether the window has ended and nobody has counted yet who took part, where that matters.
    pub(super) fn awaits_count(&self) -> bool {
        let matters =
            |of: &Definition| of.min_participants.is_some() && of.ends_at_ms() <= self.now_ms;
        let is_whole = !self.is_series() && !self.awaits_members();
        let runs = self.stage == Stage::Published && !self.stopped && !self.is_counted && is_whole;
        runs && self.definition.as_ref().is_some_and(matters)
    }

    /// The input that says how many took part; nothing where that does not matter, or not yet, or not any more.
    #[must_use]
    pub fn count(&self) -> Option<ChallengeInput> {
        self.awaits_count()
            .then_some(ChallengeInput::Count(self.joined))
    }
}

/// So many took part: with too few of them the challenge is over, and everybody is told.
pub(super) fn counted(challenge: &mut Challenge, board: &mut Board, joined: u32) -> Vec<Notice> {
    if !challenge.awaits_count() {
        return Vec::new();
    }
    challenge.is_counted = true;
    let definition = challenge.definition.as_ref();
    let least = definition.and_then(|of| of.min_participants);
    match least.filter(|least| joined < *least) {
        Some(least) => {
            let reason = format!("fewer than {least} took part");
            fold::end(challenge, board, Stage::Cancelled(reason))
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
