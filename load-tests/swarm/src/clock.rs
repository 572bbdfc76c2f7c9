//! The machine's clocks, read in this one file.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

static BEGUN: OnceLock<Instant> = OnceLock::new();

#[expect(
    clippy::disallowed_methods,
    reason = "this program's one door to the monotonic clock"
)]
fn instant() -> Instant {
    Instant::now()
}

/// Nanoseconds since the first call in this process.
pub(crate) fn now_ns() -> u64 {
    let begun = *BEGUN.get_or_init(instant);
    ns(instant().saturating_duration_since(begun))
}

/// Milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "this program's one door to the wall clock"
)]
pub(crate) fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// A duration in nanoseconds.
pub(crate) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Seconds in nanoseconds.
pub(crate) fn seconds_ns(seconds: f64) -> u64 {
    ns(Duration::from_secs_f64(seconds.max(0.0)))
}
