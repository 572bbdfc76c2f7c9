//! The names of a challenge's members: each is sealed for its own user, for its number in that challenge, and is kept until it
//! changes (ADR 0039).

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::try_join_all;
use streakline_core::{
    challenge::{
        Challenge, Name,
        stored::{self, Parts, SealedNames},
    },
    id::{ChallengeId, MemberNumber, UserId},
};

use super::{
    super::{
        Error,
        envelope::{Envelope, Kind, Place, read},
    },
    DataKey, Seals,
};

/// Names that are sealed or opened at once.
const AT_ONCE: usize = 1_000;

impl Seals {
    /// Seals the names of a snapshot that have changed. No key is made for it: whoever has none was erased meanwhile, and the
    /// name is left out.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn names(&self, of: ChallengeId, parts: &Parts) -> Result<SealedNames, Error> {
        let mut sealed = SealedNames::new();
        for names in parts.unsealed.chunks(AT_ONCE) {
            let rows = names.iter().map(|named| self.name(of, named));
            sealed.extend(try_join_all(rows).await?.into_iter().flatten());
        }
        Ok(sealed)
    }

    async fn name(
        &self,
        of: ChallengeId,
        (number, name): &(MemberNumber, Name),
    ) -> Result<Option<(MemberNumber, Arc<[u8]>)>, Error> {
        let Some(key) = self.existing(&name.user).await? else {
            return Ok(None);
        };
        let payload = minicbor::to_vec(name).unwrap_or_default();
        let place = (Kind::Name, Place::Member(of, *number));
        let row = self.seal_with(&key, place, &payload)?;
        Ok(Some((*number, row.into())))
    }

    /// The key of a user who has one.
    async fn existing(&self, user: &UserId) -> Result<Option<Arc<DataKey>>, Error> {
        if let Some(key) = self.held(|held| held.of(user)) {
            return Ok(Some(key));
        }
        match self.store.key_of(user).await? {
            Some(row) => self.unwrapped(&row),
            None => Ok(None),
        }
    }

    /// A challenge of the payload of its snapshot, with the names of all who were not erased.
    ///
    /// # Errors
    /// [`Error::Damaged`]; those of the store.
    pub async fn challenge(&self, of: ChallengeId, payload: &[u8]) -> Result<Challenge, Error> {
        let damaged = |error: minicbor::decode::Error| Error::Damaged(error.to_string());
        let stored = stored::read(payload).map_err(damaged)?;
        let rows: Vec<_> = stored.names.iter().collect();
        let mut names = BTreeMap::new();
        for rows in rows.chunks(AT_ONCE) {
            let opened = rows
                .iter()
                .map(|(number, row)| self.opened_name((of, **number), row));
            names.extend(try_join_all(opened).await?.into_iter().flatten());
        }
        Ok(stored.named(names))
    }

    async fn opened_name(
        &self,
        (of, number): (ChallengeId, MemberNumber),
        row: &[u8],
    ) -> Result<Option<(MemberNumber, Name)>, Error> {
        let strange = |what: String| Error::Damaged(format!("name {} of {of}: {what}", number.0));
        let Envelope::Sealed(sealed) = read(Kind::Name, row)? else {
            return Err(strange("it is not sealed".into()));
        };
        let Some(key) = self.key(sealed.key).await? else {
            return Ok(None);
        };
        let place = Place::Member(of, number);
        let payload = sealed.open(&key.cipher, (&key.user, place))?;
        let name: Name = minicbor::decode(&payload).map_err(|error| strange(error.to_string()))?;
        if name.user == key.user {
            Ok(Some((number, name)))
        } else {
            Err(strange("it is another user's".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use streakline_core::{
        challenge::resident::Resident,
        civil::Day,
        definition::Definition,
        id::PartitionId,
        input::{ChallengeInput, Header, Origin, RULES_VERSION, Source},
    };

    use super::{
        super::{
            super::{Keys as _, memory::MemoryStore},
            tests::{both, destroy, holds, user},
        },
        *,
    };

    const ID: ChallengeId = ChallengeId([3; 16]);

    fn give(held: &mut Resident, input: ChallengeInput) {
        let mut position = held.challenge().position;
        position.index += 1;
        let header = Header {
            stamp_ms: 0,
            partition: PartitionId(256),
            position,
            origin: Origin::server(Source::Rest),
            rules: RULES_VERSION,
        };
        held.enqueue(header, input);
        assert_eq!(held.step(position), Some(position));
    }

    /// An open challenge with these members, whose keys are there.
    async fn scene(seals: &Seals, members: &[&str]) -> Resident {
        let mut held = Resident::recovered(Challenge::new(ID), Vec::new(), &[]);
        let definition = Definition {
            per_day_cap: None,
            ..Definition::new("Steps", (Day(1), Day(2)))
        };
        give(&mut held, ChallengeInput::Create(definition));
        give(&mut held, ChallengeInput::Publish);
        for name in members {
            seals.of(&user(name)).await.unwrap();
            let alias = format!("alias of {name}");
            let joining = held.challenge().joining(user(name), alias, (0, 0));
            give(&mut held, joining);
        }
        held
    }

    /// The payload of a snapshot, and the names that were sealed for it.
    async fn written(seals: &Seals, held: &mut Resident) -> (Vec<u8>, SealedNames) {
        let parts = held.snapshot().unwrap();
        let fresh = seals.names(ID, &parts).await.unwrap();
        held.sealed(&parts, &fresh);
        (parts.bytes(&fresh), fresh)
    }

    #[tokio::test]
    async fn names_are_sealed_once_and_come_back() {
        let seals = both(&MemoryStore::new()).await;
        let mut held = scene(&seals, &["annabel", "bobby"]).await;
        let (payload, fresh) = written(&seals, &mut held).await;
        assert_eq!(fresh.len(), 2);
        for text in ["annabel", "bobby", "alias"] {
            assert!(!holds(&payload, text), "{text}");
        }
        let read = seals.challenge(ID, &payload).await.unwrap();
        assert_eq!(read, *held.challenge());
        let (again, fresh) = written(&seals, &mut held).await;
        assert_eq!((again, fresh.len()), (payload, 0), "as they were sealed");
    }

    #[tokio::test]
    async fn the_name_of_who_was_erased_does_not_open_and_makes_no_key() {
        let store = MemoryStore::new();
        let seals = both(&store).await;
        let mut held = scene(&seals, &["annabel", "bobby"]).await;
        let (payload, _) = written(&seals, &mut held).await;
        destroy(&seals, "bobby").await;
        let read = seals.challenge(ID, &payload).await.unwrap();
        let left: Vec<_> = read
            .members
            .by_user()
            .map(|(user, _)| user.clone())
            .collect();
        assert_eq!(left, [user("annabel")]);
        let mut late = scene(&seals, &["annabel"]).await;
        let joining = late.challenge().joining(user("bobby"), "b".into(), (0, 0));
        give(&mut late, joining);
        let (payload, fresh) = written(&seals, &mut late).await;
        assert_eq!(fresh.len(), 1, "left out");
        let read = seals.challenge(ID, &payload).await.unwrap();
        assert_eq!(read.members.len(), 1);
        let key = store.key_of(&user("bobby")).await.unwrap();
        assert_eq!(key, None, "a snapshot makes no key");
    }

    #[tokio::test]
    async fn a_name_opens_under_its_number_in_its_challenge_alone() {
        let seals = both(&MemoryStore::new()).await;
        let mut held = scene(&seals, &["annabel", "bobby"]).await;
        let (payload, fresh) = written(&seals, &mut held).await;
        let other = seals.challenge(ChallengeId([4; 16]), &payload).await;
        assert!(matches!(other, Err(Error::Damaged(_))), "{other:?}");
        let rows: Vec<_> = fresh.values().rev().cloned().collect();
        let swapped: SealedNames = fresh.keys().copied().zip(rows).collect();
        let parts = scene(&seals, &["annabel", "bobby"])
            .await
            .snapshot()
            .unwrap();
        let swapped = seals.challenge(ID, &parts.bytes(&swapped)).await;
        assert!(matches!(swapped, Err(Error::Damaged(_))), "{swapped:?}");
    }
}
