//! How inputs become durable: what has come for all partitions of an arbiter in one turn of its thread is handed to the store
//! together, and folded and answered when that is durable.
//!
//! A partition has one flush in flight; what comes meanwhile is its next one. A flush that needs a key which is not in memory goes
//! by itself, so that nobody else waits for that; so does every flush on a store that writes each by itself. Called by `partition`.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    mem,
    rc::Rc,
    sync::atomic::Ordering,
};

use streakline_core::{
    id::{Entity, PartitionId, Position},
    journal::Flush,
};

use super::host::Host;
use crate::{
    clock,
    storage::{Error, JournalRow, sealing::Draft},
    telemetry::series,
};

/// Partitions with inputs that are not on their way.
#[derive(Default)]
pub(super) struct Flushing {
    waiting: RefCell<BTreeSet<PartitionId>>,
    /// They are looked at soon.
    soon: Cell<bool>,
}

impl Host {
    /// Lets what waits in a partition go with everything else that comes in this turn of the thread, at low load after a wait for
    /// more company.
    pub(super) fn flush_soon(self: &Rc<Self>, id: PartitionId) {
        self.flushing.waiting.borrow_mut().insert(id);
        if self.flushing.soon.replace(true) {
            return;
        }
        let host = self.clone();
        let token = self.shared.work.begin();
        actix::spawn(async move {
            let linger_ms = host.shared.settings.linger_ms;
            if linger_ms > 0 {
                clock::pause_ms(linger_ms).await;
            }
            host.flushing.soon.set(false);
            host.flush_all().await;
            drop(token);
        });
    }

    async fn flush_all(self: &Rc<Self>) {
        let waiting = mem::take(&mut *self.flushing.waiting.borrow_mut());
        let together = self.shared.store.appends_together();
        let mut rows = Vec::new();
        for id in waiting {
            let Some(flush) = self.at(id, |held| held.journal.flush()).flatten() else {
                continue;
            };
            let at_hand = || self.shared.seals.keys_at_hand(&flush);
            match together.then(at_hand).flatten() {
                Some(keys) => match self.shared.seals.row(id, flush, &keys) {
                    Ok(row) => rows.push(row),
                    Err(error) => return self.shared.fatal.raise(&error.to_string()),
                },
                None => self.flush_alone(id, flush),
            }
        }
        if !rows.is_empty() {
            self.append_all(rows).await;
        }
    }

    async fn append_all(self: &Rc<Self>, rows: Vec<JournalRow>) {
        let begun = clock::monotonic();
        let bytes: usize = rows.iter().map(|row| row.bytes.len()).sum();
        let partitions: Vec<PartitionId> = rows.iter().map(|row| row.partition).collect();
        let appended = self.shared.store.append_all(rows).await;
        self.appended(&partitions, appended.map(|()| bytes), begun);
    }

    fn flush_alone(self: &Rc<Self>, id: PartitionId, flush: Flush<Draft>) {
        let host = self.clone();
        let token = self.shared.work.begin();
        actix::spawn(async move {
            let begun = clock::monotonic();
            let written = async {
                let row = host.shared.seals.flush(id, flush).await?;
                let bytes = row.bytes.len();
                host.shared.store.append(row).await.map(|()| bytes)
            };
            let written = written.await;
            host.appended(&[id], written, begun);
            drop(token);
        });
    }

    /// Flushes are durable, or nothing can be any more.
    fn appended(
        self: &Rc<Self>,
        partitions: &[PartitionId],
        written: Result<usize, Error>,
        begun: std::time::Duration,
    ) {
        let bytes = match written {
            Ok(bytes) => bytes,
            Err(error) => return self.shared.fatal.raise(&error.to_string()),
        };
        metrics::counter!(series::JOURNAL_BYTES).increment(bytes as u64);
        metrics::counter!(series::JOURNAL_FLUSHES).increment(partitions.len() as u64);
        let seconds = clock::monotonic().saturating_sub(begun).as_secs_f64();
        let took = metrics::histogram!(series::JOURNAL_FLUSH_SECONDS);
        for id in partitions {
            took.record(seconds);
            self.flushed(*id);
        }
    }

    /// A flush is durable: everything up to it is folded, in order, and answered.
    fn flushed(self: &Rc<Self>, id: PartitionId) {
        let flushes = self.shared.flushes.fetch_add(1, Ordering::AcqRel);
        self.crash_if_asked(flushes.saturating_add(1));
        let (ready, is_more) = self.at(id, |held| held.flushed()).unwrap_or_default();
        if is_more {
            self.flush_soon(id);
        }
        for entity in ready {
            self.advance(&entity);
        }
        super::barrier::answer(self, id);
    }

    /// Ends the process where a test wants it: nothing of the last flush is answered.
    #[cfg(feature = "fault-injection")]
    fn crash_if_asked(&self, flushes: u64) {
        if self.shared.settings.crash_after_flush == Some(flushes) {
            std::process::abort();
        }
    }

    #[cfg(not(feature = "fault-injection"))]
    fn crash_if_asked(&self, _: u64) {}

    /// Lets an entity fold what is durable.
    fn advance(self: &Rc<Self>, entity: &Entity) {
        match entity {
            Entity::User(user) => {
                if let Some(cell) = self.user_cell(user) {
                    super::user::advance(&cell);
                }
            }
            Entity::Challenge(challenge) => {
                let entry = self.challenges.borrow().get(challenge).cloned();
                if let Some(entry) = entry {
                    super::challenge::advance(&entry.cell);
                }
            }
            Entity::Partition(_) => {}
        }
    }

    /// The durable position of an entity's partition.
    pub(super) fn durable(&self, id: PartitionId) -> Position {
        self.at(id, |partition| partition.journal.durable())
            .unwrap_or_default()
    }
}
