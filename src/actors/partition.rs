//! A partition on its arbiter: its journal, who waits for durability, what is covered, who falls due, and its ledger totals.
//!
//! It carries `core::journal`, `core::boundary` and `core::settlement`; it decides nothing.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

use streakline_core::{
    boundary::Deadlines,
    id::{Entity, PartitionId, Position},
    input::{Header, Input, Origin, RULES_VERSION},
    journal::{Coverage, Journal, Uncovered},
    ledger::Totals,
    poison::Suspects,
    settlement::Barriers,
};

use super::{aside, erased_sums::ErasedSums, host::Host, shared::BITS};
use crate::{
    clock,
    protocol::error_code::{Code, Refusal},
    storage::{
        Attachment, Error, SnapshotWrite,
        envelope::{Kind, plain},
        sealing::Draft,
    },
};

/// How many times the length of tail that forces snapshots is too much.
const OVERRUN: u64 = 4;

/// The partition's own row in the store.
#[derive(Clone, Debug, minicbor::Encode, minicbor::Decode)]
pub(super) struct PartitionRow {
    /// The newest stamp that was given, POSIX ms.
    #[n(0)]
    pub(super) last_stamp_ms: i64,
    /// Sums with everything that is in snapshots.
    #[n(1)]
    pub(super) totals: Totals,
    /// Snapshots cover all inputs before this position: a start reads the journal from here on.
    #[n(2)]
    pub(super) uncovered_from: Option<Position>,
    /// Sums of the transfers of users who were erased: their rows are gone, the amounts stay in `totals`.
    #[n(3)]
    #[cbor(default)]
    pub(super) erased: ErasedSums,
}

impl PartitionRow {
    /// As it is stored; it is about nobody.
    pub(super) fn enveloped(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = minicbor::encode(self, &mut bytes);
        plain(Kind::Partition, RULES_VERSION, &bytes)
    }
}

/// One partition.
pub struct Partition {
    id: PartitionId,
    pub(super) journal: Journal<Draft>,
    /// Whose inputs become foldable in which order.
    pub(super) waiting: VecDeque<(Position, Entity)>,
    pub(super) coverage: Coverage,
    /// The first input that is kept for an entity that cannot be read.
    pub(super) pinned: Option<Position>,
    pub(super) deadlines: Deadlines,
    pub(super) barriers: Barriers,
    /// Inputs of an earlier start that no snapshot covers, until their entity is activated.
    pub(super) tails: BTreeMap<Entity, Vec<(Header, Input)>>,
    /// Bytes of journal rows that `tails` came from; 0 once everything in it was offered to its entity.
    pub(super) tail_bytes: usize,
    /// Entities of a tail that was too much for memory at the start: it is read again when one of them is needed.
    pub(super) deferred: BTreeSet<Entity>,
    /// Sums with everything that is folded.
    pub(super) totals: Totals,
    /// Sums with everything that is in snapshots.
    pub(super) written: Totals,
    /// The part of them that belongs to nobody any more.
    pub(super) erased: ErasedSums,
    /// A row of it is on its way to the store by another road: no other is made before it is there.
    pub(super) row_is_held: bool,
    /// Where a fold has panicked once.
    pub(super) suspects: Suspects,
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
            pinned: None,
            deadlines: Deadlines::default(),
            barriers: Barriers::default(),
            tails: BTreeMap::new(),
            tail_bytes: 0,
            deferred: BTreeSet::new(),
            totals: written,
            written,
            erased: ErasedSums::default(),
            row_is_held: false,
            suspects: Suspects::default(),
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

