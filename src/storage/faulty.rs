//! A store around another that fails when a test asks for it: where a limit of the system cannot reach.
//!
//! In test builds only (feature `fault-injection`). A failed write is one of a full disk: from then on nothing can be
//! written. Made by `run` when `serve --fault` asks for one.

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use streakline_core::{
    id::{ChallengeId, DeviceId, Entity, PartitionId, Position, UserId},
    manual::ManualPolicy,
    retention::Retention,
};

use super::{
    Answer, Catalogue, ChunkId, DueRows, Erasure, Error, Gone, IdempotencyKey, Journal, JournalRow,
    Keeping, KeyRow, Keys, Ownership, Rows, Snapshot, SnapshotWrite, Snapshots, Store,
    StoredAnswer, StuckId, StuckRows, Traces, envelope::KeyId,
};
use crate::clock;

/// What is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `appends=N`: the journal after N flushes.
    Appends(u64),
    /// `snapshots=N`: snapshots after N of them.
    Snapshots(u64),
    /// `chunks=N`: reads of a user's records, as damaged, after N of them.
    Chunks(u64),
    /// `users=N`: reads of users' snapshots, as damaged, after N of them.
    Users(u64),
    /// `slow-appends=MS`: each flush takes so long.
    SlowAppends(u64),
    /// `challenges=N`: reads of challenges' snapshots, as damaged, after N of them.
    Challenges(u64),
    /// `slow-snapshots=MS`: each write of a snapshot takes so long.
    SlowSnapshots(u64),
    /// `slow-reads=MS`: each read of a state takes so long.
    SlowReads(u64),
    /// `memtable=BYTES`: the engine writes tables that small, so that a test has some.
    Memtable(u64),
    /// `segment=BYTES`: journal segments that short, so that a test has many.
    Segment(u64),
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, number) = text.split_once('=').ok_or("write it as WHAT=NUMBER")?;
        let number = number
            .parse()
            .map_err(|error| format!("{number}: {error}"))?;
        Ok(match what {
            "appends" => Self::Appends(number),
            "snapshots" => Self::Snapshots(number),
            "chunks" => Self::Chunks(number),
            "users" => Self::Users(number),
            "slow-appends" => Self::SlowAppends(number),
            "challenges" => Self::Challenges(number),
            "slow-snapshots" => Self::SlowSnapshots(number),
            "slow-reads" => Self::SlowReads(number),
            "memtable" => Self::Memtable(number),
            "segment" => Self::Segment(number),
            _ => return Err(format!("no fault is called {what}")),
        })
    }
}

/// A store that fails as it was asked to.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    fault: Fault,
    /// Calls of the kind that fails, so far.
    calls: AtomicU64,
    full: OnceLock<String>,
}

impl FaultyStore {
    /// A store around `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, fault: Fault) -> Self {
        let calls = AtomicU64::new(0);
        Self {
            inner,
            fault,
            calls,
            full: OnceLock::new(),
        }
    }

    /// Whether this call is one after the last good one.
    fn fails(&self, good: Option<u64>) -> bool {
        good.is_some_and(|good| self.calls.fetch_add(1, Ordering::AcqRel) >= good)
    }

    fn full<T>(&self) -> Result<T, Error> {
        let error = Error::Unavailable("no space left, as a test asked for".into());
        self.full.get_or_init(|| error.to_string());
        Err(error)
    }
}

impl Journal for FaultyStore {
    fn append(&self, row: JournalRow) -> Answer<'_, ()> {
        let good = match self.fault {
            Fault::Appends(good) => Some(good),
            _ => None,
        };
        let wait_ms = match self.fault {
            Fault::SlowAppends(wait_ms) => wait_ms,
            _ => 0,
        };
        Box::pin(async move {
            if self.fails(good) {
                return self.full();
            }
            clock::pause_ms(wait_ms).await;
            self.inner.append(row).await
        })
    }

    fn tail(
        &self,
        partition: PartitionId,
        after: Option<Position>,
        bytes_max: usize,
    ) -> Answer<'_, Vec<JournalRow>> {
        self.inner.tail(partition, after, bytes_max)
    }

    fn truncate(&self, first_uncovered: BTreeMap<PartitionId, Position>) -> Answer<'_, ()> {
        self.inner.truncate(first_uncovered)
    }
}

impl Snapshots for FaultyStore {
    fn snapshot(&self, entity: &Entity) -> Answer<'_, Option<Snapshot>> {
        let good = match (self.fault, entity) {
            (Fault::Users(good), Entity::User(_)) => Some(good),
            (Fault::Challenges(good), Entity::Challenge(_)) => Some(good),
            _ => None,
        };
        if self.fails(good) {
            let damaged = Error::Damaged("a snapshot, as a test asked for".into());
            return Box::pin(async { Err(damaged) });
        }
        let read = self.inner.snapshot(entity);
        let Fault::SlowReads(wait_ms) = self.fault else {
            return read;
        };
        Box::pin(async move {
            clock::pause_ms(wait_ms).await;
            read.await
        })
    }

    fn chunks(&self, user: &UserId, ids: Vec<ChunkId>) -> Answer<'_, Vec<Vec<u8>>> {
        let good = match self.fault {
            Fault::Chunks(good) if !ids.is_empty() => Some(good),
            _ => None,
        };
        if self.fails(good) {
            let damaged = Error::Damaged("a chunk, as a test asked for".into());
            return Box::pin(async { Err(damaged) });
        }
        self.inner.chunks(user, ids)
    }

    fn commit(&self, write: SnapshotWrite) -> Answer<'_, ()> {
        let good = match self.fault {
            Fault::Snapshots(good) => Some(good),
            _ => None,
        };
        if self.fails(good) {
            return Box::pin(async { self.full() });
        }
        let Fault::SlowSnapshots(wait_ms) = self.fault else {
            return self.inner.commit(write);
        };
        Box::pin(async move {
            clock::pause_ms(wait_ms).await;
            self.inner.commit(write).await
        })
    }

    fn partition_row(&self, partition: PartitionId) -> Answer<'_, Option<Vec<u8>>> {
        self.inner.partition_row(partition)
    }
}

