//! What the transfers of erased users come to, as the partition's own row says it (ADR 0031).
//!
//! On a store that cannot delete in one step the row comes first, and a crash may leave transfers behind it. So the row names the
//! keys of those whose rows may still be there: an erasure that is done again adds nothing.

use std::collections::BTreeSet;

use streakline_core::ledger::Totals;

use crate::storage::KeyRow;

/// The sums, and whose rows may not be gone yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(super) struct ErasedSums {
    #[n(0)]
    totals: Totals,
    /// Names of data keys.
    #[n(1)]
    begun: BTreeSet<[u8; 16]>,
}

impl ErasedSums {
    /// Adds what a user's transfers come to, once a key; nobody without a key has any.
    pub(super) fn begin(&mut self, key: Option<&KeyRow>, booked: &Totals) {
        if key.is_some_and(|key| self.begun.insert(key.id.0)) {
            self.totals.add(booked);
        }
    }

    /// The rows are gone.
    pub(super) fn end(&mut self, key: Option<&KeyRow>) {
        if let Some(key) = key {
            self.begun.remove(&key.id.0);
        }
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::envelope::KeyId;

    fn key(number: u8) -> KeyRow {
        KeyRow {
            id: KeyId([number; 16]),
            bytes: Vec::new(),
        }
    }

    fn booked(transfers: u64) -> Totals {
        Totals {
            transfers,
            ..Totals::default()
        }
    }

    #[test]
    fn an_erasure_that_is_done_again_adds_nothing_whatever_came_between() {
        let mut sums = ErasedSums::default();
        sums.begin(Some(&key(1)), &booked(3));
        // The server dies, another one reads the row, and erases somebody else first.
        let row = minicbor::to_vec(&sums).unwrap();
        let mut sums: ErasedSums = minicbor::decode(&row).unwrap();
        sums.begin(Some(&key(2)), &booked(20));
        sums.end(Some(&key(2)));
        sums.begin(Some(&key(1)), &booked(2));
        sums.end(Some(&key(1)));
        assert_eq!(sums.totals(), booked(23));
        sums.begin(None, &Totals::default());
        assert_eq!(sums.totals(), booked(23));
    }
}