    /// The flush in flight is durable: whose inputs may be folded now, and whether more of them wait for the next.
    pub(super) fn flushed(&mut self) -> (Vec<Entity>, bool) {
        let durable = self.journal.flushed();
        let is_ready = |(position, _): &(Position, Entity)| *position <= durable;
        let count = self.waiting.partition_point(is_ready);
        let ready = self.waiting.drain(..count).map(|(_, entity)| entity);
        (ready.collect(), !self.waiting.is_empty())
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

    /// An entity is gone for good, with everything that the journal has of it.
    pub(super) fn erased(&mut self, entity: &Entity) {
        self.coverage.covered(entity, None);
        self.tails.remove(entity);
        self.deferred.remove(entity);
        self.deadlines.set(entity, None);
    }

    /// An entity cannot be read: its inputs stay, but do not count against the tail's bounds.
    pub(super) fn pin(&mut self, entity: &Entity) {
        let first = self.coverage.position(entity);
        self.pinned = self.pinned.into_iter().chain(first).min();
        self.coverage.covered(entity, None);
        self.tails.remove(entity);
        self.deferred.remove(entity);
        self.deadlines.set(entity, None);
    }

    /// The first position that must be kept; everything before it is in snapshots.
    pub(super) fn uncovered_from(&self) -> Position {
        let first = self.coverage.first().into_iter().chain(self.pinned).min();
        first.unwrap_or_else(|| self.journal.next())
    }

    /// Lets the inputs of the tail go until they are needed.
    pub fn defer(&mut self) {
        self.deferred
            .extend(std::mem::take(&mut self.tails).into_keys());
        self.tail_bytes = 0;
    }

    /// Bytes of journal rows whose inputs wait in memory.
    #[must_use]
    pub fn tail_bytes(&self) -> usize {
        self.tail_bytes
    }

    /// Entities whose inputs of an earlier start are not folded.
    #[must_use]
    pub fn unfolded(&self) -> usize {
        self.tails.len().saturating_add(self.deferred.len())
    }

    /// The first input of an earlier start that is not folded.
    pub(super) fn first_unfolded(&self) -> Option<Position> {
        let waiting = self.tails.values().filter_map(|tail| tail.first());
        let waiting = waiting.map(|(header, _)| header.position);
        let deferred = self.deferred.iter();
        let deferred = deferred.filter_map(|entity| self.coverage.position(entity));
        waiting.chain(deferred).min()
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
        let row = PartitionRow {
            last_stamp_ms: self.journal.last_stamp_ms(),
            totals: self.written,
            uncovered_from: Some(self.uncovered_from()),
            erased: self.erased.clone(),
        };
        row.enveloped()
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
        let drafts = with.into_iter().map(|attachment| Draft {
            subject: aside::subject(&attachment).or_else(|| input.subject()),
            attachment,
        });
        let drafts = drafts.collect();
        let id = entity.partition(BITS);
        let header = self.at(id, |partition| {
            let header = partition.journal.append(now_ms, origin, input, drafts);
            partition
                .waiting
                .push_back((header.position, entity.clone()));
            if !matches!(entity, Entity::Partition(_)) {
                partition.uncovered(entity, header.position);
            }
            header
        });
        self.flush_soon(id);
        header
    }

    /// Seals a snapshot and writes it with the partition's own row, which is made at the last moment: the rows of a partition
    /// reach the store in the order in which they were made.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn commit(&self, write: SnapshotWrite, booked: Totals) -> Result<(), Error> {
        let entity = write.entity.clone();
        let mut sealed = self.shared.seals.snapshot(write).await?;
        while self.with(&entity, |held| held.row_is_held) == Some(true) {
            clock::pause_ms(1).await;
        }
        let row = self.with(&entity, |held| held.row(booked));
        sealed.partition_row = row.unwrap_or_default();
        self.shared.store.commit(sealed).await
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
    pub(super) fn is_overrun(&self, id: PartitionId) -> bool {
        let most = self.shared.settings.tail_bytes_max.saturating_mul(OVERRUN);
        let depth = |held: &mut Partition| held.coverage.depth_bytes(held.journal.written_bytes());
        self.at(id, depth).is_some_and(|depth| depth > most)
    }

    /// Refuses a change where the tail is overrun.
    ///
    /// # Errors
    /// `overloaded`: it may be asked for again.
    pub(super) fn check_tail(&self, entity: &Entity) -> Result<(), Refusal> {
        let words = "snapshots do not keep up with what is written; try again";
        let overrun = self.is_overrun(entity.partition(BITS));
        (!overrun)
            .then_some(())
            .ok_or_else(|| Refusal::new(Code::Overloaded, words))
    }
}
