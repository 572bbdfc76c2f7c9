//! A challenge that is played with stored history: who would have been taken in, and where everybody would have ended (domain.md
//! 5.1). It is a challenge like any other, with members and a board, that nobody hears of and nothing is kept of.

use alloc::vec::Vec;

use super::{Challenge, admit::Refusal, resident::Resident};
use crate::{
    definition::{Definition, LateJoin},
    event::Contribution,
    id::{ChallengeId, PartitionId, Position, UserId},
    input::{ChallengeInput, Header, Origin, RULES_VERSION, Source},
    user::rehearsal::{Rehearsed, Unknown},
    view::RowView,
};

/// Why somebody would not have taken part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exclusion {
    /// Nobody is called that.
    #[error("there is no such user")]
    NotFound,
    /// Nothing can be said of it.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// It would not have been taken in.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// How a challenge would have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// What was played.
    pub definition: Definition,
    /// Who would have been in.
    pub participants: u32,
    /// The first rows as they would have been settled, best first.
    pub rows: Vec<RowView>,
    /// Who would not, in the order of the candidates.
    pub excluded: Vec<(UserId, Exclusion)>,
}

/// A challenge while it is being rehearsed.
#[derive(Debug)]
pub struct Rehearsal {
    definition: Definition,
    held: Resident,
    excluded: Vec<(UserId, Exclusion)>,
}

impl Rehearsal {
    /// One of this definition, open to everybody from before its window on.
    #[must_use]
    pub fn new(id: ChallengeId, definition: Definition) -> Self {
        let open = Definition {
            join_opens_ms: None,
            late: LateJoin::Yes,
            waitlist: 0,
            ..definition.clone()
        };
        let mut rehearsal = Self {
            definition,
            held: Resident::read(Challenge::new(id), Vec::new()),
            excluded: Vec::new(),
        };
        rehearsal.held.filled();
        rehearsal.give(ChallengeInput::Create(open));
        rehearsal.give(ChallengeInput::Publish);
        rehearsal
    }

    /// When everybody joins: before the window begins anywhere.
    fn joined_ms(&self) -> i64 {
        self.definition.started_ms()
    }

    fn give(&mut self, input: ChallengeInput) {
        let position = Position {
            index: self.held.challenge().position.index.saturating_add(1),
            ..self.held.challenge().position
        };
        let header = Header {
            stamp_ms: self.joined_ms(),
            partition: PartitionId(0),
            position,
            origin: Origin::server(Source::Rest),
            rules: RULES_VERSION,
        };
        self.held.enqueue(header, input);
        // Nothing of it is kept, so that all of it counts as durable.
        let _folded = self.held.step(position);
    }

    /// The next candidate, with what is known of it.
    pub fn take(&mut self, user: UserId, told: Result<Rehearsed, Exclusion>) {
        let taken = told.and_then(|rehearsed| Ok(self.join(&user, rehearsed)?));
        if let Err(exclusion) = taken {
            self.excluded.push((user, exclusion));
        }
    }

    fn join(&mut self, user: &UserId, rehearsed: Rehearsed) -> Result<(), Refusal> {
        let Rehearsed {
            contribution,
            starts_ms,
        } = rehearsed;
        let joined_ms = self.joined_ms();
        let challenge = self.held.challenge();
        if challenge.may_join(user, starts_ms, joined_ms)? {
            let (id, alias) = (challenge.id, contribution.alias.clone());
            let joining = challenge.joining(user.clone(), alias, (starts_ms, joined_ms));
            self.give(joining);
            self.held.take(&Contribution {
                challenge: id,
                ..contribution
            });
        }
        Ok(())
    }

    /// How it ends, with up to `limit` rows.
    #[must_use]
    pub fn end(self, limit: usize) -> Played {
        let (challenge, board) = (self.held.challenge(), self.held.board());
        let page = challenge.board_page(board, None, limit, self.joined_ms());
        Played {
            participants: board.len(),
            rows: page.items,
            definition: self.definition,
            excluded: self.excluded,
        }
    }
}

#[cfg(test)]
mod tests;
