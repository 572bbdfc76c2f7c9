//! Master keys: they wrap the users' data keys and nothing else. The newest wraps, older ones still unwrap.

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use streakline_core::id::UserId;

use super::super::{
    Error, KeyRow,
    envelope::{
        Cipher, Envelope, KEY_BYTES, KeyId, Kind, Nonces, Place, SECRET_BYTES, open_plain, plain,
        read, seal,
    },
};

/// Rows of keys are not made by any rules.
const NO_FOLD_VERSION: u16 = 0;
/// What the name of a master key is hashed with, so that it is good for nothing else.
const NAME_PREFIX: &[u8] = b"streakline master key ";

/// The master keys of a deployment.
#[derive(Debug)]
pub struct MasterKeys {
    older: Vec<Cipher>,
    newest: Cipher,
}

/// What is stored of a data key.
#[derive(Encode, Decode)]
enum DataKeyRow {
    #[n(0)]
    Wrapped {
        /// Whose it is.
        #[n(0)]
        user: UserId,
        /// The key, sealed by the master key that the envelope names.
        #[cbor(n(1), with = "minicbor::bytes")]
        sealed: Vec<u8>,
    },
    #[n(1)]
    Erased {
        /// When, POSIX ms of the machine's clock.
        #[n(0)]
        at_ms: i64,
    },
}

/// A data key that was read.
pub(super) enum Unwrapped {
    Key(UserId, Cipher),
    Erased,
}

/// A secret that is wiped when it goes.
pub(super) struct Secret(pub(super) [u8; SECRET_BYTES]);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // The compiler must not take the writing for useless.
        std::hint::black_box(&self.0);
    }
}

impl MasterKeys {
    /// The keys of these bytes, oldest first.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is none, [`Error::Unavailable`] when the library refuses.
    pub fn new(secrets: &[[u8; SECRET_BYTES]]) -> Result<Self, Error> {
        let named = secrets
            .iter()
            .map(|secret| Cipher::new(name(secret), secret));
        let mut older = named.collect::<Result<Vec<_>, _>>()?;
        let newest = older.pop();
        let newest = newest.ok_or_else(|| Error::Refused("there is no master key".into()))?;
        Ok(Self { older, newest })
    }

    /// The name of the key that wraps.
    #[must_use]
    pub fn newest(&self) -> KeyId {
        self.newest.id()
    }

    fn find(&self, id: KeyId) -> Option<&Cipher> {
        let mut all = self.older.iter().chain([&self.newest]);
        all.find(|key| key.id() == id)
    }

    /// Refuses a store that needs another key than these.
    pub(super) fn check(&self, needed: &[KeyId]) -> Result<(), Error> {
        match needed.iter().find(|id| self.find(**id).is_none()) {
            Some(missing) => Err(missing_master(*missing)),
            None => Ok(()),
        }
    }

    pub(super) fn wrap(
        &self,
        nonces: &Nonces,
        (id, user): (KeyId, &UserId),
        secret: &Secret,
    ) -> Result<KeyRow, Error> {
        let kind = (Kind::DataKey, NO_FOLD_VERSION);
        let place = (user, Place::DataKey(id));
        let sealed = seal((&self.newest, nonces), place, kind, &secret.0)?;
        let user = user.clone();
        Ok(row(id, &DataKeyRow::Wrapped { user, sealed }))
    }

    pub(super) fn unwrap_key(&self, key: &KeyRow) -> Result<Unwrapped, Error> {
        Ok(match self.secret(key)? {
            Some((user, secret, _)) => Unwrapped::Key(user, Cipher::new(key.id, &secret.0)?),
            None => Unwrapped::Erased,
        })
    }

    /// The same key wrapped by the newest master key; nothing to do for one that is, or that was erased.
    pub(super) fn rewrap(&self, nonces: &Nonces, key: &KeyRow) -> Result<Option<KeyRow>, Error> {
        match self.secret(key)? {
            Some((user, secret, by)) if by != self.newest() => {
                self.wrap(nonces, (key.id, &user), &secret).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn secret(&self, key: &KeyRow) -> Result<Option<(UserId, Secret, KeyId)>, Error> {
        let damaged = |error: minicbor::decode::Error| Error::Damaged(error.to_string());
        let opened = open_plain(Kind::DataKey, &key.bytes)?;
        let (user, sealed) = match minicbor::decode(opened.payload).map_err(damaged)? {
            DataKeyRow::Wrapped { user, sealed } => (user, sealed),
            DataKeyRow::Erased { .. } => return Ok(None),
        };
        let Envelope::Sealed(sealed) = read(Kind::DataKey, &sealed)? else {
            return Err(Error::Damaged("a data key is not wrapped".into()));
        };
        let master = self
            .find(sealed.key)
            .ok_or_else(|| missing_master(sealed.key))?;
        let mut bytes = sealed.open(master, (&user, Place::DataKey(key.id)))?;
        let secret = bytes.as_slice().try_into().map(Secret);
        bytes.fill(0);
        std::hint::black_box(&bytes);
        let secret = secret.map_err(|_| Error::Damaged("a data key has another length".into()))?;
        Ok(Some((user, secret, sealed.key)))
    }
}

/// What is left of a key whose user was erased.
pub(super) fn left_of(id: KeyId, at_ms: i64) -> KeyRow {
    row(id, &DataKeyRow::Erased { at_ms })
}

fn row(id: KeyId, content: &DataKeyRow) -> KeyRow {
    let mut payload = Vec::new();
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = minicbor::encode(content, &mut payload);
    let bytes = plain(Kind::DataKey, NO_FOLD_VERSION, &payload);
    KeyRow { id, bytes }
}

/// The row that says which master keys are needed.
pub(super) fn needed_row(needed: &[KeyId]) -> Vec<u8> {
    let names: Vec<u8> = needed.iter().flat_map(|id| id.0).collect();
    plain(Kind::MasterKeys, NO_FOLD_VERSION, &names)
}

pub(super) fn parse_needed(row: &[u8]) -> Result<Vec<KeyId>, Error> {
    let (names, rest) = open_plain(Kind::MasterKeys, row)?.payload.as_chunks();
    if rest.is_empty() {
        return Ok(names.iter().copied().map(KeyId).collect());
    }
    Err(Error::Damaged(
        "the names of the master keys are cut".into(),
    ))
}

/// A master key is named by its content: another key never has the name.
fn name(secret: &[u8; SECRET_BYTES]) -> KeyId {
    let digest = Sha256::new().chain_update(NAME_PREFIX).chain_update(secret);
    let digest = digest.finalize();
    let mut id = [0; KEY_BYTES];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    KeyId(id)
}

fn missing_master(id: KeyId) -> Error {
    let name: String =
        id.0.iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
    Error::Refused(format!(
        "what is stored of users is sealed, and master key {name} is not here, which it needs; put its file back into keys/ \
         or the key into sealing.master_keys, then start again"
    ))
}
