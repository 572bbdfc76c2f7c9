//! What is counted per client address: connections and open streams.
//!
//! Bounded: an address without connections is forgotten. Refused credentials are counted in `auth`. Called by `upgrade` and
//! `socket`.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Default)]
struct Counts {
    sockets: [HashMap<IpAddr, u32>; 2],
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
}
