//! Entities as keys: a kind and the bytes of the id, which sort as the core sorts them.

use streakline_core::id::{ChallengeId, Entity, PartitionId, UserId};

use super::super::Error;

pub(super) fn entity_key(entity: &Entity) -> (i8, Vec<u8>) {
    match entity {
        Entity::User(id) => (1, id.as_str().as_bytes().to_vec()),
        Entity::Challenge(id) => (2, id.0.to_vec()),
        Entity::Partition(id) => (3, id.0.to_be_bytes().to_vec()),
    }
}

pub(super) fn parse_entity(kind: i8, id: &[u8]) -> Result<Entity, Error> {
    let damaged = || Error::Damaged(format!("an entity of kind {kind} has not the form of one"));
    match kind {
        1 => {
            let text = std::str::from_utf8(id).map_err(|_| damaged())?;
            UserId::parse(text).map(Entity::User).map_err(|_| damaged())
        }
        2 => id
            .try_into()
            .map(|id| Entity::Challenge(ChallengeId(id)))
            .map_err(|_| damaged()),
        3 => {
            let number = id.try_into().map(u32::from_be_bytes);
            number
                .map(|number| Entity::Partition(PartitionId(number)))
                .map_err(|_| damaged())
        }
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_come_back_and_nothing_else_is_one() {
        let all = [
            Entity::User(UserId::parse("ann").unwrap()),
            Entity::Challenge(ChallengeId([7; 16])),
            Entity::Partition(PartitionId(0x1ff)),
        ];
        for entity in all {
            let (kind, id) = entity_key(&entity);
            assert_eq!(parse_entity(kind, &id).unwrap(), entity);
        }
        for (kind, id) in [
            (1, &b"a b"[..]),
            (1, &[0xff]),
            (2, &[1; 15]),
            (3, &[1; 5]),
            (0, b"ann"),
            (4, b"ann"),
        ] {
            assert!(
                matches!(parse_entity(kind, id), Err(Error::Damaged(_))),
                "{kind}"
            );
        }
    }
}
