//! What the server needs of a store: one small trait a need, and the rows that travel through them.
//!
//! A store keeps bytes under keys and knows nothing of rules; what the bytes mean is `streakline_core`'s business. Every implementation
//! passes one contract suite (`contract`). Called by `actors` and `api`; never imports them.

pub mod bulk;
#[cfg(test)]
mod contract;
pub mod copy;
mod data_keys;
pub mod embedded;
pub mod envelope;
mod erasure;
#[cfg(feature = "fault-injection")]
pub mod faulty;
mod keeping;
pub mod memory;
pub mod scylla;
pub mod sealing;

use std::{collections::BTreeMap, future::Future, pin::Pin};

use futures_util::future::try_join_all;
use streakline_core::{
    civil::Day,
    id::{ChallengeId, DeviceId, Entity, PartitionId, Position, UserId},
    manual::ManualPolicy,
};

pub use data_keys::{KeyRow, Keys};
pub use erasure::{Erasure, Gone, Traces};
pub use keeping::Keeping;

/// What every call answers: it may wait for a disk or for other machines.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Why a store did not do what was asked; callers treat these differently.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The store is away or full: nothing more can be promised until the process starts again.
    #[error(
        "the store cannot be written or read: {0}; make room or give access and start again, what \
         was acknowledged is kept"
    )]
    Unavailable(String),
    /// What is stored is not what was written: a checksum, a kind or a form is wrong, or a part is
    /// missing.
    #[error("stored data is damaged: {0}; none of it is served, restore a backup")]
    Damaged(String),
    /// The directory is not ours: another server has it open, or it was made with other settings.
    #[error("the store is not usable: {0}")]
    Refused(String),
}

impl Error {
    /// The same, saying where.
    fn at(self, path: &std::path::Path) -> Self {
        let at = |what: String| format!("{what} ({})", path.display());
        match self {
            Self::Unavailable(what) => Self::Unavailable(at(what)),
            Self::Damaged(what) => Self::Damaged(at(what)),
            Self::Refused(what) => Self::Refused(at(what)),
        }
    }

    /// The same, saying of which row.
    #[must_use]
    pub fn of(self, row: &str) -> Self {
        match self {
            Self::Damaged(what) => Self::Damaged(format!("{row}: {what}")),
            other => other,
        }
    }

    fn unfinished_copy() -> Self {
        Self::Refused(
            "it holds a copy that is not finished; run the same `streakline copy` again, and it goes on".into(),
        )
    }

    fn missing_chunk(id: ChunkId) -> Self {
        Self::Damaged(format!(
            "chunk {} of {} is missing",
            id.number,
            id.day.iso()
        ))
    }

    fn position_taken(row: &JournalRow) -> Self {
        let Position { epoch, index } = row.first;
        let partition = row.partition;
        Self::Damaged(format!(
            "position {epoch}/{index} of {partition} has another row"
        ))
    }

    fn other_format(stored: u64, ours: u64) -> Self {
        Self::Refused(format!(
            "its rows are of format {stored} and this server reads format {ours}; start the version \
             that made it"
        ))
    }

    fn other_policy(stored: &str, asked: ManualPolicy) -> Self {
        let asked = asked.name();
        Self::Refused(format!(
            "it was made with rules.manual_policy = \"{stored}\" and this server is started with \"{asked}\", which would change \
             what days already came to; set it to \"{stored}\", or start with a new data directory"
        ))
    }

    fn other_bits(stored: u32, asked: u32) -> Self {
        Self::Refused(format!(
            "it was made with {stored} partition bits and this server has {asked}; start the version \
             that made it"
        ))
    }
}

/// All inputs of one flush of one partition, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Whose journal.
    pub partition: PartitionId,
    /// Position of the first input in it.
    pub first: Position,
    /// Position of the last input in it.
    pub last: Position,
    /// The inputs, encoded by `core::journal`, sealed user by user by `sealing`.
    pub bytes: Vec<u8>,
    /// Rows that become durable in the same step, or not at all; they are not part of what `tail`
    /// reads.
    pub attachments: Vec<Attachment>,
}

