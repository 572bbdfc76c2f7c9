//! A challenge that is played with stored history: who would have been taken in, and where everybody would have ended (domain.md
//! 5.1). It is a challenge like any other, with members and a board, that nobody hears of and nothing is kept of.

use alloc::vec::Vec;

use super::{Challenge, Stage, admit::Refusal, prizes::sum_micro, resident::Resident};
use crate::{
    definition::{Definition, Keeping, LateJoin, eligibility::Ineligible},
    event::Contribution,
    id::{ChallengeId, PartitionId, Position, UserId},
    input::{ChallengeInput, Header, Origin, RULES_VERSION, Source},
    user::rehearsal::{Rehearsed, Unknown},
    view::RowView,
};

/// Why somebody would not have taken part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// It may not take part.
    #[error(transparent)]
    Ineligible(#[from] Ineligible),
}

/// How a challenge would have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// What was played.
    pub definition: Definition,
    /// Who would have been in.
    pub participants: u32,
    /// Too few would have been in, so that it would have been cancelled.
    pub is_cancelled: bool,
    /// The first rows as they would have been settled, best first.
    pub rows: Vec<RowView>,
    /// What each of those rows would have won, 10^-6 token; one of each.
    pub won_micro: Vec<i64>,
    /// What it would have cost, all rows together, 10^-6 token.
    pub cost_micro: i64,
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
            recurs: None,
            cycle: None,
            keeping: Keeping::Whole,
            ..definition.clone()
        };
        let mut rehearsal = Self {
            definition,
            held: Resident::read(Challenge::new(id), Vec::new()),
            excluded: Vec::new(),
        };
        rehearsal.held.filled();
        let joined_ms = rehearsal.joined_ms();
        rehearsal.give(joined_ms, ChallengeInput::Create(open));
        rehearsal.give(joined_ms, ChallengeInput::Publish);
        rehearsal
    }

    /// When everybody joins: before the window begins anywhere.
    fn joined_ms(&self) -> i64 {
        self.definition.started_ms()
    }

    fn give(&mut self, stamp_ms: i64, input: ChallengeInput) {
        let position = Position {
            index: self.held.challenge().position.index.saturating_add(1),
            ..self.held.challenge().position
        };
        let header = Header {
            stamp_ms,
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
        let taken = told.and_then(|rehearsed| self.join(&user, rehearsed));
        if let Err(exclusion) = taken {
            self.excluded.push((user, exclusion));
        }
    }

    fn join(&mut self, user: &UserId, rehearsed: Rehearsed) -> Result<(), Exclusion> {
        let Rehearsed {
            contribution,
            starts_ms,
            attributes,
        } = rehearsed;
        let joined_ms = self.joined_ms();
        let challenge = self.held.challenge();
        if challenge.may_join(user, starts_ms, joined_ms)? {
            challenge.judge(&attributes)?;
            let (id, alias) = (challenge.id, contribution.alias.clone());
            let joining = challenge.joining(user.clone(), alias, (starts_ms, joined_ms));
            self.give(joined_ms, joining);
            self.held.take(&Contribution {
                challenge: id,
                ..contribution
            });
        }
        Ok(())
    }

    /// How it ends, with up to `limit` rows.
    #[must_use]
    pub fn end(mut self, limit: usize) -> Played {
        let joined_ms = self.joined_ms();
        while let Some(fall) = self.held.falling_now() {
            self.give(joined_ms, fall);
        }
        self.settle();
        let (challenge, board) = (self.held.challenge(), self.held.board());
        let page = challenge.board_page(board, None, limit, challenge.now_ms);
        let won_micro = |row: &RowView| {
            let id = row.user.as_ref().and_then(|user| challenge.row_id(user));
            id.map_or(0, |id| sum_micro(&board.prizes_of(&id)))
        };
        Played {
            participants: board.len(),
            is_cancelled: matches!(challenge.stage, Stage::Cancelled(_)),
            won_micro: page.items.iter().map(won_micro).collect(),
            cost_micro: board.paid_micro(),
            rows: page.items,
            definition: self.definition,
            excluded: self.excluded,
        }
    }

    /// Its window ends, who is in is counted where that matters, and it is settled.
    fn settle(&mut self) {
        let cutoff_ms = self.definition.settles_at_ms();
        self.give(cutoff_ms, ChallengeInput::Tick);
        if let Some(count) = self.held.count() {
            self.give(cutoff_ms, count);
        }
        if self.held.challenge().is_open() {
            let settle = ChallengeInput::Settle {
                cutoff_ms,
                digest: self.held.board().digest(),
                participants: self.held.board().len(),
            };
            self.give(cutoff_ms, settle);
        }
    }
}

#[cfg(test)]
mod tests;
