//! Deleted rows leave the files (ADR 0031): the journal's segment and the engine's log are ended, and tables are joined whole.
//!
//! The engine drops a file of its log only when it has grown to [`LOG_FILE_BYTES`], so it is filled up with chance; and it
//! keeps what was deleted as long as a read that began before could need it, so the caller waits for those to end.
//! Everything here runs beside the writer.

use std::sync::PoisonError;

use fjall::{Keyspace, KeyspaceCreateOptions, PersistMode};

use super::{
    super::Error,
    Shared,
    tables::{Table, error, meta},
};
use crate::entropy;

/// Where the engine begins another file of its log.
const LOG_FILE_BYTES: usize = 64_000_000;
/// Bytes of chance that are written at once.
const FILLER_BYTES: usize = 1_000_000;
/// Name of the keyspace that is filled with it, and dropped.
const FILLER: &str = "filler";
/// Rounds until the log is short: one, unless others write much meanwhile.
const ROUNDS_MAX: usize = 20;

/// Sees to it that no file holds what was deleted before the call.
pub(super) fn purge(shared: &Shared) -> Result<(), Error> {
    // What it guards is in the files, and a purge that panicked is made again.
    let _one = shared
        .purging
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    shared.journal.end_newest();
    shared.segments.end_newest();
    drop_log(shared)?;
    for keyspace in shared.tables.keyspaces() {
        flush(&keyspace)?;
        keyspace.major_compact().map_err(error)?;
        // The engine lets the files that were joined go when a later change of the list of files looks back at them.
        for _ in 0..2 {
            touch(shared, &keyspace)?;
            flush(&keyspace)?;
        }
    }
    remove_touched(shared)
}

/// Fills the log's file up, and makes tables of everything that is in it, until the engine has dropped it.
fn drop_log(shared: &Shared) -> Result<(), Error> {
    let options = || KeyspaceCreateOptions::default().max_memtable_size(FILLER_BYTES as u64 * 8);
    let filler = shared.database.keyspace(FILLER, options).map_err(error)?;
    let mut chance = vec![0; FILLER_BYTES];
    for number in 0..=(LOG_FILE_BYTES / FILLER_BYTES) {
        entropy::fill(&mut chance);
        let mut batch = shared.database.batch();
        batch.insert(&filler, number.to_be_bytes(), chance.clone());
        batch.commit().map_err(error)?;
    }
    shared
        .database
        .persist(PersistMode::SyncAll)
        .map_err(error)?;
    for _ in 0..ROUNDS_MAX {
        flush(&filler)?;
        for keyspace in shared
            .tables
            .keyspaces()
            .into_iter()
            .chain(shared.segments.keyspaces())
        {
            flush(&keyspace)?;
        }
        if shared.database.journal_count() == 1 {
            return shared.database.delete_keyspace(filler).map_err(error);
        }
        touch(shared, &filler)?;
    }
    Err(Error::Unavailable(
        "the engine does not drop its log".into(),
    ))
}

fn flush(keyspace: &Keyspace) -> Result<(), Error> {
    keyspace.rotate_memtable_and_wait().map_err(error)
}

/// A row of its own, so that there is something to make a table of.
fn touch(shared: &Shared, keyspace: &Keyspace) -> Result<(), Error> {
    let (_, key) = shared.tables.place(Table::Meta, meta::TOUCHED);
    let mut batch = shared.database.batch();
    batch.insert(keyspace, key, []);
    batch.commit().map_err(error)
}

fn remove_touched(shared: &Shared) -> Result<(), Error> {
    let (_, key) = shared.tables.place(Table::Meta, meta::TOUCHED);
    let mut batch = shared.database.batch();
    for keyspace in shared.tables.keyspaces() {
        batch.remove(&keyspace, key.clone());
    }
    batch.commit().map_err(error)
}
