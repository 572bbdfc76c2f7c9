//! A store in memory that behaves like a disk: it can lose power, forget a sync and fail on demand.
//!
//! Every future is ready at once, so the simulator needs no runtime. A clone is the same disk, so a
//! server that is started again finds it. Called by tests and the simulator; a server never runs on
//! it.

mod bulk;
mod data_keys;
mod erasure;
mod keeping;
mod rows;
mod table;

use std::{
    collections::BTreeMap,
    future::ready,
    ops::Bound::{Excluded, Unbounded},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use streakline_core::{
    id::{ChallengeId, DeviceId, Entity, PartitionId, Position, UserId},
    manual::ManualPolicy,
};

use self::rows::Tables;
use super::{
    Answer, Catalogue, ChunkId, DueRows, Error, IdempotencyKey, Journal, JournalRow, Ownership,
    Rows, Snapshot, SnapshotWrite, Snapshots, StoredAnswer, StuckId, StuckRows,
};

/// A handle to a disk in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    tables: Tables,
    syncs: u64,
    skip_sync: bool,
    writes_until_fault: Option<u64>,
    fault: Option<String>,
}

impl MemoryStore {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The machine loses power and comes back: what was not synced is gone, and so are faults.
    pub fn lose_power(&self) {
        let mut disk = self.disk();
        disk.tables.lose_power();
        disk.clear_faults();
    }

    /// Of what is not synced, the oldest `writes` of each table are on the disk all the same: the next loss of power tears
    /// the rest off.
    pub fn tear(&self, writes: usize) {
        self.disk().tables.tear(writes);
    }

    /// The process ends and starts again: nothing is lost but faults.
    pub fn restart(&self) {
        self.disk().clear_faults();
    }

    /// From now on writes are answered before they are durable: a broken store, which a test must
    /// notice.
    pub fn set_skip_sync(&self, skip: bool) {
        self.disk().skip_sync = skip;
    }

    /// The write after the next `writes` ones fails and is not applied; everything later is
    /// unavailable.
    pub fn fail_after(&self, writes: u64) {
        self.disk().writes_until_fault = Some(writes);
    }

    /// Everything is unavailable from now on.
    pub fn set_fault(&self, reason: &str) {
        self.disk().fault = Some(reason.to_owned());
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Tables) -> Result<T, Error>,
    ) -> Answer<'_, T> {
        let disk = self.disk();
        let answer = disk.check().and_then(|()| read(&disk.tables));
        Box::pin(ready(answer))
    }

    /// A write that is durable when it is answered.
    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Tables) -> Result<T, Error>,
    ) -> Answer<'_, T> {
        let mut disk = self.disk();
        let answer = disk.begin_write().and_then(|()| write(&mut disk.tables));
        if answer.is_ok() {
            disk.sync();
        }
        Box::pin(ready(answer))
    }

    /// A write that a power loss may take back: what it forgets may come again.
    fn forget<T: Send + 'static>(&self, forget: impl FnOnce(&mut Tables) -> T) -> Answer<'_, T> {
        let mut disk = self.disk();
        let answer = disk.begin_write().map(|()| forget(&mut disk.tables));
        Box::pin(ready(answer))
    }
}

impl Disk {
    fn check(&self) -> Result<(), Error> {
        self.fault
            .clone()
            .map_or(Ok(()), |fault| Err(Error::Unavailable(fault)))
    }

    fn begin_write(&mut self) -> Result<(), Error> {
        self.check()?;
        match &mut self.writes_until_fault {
            Some(0) => self.fault = Some("a write failed, as was asked for".into()),
            Some(writes) => *writes -= 1,
            None => {}
        }
        self.check()
    }

    fn sync(&mut self) {
        if !self.skip_sync {
            self.tables.sync();
            self.syncs += 1;
        }
    }

    fn clear_faults(&mut self) {
        self.fault = None;
        self.writes_until_fault = None;
    }
}

impl Journal for MemoryStore {
    fn append(&self, row: JournalRow) -> Answer<'_, ()> {
        self.write(|tables| tables.append(row))
    }

    fn appends_together(&self) -> bool {
        true
    }

    fn append_all(&self, rows: Vec<JournalRow>) -> Answer<'_, ()> {
        self.write(|tables| rows.into_iter().try_for_each(|row| tables.append(row)))
    }

    fn tail(
        &self,
        partition: PartitionId,
        after: Option<Position>,
        bytes_max: usize,
    ) -> Answer<'_, Vec<JournalRow>> {
        self.read(|tables| Ok(tables.tail(partition, after, bytes_max)))
    }

    fn truncate(&self, first_uncovered: BTreeMap<PartitionId, Position>) -> Answer<'_, ()> {
        self.forget(|tables| tables.truncate(&first_uncovered))
    }
}

