//! The Streakline server: everything around the pure rules of `streakline_core`.

pub mod storage;
