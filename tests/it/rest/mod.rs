//! REST against the real process: what each resource promises (protocol.md 1, 7, 8, 9).

mod boards;
mod browsers;
mod challenges;
mod clock;
mod days;
pub(crate) mod erasure;
mod explain;
pub(crate) mod exports;
mod goals;
pub(crate) mod http;
mod idempotency;
mod imports;
mod joining;
mod kinds;
mod lists;
mod manual;
pub(crate) mod people;
mod prizes;
mod problems;
mod reads;
mod retention;
mod settlement;
mod simulation;
mod streaks;
mod targets;
mod terms;
mod users;
