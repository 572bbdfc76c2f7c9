//! A challenge as `actors::challenge` carries it.

use std::collections::{BTreeMap, VecDeque};

use streakline::storage::{
    Rows, SnapshotWrite, Snapshots,
    envelope::{Kind, Place},
};
use streakline_core::{
    challenge::{Answer, Challenge, ERASED_ALIAS, resident::Resident, stored},
    id::{ChallengeId, Entity, Position, UserId},
    input::{ChallengeInput, Input, Source},
    ledger::Totals,
    view::RowView,
};

use super::{
    BITS, Checked, Mail, Reply, Server, Task,
    partition::{Commit, payload},
    parts::Parts,
    ready,
};

/// A challenge in memory.
#[derive(Default)]
pub(crate) struct ChallengeCell {
    /// `None` until its state is read.
    pub(crate) resident: Option<Resident>,
    waiters: BTreeMap<Position, (u64, Option<UserId>)>,
    confirmations: BTreeMap<UserId, Vec<u64>>,
    pub(super) mail: VecDeque<Mail>,
    writing: bool,
    /// Its campaign is being told what it has paid.
    pub(super) accounting: bool,
    /// How far the parts of its board are, where it is kept in parts.
    pub(super) parts: Parts,
    /// How many things another challenge is being told of a series or a cycle.
    pub(super) telling: usize,
}

impl ChallengeCell {
    /// Whether nothing of it is under way.
    pub(crate) fn is_quiet(&self) -> bool {
        let quiet = |resident: &Resident| {
            resident.pending() == 0
                && resident.outbox.is_empty()
                && !resident.is_partial()
                && !resident.challenge().owes_account()
                && !resident.owes_cycles()
                && resident.challenge().cutoff_passed().is_none()
                && resident.challenge().round_passed().is_none()
        };
        self.resident.as_ref().is_some_and(quiet) && self.mail.is_empty()
    }
}

impl Server {
    pub(super) fn challenge_cell(&mut self, id: ChallengeId) -> &mut ChallengeCell {
        if !self.challenges.contains_key(&id) {
            self.tasks.push(Task::Read(Entity::Challenge(id)));
        }
        self.challenges.entry(id).or_default()
    }

    pub(super) fn read_challenge(&mut self, id: ChallengeId) -> Checked<()> {
        let held = self.challenges.get(&id);
        if held.is_some_and(|cell| cell.resident.is_some()) {
            return Ok(());
        }
        let entity = Entity::Challenge(id);
        let challenge = match ready(self.store.snapshot(&entity))? {
            Some(snapshot) => {
                let state = payload(Kind::Snapshot, &snapshot.state)?;
                ready(Box::pin(self.seals.challenge(id, &state)))?
            }
            None => Challenge::new(id),
        };
        let mut standings = Vec::new();
        for (user, bytes) in ready(self.store.standings(id, None, usize::MAX))? {
            let place = (Kind::Standing, Place::Challenge(id));
            let standing = minicbor::decode(&self.opened(&user, place, &bytes)?);
            standings.push(standing.map_err(|e| e.to_string())?);
        }
        let partition = self.partition(&entity);
        let tail = partition.tails.remove(&entity).unwrap_or_default();
        let tail = tail.into_iter().filter_map(|(header, input)| match input {
            Input::Challenge(_, input) => Some((header, input)),
            _ => None,
        });
        let covered = challenge.position;
        let resident = Resident::recovered(challenge, tail.collect(), &standings);
        if resident.pending() == 0 && resident.challenge().position == covered {
            partition.coverage.covered(&entity, None);
        }
        if resident.is_partial() {
            self.refills.insert(id, false);
        }
        let scores = resident
            .needs_parts()
            .then(|| resident.scores_for_parts(standings));
        self.challenges.entry(id).or_default().resident = Some(resident);
        if let Some(scores) = scores {
            self.open_parts(id, scores);
        }
        self.advance_challenge(id)
    }