/// A row that must be durable exactly when the input that caused it is (ADR 0007).
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum Attachment {
    /// The answer to a request with an idempotency key.
    #[n(0)]
    Idempotency(#[n(0)] IdempotencyKey, #[n(1)] StoredAnswer),
    /// A challenge exists.
    #[n(1)]
    ChallengeListed(#[n(0)] ChallengeId),
    /// A draft was deleted.
    #[n(2)]
    ChallengeUnlisted(#[n(0)] ChallengeId),
    /// An input is put aside (ADR 0015): its sealed row.
    #[n(3)]
    Stuck(
        #[n(0)] StuckId,
        #[cbor(n(1), with = "minicbor::bytes")] Vec<u8>,
    ),
    /// What was put aside is offered again, or given up.
    #[n(4)]
    Unstuck(#[n(0)] StuckId),
}

/// Names what was put aside by its place in the journal, which is never used twice.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode,
)]
pub struct StuckId {
    /// Whose journal.
    #[n(0)]
    pub partition: PartitionId,
    /// The input's place in it.
    #[n(1)]
    pub position: Position,
}

/// Whose key, and the key.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode,
)]
pub struct IdempotencyKey {
    /// `user:ann`, `admin:ann` or `admin-key`.
    #[n(0)]
    pub principal: String,
    /// As the client sent it.
    #[n(1)]
    pub key: String,
}

/// What a repeated request is answered with.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct IdempotencyRecord {
    /// SHA-256 over method, path and body.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub request_digest: [u8; 32],
    /// HTTP status.
    #[n(1)]
    pub status: u16,
    /// `Location`, where the answer had one.
    #[n(2)]
    pub location: Option<String>,
    /// `ETag`, where the answer had one.
    #[n(3)]
    pub etag: Option<String>,
    /// The JSON body.
    #[n(4)]
    pub body: String,
    /// Forgotten from then on, POSIX ms of the machine's clock.
    #[n(5)]
    pub expires_ms: i64,
}

impl IdempotencyRecord {
    /// As it is attached to an input: sealed with the flush.
    #[must_use]
    pub fn unsealed(&self) -> StoredAnswer {
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = minicbor::encode(self, &mut bytes);
        StoredAnswer {
            expires_ms: self.expires_ms,
            bytes,
        }
    }

    /// Reads it back.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn read(payload: &[u8]) -> Result<Self, Error> {
        let record = minicbor::decode(payload);
        record.map_err(|error| Error::Damaged(format!("a stored answer: {error}")))
    }
}

/// An [`IdempotencyRecord`] as the store keeps it: about whom it is and what it says is sealed.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct StoredAnswer {
    /// Forgotten from then on, POSIX ms of the machine's clock.
    #[n(0)]
    pub expires_ms: i64,
    /// The sealed record.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// Name of one immutable chunk of a user's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// The civil day that its records start in.
    pub day: Day,
    /// Never used twice by one user.
    pub number: u64,
}

/// Everything that one snapshot makes durable, in one step on one machine; in this order elsewhere
/// (design.md 5): chunks, the snapshot row, the rest.
#[derive(Clone, Debug)]
pub struct SnapshotWrite {
    /// Whose state.
    pub entity: Entity,
    /// Its partition.
    pub partition: PartitionId,
    /// All inputs up to here are in it.
    pub covered: Position,
    /// The sealed state, manifest included. Until `sealing` has gone through it, this and all other bytes but those of the
    /// partition's row are unsealed.
    pub state: Vec<u8>,
    /// New chunks, sealed.
    pub chunks: Vec<(ChunkId, Vec<u8>)>,
    /// Chunks that the manifest no longer names.
    pub dropped_chunks: Vec<ChunkId>,
    /// New facts by number, sealed.
    pub facts: Vec<(u64, Vec<u8>)>,
    /// New transfers by the number of their fact, sealed.
    pub transfers: Vec<(u64, Vec<u8>)>,
    /// New changes by number, sealed.
    pub changes: Vec<(u64, Vec<u8>)>,
    /// Standing rows of this user; `None` removes the row.
    pub standings: Vec<(ChallengeId, Option<Vec<u8>>)>,
    /// The deadline whose due row this snapshot replaces, POSIX ms.
    pub due_before_ms: Option<i64>,
    /// The deadline to wake this entity at, POSIX ms.
    pub due_ms: Option<i64>,
    /// The partition's own row: last stamp and ledger totals with this snapshot's transfers in
    /// them.
    pub partition_row: Vec<u8>,
}

