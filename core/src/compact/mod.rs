//! Inputs and records in few bytes, told by what those before them let expect (ADR 0046): the inputs of one user in a flush, and
//! the records since a snapshot.
//!
//! Unlike a chunk, which is written once and packed as tightly as can be, these are written record by record while devices wait,
//! so a record costs tens of nanoseconds and a few bytes. What it costs to be stored for years is `chunk`'s.

mod bytes;
mod group;
mod rows;

pub(crate) use bytes::{Reader, length, number};
pub(crate) use group::{FORMAT, read};
pub use group::{Group, Place};
pub(crate) use rows::Rows;
