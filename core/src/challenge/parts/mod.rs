//! A board that is kept in parts while its challenge runs (domain.md 6.3, ADR 0074). Each part holds the rows of some users, fed by what
//! their partitions say; it tells the challenge its first rows and how many rows have which score, and hands all its rows over once
//! the challenge is over. From then on the board is a whole one like any other.
//!
//! Sans-io: the shell says which user's row is in which part, and carries reports, questions and rows.

mod board;
mod found;
mod gathering;
mod part;
mod resident;
mod whole;

use alloc::{string::String, vec::Vec};

use crate::{
    id::{Position, UserId},
    leaderboard::{RowKey, shards},
};

pub use found::{Found, Looked, Own, Want};
pub use gathering::{Known, Wants};
pub use part::Part;
pub use whole::Parted;

/// A row of a part, as it travels inside the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRow {
    /// Where it stands.
    pub key: RowKey<UserId>,
    /// By which enrolment of the user.
    pub join: u32,
    /// Place of the input that the score came with, in the user's partition.
    pub version: Position,
    /// The name that others see.
    pub alias: String,
}

/// What a part tells the challenge: what has changed since its last report, or everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Reports of this part so far.
    pub number: u64,
    /// It holds everything, not only what has changed.
    pub is_whole: bool,
    /// First rows, and rows by score.
    pub rows: shards::Report<UserId>,
    /// The names of the first rows, where those are told.
    pub aliases: Vec<String>,
}

#[cfg(test)]
pub(super) mod scene;
#[cfg(test)]
mod tests;
