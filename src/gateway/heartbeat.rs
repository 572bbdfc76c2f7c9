//! When to ping, and when a peer is silent (protocol.md 6). Machine time comes as an argument.
//!
//! Called by `session` at least every half interval.

/// Longest time between two looks at the clock: an awake session is never still for longer.
pub(super) const STEP_MS_MAX: u64 = 5_000;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing.
    Rest,
    /// A ping.
    Ping,
    /// The peer has been silent for 2.5 intervals.
    Silent,
}

/// When a peer was last heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heartbeat {
    interval_ms: u64,
    heard_ms: u64,
    pinged_ms: u64,
}

impl Heartbeat {
    /// A peer that was just heard.
    pub(super) fn new(interval_ms: u64, now_ms: u64) -> Self {
        Self {
            interval_ms,
            heard_ms: now_ms,
            pinged_ms: now_ms,
        }
    }

    /// How often to ask [`Heartbeat::beat`], in ms: an even part of half an interval, and often enough to tell a frozen session.
    pub(super) fn step_ms(self) -> u64 {
        let half_ms = (self.interval_ms / 2).max(1);
        half_ms.div_ceil(half_ms.div_ceil(STEP_MS_MAX))
    }

    /// Something came from the peer.
    pub(super) fn heard(&mut self, now_ms: u64) {
        self.heard_ms = now_ms;
    }

    /// What is due. A peer that is not read (`reading` false) cannot be heard, and is not judged.
    pub(super) fn beat(&mut self, now_ms: u64, reading: bool) -> Beat {
        if !reading {
            self.heard_ms = now_ms;
        }
        if now_ms.saturating_sub(self.heard_ms) >= self.interval_ms.saturating_mul(5) / 2 {
            return Beat::Silent;
        }
        if now_ms.saturating_sub(self.pinged_ms) >= self.interval_ms {
            self.pinged_ms = now_ms;
            return Beat::Ping;
        }
        Beat::Rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_pinged_every_interval_and_given_up_after_two_and_a_half() {
        let mut heartbeat = Heartbeat::new(1_000, 0);
        let beats = [500, 1_000, 1_500, 2_000, 2_499].map(|now| heartbeat.beat(now, true));
        assert_eq!(
            beats,
            [Beat::Rest, Beat::Ping, Beat::Rest, Beat::Ping, Beat::Rest]
        );
        assert_eq!(heartbeat.beat(2_500, true), Beat::Silent);
    }

    #[test]
    fn the_clock_is_looked_at_every_few_seconds() {
        let step_ms = |interval_ms| Heartbeat::new(interval_ms, 0).step_ms();
        assert_eq!([1, 1_000, 10_000].map(step_ms), [1, 500, 5_000]);
        assert_eq!([25_000, 3_600_000].map(step_ms), [4_167, 5_000]);
    }

    #[test]
    fn anything_heard_starts_the_silence_anew() {
        let mut heartbeat = Heartbeat::new(1_000, 0);
        heartbeat.heard(2_000);
        assert_eq!(heartbeat.beat(4_499, true), Beat::Ping);
        assert_eq!(heartbeat.beat(4_500, true), Beat::Silent);
    }

    #[test]
    fn a_peer_that_is_not_read_is_not_silent() {
        let mut heartbeat = Heartbeat::new(1_000, 0);
        assert_eq!(heartbeat.beat(9_000, false), Beat::Ping);
        assert_eq!(heartbeat.beat(11_000, true), Beat::Ping);
        assert_eq!(heartbeat.beat(11_500, true), Beat::Silent);
    }
}
