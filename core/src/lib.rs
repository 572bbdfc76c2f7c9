//! The rules of Streakline, and the protocols that carry them, as pure code.
//!
//! No clock, no socket, no thread, no hashing order: time, zones and stored records are arguments, and everything that
//! must happen outside comes back as a value. The server (`streakline`) and the simulator (`tests/sim`) drive it.
#![no_std]
#![deny(
    missing_docs,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "tests state their numbers plainly"
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod alias;
pub mod attest;
pub mod attribute;
pub mod boundary;
pub mod calendar;
pub mod campaign;
pub mod challenge;
pub mod change;
pub mod chunk;
pub mod civil;
mod compact;
pub mod day;
pub mod decimal;
pub mod definition;
pub mod delivery;
pub mod episode;
pub mod event;
#[cfg(feature = "fault-injection")]
pub mod fault;
pub mod goal;
pub mod id;
pub mod input;
pub mod journal;
pub mod leaderboard;
pub mod ledger;
pub mod limits;
pub mod manual;
pub mod merge;
pub mod metric;
pub mod period;
pub mod place;
pub mod poison;
pub mod record;
pub mod records;
pub mod retention;
pub mod sample;
pub mod scoring;
pub mod settlement;
pub mod small_map;
pub mod streak;
pub mod tail;
pub mod template;
pub mod user;
pub mod view;
pub mod wear;
pub mod zone;
