//! What an erasure leaves of a member (ADR 0031): nothing while the challenge runs; of a board that is over the row, with
//! everything but the name.

use super::{Board, Challenge};
use crate::id::MemberNumber;

/// Takes the user behind a member out of the state and its board.
pub(super) fn forget(challenge: &mut Challenge, board: &mut Board, number: MemberNumber) {
    let Some(member) = challenge.members.of(number) else {
        return challenge.leave_out(number);
    };
    let (row, departed) = (member.row_id(), member.departed.is_some());
    if challenge.frozen && (row.is_some() || departed) {
        challenge.members.erase(number);
        if let Some(row) = row {
            board.erase(&row);
        }
        return;
    }
    board.forget_departed(number, member);
    challenge.leave_out(number);
    if let Some(row) = row {
        board.remove(&row);
    }
}

impl Challenge {
    /// Takes a member out of the state, as if it had never joined.
    pub(super) fn leave_out(&mut self, number: MemberNumber) {
        if let Some(gone) = self.members.remove(number) {
            self.count_out(&gone);
        }
    }
}

#[cfg(test)]
mod tests;
