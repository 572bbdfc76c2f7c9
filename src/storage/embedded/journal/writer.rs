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
    /// A row without attachments.
    Row(JournalRow, Reply<()>),
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
    /// Where in it the row of each position is.
    places: BTreeMap<(PartitionId, Position), u32>,
    answers: Vec<(Reply<()>, Result<(), Error>)>,
    ends: Vec<Reply<()>>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            bytes: GroupBytes::new(),
            places: BTreeMap::new(),
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
            Append::Row(row, reply) => {
                let outcome = self.append(shared, &row);
                self.answers.push((reply, outcome));
            }
            Append::End(reply) => self.ends.push(reply),
        }
    }

    /// The same row again changes nothing; another one at its position is refused.
    fn append(&mut self, shared: &Shared, row: &JournalRow) -> Result<(), Error> {
        let place = (row.partition, row.first);
        let here = self.places.get(&place).and_then(|at| self.bytes.row(*at));
        let before = match here {
            Some(here) => Some(values::journal(&here)),
            None => shared.journaled(row.partition, row.first)?,
        };
        match before {
            Some(before) if before == values::journal(row) => return Ok(()),
            Some(_) => return Err(Error::position_taken(row)),
            None => {}
        }
        self.bytes.push(row)?;
        let pushed = self.bytes.rows().last().map(|pushed| pushed.at);
        self.places.extend(pushed.map(|at| (place, at)));
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
        self.places.clear();
    }
}