    pub(super) fn advance_challenge(&mut self, id: ChallengeId) -> Checked<()> {
        let entity = Entity::Challenge(id);
        loop {
            let durable = self.partition(&entity).journal.durable();
            let held = self.challenges.get_mut(&id);
            let Some(resident) = held.and_then(|cell| cell.resident.as_mut()) else {
                return Ok(());
            };
            let Some(position) = resident.step(durable) else {
                break;
            };
            self.check_durable(&entity, position)?;
            self.check_frozen(id)?;
            if let Some((number, member)) = self.challenge_cell(id).waiters.remove(&position) {
                self.answer(id, number, member);
            }
        }
        self.settle_challenge(id)
    }

    pub(super) fn settle_challenge(&mut self, id: ChallengeId) -> Checked<()> {
        self.send_notices(id);
        self.settlement(id);
        let waiting = std::mem::take(&mut self.challenge_cell(id).mail);
        for mail in waiting {
            if self.challenge_may_run(id, &mail) {
                self.run_challenge(id, mail);
            } else {
                self.challenge_cell(id).mail.push_back(mail);
            }
        }
        self.send_notices(id);
        self.settlement(id);
        self.go_on(id);
        let resident = self.challenge_cell(id).resident.as_ref();
        let deadline_ms = resident.and_then(|resident| resident.challenge().next_deadline());
        let entity = Entity::Challenge(id);
        self.partition(&entity).deadlines.set(&entity, deadline_ms);
        Ok(())
    }

    pub(super) fn send_notices(&mut self, id: ChallengeId) {
        let entity = Entity::Challenge(id);
        let covered = !self.partition(&entity).coverage.holds(&entity);
        let held = self.challenges.get(&id);
        let held = held.and_then(|cell| cell.resident.as_ref());
        if held.is_some_and(|held| !held.outbox.is_empty() && !held.may_tell(covered)) {
            return self.snapshot_challenge(id);
        }
        let held = self.challenges.get_mut(&id);
        let resident = held.and_then(|cell| cell.resident.as_mut());
        let due = resident.map_or_else(Vec::new, |resident| resident.outbox.due(usize::MAX));
        for (user, _, input) in due {
            self.post(Mail::Notice(user, id, Box::new(input)));
        }
    }

    /// Once the window has ended: counts who took part. Once the cut-off has passed: asks the partitions for their barrier, and
    /// settles when all have passed it. Before that: gives free places to who waits.
    fn settlement(&mut self, id: ChallengeId) {
        self.go_on_parts(id);
        let now_ms = self.now_ms;
        let held = self.challenges.get_mut(&id);
        let Some(resident) = held.and_then(|cell| cell.resident.as_mut()) else {
            return;
        };
        let asked = resident.barriers_due(BITS);
        let own = resident.count().or_else(|| resident.settlement());
        let own = own.or_else(|| resident.admission(now_ms));
        let own = own.or_else(|| resident.reaching());
        for (partition, cutoff_ms) in asked {
            self.post(Mail::Barrier(partition, cutoff_ms, id));
        }
        self.account(id);
        if let Some(own) = own {
            self.offer_challenge(id, Source::Timer, own, None);
        }
    }

    pub(super) fn take_challenge(&mut self, id: ChallengeId, mail: Mail) -> Checked<()> {
        self.challenge_cell(id).mail.push_back(mail);
        if self.challenge_cell(id).resident.is_some() {
            self.settle_challenge(id)?;
        }
        Ok(())
    }

    fn challenge_may_run(&mut self, id: ChallengeId, mail: &Mail) -> bool {
        if !mail.is_request() {
            return true;
        }
        let caught_up = self.wake_challenge(id);
        let resident = self.challenge_cell(id).resident.as_ref();
        let idle = |r: &Resident| r.pending() == 0 && !r.awaits_scores_of_teams();
        caught_up && resident.is_some_and(idle)
    }

