//! Ids and their slots: each id of a board has a small number, which the tree orders in its place. It knows
//! no scores. Only the board calls it.

use core::hash::Hash;

use super::{
    bring,
    chunks::Pool,
    index::{self, Index, print},
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

    /// The slots of some ids, as [`Ids::find`] tells each. Each step is taken for all of them before the next one, so that
    /// what has to come from memory is waited for once a step (ADR 0075).
    pub(super) fn find_some<const N: usize>(&self, ids: [&K; N]) -> [Option<u32>; N] {
        let prints = ids.map(print::<K>);
        let pages = prints.map(|print| self.index.page(print));
        bring(pages, index::approach);
        let mut guesses = prints;
        for (guess, page) in guesses.iter_mut().zip(pages) {
            *guess = index::guess(page, *guess);
        }
        bring(guesses, |slot| u32::from(self.get(slot).is_some()));
        let mut slots = guesses.map(Some);
        for (slot, id) in slots.iter_mut().zip(ids) {
            let is_it = slot.and_then(|slot| self.get(slot)) == Some(id);
            if !is_it {
                *slot = self.find(id);
            }
        }
        slots
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
