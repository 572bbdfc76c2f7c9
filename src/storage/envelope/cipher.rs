//! A key that is ready to be used, and the nonces of this process.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};

use super::{super::Error, KeyId};
use crate::entropy;

/// Bytes of a key.
pub const SECRET_BYTES: usize = 32;
/// Bytes of a key's name.
pub const KEY_BYTES: usize = 16;
/// Bytes that sealing adds at the end of a payload.
pub const TAG_BYTES: usize = 16;

const NONCE_BYTES: usize = 12;
const START_BYTES: usize = 6;
/// The counter has six bytes.
const SEALS_MAX: u64 = 1 << 48;

/// A key with its name. The library wipes its memory when it goes.
pub struct Cipher {
    id: KeyId,
    key: LessSafeKey,
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cipher").field("id", &self.id).finish()
    }
}

impl Cipher {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the library refuses.
    pub fn new(id: KeyId, secret: &[u8; SECRET_BYTES]) -> Result<Self, Error> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, secret).map_err(|_| refused())?;
        Ok(Self {
            id,
            key: LessSafeKey::new(key),
        })
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn encrypt(
        &self,
        nonce: [u8; NONCE_BYTES],
        bound: &[u8],
        payload: &mut [u8],
    ) -> Result<Tag, Error> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(bound), payload);
        sealed.map_err(|_| refused())
    }

    /// Decrypts in place; the bytes of the payload without its tag, or nothing when it does not fit.
    pub(super) fn decrypt(
        &self,
        nonce: [u8; NONCE_BYTES],
        bound: &[u8],
        payload: &mut [u8],
    ) -> Option<usize> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.key.open_in_place(nonce, Aad::from(bound), payload);
        opened.ok().map(|opened| opened.len())
    }
}

fn refused() -> Error {
    Error::Unavailable("the cryptographic library refuses to seal".into())
}

/// Nonces that no seal of this process, and by chance no other process, has had: six bytes that are drawn once, and a counter.
#[derive(Debug)]
pub struct Nonces {
    start: [u8; START_BYTES],
    taken: AtomicU64,
}

impl Default for Nonces {
    fn default() -> Self {
        let mut start = [0; START_BYTES];
        entropy::fill(&mut start);
        Self {
            start,
            taken: AtomicU64::new(0),
        }
    }
}

impl Nonces {
    /// The next one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] after 2^48 of them.
    pub(super) fn take(&self) -> Result<[u8; NONCE_BYTES], Error> {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        if number >= SEALS_MAX {
            self.taken.store(SEALS_MAX, Ordering::Relaxed);
            let what = "this process has sealed as many rows as it may; start it again";
            return Err(Error::Unavailable(what.into()));
        }
        let mut nonce = [0; NONCE_BYTES];
        nonce[..START_BYTES].copy_from_slice(&self.start);
        nonce[START_BYTES..].copy_from_slice(&number.to_be_bytes()[2..]);
        Ok(nonce)
    }

    #[cfg(test)]
    pub(super) fn after(taken: u64) -> Self {
        Self {
            taken: AtomicU64::new(taken),
            ..Self::default()
        }
    }
}
