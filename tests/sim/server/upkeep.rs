//! What comes round, as `actors::upkeep` and `actors::barrier` carry it: who is due, what is sent again, boards that fill.

use std::collections::BTreeMap;

use streakline::storage::{DueRows, Journal as _};
use streakline_core::{
    id::{ChallengeId, Entity, PartitionId, Position, UserId},
    poison::{Stuck, Why},
};

use super::{Checked, Server, Task, ready};

impl Server {
    /// One round.
    pub(crate) fn round(&mut self) -> Checked<()> {
        let challenges: Vec<ChallengeId> = self.challenges.keys().copied().collect();
        for id in challenges {
            let Some(cell) = self.challenges.get_mut(&id) else {
                continue;
            };
            cell.accounting = false;
            cell.telling = 0;
            if let Some(resident) = &mut cell.resident {
                resident.round();
                self.settle_challenge(id)?;
            }
        }
        let users: Vec<UserId> = self.users.keys().cloned().collect();
        for id in users {
            let cell = self.users.get_mut(&id);
            if let Some(resident) = cell.and_then(|cell| cell.resident.as_mut()) {
                resident.outbox.round();
                self.settle_user(&id)?;
            }
        }
        let partitions: Vec<PartitionId> = self.partitions.keys().copied().collect();
        for id in partitions {
            self.answer_barriers(id);
            self.wake_due(id)?;
        }
        self.report_parts();
        self.refill()
    }

    fn wake_due(&mut self, id: PartitionId) -> Checked<()> {
        let now_ms = self.now_ms;
        let partition = self.partition(&Entity::Partition(id));
        let mut due = partition.deadlines.due(now_ms, usize::MAX);
        if partition
            .earliest_due_ms
            .is_some_and(|at_ms| at_ms <= now_ms)
        {
            let rows = ready(self.store.due(id, i64::MAX, usize::MAX))?;
            let later = rows
                .iter()
                .map(|(at_ms, _)| *at_ms)
                .find(|at_ms| *at_ms > now_ms);
            self.partition(&Entity::Partition(id)).earliest_due_ms = later;
            let stored = rows.into_iter().filter(|(at_ms, _)| *at_ms <= now_ms);
            due.extend(
                stored
                    .map(|(_, entity)| entity)
                    .filter(|e| !self.is_active(e)),
            );
        }
        for entity in due {
            match &entity {
                Entity::User(user) if self.is_active(&entity) => drop(self.wake_user(user)),
                Entity::Challenge(id) if self.is_active(&entity) => {
                    if self.wake_challenge(*id) {
                        self.settle_challenge(*id)?;
                    }
                }
                _ => self.tasks.push(Task::Read(entity)),
            }
        }
        Ok(())
    }

    fn is_active(&self, entity: &Entity) -> bool {
        match entity {
            Entity::User(user) => self.users.contains_key(user),
            Entity::Challenge(challenge) => self.challenges.contains_key(challenge),
            Entity::Partition(_) => true,
        }
    }

    /// Boards that wait for scores: everybody in memory sends theirs again, once all that was recovered is folded.
    fn refill(&mut self) -> Checked<()> {
        if !self.is_recovered() {
            return Ok(());
        }
        for (id, sent) in self.refills.clone() {
            if !sent {
                self.send_again(id);
                self.refills.insert(id, true);
            }
            let partitions: Vec<PartitionId> = self.partitions.keys().copied().collect();
            let on_the_way = partitions
                .into_iter()
                .any(|partition| self.holds(partition, id));
            let is_opening = self.is_opening(id);
            let cell = self.challenges.get_mut(&id);
            let resident = cell.and_then(|cell| cell.resident.as_mut());
            let resident = resident.filter(|r| !on_the_way || r.challenge().is_open());
            let Some(resident) = resident else {
                continue;
            };
            self.refills.remove(&id);
            if is_opening {
                self.parts_opened(id)?;
                continue;
            }
            resident.filled();
            self.check_frozen(id)?;
            self.advance_challenge(id)?;
        }
        Ok(())
    }

