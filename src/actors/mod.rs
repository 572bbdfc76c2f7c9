//! One actor per user and one per challenge, and the doors to them. They carry; `streakline_core` decides.
//!
//! `gateway` and `api` use [`directory::Directory`] and the words of [`message`], nothing else of this folder.

mod barrier;
mod challenge;
pub mod damage;
pub mod directory;
pub mod host;
pub mod message;
pub mod partition;
pub mod recovery;
pub mod shared;
#[cfg(test)]
mod tests;
mod upkeep;
mod user;
