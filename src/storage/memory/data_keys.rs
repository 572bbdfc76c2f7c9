//! Data keys in memory.

use std::ops::Bound::{Excluded, Unbounded};

use streakline_core::id::UserId;

use super::{
    super::{Answer, KeyRow, Keys, envelope::KeyId},
    MemoryStore,
    rows::Tables,
};

fn row(tables: &Tables, id: KeyId) -> Option<KeyRow> {
    let bytes = tables.keys.rows().get(&id)?.clone();
    Some(KeyRow { id, bytes })
}

fn key_of(tables: &Tables, user: &UserId) -> Option<KeyRow> {
    row(tables, *tables.keys_of.rows().get(user)?)
}

impl Keys for MemoryStore {
    fn claim_key(&self, user: &UserId, key: KeyRow) -> Answer<'_, KeyRow> {
        self.write(|tables| {
            if let Some(stored) = key_of(tables, user) {
                return Ok(stored);
            }
            tables.keys.put(key.id, key.bytes.clone());
            tables.keys_of.put(user.clone(), key.id);
            Ok(key)
        })
    }

    fn key_of(&self, user: &UserId) -> Answer<'_, Option<KeyRow>> {
        self.read(|tables| Ok(key_of(tables, user)))
    }

    fn key(&self, id: KeyId) -> Answer<'_, Option<Vec<u8>>> {
        self.read(|tables| Ok(tables.keys.rows().get(&id).cloned()))
    }

    fn replace_key(&self, before: KeyRow, after: Vec<u8>) -> Answer<'_, bool> {
        self.write(|tables| {
            let unchanged = tables.keys.rows().get(&before.id) == Some(&before.bytes);
            if unchanged {
                tables.keys.put(before.id, after);
            }
            Ok(unchanged)
        })
    }

    fn erase_key(&self, user: &UserId, left: KeyRow) -> Answer<'_, ()> {
        self.write(|tables| {
            if tables.keys_of.rows().get(user) == Some(&left.id) {
                tables.keys_of.remove(user);
            }
            tables.keys.put(left.id, left.bytes);
            Ok(())
        })
    }

    fn keys(&self, after: Option<KeyId>, limit: usize) -> Answer<'_, Vec<KeyRow>> {
        self.read(|tables| {
            let from = after.map_or(Unbounded, Excluded);
            let rows = tables.keys.rows().range((from, Unbounded)).take(limit);
            let rows = rows.map(|(id, bytes)| KeyRow {
                id: *id,
                bytes: bytes.clone(),
            });
            Ok(rows.collect())
        })
    }

    fn master_keys(&self) -> Answer<'_, Option<Vec<u8>>> {
        self.read(|tables| Ok(tables.master_keys.rows().get(&()).cloned()))
    }

    fn set_master_keys(&self, row: Vec<u8>) -> Answer<'_, ()> {
        self.write(|tables| {
            tables.master_keys.put((), row);
            Ok(())
        })
    }
}
