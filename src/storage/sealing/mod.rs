//! Seals what is stored about a user with that user's data key, and opens it (ADR 0030).
//!
//! It finds the keys: claims one durably before a user's first seal, unwraps them, keeps those at hand that are in use. How a
//! row is sealed is `envelope`'s; which rows there are is `rows`'. Called by the actors and by the simulator.

mod held;
mod master;
mod names;
mod rows;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use streakline_core::{id::UserId, input::RULES_VERSION};

use super::{
    Error, KeyRow, Store,
    envelope::{Cipher, Envelope, KeyId, Kind, Nonces, Place, read, seal},
};
use crate::entropy;

use held::Held;
pub use master::MasterKeys;
use master::{Secret, Unwrapped, left_of, needed_row, parse_needed};
pub use rows::Draft;

/// Keys that are wrapped anew at once.
const REWRAPPED_AT_ONCE: usize = 256;

/// A user's data key.
#[derive(Debug)]
struct DataKey {
    user: UserId,
    cipher: Cipher,
}

/// What a row turned out to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// As it was given to be sealed.
    Payload(Vec<u8>),
    /// Nobody can say: its user was erased.
    Erased,
}

impl Content {
    /// The payload; nothing of an erased user's row.
    #[must_use]
    pub fn payload(self) -> Option<Vec<u8>> {
        match self {
            Self::Payload(payload) => Some(payload),
            Self::Erased => None,
        }
    }
}

/// The users' keys over a store.
pub struct Seals {
    store: Arc<dyn Store>,
    masters: RwLock<Arc<MasterKeys>>,
    nonces: Nonces,
    held: Mutex<Held>,
}

impl Seals {
    /// The keys of a store, which says whether these master keys are the ones that it needs.
    ///
    /// # Errors
    /// [`Error::Refused`] when one that it needs is missing; those of the store.
    pub async fn open(store: Arc<dyn Store>, masters: MasterKeys) -> Result<Self, Error> {
        let masters = Arc::new(masters);
        let seals = Self {
            store,
            masters: RwLock::new(masters.clone()),
            nonces: Nonces::default(),
            held: Mutex::default(),
        };
        seals.renew(masters).await?;
        Ok(seals)
    }

    /// The store that the rows are in.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Takes other master keys from now on. The store knows that it needs the newest before that wraps anything.
    ///
    /// # Errors
    /// As [`Seals::open`]; then the earlier keys stay in force.
    pub async fn renew(&self, masters: Arc<MasterKeys>) -> Result<(), Error> {
        let mut needed = self.needed().await?;
        masters.check(&needed)?;
        if !needed.contains(&masters.newest()) {
            needed.push(masters.newest());
            self.store.set_master_keys(needed_row(&needed)).await?;
        }
        *self.masters.write().unwrap_or_else(PoisonError::into_inner) = masters;
        Ok(())
    }

