//! A board that is over: every row is kept in the state, so that nothing that happens to users later, an erasure least of all,
//! changes a rank, a number, a score, a time, a row's name or the digest (ADR 0039).

use super::{Board, Challenge, members::FrozenRow, segments::Values};

/// Freezes the board once the challenge is over and the board has every score; does nothing before and after.
pub(super) fn freeze(challenge: &mut Challenge, board: &mut Board) {
    if !challenge.is_over() || challenge.frozen || board.is_partial() {
        return;
    }
    if board.parted().is_some() {
        // Its parts have yet to hand over their rows.
        return board.set_partial(true);
    }
    let mut values = Values::default();
    for row in board.order().iter() {
        let Some(seat) = board.seat_of(&row.id) else {
            continue;
        };
        if let Some(member) = challenge.members.of_mut(seat.number) {
            member.row = Some(FrozenRow {
                score: row.score,
                achieved_at_ms: row.achieved_at_ms,
                ordinal: row.ordinal,
            });
            member.segments = values.freeze(&seat.belongs);
            member.change_name(|name| name.alias.clone_from(&seat.alias));
        }
    }
    challenge.segment_values = values.list();
    challenge.frozen = true;
    board.rebuild(challenge);
}
