//! Data keys of users: rows of lightweight transactions, found by name and by user.
//!
//! A key is stored under its name before its user is given it, so that whoever is told a name finds the key. Called by the actors
//! through the trait.

use streakline_core::id::UserId;

use super::{
    super::{Answer, Error, KeyRow, Keys, envelope::KeyId},
    Inner, ScyllaStore,
    rows::limited,
};

/// Name of the row that says which master keys are needed.
const MASTER_KEYS: &str = "master_keys";

impl Inner {
    async fn data_key(&self, id: KeyId) -> Result<Option<Vec<u8>>, Error> {
        let row: Option<(Vec<u8>,)> = self
            .cql
            .first(&self.statements.data_key, (id.0.as_slice(),))
            .await?;
        Ok(row.map(|(bytes,)| bytes))
    }

    async fn owned(&self, user: &UserId) -> Result<Option<KeyId>, Error> {
        let row: Option<(Vec<u8>,)> = self
            .cql
            .first(&self.statements.key_owner, (user.as_str(),))
            .await?;
        row.map(|(id,)| key_id(id)).transpose()
    }

    async fn data_key_of(&self, user: &UserId) -> Result<Option<KeyRow>, Error> {
        let Some(id) = self.owned(user).await? else {
            return Ok(None);
        };
        let bytes = self.data_key(id).await?;
        let gone = || Error::Damaged("the data key that a user has is not there".into());
        bytes
            .map(|bytes| Some(KeyRow { id, bytes }))
            .ok_or_else(gone)
    }

    async fn claim_data_key(&self, user: &UserId, key: &KeyRow) -> Result<KeyRow, Error> {
        loop {
            if let Some(held) = self.data_key_of(user).await? {
                return Ok(held);
            }
            self.put_data_key(key).await?;
            self.put_key_owner(user, key.id).await?;
        }
    }

    async fn replace_data_key(&self, before: &KeyRow, after: &[u8]) -> Result<bool, Error> {
        loop {
            match self.data_key(before.id).await? {
                Some(stored) if stored == before.bytes => {}
                // An attempt whose answer was lost may have done it.
                stored => return Ok(stored.as_deref() == Some(after)),
            }
            let values = (after, before.id.0.as_slice(), before.bytes.as_slice());
            self.conditionally(&self.statements.data_key_replace, values)
                .await?;
        }
    }

    pub(super) async fn erase_data_key(&self, user: &UserId, left: &KeyRow) -> Result<(), Error> {
        let id = left.id.0.as_slice();
        while self.owned(user).await? == Some(left.id) {
            let values = (user.as_str(), id);
            self.conditionally(&self.statements.key_owner_delete, values)
                .await?;
        }
        loop {
            match self.data_key(left.id).await? {
                Some(stored) if stored == left.bytes => return Ok(()),
                Some(stored) => {
                    let values = (left.bytes.as_slice(), id, stored);
                    self.conditionally(&self.statements.data_key_replace, values)
                        .await?;
                }
                None => {
                    let values = (id, left.bytes.as_slice());
                    self.conditionally(&self.statements.data_key_insert, values)
                        .await?;
                }
            }
        }
    }

    /// In the order of their tokens, which is the store's own.
    async fn data_keys(&self, after: Option<KeyId>, limit: usize) -> Result<Vec<KeyRow>, Error> {
        let limit = limited(limit);
        let rows: Vec<(Vec<u8>, Vec<u8>)> = match after {
            None => {
                let statement = &self.statements.data_keys_first;
                self.cql.rows(statement, (limit,)).await?
            }
            Some(after) => {
                let values = (after.0.as_slice(), limit);
                self.cql
                    .rows(&self.statements.data_keys_after, values)
                    .await?
            }
        };
        let row = |(id, bytes)| {
            let id = key_id(id)?;
            Ok(KeyRow { id, bytes })
        };
        rows.into_iter().map(row).collect()
    }

    /// Stores a key under its name, whoever may get it.
    pub(super) async fn put_data_key(&self, key: &KeyRow) -> Result<(), Error> {
        while self.data_key(key.id).await?.is_none() {
            let values = (key.id.0.as_slice(), key.bytes.as_slice());
            self.conditionally(&self.statements.data_key_insert, values)
                .await?;
        }
        Ok(())
    }

    /// Gives a user the key of that name, unless it has one.
    pub(super) async fn put_key_owner(&self, user: &UserId, id: KeyId) -> Result<(), Error> {
        while self.owned(user).await?.is_none() {
            let values = (user.as_str(), id.0.as_slice());
            self.conditionally(&self.statements.key_owner_insert, values)
                .await?;
        }
        Ok(())
    }

    pub(super) async fn needed_masters(&self) -> Result<Option<Vec<u8>>, Error> {
        self.bytes_of(MASTER_KEYS).await
    }

    pub(super) async fn need_masters(&self, row: &[u8]) -> Result<(), Error> {
        self.set_bytes(MASTER_KEYS, Some(row.to_vec())).await
    }
}

pub(super) fn key_id(bytes: Vec<u8>) -> Result<KeyId, Error> {
    let damaged = |_| Error::Damaged("the name of a data key has not 16 bytes".into());
    bytes.try_into().map(KeyId).map_err(damaged)
}

impl Keys for ScyllaStore {
    fn claim_key(&self, user: &UserId, key: KeyRow) -> Answer<'_, KeyRow> {
        let user = user.clone();
        Box::pin(async move { self.0.claim_data_key(&user, &key).await })
    }

    fn key_of(&self, user: &UserId) -> Answer<'_, Option<KeyRow>> {
        let user = user.clone();
        Box::pin(async move { self.0.data_key_of(&user).await })
    }

    fn key(&self, id: KeyId) -> Answer<'_, Option<Vec<u8>>> {
        Box::pin(self.0.data_key(id))
    }

    fn replace_key(&self, before: KeyRow, after: Vec<u8>) -> Answer<'_, bool> {
        Box::pin(async move { self.0.replace_data_key(&before, &after).await })
    }

    fn erase_key(&self, user: &UserId, left: KeyRow) -> Answer<'_, ()> {
        let user = user.clone();
        Box::pin(async move { self.0.erase_data_key(&user, &left).await })
    }

    fn keys(&self, after: Option<KeyId>, limit: usize) -> Answer<'_, Vec<KeyRow>> {
        Box::pin(self.0.data_keys(after, limit))
    }

    fn master_keys(&self) -> Answer<'_, Option<Vec<u8>>> {
        Box::pin(self.0.needed_masters())
    }

    fn set_master_keys(&self, row: Vec<u8>) -> Answer<'_, ()> {
        Box::pin(async move { self.0.need_masters(&row).await })
    }
}
