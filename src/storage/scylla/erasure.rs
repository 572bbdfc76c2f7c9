//! Deleting a user: the rows that the traces and the lists of buckets lead to, then the key.
//!
//! The machines keep deleted rows in their files until they join them: a purge only ends the journal segments, and says by when
//! the rest is gone. Called by the actors through the trait.

use std::sync::PoisonError;

use streakline_core::id::{Entity, UserId};

use super::{
    super::{
        Answer, Erasure, Error, Gone, KeyRow, Traces,
        envelope::{Envelope, Kind as Row, read},
    },
    Inner, ScyllaStore,
    attachments::{hour, stuck_key},
    buckets::List,
    entities::entity_key,
    rows::Kind,
    segments::partition_key,
    snapshots::Begun,
};
use crate::clock;

/// How long a machine may keep what was deleted: gc_grace_seconds (ten days unless the tables are changed), and a day for joining.
const KEPT_MS: i64 = 11 * 86_400_000;

impl Inner {
    async fn erase(&self, traces: &Traces) -> Result<(), Error> {
        self.check()?;
        let user = &traces.user;
        let mut turn = self.lane(traces.partition).snapshots.take();
        turn.begin().await;
        self.erase_commit(traces).await?;
        // Before the transfers that it stands for: it says whose rows may still be there.
        let at_us = self.stamp().await?;
        self.put_partition(traces.partition, &traces.partition_row, at_us)
            .await?;
        self.erase_state(user).await?;
        self.erase_due(traces).await?;
        for challenge in &traces.challenges {
            let at_us = self.stamp().await?;
            self.put_standing((*challenge, user), None, at_us).await?;
        }
        for device in &traces.devices {
            let id = device.0.as_slice();
            while self.device(id).await?.as_ref() == Some(user) {
                let values = (id, user.as_str());
                self.conditionally(&self.statements.device_free, values)
                    .await?;
            }
        }
        self.erase_answers(&format!("user:{user}")).await?;
        if let Some(left) = &traces.key {
            self.erase_stuck(left).await?;
            self.erase_data_key(user, left).await?;
        }
        self.confirm().await
    }

    /// The snapshot that was begun last in the partition, where it is the user's.
    async fn erase_commit(&self, traces: &Traces) -> Result<(), Error> {
        let Some(begun) = self.begun(traces.partition).await? else {
            return Ok(());
        };
        if begun.entity == Entity::User(traces.user.clone()) {
            let values = (self.stamp().await?, partition_key(traces.partition));
            self.cql
                .write(&self.statements.commit_erase, values)
                .await?;
        }
        Ok(())
    }

    /// States, chunks and numbered rows.
    async fn erase_state(&self, user: &UserId) -> Result<(), Error> {
        let (kind, id) = entity_key(&Entity::User(user.clone()));
        let values = (self.stamp().await?, kind, id);
        self.cql
            .write(&self.statements.snapshots_erase, values)
            .await?;
        let list = List::Chunks(user.clone());
        for bucket in self.buckets(&list, i64::MIN).await? {
            let values = (self.stamp().await?, user.as_str(), bucket);
            self.cql
                .write(&self.statements.chunks_erase, values)
                .await?;
        }
        self.erase_list(&list).await?;
        for kind in [Kind::Fact, Kind::Transfer, Kind::Change] {
            let list = List::UserRows(user.clone(), kind as i8);
            for bucket in self.buckets(&list, i64::MIN).await? {
                let values = (self.stamp().await?, user.as_str(), kind as i8, bucket);
                self.cql
                    .write(&self.statements.user_rows_erase, values)
                    .await?;
            }
            self.erase_list(&list).await?;
        }
        Ok(())
    }

    async fn erase_due(&self, traces: &Traces) -> Result<(), Error> {
        let Some(at_ms) = traces.due_ms else {
            return Ok(());
        };
        let entity = Entity::User(traces.user.clone());
        let at_us = self.stamp().await?;
        let begun = Begun::nothing(entity, traces.partition, at_us);
        self.drop_due(&begun, at_ms).await
    }

    async fn erase_answers(&self, principal: &str) -> Result<(), Error> {
        for bucket in i8::MIN..=i8::MAX {
            let values = (principal, bucket);
            let rows: Vec<(String, i64)> = self.cql.rows(&self.statements.answers, values).await?;
            if rows.is_empty() {
                continue;
            }
            for (key, expires_ms) in rows {
                let values = (
                    self.stamp().await?,
                    hour(expires_ms),
                    expires_ms,
                    principal,
                    key,
                );
                self.cql.write(&self.statements.expiry_drop, values).await?;
            }
            let values = (self.stamp().await?, principal, bucket);
            self.cql
                .write(&self.statements.answers_erase, values)
                .await?;
        }
        Ok(())
    }

    /// Inputs that were put aside under the user's key.
    async fn erase_stuck(&self, left: &KeyRow) -> Result<(), Error> {
        for (id, row) in self.stuck(None, usize::MAX).await? {
            let theirs = matches!(read(Row::Stuck, &row), Ok(Envelope::Sealed(sealed)) if sealed.key == left.id);
            if theirs {
                let (partition, epoch, index) = stuck_key(id)?;
                let values = (self.stamp().await?, partition, epoch, index);
                self.cql.write(&self.statements.stuck_drop, values).await?;
            }
        }
        Ok(())
    }

    /// Ends every segment: what is in it is dropped as soon as snapshots cover it.
    async fn end_segments(&self) {
        let lanes: Vec<_> = {
            let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            lanes.values().cloned().collect()
        };
        for lane in lanes {
            if let Some(written) = lane.journal.lock().await.as_mut() {
                written.bytes = usize::MAX;
            }
        }
    }
}

impl Erasure for ScyllaStore {
    fn erase(&self, traces: Traces) -> Answer<'_, ()> {
        Box::pin(async move { self.0.erase(&traces).await })
    }

    fn purge(&self) -> Answer<'_, Gone> {
        Box::pin(async move {
            self.0.check()?;
            self.0.end_segments().await;
            Ok(Gone::By(clock::unix_ms().saturating_add(KEPT_MS)))
        })
    }
}
