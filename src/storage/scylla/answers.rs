//! The traits of `storage`, answered by the files of this store.

use std::collections::BTreeMap;

use std::sync::atomic::Ordering;

use streakline_core::{
    id::{ChallengeId, DeviceId, Entity, PartitionId, Position, UserId},
    manual::ManualPolicy,
    retention::Retention,
};

use super::{
    super::{
        Answer, Catalogue, ChunkId, DueRows, IdempotencyKey, Journal, JournalRow, Keeping,
        Ownership, Rows, Snapshot, SnapshotWrite, Snapshots, StoredAnswer, StuckId, StuckRows,
    },
    ScyllaStore,
    rows::Kind,
    segments::partition_key,
    takeover,
};

impl Journal for ScyllaStore {
    fn append(&self, row: JournalRow) -> Answer<'_, ()> {
        Box::pin(self.0.append(row))
    }

    fn tail(
        &self,
        partition: PartitionId,
        after: Option<Position>,
        bytes_max: usize,
    ) -> Answer<'_, Vec<JournalRow>> {
        Box::pin(self.0.tail(partition, after, bytes_max))
    }

    fn truncate(&self, first_uncovered: BTreeMap<PartitionId, Position>) -> Answer<'_, ()> {
        Box::pin(self.0.truncate(first_uncovered))
    }
}

impl Snapshots for ScyllaStore {
    fn snapshot(&self, entity: &Entity) -> Answer<'_, Option<Snapshot>> {
        let entity = entity.clone();
        Box::pin(async move { self.0.snapshot(&entity).await })
    }

    fn chunks(&self, user: &UserId, ids: Vec<ChunkId>) -> Answer<'_, Vec<Vec<u8>>> {
        let user = user.clone();
        Box::pin(async move { self.0.chunks(&user, ids).await })
    }

    /// The turn is taken at the call: whoever asked first is written first.
    fn commit(&self, write: SnapshotWrite) -> Answer<'_, ()> {
        let turn = self.0.lane(write.partition).snapshots.take();
        Box::pin(self.0.commit(write, turn))
    }

    fn partition_row(&self, partition: PartitionId) -> Answer<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let key = (partition_key(partition),);
            let row: Option<(Vec<u8>,)> = self
                .0
                .cql
                .first(&self.0.statements.partition_row, key)
                .await?;
            Ok(row.map(|(bytes,)| bytes))
        })
    }
}

impl Catalogue for ScyllaStore {
    fn claim_device(&self, device: DeviceId, user: &UserId) -> Answer<'_, UserId> {
        let user = user.clone();
        Box::pin(async move { self.0.claim_device(device, &user).await })
    }

    fn challenges(&self, after: Option<ChallengeId>, limit: usize) -> Answer<'_, Vec<ChallengeId>> {
        Box::pin(self.0.challenges(after, limit))
    }

    fn idempotency(&self, key: &IdempotencyKey) -> Answer<'_, Option<StoredAnswer>> {
        let key = key.clone();
        Box::pin(async move { self.0.idempotency(&key).await })
    }

    fn forget_expired(&self, now_ms: i64, limit: usize) -> Answer<'_, usize> {
        Box::pin(self.0.forget_expired(now_ms, limit))
    }
}

impl ScyllaStore {
    fn user_rows(
        &self,
        user: &UserId,
        kind: Kind,
        page: (u64, usize),
    ) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        let user = user.clone();
        Box::pin(async move { self.0.user_rows(&user, kind, page).await })
    }
}

impl Rows for ScyllaStore {
    fn facts(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.user_rows(user, Kind::Fact, (after, limit))
    }

    fn transfers(
        &self,
        user: &UserId,
        after: u64,
        limit: usize,
    ) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.user_rows(user, Kind::Transfer, (after, limit))
    }

    fn changes(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>> {
        self.user_rows(user, Kind::Change, (after, limit))
    }

    fn standings(
        &self,
        challenge: ChallengeId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<(UserId, Vec<u8>)>> {
        let after = after.cloned();
        Box::pin(async move { self.0.standings(challenge, after.as_ref(), limit).await })
    }
}

impl DueRows for ScyllaStore {
    fn due(
        &self,
        partition: PartitionId,
        up_to_ms: i64,
        limit: usize,
    ) -> Answer<'_, Vec<(i64, Entity)>> {
        Box::pin(self.0.due(partition, up_to_ms, limit))
    }

    fn earliest_due(&self, partition: PartitionId) -> Answer<'_, Option<i64>> {
        Box::pin(self.0.earliest_due(partition))
    }
}

impl StuckRows for ScyllaStore {
    fn stuck_row(&self, id: StuckId) -> Answer<'_, Option<Vec<u8>>> {
        Box::pin(self.0.stuck_row(id))
    }

    fn stuck(&self, after: Option<StuckId>, limit: usize) -> Answer<'_, Vec<(StuckId, Vec<u8>)>> {
        Box::pin(self.0.stuck(after, limit))
    }
}

impl Keeping for ScyllaStore {
    fn fix_retention(&self, retention: Retention) -> Answer<'_, ()> {
        Box::pin(self.0.fix_retention(retention))
    }
}

impl Ownership for ScyllaStore {
    fn fix_manual_policy(&self, policy: ManualPolicy) -> Answer<'_, ()> {
        Box::pin(self.0.fix_manual_policy(policy))
    }

    fn raise_epoch(&self, bits: u32) -> Answer<'_, u64> {
        Box::pin(async move {
            self.0.refuse_unfinished_copy().await?;
            self.0.fix_layout(bits).await?;
            let epoch = self.0.take_over(bits).await?;
            if !self.0.looked_after.swap(true, Ordering::AcqRel) {
                takeover::look_after(&self.0);
            }
            Ok(epoch)
        })
    }

    fn clock(&self) -> Answer<'_, Option<i64>> {
        Box::pin(self.0.clock())
    }

    fn set_clock(
        &self,
        now_ms: i64,
        answer: Option<(IdempotencyKey, StoredAnswer)>,
    ) -> Answer<'_, ()> {
        Box::pin(self.0.set_clock(now_ms, answer))
    }

    fn leave(&self) -> Answer<'_, ()> {
        Box::pin(self.0.leave())
    }

    fn syncs(&self) -> u64 {
        self.0.cql.written()
    }

    fn fault(&self) -> Option<String> {
        self.0.fault.get().map(ToString::to_string)
    }

    fn away(&self) -> Option<String> {
        self.0.cql.away()
    }
}
