//! Ids and their slots: each id of a board has a small number, which the tree orders in its place. It knows
//! no scores. Only the board calls it.

use core::hash::Hash;

use super::{
    chunks::Pool,
    index::{Index, print},
};

/// Rows of a board at most: their counts are added up in 32 bits.
const ROWS_MAX: usize = 1 << 30;

#[derive(Clone, Debug)]
pub(super) struct Ids<K> {
    slots: Pool<Option<K>>,
    index: Index,
}

impl<K> Ids<K> {
    pub(super) fn new() -> Self {
        let (slots, index) = (Pool::new(), Index::new());
        Self { slots, index }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.used()
    }

    /// Whose slot it is.
    pub(super) fn get(&self, slot: u32) -> Option<&K> {
        self.slots.get(slot)?.as_ref()
    }

    /// Bytes allocated for the ids by slot, and for the slots by id.
    pub(super) fn bytes(&self) -> (usize, usize) {
        (self.slots.bytes(|_| 0), self.index.bytes())
    }
}

impl<K: Eq + Clone + Hash> Ids<K> {
    pub(super) fn find(&self, id: &K) -> Option<u32> {
        let is_it = |slot| self.get(slot) == Some(id);
        self.index.find(print(id), is_it)
    }

    /// The slot of an id that has none; `None`: the board is full.
    pub(super) fn insert(&mut self, id: &K) -> Option<u32> {
        let slot = self.slots.put(Some(id.clone()), ROWS_MAX)?;
        self.index.insert(print(id), slot);
        Some(slot)
    }

    /// Takes an id out of its slot.
    pub(super) fn remove(&mut self, id: &K, slot: u32) {
        self.index.remove(print(id), slot);
        self.slots.release(slot);
    }
}
