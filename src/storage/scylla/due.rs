//! Deadlines of a journal partition, a UTC day a bucket.
//!
//! A day that has passed and is empty is taken off the list, in the turn of a snapshot, so that none writes into it meanwhile: reads
//! then never go through what was deleted. Called by `snapshots` and `answers`.

use streakline_core::id::{Entity, PartitionId};

use super::{
    super::Error,
    Inner,
    buckets::List,
    entities::{entity_key, parse_entity},
    rows::limited,
    segments::partition_key,
    snapshots::Begun,
};

const MS_PER_DAY: i64 = 86_400_000;

impl Inner {
    pub(super) async fn put_due(&self, begun: &Begun, at_ms: i64) -> Result<(), Error> {
        let bucket = at_ms.div_euclid(MS_PER_DAY);
        self.note_bucket(&List::Due(begun.partition), bucket)
            .await?;
        let (kind, id) = entity_key(&begun.entity);
        let values = (
            partition_key(begun.partition),
            bucket,
            at_ms,
            kind,
            id,
            begun.at_us,
        );
        self.cql.write(&self.statements.due_insert, values).await
    }

    pub(super) async fn drop_due(&self, begun: &Begun, at_ms: i64) -> Result<(), Error> {
        let (kind, id) = entity_key(&begun.entity);
        let bucket = at_ms.div_euclid(MS_PER_DAY);
        let values = (
            begun.at_us,
            partition_key(begun.partition),
            bucket,
            at_ms,
            kind,
            id,
        );
        self.cql.write(&self.statements.due_drop, values).await
    }

    pub(super) async fn due(
        &self,
        partition: PartitionId,
        up_to_ms: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Entity)>, Error> {
        let last = up_to_ms.div_euclid(MS_PER_DAY);
        let mut rows = Vec::new();
        for bucket in self.buckets(&List::Due(partition), i64::MIN).await? {
            let room = limit.saturating_sub(rows.len());
            if bucket > last || room == 0 {
                break;
            }
            let found = self.due_of((partition, bucket), up_to_ms, room).await?;
            if found.is_empty() && bucket < last {
                self.forget_empty(partition, bucket).await?;
            }
            rows.extend(found);
        }
        Ok(rows)
    }

    pub(super) async fn earliest_due(&self, partition: PartitionId) -> Result<Option<i64>, Error> {
        for bucket in self.buckets(&List::Due(partition), i64::MIN).await? {
            let found = self.due_of((partition, bucket), i64::MAX, 1).await?;
            if let Some((at_ms, _)) = found.first() {
                return Ok(Some(*at_ms));
            }
        }
        Ok(None)
    }

    async fn due_of(
        &self,
        (partition, bucket): (PartitionId, i64),
        up_to_ms: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Entity)>, Error> {
        let values = (partition_key(partition), bucket, up_to_ms, limited(limit));
        let rows: Vec<(i64, i8, Vec<u8>)> = self.cql.rows(&self.statements.due, values).await?;
        rows.into_iter()
            .map(|(at_ms, kind, id)| Ok((at_ms, parse_entity(kind, &id)?)))
            .collect()
    }

    async fn forget_empty(&self, partition: PartitionId, bucket: i64) -> Result<(), Error> {
        let mut turn = self.lane(partition).snapshots.take();
        turn.begin().await;
        if self
            .due_of((partition, bucket), i64::MAX, 1)
            .await?
            .is_empty()
        {
            self.forget_bucket(&List::Due(partition), bucket).await?;
        }
        Ok(())
    }
}
