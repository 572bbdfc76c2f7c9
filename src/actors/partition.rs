//! A partition on its arbiter: its journal, who waits for durability, what is covered, who falls due, and its ledger totals.
//!
//! It carries `core::journal`, `core::boundary` and `core::settlement`; it decides nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    sync::atomic::Ordering,
};

use streakline_core::{
    boundary::Deadlines,
    id::{Entity, PartitionId, Position},
    input::{Header, Input, Origin, RULES_VERSION},
    journal::{Coverage, Journal, Uncovered},
    ledger::Totals,
    settlement::Barriers,
};

use super::{host::Host, shared::BITS};
use crate::telemetry::series;
use crate::{
    clock,
    storage::{
        Attachment, JournalRow,
        envelope::{Kind, seal},
    },
};

/// How many times the length of tail that forces snapshots is too much.
const OVERRUN: u64 = 4;

/// One partition.
pub struct Partition {
    id: PartitionId,
    pub(super) journal: Journal<Attachment>,
    /// Whose inputs become foldable in which order.
    pub(super) waiting: VecDeque<(Position, Entity)>,
    pub(super) coverage: Coverage,
    pub(super) deadlines: Deadlines,
    pub(super) barriers: Barriers,
    /// Inputs of an earlier start that no snapshot covers, until their entity is activated.
    pub(super) tails: BTreeMap<Entity, Vec<(Header, Input)>>,
    /// Sums with everything that is folded.
    pub(super) totals: Totals,
    /// Sums with everything that is in snapshots.
    pub(super) written: Totals,
    /// The earliest due row of the store, POSIX ms.
    pub(super) earliest_due_ms: Option<i64>,
}