    /// Whether every boundary up to now is folded; journals a tick where one is due.
    pub(super) fn wake_challenge(&mut self, id: ChallengeId) -> bool {
        let now_ms = self.now_ms;
        let held = self.challenges.get(&id);
        let Some(resident) = held.and_then(|cell| cell.resident.as_ref()) else {
            return false;
        };
        let next_ms = resident.challenge().next_deadline();
        if next_ms.is_none_or(|at_ms| at_ms > now_ms) {
            return true;
        }
        if resident.pending() == 0 {
            self.offer_challenge(id, Source::Timer, ChallengeInput::Tick, None);
        }
        false
    }

    pub(super) fn offer_challenge(
        &mut self,
        id: ChallengeId,
        source: Source,
        input: ChallengeInput,
        waiter: Option<(u64, Option<UserId>)>,
    ) {
        let wrapped = Input::Challenge(id, input.clone());
        let header = self.append(&Entity::Challenge(id), source, (&wrapped, Vec::new()));
        let cell = self.challenge_cell(id);
        if let Some(resident) = &mut cell.resident {
            if let Some(waiter) = waiter {
                cell.waiters.insert(header.position, waiter);
            }
            resident.enqueue(header, input);
        }
    }

    fn run_challenge(&mut self, id: ChallengeId, mail: Mail) {
        let now_ms = self.now_ms;
        let Some(resident) = &mut self.challenge_cell(id).resident else {
            return;
        };
        let challenge = resident.challenge();
        match mail {
            Mail::Make(_, number, definition) => {
                let make = ChallengeInput::Create(*definition);
                let make = (!challenge.exists()).then_some(make);
                self.change(id, number, make, None);
            }
            mail @ (Mail::Publish(..)
            | Mail::Reserved(..)
            | Mail::Reserve(..)
            | Mail::Account(..)
            | Mail::Accounted(..)) => self.run_campaign(id, mail),
            Mail::Contest(mail) => self.run_contest(id, mail),
            Mail::Join(_, number, (user, alias, starts_ms), ticket) => {
                let may = challenge
                    .may_join(&user, starts_ms, now_ms)
                    .unwrap_or(false);
                let join = challenge.joining(user.clone(), alias, (starts_ms, now_ms));
                if self.is_void(ticket) {
                    // Who has asked asks again.
                    return;
                }
                self.change(id, number, may.then_some(join), Some(user));
            }
            Mail::Leave(_, number, user) => {
                let may = challenge.may_leave(&user, now_ms).is_ok();
                let leave = resident.leaving(user.clone());
                self.change(id, number, may.then_some(leave), Some(user));
            }
            Mail::Contribute(contribution) => {
                let mail = match resident.take(&contribution) {
                    Answer::Elsewhere => Mail::Forward(contribution),
                    _ => Mail::Taken(contribution.user.clone(), contribution),
                };
                self.post(mail);
            }
            Mail::Reported(_, part, report) => self.reported(id, part, *report),
            Mail::Confirmed(_, user, input) => {
                resident.confirmed(&user, &input);
                if !resident.owes(&user) {
                    let told = self.challenge_cell(id).confirmations.remove(&user);
                    let told = told.unwrap_or_default().into_iter();
                    self.replies.extend(told.map(Reply::Done));
                }
            }
            Mail::Passed(_, partition, cutoff_ms) => {
                resident.barrier((partition, cutoff_ms), true);
            }
            _ => {}
        }
    }

    /// A change that was admitted, or that needs nothing.
    pub(super) fn change(
        &mut self,
        id: ChallengeId,
        number: u64,
        input: Option<ChallengeInput>,
        member: Option<UserId>,
    ) {
        match input {
            Some(input) => self.offer_challenge(id, Source::Rest, input, Some((number, member))),
            None => self.answer(id, number, member),
        }
    }

    /// A change is folded: answered, where it is a member's when its partition knows.
    fn answer(&mut self, id: ChallengeId, number: u64, member: Option<UserId>) {
        let cell = self.challenge_cell(id);
        let owes = |user: &UserId| cell.resident.as_ref().is_some_and(|r| r.owes(user));
        match member.filter(owes) {
            Some(user) => cell.confirmations.entry(user).or_default().push(number),
            None => self.replies.push(Reply::Done(number)),
        }
    }

