//! How often a socket may do what: frames of any kind per second, bad frames per minute. Machine time is an argument.
//!
//! Called by `conversation` for every frame.

use std::{collections::VecDeque, sync::Arc};

use super::{backfill::Backfills, floods::SharedRate};

/// A bucket that fills steadily and holds two seconds' worth.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameRate {
    per_s: u64,
    /// Thousandths of a frame.
    left_milli: u64,
    filled_ms: u64,
}

impl FrameRate {
    /// A full bucket.
    pub(super) fn new(per_s: u32, now_ms: u64) -> Self {
        let per_s = u64::from(per_s.max(1));
        Self {
            per_s,
            left_milli: per_s * BURST_S * MILLI,
            filled_ms: now_ms,
        }
    }

    /// Counts a frame; false when there are too many.
    pub(super) fn admit(&mut self, now_ms: u64) -> bool {
        let since_ms = now_ms.saturating_sub(self.filled_ms);
        self.filled_ms = self.filled_ms.max(now_ms);
        // A bucket of n frames a second gains n thousandths a millisecond.
        let filled = self
            .left_milli
            .saturating_add(since_ms.saturating_mul(self.per_s));
        self.left_milli = filled.min(self.per_s * BURST_S * MILLI);
        let admitted = self.left_milli >= MILLI;
        self.left_milli = self.left_milli.saturating_sub(MILLI);
        admitted
    }

    /// Whether it holds all that it can: then a new one is the same.
    pub(super) fn is_full(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.filled_ms) >= BURST_S * MILLI
    }
}

/// The rates that a frame of one socket counts against: its own, and those that it shares.
#[derive(Debug)]
pub(super) struct Rates {
    socket: FrameRate,
    shared: Vec<Arc<SharedRate>>,
    /// Where a device's socket finds the rate of its backlog.
    pub(super) backfills: Backfills,
}

impl Rates {
    /// The rates of a new socket.
    pub(super) fn new(
        socket: FrameRate,
        shared: Vec<Arc<SharedRate>>,
        backfills: Backfills,
    ) -> Self {
        Self {
            socket,
            shared,
            backfills,
        }
    }

    /// Counts a frame; false when there are too many of this socket, its user or its address.
    pub(super) fn admit(&mut self, now_ms: u64) -> bool {
        self.socket.admit(now_ms) && self.shared.iter().all(|rate| rate.admit(now_ms))
    }
}

const BURST_S: u64 = 2;
const MILLI: u64 = 1_000;

/// Times of the latest bad frames: so many within a minute end the socket (protocol.md 6).
#[derive(Clone, Debug)]
pub(super) struct BadFrames {
    max: usize,
    at_ms: VecDeque<u64>,
}

const WINDOW_MS: u64 = 60_000;

impl BadFrames {
    /// `max` bad frames within a minute are too many.
    pub(super) fn new(max: u32) -> Self {
        Self {
            max: usize::try_from(max).unwrap_or(usize::MAX).max(1),
            at_ms: VecDeque::new(),
        }
    }

    /// Counts a bad frame; true when there are too many now.
    pub(super) fn add(&mut self, now_ms: u64) -> bool {
        let is_old = |at_ms: &u64| now_ms.saturating_sub(*at_ms) >= WINDOW_MS;
        while self.at_ms.front().is_some_and(is_old) {
            self.at_ms.pop_front();
        }
        self.at_ms.push_back(now_ms);
        self.at_ms.len() >= self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_admitted_and_a_flood_is_not() {
        let mut rate = FrameRate::new(10, 0);
        let admitted = (0..30).filter(|_| rate.admit(0)).count();
        assert_eq!(admitted, 20);
        assert!(!rate.admit(99), "a frame takes 100 ms to come back");
        let mut rate = FrameRate::new(10, 0);
        assert!(
            (0..1_000).all(|n| rate.admit(n * 100)),
            "the steady rate is always admitted"
        );
    }

    #[test]
    fn bad_frames_are_forgiven_after_a_minute() {
        let mut bad = BadFrames::new(3);
        assert!(!bad.add(0) && !bad.add(1));
        assert!(!bad.add(60_000), "the first is a minute old");
        assert!(bad.add(60_000));
    }
}
