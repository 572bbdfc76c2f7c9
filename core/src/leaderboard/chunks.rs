//! Vectors for a board of any size: one in pieces, which never moves what it holds and never has more than a
//! piece of unused room, with numbers that are given out again; and small ones that grow and shrink by a few.
//! A plain vector would copy a board of ten million rows in one operation, and leave up to half of its room empty.

use alloc::vec::Vec;
use core::mem;

/// Items of a piece. The first one grows as a vector does, so that a small board stays small.
const PIECE: usize = 1_024;

/// A vector in pieces.
#[derive(Clone, Debug)]
pub(super) struct Chunks<T> {
    pieces: Vec<Vec<T>>,
}

impl<T> Chunks<T> {
    pub(super) fn new() -> Self {
        Self { pieces: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        let Some((last, full)) = self.pieces.split_last() else {
            return 0;
        };
        full.len().saturating_mul(PIECE).saturating_add(last.len())
    }

    pub(super) fn get(&self, at: u32) -> Option<&T> {
        let (piece, at) = part(at);
        self.pieces.get(piece)?.get(at)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        let (piece, at) = part(at);
        self.pieces.get_mut(piece)?.get_mut(at)
    }

    pub(super) fn push(&mut self, item: T) {
        match self.pieces.last_mut() {
            Some(last) if last.len() < PIECE => last.push(item),
            last => {
                let room = if last.is_some() { PIECE } else { 1 };
                let mut piece = Vec::with_capacity(room);
                piece.push(item);
                self.pieces.push(piece);
            }
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let last = self.pieces.last_mut()?;
        let item = last.pop();
        if last.is_empty() {
            self.pieces.pop();
        }
        item
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// Bytes that it has allocated, without what its items have.
    pub(super) fn bytes(&self) -> usize {
        let pieces = self.pieces.iter().map(room_bytes);
        pieces.fold(room_bytes(&self.pieces), usize::saturating_add)
    }
}

fn part(at: u32) -> (usize, usize) {
    let at = at as usize;
    (at.div_euclid(PIECE), at.rem_euclid(PIECE))
}

/// Items with numbers; a number that was given back is the next one's.
#[derive(Clone, Debug)]
pub(super) struct Pool<T> {
    items: Chunks<T>,
    free: Vec<u32>,
}

impl<T: Default> Pool<T> {
    pub(super) fn new() -> Self {
        let (items, free) = (Chunks::new(), Vec::new());
        Self { items, free }
    }

    /// The number of a new item; `None` from `most` on.
    pub(super) fn put(&mut self, item: T, most: usize) -> Option<u32> {
        if let Some(at) = self.free.pop() {
            *self.items.get_mut(at)? = item;
            return Some(at);
        }
        let at = self.items.len();
        if at >= most {
            return None;
        }
        self.items.push(item);
        u32::try_from(at).ok()
    }

    pub(super) fn release(&mut self, at: u32) -> Option<T> {
        let item = mem::take(self.items.get_mut(at)?);
        self.free.push(at);
        Some(item)
    }

    pub(super) fn get(&self, at: u32) -> Option<&T> {
        self.items.get(at)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        self.items.get_mut(at)
    }

    /// Items in use.
    pub(super) fn used(&self) -> usize {
        self.items.len().saturating_sub(self.free.len())
    }

    /// Bytes that it has allocated, and those that each item says it has.
    pub(super) fn bytes(&self, of: impl Fn(&T) -> usize) -> usize {
        let own = self.items.bytes().saturating_add(room_bytes(&self.free));
        self.items.iter().map(of).fold(own, usize::saturating_add)
    }
}

/// Puts an item into a vector that makes room for a few only.
pub(super) fn insert<T>(into: &mut Vec<T>, at: usize, item: T, few: usize) {
    if into.len() == into.capacity() {
        into.reserve_exact(few);
    }
    into.insert(at.min(into.len()), item);
}

/// Gives room back that is for more than a few.
pub(super) fn trim<T>(of: &mut Vec<T>, few: usize) {
    let spare = of.capacity().saturating_sub(of.len());
    if spare >= few.saturating_mul(2) {
        of.shrink_to(of.len().saturating_add(few));
    }
}

/// Items of which one lies in each line of memory (64 bytes), and the last one.
pub(super) fn lines<T>(of: &[T]) -> impl Iterator<Item = &T> {
    let step = 64_usize.checked_div(size_of::<T>()).unwrap_or(1).max(1);
    of.iter().step_by(step).chain(of.last())
}

/// Bytes of a vector's room.
pub(super) fn room_bytes<T>(of: &Vec<T>) -> usize {
    of.capacity().saturating_mul(size_of::<T>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_in_pieces_holds_what_a_vector_holds_and_little_more() {
        let mut chunks = Chunks::new();
        for item in 0..5_000_u32 {
            chunks.push(item);
            assert_eq!(
                (chunks.len(), chunks.get(item)),
                (item as usize + 1, Some(&item))
            );
        }
        assert!(chunks.iter().copied().eq(0..5_000));
        assert!(chunks.bytes() < 4 * (5_000 + PIECE) + 8 * size_of::<Vec<u32>>());
        for item in (0..5_000).rev() {
            assert_eq!((chunks.pop(), chunks.get(item)), (Some(item), None));
        }
        assert_eq!((chunks.len(), chunks.pop()), (0, None));
    }

    #[test]
    fn a_number_that_was_given_back_is_the_next_one() {
        let mut pool = Pool::new();
        let numbers = [7, 8, 9].map(|item| pool.put(item, 3));
        assert_eq!(
            (numbers, pool.put(1, 3)),
            ([Some(0), Some(1), Some(2)], None)
        );
        assert_eq!((pool.release(1), pool.used()), (Some(8), 2));
        assert_eq!((pool.put(5, 3), pool.get(1)), (Some(1), Some(&5)));
    }
}
