//! The export of one user (docs/export.md, ADR 0040): lines of JSON that a person reads, and beside them the rows that a server
//! needs. Made by `api`, read back by the commands; where rows come from and go to is theirs.

mod body;
#[cfg(feature = "fault-injection")]
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod line;
mod lines;
mod reader;
mod tally;

use streakline_core::{
    manual::ManualPolicy,
    retention::Retention,
    user::{User, portable::ChunkKey},
};

pub use header::{Header, OwnMetric};
pub use line::{Fault, Kind, Read};
pub use lines::{Lines, Unreadable};
pub use reader::Reader;

/// The form of the lines; another one gets another number.
pub const FORMAT: u64 = 1;

/// Everything that is stored of one user at one position, opened.
pub struct Life {
    /// The state, of a snapshot that covers everything, for reading.
    pub user: User,
    /// The clock, POSIX ms.
    pub now_ms: i64,
    /// What typed-in samples count for on this server.
    pub manual_policy: ManualPolicy,
    /// How long it keeps detail.
    pub retention: Retention,
    /// Chunks of records that the manifest names, in its order.
    pub records: Vec<(ChunkKey, Vec<u8>)>,
    /// Chunks of minutes that it names.
    pub minutes: Vec<(ChunkKey, Vec<u8>)>,
    /// Facts, in order.
    pub facts: Vec<Vec<u8>>,
    /// Transfers, in order.
    pub transfers: Vec<Vec<u8>>,
    /// Changes, in order.
    pub changes: Vec<Vec<u8>>,
}

#[cfg(test)]
mod tests;
