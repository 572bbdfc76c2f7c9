//! Rows that are durable exactly when their input is (ADR 0007): encoded into the journal row, and written to their own tables.
//!
//! The journal row is the point of commit. The other tables are written after it with the journal row's own timestamp, so that a
//! successor may write them again, in any order, and nothing newer is undone. Called by `journal` and `takeover`.

use sha2::{Digest as _, Sha256};

use super::{
    super::{Attachment, Error, IdempotencyKey, StoredAnswer, StuckId},
    Inner,
    buckets::List,
    catalogue::challenge_bucket,
    segments::partition_key,
    signed,
};

const MS_PER_HOUR: i64 = 3_600_000;

/// Nothing for none.
pub(super) fn encode(attachments: &[Attachment]) -> Result<Option<Vec<u8>>, Error> {
    if attachments.is_empty() {
        return Ok(None);
    }
    let bytes = minicbor::to_vec(attachments);
    bytes
        .map(Some)
        .map_err(|error| Error::Refused(error.to_string()))
}

pub(super) fn decode(bytes: Option<&[u8]>) -> Result<Vec<Attachment>, Error> {
    let damaged = |error: minicbor::decode::Error| {
        Error::Damaged(format!("attachments of a journal row: {error}"))
    };
    bytes.map_or(Ok(Vec::new()), |bytes| {
        minicbor::decode(bytes).map_err(damaged)
    })
}

/// The hour in which an answer is forgotten.
pub(super) fn hour(expires_ms: i64) -> i64 {
    expires_ms.div_euclid(MS_PER_HOUR)
}

impl Inner {
    pub(super) async fn write_attachments(
        &self,
        attachments: &[Attachment],
        at_us: i64,
    ) -> Result<(), Error> {
        for attachment in attachments {
            match attachment {
                Attachment::Idempotency(key, record) => self.put_answer(key, record, at_us).await?,
                Attachment::ChallengeListed(id) => {
                    let bucket = challenge_bucket(*id);
                    self.note_bucket(&List::Challenges, bucket).await?;
                    let values = (bucket, id.0.as_slice(), at_us);
                    self.cql
                        .write(&self.statements.challenge_list, values)
                        .await?;
                }
                Attachment::ChallengeUnlisted(id) => {
                    let values = (at_us, challenge_bucket(*id), id.0.as_slice());
                    self.cql
                        .write(&self.statements.challenge_unlist, values)
                        .await?;
                }
                Attachment::Stuck(id, row) => {
                    self.note_bucket(&List::Stuck, i64::from(id.partition.0))
                        .await?;
                    let (partition, epoch, index) = stuck_key(*id)?;
                    let values = (partition, epoch, index, row.as_slice(), at_us);
                    self.cql
                        .write(&self.statements.stuck_insert, values)
                        .await?;
                }
                Attachment::Unstuck(id) => {
                    let (partition, epoch, index) = stuck_key(*id)?;
                    let values = (at_us, partition, epoch, index);
                    self.cql.write(&self.statements.stuck_drop, values).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn put_answer(
        &self,
        key: &IdempotencyKey,
        answer: &StoredAnswer,
        at_us: i64,
    ) -> Result<(), Error> {
        let (principal, name) = (key.principal.as_str(), key.key.as_str());
        let hour = hour(answer.expires_ms);
        self.note_bucket(&List::Expiries, hour).await?;
        let values = (hour, answer.expires_ms, principal, name, at_us);
        self.cql
            .write(&self.statements.expiry_insert, values)
            .await?;
        let bucket = answer_bucket(name);
        let bytes = answer.bytes.as_slice();
        let values = (principal, bucket, name, answer.expires_ms, bytes, at_us);
        self.cql.write(&self.statements.answer_put, values).await
    }
}

/// Which of 256 buckets of its principal an answer is in.
pub(super) fn answer_bucket(key: &str) -> i8 {
    let hash = Sha256::digest(key.as_bytes());
    hash.first().copied().unwrap_or(0).cast_signed()
}

pub(super) fn stuck_key(id: StuckId) -> Result<(i32, i64, i64), Error> {
    Ok((
        partition_key(id.partition),
        signed(id.position.epoch)?,
        signed(id.position.index)?,
    ))
}

#[cfg(test)]
mod tests {
    use streakline_core::id::{ChallengeId, PartitionId, Position};

    use super::*;

    #[test]
    fn attachments_come_back_as_they_were() {
        let id = StuckId {
            partition: PartitionId(0x1ff),
            position: Position { epoch: 3, index: 9 },
        };
        let key = IdempotencyKey {
            principal: "user:ann".into(),
            key: "k1".into(),
        };
        let record = StoredAnswer {
            expires_ms: -5,
            bytes: vec![9, 8],
        };
        let all = vec![
            Attachment::Idempotency(key, record),
            Attachment::ChallengeListed(ChallengeId([1; 16])),
            Attachment::ChallengeUnlisted(ChallengeId([2; 16])),
            Attachment::Stuck(id, vec![1, 2, 3]),
            Attachment::Unstuck(id),
        ];
        let bytes = encode(&all).unwrap();
        assert_eq!(decode(bytes.as_deref()).unwrap(), all);
        assert_eq!(encode(&[]).unwrap(), None);
        assert_eq!(decode(None).unwrap(), []);
        assert!(matches!(decode(Some(&[0xff])), Err(Error::Damaged(_))));
    }
}
