//! The deployment's own keys: two Ed25519 keys at most that sign and check tokens, a secret for HS256 where one is
//! configured, and the admin key; and what is verified with the keys of devices.
//!
//! Not here: who may do what with a token (`api`, `gateway`). Called by the server at its start and at SIGHUP, by every
//! command that acts as a client, and by tests.

mod current;
pub mod devices;
mod files;
mod friends;
mod jwt;
mod master;
mod signing;
mod token;

use std::path::{Path, PathBuf};

use jsonwebtoken::crypto::aws_lc;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use streakline_core::{challenge::friends::Circle, id::UserId, limits::FRIENDS_TOKEN_BYTES_MAX};
use subtle::ConstantTimeEq as _;

pub use current::{CurrentKeys, KeySource};
pub use files::warn_if_exposed;
pub use friends::FRIENDS_AUDIENCE;
use jwt::Jwt;
pub use jwt::TOKEN_BYTES_MAX;
pub use master::MasterSecret;
pub use signing::KeyMark;
use signing::SigningKey;
pub use token::{AUDIENCE, Claims, ISSUER, LIFETIME_S_MAX, Role, TokenError};

/// Keys that check tokens at the same time: the one that signs, and the one before it.
pub const SIGNING_KEYS_MAX: usize = 2;

/// Shortest secret for HS256, in bytes.
pub const SECRET_BYTES_MIN: usize = 32;

/// What a signing key in the folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// The newest: signs and checks.
    Signs,
    /// The one before it: checks.
    Checks,
    /// An older one: its tokens are refused.
    Refused,
}

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder refuses to be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is there but holds no key of its kind.
    #[error(
        "{path} is not {kind}; put the right file back, or move it away to have a new key made"
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What was to be in it.
        kind: &'static str,
    },
    /// Others than its owner may read or change a key.
    #[error(
        "{path} is open to others than its owner (mode {mode:03o}); run: chmod {wanted:o} {path}"
    )]
    Exposed {
        /// Which file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode that it should have.
        wanted: u32,
    },
    /// A secret is too short for HS256 (RFC 7518, 3.2).
    #[error("{path} has {bytes} bytes; a secret for HS256 needs {SECRET_BYTES_MIN} at least")]
    ShortSecret {
        /// Which file.
        path: PathBuf,
        /// Its bytes, line end not counted.
        bytes: usize,
    },
    /// Two keys have one name.
    #[error(
        "the kid {0:?} of the HS256 secret is the name of a signing key; set another auth.hs256_kid"
    )]
    KidTaken(String),
    /// The setting with the master keys has another form.
    #[error(
        "sealing.master_keys must be keys such as mk_ and 43 letters, separated by commas, oldest first"
    )]
    MasterKeys,
    /// There is no key of that name.
    #[error("there is no signing key {kid:?} in {folder}; `streakline keys list` names them")]
    NoSuchKey {
        /// The name asked for.
        kid: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The cryptographic library refuses.
    #[error("no key could be made or used: {0}")]
    Crypto(String),
}

/// The keys of one data directory.
pub struct KeyRing {
    /// Oldest first; the last one signs. Never empty.
    signing: Vec<SigningKey>,
    secret: Option<SigningKey>,
    /// Oldest first; empty where nobody asked for them.
    masters: Vec<MasterSecret>,
    admin_key: String,
    admin_key_sha256: [u8; 32],
    admin_key_path: PathBuf,
    admin_key_is_new: bool,
    issuer: String,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kids: Vec<&str> = self.signing.iter().map(SigningKey::kid).collect();
        f.debug_struct("KeyRing")
            .field("kids", &kids)
            .field("issuer", &self.issuer)
            .finish()
    }
}

impl KeyRing {
    /// Reads `dir/keys`, and first makes there what is missing.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be read or written, [`Error::Damaged`] when a file is not what its name
    /// says, [`Error::Crypto`] when no key can be made.
    pub fn open_or_create(dir: &Path) -> Result<Self, Error> {
        install_crypto_provider();
        let folder = dir.join("keys");
        let admin_key_is_new = files::create_missing(dir, &folder)?;
        let mut signing = files::read_signing_keys(&folder)?;
        signing.drain(..signing.len().saturating_sub(SIGNING_KEYS_MAX));
        let admin_key_path = folder.join(files::ADMIN_KEY);
        let admin_key = files::read_admin_key(&admin_key_path)?;
        Ok(Self {
            signing,
            secret: None,
            masters: Vec::new(),
            admin_key_sha256: Sha256::digest(admin_key.as_bytes()).into(),
            admin_key,
            admin_key_path,
            admin_key_is_new,
            issuer: ISSUER.to_owned(),
        })
    }

