//! All rows of a store, table by table, in a form that no store owns: how they travel from one store to another (`copy`) and how
//! everything that is stored is looked at (`streakline audit`).
//!
//! What is sealed stays sealed. A page is bounded by its bytes; the cursor after it is the store's own and means nothing
//! elsewhere. Implemented by every store, beside the traits of `storage`.

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use streakline_core::{
    id::{ChallengeId, DeviceId, Entity, PartitionId, UserId},
    limits,
};

use super::{
    Answer, ChunkId, Error, IdempotencyKey, JournalRow, KeyRow, Snapshot, Store, StoredAnswer,
    StuckId,
    envelope::{self, KeyId, Kind},
};

/// A table that travels. Numbers are for ever; a copy goes in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum BulkTable {
    /// What the store says of itself.
    #[n(1)]
    Settings,
    /// Data keys of users, wrapped.
    #[n(15)]
    Keys,
    /// Which key a user has.
    #[n(16)]
    KeyOwners,
    /// A partition's own row.
    #[n(2)]
    Partitions,
    /// Whose a device is.
    #[n(3)]
    Devices,
    /// Challenges that are listed.
    #[n(4)]
    Challenges,
    /// Answers to repeated requests.
    #[n(5)]
    Idempotency,
    /// Newest states.
    #[n(6)]
    Snapshots,
    /// Records of user-days.
    #[n(7)]
    Chunks,
    /// Facts of users.
    #[n(8)]
    Facts,
    /// Transfers of users.
    #[n(9)]
    Transfers,
    /// Changes of users.
    #[n(10)]
    Changes,
    /// Rows of boards.
    #[n(11)]
    Standings,
    /// Deadlines of who is not in memory.
    #[n(12)]
    Due,
    /// Inputs that were put aside.
    #[n(13)]
    Stuck,
    /// The journal's rows that are still kept.
    #[n(14)]
    Journal,
}

impl BulkTable {
    /// Every table, in the order of a copy.
    pub const ALL: [Self; 16] = [
        Self::Settings,
        Self::Keys,
        Self::KeyOwners,
        Self::Partitions,
        Self::Devices,
        Self::Challenges,
        Self::Idempotency,
        Self::Snapshots,
        Self::Chunks,
        Self::Facts,
        Self::Transfers,
        Self::Changes,
        Self::Standings,
        Self::Due,
        Self::Stuck,
        Self::Journal,
    ];

    /// As a person reads it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Keys => "keys",
            Self::KeyOwners => "key owners",
            Self::Partitions => "partitions",
            Self::Devices => "devices",
            Self::Challenges => "challenges",
            Self::Idempotency => "answers",
            Self::Snapshots => "snapshots",
            Self::Chunks => "chunks",
            Self::Facts => "facts",
            Self::Transfers => "transfers",
            Self::Changes => "changes",
            Self::Standings => "standings",
            Self::Due => "due",
            Self::Stuck => "stuck",
            Self::Journal => "journal",
        }
    }
}

/// What a store says of itself, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Setting {
    /// Partition bits.
    Bits = 1,
    /// Number of the manual policy.
    ManualPolicy = 2,
    /// The last epoch.
    Epoch = 3,
    /// The virtual clock, the bits of an i64 of POSIX ms.
    ClockMs = 4,
    /// Number of the rule of retention.
    Retention = 5,
}

impl Setting {
    /// Every setting.
    pub const ALL: [Self; 5] = [
        Self::Bits,
        Self::ManualPolicy,
        Self::Epoch,
        Self::ClockMs,
        Self::Retention,
    ];
}

/// One row of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkRow {
    /// Of [`BulkTable::Settings`].
    Setting(Setting, u64),
    /// Of [`BulkTable::Settings`]: which master keys the data keys need.
    MasterKeys(Vec<u8>),
    /// Of [`BulkTable::Keys`].
    Key(KeyRow),
    /// Of [`BulkTable::KeyOwners`].
    KeyOwner(UserId, KeyId),
    /// Of [`BulkTable::Partitions`].
    Partition(PartitionId, Vec<u8>),
    /// Of [`BulkTable::Devices`].
    Device(DeviceId, UserId),
    /// Of [`BulkTable::Challenges`].
    Challenge(ChallengeId),
    /// Of [`BulkTable::Idempotency`].
    Idempotency(IdempotencyKey, StoredAnswer),
    /// Of [`BulkTable::Snapshots`].
    Snapshot(Entity, Snapshot),
    /// Of [`BulkTable::Chunks`].
    Chunk(UserId, ChunkId, Vec<u8>),
    /// Of [`BulkTable::Facts`].
    Fact(UserId, u64, Vec<u8>),
    /// Of [`BulkTable::Transfers`].
    Transfer(UserId, u64, Vec<u8>),
    /// Of [`BulkTable::Changes`].
    Change(UserId, u64, Vec<u8>),
    /// Of [`BulkTable::Standings`].
    Standing(ChallengeId, UserId, Vec<u8>),
    /// Of [`BulkTable::Due`].
    Due(PartitionId, i64, Entity),
    /// Of [`BulkTable::Stuck`].
    Stuck(StuckId, Vec<u8>),
    /// Of [`BulkTable::Journal`]; what was attached is in its own tables.
    Journal(JournalRow),
}

