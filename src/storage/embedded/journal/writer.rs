//! The thread that appends to the journal: it takes all that waits into one group, syncs once, and answers everybody.
//!
//! While a sync is under way the next group gathers in the queue, so the load itself sets the group's size. It waits for no
//! snapshot: those have a thread of their own (`super::super::writer`). A write that fails ends all writing of the store.
//! Started by `EmbeddedStore::open`.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    thread,
};

use streakline_core::id::{PartitionId, Position};
use tokio::sync::mpsc;

use super::{
    super::{
        super::{Error, JournalRow},
        Shared,
        group::Reply,
        mark::Mark,
        values,
    },
    form::GroupBytes,
};

/// Memory for a group that is kept from one to the next.
const KEPT_BYTES: usize = 1024 * 1024;

/// What the thread is asked to do.
pub(in super::super) enum Append {
    /// Rows without attachments.
    Rows(Vec<JournalRow>, Reply<()>),
    /// Nothing more comes: room that was taken for more is given back.
    End(Reply<()>),
}

/// What was appended so far, and where its number is kept outside these files.
pub(in super::super) struct Appended {
    pub(in super::super) groups: u64,
    pub(in super::super) mark: Mark,
}

/// Serves the queue until the store is dropped.
pub(in super::super) fn run(
    shared: &Arc<Shared>,
    mut queue: mpsc::Receiver<Append>,
    mut appended: Appended,
) {
    let mut group = Group::default();
    while let Some(first) = queue.blocking_recv() {
        group.take(shared, first);
        // Who shares a core with this thread was about to write more: that goes into the same sync.
        thread::yield_now();
        while group.has_room(shared)
            && let Ok(next) = queue.try_recv()
        {
            group.take(shared, next);
        }
        let durable = shared.check().and_then(|()| {
            let durable = write(shared, &mut group.bytes, &mut appended);
            durable.map_err(|error| shared.poison(error))
        });
        if durable.is_ok() && !group.ends.is_empty() {
            shared.journal.give_back();
        }
        group.answer(&durable);
    }
    if shared.check().is_ok() {
        shared.journal.give_back();
    }
}

fn write(shared: &Shared, group: &mut GroupBytes, appended: &mut Appended) -> Result<(), Error> {
    if group.is_empty() {
        return Ok(());
    }
    let number = appended.groups.saturating_add(1);
    shared.journal.append(group, number)?;
    appended.groups = number;
    appended.mark.set(number)?;
    shared.syncs.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Rows that become durable together.
struct Group {
    bytes: GroupBytes,
    /// The largest first position of each partition in the files and in this group, once it has been asked for.
    newest: BTreeMap<PartitionId, Option<Position>>,
    answers: Vec<(Reply<()>, Result<(), Error>)>,
    ends: Vec<Reply<()>>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            bytes: GroupBytes::new(),
            newest: BTreeMap::new(),
            answers: Vec::new(),
            ends: Vec::new(),
        }
    }
}

impl Group {
    fn has_room(&self, shared: &Shared) -> bool {
        self.answers.len() < shared.settings.group_commands_max
            && self.bytes.len() < shared.settings.group_bytes_max
    }

    fn take(&mut self, shared: &Shared, append: Append) {
        match append {
            Append::Rows(rows, reply) => {
                let outcome = rows.iter().try_for_each(|row| self.append(shared, row));
                self.answers.push((reply, outcome));
            }
            Append::End(reply) => self.ends.push(reply),
        }
    }

    /// The same row again changes nothing; another one at its position is refused. Rows come in order but for repeats: only
    /// of those the files are asked, and of all others the engine alone, which is written by another thread.
    fn append(&mut self, shared: &Shared, row: &JournalRow) -> Result<(), Error> {
        let newest = self.newest.entry(row.partition);
        let newest = newest.or_insert_with(|| shared.journal.newest(row.partition));
        let before = if Some(row.first) > *newest {
            shared.segments.get(row.partition, row.first)?
        } else if let Some(here) = self.bytes.find(row.partition, row.first) {
            Some(values::journal(&here))
        } else {
            shared.journaled(row.partition, row.first)?
        };
        match before {
            Some(before) if before == values::journal(row) => return Ok(()),
            Some(_) => return Err(Error::position_taken(row)),
            None => {}
        }
        self.bytes.push(row)?;
        *newest = (*newest).max(Some(row.first));
        Ok(())
    }

    /// Tells everybody how the group ended, and makes room for the next one.
    fn answer(&mut self, durable: &Result<(), Error>) {
        let ends = self.ends.drain(..).map(|reply| (reply, Ok(())));
        for (reply, outcome) in self.answers.drain(..).chain(ends) {
            // A caller that no longer waits is told nothing.
            drop(reply.send(durable.clone().and(outcome)));
        }
        self.bytes.clear(KEPT_BYTES);
    }
}
