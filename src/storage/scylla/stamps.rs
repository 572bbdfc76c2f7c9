//! Write timestamps: of two writes of one cell the larger one wins, whenever they arrive (docs/adr/0029).
//!
//! They rise by at least one with every write and follow the machine's clock, and never pass this server's ceiling, which is stored
//! before. A successor begins above the ceilings of all that it has deposed, so that their late writes lose, whatever their
//! clocks say. Called by everything that writes.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Mutex;

use crate::clock;

/// How far ahead a ceiling is stored, us.
pub(super) const AHEAD_US: i64 = 60_000_000;

/// The timestamps of one server.
pub(super) struct Stamps {
    last_us: AtomicI64,
    ceiling_us: AtomicI64,
    /// The one timestamp that all writes have, us; 0: they rise.
    standing_us: AtomicI64,
    /// Held by who raises the ceiling.
    pub(super) raising: Mutex<()>,
}

impl Default for Stamps {
    /// Without a ceiling: who owns nothing has no successor.
    fn default() -> Self {
        Self {
            last_us: AtomicI64::new(0),
            ceiling_us: AtomicI64::new(i64::MAX),
            standing_us: AtomicI64::new(0),
            raising: Mutex::new(()),
        }
    }
}

impl Stamps {
    /// The next timestamp; `Err` with one that the ceiling does not allow yet.
    pub(super) fn next(&self) -> Result<i64, i64> {
        let standing_us = self.standing_us.load(Ordering::Acquire);
        if standing_us > 0 {
            return Ok(standing_us);
        }
        let now_us = clock::unix_ms().saturating_mul(1_000);
        let next = |last_us: i64| last_us.saturating_add(1).max(now_us);
        // The closure always gives a value, so both arms are the one before it.
        let last_us = self
            .last_us
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(next(last)))
            .unwrap_or_else(|last| last);
        let at_us = next(last_us);
        if at_us <= self.ceiling_us.load(Ordering::Acquire) {
            Ok(at_us)
        } else {
            Err(at_us)
        }
    }

    /// All writes have one timestamp, until an owner begins.
    pub(super) fn stand_at(&self, at_us: i64) {
        self.standing_us.store(at_us, Ordering::Release);
    }

    /// From now on above `base_us`, and up to `ceiling_us`.
    pub(super) fn begin(&self, base_us: i64, ceiling_us: i64) {
        self.standing_us.store(0, Ordering::Release);
        self.last_us.fetch_max(base_us, Ordering::AcqRel);
        self.allow(ceiling_us);
    }

    /// The ceiling is stored.
    pub(super) fn allow(&self, ceiling_us: i64) {
        self.ceiling_us.store(ceiling_us, Ordering::Release);
    }

    pub(super) fn allows(&self, at_us: i64) -> bool {
        at_us <= self.ceiling_us.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_rise_and_stop_at_the_ceiling() {
        let stamps = Stamps::default();
        let first = stamps.next().unwrap();
        assert!(first >= clock::unix_ms().saturating_sub(1_000) * 1_000);
        let all: Vec<i64> = (0..1_000).map(|_| stamps.next().unwrap()).collect();
        assert!(first < all[0] && all.windows(2).all(|pair| pair[0] < pair[1]));
        let base_us = all[999] + 1_000_000_000;
        stamps.begin(base_us, base_us + 2);
        assert_eq!(
            [stamps.next(), stamps.next()],
            [Ok(base_us + 1), Ok(base_us + 2)]
        );
        assert_eq!(stamps.next(), Err(base_us + 3));
        assert!(!stamps.allows(base_us + 3));
        stamps.allow(base_us + 9);
        assert_eq!(stamps.next(), Ok(base_us + 4));
        stamps.stand_at(1);
        assert_eq!([stamps.next(), stamps.next()], [Ok(1), Ok(1)]);
        stamps.begin(base_us, base_us + 20);
        assert_eq!(stamps.next(), Ok(base_us + 5));
    }
}
