//! The store's own readers of keys and values, for the fuzzing tests; in no server that is built for use.

use std::path::Path;

use streakline_core::id::{ChallengeId, Entity, PartitionId, Position, UserId};

use super::{engine_log, journal, keys, values};
use crate::storage::{ChunkId, Error, IdempotencyKey, JournalRow, Snapshot, StoredAnswer};

/// A key, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Of the journal.
    Journal(PartitionId, Position),
    /// Of a snapshot.
    Entity(Entity),
    /// Of a due row, without its partition.
    Due(i64, Entity),
    /// Of a standing, without its challenge.
    Standing(UserId),
    /// Of the catalogue.
    Challenge(ChallengeId),
    /// Of a fact, a transfer or a change, without its user.
    Number(u64),
    /// Of a key that expires.
    Expiry(Vec<u8>),
}

/// Reads bytes as a key of each table.
#[must_use]
pub fn keys_of(key: &[u8]) -> Vec<Key> {
    let read = [
        keys::parse_journal(key).map(|(partition, at)| Key::Journal(partition, at)),
        keys::parse_entity(key).map(Key::Entity),
        keys::parse_due(key).map(|(at_ms, entity)| Key::Due(at_ms, entity)),
        keys::parse_standing_user(key).map(Key::Standing),
        keys::challenge(key).map(Key::Challenge),
        keys::parse_number(key).map(Key::Number),
        keys::parse_expiry(key).map(|rest| Key::Expiry(rest.to_vec())),
    ];
    read.into_iter().flatten().collect()
}

/// The keys of every table for these parts.
#[must_use]
pub fn made(entity: &Entity, position: Position, at_ms: i64) -> Vec<(Vec<u8>, Key)> {
    let partition = entity.partition(8);
    let mut made = vec![
        (
            keys::journal(partition, position),
            Key::Journal(partition, position),
        ),
        (keys::entity(entity), Key::Entity(entity.clone())),
        (
            keys::due(partition, at_ms, entity),
            Key::Due(at_ms, entity.clone()),
        ),
        (keys::expiry(at_ms, b"key"), Key::Expiry(b"key".to_vec())),
    ];
    match entity {
        Entity::User(user) => {
            let standing = keys::standing(ChallengeId([7; 16]), user);
            let number = position.index;
            made.push((standing, Key::Standing(user.clone())));
            made.push((keys::numbered(user, number), Key::Number(number)));
        }
        Entity::Challenge(id) => made.push((id.0.to_vec(), Key::Challenge(*id))),
        Entity::Partition(_) => {}
    }
    made
}

/// The key of a chunk; it sorts as day and number do.
#[must_use]
pub fn chunk_key(user: &UserId, id: ChunkId) -> Vec<u8> {
    keys::chunk(user, id)
}

/// The key of a stored answer.
#[must_use]
pub fn idempotency_key(key: &IdempotencyKey) -> Vec<u8> {
    keys::idempotency(key)
}

/// A value, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A journal row under a key.
    Journal(JournalRow),
    /// A snapshot row.
    Snapshot(Snapshot),
    /// Whose a device is.
    Device(UserId),
    /// A setting of the store.
    Meta(u64),
    /// A stored answer.
    Idempotency(StoredAnswer),
}

/// Reads bytes as a value of each table; a journal row's under its `key`.
#[must_use]
pub fn values_of(key: &[u8], value: &[u8]) -> Vec<Result<Value, Error>> {
    vec![
        values::parse_journal(key, value).map(Value::Journal),
        values::parse_snapshot(value).map(Value::Snapshot),
        values::parse_device(value).map(Value::Device),
        values::parse_meta(value).map(Value::Meta),
        values::parse_idempotency(value).map(Value::Idempotency),
    ]
}

/// The bytes of a value, but for a journal row's attachments.
#[must_use]
pub fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::Journal(row) => values::journal(row),
        Value::Snapshot(snapshot) => values::snapshot(snapshot.covered, &snapshot.state),
        Value::Device(user) => values::device(user),
        Value::Meta(number) => values::meta(*number),
        Value::Idempotency(answer) => values::idempotency(answer),
    }
}

/// Looks through a file of the engine's log: where its whole batches end, the last number, and whether nothing follows.
///
/// # Errors
/// When the file cannot be read.
pub fn engine_log(path: &Path, after: Option<u64>) -> std::io::Result<(u64, Option<u64>, bool)> {
    let contents = engine_log::read(path, after)?;
    let ends = contents.rest == engine_log::Rest::Nothing;
    Ok((contents.end, contents.last_seqno, ends))
}

/// Looks through a segment file of the journal: where its whole groups end, the last number, how many rows are in them, and
/// whether nothing follows; nothing for a file that was never used.
///
/// # Errors
/// When the file is damaged or cannot be read.
pub fn segment(path: &Path) -> Result<Option<(u64, u64, usize, bool)>, Error> {
    journal::fuzzing::segment(path)
}

/// A segment file with these groups.
#[must_use]
pub fn segment_of(groups: &[Vec<JournalRow>], salt: [u8; 8]) -> Vec<u8> {
    journal::fuzzing::segment_of(groups, salt)
}
