//! Keys and values of the embedded store: what is read back is what was written, and keys sort as their meaning does.

use streakline::storage::embedded::fuzzing::{Key, bytes_of, keys_of, made, values_of};
use streakline_core::id::{ChallengeId, Entity, PartitionId, Position};

use super::{Judged, Seen, Target, bounded, hold};
use crate::{
    mutate::Form,
    random::Random,
    values::{self, FROM_MS},
};

/// A key of any table, or a value.
pub(super) const STORE: Target = Target {
    name: "store_rows",
    form: Form::Plain,
    share: 5,
    valid: |seed| {
        let random = &mut Random::new(seed, 80);
        let entity = values::entity(random);
        let at_ms = random.within(-1, 1) * FROM_MS;
        let mut keys = made(&entity, values::position(random), at_ms);
        keys.swap_remove(random.index(keys.len())).0
    },
    check,
};

fn check(bytes: &[u8]) -> Judged {
    let keys = bounded((bytes, 64, 8_192), || keys_of(bytes))?;
    for key in &keys {
        remade(bytes, key)?;
    }
    let at = made(&Entity::Partition(PartitionId(256)), Position::default(), 0);
    let under = at.first().map_or(&[][..], |(key, _)| key.as_slice());
    let values = bounded((bytes, 64, 16_384), || values_of(under, bytes))?;
    let mut taken = !keys.is_empty();
    for value in values.iter().flatten() {
        let again = bytes_of(value).map_err(|error| error.to_string())?;
        let reread = values_of(under, &again);
        hold(reread.iter().flatten().any(|other| other == value), || {
            format!("{value:?} is lost")
        })?;
        taken = true;
    }
    Ok(if taken {
        Seen::Taken(None)
    } else {
        Seen::Refused
    })
}

/// The key that is made of what was read is read the same.
fn remade(bytes: &[u8], key: &Key) -> Result<(), String> {
    let partition = |id: PartitionId| Entity::Partition(id);
    let candidates = match key {
        Key::Journal(id, position) => made(&partition(*id), *position, 0),
        Key::Entity(entity) => made(entity, Position::default(), 0),
        Key::Due(at_ms, entity) => made(entity, Position::default(), *at_ms),
        Key::Standing(user) => made(&Entity::User(user.clone()), Position::default(), 0),
        Key::Challenge(id) => made(
            &Entity::Challenge(ChallengeId(id.0)),
            Position::default(),
            0,
        ),
        Key::Number(_) | Key::Expiry(_) => return Ok(()),
    };
    let found = candidates.iter().find(|(_, other)| other == key);
    let (again, _) = found.ok_or_else(|| format!("{key:?} cannot be made"))?;
    hold(keys_of(again).contains(key), || {
        format!("{key:?} of {bytes:?} is lost")
    })
}
