//! Deleting a user from the embedded store: its tables are looked through for what names the user, and all of it goes in one
//! batch with the key.

use fjall::PersistMode;
use streakline_core::id::{Entity, PartitionId, UserId};
use tokio::task;

use super::{
    super::{
        Answer, Erasure, Error, Gone, KeyRow, Traces,
        envelope::{Envelope, KeyId, Kind, read},
    },
    EmbeddedStore, Shared,
    group::{Command, Group, Reply},
    keys, purge,
    tables::{Table, error, meta},
    values,
};

/// What the writer is asked to delete.
pub(super) struct Erased {
    pub(super) user: UserId,
    pub(super) rows: Vec<(Table, Vec<u8>)>,
    pub(super) key: Option<KeyRow>,
    pub(super) partition: (PartitionId, Vec<u8>),
}

/// Every row that names the user, and those that were put aside under the user's key.
fn rows_of(shared: &Shared, traces: &Traces) -> Result<Vec<(Table, Vec<u8>)>, Error> {
    let (tables, user) = (&shared.tables, &traces.user);
    let entity = Entity::User(user.clone());
    let snapshot = keys::exactly(keys::entity(&entity));
    let mut rows = tables.keys(Table::Snapshots, snapshot, |_, _| Ok(true))?;
    for table in [
        Table::Chunks,
        Table::Facts,
        Table::Transfers,
        Table::Changes,
    ] {
        rows.extend(tables.keys(table, keys::of_user(user), |_, _| Ok(true))?);
    }
    let due = keys::due_of(traces.partition);
    rows.extend(tables.keys(Table::Due, due, |key, _| {
        Ok(keys::parse_due(key)?.1 == entity)
    })?);
    rows.extend(tables.keys(Table::Standings, keys::all(), |key, _| {
        Ok(keys::parse_standing_user(key)? == *user)
    })?);
    rows.extend(tables.keys(Table::Devices, keys::all(), |_, value| {
        Ok(values::parse_device(value)? == *user)
    })?);
    let answers = keys::answers_of(&format!("user:{user}"));
    rows.extend(tables.keys(Table::Idempotency, keys::all(), |key, _| {
        Ok(key.starts_with(&answers))
    })?);
    rows.extend(tables.keys(Table::Expiries, keys::all(), |key, _| {
        Ok(keys::parse_expiry(key)?.starts_with(&answers))
    })?);
    if let Some(key) = &traces.key {
        let sealed = |value: &[u8]| is_sealed_with(key.id, value);
        rows.extend(tables.keys(Table::Stuck, keys::all(), |_, value| sealed(value))?);
    }
    Ok(rows)
}

fn is_sealed_with(id: KeyId, row: &[u8]) -> Result<bool, Error> {
    Ok(match read(Kind::Stuck, row)? {
        Envelope::Sealed(sealed) => sealed.key == id,
        Envelope::Plain(_) => false,
    })
}

impl Group<'_> {
    pub(super) fn take_erased(&mut self, erased: Erased, reply: Reply<()>) {
        let outcome = match erased.key {
            Some(left) => self.erase_key(&erased.user, left),
            None => Ok(()),
        };
        if outcome.is_ok() {
            for (table, key) in erased.rows {
                self.remove(table, key);
            }
            let (partition, row) = erased.partition;
            self.put(Table::Partitions, keys::partition(partition), row);
            self.put(Table::Meta, meta::PURGE_OWED.to_vec(), values::meta(1));
        }
        self.answer_later(reply, outcome);
    }
}

/// What a purge that was cut off still owes.
pub(super) fn purge_if_owed(shared: &Shared) -> Result<(), Error> {
    if shared.tables.get(Table::Meta, meta::PURGE_OWED)?.is_none() {
        return Ok(());
    }
    tracing::info!("deleted rows are being purged from the files");
    purge::purge(shared)?;
    let (keyspace, key) = shared.tables.place(Table::Meta, meta::PURGE_OWED);
    let mut batch = shared
        .database
        .batch()
        .durability(Some(PersistMode::SyncData));
    batch.remove(keyspace, key);
    batch.commit().map_err(error)
}

impl Erasure for EmbeddedStore {
    fn erase(&self, traces: Traces) -> Answer<'_, ()> {
        Box::pin(async move {
            let user = traces.user.clone();
            let key = traces.key.clone();
            let partition = (traces.partition, traces.partition_row.clone());
            let rows = self.read(move |shared| rows_of(shared, &traces)).await?;
            let erased = Erased {
                user,
                rows,
                key,
                partition,
            };
            self.write(move |reply| Command::Erase(Box::new(erased), reply))
                .await
        })
    }

    fn purge(&self) -> Answer<'_, Gone> {
        Box::pin(async move {
            // Reads that began before this end first: what they see would be kept for them.
            let all = u32::try_from(self.shared.settings.readers).unwrap_or(u32::MAX);
            drop(self.shared.readers.acquire_many(all).await);
            // It is no read: the others go on while it runs.
            let shared = self.shared.clone();
            let purging =
                task::spawn_blocking(move || shared.check().and_then(|()| purge::purge(&shared)));
            let ended = |panicked| Error::Unavailable(format!("a purge did not end: {panicked}"));
            purging.await.map_err(ended)??;
            self.write(Command::Purged).await?;
            Ok(Gone::Done)
        })
    }
}
