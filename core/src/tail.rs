//! What came of a user since the last snapshot, in the compact form: kept while batches come, read whole when a day is rebuilt or
//! the snapshot makes chunks of it.
//!
//! It is never stored: after a start it is made again from the journal.

use alloc::vec::Vec;
use minicbor::decode::Error as DecodeError;

use crate::{
    attest::Attest,
    civil::Day,
    compact::{self, Reader, Rows},
    records::StoredRecord,
    small_map::SmallMap,
};

/// A tail grows by so many bytes and not by half of itself: there is one for each user in memory.
const GROWTH_BYTES: usize = 256;
/// What nearly every copy fits into.
const SPARE_BYTES: usize = 48;
/// Bits of what is told of a copy, beside the binding and the clock.
const SIGNED: u64 = 2;
const UNSIGNED: u64 = 4;

/// What came since the last snapshot, by civil day of the start; bounded by the bytes that it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    days: SmallMap<Day, Kept>,
    bytes: usize,
}

/// The copies of one day, each told by what those before it let expect.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    bytes: Vec<u8>,
    rows: Rows,
    brought: Brought,
}

/// How a copy came; nearly all of a batch came alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Brought {
    binding: u32,
    received_ms: i64,
    skewed: bool,
    attest: Attest,
}

impl Kept {
    fn new() -> Self {
        Self {
            bytes: Vec::new(),
            rows: Rows::new(0, 0),
            brought: Brought::BEFORE,
        }
    }

    fn push(&mut self, copy: &StoredRecord) {
        let spare = self.bytes.capacity().saturating_sub(self.bytes.len());
        if spare < SPARE_BYTES {
            self.bytes.reserve_exact(GROWTH_BYTES);
        }
        let brought = Brought {
            binding: copy.binding,
            received_ms: copy.received_ms,
            skewed: copy.skewed,
            attest: copy.attest,
        };
        let marked = brought != self.brought;
        self.rows.write(&mut self.bytes, &copy.record, marked);
        if marked {
            brought.write(&mut self.bytes, self.brought);
            self.brought = brought;
        }
    }
}

impl Brought {
    /// What is expected of the first copy.
    const BEFORE: Self = Self {
        binding: 0,
        received_ms: 0,
        skewed: false,
        attest: Attest::Unasked,
    };

    fn write(self, out: &mut Vec<u8>, before: Self) {
        let attest = match self.attest {
            Attest::Unasked => 0,
            Attest::Signed => SIGNED,
            Attest::Unsigned => UNSIGNED,
        };
        let told = u64::from(self.binding) << 3 | attest | u64::from(self.skewed);
        compact::number(out, told);
        compact::length(out, self.received_ms.wrapping_sub(before.received_ms));
    }

    fn read(self, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let told = reader.number()?;
        let binding = u32::try_from(told >> 3);
        Ok(Self {
            binding: binding.map_err(|_| DecodeError::message("a binding out of range"))?,
            received_ms: self.received_ms.wrapping_add(reader.length()?),
            skewed: told & 1 == 1,
            attest: match told & (SIGNED | UNSIGNED) {
                SIGNED => Attest::Signed,
                UNSIGNED => Attest::Unsigned,
                _ => Attest::Unasked,
            },
        })
    }
}

/// Copies of a day, one by one.
struct Copies<'a> {
    reader: Reader<'a>,
    rows: Rows,
    brought: Brought,
}

impl Copies<'_> {
    fn copy(&mut self) -> Result<StoredRecord, DecodeError> {
        let (record, marked) = self.rows.read(&mut self.reader)?;
        if marked {
            self.brought = self.brought.read(&mut self.reader)?;
        }
        Ok(StoredRecord {
            binding: self.brought.binding,
            record,
            received_ms: self.brought.received_ms,
            skewed: self.brought.skewed,
            attest: self.brought.attest,
        })
    }
}

impl Iterator for Copies<'_> {
    type Item = StoredRecord;

    fn next(&mut self) -> Option<StoredRecord> {
        if self.reader.is_at_end() {
            return None;
        }
        self.copy().ok()
    }
}

impl Tail {
    /// Keeps one copy.
    pub fn push(&mut self, day: Day, copy: &StoredRecord) {
        let kept = self.days.or_insert_with(day, Kept::new);
        let before = kept.bytes.len();
        kept.push(copy);
        let grown = kept.bytes.len().saturating_sub(before);
        self.bytes = self.bytes.saturating_add(grown);
    }

    /// Takes the copies of a day out.
    pub fn remove(&mut self, day: Day) {
        let held = self.days.remove(&day).map_or(0, |kept| kept.bytes.len());
        self.bytes = self.bytes.saturating_sub(held);
    }

    /// Encoded size.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes in memory.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let held = self.days.values().map(|kept| {
            size_of::<Kept>()
                .saturating_add(kept.bytes.capacity())
                .saturating_add(kept.rows.bytes())
        });
        held.fold(0, usize::saturating_add)
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// Days that it holds copies of.
    pub fn days(&self) -> impl Iterator<Item = Day> {
        self.days.keys().copied()
    }

    /// The copies of one day, in the order in which they came.
    pub fn of(&self, day: Day) -> impl Iterator<Item = StoredRecord> {
        let bytes = self.days.get(&day).map_or(&[][..], |kept| &kept.bytes);
        Copies {
            reader: Reader::new(bytes),
            rows: Rows::new(0, 0),
            brought: Brought::BEFORE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::tests::any_record;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn copies_come_out_in_the_order_in_which_they_came(
            copies in proptest::collection::vec((0_i32..3, any_record()), 0..40)
        ) {
            let mut tail = Tail::default();
            for (day, copy) in &copies {
                tail.push(Day(*day), copy);
            }
            for day in (0..3).map(Day) {
                let own = copies.iter().filter(|(of, _)| Day(*of) == day);
                let own: Vec<_> = own.map(|(_, copy)| copy.clone()).collect();
                prop_assert_eq!(tail.of(day).collect::<Vec<_>>(), own);
            }
            prop_assert_eq!(tail.bytes() == 0, copies.is_empty());
            for day in (0..3).map(Day) {
                tail.remove(day);
            }
            prop_assert!(tail.is_empty() && tail.bytes() == 0);
        }
    }
}
