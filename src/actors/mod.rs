//! One actor per user and one per challenge, and the doors to them. They carry; `streakline_core` decides.
//!
//! `gateway` and `api` use [`directory::Directory`] and the words of [`message`], nothing else of this folder.

mod admission;
mod aside;
mod barrier;
mod challenge;
mod chores;
pub mod damage;
pub mod directory;
mod erased_sums;
mod erasing;
pub mod erasures;
mod exporting;
mod figures;
mod flushing;
pub mod host;
mod idling;
pub mod message;
pub mod partition;
mod parts;
pub mod recovery;
mod reread;
pub mod shared;
#[cfg(test)]
mod tests;
pub mod turns;
mod upkeep;
mod user;
