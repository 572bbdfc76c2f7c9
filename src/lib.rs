//! A real-time gamification server for device streams.

pub mod zones;