impl Catalogue for FaultyStore {
    fn claim_device(&self, device: DeviceId, user: &UserId) -> Answer<'_, UserId> {
        self.inner.claim_device(device, user)
    }

    fn challenges(&self, after: Option<ChallengeId>, limit: usize) -> Answer<'_, Vec<ChallengeId>> {
        self.inner.challenges(after, limit)
    }

    fn idempotency(&self, key: &IdempotencyKey) -> Answer<'_, Option<StoredAnswer>> {
        self.inner.idempotency(key)
    }

    fn forget_expired(&self, now_ms: i64, limit: usize) -> Answer<'_, usize> {
        self.inner.forget_expired(now_ms, limit)
    }
}

impl Rows for FaultyStore {
    fn facts(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.inner.facts(user, after, limit)
    }

    fn transfers(
        &self,
        user: &UserId,
        after: u64,
        limit: usize,
    ) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.inner.transfers(user, after, limit)
    }

    fn changes(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.inner.changes(user, after, limit)
    }

    fn standings(
        &self,
        challenge: ChallengeId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<(UserId, Vec<u8>)>> {
        self.inner.standings(challenge, after, limit)
    }
}

impl StuckRows for FaultyStore {
    fn stuck_row(&self, id: StuckId) -> Answer<'_, Option<Vec<u8>>> {
        self.inner.stuck_row(id)
    }

    fn stuck(&self, after: Option<StuckId>, limit: usize) -> Answer<'_, Vec<(StuckId, Vec<u8>)>> {
        self.inner.stuck(after, limit)
    }
}

impl DueRows for FaultyStore {
    fn due(
        &self,
        partition: PartitionId,
        up_to_ms: i64,
        limit: usize,
    ) -> Answer<'_, Vec<(i64, Entity)>> {
        self.inner.due(partition, up_to_ms, limit)
    }

    fn earliest_due(&self, partition: PartitionId) -> Answer<'_, Option<i64>> {
        self.inner.earliest_due(partition)
    }
}

impl Keys for FaultyStore {
    fn claim_key(&self, user: &UserId, key: KeyRow) -> Answer<'_, KeyRow> {
        self.inner.claim_key(user, key)
    }

    fn key_of(&self, user: &UserId) -> Answer<'_, Option<KeyRow>> {
        self.inner.key_of(user)
    }

    fn key(&self, id: KeyId) -> Answer<'_, Option<Vec<u8>>> {
        self.inner.key(id)
    }

    fn replace_key(&self, before: KeyRow, after: Vec<u8>) -> Answer<'_, bool> {
        self.inner.replace_key(before, after)
    }

    fn erase_key(&self, user: &UserId, left: KeyRow) -> Answer<'_, ()> {
        self.inner.erase_key(user, left)
    }

    fn keys(&self, after: Option<KeyId>, limit: usize) -> Answer<'_, Vec<KeyRow>> {
        self.inner.keys(after, limit)
    }

    fn master_keys(&self) -> Answer<'_, Option<Vec<u8>>> {
        self.inner.master_keys()
    }

    fn set_master_keys(&self, row: Vec<u8>) -> Answer<'_, ()> {
        self.inner.set_master_keys(row)
    }
}

impl Erasure for FaultyStore {
    fn erase(&self, traces: Traces) -> Answer<'_, ()> {
        self.inner.erase(traces)
    }

    fn purge(&self) -> Answer<'_, Gone> {
        self.inner.purge()
    }
}

impl Keeping for FaultyStore {
    fn fix_retention(&self, retention: Retention) -> Answer<'_, ()> {
        self.inner.fix_retention(retention)
    }
}

impl Ownership for FaultyStore {
    fn fix_manual_policy(&self, policy: ManualPolicy) -> Answer<'_, ()> {
        self.inner.fix_manual_policy(policy)
    }

    fn raise_epoch(&self, bits: u32) -> Answer<'_, u64> {
        self.inner.raise_epoch(bits)
    }

    fn clock(&self) -> Answer<'_, Option<i64>> {
        self.inner.clock()
    }

    fn set_clock(
        &self,
        now_ms: i64,
        answer: Option<(IdempotencyKey, StoredAnswer)>,
    ) -> Answer<'_, ()> {
        self.inner.set_clock(now_ms, answer)
    }

    fn syncs(&self) -> u64 {
        self.inner.syncs()
    }

    fn fault(&self) -> Option<String> {
        self.full.get().cloned().or_else(|| self.inner.fault())
    }

    fn leave(&self) -> Answer<'_, ()> {
        self.inner.leave()
    }

    fn away(&self) -> Option<String> {
        self.inner.away()
    }
}
