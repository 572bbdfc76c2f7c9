//! The one door to randomness: keys, random ids, jitter, and seeded streams for clients that must repeat themselves.
//!
//! Nothing here decides anything, and no state of a user depends on it. Called by the shell and by the command line.
#![allow(
    clippy::disallowed_methods,
    reason = "this file is where the bans point to"
)]

use rand::rngs::ChaCha12Rng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

/// Fills `bytes` from the thread's generator, which the operating system seeds: fit for keys.
pub fn fill(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}

/// A UUIDv7 of the instant `now_ms` (POSIX ms; earlier than 1970 counts as 1970).
#[must_use]
pub fn uuid_v7(now_ms: i64) -> [u8; 16] {
    let mut random = [0; 10];
    fill(&mut random);
    let millis = u64::try_from(now_ms).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random)
        .into_uuid()
        .into_bytes()
}

/// A random UUID.
#[must_use]
pub fn uuid_v4() -> [u8; 16] {
    let mut random = [0; 16];
    fill(&mut random);
    uuid::Builder::from_random_bytes(random)
        .into_uuid()
        .into_bytes()
}

/// A number from `low` to `high`, both possible: for delays with jitter. `low` where they are the wrong way round.
#[must_use]
pub fn range(low: u64, high: u64) -> u64 {
    if low >= high {
        low
    } else {
        rand::rng().random_range(low..=high)
    }
}

/// A number for a new socket, never 0, so that a handle kept from before a restart meets nobody.
#[must_use]
pub fn session_number() -> u64 {
    range(1, u64::MAX)
}

/// A stream of numbers that one seed always gives again, on every machine and in every version.
pub struct Seeded(ChaCha12Rng);

impl Seeded {
    /// The stream `stream` of `seed`; streams of one seed are independent of each other.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha12Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// The next number below `bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            0
        } else {
            self.0.random_range(0..bound)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_have_their_version_and_differ() {
        let (a, b) = (uuid_v4(), uuid_v4());
        assert_ne!(a, b);
        assert_eq!(a[6] >> 4, 4);
        assert_eq!(a[8] >> 6, 0b10);
    }

    #[test]
    fn a_timed_id_begins_with_its_instant_and_sorts_by_it() {
        let (early, late) = (uuid_v7(1_460_505_600_000), uuid_v7(1_460_505_600_001));
        assert_eq!(early[6] >> 4, 7);
        assert_eq!(early[..6], 1_460_505_600_000_u64.to_be_bytes()[2..]);
        assert!(early < late);
        assert_eq!(uuid_v7(-5)[..6], [0; 6]);
    }

    #[test]
    fn a_range_stays_between_its_ends_and_reaches_both() {
        let drawn: std::collections::BTreeSet<u64> = (0..200).map(|_| range(3, 5)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(range(9, 2), 9);
    }

    #[test]
    fn a_seed_gives_its_numbers_again_and_its_streams_differ() {
        let draw = |seed, stream| {
            let mut seeded = Seeded::new(seed, stream);
            (0..8).map(|_| seeded.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
        assert_eq!(Seeded::new(7, 1).below(0), 0);
    }
}
