//! Rows of data keys: one key a user, wrapped by a master key (ADR 0030). The store knows them by name and by user; what
//! the bytes mean is `sealing`'s business.
//!
//! Single rows, one insert if absent and one replacement if unchanged: no more than a wide-column store does.

use streakline_core::id::UserId;

use super::{Answer, envelope::KeyId};

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its name.
    pub id: KeyId,
    /// Wrapped; or, of an erased user, what is left.
    pub bytes: Vec<u8>,
}

/// The users' data keys, and which master keys they need.
pub trait Keys {
    /// Stores a key unless its user has one; answers the one that the user has. Durable when answered. A key that lost may
    /// stay stored under its name: it seals nothing.
    fn claim_key(&self, user: &UserId, key: KeyRow) -> Answer<'_, KeyRow>;
    /// The key of a user.
    fn key_of(&self, user: &UserId) -> Answer<'_, Option<KeyRow>>;
    /// The bytes of the key of that name.
    fn key(&self, id: KeyId) -> Answer<'_, Option<Vec<u8>>>;
    /// Puts other bytes in the place of `before`, durably; answers whether these were still there.
    fn replace_key(&self, before: KeyRow, after: Vec<u8>) -> Answer<'_, bool>;
    /// Overwrites a key with what shall be left of it, and forgets that it was this user's; durable when answered. A key that
    /// the user has got since stays. Doing it again changes nothing.
    fn erase_key(&self, user: &UserId, left: KeyRow) -> Answer<'_, ()>;
    /// Keys after `after` in an order of the store's own, each once; empty at the end.
    fn keys(&self, after: Option<KeyId>, limit: usize) -> Answer<'_, Vec<KeyRow>>;
    /// Which master keys the data keys need; nothing in a new store.
    fn master_keys(&self) -> Answer<'_, Option<Vec<u8>>>;
    /// Stores which they need, durably.
    fn set_master_keys(&self, row: Vec<u8>) -> Answer<'_, ()>;
}
