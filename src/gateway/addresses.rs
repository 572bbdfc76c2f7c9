//! What is counted per client address: open sockets.
//!
//! Bounded: an address without sockets is forgotten. Refused credentials are counted in `auth`. Called by `upgrade`.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Default)]
struct Counts {
    sockets: HashMap<IpAddr, u32>,
}

/// The counts of all addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(Arc<Mutex<Counts>>);

/// One open socket of an address; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    addresses: Addresses,
    address: Option<IpAddr>,
}

impl Addresses {
    /// Takes a place for a socket; `None` when the address has `max` already.
    pub(super) fn take_place(&self, address: Option<IpAddr>, max: u32) -> Option<Place> {
        if let Some(address) = address {
            let mut counts = self.lock();
            let sockets = counts.sockets.entry(address).or_default();
            if *sockets >= max {
                return None;
            }
            *sockets += 1;
        }
        Some(Place {
            addresses: self.clone(),
            address,
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
        let sockets = &mut self.addresses.lock().sockets;
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
        let first = addresses.take_place(address(1), 2);
        let second = addresses.take_place(address(1), 2);
        assert!(first.is_some() && second.is_some());
        assert!(addresses.take_place(address(1), 2).is_none());
        assert!(addresses.take_place(address(2), 2).is_some());
        drop(first);
        assert!(addresses.take_place(address(1), 2).is_some());
        drop(second);
        assert!(addresses.lock().sockets.is_empty(), "nobody is remembered");
    }
}