    /// Takes a snapshot; one at a time.
    pub(crate) fn snapshot_challenge(&mut self, id: ChallengeId) {
        let entity = Entity::Challenge(id);
        let Some(cell) = self.challenges.get_mut(&id).filter(|cell| !cell.writing) else {
            return;
        };
        let Some(resident) = &mut cell.resident else {
            return;
        };
        let covered = resident.challenge().position;
        let Some(parts) = resident.snapshot() else {
            return;
        };
        let (due_before_ms, due_ms) = (parts.due_before_ms, parts.due_ms);
        cell.writing = true;
        let partition = self.partition(&entity);
        let partition_row = partition.row(Totals::default());
        let of = (entity.clone(), entity.partition(BITS));
        let write = SnapshotWrite {
            due_before_ms,
            due_ms,
            partition_row,
            ..SnapshotWrite::of_state(of, covered, Vec::new())
        };
        let commit = Commit::Challenge(id, parts, write);
        partition.commits.push_back(commit);
        self.tasks.push(Task::Commit(entity.partition(BITS)));
    }

    /// The payload of a snapshot, its names sealed.
    pub(super) fn with_names(
        &mut self,
        id: ChallengeId,
        parts: &stored::Parts,
    ) -> Checked<Vec<u8>> {
        let fresh = ready(Box::pin(self.seals.names(id, parts)))?;
        let held = self.challenges.get_mut(&id);
        if let Some(resident) = held.and_then(|cell| cell.resident.as_mut()) {
            resident.sealed(parts, &fresh);
        }
        Ok(parts.bytes(&fresh))
    }

    /// T6.6, T11.1: a board that is over is what an onlooker saw when it was frozen first; only names may go.
    pub(super) fn check_frozen(&mut self, id: ChallengeId) -> Checked<()> {
        let held = self.challenges.get(&id);
        let held = held.and_then(|cell| cell.resident.as_ref());
        let Some(held) = held.filter(|held| held.challenge().frozen) else {
            return Ok(());
        };
        let page = held
            .challenge()
            .board_page(held.board(), None, usize::MAX - 1, 0);
        let now = (page.items, held.board().digest());
        let (first, digest) = self.frozen.entry(id).or_insert_with(|| now.clone());
        let same = |(first, row): (&RowView, &RowView)| {
            let unnamed = RowView {
                alias: ERASED_ALIAS.into(),
                user: None,
                ..first.clone()
            };
            first == row || unnamed == *row
        };
        let rows = first.iter().zip(&now.0);
        if first.len() == now.0.len() && rows.clone().all(same) && now.1 == *digest {
            Ok(())
        } else {
            Err(format!(
                "the board of {id} was {first:?} and is {:?}",
                now.0
            ))
        }
    }

    /// A snapshot of the challenge is written; answers whether it has inputs after it.
    pub(super) fn challenge_written(&mut self, id: ChallengeId, covered: Position) -> bool {
        let Some(cell) = self.challenges.get_mut(&id) else {
            return false;
        };
        cell.writing = false;
        let resident = cell.resident.as_ref();
        resident.is_none_or(|r| r.pending() > 0 || r.challenge().position > covered)
    }

    /// Lets a challenge leave memory where it may.
    pub(crate) fn passivate_challenge(&mut self, id: ChallengeId) {
        let entity = Entity::Challenge(id);
        let covered = !self.partition(&entity).coverage.holds(&entity);
        let free = self.challenges.get(&id).is_some_and(|cell| {
            let may = cell.resident.as_ref().is_some_and(Resident::may_passivate);
            may && cell.mail.is_empty() && !cell.writing
        });
        if free && covered {
            self.challenges.remove(&id);
            self.refills.remove(&id);
            self.partition(&entity).deadlines.set(&entity, None);
        } else if free {
            self.snapshot_challenge(id);
        }
    }
}
