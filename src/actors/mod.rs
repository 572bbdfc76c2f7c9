//! One actor per user and one per challenge, and the doors to them. They carry; `streakline_core` decides.
//!
//! `gateway` and `api` use [`directory::Directory`] and the words of [`message`], nothing else of this folder.

pub mod directory;
pub mod message;
