//! REST against the real process: every route and role, and what each resource promises (protocol.md 1, 7, 8, 9).

mod boards;
mod browsers;
mod challenges;
mod clock;
mod days;
mod goals;
mod http;
mod idempotency;
mod joining;
mod lists;
mod people;
mod problems;
mod reads;
mod roles;
mod settlement;
mod users;
