//! Numbers in few decisions: small ones one by one, larger ones by their length in bits, each by what came before it.
//!
//! It is told nothing of what the numbers are; a column that is learnt costs about its entropy.

use alloc::boxed::Box;

use super::coder::{Chance, Coder};

/// Numbers below 15 have a leaf of their own.
const SMALL_BITS: u32 = 4;
const ESCAPE: u64 = 15;
const LEAVES: usize = 16;
/// Kinds of the number before: 0, 1, 2, 3..5, 6..14, larger.
const KINDS: usize = 6;
/// A length of 0 to 64 bits.
const LENGTH_BITS: u32 = 7;
const LENGTHS: usize = 65;
/// Of a larger number, the three bits behind its first are learnt, the others are even.
const LEARNT: usize = 8;

/// Numbers of one kind, such as the differences of one column.
#[derive(Debug)]
pub(super) struct Numbers {
    small: [[Chance; LEAVES]; KINDS],
    large: Option<Box<Large>>,
    before: usize,
    /// Never asked: stands in where a place cannot be found.
    spare: Chance,
}

#[derive(Debug)]
struct Large {
    length: [Chance; 1 << LENGTH_BITS],
    first: [[Chance; LEARNT]; LENGTHS],
}

impl Large {
    fn new() -> Box<Self> {
        Box::new(Self {
            length: [Chance::default(); 1 << LENGTH_BITS],
            first: [[Chance::default(); LEARNT]; LENGTHS],
        })
    }
}

impl Numbers {
    pub(super) fn new() -> Self {
        Self {
            small: [[Chance::default(); LEAVES]; KINDS],
            large: None,
            before: 0,
            spare: Chance::default(),
        }
    }

    /// The next number: written, or read, in which case `number` says nothing.
    pub(super) fn next(&mut self, coder: &mut impl Coder, number: u64) -> u64 {
        let of_kind = self.small.get_mut(self.before);
        let chances = of_kind.map_or(&mut [][..], |held| held.as_mut_slice());
        let leaf = number.min(ESCAPE);
        let small = tree(coder, (chances, &mut self.spare), SMALL_BITS, leaf);
        self.before = kind(small);
        if small < ESCAPE {
            return small;
        }
        let large = self.large.get_or_insert_with(Large::new);
        let rest = number.saturating_sub(ESCAPE);
        let spare = &mut self.spare;
        let length = u64::from(bits(rest));
        let length = tree(coder, (&mut large.length, spare), LENGTH_BITS, length).min(64);
        let length = u32::try_from(length).unwrap_or(0);
        let held = usize::try_from(length).map(|at| large.first.get_mut(at));
        let chances = held.ok().flatten().map_or(&mut [][..], |held| held);
        ESCAPE.saturating_add(behind(coder, (chances, spare), length, rest))
    }
}

/// A number of so many bits: the first is 1.
fn behind(
    coder: &mut impl Coder,
    (chances, spare): (&mut [Chance], &mut Chance),
    length: u32,
    number: u64,
) -> u64 {
    let mut told = u64::from(length > 0);
    let mut node = 1_usize;
    for at in (0..length.saturating_sub(1)).rev() {
        let bit = (number >> at) & 1 == 1;
        let bit = if node < LEARNT {
            let chance = chances.get_mut(node).unwrap_or(spare);
            let bit = coder.learnt(chance, bit);
            node = node << 1 | usize::from(bit);
            bit
        } else {
            coder.even(bit)
        };
        told = told << 1 | u64::from(bit);
    }
    told
}

/// One of 2^width leaves, from the root on.
fn tree(
    coder: &mut impl Coder,
    (chances, spare): (&mut [Chance], &mut Chance),
    width: u32,
    leaf: u64,
) -> u64 {
    let (mut node, mut told) = (1_usize, 0_u64);
    for at in (0..width).rev() {
        let chance = chances.get_mut(node).unwrap_or(spare);
        let bit = coder.learnt(chance, (leaf >> at) & 1 == 1);
        node = node << 1 | usize::from(bit);
        told = told << 1 | u64::from(bit);
    }
    told
}

fn kind(small: u64) -> usize {
    match small {
        0 => 0,
        1 => 1,
        2 => 2,
        3..=5 => 3,
        6..ESCAPE => 4,
        _ => 5,
    }
}

/// Length in bits; 0 for 0.
pub(super) fn bits(number: u64) -> u32 {
    u64::BITS.saturating_sub(number.leading_zeros())
}

/// Signed numbers near 0 become small ones.
pub(crate) fn folded(number: i64) -> u64 {
    (number.wrapping_shl(1) ^ (number >> 63)).cast_unsigned()
}

/// What [`folded`] was made of.
pub(crate) fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ (number & 1).cast_signed().wrapping_neg()
}
