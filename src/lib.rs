//! Streakline: a real-time gamification server for device streams.

pub mod actors;
pub mod api;
pub mod protocol;
pub mod push;
pub mod storage;
pub mod zones;
