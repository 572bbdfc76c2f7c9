//! A challenge in memory: the state, its board, the inputs that wait for durability, what members have not confirmed, and the
//! settlement that is under way.
//!
//! Sans-io: the actor and the simulator drive the same steps.

use alloc::{
    collections::{BTreeSet, VecDeque},
    vec::Vec,
};

use super::{
    Answer, Board, Challenge, Member, Stage,
    carry::Handing,
    fold, frozen,
    series::{CycleInput, Step},
    stored::{Parts, SealedNames},
};
use crate::{
    campaign::CampaignInput,
    delivery::Outbox,
    event::Contribution,
    id::{CampaignId, Entity, MemberNumber, PartitionId, Position, UserId},
    input::{ChallengeInput, Header, UserInput},
    limits,
    settlement::Roll,
};

/// A challenge in memory.
#[derive(Clone, Debug)]
pub struct Resident {
    pub(super) challenge: Challenge,
    pub(super) board: Board,
    pub(super) pending: VecDeque<(Header, ChallengeInput)>,
    /// What members' partitions have not confirmed.
    pub outbox: Outbox<UserId, UserInput>,
    pub(super) roll: Option<Roll>,
    /// Whom the next cycle may have yet to be told of, each with when it joined, POSIX ms.
    unhanded: BTreeSet<(i64, MemberNumber)>,
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
        resident.step_all();
        resident.fill(standings);
        resident.step_all();
        resident
    }

    /// Folds everything that can be folded; all of it is durable.
    fn step_all(&mut self) {
        while let Some(position) = self.first_pending() {
            if self.step(position).is_none() {
                return;
            }
        }
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
            unhanded: BTreeSet::new(),
        };
        for (header, input) in tail {
            resident.enqueue(header, input);
        }
        resident
    }

    /// Takes in the scores that were written with users' snapshots, once the tail is folded. A frozen board needs none.
    pub fn fill(&mut self, standings: &[Contribution]) {
        if self.board.parted().is_some() {
            return self.fill_parts();
        }
        let heard = standings.iter().filter(|of| !self.challenge.hear(of));
        self.board.take_all(&heard.collect::<Vec<_>>(), true);
        if self.challenge.frozen || self.board.is_empty() {
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
        self.board.is_partial()
    }

    /// Every standing row is read and every partition has sent its scores again. What waits behind the end of the challenge
    /// can be folded from then on.
    pub fn filled(&mut self) {
        self.board.set_partial(false);
        frozen::freeze(&mut self.challenge, &mut self.board);
        self.unhanded = self.challenge.unhanded().collect();
        for (user, notice) in self.challenge.unconfirmed(&self.board) {
            self.outbox.offer(user, notice);
        }
    }

    /// A contribution from a user's partition.
    pub fn take(&mut self, contribution: &Contribution) -> Answer {
        if self.challenge.hear(contribution) {
            return Answer::Known;
        }
        let open = self.challenge.is_open() || self.is_partial();
        self.board.take(contribution, open)
    }

    /// Contributions from users' partitions, one after the other.
    pub fn take_all(&mut self, contributions: &[Contribution]) {
        let open = self.challenge.is_open() || self.is_partial();
        let heard = contributions.iter().filter(|of| !self.challenge.hear(of));
        self.board.take_all(&heard.collect::<Vec<_>>(), open);
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

    /// Folds the next input that is durable; answers its position. Behind the end of the challenge nothing is folded before
    /// the board is whole: an erasure must find every row frozen.
    pub fn step(&mut self, durable: Position) -> Option<Position> {
        if self.awaits_its_board() {
            return None;
        }
        let next = self.pending.front();
        let (header, input) = next.filter(|(header, _)| header.position <= durable)?;
        if let ChallengeInput::Forget(number) = input {
            let member = self.challenge.members.of(*number);
            if let Some(user) = member.and_then(Member::user) {
                self.outbox.drop_for(user);
            }
        }
        let notices = fold::fold(&mut self.challenge, &mut self.board, header, input);
        // In front until it is folded: whoever catches a panic finds it there.
        let (header, input) = self.pending.pop_front()?;
        self.note_unhanded(&input);
        // Ranks of a board that is not filled yet are told to nobody; `filled` offers all that is owed.
        if !self.is_partial() {
            for (user, notice) in notices {
                self.outbox.offer(user, notice);
            }
        }
        Some(header.position)
    }

    /// What a state would be after one more input: lets an answer be stored with its effect (ADR 0007).
    #[must_use]
    pub fn foresee(&self, header: &Header, input: &ChallengeInput) -> Challenge {
        let mut challenge = self.challenge.without_members();
        let mut board = Board::new(&challenge);
        fold::fold(&mut challenge, &mut board, header, input);
        challenge
    }

    /// Whether members may be told what the outbox holds. Who knows of a cancellation gives up its score, so a board that was
    /// frozen by one must be `covered` by a snapshot first.
    #[must_use]
    pub fn may_tell(&self, covered: bool) -> bool {
        covered || !matches!(self.challenge.stage, Stage::Cancelled(_))
    }

    /// A member's partition has journaled what it was told. Where that is not what must be told last, as when messages
    /// have overtaken one another, it is told what it must know next.
    pub fn confirmed(&mut self, user: &UserId, input: &UserInput) {
        self.challenge.confirmed(user, input);
        self.outbox.confirm(user, input);
        if self.is_partial() || self.outbox.holds(user) {
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

    /// Once the cut-off of the settlement or of a round has passed: the partitions to ask for their barrier now.
    pub fn barriers_due(&mut self, bits: u32) -> Vec<(PartitionId, i64)> {
        let round = self.challenge.round_passed();
        let Some(cutoff_ms) = round.or(self.challenge.cutoff_passed()) else {
            return Vec::new();
        };
        let counted = self.challenge.count().is_none() && !self.challenge.awaits_members();
        // A member whose partition does not know yet would be settled without its score.
        if !counted || self.is_partial() || !self.challenge.all_told() {
            return Vec::new();
        }
        // The roll of a round that is decided is not that of the next one.
        self.roll.take_if(|roll| roll.cutoff_ms != cutoff_ms);
        let members = self.challenge.members.by_user();
        let members = members.filter(|(_, member)| member.joined);
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

    /// A partition's answer to the question for a cut-off, or that it could not be asked.
    pub fn barrier(&mut self, (partition, cutoff_ms): (PartitionId, i64), passed: bool) {
        let roll = self.roll.as_mut();
        if let Some(roll) = roll.filter(|roll| roll.cutoff_ms == cutoff_ms) {
            if passed {
                roll.passed(partition)
            } else {
                roll.release(partition)
            }
        }
    }

    /// The settlement, or before it the next round's decision, once every partition has passed its barrier and nothing waits; made
    /// once.
    pub fn settlement(&mut self) -> Option<ChallengeInput> {
        let roll = self.roll.as_ref().filter(|roll| roll.is_complete())?;
        let waits = self.pending.iter().any(|(_, input)| {
            matches!(
                input,
                ChallengeInput::Settle { .. } | ChallengeInput::Fall { .. }
            )
        });
        if waits {
            return None;
        }
        if let Some(fall) = self.falling(roll.cutoff_ms) {
            return Some(fall);
        }
        if self.challenge.cutoff_passed() != Some(roll.cutoff_ms) {
            return None;
        }
        if self.board.parted().is_some() {
            return None; // Its parts hand over their rows first.
        }
        let (digest, participants) = (self.board.digest(), self.board.len());
        Some(ChallengeInput::Settle {
            cutoff_ms: roll.cutoff_ms,
            digest,
            participants,
        })
    }

    /// The input that says how many took part; nothing while anything is to be folded first.
    #[must_use]
    pub fn count(&self) -> Option<ChallengeInput> {
        let settled = self.pending.is_empty();
        settled.then(|| self.challenge.count()).flatten()
    }

    /// The input that says which tiers of a collective challenge are reached; nothing while anything is to be folded first.
    #[must_use]
    pub fn reaching(&self) -> Option<ChallengeInput> {
        let ready = self.pending.is_empty() && !self.is_partial();
        let tiers = ready.then(|| self.challenge.new_tiers(&self.board));
        tiers.flatten().map(ChallengeInput::Reach)
    }

    /// The input that gives free places to who waits; nothing while anything is to be folded first, or after a restart some have
    /// yet to say whether they may still take part.
    #[must_use]
    pub fn admission(&self, now_ms: i64) -> Option<ChallengeInput> {
        let settled = self.pending.is_empty() && !self.is_partial();
        settled.then(|| self.challenge.admission(now_ms)).flatten()
    }

    /// The state and the names for a snapshot, with the deadline of the due row that it replaces and of the new one. Nothing
    /// between the end and a whole board: what is stored of a challenge that is over has every row.
    pub fn snapshot(&mut self) -> Option<Parts> {
        if self.awaits_its_board() {
            return None;
        }
        let before = self.challenge.due_ms;
        self.challenge.due_ms = self.challenge.visible_deadline();
        Some(Parts::of(&self.challenge, before))
    }

    /// Whether it is over and its board is not whole yet.
    fn awaits_its_board(&self) -> bool {
        self.challenge.is_over() && !self.challenge.frozen
    }

    /// The names of a snapshot were sealed.
    pub fn sealed(&mut self, parts: &Parts, fresh: &SealedNames) {
        self.challenge.keep_sealed(parts, fresh);
    }

    /// Whether it knows a user, or will once everything that waits is folded.
    #[must_use]
    pub fn names(&self, user: &UserId) -> bool {
        let mut waiting = self.pending.iter();
        self.challenge.members.number_of(user).is_some()
            || waiting.any(|(_, input)| input.subject().as_ref() == Some(user))
    }

    /// What the campaign that pays for it must be told, once it is over.
    #[must_use]
    pub fn account(&self) -> Option<(CampaignId, CampaignInput)> {
        let known = !self.is_partial() && self.pending.is_empty();
        // While members are being told nothing is asked of all of them, once for each.
        let told = !self.challenge.is_voided() || self.outbox.is_empty();
        let owes = known && told && self.challenge.owes_account();
        owes.then(|| self.challenge.account(self.board.paid_micro()))
            .flatten()
    }

    /// The campaign has journaled that. What it has paid may be another sum since.
    pub fn accounted(&mut self, told: &CampaignInput) {
        let owed = self.challenge.account(self.board.paid_micro());
        self.challenge.accounted |= owed.is_some_and(|(_, owed)| owed == *told);
    }

    /// An input may have changed who is to be carried to the next cycle.
    fn note_unhanded(&mut self, input: &ChallengeInput) {
        if self.challenge.heir().is_none() {
            return;
        }
        let members = &self.challenge.members;
        let numbers: Vec<MemberNumber> = match input {
            ChallengeInput::Join { user, .. } | ChallengeInput::Leave(user, _) => {
                members.number_of(user).into_iter().collect()
            }
            ChallengeInput::Admit(numbers, _) => numbers.clone(),
            ChallengeInput::Cycle(CycleInput::Follow(_)) | ChallengeInput::Retry(_) => {
                self.unhanded = self.challenge.unhanded().collect();
                return;
            }
            _ => return,
        };
        for number in numbers {
            self.mark_unhanded(number);
        }
    }

    fn mark_unhanded(&mut self, number: MemberNumber) {
        if let Some(handing) = self.challenge.owed_handing(number) {
            self.unhanded.insert((handing.carried.joined_ms, number));
        }
    }

    /// The next members that the next cycle is to be told of, longest in first.
    pub fn handings(&mut self) -> Vec<Handing> {
        let mut batch = Vec::new();
        let mut known = Vec::new();
        for (joined_ms, number) in &self.unhanded {
            match self.challenge.owed_handing(*number) {
                Some(handing) => batch.push(handing),
                None => known.push((*joined_ms, *number)),
            }
            if batch.len() >= limits::HANDED_AT_ONCE_MAX {
                break;
            }
        }
        for of in known {
            self.unhanded.remove(&of);
        }
        batch
    }

    /// The next cycle knows of an enrolment, or is told of a later one.
    pub fn handed(&mut self, handing: &Handing) {
        self.challenge.handed(handing);
        let key = (handing.carried.joined_ms, handing.number);
        self.unhanded.remove(&key);
        self.mark_unhanded(handing.number);
    }

    /// Whether the next cycle is to be told that nobody more will be carried to it.
    #[must_use]
    pub fn is_all_handed(&self) -> bool {
        let known = !self.is_partial() && self.pending.is_empty() && self.unhanded.is_empty();
        let told = self.challenge.succession.told_all || self.challenge.heir().is_none();
        known && !told && self.challenge.is_complete()
    }

    /// The next cycle knows it.
    pub fn told_all(&mut self) {
        self.challenge.succession.told_all = true;
    }

    /// What a series has to do next; nothing while anything is to be folded first.
    #[must_use]
    pub fn series_step(&self) -> Option<Step> {
        let settled = self.pending.is_empty();
        settled.then(|| self.challenge.series_step()).flatten()
    }

    /// The newest cycle knows that none follows.
    pub fn series_ended(&mut self) {
        self.challenge.series_ended();
    }

    /// Whether another challenge has yet to be told something of this series or cycle.
    #[must_use]
    pub fn owes_cycles(&self) -> bool {
        self.challenge.series_step().is_some() || !self.unhanded.is_empty() || self.is_all_handed()
    }

    /// Whether it may leave memory: nothing waits, nothing is unconfirmed, and no score would be lost with the board.
    #[must_use]
    pub fn may_passivate(&self) -> bool {
        let owes = self.challenge.owes_account() || self.challenge.owes_cycles();
        let told = self.outbox.is_empty() && !owes;
        let scores = self.challenge.is_open() && !self.challenge.is_series();
        self.pending.is_empty() && told && !scores
    }
}

#[cfg(test)]
mod tests;
