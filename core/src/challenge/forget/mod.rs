//! What an erasure leaves of a member (ADR 0031): nothing while the challenge runs; of a board that is over the row, with
//! everything but the name.

use super::{Board, Challenge};
use crate::id::MemberNumber;

/// Takes the user behind a member out of the state and its board.
pub(super) fn forget(challenge: &mut Challenge, board: &mut Board, number: MemberNumber) {
    let row = challenge.members.of(number).and_then(|m| m.row_id());
    match &row {
        Some(row) if challenge.frozen => {
            challenge.members.erase(number);
            board.erase(row);
        }
        _ => {
            challenge.leave_out(number);
            if let Some(row) = row {
                board.remove(&row);
            }
        }
    }
}

impl Challenge {
    /// Takes a member out of the state, as if it had never joined.
    pub(super) fn leave_out(&mut self, number: MemberNumber) {
        let gone = self.members.remove(number);
        if gone.is_some_and(|member| member.joined) {
            self.joined = self.joined.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests;