    /// Wraps every data key by the newest master key, so that the older ones are needed no more; answers how many there were,
    /// or nothing when no older one was needed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn rewrap(&self) -> Result<Option<usize>, Error> {
        let masters = self.masters();
        let only_newest = vec![masters.newest()];
        if self.needed().await? == only_newest {
            return Ok(None);
        }
        let mut rewrapped = 0;
        // A key may have been claimed with the master key before this one: a round that finds none is the last.
        loop {
            let found = self.rewrap_all(&masters).await?;
            rewrapped += found;
            if found == 0 {
                break;
            }
        }
        self.store.set_master_keys(needed_row(&only_newest)).await?;
        Ok(Some(rewrapped))
    }

    async fn rewrap_all(&self, masters: &MasterKeys) -> Result<usize, Error> {
        let (mut after, mut found) = (None, 0);
        loop {
            let keys = self.store.keys(after, REWRAPPED_AT_ONCE).await?;
            let Some(last) = keys.last() else {
                return Ok(found);
            };
            after = Some(last.id);
            let mut replaced = Vec::new();
            for key in keys {
                if let Some(anew) = masters.rewrap(&self.nonces, &key)? {
                    replaced.push(self.store.replace_key(key, anew.bytes));
                }
            }
            found += replaced.len();
            for replaced in futures_util::future::join_all(replaced).await {
                // One that changed meanwhile was erased.
                replaced?;
            }
        }
    }

    async fn needed(&self) -> Result<Vec<KeyId>, Error> {
        let row = self.store.master_keys().await?;
        row.map_or(Ok(Vec::new()), |row| parse_needed(&row))
    }

    fn masters(&self) -> Arc<MasterKeys> {
        // A list is swapped whole, so a panic elsewhere leaves nothing half done.
        let masters = self.masters.read().unwrap_or_else(PoisonError::into_inner);
        masters.clone()
    }

    fn held<T>(&self, look: impl FnOnce(&mut Held) -> T) -> T {
        look(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The key of a user, which is made where there is none: it is durable before it seals anything.
    async fn of(&self, user: &UserId) -> Result<Arc<DataKey>, Error> {
        if let Some(key) = self.held(|held| held.of(user)) {
            return Ok(key);
        }
        if let Some(row) = self.store.key_of(user).await? {
            match self.unwrapped(&row)? {
                Some(key) => return Ok(key),
                // An erasure was cut off between its two steps.
                None => self.store.erase_key(user, row).await?,
            }
        }
        let row = self.store.claim_key(user, self.made(user)?).await?;
        let gone = || Error::Unavailable(format!("the key of {user} was erased meanwhile"));
        self.unwrapped(&row)?.ok_or_else(gone)
    }

    fn made(&self, user: &UserId) -> Result<KeyRow, Error> {
        let mut secret = Secret([0; 32]);
        entropy::fill(&mut secret.0);
        let id = KeyId(entropy::uuid_v4());
        self.masters().wrap(&self.nonces, (id, user), &secret)
    }

    /// The key of that name; nothing where its user was erased.
    async fn key(&self, id: KeyId) -> Result<Option<Arc<DataKey>>, Error> {
        if let Some(key) = self.held(|held| held.key(id)) {
            return Ok(Some(key));
        }
        let bytes = self.store.key(id).await?;
        let missing = || Error::Damaged("the data key that it names is missing".into());
        let bytes = bytes.ok_or_else(missing)?;
        self.unwrapped(&KeyRow { id, bytes })
    }

    fn unwrapped(&self, row: &KeyRow) -> Result<Option<Arc<DataKey>>, Error> {
        match self.masters().unwrap_key(row)? {
            Unwrapped::Key(user, cipher) => {
                let key = Arc::new(DataKey { user, cipher });
                self.held(|held| held.put(key.clone()));
                Ok(Some(key))
            }
            Unwrapped::Erased => Ok(None),
        }
    }

    fn seal_with(
        &self,
        key: &DataKey,
        (kind, place): (Kind, Place<'_>),
        payload: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let cipher = (&key.cipher, &self.nonces);
        seal(cipher, (&key.user, place), (kind, RULES_VERSION), payload)
    }

    /// Opens a row about a user.
    ///
    /// # Errors
    /// [`Error::Damaged`], also for a row that is not sealed or is another user's; those of the store.
    pub async fn open_row(
        &self,
        user: &UserId,
        (kind, place): (Kind, Place<'_>),
        row: &[u8],
    ) -> Result<Content, Error> {
        let strange = |what: &str| Error::Damaged(format!("{kind:?} row: {what}"));
        let Envelope::Sealed(sealed) = read(kind, row)? else {
            return Err(strange("it is not sealed"));
        };
        match self.key(sealed.key).await? {
            Some(key) if key.user == *user => {
                let opened = sealed.open(&key.cipher, (user, place));
                opened.map(Content::Payload)
            }
            Some(_) => Err(strange("it is another user's")),
            None => Ok(Content::Erased),
        }
    }

    /// Opens a row whose key alone says which user it is about, if it is about one.
    ///
    /// # Errors
    /// [`Error::Damaged`]; those of the store.
    pub async fn open_any(
        &self,
        (kind, place): (Kind, Place<'_>),
        row: &[u8],
    ) -> Result<Content, Error> {
        let sealed = match read(kind, row)? {
            Envelope::Plain(opened) => return Ok(Content::Payload(opened.payload.to_vec())),
            Envelope::Sealed(sealed) => sealed,
        };
        match self.key(sealed.key).await? {
            Some(key) => {
                let opened = sealed.open(&key.cipher, (&key.user, place));
                opened.map(Content::Payload)
            }
            None => Ok(Content::Erased),
        }
    }

    /// What shall be left of a user's key, which must be stored in its place by [`Keys::erase_key`](super::Keys::erase_key) or
    /// [`Erasure::erase`](super::Erasure::erase); nothing where the user has none. No key is at hand after it: the caller sees
    /// to it that nothing more is sealed about this user.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn left_of(&self, user: &UserId, at_ms: i64) -> Result<Option<KeyRow>, Error> {
        let row = self.store.key_of(user).await?;
        self.held(|held| held.forget(user));
        Ok(row.map(|row| left_of(row.id, at_ms)))
    }
}

#[cfg(test)]
mod tests;
