//! The only place that reads the machine's clocks, and the domain clock that tests and demos can set.
//!
//! Domain time (days, admissibility, deadlines) is [`Clock::now_ms`]. Token expiry, heartbeats, idling, coalescing and
//! time-outs always use the machine's own clock: [`unix_ms`] and [`monotonic_ms`].

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// The machine's clock, POSIX ms.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one door to the machine's clock"
)]
pub fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap_or(Duration::ZERO).as_millis()).unwrap_or(i64::MAX)
}

/// The machine's clock, POSIX seconds.
#[must_use]
pub fn unix_s() -> i64 {
    unix_ms().div_euclid(1_000)
}

/// A clock that never goes back, ms since the process asked first.
#[must_use]
pub fn monotonic_ms() -> u64 {
    u64::try_from(monotonic().as_millis()).unwrap_or(u64::MAX)
}

/// The same with all its digits, to measure what takes less than a millisecond.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one door to the machine's clock"
)]
pub fn monotonic() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Domain time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// Stands still between calls that move it.
    Virtual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now_ms`.
    #[must_use]
    pub fn standing_at(now_ms: i64) -> Self {
        Self::Virtual(Arc::new(AtomicI64::new(now_ms)))
    }

    /// Domain time, POSIX ms.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => unix_ms(),
            Self::Virtual(now_ms) => now_ms.load(Ordering::Acquire),
        }
    }

    /// Whether it can be set.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        matches!(self, Self::Virtual(_))
    }

    /// Moves a virtual clock forward; never back.
    pub fn advance_to(&self, to_ms: i64) {
        if let Self::Virtual(now_ms) = self {
            now_ms.fetch_max(to_ms, Ordering::AcqRel);
        }
    }
}

/// Waits that long by the machine's clock.
pub async fn pause_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
