//! The keys in force while a server runs: read again when the operator asks for it, seen by all clones at once.
//!
//! Files that cannot be read leave the earlier keys in force. Called by `run`; both doors hold a clone.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Error, ISSUER, KeyRing};
use crate::config::Secret;

/// Where keys come from.
#[derive(Clone, Debug)]
pub struct KeySource {
    /// The data directory.
    pub dir: PathBuf,
    /// `iss` of every token.
    pub issuer: String,
    /// `kid` and file of the secret for HS256, if there is one.
    pub secret: Option<(String, PathBuf)>,
    /// The master keys, where they are not in the directory.
    pub masters: Option<Secret>,
}

impl KeySource {
    /// The keys of a data directory alone.
    #[must_use]
    pub fn of(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            issuer: ISSUER.to_owned(),
            secret: None,
            masters: None,
        }
    }

    fn read(&self) -> Result<KeyRing, Error> {
        let ring = KeyRing::open_or_create(&self.dir)?.with_issuer(&self.issuer);
        let ring = match &self.secret {
            Some((kid, path)) => ring.with_secret(kid, path)?,
            None => ring,
        };
        ring.with_masters(&self.dir, self.masters.as_ref().map(Secret::expose))
    }
}

/// The keys in force.
#[derive(Clone, Debug)]
pub struct CurrentKeys {
    source: Arc<KeySource>,
    ring: Arc<RwLock<Arc<KeyRing>>>,
}

impl CurrentKeys {
    /// Reads the keys, and first makes what is missing.
    ///
    /// # Errors
    /// As [`KeyRing::open_or_create`] and [`KeyRing::with_secret`].
    pub fn open(source: KeySource) -> Result<Self, Error> {
        let ring = Arc::new(source.read()?);
        Ok(Self {
            source: Arc::new(source),
            ring: Arc::new(RwLock::new(ring)),
        })
    }

    /// The keys as they are now; they do not change under the caller.
    #[must_use]
    pub fn ring(&self) -> Arc<KeyRing> {
        // A ring is swapped whole, so a panic elsewhere leaves nothing half done.
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.clone()
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// As [`CurrentKeys::open`]; then the earlier keys stay in force.
    pub fn reload(&self) -> Result<(), Error> {
        let ring = Arc::new(self.source.read()?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }
}
