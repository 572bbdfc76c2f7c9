//! The rows that are sealed: flushes, user by user; snapshots with everything that comes with them; what is attached.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::{join_all, try_join_all};
use streakline_core::{
    id::{PartitionId, UserId},
    input::{Header, Input, RULES_VERSION},
    journal::{self, Flush},
};

use super::{
    super::{
        Attachment, Error, IdempotencyKey, JournalRow, SnapshotWrite, StoredAnswer,
        envelope::{Envelope, Kind, Opened, Place, open_plain, plain, read},
    },
    DataKey, Seals,
};

/// Bytes that say how long a group is.
const LENGTH_BYTES: usize = 4;

/// A row that is to become durable with an input: its bytes are sealed with the flush.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The user that it is about.
    pub subject: Option<UserId>,
    /// The row, its bytes unsealed.
    pub attachment: Attachment,
}

/// The keys of everybody whom a flush is about, by user.
pub struct KeysOf(Vec<Arc<DataKey>>);

impl KeysOf {
    fn of(&self, user: Option<&UserId>) -> Option<&DataKey> {
        let place = self.0.binary_search_by(|key| Some(&key.user).cmp(&user));
        self.0.get(place.ok()?).map(AsRef::as_ref)
    }
}

impl Seals {
    /// The row of a flush, whose keys may have to be read or stored first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn flush(
        &self,
        partition: PartitionId,
        flush: Flush<Draft>,
    ) -> Result<JournalRow, Error> {
        // All at once: keys that are new share their syncs.
        let users = users(&flush);
        let keys = try_join_all(users.iter().map(|user| self.of(user))).await?;
        self.row(partition, flush, &KeysOf(keys))
    }

    /// The keys for a flush, where all of them are in memory.
    #[must_use]
    pub fn keys_at_hand(&self, flush: &Flush<Draft>) -> Option<KeysOf> {
        let users = users(flush);
        let keys = self.held(|held| users.into_iter().map(|user| held.of(user)).collect());
        Option::<Vec<_>>::map(keys, KeysOf)
    }

    /// The row of a flush: each user's inputs are one sealed group of it.
    ///
    /// # Errors
    /// [`Error::Refused`] for a flush of more than 4 GiB.
    pub fn row(
        &self,
        partition: PartitionId,
        flush: Flush<Draft>,
        keys: &KeysOf,
    ) -> Result<JournalRow, Error> {
        let place = Place::Flush(partition, flush.first);
        let mut payload = Vec::new();
        for (subject, inputs) in &flush.groups {
            let group = self.written(
                keys.of(subject.as_ref()),
                (Kind::Inputs, place),
                inputs.bytes(),
            )?;
            let length = u32::try_from(group.len());
            let length = length.map_err(|_| Error::Refused("a flush of more than 4 GiB".into()))?;
            payload.extend(length.to_be_bytes());
            payload.extend(group);
        }
        let attachments = flush.attachments.into_iter();
        let attachments = attachments.map(|draft| self.attachment(keys, draft));
        Ok(JournalRow {
            partition,
            first: flush.first,
            last: flush.last,
            bytes: plain(Kind::Journal, RULES_VERSION, &payload),
            attachments: attachments.collect::<Result<_, _>>()?,
        })
    }

    /// Sealed with the key, or plain where it is nobody's.
    fn written(
        &self,
        key: Option<&DataKey>,
        (kind, place): (Kind, Place<'_>),
        payload: &[u8],
    ) -> Result<Vec<u8>, Error> {
        match key {
            Some(key) => self.seal_with(key, (kind, place), payload),
            None => Ok(plain(kind, RULES_VERSION, payload)),
        }
    }

    fn attachment(&self, keys: &KeysOf, draft: Draft) -> Result<Attachment, Error> {
        let key = keys.of(draft.subject.as_ref());
        Ok(match draft.attachment {
            Attachment::Idempotency(name, answer) => {
                let answer = self.sealed_answer(key, &name, answer)?;
                Attachment::Idempotency(name, answer)
            }
            Attachment::Stuck(id, payload) => {
                let place = (Kind::Stuck, Place::Stuck(id));
                Attachment::Stuck(id, self.written(key, place, &payload)?)
            }
            other => other,
        })
    }

    fn sealed_answer(
        &self,
        key: Option<&DataKey>,
        name: &IdempotencyKey,
        answer: StoredAnswer,
    ) -> Result<StoredAnswer, Error> {
        let place = (Kind::Idempotency, Place::Answer(name));
        let bytes = self.written(key, place, &answer.bytes)?;
        Ok(StoredAnswer { bytes, ..answer })
    }

    /// An answer that is about nobody, as it is stored.
    ///
    /// # Errors
    /// None in practice: nothing is sealed.
    pub fn nobodys_answer(
        &self,
        name: &IdempotencyKey,
        answer: StoredAnswer,
    ) -> Result<StoredAnswer, Error> {
        self.sealed_answer(None, name, answer)
    }

    /// The inputs of a flush in order, without those of users who were erased.
    ///
    /// # Errors
    /// [`Error::Damaged`]; those of the store.
    pub async fn inputs(&self, row: &JournalRow) -> Result<Vec<(Header, Input)>, Error> {
        let flush = journal::Place {
            partition: row.partition,
            first: row.first,
        };
        let groups = groups(open_plain(Kind::Journal, &row.bytes)?.payload)?;
        let opened = groups.iter().map(|group| self.group(flush, group));
        let mut inputs = Vec::new();
        for group in join_all(opened).await {
            inputs.extend(group?);
        }
        inputs.sort_by_key(|(header, _)| header.position);
        Ok(inputs)
    }

    async fn group(
        &self,
        flush: journal::Place,
        group: &[u8],
    ) -> Result<Vec<(Header, Input)>, Error> {
        let damaged = |error: minicbor::decode::Error| Error::Damaged(error.to_string());
        let sealed = match read(Kind::Inputs, group)? {
            Envelope::Plain(Opened { payload, .. }) => {
                let inputs = journal::inputs(payload, flush, None).map_err(damaged)?;
                if inputs.iter().any(|(_, input)| input.subject().is_some()) {
                    return Err(Error::Damaged("an input about a user is not sealed".into()));
                }
                return Ok(inputs);
            }
            Envelope::Sealed(sealed) => sealed,
        };
        let Some(key) = self.key(sealed.key).await? else {
            return Ok(Vec::new()); // Its user was erased.
        };
        let place = Place::Flush(flush.partition, flush.first);
        let payload = sealed.open(&key.cipher, (&key.user, place))?;
        journal::inputs(&payload, flush, Some(&key.user)).map_err(damaged)
    }

    /// Seals everything that a snapshot writes; a challenge's state is nobody's.
    ///
    /// # Errors
    /// Those of the store, which may have to store a new key first.
    pub async fn snapshot(&self, mut write: SnapshotWrite) -> Result<SnapshotWrite, Error> {
        let Some(user) = write.user()?.cloned() else {
            write.state = plain(Kind::Snapshot, RULES_VERSION, &write.state);
            return Ok(write);
        };
        let key = self.of(&user).await?;
        let covered = Place::Covered(write.covered);
        write.state = self.seal_with(&key, (Kind::Snapshot, covered), &write.state)?;
        for (id, bytes) in &mut write.chunks {
            *bytes = self.seal_with(&key, (Kind::Chunk, Place::Chunk(*id)), bytes)?;
        }
        let numbered = [
            (Kind::Fact, &mut write.facts),
            (Kind::Transfer, &mut write.transfers),
            (Kind::Change, &mut write.changes),
        ];
        for (kind, rows) in numbered {
            for (number, bytes) in rows {
                *bytes = self.seal_with(&key, (kind, Place::Number(*number)), bytes)?;
            }
        }
        for (challenge, row) in &mut write.standings {
            if let Some(bytes) = row {
                let place = Place::Challenge(*challenge);
                *bytes = self.seal_with(&key, (Kind::Standing, place), bytes)?;
            }
        }
        Ok(write)
    }
}

/// Everybody whom a flush is about, in order.
fn users(flush: &Flush<Draft>) -> Vec<&UserId> {
    let of_inputs = flush.groups.keys().flatten();
    if flush.attachments.is_empty() {
        return of_inputs.collect();
    }
    let of_rows = flush.attachments.iter();
    let of_rows = of_rows.filter_map(|draft| draft.subject.as_ref());
    let all: BTreeSet<&UserId> = of_inputs.chain(of_rows).collect();
    all.into_iter().collect()
}

/// The groups of a flush.
fn groups(mut payload: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let cut = || Error::Damaged("a group of inputs is cut".into());
    let mut groups = Vec::new();
    while !payload.is_empty() {
        let (length, rest) = payload
            .split_first_chunk::<LENGTH_BYTES>()
            .ok_or_else(cut)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (group, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        groups.push(group);
        payload = rest;
    }
    Ok(groups)
}
