//! The deployment's own keys: two Ed25519 keys at most that sign and check tokens, and the admin key.
//!
//! Not here: who may do what with a token (`api`, `gateway`). Called by the server at its start, by every command that
//! acts as a client, and by tests.

mod files;
mod token;

use std::path::{Path, PathBuf};

use jsonwebtoken::crypto::aws_lc;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use token::SigningKey;
pub use token::{AUDIENCE, Claims, ISSUER, LIFETIME_S_MAX, Role, TokenError};

/// Keys that check tokens at the same time: the one that signs, and the one before it.
pub const SIGNING_KEYS_MAX: usize = 2;

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
    /// The cryptographic library refuses.
    #[error("no key could be made or used: {0}")]
    Crypto(String),
}

/// The keys of one data directory.
pub struct KeyRing {
    /// Oldest first; the last one signs. Never empty.
    signing: Vec<SigningKey>,
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
        token::verify(&self.signing, &self.issuer, token, now_s)
    }
}

/// Names the cryptographic library to the token library; call it as often as you like. Without it the first token would
/// panic as soon as another dependency turned on a second provider.
pub fn install_crypto_provider() {
    // An error says that a provider is installed already: the one of an earlier call.
    let _installed_before = aws_lc::DEFAULT_PROVIDER.install_default();
}

#[cfg(test)]
mod tests;
