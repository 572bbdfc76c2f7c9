//! The tables of the store in memory, and what each write does to them.
//!
//! Nothing here knows of syncs and faults. Called by `memory` only.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Included, Unbounded},
};

use streakline_core::{
    id::{ChallengeId, DeviceId, Entity, PartitionId, Position, UserId},
    manual::ManualPolicy,
};

use super::{
    super::{
        Attachment, ChunkId, Error, IdempotencyKey, JournalRow, Snapshot, SnapshotWrite,
        StoredAnswer, StuckId, bulk::CopyMark, envelope::KeyId,
    },
    table::{Table, Volatile},
};

type JournalKey = (PartitionId, Position);

/// Everything that is on the disk.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) journal: Table<JournalKey, JournalRow>,
    pub(super) idempotency: Table<IdempotencyKey, StoredAnswer>,
    pub(super) challenges: Table<ChallengeId, ()>,
    pub(super) devices: Table<DeviceId, UserId>,
    pub(super) snapshots: Table<Entity, Snapshot>,
    pub(super) chunks: Table<(UserId, ChunkId), Vec<u8>>,
    pub(super) facts: Table<(UserId, u64), Vec<u8>>,
    pub(super) transfers: Table<(UserId, u64), Vec<u8>>,
    pub(super) changes: Table<(UserId, u64), Vec<u8>>,
    /// `None` is before every user: the start of a range, never stored.
    pub(super) standings: Table<(ChallengeId, Option<UserId>), Vec<u8>>,
    pub(super) due: Table<(PartitionId, i64, Entity), ()>,
    pub(super) stuck: Table<StuckId, Vec<u8>>,
    pub(super) partitions: Table<PartitionId, Vec<u8>>,
    pub(super) bits: Table<(), u32>,
    pub(super) manual_policy: Table<(), ManualPolicy>,
    /// By its number.
    pub(super) retention: Table<(), u64>,
    pub(super) epoch: Table<(), u64>,
    pub(super) clock: Table<(), i64>,
    pub(super) keys: Table<KeyId, Vec<u8>>,
    pub(super) keys_of: Table<UserId, KeyId>,
    pub(super) master_keys: Table<(), Vec<u8>>,
    /// How far a copy into this store is.
    pub(super) copy: Table<(), CopyMark>,
}

impl Tables {
    fn all(&mut self) -> [&mut dyn Volatile; 22] {
        [
            &mut self.journal,
            &mut self.idempotency,
            &mut self.challenges,
            &mut self.devices,
            &mut self.snapshots,
            &mut self.chunks,
            &mut self.facts,
            &mut self.transfers,
            &mut self.changes,
            &mut self.standings,
            &mut self.due,
            &mut self.stuck,
            &mut self.partitions,
            &mut self.bits,
            &mut self.manual_policy,
            &mut self.retention,
            &mut self.epoch,
            &mut self.clock,
            &mut self.keys,
            &mut self.keys_of,
            &mut self.master_keys,
            &mut self.copy,
        ]
    }

    pub(super) fn sync(&mut self) {
        self.all().into_iter().for_each(Volatile::sync);
    }

    pub(super) fn tear(&mut self, writes: usize) {
        self.all().into_iter().for_each(|table| table.tear(writes));
    }

    pub(super) fn lose_power(&mut self) {
        self.all().into_iter().for_each(Volatile::lose_power);
    }

    pub(super) fn append(&mut self, mut row: JournalRow) -> Result<(), Error> {
        let attachments = std::mem::take(&mut row.attachments);
        match self.journal.rows().get(&(row.partition, row.first)) {
            Some(stored) if *stored == row => return Ok(()),
            Some(_) => return Err(Error::position_taken(&row)),
            None => self.journal.put((row.partition, row.first), row),
        }
        for attachment in attachments {
            match attachment {
                Attachment::Idempotency(key, record) => self.idempotency.put(key, record),
                Attachment::ChallengeListed(id) => self.challenges.put(id, ()),
                Attachment::ChallengeUnlisted(id) => self.challenges.remove(&id),
                Attachment::Stuck(id, row) => self.stuck.put(id, row),
                Attachment::Unstuck(id) => self.stuck.remove(&id),
            }
        }
        Ok(())
    }

    pub(super) fn tail(
        &self,
        partition: PartitionId,
        after: Option<Position>,
        bytes_max: usize,
    ) -> Vec<JournalRow> {
        let first = Position::default();
        let end = Position {
            epoch: u64::MAX,
            index: u64::MAX,
        };
        let rows = self
            .journal
            .rows()
            .range((partition, first)..=(partition, end));
        let mut room = Some(bytes_max);
        rows.map(|(_, row)| row)
            .filter(|row| after.is_none_or(|after| row.last > after))
            .take_while(|row| {
                let fits = room.is_some();
                room = room
                    .and_then(|room| room.checked_sub(row.bytes.len()))
                    .filter(|r| *r > 0);
                fits
            })
            .cloned()
            .collect()
    }