impl BulkRow {
    /// Whose row it is.
    #[must_use]
    pub fn table(&self) -> BulkTable {
        match self {
            Self::Setting(..) | Self::MasterKeys(_) => BulkTable::Settings,
            Self::Key(_) => BulkTable::Keys,
            Self::KeyOwner(..) => BulkTable::KeyOwners,
            Self::Partition(..) => BulkTable::Partitions,
            Self::Device(..) => BulkTable::Devices,
            Self::Challenge(..) => BulkTable::Challenges,
            Self::Idempotency(..) => BulkTable::Idempotency,
            Self::Snapshot(..) => BulkTable::Snapshots,
            Self::Chunk(..) => BulkTable::Chunks,
            Self::Fact(..) => BulkTable::Facts,
            Self::Transfer(..) => BulkTable::Transfers,
            Self::Change(..) => BulkTable::Changes,
            Self::Standing(..) => BulkTable::Standings,
            Self::Due(..) => BulkTable::Due,
            Self::Stuck(..) => BulkTable::Stuck,
            Self::Journal(..) => BulkTable::Journal,
        }
    }

    /// About what it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const KEY_BYTES: usize = 48;
        let value = match self {
            Self::Setting(..)
            | Self::KeyOwner(..)
            | Self::Device(..)
            | Self::Challenge(..)
            | Self::Due(..) => 0,
            Self::Key(key) => key.bytes.len(),
            Self::Idempotency(_, answer) => answer.bytes.len(),
            Self::Snapshot(_, snapshot) => snapshot.state.len(),
            Self::Journal(row) => row.bytes.len(),
            Self::MasterKeys(bytes)
            | Self::Partition(_, bytes)
            | Self::Chunk(_, _, bytes)
            | Self::Fact(_, _, bytes)
            | Self::Transfer(_, _, bytes)
            | Self::Change(_, _, bytes)
            | Self::Standing(_, _, bytes)
            | Self::Stuck(_, bytes) => bytes.len(),
        };
        value.saturating_add(KEY_BYTES)
    }

    /// SHA-256 over its table and its fields, each with its length before it: the same in every store.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Fields(Sha256::new());
        hash.field(self.table().name().as_bytes());
        match self {
            Self::Setting(setting, value) => {
                hash.field(&[*setting as u8]).number(*value);
            }
            Self::MasterKeys(bytes) => {
                hash.field(bytes);
            }
            Self::Key(key) => {
                hash.field(&key.id.0).field(&key.bytes);
            }
            Self::KeyOwner(user, id) => {
                hash.user(user).field(&id.0);
            }
            Self::Partition(id, bytes) => {
                hash.number(id.0.into()).field(bytes);
            }
            Self::Device(id, user) => {
                hash.field(&id.0).user(user);
            }
            Self::Challenge(id) => {
                hash.field(&id.0);
            }
            Self::Idempotency(key, answer) => {
                hash.field(key.principal.as_bytes())
                    .field(key.key.as_bytes());
                hash.number(signed(answer.expires_ms)).field(&answer.bytes);
            }
            Self::Snapshot(of, snapshot) => {
                hash.entity(of).number(snapshot.covered.epoch);
                hash.number(snapshot.covered.index).field(&snapshot.state);
            }
            Self::Chunk(user, id, bytes) => {
                hash.user(user).number(signed(id.day.0.into()));
                hash.number(id.number).field(bytes);
            }
            Self::Fact(user, number, bytes)
            | Self::Transfer(user, number, bytes)
            | Self::Change(user, number, bytes) => {
                hash.user(user).number(*number).field(bytes);
            }
            Self::Standing(id, user, bytes) => {
                hash.field(&id.0).user(user).field(bytes);
            }
            Self::Due(id, at_ms, of) => {
                hash.number(id.0.into()).number(signed(*at_ms)).entity(of);
            }
            Self::Stuck(id, bytes) => {
                hash.number(id.partition.0.into()).number(id.position.epoch);
                hash.number(id.position.index).field(bytes);
            }
            Self::Journal(row) => hash.journal(row),
        }
        hash.0.finalize().into()
    }
}

