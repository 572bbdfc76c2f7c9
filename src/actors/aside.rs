//! Rows of what is put aside, as they travel with the inputs that put them aside or offer them again (ADR 0015). Bytes only;
//! what is put aside when is decided by `core::poison`.

use streakline_core::{
    id::{Entity, Position},
    input::RULES_VERSION,
    poison::{Stuck, Why, encoded},
};

use super::shared::BITS;
use crate::{
    clock,
    storage::{
        Attachment, Error, StuckId,
        envelope::{Kind, open, seal},
    },
};

/// The name of what an entity has at a position.
pub(super) fn id(entity: &Entity, position: Position) -> StuckId {
    StuckId {
        partition: entity.partition(BITS),
        position,
    }
}

/// The row of an input of an entity; its kind, and its bytes.
pub(super) fn put(
    entity: &Entity,
    position: Position,
    (why, stamp_ms): (Why, i64),
    input: (&str, Vec<u8>),
) -> Attachment {
    let times = (stamp_ms, clock::unix_ms());
    let row = Stuck::new(entity.clone(), why, times, input);
    let row = seal(Kind::Stuck, RULES_VERSION, &encoded(&row));
    Attachment::Stuck(id(entity, position), row)
}

/// Reads a row back.
///
/// # Errors
/// [`Error::Damaged`].
pub(super) fn row(bytes: &[u8]) -> Result<Stuck, Error> {
    let opened = open(Kind::Stuck, bytes)?;
    minicbor::decode(opened.payload).map_err(|error| Error::Damaged(error.to_string()))
}
