//! Rows of what is put aside, as they travel with the inputs that put them aside or offer them again (ADR 0015). Bytes only;
//! what is put aside when is decided by `core::poison`.

use streakline_core::{
    id::{Entity, Position, UserId},
    input::{ChallengeInput, Input},
    poison::{Stuck, Why, encoded},
};

use super::shared::BITS;
use crate::{
    clock,
    storage::{
        Attachment, Error, StuckId,
        envelope::{Kind, Place},
        sealing::Seals,
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
    Attachment::Stuck(id(entity, position), encoded(&row))
}

/// The user that a row to be put aside is about: what it keeps of a challenge may name one, which the input beside it does not.
pub(super) fn subject(attachment: &Attachment) -> Option<UserId> {
    let Attachment::Stuck(_, payload) = attachment else {
        return None;
    };
    let row: Stuck = minicbor::decode(payload).ok()?;
    match row.entity {
        Entity::User(user) => Some(user),
        Entity::Challenge(id) => {
            let input: ChallengeInput = minicbor::decode(&row.input).ok()?;
            Input::Challenge(id, input).subject()
        }
        Entity::Partition(_) => None,
    }
}

/// Reads a row back; nothing of a user who was erased.
///
/// # Errors
/// [`Error::Damaged`]; those of the store.
pub(super) async fn row(seals: &Seals, id: StuckId, bytes: &[u8]) -> Result<Option<Stuck>, Error> {
    let place = (Kind::Stuck, Place::Stuck(id));
    let Some(payload) = seals.open_any(place, bytes).await?.payload() else {
        return Ok(None);
    };
    let row = minicbor::decode(&payload);
    row.map(Some)
        .map_err(|error| Error::Damaged(error.to_string()))
}
