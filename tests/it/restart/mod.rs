//! Ends and starts of a busy server: a drain under load, crashes in the middle of a recovery, and a recovery that is large.

mod crashes;
mod drain;
mod recovery;
mod resuming;
pub(crate) mod scene;
