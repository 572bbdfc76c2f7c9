//! The thread that writes to the engine: it takes all that waits into one batch, syncs once, and answers
//! everybody. What is appended to the journal without attachments goes past it (`journal::writer`).
//!
//! While a sync is under way the next group gathers in the queue, so the load itself sets the
//! group's size. A failed commit ends all writing: what is on the disk then is not known before the
//! next start. What a command changes is decided in `group`. Started by `EmbeddedStore::open`.

use std::{
    mem,
    sync::{Arc, atomic::Ordering},
};

use fjall::PersistMode;
use tokio::sync::mpsc;

use super::{
    super::Error,
    Shared,
    group::{Command, FirstUncovered, Group},
    keys,
    mark::Mark,
    tables::{Table, error, meta},
    values,
};

/// The commits so far, and where their number is kept outside the engine.
pub(super) struct Counted {
    pub(super) commits: u64,
    pub(super) mark: Mark,
}

/// Serves the queue until the store is dropped.
pub(super) fn run(shared: &Arc<Shared>, mut queue: mpsc::Receiver<Command>, mut counted: Counted) {
    while let Some(first) = queue.blocking_recv() {
        let mut group = Group::new(shared);
        group.take(first);
        while group.has_room(
            shared.settings.group_commands_max,
            shared.settings.group_bytes_max,
        ) && let Ok(next) = queue.try_recv()
        {
            group.take(next);
        }
        finish(shared, group, &mut counted);
    }
}

fn finish(shared: &Shared, mut group: Group<'_>, counted: &mut Counted) {
    let truncations = mem::take(&mut group.truncations);
    let outcome = shared
        .check()
        .and_then(|()| poisoning(shared, commit(shared, &mut group, counted)));
    group.answer(&outcome);
    for (first_uncovered, reply) in truncations {
        let truncate = || truncate(shared, &first_uncovered);
        let outcome = shared.check().and_then(|()| poisoning(shared, truncate()));
        // A caller that no longer waits is told nothing.
        drop(reply.send(outcome));
    }
}

fn truncate(shared: &Shared, first_uncovered: &FirstUncovered) -> Result<(), Error> {
    let (database, settings) = (&shared.database, &shared.settings);
    let segments = &shared.segments;
    segments.truncate(database, first_uncovered, settings)?;
    shared.journal.truncate(first_uncovered)
}

fn poisoning(shared: &Shared, outcome: Result<(), Error>) -> Result<(), Error> {
    outcome.map_err(|error| shared.poison(error))
}

fn commit(shared: &Shared, group: &mut Group<'_>, counted: &mut Counted) -> Result<(), Error> {
    if group.journal.is_empty() && group.rows.is_empty() {
        return Ok(());
    }
    // Named always: the engine's own default does not sync.
    let mut batch = shared
        .database
        .batch()
        .durability(Some(PersistMode::SyncData));
    let mut appended = Vec::new();
    if !group.journal.is_empty() {
        let segment = shared
            .segments
            .writable(&shared.database, &shared.settings)?;
        for ((partition, first), row) in mem::take(&mut group.journal) {
            let key = keys::journal(partition, first);
            appended.push((partition, row.last, (key.len() + row.value.len()) as u64));
            batch.insert(&segment, key, row.value);
        }
    }
    for ((table, key), value) in mem::take(&mut group.rows) {
        let (keyspace, key) = shared.tables.place(table, &key);
        match value {
            Some(value) => batch.insert(keyspace, key, value),
            None => batch.remove(keyspace, key),
        }
    }
    let commits = counted.commits.saturating_add(1);
    let (keyspace, key) = shared.tables.place(Table::Meta, meta::COMMITS);
    batch.insert(keyspace, key, values::meta(commits));
    batch.commit().map_err(|failed| {
        shared
            .tables
            .first_damage()
            .unwrap_or_else(|| error(failed))
    })?;
    counted.commits = commits;
    counted.mark.set(commits)?;
    shared.syncs.fetch_add(1, Ordering::Relaxed);
    for (partition, last, bytes) in appended {
        shared.segments.record(partition, last, bytes);
    }
    Ok(())
}
