//! The traits of `storage`, answered by the embedded store: a write becomes a command, a read a
//! closure.
//!
//! Nothing is decided here. Called through the traits.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use futures_util::future::try_join_all;
use streakline_core::{
    id::{ChallengeId, DeviceId, Entity, PartitionId, Position, UserId},
    manual::ManualPolicy,
};

use super::{
    super::{
        Answer, Catalogue, ChunkId, DueRows, Error, IdempotencyKey, Journal, JournalRow, Ownership,
        Rows, Snapshot, SnapshotWrite, Snapshots, StoredAnswer, StuckId, StuckRows,
    },
    EmbeddedStore,
    group::Command,
    keys,
    tables::{Table, meta},
    values,
};

impl Journal for EmbeddedStore {
    fn append(&self, row: JournalRow) -> Answer<'_, ()> {
        if row.attachments.is_empty() {
            return self.append_to_files(vec![row]);
        }
        self.write(|reply| Command::Append(row, reply))
    }

    fn appends_together(&self) -> bool {
        true
    }

    fn append_all(&self, rows: Vec<JournalRow>) -> Answer<'_, ()> {
        if rows.iter().all(|row| row.attachments.is_empty()) {
            return self.append_to_files(rows);
        }
        let (alone, attached): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.attachments.is_empty());
        let attached = attached.into_iter().map(|row| self.append(row));
        let appended = attached.chain([self.append_to_files(alone)]);
        let appended = try_join_all(appended);
        Box::pin(async { appended.await.map(drop) })
    }

    fn tail(
        &self,
        partition: PartitionId,
        after: Option<Position>,
        bytes_max: usize,
    ) -> Answer<'_, Vec<JournalRow>> {
        self.read(move |shared| shared.tail(partition, after, bytes_max))
    }

    fn truncate(&self, first_uncovered: BTreeMap<PartitionId, Position>) -> Answer<'_, ()> {
        self.write(|reply| Command::Truncate(first_uncovered, reply))
    }
}

impl Snapshots for EmbeddedStore {
    fn snapshot(&self, entity: &Entity) -> Answer<'_, Option<Snapshot>> {
        let key = keys::entity(entity);
        self.read(move |shared| {
            let row = shared.tables.get(Table::Snapshots, &key)?;
            row.map(|row| values::parse_snapshot(&row)).transpose()
        })
    }

    fn chunks(&self, user: &UserId, ids: Vec<ChunkId>) -> Answer<'_, Vec<Vec<u8>>> {
        let user = user.clone();
        self.read(move |shared| {
            let chunk = |id| {
                let row = shared.tables.get(Table::Chunks, &keys::chunk(&user, id))?;
                row.ok_or_else(|| Error::missing_chunk(id))
            };
            ids.into_iter().map(chunk).collect()
        })
    }

    fn commit(&self, write: SnapshotWrite) -> Answer<'_, ()> {
        self.write(|reply| Command::Commit(Box::new(write), reply))
    }

    fn partition_row(&self, partition: PartitionId) -> Answer<'_, Option<Vec<u8>>> {
        self.read(move |shared| {
            shared
                .tables
                .get(Table::Partitions, &keys::partition(partition))
        })
    }
}

impl Catalogue for EmbeddedStore {
    fn claim_device(&self, device: DeviceId, user: &UserId) -> Answer<'_, UserId> {
        let user = user.clone();
        self.write(move |reply| Command::ClaimDevice(device, user, reply))
    }

    fn challenges(&self, after: Option<ChallengeId>, limit: usize) -> Answer<'_, Vec<ChallengeId>> {
        self.read(move |shared| {
            let id = |key: &[u8], _: &[u8]| keys::challenge(key);
            shared
                .tables
                .page(Table::Challenges, keys::challenges_after(after), limit, id)
        })
    }

    fn idempotency(&self, key: &IdempotencyKey) -> Answer<'_, Option<StoredAnswer>> {
        let key = keys::idempotency(key);
        self.read(move |shared| {
            let row = shared.tables.get(Table::Idempotency, &key)?;
            row.map(|row| values::parse_idempotency(&row)).transpose()
        })
    }

    fn forget_expired(&self, now_ms: i64, limit: usize) -> Answer<'_, usize> {
        self.write(move |reply| Command::ForgetExpired {
            now_ms,
            limit,
            reply,
        })
    }
}

