//! A board that is too large for one arbiter (domain.md 6.3): users are spread over parts by a hash, each part keeps its own rows in
//! order and tells the whole its first rows and how many rows have which score. The whole knows its first thousand exactly and
//! every other rank within a bound, whatever the number of users.
//!
//! A report is idempotent and the newest wins, so that it may come twice and after a restart whole.

mod bucket;
mod histogram;
mod root;
mod shard;

pub use histogram::{Changed, Estimate, Histogram};
pub use root::Root;
pub use shard::{Report, Shard};

/// Rows whose order is exact.
pub const HEAD_ROWS: usize = 1_000;

#[cfg(test)]
mod tests;
