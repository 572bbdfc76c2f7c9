//! Erasing a user as `actors::directory::erasure` and `actors::erasing` carry it (ADR 0031): every challenge that knows the user
//! forgets it and is covered, what is under way is folded and covered, the state is let go, and the store deletes every row.
//!
//! What is noted here is gone after a crash: who has asked asks again.

use std::collections::BTreeSet;

use streakline::storage::{
    Erasure as _, Keys as _, Rows, Traces,
    envelope::{Kind, Place},
};
use streakline_core::{
    event::Transfer,
    id::{ChallengeId, Entity, UserId},
    input::{Input, Source},
    ledger::Totals,
};

use super::{BITS, Checked, Mail, Reply, Server, Task, UserCell, partition::Commit, ready};

/// How far an erasure is.
pub(super) enum Erasing {
    /// Challenges that know the user are looked for.
    Finding,
    /// They forget the user, and are covered.
    Leaving(BTreeSet<ChallengeId>),
    /// Nothing is taken for the user any more.
    Deleting(BTreeSet<ChallengeId>),
    /// The rows are gone, or will be when the store gets to it.
    Deleted,
}

impl Server {
    /// Whether something new is taken for a user.
    pub(super) fn takes(&self, user: &UserId, mail: &Mail) -> bool {
        let held = self.erasing.get(user);
        let deleting = matches!(held, Some(Erasing::Deleting(_) | Erasing::Deleted));
        let is_new = mail.is_request() || matches!(mail, Mail::Batch(..) | Mail::Notice(..));
        !(deleting && is_new)
    }

    /// Whether a ticket that an enrolment took holds no more.
    pub(super) fn is_void(&self, ticket: u64) -> bool {
        self.erasures_begun != ticket
    }

    /// Somebody wants a user to join, who is there: the challenge is asked, with the ticket of now.
    pub(super) fn enrol(&mut self, id: ChallengeId, number: u64, join: (UserId, String, i64)) {
        let cell = self.users.get(&join.0);
        let user = cell.and_then(UserCell::user);
        if user.is_none_or(|user| user.created.is_none()) {
            self.replies.push(Reply::Done(number));
        } else if !self.erasing.contains_key(&join.0) {
            self.post(Mail::Join(id, number, join, self.erasures_begun));
        }
    }

    /// Somebody asks for an erasure, once more: it goes on as far as it can.
    pub(super) fn erase(&mut self, user: &UserId, number: u64) -> Checked<()> {
        if !self.erasing.contains_key(user) {
            let Some(cell) = self.users.get(user).filter(|cell| cell.resident.is_some()) else {
                self.user_cell(user);
                return Ok(());
            };
            let unborn = cell.user().is_some_and(|user| user.created.is_none());
            if unborn && ready(self.store.key_of(user))?.is_none() {
                self.replies.push(Reply::Done(number));
                return Ok(());
            }
            self.erasures_begun += 1;
            self.erasing.insert(user.clone(), Erasing::Finding);
        }
        match self.erasing.remove(user) {
            Some(Erasing::Finding) => {
                let next = self.known(user).map_or(Erasing::Finding, Erasing::Leaving);
                self.erasing.insert(user.clone(), next);
            }
            Some(Erasing::Leaving(known)) => {
                let mut left = true;
                for id in &known {
                    left &= self.forget(*id, user)?;
                }
                let next = if left {
                    Erasing::Deleting(known)
                } else {
                    Erasing::Leaving(known)
                };
                self.erasing.insert(user.clone(), next);
            }
            Some(Erasing::Deleting(left)) => {
                let next = if self.let_go_for_good(user, &left)? {
                    Erasing::Deleted
                } else {
                    Erasing::Deleting(left)
                };
                self.erasing.insert(user.clone(), next);
            }
            Some(Erasing::Deleted) if ready(self.store.key_of(user))?.is_none() => {
                self.erased_users.insert(user.clone());
                self.replies.push(Reply::Done(number));
            }
            other => drop(other.map(|held| self.erasing.insert(user.clone(), held))),
        }
        Ok(())
    }

    /// Challenges that know a user; nothing while one of them is being read, or has inputs that nobody has taken.
    fn known(&self, user: &UserId) -> Option<BTreeSet<ChallengeId>> {
        let tails = self.partitions.values().flat_map(|held| held.tails.keys());
        let mut tails = tails.filter(|of| matches!(of, Entity::Challenge(_)));
        let own = self.users.get(user).and_then(UserCell::user)?;
        let mut known: BTreeSet<ChallengeId> = own.enrolments.keys().copied().collect();
        for (id, cell) in &self.challenges {
            if cell.resident.as_ref()?.names(user) {
                known.insert(*id);
            }
        }
        tails.next().is_none().then_some(known)
    }

