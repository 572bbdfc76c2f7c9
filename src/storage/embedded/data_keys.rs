//! Data keys of the embedded store: a row by name, and each user's name of one. Both are written in one batch.

use streakline_core::id::UserId;

use super::{
    super::{Answer, Error, KeyRow, Keys, envelope::KeyId},
    EmbeddedStore,
    group::{Command, Group, Reply},
    keys,
    tables::{Table, meta},
    values,
};

/// What the writer is asked to do with keys.
pub(super) enum KeyCommand {
    Claim(UserId, KeyRow, Reply<KeyRow>),
    Replace(KeyRow, Vec<u8>, Reply<bool>),
    Erase(UserId, KeyRow, Reply<()>),
    SetMasters(Vec<u8>, Reply<()>),
}

impl Group<'_> {
    pub(super) fn take_key(&mut self, command: KeyCommand) {
        match command {
            KeyCommand::Claim(user, key, reply) => {
                let outcome = self.claim_key(&user, key);
                self.answer_later(reply, outcome);
            }
            KeyCommand::Replace(before, after, reply) => {
                let outcome = self.replace_key(&before, after);
                self.answer_later(reply, outcome);
            }
            KeyCommand::Erase(user, left, reply) => {
                let outcome = self.erase_key(&user, left);
                self.answer_later(reply, outcome);
            }
            KeyCommand::SetMasters(row, reply) => {
                self.put(Table::Meta, meta::MASTER_KEYS.to_vec(), row);
                self.answer_later(reply, Ok(()));
            }
        }
    }

    fn claim_key(&mut self, user: &UserId, key: KeyRow) -> Result<KeyRow, Error> {
        if let Some(name) = self.get(Table::KeysOf, user.as_str().as_bytes())? {
            let id = values::parse_key_id(&name)?;
            let bytes = self.get(Table::Keys, &id.0)?.ok_or_else(missing)?;
            return Ok(KeyRow { id, bytes });
        }
        self.put(Table::Keys, key.id.0.to_vec(), key.bytes.clone());
        let name = values::key_id(key.id);
        self.put(Table::KeysOf, user.as_str().as_bytes().to_vec(), name);
        Ok(key)
    }

    fn replace_key(&mut self, before: &KeyRow, after: Vec<u8>) -> Result<bool, Error> {
        let unchanged = self.get(Table::Keys, &before.id.0)?.as_ref() == Some(&before.bytes);
        if unchanged {
            self.put(Table::Keys, before.id.0.to_vec(), after);
        }
        Ok(unchanged)
    }

    pub(super) fn erase_key(&mut self, user: &UserId, left: KeyRow) -> Result<(), Error> {
        let name = self.get(Table::KeysOf, user.as_str().as_bytes())?;
        let name = name.map(|name| values::parse_key_id(&name)).transpose()?;
        if name == Some(left.id) {
            self.remove(Table::KeysOf, user.as_str().as_bytes().to_vec());
        }
        self.put(Table::Keys, left.id.0.to_vec(), left.bytes);
        Ok(())
    }
}

fn missing() -> Error {
    Error::Damaged("the key that a user's row names is missing".into())
}

impl Keys for EmbeddedStore {
    fn claim_key(&self, user: &UserId, key: KeyRow) -> Answer<'_, KeyRow> {
        let user = user.clone();
        self.write(move |reply| Command::Key(KeyCommand::Claim(user, key, reply)))
    }

    fn key_of(&self, user: &UserId) -> Answer<'_, Option<KeyRow>> {
        let user = user.clone();
        self.read(move |shared| {
            let name = shared.tables.get(Table::KeysOf, user.as_str().as_bytes())?;
            let Some(name) = name else { return Ok(None) };
            let id = values::parse_key_id(&name)?;
            let bytes = shared.tables.get(Table::Keys, &id.0)?.ok_or_else(missing)?;
            Ok(Some(KeyRow { id, bytes }))
        })
    }

    fn key(&self, id: KeyId) -> Answer<'_, Option<Vec<u8>>> {
        self.read(move |shared| shared.tables.get(Table::Keys, &id.0))
    }

    fn replace_key(&self, before: KeyRow, after: Vec<u8>) -> Answer<'_, bool> {
        self.write(|reply| Command::Key(KeyCommand::Replace(before, after, reply)))
    }

    fn erase_key(&self, user: &UserId, left: KeyRow) -> Answer<'_, ()> {
        let user = user.clone();
        self.write(move |reply| Command::Key(KeyCommand::Erase(user, left, reply)))
    }

    fn keys(&self, after: Option<KeyId>, limit: usize) -> Answer<'_, Vec<KeyRow>> {
        let range = keys::data_keys_after(after);
        self.read(move |shared| {
            let row = |key: &[u8], value: &[u8]| {
                let (id, _) = keys::split::<16>(key)?;
                Ok(KeyRow {
                    id: KeyId(id),
                    bytes: value.to_vec(),
                })
            };
            shared.tables.page(Table::Keys, range, limit, row)
        })
    }

    fn master_keys(&self) -> Answer<'_, Option<Vec<u8>>> {
        self.read(|shared| shared.tables.get(Table::Meta, meta::MASTER_KEYS))
    }

    fn set_master_keys(&self, row: Vec<u8>) -> Answer<'_, ()> {
        self.write(|reply| Command::Key(KeyCommand::SetMasters(row, reply)))
    }
}
