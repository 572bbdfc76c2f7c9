//! What is counted per client address: connections, open streams, and refused credentials per minute.
//!
//! Bounded: an address without connections and without fresh failures is forgotten. Called by `upgrade` and `socket`.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Failures are counted over this long, in ms.
const WINDOW_MS: u64 = 60_000;
/// Addresses with failures that are remembered; beyond it, the stale ones go, and if none is stale, all go.
const FAILURES_MAX: usize = 10_000;

#[derive(Debug, Default)]
struct Counts {
    sockets: [HashMap<IpAddr, u32>; 2],
    failures: HashMap<IpAddr, (u64, u32)>,
}

/// The counts of all addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(Arc<Mutex<Counts>>);

/// What a place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A TCP connection, whatever comes over it.
    Connection,
    /// A WebSocket.
    Stream,
}

/// One open connection or stream of an address; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    addresses: Addresses,
    address: Option<IpAddr>,
    kind: Kind,
}

impl Place {
    /// Whose it is.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

impl Counts {
    fn of(&mut self, kind: Kind) -> &mut HashMap<IpAddr, u32> {
        let [connections, streams] = &mut self.sockets;
        match kind {
            Kind::Connection => connections,
            Kind::Stream => streams,
        }
    }
}

impl Addresses {
    /// Takes a place; `None` when the address has `max` of that kind already.
    pub(super) fn take_place(
        &self,
        kind: Kind,
        address: Option<IpAddr>,
        max: u32,
    ) -> Option<Place> {
        if let Some(address) = address {
            let mut counts = self.lock();
            let sockets = counts.of(kind).entry(address).or_default();
            if *sockets >= max {
                return None;
            }
            *sockets += 1;
        }
        Some(Place {
            addresses: self.clone(),
            address,
            kind,
        })
    }

    /// Counts refused credentials.
    pub(super) fn count_failure(&self, address: Option<IpAddr>, now_ms: u64) {
        let Some(address) = address else { return };
        let failures = &mut self.lock().failures;
        if failures.len() >= FAILURES_MAX {
            failures.retain(|_, (since_ms, _)| now_ms.saturating_sub(*since_ms) < WINDOW_MS);
        }
        if failures.len() >= FAILURES_MAX {
            failures.clear();
        }
        let (since_ms, count) = failures.entry(address).or_insert((now_ms, 0));
        if now_ms.saturating_sub(*since_ms) >= WINDOW_MS {
            (*since_ms, *count) = (now_ms, 0);
        }
        *count = count.saturating_add(1);
    }

    /// How long an address with `max` failures within a minute must wait, in ms.
    pub(super) fn wait_ms(&self, address: Option<IpAddr>, max: u32, now_ms: u64) -> Option<u64> {
        let counts = self.lock();
        let (since_ms, count) = counts.failures.get(&address?)?;
        let over_in_ms = (since_ms + WINDOW_MS).saturating_sub(now_ms);
        (*count >= max && over_in_ms > 0).then_some(over_in_ms)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Counts are whole after every statement, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.addresses.lock();
        let sockets = counts.of(self.kind);
        if let Some(count) = sockets.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                sockets.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let addresses = Addresses::default();
        let first = addresses.take_place(Kind::Stream, address(1), 2);
        let second = addresses.take_place(Kind::Stream, address(1), 2);
        assert!(first.is_some() && second.is_some());
        assert!(addresses.take_place(Kind::Stream, address(1), 2).is_none());
        assert!(addresses.take_place(Kind::Stream, address(2), 2).is_some());
        drop(first);
        assert!(addresses.take_place(Kind::Stream, address(1), 2).is_some());
        drop(second);
        let connection = addresses.take_place(Kind::Connection, address(1), 1);
        assert!(connection.is_some(), "each kind has its own places");
        drop(connection);
        let remembered: usize = addresses.lock().sockets.iter().map(HashMap::len).sum();
        assert_eq!(remembered, 0, "nobody is remembered");
    }

    #[test]
    fn failures_make_an_address_wait_for_the_rest_of_the_minute() {
        let addresses = Addresses::default();
        addresses.count_failure(address(1), 1_000);
        assert_eq!(addresses.wait_ms(address(1), 2, 1_000), None);
        addresses.count_failure(address(1), 2_000);
        assert_eq!(addresses.wait_ms(address(1), 2, 2_000), Some(59_000));
        assert_eq!(addresses.wait_ms(address(2), 2, 2_000), None);
        assert_eq!(addresses.wait_ms(address(1), 2, 61_000), None);
    }

    #[test]
    fn the_memory_of_failures_is_bounded() {
        let addresses = Addresses::default();
        for number in 0..=u32::try_from(FAILURES_MAX).unwrap() {
            addresses.count_failure(Some(IpAddr::from(number.to_be_bytes())), 0);
        }
        assert!(addresses.lock().failures.len() <= FAILURES_MAX);
    }
}
