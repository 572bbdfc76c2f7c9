//! A challenge in memory: the state, its board, the inputs that wait for durability, what members have not confirmed, and the
//! settlement that is under way.
//!
//! Sans-io: the actor and the simulator drive the same steps.

use alloc::{
    collections::{BTreeSet, VecDeque},
    vec::Vec,
};

use super::{Answer, Board, Challenge, fold};
use crate::{
    delivery::Outbox,
    event::Contribution,
    id::{Entity, PartitionId, Position, UserId},
    input::{ChallengeInput, Header, UserInput},
    limits,
    settlement::Roll,
};

/// A challenge in memory.
#[derive(Clone, Debug)]
pub struct Resident {
    challenge: Challenge,
    board: Board,
    pending: VecDeque<(Header, ChallengeInput)>,
    /// What members' partitions have not confirmed.
    pub outbox: Outbox<UserId, UserInput>,
    roll: Option<Roll>,
    /// Whether standing rows and partitions have yet to fill the board after a restart.
    partial: bool,
}

impl Resident {
    /// A state that was read back, with what an earlier start journaled after it (`tail`, all of it durable) and the scores
    /// that were written with users' snapshots. The tail comes first: a score counts only for a member that has its row.
    #[must_use]
    pub fn recovered(
        challenge: Challenge,
        tail: Vec<(Header, ChallengeInput)>,
        standings: &[Contribution],
    ) -> Self {
        let mut resident = Self::read(challenge, tail);
        while let Some(position) = resident.first_pending() {
            resident.step(position);
        }
        resident.fill(standings);
        resident
    }

    /// A state that was read back, with the inputs that are to be folded after it; [`Resident::fill`] comes then.
    #[must_use]
    pub fn read(challenge: Challenge, tail: Vec<(Header, ChallengeInput)>) -> Self {
        let board = Board::new(&challenge);
        let mut resident = Self {
            challenge,
            board,
            pending: VecDeque::new(),
            outbox: Outbox::default(),
            roll: None,
            partial: true,
        };
        for (header, input) in tail {
            resident.enqueue(header, input);
        }
        resident
    }

    /// Takes in the scores that were written with users' snapshots, once the tail is folded.
    pub fn fill(&mut self, standings: &[Contribution]) {
        for standing in standings {
            self.board.take(standing, true);
        }
        self.partial = !self.board.is_empty();
        if !self.partial {
            self.filled();
        }
    }

    /// The state.
    #[must_use]
    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// The board.
    #[must_use]
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Whether the board still waits for scores after a restart.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// Every standing row is read and every partition has sent its scores again.
    pub fn filled(&mut self) {
        self.partial = false;
        for (user, notice) in self.challenge.unconfirmed(&self.board) {
            self.outbox.offer(user, notice);
        }
    }

    /// A contribution from a user's partition.
    pub fn take(&mut self, contribution: &Contribution) -> Answer {
        let open = self.challenge.is_open() || self.partial;
        self.board.take(contribution, open)
    }

    /// An input that has its place in the journal. What is passed over is out from there on.
    pub fn enqueue(&mut self, header: Header, input: ChallengeInput) {
        if let ChallengeInput::Skip(skip) = &input {
            self.pending
                .retain(|(held, _)| held.position != skip.position);
        }
        if header.position > self.challenge.position {
            self.pending.push_back((header, input));
        }
    }

    /// The input whose fold has panicked, if one has: it is taken out only when it is folded.
    #[must_use]
    pub fn culprit(&self) -> Option<&(Header, ChallengeInput)> {
        self.pending.front()
    }

    /// Inputs that wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Position of the first input that waits.
    #[must_use]
    pub fn first_pending(&self) -> Option<Position> {
        self.pending.front().map(|(header, _)| header.position)
    }

