//! Keys of the embedded store: bytes that sort as their meaning does.
//!
//! Numbers are big-endian, signed ones with their sign bit flipped; a user id that is not at the
//! end of a key is closed by a zero byte, which no id contains. Values are made in `values`. Called
//! by the embedded store only.

use std::ops::Bound::{self, Excluded, Included, Unbounded};

use streakline_core::id::{ChallengeId, Entity, PartitionId, Position, UserId};

use super::super::{ChunkId, Error, IdempotencyKey, StuckId, envelope::KeyId};

/// A range of keys.
pub(super) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

const USER: u8 = 1;
const CHALLENGE: u8 = 2;
const PARTITION: u8 = 3;
/// Sorts after every kind of entity and after every character of a user id.
const AFTER_ALL: u8 = 0xFF;

/// partition u32, epoch u64, index u64.
pub(super) fn journal(partition: PartitionId, position: Position) -> Vec<u8> {
    let (epoch, index) = (position.epoch.to_be_bytes(), position.index.to_be_bytes());
    [&partition.0.to_be_bytes()[..], &epoch, &index].concat()
}

pub(super) fn parse_journal(key: &[u8]) -> Result<(PartitionId, Position), Error> {
    let (partition, key) = split::<4>(key)?;
    let (epoch, key) = split::<8>(key)?;
    let (index, _) = split::<8>(key)?;
    let position = Position {
        epoch: u64::from_be_bytes(epoch),
        index: u64::from_be_bytes(index),
    };
    Ok((PartitionId(u32::from_be_bytes(partition)), position))
}

/// All rows of a partition that begin at or before `position`.
pub(super) fn journal_up_to(partition: PartitionId, position: Position) -> Range {
    let first = journal(partition, Position::default());
    (Included(first), Included(journal(partition, position)))
}

/// All rows of a partition that begin after `position`, or all.
pub(super) fn journal_after(partition: PartitionId, position: Option<Position>) -> Range {
    let last = journal(
        partition,
        Position {
            epoch: u64::MAX,
            index: u64::MAX,
        },
    );
    let from = position.map_or(
        Included(journal(partition, Position::default())),
        |position| Excluded(journal(partition, position)),
    );
    (from, Included(last))
}

/// Rows put aside, keyed like the journal.
pub(super) fn stuck_after(after: Option<StuckId>) -> Range {
    let from = after.map(|id| journal(id.partition, id.position));
    (from.map_or(Unbounded, Excluded), Unbounded)
}

pub(super) fn partition(partition: PartitionId) -> Vec<u8> {
    partition.0.to_be_bytes().to_vec()
}

/// kind u8, then the id to the end of the key.
pub(super) fn entity(entity: &Entity) -> Vec<u8> {
    match entity {
        Entity::User(id) => [&[USER], id.as_str().as_bytes()].concat(),
        Entity::Challenge(id) => [&[CHALLENGE][..], &id.0].concat(),
        Entity::Partition(id) => [&[PARTITION][..], &id.0.to_be_bytes()].concat(),
    }
}

pub(super) fn parse_entity(key: &[u8]) -> Result<Entity, Error> {
    let ([kind], id) = split::<1>(key)?;
    match kind {
        USER => user(id).map(Entity::User),
        CHALLENGE => challenge(id).map(Entity::Challenge),
        PARTITION => {
            let (id, _) = split::<4>(id)?;
            Ok(Entity::Partition(PartitionId(u32::from_be_bytes(id))))
        }
        _ => Err(malformed()),
    }
}

/// user, zero, day i32, number u64.
pub(super) fn chunk(user: &UserId, id: ChunkId) -> Vec<u8> {
    let day = (id.day.0.cast_unsigned() ^ (1 << 31)).to_be_bytes();
    [
        user.as_str().as_bytes(),
        &[0],
        &day,
        &id.number.to_be_bytes(),
    ]
    .concat()
}

/// user, zero, number u64: facts, transfers and changes.
pub(super) fn numbered(user: &UserId, number: u64) -> Vec<u8> {
    [user.as_str().as_bytes(), &[0], &number.to_be_bytes()].concat()
}

pub(super) fn numbered_after(user: &UserId, after: u64) -> Range {
    (
        Excluded(numbered(user, after)),
        Included(numbered(user, u64::MAX)),
    )
}

pub(super) fn parse_number(key: &[u8]) -> Result<u64, Error> {
    let number = key.last_chunk::<8>().ok_or_else(malformed)?;
    Ok(u64::from_be_bytes(*number))
}

/// challenge, user to the end of the key.
pub(super) fn standing(challenge: ChallengeId, user: &UserId) -> Vec<u8> {
    [&challenge.0, user.as_str().as_bytes()].concat()
}

