//! Streakline: a real-time gamification server for device streams.

pub mod entropy;
pub mod keys;