impl Snapshots for MemoryStore {
    fn snapshot(&self, entity: &Entity) -> Answer<'_, Option<Snapshot>> {
        self.read(|tables| Ok(tables.snapshots.rows().get(entity).cloned()))
    }

    fn chunks(&self, user: &UserId, ids: Vec<ChunkId>) -> Answer<'_, Vec<Vec<u8>>> {
        self.read(|tables| {
            ids.into_iter()
                .map(|id| {
                    tables
                        .chunks
                        .rows()
                        .get(&(user.clone(), id))
                        .cloned()
                        .ok_or(id)
                })
                .collect::<Result<_, _>>()
                .map_err(Error::missing_chunk)
        })
    }

    fn commit(&self, write: SnapshotWrite) -> Answer<'_, ()> {
        self.write(|tables| tables.commit(write))
    }

    fn partition_row(&self, partition: PartitionId) -> Answer<'_, Option<Vec<u8>>> {
        self.read(|tables| Ok(tables.partitions.rows().get(&partition).cloned()))
    }
}

impl Catalogue for MemoryStore {
    fn claim_device(&self, device: DeviceId, user: &UserId) -> Answer<'_, UserId> {
        self.write(|tables| {
            let owner = tables.devices.rows().get(&device).unwrap_or(user).clone();
            tables.devices.put(device, owner.clone());
            Ok(owner)
        })
    }

    fn challenges(&self, after: Option<ChallengeId>, limit: usize) -> Answer<'_, Vec<ChallengeId>> {
        self.read(|tables| {
            let from = after.map_or(Unbounded, Excluded);
            let rows = tables.challenges.rows().range((from, Unbounded));
            Ok(rows.map(|(id, ())| *id).take(limit).collect())
        })
    }

    fn idempotency(&self, key: &IdempotencyKey) -> Answer<'_, Option<StoredAnswer>> {
        self.read(|tables| Ok(tables.idempotency.rows().get(key).cloned()))
    }

    fn forget_expired(&self, now_ms: i64, limit: usize) -> Answer<'_, usize> {
        self.forget(|tables| tables.forget_expired(now_ms, limit))
    }
}

impl Rows for MemoryStore {
    fn facts(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.read(|tables| Ok(rows::page(&tables.facts, user, after, limit)))
    }

    fn transfers(
        &self,
        user: &UserId,
        after: u64,
        limit: usize,
    ) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.read(|tables| Ok(rows::page(&tables.transfers, user, after, limit)))
    }

    fn changes(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.read(|tables| Ok(rows::page(&tables.changes, user, after, limit)))
    }

    fn standings(
        &self,
        challenge: ChallengeId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<(UserId, Vec<u8>)>> {
        self.read(|tables| Ok(tables.standings(challenge, after, limit)))
    }
}

impl DueRows for MemoryStore {
    fn due(
        &self,
        partition: PartitionId,
        up_to_ms: i64,
        limit: usize,
    ) -> Answer<'_, Vec<(i64, Entity)>> {
        self.read(|tables| {
            let rows = tables
                .due_of(partition)
                .take_while(|(at_ms, _)| *at_ms <= up_to_ms);
            Ok(rows
                .map(|(at_ms, entity)| (at_ms, entity.clone()))
                .take(limit)
                .collect())
        })
    }

    fn earliest_due(&self, partition: PartitionId) -> Answer<'_, Option<i64>> {
        self.read(|tables| Ok(tables.due_of(partition).next().map(|(at_ms, _)| at_ms)))
    }
}

impl StuckRows for MemoryStore {
    fn stuck_row(&self, id: StuckId) -> Answer<'_, Option<Vec<u8>>> {
        self.read(|tables| Ok(tables.stuck.rows().get(&id).cloned()))
    }

    fn stuck(&self, after: Option<StuckId>, limit: usize) -> Answer<'_, Vec<(StuckId, Vec<u8>)>> {
        self.read(|tables| {
            let from = after.map_or(Unbounded, Excluded);
            let rows = tables.stuck.rows().range((from, Unbounded));
            Ok(rows
                .map(|(id, row)| (*id, row.clone()))
                .take(limit)
                .collect())
        })
    }
}

impl Ownership for MemoryStore {
    fn fix_manual_policy(&self, policy: ManualPolicy) -> Answer<'_, ()> {
        self.write(move |tables| tables.fix_manual_policy(policy))
    }

    fn raise_epoch(&self, bits: u32) -> Answer<'_, u64> {
        self.write(|tables| tables.raise_epoch(bits))
    }

    fn clock(&self) -> Answer<'_, Option<i64>> {
        self.read(|tables| Ok(tables.clock.rows().get(&()).copied()))
    }

    fn set_clock(
        &self,
        now_ms: i64,
        answer: Option<(IdempotencyKey, StoredAnswer)>,
    ) -> Answer<'_, ()> {
        self.write(|tables| {
            tables.clock.put((), now_ms);
            if let Some((key, record)) = answer {
                tables.idempotency.put(key, record);
            }
            Ok(())
        })
    }

    fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    fn fault(&self) -> Option<String> {
        self.disk().fault.clone()
    }
}

#[cfg(test)]
mod tests;
