//! Refused credentials per address, one count for both doors: whoever guesses is made to wait.
//!
//! An IPv4 address is counted alone, an IPv6 address with its /64, because one customer has all of that. Bounded: an address
//! without fresh failures is forgotten. Used by `api` and `gateway`; what good credentials are is theirs to ask `keys`.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    keys::CurrentKeys,
    protocol::error_code::{Code, Refusal},
};

/// Failures are counted over this long, in ms.
const WINDOW_MS: u64 = 60_000;
/// Networks whose failures are remembered. Beyond it, the stale ones go; if none is stale, the least guilty.
pub const NETWORKS_MAX: usize = 10_000;

/// What both doors need to know who knocks.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The keys in force.
    pub keys: CurrentKeys,
    /// Who has failed too often.
    pub failures: AuthFailures,
}

/// Refused credentials, and for how long the address must wait if it has failed too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// Seconds to wait.
    pub retry_after_s: Option<u64>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            retry_after_s: None,
        }
    }
}

/// One minute of a network.
#[derive(Clone, Copy, Debug)]
struct Count {
    since_ms: u64,
    failures: u32,
}

/// The counts of all addresses; clones share them.
#[derive(Clone, Debug)]
pub struct AuthFailures {
    per_min: u32,
    counts: Arc<Mutex<HashMap<IpAddr, Count>>>,
}

impl AuthFailures {
    /// Counts that let an address fail `per_min` times a minute.
    #[must_use]
    pub fn new(per_min: u32) -> Self {
        Self {
            per_min,
            counts: Arc::default(),
        }
    }

    /// Checks credentials that came from `address` at the machine's monotonic time `now_ms`, unless it has to wait: who
    /// guesses must not learn a right guess by its other answer.
    ///
    /// # Errors
    /// [`Code::RateLimited`] while the address has to wait, else what `check` says.
    pub fn check<T>(
        &self,
        address: Option<IpAddr>,
        now_ms: u64,
        check: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<T, Refused> {
        let network = address.map(network);
        if let Some(wait_ms) = network.and_then(|network| self.wait_ms(network, now_ms)) {
            let detail = "too many refused credentials from this address";
            return Err(Refused {
                refusal: Refusal::new(Code::RateLimited, detail),
                retry_after_s: Some(wait_ms.div_ceil(1_000)),
            });
        }
        check().map_err(|refusal| {
            if let Some(network) = network {
                self.count(network, now_ms);
            }
            refusal.into()
        })
    }

    fn wait_ms(&self, network: IpAddr, now_ms: u64) -> Option<u64> {
        let count = self.lock().get(&network).copied()?;
        let over_in_ms = count
            .since_ms
            .saturating_add(WINDOW_MS)
            .saturating_sub(now_ms);
        (count.failures >= self.per_min && over_in_ms > 0).then_some(over_in_ms)
    }

    fn count(&self, network: IpAddr, now_ms: u64) {
        let is_stale = |count: &Count| now_ms.saturating_sub(count.since_ms) >= WINDOW_MS;
        let mut counts = self.lock();
        if counts.len() >= NETWORKS_MAX && !counts.contains_key(&network) {
            counts.retain(|_, count| !is_stale(count));
            forget_the_least_guilty(&mut counts);
        }
        let fresh = Count {
            since_ms: now_ms,
            failures: 0,
        };
        let count = counts.entry(network).or_insert(fresh);
        if is_stale(count) {
            *count = fresh;
        }
        count.failures = count.failures.saturating_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Count>> {
        // Counts are whole after every statement, so a panic elsewhere leaves nothing half done.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room, if there is none, without letting those go who have to wait.
fn forget_the_least_guilty(counts: &mut HashMap<IpAddr, Count>) {
    if counts.len() < NETWORKS_MAX {
        return;
    }
    let least = counts.values().map(|count| count.failures).min();
    counts.retain(|_, count| Some(count.failures) != least);
}

/// Whom an address stands for: itself, or its /64.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(failures: &AuthFailures, address: &str, now_ms: u64) -> Refused {
        let refuse = || Err::<(), _>(Refusal::new(Code::Unauthenticated, "no"));
        let address = Some(address.parse().unwrap());
        failures.check(address, now_ms, refuse).unwrap_err()
    }

    fn may_try(failures: &AuthFailures, address: &str, now_ms: u64) -> bool {
        let address = Some(address.parse().unwrap());
        failures.check(address, now_ms, || Ok(())).is_ok()
    }

    #[test]
    fn failures_make_an_address_wait_for_the_rest_of_the_minute() {
        let failures = AuthFailures::new(2);
        fail(&failures, "10.0.0.1", 1_000);
        assert!(may_try(&failures, "10.0.0.1", 1_000));
        assert_eq!(fail(&failures, "10.0.0.1", 2_000).retry_after_s, None);
        let waits = fail(&failures, "10.0.0.1", 2_500);
        assert_eq!(waits.refusal.code, Code::RateLimited);
        assert_eq!(waits.retry_after_s, Some(59));
        assert!(!may_try(&failures, "10.0.0.1", 2_500), "a right guess too");
        assert!(may_try(&failures, "10.0.0.2", 2_500));
        assert!(may_try(&failures, "10.0.0.1", 61_000));
        assert_eq!(fail(&failures, "10.0.0.1", 61_000).retry_after_s, None);
    }

    #[test]
    fn an_ipv6_customer_is_counted_as_one() {
        let failures = AuthFailures::new(1);
        fail(&failures, "2001:db8:1:2::3", 0);
        assert!(!may_try(&failures, "2001:db8:1:2:ffff::1", 0));
        assert!(may_try(&failures, "2001:db8:1:3::3", 0));
        fail(&failures, "::ffff:10.0.0.1", 0);
        assert!(!may_try(&failures, "10.0.0.1", 0), "the same IPv4 address");
        assert!(may_try(&failures, "::ffff:10.0.0.2", 0));
    }

    #[test]
    fn the_memory_of_failures_is_bounded_and_keeps_who_has_to_wait() {
        let failures = AuthFailures::new(2);
        fail(&failures, "192.0.2.1", 0);
        fail(&failures, "192.0.2.1", 0);
        for number in 0..=u32::try_from(NETWORKS_MAX).unwrap() {
            let address = std::net::Ipv4Addr::from(number);
            fail(&failures, &address.to_string(), 0);
        }
        assert!(failures.lock().len() <= NETWORKS_MAX);
        assert!(!may_try(&failures, "192.0.2.1", 1_000));
    }
}