    /// Every row is a segment of its own here: the harshest reading of the contract.
    pub(super) fn truncate(&mut self, first_uncovered: &BTreeMap<PartitionId, Position>) {
        let covered = |row: &JournalRow| {
            first_uncovered
                .get(&row.partition)
                .is_some_and(|uncovered| row.last < *uncovered)
        };
        let rows = self.journal.rows().iter().filter(|(_, row)| covered(row));
        for key in rows.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.journal.remove(&key);
        }
    }

    pub(super) fn commit(&mut self, write: SnapshotWrite) -> Result<(), Error> {
        let user = write.user()?.cloned();
        let stored = self.snapshots.rows().get(&write.entity);
        if stored.is_some_and(|stored| stored.covered > write.covered) {
            return Ok(());
        }
        if let Some(at_ms) = write.due_before_ms {
            self.due
                .remove(&(write.partition, at_ms, write.entity.clone()));
        }
        if let Some(at_ms) = write.due_ms {
            self.due
                .put((write.partition, at_ms, write.entity.clone()), ());
        }
        self.partitions
            .put(write.partition, write.partition_row.clone());
        let snapshot = Snapshot {
            covered: write.covered,
            state: write.state.clone(),
        };
        self.snapshots.put(write.entity.clone(), snapshot);
        if let Some(user) = user {
            self.commit_user_rows(&user, write);
        }
        Ok(())
    }

    fn commit_user_rows(&mut self, user: &UserId, write: SnapshotWrite) {
        for (id, bytes) in write.chunks {
            self.chunks.put((user.clone(), id), bytes);
        }
        for id in write.dropped_chunks {
            self.chunks.remove(&(user.clone(), id));
        }
        for (number, bytes) in write.facts {
            self.facts.put((user.clone(), number), bytes);
        }
        for (number, bytes) in write.transfers {
            self.transfers.put((user.clone(), number), bytes);
        }
        for (number, bytes) in write.changes {
            self.changes.put((user.clone(), number), bytes);
        }
        for (challenge, row) in write.standings {
            match row {
                Some(bytes) => self.standings.put((challenge, Some(user.clone())), bytes),
                None => self.standings.remove(&(challenge, Some(user.clone()))),
            }
        }
    }

    pub(super) fn standings(
        &self,
        challenge: ChallengeId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Vec<(UserId, Vec<u8>)> {
        let from = Excluded((challenge, after.cloned()));
        let rows = self.standings.rows().range((from, Unbounded));
        rows.take_while(|((of, _), _)| *of == challenge)
            .filter_map(|((_, user), bytes)| Some((user.clone()?, bytes.clone())))
            .take(limit)
            .collect()
    }

    pub(super) fn due_of(&self, partition: PartitionId) -> impl Iterator<Item = (i64, &Entity)> {
        let last_of = |partition| {
            (
                partition,
                i64::MAX,
                Entity::Partition(PartitionId(u32::MAX)),
            )
        };
        let before = last_of(PartitionId(partition.0.saturating_sub(1)));
        let rows = self
            .due
            .rows()
            .range((Excluded(before), Included(last_of(partition))));
        rows.map(|((_, at_ms, entity), ())| (*at_ms, entity))
    }

    pub(super) fn forget_expired(&mut self, now_ms: i64, limit: usize) -> usize {
        let rows = self.idempotency.rows().iter();
        let mut expired: Vec<_> = rows
            .filter(|(_, record)| record.expires_ms < now_ms)
            .map(|(key, record)| (record.expires_ms, key.clone()))
            .collect();
        expired.sort_unstable();
        expired.truncate(limit);
        expired
            .iter()
            .for_each(|(_, key)| self.idempotency.remove(key));
        expired.len()
    }

    pub(super) fn fix_manual_policy(&mut self, policy: ManualPolicy) -> Result<(), Error> {
        let begun = self.bits.rows().get(&()).is_some();
        let stored = self.manual_policy.rows().get(&()).copied();
        match stored.or(begun.then(ManualPolicy::default)) {
            Some(stored) if stored != policy => {
                return Err(Error::other_policy(stored.name(), policy));
            }
            _ => self.manual_policy.put((), policy),
        }
        Ok(())
    }

    pub(super) fn raise_epoch(&mut self, bits: u32) -> Result<u64, Error> {
        if !self.copy.rows().is_empty() {
            return Err(Error::unfinished_copy());
        }
        match self.bits.rows().get(&()) {
            Some(stored) if *stored != bits => return Err(Error::other_bits(*stored, bits)),
            Some(_) => {}
            None => self.bits.put((), bits),
        }
        let epoch = self
            .epoch
            .rows()
            .get(&())
            .copied()
            .unwrap_or(0)
            .saturating_add(1);
        self.epoch.put((), epoch);
        Ok(epoch)
    }
}

/// Numbered rows of a user above `after`.
pub(super) fn page(
    table: &Table<(UserId, u64), Vec<u8>>,
    user: &UserId,
    after: u64,
    limit: usize,
) -> Vec<(u64, Vec<u8>)> {
    let rows = table
        .rows()
        .range((Excluded((user.clone(), after)), Unbounded));
    rows.take_while(|((of, _), _)| of == user)
        .map(|((_, number), bytes)| (*number, bytes.clone()))
        .take(limit)
        .collect()
}
