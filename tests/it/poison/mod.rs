//! Inputs whose fold panics, by their content, so that they do so again at every replay and every start: they are passed over,
//! everybody else goes on, and an operator finds them with `streakline stuck` (ADR 0015).

mod challenges;
mod holds;
mod scene;
mod skips;