    /// The same keys for another `iss` than [`ISSUER`].
    #[must_use]
    pub fn with_issuer(mut self, issuer: &str) -> Self {
        issuer.clone_into(&mut self.issuer);
        self
    }

    /// The same keys and, under that `kid`, the HS256 secret in the file.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::ShortSecret`] for the file, [`Error::KidTaken`] for the name.
    pub fn with_secret(mut self, kid: &str, path: &Path) -> Result<Self, Error> {
        if self.signing.iter().any(|key| key.kid() == kid) {
            return Err(Error::KidTaken(kid.to_owned()));
        }
        let secret = files::read_secret(path)?;
        self.secret = Some(SigningKey::from_secret(kid.to_owned(), &secret));
        Ok(self)
    }

    /// The same keys and the master keys: those of the setting, or those in `dir/keys`, where the first one is made if there is
    /// none.
    ///
    /// # Errors
    /// [`Error::MasterKeys`] for the setting, [`Error::File`], [`Error::Damaged`] and [`Error::Exposed`] for files.
    pub fn with_masters(mut self, dir: &Path, setting: Option<&str>) -> Result<Self, Error> {
        self.masters = match setting {
            Some(text) => master::parse(text)?,
            None => master::read_or_create(&dir.join("keys"))?,
        };
        Ok(self)
    }

    /// The master keys, oldest first.
    #[must_use]
    pub fn masters(&self) -> &[MasterSecret] {
        &self.masters
    }

    /// Adds a master key to `dir/keys`, which wraps from the next opening on; answers its name. Older ones stay.
    ///
    /// # Errors
    /// As [`KeyRing::open_or_create`].
    pub fn rotate_master(dir: &Path) -> Result<String, Error> {
        Self::open_or_create(dir)?;
        master::add(&dir.join("keys"))
    }

    /// The names of the master keys in `dir/keys`, oldest first; the last one wraps.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be read.
    pub fn list_masters(dir: &Path) -> Result<Vec<String>, Error> {
        master::names(&dir.join("keys"))
    }

    /// Says in `dir/keys` whether tokens may be made with any claims: only tests want them, against a server on a virtual clock.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be written.
    pub fn allow_odd_claims(dir: &Path, allowed: bool) -> Result<(), Error> {
        files::set_mark(&dir.join("keys").join(files::VIRTUAL_CLOCK), allowed)
    }

    /// Whether the server of this directory, when it last started, stood on a virtual clock.
    #[must_use]
    pub fn allows_odd_claims(dir: &Path) -> bool {
        dir.join("keys").join(files::VIRTUAL_CLOCK).exists()
    }

    /// The signing keys in `dir/keys`, oldest first, with what each is for.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be read.
    pub fn list(dir: &Path) -> Result<Vec<(String, KeyUse)>, Error> {
        let kids = files::signing_kids(&dir.join("keys"))?;
        let age = (0..kids.len()).rev();
        let uses = age.map(|newer| match newer {
            0 => KeyUse::Signs,
            newer if newer < SIGNING_KEYS_MAX => KeyUse::Checks,
            _ => KeyUse::Refused,
        });
        Ok(kids.into_iter().zip(uses).collect())
    }

    /// Removes one signing key, whose tokens are refused from the next opening on. A new one is made if it was the newest.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`], else as [`KeyRing::open_or_create`].
    pub fn revoke(dir: &Path, kid: &str) -> Result<Self, Error> {
        let folder = dir.join("keys");
        let listed = Self::list(dir)?;
        let Some((_, used)) = listed.into_iter().find(|(listed, _)| listed == kid) else {
            let kid = kid.to_owned();
            return Err(Error::NoSuchKey { kid, folder });
        };
        if used == KeyUse::Signs {
            files::add_signing_key(&folder)?;
        }
        files::remove_signing_key(&folder, kid)?;
        Self::open_or_create(dir)
    }

    /// Puts a new admin key in the place of the old one, which is refused from the next opening on.
    ///
    /// # Errors
    /// As [`KeyRing::open_or_create`].
    pub fn replace_admin_key(dir: &Path) -> Result<Self, Error> {
        Self::open_or_create(dir)?;
        files::replace_admin_key(&dir.join("keys"))?;
        Self::open_or_create(dir)
    }

