//! Members with a socket: each learns its newest own rank within one tick, whatever the views of the board take (protocol.md 4).
//!
//! Of a board in parts the own rows are gathered first, but for those among the first, and their ranks are estimates.

use std::collections::BTreeMap;

use streakline_core::{
    challenge::{
        Standing,
        parts::{PartRow, Want},
        resident::Resident,
    },
    id::UserId,
    view::RankView,
};

use super::{Cell, ChallengeCell};
use crate::actors::{parts, user::UserCommand};

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

    /// The rank that it is to be told; nothing where that, and what stands beside it, is what it knows.
    fn news(&self, rank: RankView) -> Option<RankView> {
        let same = self.told.as_ref().is_some_and(|told| {
            let known = RankView {
                prev_rank: rank.prev_rank,
                version: rank.version,
                ..told.clone()
            };
            known == rank
        });
        (!same || self.owed).then_some(rank)
    }
}

/// Rows that were gathered.
type Found = BTreeMap<UserId, PartRow>;

/// Tells every member with a socket its rank, where that or what stands beside it is another.
pub(super) fn tell(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let Some(resident) = held.resident().filter(|resident| !resident.is_partial()) else {
        return;
    };
    let offset = offset(resident);
    if held.told_offset == offset || held.asking {
        return;
    }
    let behind: Vec<UserId> = match resident.board().parted() {
        None => Vec::new(),
        Some(parted) => {
            let behind = held.watchers.keys().filter(|user| !parted.is_in_head(user));
            behind.cloned().collect()
        }
    };
    // Of this offset; who comes while rows are gathered is told in the next round.
    held.told_offset = offset;
    if behind.is_empty() {
        return tell_all(&mut held, &Found::new());
    }
    held.asking = true;
    let (shared, id, life) = (held.host.shared.clone(), held.id, held.lives);
    let cell = cell.clone();
    actix::spawn(async move {
        let found = parts::find(&shared, id, Want::Of(behind)).await;
        let mut held = cell.borrow_mut();
        held.asking = false;
        match found.filter(|_| held.lives == life) {
            Some(found) => {
                let rows = found.after.into_iter();
                let rows = rows.map(|row| (row.key.id.clone(), row)).collect();
                tell_all(&mut held, &rows);
            }
            // Parts are opened or ended just now: the next round asks again.
            None => held.told_offset = u64::MAX,
        }
    });
}

/// Rises with everything that ranks are told with.
fn offset(resident: &Resident) -> u64 {
    let version = resident.challenge().version;
    resident.board().offset().wrapping_add(version << 32)
}

/// Tells them; `found`: rows that are not among the first of a board in parts.
fn tell_all(held: &mut ChallengeCell, found: &Found) {
    let now_ms = held.host.now_ms();
    let ChallengeCell {
        watchers,
        resident,
        host,
        id,
        ..
    } = held;
    let Some(resident) = resident.as_ref().filter(|resident| !resident.is_partial()) else {
        return;
    };
    let Some(phase) = resident.challenge().phase(now_ms) else {
        return;
    };
    let board = resident.board();
    let state = resident.challenge().rank_state(board, now_ms);
    let standings = standings(resident, watchers.keys(), found);
    for ((user, watcher), standing) in watchers.iter_mut().zip(standings) {
        let Some((own, error_bound)) = standing else {
            continue;
        };
        let before = watcher.told.as_ref();
        let rank = RankView {
            challenge: *id,
            rank: own.rank,
            prev_rank: before.map(|told| told.rank),
            score: own.score,
            measure: own.measure,
            participants: board.len(),
            phase,
            state,
            version: before.map_or(1, |told| told.version.saturating_add(1)),
            error_bound,
        };
        let Some(rank) = watcher.news(rank) else {
            continue;
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

/// Where members stand, and by how much their ranks may be off; `None` where one has no row.
fn standings<'a>(
    resident: &Resident,
    users: impl Iterator<Item = &'a UserId>,
    found: &Found,
) -> Vec<Option<(Standing, Option<u32>)>> {
    let (challenge, board) = (resident.challenge(), resident.board());
    if !resident.is_parted() {
        let standings = challenge.standings(board, users).into_iter();
        return standings.map(|of| of.map(|of| (of, None))).collect();
    }
    let own = |user: &'a UserId| {
        let own = challenge.own_row(board, user, found.get(user))?;
        Some((Standing::of(&own.row), own.error_bound))
    };
    users.map(own).collect()
}