    /// Whether one more input may wait.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.pending.len() < limits::PENDING_INPUTS_MAX
    }

    /// Folds the next input that is durable; answers its position.
    pub fn step(&mut self, durable: Position) -> Option<Position> {
        let next = self.pending.front();
        let (header, input) = next.filter(|(header, _)| header.position <= durable)?;
        let notices = fold::fold(&mut self.challenge, &mut self.board, header, input);
        if let ChallengeInput::Forget { user, .. } = input {
            self.outbox.drop_for(user);
        }
        // In front until it is folded: whoever catches a panic finds it there.
        let (header, _) = self.pending.pop_front()?;
        // Ranks of a board that is not filled yet are told to nobody; `filled` offers all that is owed.
        if !self.partial {
            for (user, notice) in notices {
                self.outbox.offer(user, notice);
            }
        }
        Some(header.position)
    }

    /// What a state would be after one more input: lets an answer be stored with its effect (ADR 0007).
    #[must_use]
    pub fn foresee(&self, header: &Header, input: &ChallengeInput) -> Challenge {
        let mut challenge = Challenge {
            members: Default::default(),
            ..self.challenge.clone()
        };
        let mut board = Board::new(&challenge);
        fold::fold(&mut challenge, &mut board, header, input);
        challenge
    }

    /// A member's partition has journaled what it was told. Where that is not what must be told last, as when messages
    /// have overtaken one another, it is told what it must know next.
    pub fn confirmed(&mut self, user: &UserId, input: &UserInput) {
        self.challenge.confirmed(user, input);
        self.outbox.confirm(user, input);
        if self.partial || self.outbox.holds(user) {
            return;
        }
        if let Some(owed) = self.challenge.owed(user, &self.board) {
            self.outbox.offer(user.clone(), owed);
        }
    }

    /// Whether a member's partition has yet to confirm something.
    #[must_use]
    pub fn owes(&self, user: &UserId) -> bool {
        self.challenge.owed(user, &self.board).is_some()
    }

    /// A round has passed: members and partitions that have not answered are told and asked again.
    pub fn round(&mut self) {
        self.outbox.round();
        if let Some(roll) = &mut self.roll {
            roll.ask_again();
        }
    }

    /// Once the cut-off has passed: the partitions to ask for their barrier now.
    pub fn barriers_due(&mut self, bits: u32) -> Vec<(PartitionId, i64)> {
        // A member whose partition does not know yet would be settled without its score.
        let ready = !self.partial && self.challenge.all_told();
        let Some(cutoff_ms) = self.challenge.cutoff_passed().filter(|_| ready) else {
            return Vec::new();
        };
        let members = self
            .challenge
            .members
            .iter()
            .filter(|(_, member)| member.joined);
        let partition = |user: &UserId| Entity::User(user.clone()).partition(bits);
        let roll = self.roll.get_or_insert_with(|| {
            let partitions: BTreeSet<_> = members.map(|(user, _)| partition(user)).collect();
            Roll::call(cutoff_ms, partitions)
        });
        roll.due()
            .into_iter()
            .map(|partition| (partition, cutoff_ms))
            .collect()
    }

    /// A partition's answer, or that it could not be asked.
    pub fn barrier(&mut self, partition: PartitionId, passed: bool) {
        if let Some(roll) = &mut self.roll {
            if passed {
                roll.passed(partition)
            } else {
                roll.release(partition)
            }
        }
    }

    /// The settlement, once every partition has passed its barrier and nothing waits; made once.
    pub fn settlement(&mut self) -> Option<ChallengeInput> {
        let roll = self.roll.as_ref().filter(|roll| roll.is_complete())?;
        let waits = self
            .pending
            .iter()
            .any(|(_, i)| matches!(i, ChallengeInput::Settle { .. }));
        if waits || self.challenge.cutoff_passed() != Some(roll.cutoff_ms) {
            return None;
        }
        let (digest, participants) = (self.board.digest(), self.board.len());
        Some(ChallengeInput::Settle {
            cutoff_ms: roll.cutoff_ms,
            digest,
            participants,
        })
    }

    /// The state as bytes, with the deadline of the due row that it replaces and of the new one.
    pub fn snapshot(&mut self) -> (Vec<u8>, Option<i64>, Option<i64>) {
        let before = self.challenge.due_ms;
        self.challenge.due_ms = self.challenge.visible_deadline();
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = minicbor::encode(&self.challenge, &mut bytes);
        (bytes, before, self.challenge.due_ms)
    }

    /// Whether it may leave memory: nothing waits, nothing is unconfirmed, and no score would be lost with the board.
    #[must_use]
    pub fn may_passivate(&self) -> bool {
        self.pending.is_empty() && self.outbox.is_empty() && !self.challenge.is_open()
    }
}

/// Reads a state back.
///
/// # Errors
/// When the bytes are not a state of this form.
pub fn restore(bytes: &[u8]) -> Result<Challenge, minicbor::decode::Error> {
    minicbor::decode(bytes)
}

#[cfg(test)]
mod tests;