impl Partition {
    /// A partition as recovery found it.
    #[must_use]
    pub fn new(id: PartitionId, epoch: u64, last_stamp_ms: i64, written: Totals) -> Self {
        Self {
            id,
            journal: Journal::new(id, epoch, last_stamp_ms),
            waiting: VecDeque::new(),
            coverage: Coverage::default(),
            deadlines: Deadlines::default(),
            barriers: Barriers::default(),
            tails: BTreeMap::new(),
            totals: written,
            written,
            earliest_due_ms: None,
        }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> PartitionId {
        self.id
    }

    /// The newest stamp that was given, POSIX ms.
    #[must_use]
    pub fn last_stamp_ms(&self) -> i64 {
        self.journal.last_stamp_ms()
    }

    /// Notes an input of an entity that no snapshot covers.
    pub(super) fn uncovered(&mut self, entity: &Entity, position: Position) {
        let at_bytes = self.journal.written_bytes();
        self.coverage.note(
            entity,
            Uncovered {
                position,
                at_bytes,
                since_ms: clock::monotonic_ms(),
            },
        );
    }

    /// A snapshot of the entity is durable; `more`: it has inputs after it.
    pub(super) fn covered(&mut self, entity: &Entity, covered: Position, more: bool) {
        let next = Position {
            index: covered.index.saturating_add(1),
            ..covered
        };
        let at_bytes = self.journal.written_bytes();
        let rest = Uncovered {
            position: next,
            at_bytes,
            since_ms: clock::monotonic_ms(),
        };
        self.coverage.covered(entity, more.then_some(rest));
    }

    /// A due row was written.
    pub(super) fn note_due(&mut self, due_ms: Option<i64>) {
        self.earliest_due_ms = match (self.earliest_due_ms, due_ms) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// The partition's own row, with a snapshot's transfers booked.
    pub(super) fn row(&mut self, booked: Totals) -> Vec<u8> {
        self.written.add(&booked);
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = minicbor::encode((self.journal.last_stamp_ms(), self.written), &mut bytes);
        seal(Kind::Partition, RULES_VERSION, &bytes)
    }
}

impl Host {
    /// Gives an input its place in its partition's journal, and starts the next flush.
    pub(super) fn append(
        self: &Rc<Self>,
        entity: &Entity,
        origin: Origin,
        (input, with): (&Input, Vec<Attachment>),
    ) -> Option<Header> {
        let now_ms = self.now_ms();
        let header = self.with(entity, |partition| {
            let header = partition.journal.append(now_ms, origin, input, with);
            partition
                .waiting
                .push_back((header.position, entity.clone()));
            if !matches!(entity, Entity::Partition(_)) {
                partition.uncovered(entity, header.position);
            }
            header
        });
        self.flush_soon(entity.partition(BITS));
        header
    }

    /// Starts the next flush, at low load after a wait for company.
    fn flush_soon(self: &Rc<Self>, id: PartitionId) {
        let linger_ms = self.shared.settings.linger_ms;
        if linger_ms == 0 {
            return self.flush(id);
        }
        let host = self.clone();
        actix::spawn(async move {
            clock::pause_ms(linger_ms).await;
            host.flush(id);
        });
    }

    /// Whether a snapshot covers everything that an entity has folded.
    pub(super) fn is_covered(&self, entity: &Entity) -> bool {
        self.with(entity, |partition| !partition.coverage.holds(entity))
            .unwrap_or(true)
    }

    /// A snapshot is durable. `more`: whether its entity has inputs after it; `None`: the state was let go meanwhile, and
    /// may have had more.
    pub(super) fn snapshotted(
        &self,
        entity: &Entity,
        (covered, due_ms): (Position, Option<i64>),
        more: Option<bool>,
    ) {
        self.with(entity, |partition| {
            partition.covered(entity, covered, more.unwrap_or(true));
            partition.note_due(due_ms);
        });
    }

    /// Whether a partition's tail is so far ahead of its snapshots that nothing more is taken (design.md 5).
    pub(super) fn is_overrun(&self, entity: &Entity) -> bool {
        let most = self.shared.settings.tail_bytes_max.saturating_mul(OVERRUN);
        let depth = |held: &mut Partition| held.coverage.depth_bytes(held.journal.written_bytes());
        self.with(entity, depth).is_some_and(|depth| depth > most)
    }

    /// Starts the next flush of a partition, unless one is in flight.
    pub(super) fn flush(self: &Rc<Self>, id: PartitionId) {
        let mut partitions = self.partitions.borrow_mut();
        let Some(flush) = partitions
            .get_mut(&id)
            .and_then(|held| held.journal.flush())
        else {
            return;
        };
        let row = JournalRow {
            partition: id,
            first: flush.first,
            last: flush.last,
            bytes: seal(Kind::Journal, RULES_VERSION, &flush.bytes),
            attachments: flush.attachments,
        };
        let host = self.clone();
        let token = self.shared.work.begin();
        actix::spawn(async move {
            let begun = clock::monotonic();
            match host.shared.store.append(row).await {
                Ok(()) => {
                    let seconds = clock::monotonic().saturating_sub(begun).as_secs_f64();
                    metrics::histogram!(series::JOURNAL_FLUSH_SECONDS).record(seconds);
                    host.flushed(id);
                }
                Err(error) => host.shared.fatal.raise(&error.to_string()),
            }
            drop(token);
        });
    }

    /// A flush is durable: everything up to it is folded, in order, and answered.
    fn flushed(self: &Rc<Self>, id: PartitionId) {
        let flushes = self
            .shared
            .flushes
            .fetch_add(1, Ordering::AcqRel)
            .saturating_add(1);
        if self.shared.settings.crash_after_flush == Some(flushes) {
            std::process::abort();
        }
        metrics::counter!(series::JOURNAL_FLUSHES).increment(1);
        let mut ready = Vec::new();
        if let Some(held) = self.partitions.borrow_mut().get_mut(&id) {
            let durable = held.journal.flushed();
            while held
                .waiting
                .front()
                .is_some_and(|(position, _)| *position <= durable)
            {
                ready.extend(held.waiting.pop_front().map(|(_, entity)| entity));
            }
        }
        self.flush(id);
        for entity in ready {
            self.advance(&entity);
        }
        super::barrier::answer(self, id);
    }

    /// Lets an entity fold what is durable.
    fn advance(self: &Rc<Self>, entity: &Entity) {
        match entity {
            Entity::User(user) => {
                let entry = self.users.borrow().get(user).cloned();
                if let Some(entry) = entry {
                    super::user::advance(&entry.cell);
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
    pub(super) fn durable(&self, entity: &Entity) -> Position {
        self.with(entity, |partition| partition.journal.durable())
            .unwrap_or_default()
    }
}
