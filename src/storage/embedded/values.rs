//! Values of the embedded store that are not exactly what the caller gave.
//!
//! A journal row and a snapshot carry a position before the caller's sealed bytes, an answer its
//! expiry; the store's own rows get their envelope here. Called by the embedded store only.

use streakline_core::id::{Position, UserId};

use super::{
    super::{
        Error, JournalRow, Snapshot, StoredAnswer,
        envelope::{KeyId, Kind, open_plain, plain},
    },
    keys,
};

/// The store's own rows are not made by any rules.
const NO_FOLD_VERSION: u16 = 0;

/// last position (epoch u64, index u64), then the sealed inputs.
pub(super) fn journal(row: &JournalRow) -> Vec<u8> {
    with_position(row.last, &row.bytes)
}

pub(super) fn parse_journal(key: &[u8], value: &[u8]) -> Result<JournalRow, Error> {
    let (partition, first) = keys::parse_journal(key)?;
    let (last, bytes) = split_position(value)?;
    Ok(JournalRow {
        partition,
        first,
        last,
        bytes: bytes.to_vec(),
        attachments: Vec::new(),
    })
}

/// covered position (epoch u64, index u64), then the sealed state.
pub(super) fn snapshot(covered: Position, state: &[u8]) -> Vec<u8> {
    with_position(covered, state)
}

pub(super) fn parse_snapshot(value: &[u8]) -> Result<Snapshot, Error> {
    let (covered, state) = split_position(value)?;
    Ok(Snapshot {
        covered,
        state: state.to_vec(),
    })
}

pub(super) fn split_position(value: &[u8]) -> Result<(Position, &[u8]), Error> {
    let (epoch, rest) = keys::split::<8>(value)?;
    let (index, rest) = keys::split::<8>(rest)?;
    let position = Position {
        epoch: u64::from_be_bytes(epoch),
        index: u64::from_be_bytes(index),
    };
    Ok((position, rest))
}

fn with_position(position: Position, bytes: &[u8]) -> Vec<u8> {
    let (epoch, index) = (position.epoch.to_be_bytes(), position.index.to_be_bytes());
    [&epoch[..], &index, bytes].concat()
}

pub(super) fn device(user: &UserId) -> Vec<u8> {
    plain(Kind::Device, NO_FOLD_VERSION, user.as_str().as_bytes())
}

pub(super) fn parse_device(value: &[u8]) -> Result<UserId, Error> {
    keys::user(open_plain(Kind::Device, value)?.payload)
}

/// The name of a user's key.
pub(super) fn key_id(id: KeyId) -> Vec<u8> {
    plain(Kind::Meta, NO_FOLD_VERSION, &id.0)
}

pub(super) fn parse_key_id(value: &[u8]) -> Result<KeyId, Error> {
    let (id, _) = keys::split::<16>(open_plain(Kind::Meta, value)?.payload)?;
    Ok(KeyId(id))
}

pub(super) fn meta(number: u64) -> Vec<u8> {
    plain(Kind::Meta, NO_FOLD_VERSION, &number.to_be_bytes())
}

pub(super) fn parse_meta(value: &[u8]) -> Result<u64, Error> {
    let (number, _) = keys::split::<8>(open_plain(Kind::Meta, value)?.payload)?;
    Ok(u64::from_be_bytes(number))
}

/// expiry i64, then the sealed answer.
pub(super) fn idempotency(answer: &StoredAnswer) -> Vec<u8> {
    [&answer.expires_ms.to_be_bytes()[..], &answer.bytes].concat()
}

pub(super) fn parse_idempotency(value: &[u8]) -> Result<StoredAnswer, Error> {
    let (expires_ms, bytes) = keys::split::<8>(value)?;
    Ok(StoredAnswer {
        expires_ms: i64::from_be_bytes(expires_ms),
        bytes: bytes.to_vec(),
    })
}