impl SnapshotWrite {
    /// A snapshot with a state and no rows beside it.
    #[must_use]
    pub fn of_state(
        (entity, partition): (Entity, PartitionId),
        covered: Position,
        state: Vec<u8>,
    ) -> Self {
        Self {
            entity,
            partition,
            covered,
            state,
            chunks: Vec::new(),
            dropped_chunks: Vec::new(),
            facts: Vec::new(),
            transfers: Vec::new(),
            changes: Vec::new(),
            standings: Vec::new(),
            due_before_ms: None,
            due_ms: None,
            partition_row: Vec::new(),
        }
    }

    /// The user whose chunks, facts, transfers, changes and standings these are; `None` when there are none.
    ///
    /// # Errors
    /// [`Error::Refused`] when such rows come with an entity that is not a user.
    pub fn user(&self) -> Result<Option<&UserId>, Error> {
        if let Entity::User(user) = &self.entity {
            return Ok(Some(user));
        }
        let none = self.chunks.is_empty()
            && self.dropped_chunks.is_empty()
            && self.facts.is_empty()
            && self.transfers.is_empty()
            && self.changes.is_empty()
            && self.standings.is_empty();
        let refusal = "only a user has chunks, facts, transfers, changes and standings";
        if none {
            Ok(None)
        } else {
            Err(Error::Refused(refusal.into()))
        }
    }
}

/// The newest snapshot of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// All inputs up to here are in it.
    pub covered: Position,
    /// The sealed state.
    pub state: Vec<u8>,
}

/// The write-ahead journal.
pub trait Journal {
    /// Makes one flush durable, attachments included. Writing the same row again changes nothing; another row at the same position
    /// is [`Error::Damaged`].
    fn append(&self, row: JournalRow) -> Answer<'_, ()>;
    /// Whether rows of several partitions become durable by one sync, so that they are best handed over together.
    fn appends_together(&self) -> bool {
        false
    }
    /// [`Journal::append`] for rows of several partitions; done when all are durable.
    fn append_all(&self, rows: Vec<JournalRow>) -> Answer<'_, ()> {
        let appended = try_join_all(rows.into_iter().map(|row| self.append(row)));
        Box::pin(async { appended.await.map(drop) })
    }
    /// Rows of a partition that hold inputs after `after`, in order, until about `bytes_max` bytes,
    /// but at least one; empty at the end.
    fn tail(
        &self,
        partition: PartitionId,
        after: Option<Position>,
        bytes_max: usize,
    ) -> Answer<'_, Vec<JournalRow>>;
    /// May drop every segment whose rows all lie before the first uncovered position of their partition. A fully covered partition
    /// names the position that its next input will have. A partition that is missing from the map keeps all its rows: the map is
    /// gathered while others append, so that silence cannot mean covered. Dropped rows may come back after a crash.
    fn truncate(&self, first_uncovered: BTreeMap<PartitionId, Position>) -> Answer<'_, ()>;
}

/// Snapshots and chunks.
pub trait Snapshots {
    /// The newest snapshot of an entity.
    fn snapshot(&self, entity: &Entity) -> Answer<'_, Option<Snapshot>>;
    /// Chunks of a user, in the order asked for; a missing one is [`Error::Damaged`].
    fn chunks(&self, user: &UserId, ids: Vec<ChunkId>) -> Answer<'_, Vec<Vec<u8>>>;
    /// Makes a snapshot durable with all its rows. A write that covers less than the stored
    /// snapshot is ignored as a whole; one that covers as much is applied (chunks may be joined
    /// without an input).
    fn commit(&self, write: SnapshotWrite) -> Answer<'_, ()>;
    /// The partition's own row.
    fn partition_row(&self, partition: PartitionId) -> Answer<'_, Option<Vec<u8>>>;
}