impl Rows for EmbeddedStore {
    fn facts(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.numbered(Table::Facts, user, after, limit)
    }

    fn transfers(
        &self,
        user: &UserId,
        after: u64,
        limit: usize,
    ) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.numbered(Table::Transfers, user, after, limit)
    }

    fn changes(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.numbered(Table::Changes, user, after, limit)
    }

    fn standings(
        &self,
        challenge: ChallengeId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<(UserId, Vec<u8>)>> {
        let range = keys::standings_after(challenge, after);
        self.read(move |shared| {
            shared
                .tables
                .page(Table::Standings, range, limit, |key, value| {
                    Ok((keys::parse_standing_user(key)?, value.to_vec()))
                })
        })
    }
}

impl EmbeddedStore {
    fn numbered(
        &self,
        table: Table,
        user: &UserId,
        after: u64,
        limit: usize,
    ) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        let range = keys::numbered_after(user, after);
        self.read(move |shared| {
            shared.tables.page(table, range, limit, |key, value| {
                Ok((keys::parse_number(key)?, value.to_vec()))
            })
        })
    }
}

impl DueRows for EmbeddedStore {
    fn due(
        &self,
        partition: PartitionId,
        up_to_ms: i64,
        limit: usize,
    ) -> Answer<'_, Vec<(i64, Entity)>> {
        let range = keys::due_up_to(partition, up_to_ms);
        self.read(move |shared| {
            shared
                .tables
                .page(Table::Due, range, limit, |key, _| keys::parse_due(key))
        })
    }

    fn earliest_due(&self, partition: PartitionId) -> Answer<'_, Option<i64>> {
        let range = keys::due_up_to(partition, i64::MAX);
        self.read(move |shared| {
            let due = shared
                .tables
                .page(Table::Due, range, 1, |key, _| keys::parse_due(key))?;
            Ok(due.first().map(|(at_ms, _)| *at_ms))
        })
    }
}

impl StuckRows for EmbeddedStore {
    fn stuck_row(&self, id: StuckId) -> Answer<'_, Option<Vec<u8>>> {
        let key = keys::journal(id.partition, id.position);
        self.read(move |shared| shared.tables.get(Table::Stuck, &key))
    }

    fn stuck(&self, after: Option<StuckId>, limit: usize) -> Answer<'_, Vec<(StuckId, Vec<u8>)>> {
        let range = keys::stuck_after(after);
        self.read(move |shared| {
            shared
                .tables
                .page(Table::Stuck, range, limit, |key, value| {
                    let (partition, position) = keys::parse_journal(key)?;
                    let id = StuckId {
                        partition,
                        position,
                    };
                    Ok((id, value.to_vec()))
                })
        })
    }
}

impl Ownership for EmbeddedStore {
    fn fix_manual_policy(&self, policy: ManualPolicy) -> Answer<'_, ()> {
        self.write(move |reply| Command::FixManualPolicy(policy, reply))
    }

    fn raise_epoch(&self, bits: u32) -> Answer<'_, u64> {
        self.write(move |reply| Command::RaiseEpoch(bits, reply))
    }

    fn clock(&self) -> Answer<'_, Option<i64>> {
        self.read(|shared| {
            let row = shared.tables.get(Table::Meta, meta::CLOCK_MS)?;
            row.map(|row| values::parse_meta(&row).map(u64::cast_signed))
                .transpose()
        })
    }

    fn set_clock(
        &self,
        now_ms: i64,
        answer: Option<(IdempotencyKey, StoredAnswer)>,
    ) -> Answer<'_, ()> {
        self.write(move |reply| Command::SetClock(now_ms, answer.map(Box::new), reply))
    }

    fn leave(&self) -> Answer<'_, ()> {
        self.end_appends()
    }

    fn syncs(&self) -> u64 {
        self.shared.syncs.load(Ordering::Relaxed)
    }

    fn fault(&self) -> Option<String> {
        self.shared.fault.get().map(ToString::to_string)
    }
}
