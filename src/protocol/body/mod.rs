//! JSON bodies of protocol.md 7, made from core's views; the stream's states and snapshot share them.
//!
//! Nothing is computed or decided here. `api` answers with these types, `server_frame` puts them into frames.

pub mod board;
pub mod campaign;
pub mod challenge;
pub mod day;
pub mod device;
pub mod device_key;
pub mod event;
pub mod explain;
pub mod goal;
mod instruments;
pub mod ledger;
pub(crate) mod quantity;
mod settled;
pub mod simulation;
pub mod streak;
pub mod template;
pub mod user;

use serde::Serialize;
use utoipa::ToSchema;

pub use board::{Audience, Board, OwnRow, RankState, Row};
pub use campaign::Campaign;
pub use challenge::{Challenge, Cycle, Enrolment};
pub use day::Day;
pub use device::Device;
pub use device_key::DeviceKey;
pub use event::{Event, Events};
pub use goal::Goal;
pub use ledger::{Balance, LedgerSummary, Transfer};
pub use simulation::Simulation;
pub use streak::{Pause, Streak, StreakRule, Verdict};
pub use template::Template;
pub use user::User;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Cursor of the page after this one; null at the end.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests;
