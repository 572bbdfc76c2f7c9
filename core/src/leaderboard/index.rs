//! Finds slots by a print of their ids: a hash table that grows and shrinks by one page at a time (linear
//! hashing), so no operation moves the whole of it. It keeps no ids; who asks says whether a slot is the one.
//! Nothing can be read in the table's order, so the print decides nothing but speed.
//!
//! A page is read from end to end. Ids that somebody has made to share a page cost those on it 8 bytes to read
//! for each; ids come from whoever signs the tokens, so nobody can choose many.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::chunks::{self, Chunks};

/// Marks of a page on the average, where the table grows.
const PAGE_MARKS: usize = 16;
/// By how many marks a page's room grows.
const ROOM: usize = 4;

/// What is known of an id: 32 bits of its hash, and its slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    print: u32,
    slot: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Index {
    pages: Chunks<Vec<Mark>>,
    marks: usize,
}

impl Index {
    pub(super) fn new() -> Self {
        let (pages, marks) = (Chunks::new(), 0);
        Self { pages, marks }
    }

    pub(super) fn find(&self, print: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let page = self.pages.get(self.page_of(print))?;
        let found = page
            .iter()
            .find(|mark| mark.print == print && is_it(mark.slot))?;
        Some(found.slot)
    }

    /// The marks among which those of a print are. Reads none of them.
    pub(super) fn page(&self, print: u32) -> &[Mark] {
        let page = self.pages.get(self.page_of(print));
        page.map_or(&[], Vec::as_slice)
    }

    pub(super) fn insert(&mut self, print: u32, slot: u32) {
        if self.marks >= self.pages.len().saturating_mul(PAGE_MARKS) {
            self.split();
        }
        let at = self.page_of(print);
        if let Some(page) = self.pages.get_mut(at) {
            chunks::insert(page, page.len(), Mark { print, slot }, ROOM);
            self.marks = self.marks.saturating_add(1);
        }
    }

    pub(super) fn remove(&mut self, print: u32, slot: u32) {
        let at = self.page_of(print);
        let Some(page) = self.pages.get_mut(at) else {
            return;
        };
        let Some(found) = page.iter().position(|mark| mark.slot == slot) else {
            return;
        };
        page.swap_remove(found);
        chunks::trim(page, ROOM);
        self.marks = self.marks.saturating_sub(1);
        if self.marks < self.pages.len().saturating_mul(PAGE_MARKS).div_euclid(4) {
            self.join();
        }
    }

    /// Bytes that it has allocated.
    pub(super) fn bytes(&self) -> usize {
        let pages = self.pages.iter().map(chunks::room_bytes);
        pages.fold(self.pages.bytes(), usize::saturating_add)
    }

    fn page_count(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }

    /// The page of a print: its last bits, one bit fewer where that page has not been split off yet.
    fn page_of(&self, print: u32) -> u32 {
        let count = self.page_count();
        let bits = u32::MAX.unbounded_shr(count.saturating_sub(1).leading_zeros());
        let at = print & bits;
        if at < count { at } else { at & (bits >> 1) }
    }

    /// One page more: it takes those marks of its elder that have one more bit in common with it.
    fn split(&mut self) {
        let fresh = self.page_count();
        let (elder, bit) = elder_of(fresh);
        let mut taken = Vec::new();
        if let Some(page) = self.pages.get_mut(elder) {
            taken = page
                .extract_if(.., |mark| mark.print & bit != 0)
                .collect::<Vec<_>>();
            taken.shrink_to_fit();
            chunks::trim(page, ROOM);
        }
        self.pages.push(taken);
    }

    /// One page fewer: its elder takes its marks.
    fn join(&mut self) {
        if self.pages.len() < 2 {
            return;
        }
        let taken = self.pages.pop().unwrap_or_default();
        let (elder, _) = elder_of(self.page_count());
        if let Some(page) = self.pages.get_mut(elder) {
            page.reserve_exact(taken.len());
            page.extend(taken);
        }
    }
}

/// Looks at marks that lie a line of memory apart, so that all of them are at hand afterwards.
pub(super) fn approach(page: &[Mark]) -> u32 {
    chunks::lines(page).fold(0, |all, mark| all ^ mark.print)
}

/// The slot that a page has for a print, where it has one; where it has several, none that can be relied on. Looks at every
/// mark in the same way, so that nothing waits for what one of them is.
pub(super) fn guess(page: &[Mark], print: u32) -> u32 {
    let matching = |mark: &Mark| if mark.print == print { mark.slot } else { 0 };
    page.iter().map(matching).fold(0, |all, slot| all | slot)
}

/// The page whose prints a page shares but for its highest bit, and that bit. The first page has no elder, and
/// no bit.
fn elder_of(page: u32) -> (u32, u32) {
    let bit = 1_u32.unbounded_shl(page.checked_ilog2().unwrap_or(u32::BITS));
    (page & !bit, bit)
}

/// 32 bits of an id's hash.
pub(super) fn print<K: Hash>(id: &K) -> u32 {
    let mut mixed = Mixed(SEED);
    id.hash(&mut mixed);
    let [a, b, c, d, ..] = mixed.finish().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Any number with bits everywhere: a state of 0 would forget how many zeros it was given.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
/// The odd factor of a common finaliser (splitmix64).
const FACTOR: u64 = 0xbf58_476d_1ce4_e5b9;

/// A hash by multiplication, eight bytes at a time.
struct Mixed(u64);

impl Mixed {
    fn mix(&mut self, word: u64) {
        let product = (self.0 ^ word).wrapping_mul(FACTOR);
        self.0 = product ^ (product >> 32);
    }
}

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0_u8; 8];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.mix(u64::from_le_bytes(last));
        }
    }

    fn finish(&self) -> u64 {
        let product = self.0.wrapping_mul(FACTOR);
        product ^ (product >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten bits of each number's hash are its print, so that many share one.
    fn few(number: u32) -> u32 {
        print(&number) >> 22
    }

    fn find(index: &Index, number: u32) -> Option<u32> {
        index.find(few(number), |slot| slot == number)
    }

    #[test]
    fn an_index_finds_what_it_has_while_it_grows_and_shrinks() {
        let mut index = Index::new();
        assert_eq!(find(&index, 0), None);
        for number in 0..5_000 {
            index.insert(few(number), number);
            assert_eq!(find(&index, number), Some(number));
        }
        let pages = index.pages.len();
        assert!((5_000 / PAGE_MARKS..=5_000 / PAGE_MARKS + 1).contains(&pages));
        assert!((0..5_000).all(|number| find(&index, number) == Some(number)));
        for number in 0..4_990 {
            index.remove(few(number), number);
            index.remove(few(number), number);
            assert_eq!(find(&index, number), None);
        }
        assert!((4_990..5_000).all(|number| find(&index, number) == Some(number)));
        assert!(index.pages.len() < 10 && index.marks == 10);
    }

    #[test]
    fn prints_of_names_that_differ_a_little_fill_all_pages_alike() {
        let mut index = Index::new();
        for number in 0..100_000_u32 {
            index.insert(print(&std::format!("user-{number:012}")), number);
        }
        // Pages that were split lately have half as many as the others; chance puts some more on a few.
        let most = index.pages.iter().map(Vec::len).max();
        assert!(most.unwrap() < 4 * PAGE_MARKS, "{most:?}");
    }
}
