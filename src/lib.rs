//! Streakline: a real-time gamification server for device streams.

pub mod actors;
pub mod cli;
pub mod entropy;
pub mod keys;
pub mod protocol;
pub mod push;
pub mod storage;
pub mod zones;
