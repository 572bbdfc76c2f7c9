//! Values of the embedded store that are not exactly what the caller gave.
//!
//! A journal row and a snapshot carry a position before the caller's sealed bytes; the store's own rows are
//! sealed here. Called by the embedded store only.

use streakline_core::id::{Position, UserId};

use super::{
    super::{
        Error, IdempotencyRecord, JournalRow, Snapshot,
        envelope::{Kind, open, seal},
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
    seal(Kind::Device, NO_FOLD_VERSION, user.as_str().as_bytes())
}

pub(super) fn parse_device(value: &[u8]) -> Result<UserId, Error> {
    keys::user(open(Kind::Device, value)?.payload)
}

pub(super) fn meta(number: u64) -> Vec<u8> {
    seal(Kind::Meta, NO_FOLD_VERSION, &number.to_be_bytes())
}

pub(super) fn parse_meta(value: &[u8]) -> Result<u64, Error> {
    let (number, _) = keys::split::<8>(open(Kind::Meta, value)?.payload)?;
    Ok(u64::from_be_bytes(number))
}

pub(super) fn idempotency(record: &IdempotencyRecord) -> Result<Vec<u8>, Error> {
    let payload = minicbor::to_vec(record);
    let payload = payload.map_err(|error| Error::Refused(format!("a stored answer: {error}")))?;
    Ok(seal(Kind::Idempotency, NO_FOLD_VERSION, &payload))
}

pub(super) fn parse_idempotency(value: &[u8]) -> Result<IdempotencyRecord, Error> {
    let record = minicbor::decode(open(Kind::Idempotency, value)?.payload);
    record.map_err(|error| Error::Damaged(format!("a stored answer: {error}")))
}
