//! The board of a challenge: its members' newest scores in order, and what they look like to others (domain.md 6.1).
//!
//! Scores arrive as contributions, at least once and in any order; the last version wins. Nothing here is journaled: after a
//! restart the board is filled from standing rows and from what the users' partitions send again.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use sha2::{Digest, Sha256};

use super::{Challenge, Member};
use crate::{
    civil::MINUTE_MS,
    event::Contribution,
    id::{ChallengeId, Position, UserId},
    input::Conclusion,
    leaderboard::{Leaderboard, Row},
    view::RowView,
};

/// What a contribution's sender is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The board shows it.
    Shown,
    /// The board knew it, or something newer.
    Known,
    /// It does not count any more: settled, cancelled, left.
    Closed,
}

#[derive(Clone, Debug)]
struct Seat {
    join: u32,
    version: Position,
    alias: String,
}

/// The board.
#[derive(Clone, Debug)]
pub struct Board {
    challenge: ChallengeId,
    order: Leaderboard,
    seats: BTreeMap<UserId, Seat>,
    offset: u64,
}

impl Board {
    /// The board of a state that was made or read back: every member has a row from the moment of joining, score 0.
    #[must_use]
    pub fn new(challenge: &Challenge) -> Self {
        let mut board = Self {
            challenge: challenge.id,
            order: Leaderboard::new(),
            seats: BTreeMap::new(),
            offset: 0,
        };
        for (user, member) in challenge.members.iter().filter(|(_, member)| member.joined) {
            board.seat(user, member);
        }
        board
    }

    /// Gives a member its row: score 0, achieved at the later of the window's start and the minute of joining; or the row
    /// that is left of one who was erased, which nothing moves any more.
    pub fn seat(&mut self, user: &UserId, member: &Member) {
        let joined = member
            .joined_ms
            .div_euclid(MINUTE_MS)
            .saturating_mul(MINUTE_MS);
        let begins = (0, member.starts_ms.max(joined));
        let (score, achieved_at_ms) = member.row.unwrap_or(begins);
        self.order.set(user, score, achieved_at_ms);
        let last = Position {
            epoch: u64::MAX,
            index: u64::MAX,
        };
        let version = member.row.map_or_else(Position::default, |_| last);
        let join = member.join;
        self.seats.insert(
            user.clone(),
            Seat {
                join,
                version,
                alias: member.alias.clone(),
            },
        );
        self.offset = self.offset.saturating_add(1);
    }

    /// Takes a row away.
    pub fn remove(&mut self, user: &UserId) {
        self.order.remove(user);
        self.seats.remove(user);
        self.offset = self.offset.saturating_add(1);
    }

    /// Takes a contribution in; `open` says whether scores still move.
    pub fn take(&mut self, contribution: &Contribution, open: bool) -> Answer {
        let user = &contribution.user;
        let Some(seat) = self
            .seats
            .get_mut(user)
            .filter(|seat| seat.join == contribution.join)
        else {
            return Answer::Closed;
        };
        if !open {
            return Answer::Closed;
        }
        if contribution.version <= seat.version {
            return Answer::Known;
        }
        seat.version = contribution.version;
        seat.alias.clone_from(&contribution.alias);
        self.order
            .set(user, contribution.score, contribution.achieved_at_ms);
        self.offset = self.offset.saturating_add(1);
        Answer::Shown
    }

    /// Rises with every change.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Rows in all.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.order.len()).unwrap_or(u32::MAX)
    }

    /// Whether nobody is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// The order itself.
    #[must_use]
    pub fn order(&self) -> &Leaderboard {
        &self.order
    }

    /// One member's row.
    #[must_use]
    pub fn row(&self, user: &UserId) -> Option<RowView> {
        let place = self.order.place(user)?;
        let (score, achieved_at_ms) = self.order.get(user)?;
        let (rank, ordinal, user) = (place.rank, place.ordinal, user.clone());
        Some(self.view(Row {
            rank,
            ordinal,
            score,
            achieved_at_ms,
            user,
        }))
    }

    /// A row as others see it; the opaque name is the same on this board for ever and tells nothing of the user elsewhere.
    #[must_use]
    pub fn view(&self, row: Row) -> RowView {
        let hash = Sha256::new()
            .chain_update(b"row")
            .chain_update(self.challenge.0);
        let hash = hash.chain_update(row.user.as_str()).finalize();
        let mut opaque = String::with_capacity(16);
        for byte in hash.iter().take(8) {
            opaque.push_str(&format!("{byte:02x}"));
        }
        RowView {
            rank: row.rank,
            ordinal: row.ordinal,
            score: row.score,
            achieved_at_ms: row.achieved_at_ms,
            alias: self
                .seats
                .get(&row.user)
                .map_or_else(String::new, |seat| seat.alias.clone()),
            row: opaque,
            user: row.user,
        }
    }

    /// How the challenge ends for a member, as the board stands.
    #[must_use]
    pub fn conclusion(&self, user: &UserId) -> Option<Conclusion> {
        let place = self.order.place(user)?;
        let (score, _) = self.order.get(user)?;
        Some(Conclusion::Settled {
            rank: place.rank,
            score,
            participants: self.len(),
        })
    }

    /// SHA-256 over 256 digests, one per first byte of the user's hash, each over that group's rows in board order, so that
    /// groups can be summed up apart (design.md 4).
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut groups: BTreeMap<u8, Sha256> =
            (0..=u8::MAX).map(|byte| (byte, Sha256::new())).collect();
        for row in self.order.iter() {
            let first = Sha256::digest(row.user.as_str())
                .first()
                .copied()
                .unwrap_or(0);
            if let Some(group) = groups.get_mut(&first) {
                group.update(row.score.to_be_bytes());
                group.update(row.achieved_at_ms.to_be_bytes());
                group.update(
                    u64::try_from(row.user.as_str().len())
                        .unwrap_or(0)
                        .to_be_bytes(),
                );
                group.update(row.user.as_str());
            }
        }
        let digests = groups.into_values().map(Sha256::finalize);
        digests
            .fold(Sha256::new(), Sha256::chain_update)
            .finalize()
            .into()
    }

    /// Every member, in board order.
    #[must_use]
    pub fn members(&self) -> Vec<UserId> {
        self.order.iter().map(|row| row.user).collect()
    }
}
