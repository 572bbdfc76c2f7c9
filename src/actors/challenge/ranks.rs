//! Members with a socket: each learns its newest own rank within one tick, whatever the views of the board take (protocol.md 4).

use streakline_core::view::RankView;

use super::ChallengeCell;
use crate::actors::user::UserCommand;

/// A member with a socket.
#[derive(Default)]
pub(super) struct Watcher {
    told: Option<RankView>,
    /// A new socket has not been told.
    owed: bool,
}

impl Watcher {
    /// One more socket wants to know.
    pub(super) fn owe(&mut self) {
        self.owed = true;
    }
}

/// Tells every member with a socket its rank, where that or what stands beside it is another.
pub(super) fn tell(held: &mut ChallengeCell) {
    let now_ms = held.host.now_ms();
    let ChallengeCell {
        watchers,
        resident,
        host,
        told_offset,
        id,
        ..
    } = held;
    let Some(resident) = resident.as_ref().filter(|resident| !resident.is_partial()) else {
        return;
    };
    let offset = resident
        .board()
        .offset()
        .wrapping_add(resident.challenge().version << 32);
    if *told_offset == offset {
        return;
    }
    *told_offset = offset;
    let Some(phase) = resident.challenge().phase(now_ms) else {
        return;
    };
    let state = resident.challenge().rank_state(resident.board(), now_ms);
    let rows = resident
        .challenge()
        .standings(resident.board(), watchers.keys());
    for ((user, watcher), row) in watchers.iter_mut().zip(rows) {
        let Some(row) = row else { continue };
        let before = watcher.told.as_ref();
        let same = before.is_some_and(|told| {
            (
                told.rank,
                told.score,
                told.participants,
                told.phase,
                told.state,
            ) == (row.rank, row.score, resident.board().len(), phase, state)
        });
        if same && !watcher.owed {
            continue;
        }
        let rank = RankView {
            challenge: *id,
            rank: row.rank,
            prev_rank: before.map(|told| told.rank),
            score: row.score,
            measure: row.measure,
            participants: resident.board().len(),
            phase,
            state,
            version: before.map_or(1, |told| told.version.saturating_add(1)),
        };
        if host
            .send_user(user.clone(), UserCommand::Rank(Box::new(rank.clone())))
            .is_ok()
        {
            *watcher = Watcher {
                told: Some(rank),
                owed: false,
            };
        }
    }
}
