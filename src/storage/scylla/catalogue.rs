//! What must be unique or listed: devices, challenges, answers to idempotency keys, inputs that were put aside.
//!
//! Called by `answers`.

use streakline_core::id::{ChallengeId, DeviceId, PartitionId, Position, UserId};

use super::{
    super::{Error, IdempotencyKey, StoredAnswer, StuckId},
    Inner,
    attachments::{answer_bucket, hour, stuck_key},
    buckets::List,
    number,
    rows::{limited, user_of},
    segments::partition_key,
    signed,
};

/// The first 16 bits of an id, which begins with the time that it was made: 49 days.
pub(super) fn challenge_bucket(id: ChallengeId) -> i64 {
    let [first, second, ..] = id.0;
    i64::from(u16::from_be_bytes([first, second]))
}

impl Inner {
    /// One of several claims wins; who asks again is told the same.
    pub(super) async fn claim_device(
        &self,
        device: DeviceId,
        user: &UserId,
    ) -> Result<UserId, Error> {
        self.check()?;
        let id = device.0.as_slice();
        loop {
            if let Some(owner) = self.device(id).await? {
                return Ok(owner);
            }
            self.conditionally(&self.statements.device_claim, (id, user.as_str()))
                .await?;
        }
    }

    pub(super) async fn device(&self, id: &[u8]) -> Result<Option<UserId>, Error> {
        let row: Option<(String,)> = self.cql.first(&self.statements.device, (id,)).await?;
        row.map(|(user,)| user_of(&user)).transpose()
    }

    pub(super) async fn challenges(
        &self,
        after: Option<ChallengeId>,
        limit: usize,
    ) -> Result<Vec<ChallengeId>, Error> {
        let begin = after.map_or(0, challenge_bucket);
        let mut page = Vec::new();
        for bucket in self.buckets(&List::Challenges, begin).await? {
            let room = limit.saturating_sub(page.len());
            if room == 0 {
                break;
            }
            let from = after.filter(|after| challenge_bucket(*after) == bucket);
            let from = from.map_or(Vec::new(), |after| after.0.to_vec());
            let rows: Vec<(Vec<u8>,)> = self
                .cql
                .rows(&self.statements.challenges, (bucket, from, limited(room)))
                .await?;
            for (id,) in rows {
                let id = id
                    .try_into()
                    .map_err(|_| Error::Damaged("a challenge's id has not 16 bytes".into()))?;
                page.push(ChallengeId(id));
            }
        }
        Ok(page)
    }

    pub(super) async fn idempotency(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<StoredAnswer>, Error> {
        let (principal, name) = (key.principal.as_str(), key.key.as_str());
        let values = (principal, answer_bucket(name), name);
        let row: Option<(i64, Vec<u8>)> = self.cql.first(&self.statements.answer, values).await?;
        Ok(row.map(|(expires_ms, bytes)| StoredAnswer { expires_ms, bytes }))
    }

    /// The expiry row of an answer that was given anew stays until its own time, and takes only itself along.
    pub(super) async fn forget_expired(&self, now_ms: i64, limit: usize) -> Result<usize, Error> {
        self.check()?;
        let (mut forgotten, mut room) = (0, limit);
        for bucket in self.buckets(&List::Expiries, i64::MIN).await? {
            if bucket > hour(now_ms) || room == 0 {
                break;
            }
            let values = (bucket, now_ms, limited(room));
            let rows: Vec<(i64, String, String)> =
                self.cql.rows(&self.statements.expiries, values).await?;
            room = room.saturating_sub(rows.len());
            // Answers are kept for a day: an hour that has passed gets no more of them.
            let over = rows.is_empty() && bucket < hour(now_ms);
            for (expires_ms, principal, key) in rows {
                forgotten += usize::from(
                    self.forget_answer(now_ms, IdempotencyKey { principal, key }, expires_ms)
                        .await?,
                );
            }
            if over {
                self.forget_bucket(&List::Expiries, bucket).await?;
            }
        }
        Ok(forgotten)
    }

    async fn forget_answer(
        &self,
        now_ms: i64,
        key: IdempotencyKey,
        expires_ms: i64,
    ) -> Result<bool, Error> {
        // Taken before the read: an answer that is given anew meanwhile is newer.
        let at_us = self.stamp().await?;
        let (principal, name) = (key.principal.as_str(), key.key.as_str());
        let stored = self.idempotency(&key).await?;
        let expired = stored.is_some_and(|record| record.expires_ms < now_ms);
        if expired {
            self.cql
                .write(
                    &self.statements.answer_drop,
                    (at_us, principal, answer_bucket(name), name),
                )
                .await?;
        }
        let values = (at_us, hour(expires_ms), expires_ms, principal, name);
        self.cql.write(&self.statements.expiry_drop, values).await?;
        Ok(expired)
    }

    pub(super) async fn stuck_row(&self, id: StuckId) -> Result<Option<Vec<u8>>, Error> {
        let row: Option<(Vec<u8>,)> = self
            .cql
            .first(&self.statements.stuck_row, stuck_key(id)?)
            .await?;
        Ok(row.map(|(bytes,)| bytes))
    }

    pub(super) async fn stuck(
        &self,
        after: Option<StuckId>,
        limit: usize,
    ) -> Result<Vec<(StuckId, Vec<u8>)>, Error> {
        let begin = after.map_or(i64::MIN, |after| i64::from(after.partition.0));
        let mut page = Vec::new();
        for bucket in self.buckets(&List::Stuck, begin).await? {
            let room = limit.saturating_sub(page.len());
            if room == 0 {
                break;
            }
            let partition = PartitionId(u32::try_from(bucket).unwrap_or(u32::MAX));
            let from = after
                .filter(|after| after.partition == partition)
                .map_or(Position::default(), |after| after.position);
            let values = (
                partition_key(partition),
                signed(from.epoch)?,
                signed(from.index)?,
                limited(room),
            );
            let rows: Vec<(i64, i64, Vec<u8>)> =
                self.cql.rows(&self.statements.stuck, values).await?;
            page.extend(rows.into_iter().map(|(epoch, index, bytes)| {
                let position = Position {
                    epoch: number(epoch),
                    index: number(index),
                };
                (
                    StuckId {
                        partition,
                        position,
                    },
                    bytes,
                )
            }));
        }
        Ok(page)
    }
}