    fn send_again(&mut self, id: ChallengeId) {
        let users: Vec<UserId> = self.users.keys().cloned().collect();
        for user in users {
            let cell = self.users.get_mut(&user);
            let Some(resident) = cell.and_then(|cell| cell.resident.as_mut()) else {
                continue;
            };
            if let Some(contribution) = resident.user().contribution(id) {
                resident.outbox.offer(id, contribution);
            }
            self.send_scores(&user);
        }
    }

    /// Whether every input of an earlier start is folded.
    fn is_recovered(&self) -> bool {
        let earlier = |position: Position| position.epoch < self.epoch;
        let mut users = self
            .users
            .values()
            .filter_map(|cell| cell.resident.as_ref());
        self.partitions
            .values()
            .all(|partition| partition.tails.is_empty())
            && !users.any(|resident| resident.first_pending().is_some_and(earlier))
    }

    /// Drops what snapshots cover from the journal.
    pub(crate) fn truncate(&mut self) -> Checked<()> {
        let first = |partition: &super::Partition| {
            let next = partition.journal.next();
            partition.coverage.first().unwrap_or(next)
        };
        let partitions = self.partitions.iter();
        let kept: BTreeMap<_, _> = partitions.map(|(id, held)| (*id, first(held))).collect();
        ready(self.store.truncate(kept))
    }

    /// Whether the journal holds nothing any more, and nothing is kept.
    pub(crate) fn check_empty(&self) -> Checked<()> {
        for id in self.partitions.keys() {
            let left = ready(self.store.tail(*id, None, usize::MAX))?;
            if let Some(row) = left.first() {
                return Err(format!("{id} still holds {:?}", row.first));
            }
        }
        let kept = |row: &Stuck| row.why != Why::Skipped;
        match self.stuck()?.into_iter().find(|(_, row)| kept(row)) {
            Some((name, row)) => Err(format!("{name:?} is still {:?}", row.why)),
            None => Ok(()),
        }
    }

    /// Whether somebody is on hold.
    pub(crate) fn is_anyone_held(&self) -> Checked<bool> {
        let held = |cell: &super::UserCell| cell.user().is_some_and(|user| user.is_held());
        let rows = self.stuck()?;
        Ok(self.users.values().any(held) || rows.iter().any(|(_, row)| row.why != Why::Skipped))
    }

    /// Whether nothing is under way and nobody is due.
    pub(crate) fn is_quiet(&self) -> bool {
        let now_ms = self.now_ms;
        let due = |partition: &super::Partition| {
            let heap = partition.deadlines.earliest_ms();
            let rows = partition.earliest_due_ms;
            heap.into_iter().chain(rows).any(|at_ms| at_ms <= now_ms)
        };
        self.tasks.is_empty()
            && self.refills.is_empty()
            && self.have_parts_told()
            && self.users.values().all(super::UserCell::is_quiet)
            && self.challenges.values().all(super::ChallengeCell::is_quiet)
            && !self.partitions.values().any(due)
    }

    /// What keeps it from rest, for who looks into a seed.
    pub(crate) fn unrest(&self) -> String {
        let mut words = vec![format!("{} tasks", self.tasks.len())];
        words.push(format!("{} boards to fill", self.refills.len()));
        for (id, held) in &self.partitions {
            let (heap, rows) = (held.deadlines.earliest_ms(), held.earliest_due_ms);
            words.push(format!("{id} due {heap:?}, {rows:?} at {}", self.now_ms));
        }
        for (id, cell) in &self.users {
            let state = cell.resident.as_ref().map(|held| {
                let user = held.user();
                let hold = user.hold.as_ref();
                (held.pending(), held.outbox.is_empty(), hold.cloned())
            });
            words.push(format!("{id}: {state:?}, {} mails", cell.mail.len()));
        }
        for (id, cell) in &self.challenges {
            words.push(format!("{id}: quiet {}", cell.is_quiet()));
        }
        let stuck = self.stuck().unwrap_or_default().into_iter();
        words.extend(stuck.map(|(id, row)| format!("{id:?} of {:?}: {:?}", row.entity, row.why)));
        words.join("; ")
    }

    /// Reads everybody into memory.
    pub(crate) fn read_all(&mut self, users: Vec<UserId>, challenges: Vec<ChallengeId>) {
        let users = users.into_iter().map(Entity::User);
        let entities = users.chain(challenges.into_iter().map(Entity::Challenge));
        self.tasks.extend(entities.map(Task::Read));
    }
}