    /// Where the admin key lies.
    #[must_use]
    pub fn admin_key_path(&self) -> &Path {
        &self.admin_key_path
    }

    /// The name of the key that signs.
    #[must_use]
    pub fn newest_kid(&self) -> Option<&str> {
        self.signing.last().map(SigningKey::kid)
    }

    /// Adds a signing key to `dir/keys`, which signs from the next opening on, and removes all but the one before it.
    ///
    /// # Errors
    /// As [`KeyRing::open_or_create`].
    pub fn rotate(dir: &Path) -> Result<Self, Error> {
        let folder = dir.join("keys");
        Self::open_or_create(dir)?;
        files::add_signing_key(&folder)?;
        files::remove_old_signing_keys(&folder, SIGNING_KEYS_MAX)?;
        Self::open_or_create(dir)
    }

    /// Where the admin key lies, if this opening made it.
    #[must_use]
    pub fn created_admin_key(&self) -> Option<&Path> {
        self.admin_key_is_new
            .then_some(self.admin_key_path.as_path())
    }

    /// The admin key itself, `sk_...`, for clients on the same machine.
    #[must_use]
    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// Whether `key` is the admin key; takes the same time for every wrong key.
    #[must_use]
    pub fn is_admin_key(&self, key: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        digest.ct_eq(&self.admin_key_sha256).into()
    }

    /// Signs `claims` with the newest key.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library refuses to sign.
    pub fn issue(&self, claims: &Claims) -> Result<String, Error> {
        let newest = self
            .signing
            .last()
            .ok_or_else(|| Error::Crypto("no signing key".into()))?;
        newest.sign(claims)
    }

    /// Checks a token at the machine's time `now_s` (POSIX seconds; no leeway).
    ///
    /// # Errors
    /// [`TokenError::Expired`] for a token that was good until `now_s`, [`TokenError::Invalid`] for any other fault.
    pub fn verify(&self, token: &str, now_s: i64) -> Result<Claims, TokenError> {
        self.verify_with_key(token, now_s).map(|(claims, _)| claims)
    }

    /// The same, and which key checked it.
    ///
    /// # Errors
    /// As [`KeyRing::verify`].
    pub fn verify_with_key(
        &self,
        token: &str,
        now_s: i64,
    ) -> Result<(Claims, KeyMark), TokenError> {
        let (claims, key) = self.signed(token, TOKEN_BYTES_MAX)?;
        let claims = token::read_claims(&claims, &self.issuer, now_s)?;
        Ok((claims, key))
    }

    /// The friends that a friends token names, checked as any token is; `asker`: who shows it, `None` for an admin, who may
    /// show everybody's.
    ///
    /// # Errors
    /// As [`KeyRing::verify`].
    pub fn verify_friends(
        &self,
        token: &str,
        asker: Option<&UserId>,
        now_s: i64,
    ) -> Result<Circle, TokenError> {
        let (claims, _) = self.signed(token, FRIENDS_TOKEN_BYTES_MAX)?;
        let circle = friends::read_friends(&claims, &self.issuer, now_s)?;
        if asker.is_some_and(|asker| asker != circle.user()) {
            return Err(TokenError::Invalid("it is of another user's friends"));
        }
        Ok(circle)
    }

    /// Claims with a good signature, and by which key.
    fn signed(
        &self,
        token: &str,
        bytes_max: usize,
    ) -> Result<(Map<String, Value>, KeyMark), TokenError> {
        let jwt = Jwt::parse(token, bytes_max)?;
        let key = self.checking().find(|key| key.kid() == jwt.kid);
        let key = key.ok_or(TokenError::Invalid("its kid is unknown"))?;
        key.check(&jwt)?;
        Ok((jwt.claims()?, key.mark()))
    }

    /// Whether tokens of that key are still good.
    #[must_use]
    pub fn is_in_force(&self, key: KeyMark) -> bool {
        self.checking().any(|own| own.mark() == key)
    }

    fn checking(&self) -> impl Iterator<Item = &SigningKey> {
        self.signing.iter().chain(&self.secret)
    }
}

/// Names the cryptographic library to the libraries of tokens and of TLS; call it as often as you like. Without it the first
/// token would panic as soon as another dependency turned on a second provider.
pub fn install_crypto_provider() {
    // An error says that a provider is installed already: the one of an earlier call.
    let _installed_before = aws_lc::DEFAULT_PROVIDER.install_default();
    let _installed_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[cfg(test)]
mod tests;