    /// Takes the user out of a challenge; whether that is durable, and in its newest snapshot.
    fn forget(&mut self, id: ChallengeId, user: &UserId) -> Checked<bool> {
        let entity = Entity::Challenge(id);
        let idle = self.wake_challenge(id);
        let Some(resident) = &self.challenge_cell(id).resident else {
            return Ok(false);
        };
        if !idle || resident.is_partial() || resident.pending() > 0 {
            return Ok(false);
        }
        if let Some(input) = resident.challenge().forgetting(user) {
            self.offer_challenge(id, Source::Rest, input, None);
            return Ok(false);
        }
        let covered = !self.partition(&entity).coverage.holds(&entity);
        if !covered {
            self.snapshot_challenge(id);
        }
        Ok(covered)
    }

    /// Takes the user out of memory once everything is folded and covered, and has the store delete the rows.
    fn let_go_for_good(&mut self, id: &UserId, left: &BTreeSet<ChallengeId>) -> Checked<bool> {
        let entity = Entity::User(id.clone());
        let covered = !self.partition(&entity).coverage.holds(&entity);
        let cell = self.user_cell(id);
        let free = cell.is_quiet() && !cell.writing && cell.loading.is_none() && !cell.reloading;
        let Some(user) = cell.user().filter(|_| free) else {
            return Ok(false);
        };
        if let Some(other) = user.enrolments.keys().find(|of| !left.contains(of)) {
            return Err(format!("{id} has joined {other} while being erased"));
        }
        if !covered {
            self.snapshot_user(id);
            return Ok(false);
        }
        let devices = user.devices.keys().copied().collect();
        let due_ms = user.due_ms;
        self.users.remove(id);
        self.parts_forget(id);
        let booked = self.booked(id)?;
        let partition = self.partition(&entity);
        partition.deadlines.set(&entity, None);
        partition.erased.add(&booked);
        let traces = Traces {
            user: id.clone(),
            partition: entity.partition(BITS),
            devices,
            challenges: left.iter().copied().collect(),
            due_ms,
            key: None,
            partition_row: partition.row(Totals::default()),
        };
        partition.commits.push_back(Commit::Erasure(traces));
        self.tasks.push(Task::Commit(entity.partition(BITS)));
        Ok(true)
    }

    /// The sums of a user's transfers, all of which are in the store.
    fn booked(&self, user: &UserId) -> Checked<Totals> {
        let mut totals = Totals::default();
        for (number, row) in ready(self.store.transfers(user, 0, usize::MAX))? {
            let payload = self.opened(user, (Kind::Transfer, Place::Number(number)), &row)?;
            let transfer: Transfer = minicbor::decode(&payload).map_err(|e| e.to_string())?;
            totals.book(&transfer);
        }
        Ok(totals)
    }

    /// The store deletes a user.
    pub(super) fn commit_erasure(&mut self, mut traces: Traces) -> Checked<()> {
        traces.key = ready(Box::pin(self.seals.left_of(&traces.user, self.now_ms)))?;
        ready(self.store.erase(traces))
    }

    /// Nothing that is stored or in memory knows an erased user.
    pub(crate) fn check_gone(&self, user: &UserId) -> Checked<()> {
        let entity = Entity::User(user.clone());
        let facts = ready(self.store.facts(user, 0, 1))?.len();
        let transfers = ready(self.store.transfers(user, 0, 1))?.len();
        let key = ready(self.store.key_of(user))?.is_some();
        let snapshot = ready(streakline::storage::Snapshots::snapshot(
            &self.store,
            &entity,
        ))?;
        if key || facts + transfers > 0 || snapshot.is_some() {
            return Err(format!("something of {user} is still stored"));
        }
        for (id, cell) in &self.challenges {
            if cell.resident.as_ref().is_some_and(|held| held.names(user)) {
                return Err(format!("{id} still knows {user}"));
            }
            if !ready(self.store.standings(*id, None, usize::MAX))?
                .iter()
                .all(|(of, _)| of != user)
            {
                return Err(format!("a row of {user} still stands in {id}"));
            }
        }
        Ok(())
    }

    /// Whether an input names an erased user, after the erasure.
    pub(super) fn check_unnamed(&self, input: &Input) -> Checked<()> {
        match input.subject().filter(|of| self.erased_users.contains(of)) {
            Some(user) => Err(format!("{user} was erased, and is journaled again")),
            None => Ok(()),
        }
    }
}
