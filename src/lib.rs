//! Streakline: a real-time gamification server for device streams.

pub mod cli;
pub mod entropy;
pub mod keys;
pub mod zones;
