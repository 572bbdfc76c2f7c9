//! What an erasure leaves of a member (ADR 0031): nothing while the challenge runs; of a board that is over the row, with the
//! score, the rank and a neutral name, under an id that nobody has.

use alloc::{format, string::ToString};

use super::{Board, Challenge, Member, Told};
use crate::id::UserId;

/// The name of everybody who was erased.
pub const ERASED_ALIAS: &str = "Former participant";

/// Takes a user out of the state and its board.
pub(super) fn forget(
    challenge: &mut Challenge,
    board: &mut Board,
    (user, row): (&UserId, Option<(i64, i64)>),
) {
    let Some(member) = challenge.members.remove(user) else {
        return;
    };
    board.remove(user);
    if !member.joined {
        return;
    }
    let stand_in = challenge.is_over().then(|| stand_in(challenge)).flatten();
    let (Some(stand_in), Some(row)) = (stand_in, row) else {
        challenge.joined = challenge.joined.saturating_sub(1);
        return;
    };
    let left = Member {
        alias: ERASED_ALIAS.to_string(),
        // Nobody is told anything any more.
        told: Told::Concluded,
        asked_by: None,
        row: Some(row),
        ..member
    };
    board.seat(&stand_in, &left);
    challenge.members.insert(stand_in, left);
}

/// An id that no member has; nobody can join any more, so none will.
fn stand_in(challenge: &Challenge) -> Option<UserId> {
    let mut ids = (1_u64..).filter_map(|number| UserId::parse(&format!("erased:{number}")).ok());
    ids.find(|id| !challenge.members.contains_key(id))
}

#[cfg(test)]
mod tests;
