//! The Streakline server: everything around the pure rules of `streakline_core`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that fails may panic")
)]

pub mod storage;
