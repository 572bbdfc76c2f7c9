//! A real-time gamification server for device streams.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")
)]

pub mod zones;
