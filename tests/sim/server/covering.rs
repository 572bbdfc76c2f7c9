//! Snapshots of users, and leaving memory, as `actors::user::snapshot` carries them.

use streakline::storage::{ChunkId, SnapshotWrite};
use streakline_core::{
    civil::Day,
    id::{Entity, Position, UserId},
    ledger::Totals,
    user::snapshot::Parts,
};

use super::{BITS, Server, Task, partition::Commit};

impl Server {
    /// Takes a snapshot; one at a time.
    pub(crate) fn snapshot_user(&mut self, id: &UserId) {
        let entity = Entity::User(id.clone());
        let Some(cell) = self.users.get_mut(id) else {
            return;
        };
        let Some(resident) = cell.resident.as_mut() else {
            return;
        };
        // Of somebody who is not there, nothing is to be kept.
        let absent = resident.user().position == Position::default();
        if cell.writing || cell.loading.is_some() || absent {
            return;
        }
        let crowded = resident.crowded();
        if !crowded.is_empty() {
            return self.wish(id, crowded);
        }
        let transfers = resident.user().transfers.clone();
        let parts = resident.snapshot();
        cell.writing = true;
        cell.booked = Totals::default();
        let booked = Totals::of(transfers.iter());
        let partition = self.partition(&entity);
        let partition_row = partition.row(booked);
        let write = snapshot_write(entity.clone(), parts, partition_row);
        partition.commits.push_back(Commit::Snapshot(write));
        self.tasks.push(Task::Commit(entity.partition(BITS)));
    }

    /// A snapshot of the user is written; answers whether it has inputs after it.
    pub(super) fn user_written(&mut self, id: &UserId, covered: Position) -> bool {
        let Some(cell) = self.users.get_mut(id) else {
            return false;
        };
        cell.writing = false;
        let resident = cell.resident.as_ref();
        resident.is_none_or(|r| r.pending() > 0 || r.user().position > covered)
    }

    /// Lets a user leave memory where it may.
    pub(crate) fn passivate_user(&mut self, id: &UserId) {
        let entity = Entity::User(id.clone());
        let covered = !self.partition(&entity).coverage.holds(&entity);
        let free = self
            .users
            .get(id)
            .is_some_and(|cell| cell.is_quiet() && !cell.writing && cell.loading.is_none());
        if free && covered {
            self.users.remove(id);
            self.partition(&entity).deadlines.set(&entity, None);
        } else if free {
            self.snapshot_user(id);
        }
    }
}

fn snapshot_write(entity: Entity, parts: Parts, partition_row: Vec<u8>) -> SnapshotWrite {
    let chunk_id = |(day, number): (Day, u64)| ChunkId { day, number };
    let chunks = parts.chunks.into_iter().chain(parts.minutes);
    SnapshotWrite {
        partition: entity.partition(BITS),
        entity,
        covered: parts.covered,
        state: parts.state,
        chunks: chunks.map(|(id, bytes)| (chunk_id(id), bytes)).collect(),
        dropped_chunks: parts.dropped.iter().copied().map(chunk_id).collect(),
        facts: parts.facts,
        transfers: parts.transfers,
        changes: parts.changes,
        standings: parts.standings,
        due_before_ms: parts.due_before_ms,
        due_ms: parts.due_ms,
        partition_row,
    }
}