fn signed(number: i64) -> u64 {
    number.cast_unsigned()
}

/// Fields on their way into a digest.
struct Fields(Sha256);

impl Fields {
    fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.field(&number.to_be_bytes())
    }

    fn user(&mut self, user: &UserId) -> &mut Self {
        self.field(user.as_str().as_bytes())
    }

    fn entity(&mut self, entity: &Entity) -> &mut Self {
        match entity {
            Entity::User(id) => self.number(1).user(id),
            Entity::Challenge(id) => self.number(2).field(&id.0),
            Entity::Partition(id) => self.number(3).number(id.0.into()),
        }
    }

    fn journal(&mut self, row: &JournalRow) {
        self.number(row.partition.0.into());
        for position in [row.first, row.last] {
            self.number(position.epoch).number(position.index);
        }
        self.field(&row.bytes);
    }
}

/// How many rows a table has, and the sum of their digests modulo 2^256: the same in whatever order they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableDigest {
    /// Rows.
    pub rows: u64,
    sum: [u8; 32],
}

impl TableDigest {
    /// Takes one more row in.
    pub fn add(&mut self, row: &BulkRow) {
        self.rows = self.rows.saturating_add(1);
        let mut carry = 0_u16;
        let digits = self.sum.iter_mut().zip(row.digest());
        for (digit, more) in digits.rev() {
            let sum = u16::from(*digit) + u16::from(more) + carry;
            *digit = (sum & 0xFF) as u8;
            carry = sum >> 8;
        }
    }

    /// The sum's bytes.
    #[must_use]
    pub fn sum(&self) -> [u8; 32] {
        self.sum
    }

    /// The sum in hexadecimal.
    #[must_use]
    pub fn hex(&self) -> String {
        self.sum.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Rows of one table, and where the next page begins.
#[derive(Clone, Debug, Default)]
pub struct BulkPage {
    /// In the store's own order.
    pub rows: Vec<BulkRow>,
    /// What to go on from; `None` at the end of the table.
    pub next: Option<Vec<u8>>,
}

/// How far a copy into a store is; kept in that store until the copy is whole.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CopyMark {
    /// The digest of the source's settings when the copy began; another one has been used since, or is another store.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub source: [u8; 32],
    /// The table that is being copied.
    #[n(1)]
    pub table: BulkTable,
    /// The source's cursor in it.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub cursor: Option<Vec<u8>>,
}

impl CopyMark {
    /// As a store keeps it.
    pub(super) fn row(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = minicbor::encode(self, &mut payload);
        envelope::plain(Kind::Meta, 0, &payload)
    }

    pub(super) fn read(row: &[u8]) -> Result<Self, Error> {
        let mark = minicbor::decode(envelope::open_plain(Kind::Meta, row)?.payload);
        mark.map_err(|error| Error::Damaged(format!("the mark of a copy: {error}")))
    }
}

/// Reading and writing whole tables.
pub trait Bulk: Send + Sync {
    /// Rows of a table after a cursor, until about `bytes_max` bytes of them, but at least one where there is one.
    fn read_page(
        &self,
        table: BulkTable,
        cursor: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Answer<'_, BulkPage>;
    /// Makes rows durable, then how far the copy is; `None` says that it is whole. The same rows again change nothing.
    fn write_page(&self, rows: Vec<BulkRow>, mark: Option<CopyMark>) -> Answer<'_, ()>;
    /// How far a copy into this store is; while there is one, no server starts on it.
    fn copy_mark(&self) -> Answer<'_, Option<CopyMark>>;
}

/// A store whose rows can travel.
pub trait BulkStore: Store + Bulk {}

impl<T: Store + Bulk> BulkStore for T {}

/// Reads a whole table, page by page.
///
/// # Errors
/// What the store says, or `visit`.
pub async fn each_page(
    store: &dyn Bulk,
    table: BulkTable,
    mut visit: impl AsyncFnMut(Vec<BulkRow>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut cursor = None;
    loop {
        let page = store.read_page(table, cursor, limits::BULK_PAGE_BYTES);
        let page = page.await?;
        visit(page.rows).await?;
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

/// The digest of a whole table.
///
/// # Errors
/// What the store says.
pub async fn table_digest(store: &dyn Bulk, table: BulkTable) -> Result<TableDigest, Error> {
    let mut digest = TableDigest::default();
    each_page(store, table, async |rows| {
        rows.iter().for_each(|row| digest.add(row));
        Ok(())
    })
    .await?;
    Ok(digest)
}
