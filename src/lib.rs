<<<<<<< HEAD
//! Streakline: a real-time gamification server for device streams.
=======
//! The Streakline server: everything around the pure rules of `streakline_core`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that fails may panic")
)]
>>>>>>> wt-b

pub mod actors;
pub mod api;
pub mod protocol;
pub mod push;
pub mod storage;
pub mod zones;