/// What must be unique or listed across entities.
pub trait Catalogue {
    /// Binds a device to a user unless it is bound; answers whose it is. Durable when answered.
    fn claim_device(&self, device: DeviceId, user: &UserId) -> Answer<'_, UserId>;
    /// Challenge ids in rising order after `after`.
    fn challenges(&self, after: Option<ChallengeId>, limit: usize) -> Answer<'_, Vec<ChallengeId>>;
    /// The stored answer to a key; the caller judges its expiry.
    fn idempotency(&self, key: &IdempotencyKey) -> Answer<'_, Option<StoredAnswer>>;
    /// Forgets keys that expired before `now_ms`, at most `limit`; answers how many. They may come
    /// back after a crash.
    fn forget_expired(&self, now_ms: i64, limit: usize) -> Answer<'_, usize>;
}

/// Rows that are read in pages: a user's facts, transfers and changes, a challenge's standings.
pub trait Rows {
    /// Facts of a user numbered above `after`, in order.
    fn facts(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>>;
    /// Transfers of a user whose fact is numbered above `after`, in order.
    fn transfers(&self, user: &UserId, after: u64, limit: usize)
    -> Answer<'_, Vec<(u64, Vec<u8>)>>;
    /// Changes of a user numbered above `after`, in order.
    fn changes(&self, user: &UserId, after: u64, limit: usize) -> Answer<'_, Vec<(u64, Vec<u8>)>>;
    /// Standing rows of a challenge after the row of `after`, in the store's own order.
    fn standings(
        &self,
        challenge: ChallengeId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<(UserId, Vec<u8>)>>;
}

/// Deadlines of entities that are not in memory.
pub trait DueRows {
    /// Due rows of a partition with a deadline at or before `up_to_ms`, earliest first.
    fn due(
        &self,
        partition: PartitionId,
        up_to_ms: i64,
        limit: usize,
    ) -> Answer<'_, Vec<(i64, Entity)>>;
    /// The earliest deadline of a partition.
    fn earliest_due(&self, partition: PartitionId) -> Answer<'_, Option<i64>>;
}

/// Inputs that were put aside; they come and go as attachments of journal rows.
pub trait StuckRows {
    /// One row.
    fn stuck_row(&self, id: StuckId) -> Answer<'_, Option<Vec<u8>>>;
    /// Rows after `after`, by partition and position.
    fn stuck(&self, after: Option<StuckId>, limit: usize) -> Answer<'_, Vec<(StuckId, Vec<u8>)>>;
}

/// Who owns the store, and its clock.
pub trait Ownership {
    /// Checks a policy against the store's own (writing it into a new store), durably. States were folded by it, so it never
    /// changes; a store that was begun without one has the default.
    fn fix_manual_policy(&self, policy: ManualPolicy) -> Answer<'_, ()>;
    /// Checks `bits` against the store's own (writing it into a new store) and raises the epoch by
    /// one, durably.
    fn raise_epoch(&self, bits: u32) -> Answer<'_, u64>;
    /// The virtual clock as last stored, POSIX ms.
    fn clock(&self) -> Answer<'_, Option<i64>>;
    /// Stores the virtual clock, and the answer to the request that moved it, in one durable step.
    fn set_clock(
        &self,
        now_ms: i64,
        answer: Option<(IdempotencyKey, StoredAnswer)>,
    ) -> Answer<'_, ()>;
    /// Says that this server writes nothing more: commands that work without a server may read and write after it. A store in a
    /// directory sees that by its lock, and gives back room that it took for more.
    fn leave(&self) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }
    /// Durable syncs made since the start; a test holds it against the flushes that were
    /// acknowledged.
    fn syncs(&self) -> u64;
    /// The first fault that makes every later write fail, if there was one; readiness shows it.
    fn fault(&self) -> Option<String>;
    /// Why nothing is answered at the moment, if so; it passes by itself, and readiness shows it. Only a store on other machines
    /// can be away.
    fn away(&self) -> Option<String> {
        None
    }
}

/// A whole store.
pub trait Store:
    Journal
    + Snapshots
    + Catalogue
    + Rows
    + DueRows
    + StuckRows
    + Keys
    + Erasure
    + Ownership
    + Keeping
    + Send
    + Sync
{
}

impl<T> Store for T where
    T: Journal
        + Snapshots
        + Catalogue
        + Rows
        + DueRows
        + StuckRows
        + Keys
        + Erasure
        + Ownership
        + Keeping
        + Send
        + Sync
{
}
