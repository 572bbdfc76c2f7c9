    allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")
    test,
#![cfg_attr(
)]
//! A real-time gamification server for device streams.
//! Streakline: a real-time gamification server for device streams.

pub mod actors;
pub mod protocol;
pub mod push;
pub mod storage;
pub mod zones;
