//! Deleting a user for good: the rows, then what is left of them in files (ADR 0031).

use streakline_core::id::{ChallengeId, DeviceId, PartitionId, UserId};

use super::{Answer, KeyRow};

/// What is to be deleted. A store that finds a user's rows by looking through its tables needs no list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    /// Whose.
    pub user: UserId,
    /// The user's partition.
    pub partition: PartitionId,
    /// Devices that the user has bound.
    pub devices: Vec<DeviceId>,
    /// Challenges in which the user has, or had, a row.
    pub challenges: Vec<ChallengeId>,
    /// The deadline of the user's due row, POSIX ms.
    pub due_ms: Option<i64>,
    /// What shall be left of the user's data key; nothing where the user had none.
    pub key: Option<KeyRow>,
    /// The partition's own row, in which the amounts of the user's transfers stay as those of nobody.
    pub partition_row: Vec<u8>,
}

/// Until when what was deleted may still be in the store's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It is in none of them.
    Done,
    /// Until then at the latest, POSIX ms of the machine's clock: the store joins its files when it likes.
    By(i64),
}

/// Deletes users.
pub trait Erasure {
    /// Deletes every row of a user but those of the journal, and overwrites the key; durable when answered. Doing it again
    /// changes nothing. Nobody writes about the user meanwhile.
    fn erase(&self, traces: Traces) -> Answer<'_, ()>;
    /// Sees to it that no file holds what was deleted before the call. It may take long, and others may read and write
    /// meanwhile. A store that was stopped in the middle of it goes on with it when it is opened again.
    fn purge(&self) -> Answer<'_, Gone>;
}
