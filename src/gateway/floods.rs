//! How many frames all sockets of one user, or of one address, may send together (protocol.md 6, 4429).
//!
//! Each socket holds its shares, so that a frame costs no look-up. A rate that no socket holds is kept until its bucket is full
//! again, so that a new connection is no new allowance, and then forgotten. Called by `session` when it starts.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use streakline_core::id::UserId;

use super::rate::FrameRate;

/// A rate that several sockets may share.
pub(super) trait Rate {
    /// Whether a new one would be the same.
    fn is_unused(&mut self, now_ms: u64) -> bool;
}

impl Rate for FrameRate {
    fn is_unused(&mut self, now_ms: u64) -> bool {
        self.is_full(now_ms)
    }
}

/// Rates that are remembered before the first clean-up.
const REMEMBERED_MIN: usize = 1_024;
/// Rates that are remembered although no socket holds them; beyond it all of those go.
const UNHELD_MAX: usize = 100_000;

/// One rate for several sockets.
#[derive(Debug)]
pub(super) struct Shared<R>(Mutex<R>);

/// One rate of frames for several sockets.
pub(super) type SharedRate = Shared<FrameRate>;

impl SharedRate {
    /// Counts a frame; false when there are too many. `now_ms` is machine time.
    pub(super) fn admit(&self, now_ms: u64) -> bool {
        self.lock(|rate| rate.admit(now_ms))
    }
}

impl<R> Shared<R> {
    /// Works on the rate.
    pub(super) fn lock<T>(&self, with: impl FnOnce(&mut R) -> T) -> T {
        // A rate is whole after every statement.
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The rates of all users and addresses; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Floods {
    users: Shares<UserId, FrameRate>,
    addresses: Shares<IpAddr, FrameRate>,
}

impl Floods {
    /// The share of a user's socket; `None` when `per_s` is 0.
    pub(super) fn of_user(
        &self,
        user: &UserId,
        per_s: u32,
        now_ms: u64,
    ) -> Option<Arc<SharedRate>> {
        let rate = || FrameRate::new(per_s, now_ms);
        (per_s > 0).then(|| self.users.share(user, rate, now_ms))
    }

    /// The share of a socket from that address; `None` when `per_s` is 0.
    pub(super) fn of_address(
        &self,
        address: IpAddr,
        per_s: u32,
        now_ms: u64,
    ) -> Option<Arc<SharedRate>> {
        let rate = || FrameRate::new(per_s, now_ms);
        (per_s > 0).then(|| self.addresses.share(&address, rate, now_ms))
    }
}

/// Rates by who has them.
#[derive(Debug)]
pub(super) struct Shares<K, R>(Arc<Mutex<Table<K, R>>>);

#[derive(Debug)]
struct Table<K, R> {
    rates: HashMap<K, Arc<Shared<R>>>,
    /// Forget what may be forgotten at this size.
    clean_at: usize,
}

impl<K, R> Clone for Shares<K, R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, R> Default for Shares<K, R> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Table {
            rates: HashMap::new(),
            clean_at: REMEMBERED_MIN,
        })))
    }
}

impl<K: Clone + Eq + Hash, R: Rate> Shares<K, R> {
    /// The rate of `key`; `new` makes it where there is none.
    pub(super) fn share(&self, key: &K, new: impl FnOnce() -> R, now_ms: u64) -> Arc<Shared<R>> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.rates.len() >= table.clean_at {
            table.clean(now_ms);
        }
        let new = || Arc::new(Shared(Mutex::new(new())));
        table.rates.entry(key.clone()).or_insert_with(new).clone()
    }
}

impl<K: Eq + Hash, R: Rate> Table<K, R> {
    fn clean(&mut self, now_ms: u64) {
        let is_held = |rate: &Arc<Shared<R>>| Arc::strong_count(rate) > 1;
        let is_unused = |rate: &Arc<Shared<R>>| rate.lock(|rate| rate.is_unused(now_ms));
        self.rates
            .retain(|_, rate| is_held(rate) || !is_unused(rate));
        let held = self.rates.values().filter(|rate| is_held(rate)).count();
        if self.rates.len() - held > UNHELD_MAX {
            self.rates.retain(|_, rate| is_held(rate));
        }
        // What stays is looked at again when as much has come.
        self.clean_at = self.rates.len().saturating_mul(2).max(REMEMBERED_MIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Frames = Shares<u32, FrameRate>;

    fn remembered(shares: &Frames) -> usize {
        shares.0.lock().unwrap().rates.len()
    }

    #[test]
    fn sockets_of_one_user_share_a_rate_and_a_new_socket_is_no_new_allowance() {
        let floods = Floods::default();
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let first = floods.of_user(&ann, 10, 0).unwrap();
        let second = floods.of_user(&ann, 10, 0).unwrap();
        let admitted = (0..30)
            .filter(|n| [&first, &second][n % 2].admit(0))
            .count();
        assert_eq!(admitted, 20);
        drop((first, second));
        assert!(!floods.of_user(&ann, 10, 1).unwrap().admit(1));
        assert!(floods.of_user(&bob, 10, 1).unwrap().admit(1));
        assert!(floods.of_user(&ann, 10, 2_000).unwrap().admit(2_000));
        assert!(floods.of_user(&ann, 0, 1).is_none(), "0 is no bound");
    }

    #[test]
    fn rates_that_nobody_holds_are_forgotten_once_they_are_full() {
        let shares = Frames::default();
        let full = |now_ms| move || FrameRate::new(10, now_ms);
        let held: Vec<_> = (0..100).map(|key| shares.share(&key, full(0), 0)).collect();
        for key in 100..10_000_u32 {
            let now_ms = u64::from(key);
            let share = shares.share(&key, full(now_ms), now_ms);
            assert!(share.admit(now_ms));
        }
        assert!(remembered(&shares) < 5_000, "two seconds' worth and a half");
        shares.0.lock().unwrap().clean(100_000);
        assert_eq!(remembered(&shares), held.len());
        drop(held);
        shares.0.lock().unwrap().clean(100_000);
        assert_eq!(remembered(&shares), 0);
    }

    #[test]
    fn rates_that_nobody_holds_are_bounded() {
        let shares = Frames::default();
        for key in 0..500_000 {
            shares.share(&key, || FrameRate::new(10, 0), 0).admit(0);
        }
        assert!(remembered(&shares) <= 2 * UNHELD_MAX + REMEMBERED_MIN);
    }
}
