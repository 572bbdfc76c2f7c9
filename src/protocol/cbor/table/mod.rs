//! Looks fields and words of the table up, by number and by name.

use streakline_core::metric::Metric;

use super::fields::{FIELDS, Holds};
use crate::registry;

/// The field of a number.
pub(super) fn field(number: u64) -> Option<(&'static str, Holds)> {
    FIELDS.get(usize::try_from(number).ok()?).copied()
}

/// The number of a field that is known to be one; nothing is compiled for a name that is none.
pub(super) const fn number(name: &str) -> u64 {
    match find(name) {
        Some(number) => number as u64,
        None => panic!("no field of this name"),
    }
}

/// The number of a field.
pub(super) const fn find(name: &str) -> Option<u8> {
    let mut slot = hash(name) % SLOTS;
    while SLOT_OF[slot] != EMPTY {
        let number = SLOT_OF[slot];
        if same(FIELDS[number as usize].0, name) {
            return Some(number);
        }
        slot = (slot + 1) % SLOTS;
    }
    None
}

/// Slots of the table of names: so many that most names are found at once.
const SLOTS: usize = 1_024;
/// A slot without a name.
const EMPTY: u8 = u8::MAX;
/// Numbers by the hash of their name, each in its slot or the next free one; made by the compiler.
static SLOT_OF: [u8; SLOTS] = slots();

const _: () = assert!(FIELDS.len() < EMPTY as usize);

const fn slots() -> [u8; SLOTS] {
    let mut slots = [EMPTY; SLOTS];
    let mut number = 0;
    while number < FIELDS.len() {
        let mut slot = hash(FIELDS[number].0) % SLOTS;
        while slots[slot] != EMPTY {
            slot = (slot + 1) % SLOTS;
        }
        slots[slot] = number as u8;
        number += 1;
    }
    slots
}

/// FNV-1a.
const fn hash(name: &str) -> usize {
    let (bytes, mut at) = (name.as_bytes(), 0);
    let mut hash: u32 = 0x811c_9dc5;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ (hash >> 16)) as usize
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// The word of a number.
pub(super) fn word(holds: Holds, number: u64) -> Option<&'static str> {
    match holds {
        Holds::Word(words) => words.get(usize::try_from(number).ok()?).copied(),
        Holds::Metric | Holds::ByMetric => {
            let metric = Metric(u16::try_from(number).ok()?);
            registry::metrics().get(metric).map(|of| of.name.as_str())
        }
        Holds::Plain | Holds::Uuid | Holds::Bytes => None,
    }
}

/// The number of a word.
pub(super) fn number_of(holds: Holds, word: &str) -> Option<u64> {
    match holds {
        Holds::Word(words) => {
            let place = words.iter().position(|known| *known == word)?;
            u64::try_from(place).ok()
        }
        Holds::Metric | Holds::ByMetric => {
            let of = registry::metrics().named(word)?;
            Some(u64::from(of.metric.0))
        }
        Holds::Plain | Holds::Uuid | Holds::Bytes => None,
    }
}

#[cfg(test)]
mod tests;