pub(super) fn standings_after(challenge: ChallengeId, after: Option<&UserId>) -> Range {
    let from = after.map_or(challenge.0.to_vec(), |user| standing(challenge, user));
    (
        Excluded(from),
        Excluded([&challenge.0[..], &[AFTER_ALL]].concat()),
    )
}

pub(super) fn parse_standing_user(key: &[u8]) -> Result<UserId, Error> {
    user(split::<16>(key)?.1)
}

pub(super) fn challenges_after(after: Option<ChallengeId>) -> Range {
    (
        after.map_or(Unbounded, |id| Excluded(id.0.to_vec())),
        Unbounded,
    )
}

/// All rows of a user in a table whose keys begin with the user and a zero.
pub(super) fn of_user(user: &UserId) -> Range {
    let prefix = |end| [user.as_str().as_bytes(), &[end]].concat();
    (Included(prefix(0)), Excluded(prefix(1)))
}

/// The one row of a table with that key.
pub(super) fn exactly(key: Vec<u8>) -> Range {
    (Included(key.clone()), Included(key))
}

/// All rows of a table.
pub(super) fn all() -> Range {
    (Unbounded, Unbounded)
}

/// Due rows of a partition.
pub(super) fn due_of(partition: PartitionId) -> Range {
    due_up_to(partition, i64::MAX)
}

/// What the key of a user's stored answer begins with.
pub(super) fn answers_of(principal: &str) -> Vec<u8> {
    let nothing = IdempotencyKey {
        principal: principal.into(),
        key: String::new(),
    };
    idempotency(&nothing)
}

/// Data keys, by name.
pub(super) fn data_keys_after(after: Option<KeyId>) -> Range {
    let from = after.map_or(Unbounded, |id| Excluded(id.0.to_vec()));
    (from, Unbounded)
}

pub(super) fn challenge(key: &[u8]) -> Result<ChallengeId, Error> {
    key.try_into().map(ChallengeId).map_err(|_| malformed())
}

/// partition u32, deadline i64, entity to the end of the key.
pub(super) fn due(partition: PartitionId, at_ms: i64, of: &Entity) -> Vec<u8> {
    [&due_prefix(partition, at_ms)[..], &entity(of)].concat()
}

pub(super) fn due_up_to(partition: PartitionId, up_to_ms: i64) -> Range {
    let end = [&due_prefix(partition, up_to_ms)[..], &[AFTER_ALL]].concat();
    (
        Included(due_prefix(partition, i64::MIN).to_vec()),
        Excluded(end),
    )
}

pub(super) fn parse_due(key: &[u8]) -> Result<(i64, Entity), Error> {
    let (_, key) = split::<4>(key)?;
    let (at_ms, key) = split::<8>(key)?;
    Ok((signed(at_ms), parse_entity(key)?))
}

fn due_prefix(partition: PartitionId, at_ms: i64) -> [u8; 12] {
    let mut prefix = [0; 12];
    prefix[..4].copy_from_slice(&partition.0.to_be_bytes());
    prefix[4..].copy_from_slice(&unsigned(at_ms));
    prefix
}

/// length of the principal u32, principal, key: both may hold any character.
pub(super) fn idempotency(key: &IdempotencyKey) -> Vec<u8> {
    let chars = u32::try_from(key.principal.len()).unwrap_or(u32::MAX);
    [
        &chars.to_be_bytes()[..],
        key.principal.as_bytes(),
        key.key.as_bytes(),
    ]
    .concat()
}

/// expiry i64, then the key of the record.
pub(super) fn expiry(expires_ms: i64, record_key: &[u8]) -> Vec<u8> {
    [&unsigned(expires_ms)[..], record_key].concat()
}

pub(super) fn expired_before(now_ms: i64) -> Range {
    (Unbounded, Excluded(unsigned(now_ms).to_vec()))
}

/// The key of the record that expires.
pub(super) fn parse_expiry(key: &[u8]) -> Result<&[u8], Error> {
    split::<8>(key).map(|(_, record_key)| record_key)
}

fn unsigned(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn signed(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed()
}

pub(super) fn user(id: &[u8]) -> Result<UserId, Error> {
    let text = str::from_utf8(id).map_err(|_| malformed())?;
    UserId::parse(text).map_err(|_| malformed())
}

/// The first bytes, and the rest.
pub(super) fn split<const N: usize>(key: &[u8]) -> Result<([u8; N], &[u8]), Error> {
    key.split_first_chunk()
        .map(|(head, rest)| (*head, rest))
        .ok_or_else(malformed)
}

fn malformed() -> Error {
    Error::Damaged("a key or a value has not the form of its table".into())
}

#[cfg(test)]
mod tests;
