//! Numbers and texts of the compact form as bytes: seven bits a byte, the least first. It does not know what they mean.

use alloc::vec::Vec;
use minicbor::{Decode, Decoder, decode::Error as DecodeError};

use crate::chunk::{folded, unfolded};

/// Says that another byte follows.
const MORE: u8 = 0x80;
/// Bits of a number in one byte.
const BITS: u32 = 7;
/// Stands before a length of time that leaves no bit for the unit; no other length is told so.
const LONG: u64 = 1;
/// Lengths of time below it leave that bit.
const LONG_FROM: u64 = 1 << 62;

/// Writes a number.
pub(crate) fn number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= BITS;
        if number == 0 {
            return out.push(low & !MORE);
        }
        out.push(low | MORE);
    }
}

/// Writes a number that is near 0 on either side.
pub(super) fn signed(out: &mut Vec<u8>, of: i64) {
    number(out, folded(of));
}

/// Writes a length of time, ms on either side of 0. Whole seconds, which most are, are told as seconds.
pub(crate) fn length(out: &mut Vec<u8>, ms: i64) {
    let parts = (ms.checked_div(1_000), ms.checked_rem(1_000));
    if let (Some(seconds), Some(0)) = parts {
        return number(out, folded(seconds) << 1);
    }
    let folded = folded(ms);
    if folded < LONG_FROM {
        number(out, folded << 1 | 1);
    } else {
        number(out, LONG);
        number(out, folded);
    }
}

/// Writes bytes behind how many they are.
pub(super) fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(bytes);
}

/// Writes what has a form of its own.
pub(super) fn value<T: minicbor::Encode<()>>(out: &mut Vec<u8>, value: &T) {
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = minicbor::encode(value, out);
}

/// Reads what the functions above have written.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Bytes that are left: nothing that is read from them can be longer.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or_else(cut)?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64, DecodeError> {
        let (mut number, mut at) = (0_u64, 0_u32);
        loop {
            let byte = self.byte()?;
            let part = u64::from(byte & !MORE);
            let shifted = part.checked_shl(at).unwrap_or(0);
            // What is shifted out would be lost without a word.
            if shifted.checked_shr(at) != Some(part) {
                return Err(DecodeError::message("a number of more than 64 bits"));
            }
            number |= shifted;
            if byte & MORE == 0 {
                return Ok(number);
            }
            at = at.saturating_add(BITS);
        }
    }

    pub(super) fn signed(&mut self) -> Result<i64, DecodeError> {
        self.number().map(unfolded)
    }

    pub(crate) fn length(&mut self) -> Result<i64, DecodeError> {
        let told = self.number()?;
        if told == LONG {
            return self.signed();
        }
        let parts = unfolded(told >> 1);
        Ok(if told & 1 == 0 {
            parts.wrapping_mul(1_000)
        } else {
            parts
        })
    }

    /// A number of a narrower kind.
    pub(crate) fn narrow<T: TryFrom<u64>>(&mut self) -> Result<T, DecodeError> {
        T::try_from(self.number()?).map_err(|_| DecodeError::message("a number out of range"))
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (first, rest) = self.rest.split_first_chunk().ok_or_else(cut)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn text(&mut self) -> Result<&'a [u8], DecodeError> {
        let bytes = self.narrow()?;
        let (first, rest) = self.rest.split_at_checked(bytes).ok_or_else(cut)?;
        self.rest = rest;
        Ok(first)
    }

    pub(super) fn value<T: Decode<'a, ()>>(&mut self) -> Result<T, DecodeError> {
        let mut decoder = Decoder::new(self.rest);
        let value = decoder.decode()?;
        self.rest = self.rest.get(decoder.position()..).unwrap_or_default();
        Ok(value)
    }
}

fn cut() -> DecodeError {
    DecodeError::message("bytes end early")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_number_is_read_as_it_was_written() {
        let signed_numbers = [0, 1, -1, 63, -64, 999, 1_000, -1_000, i64::MAX, i64::MIN];
        for of in signed_numbers
            .into_iter()
            .chain((0..63).map(|at| 1_i64 << at))
        {
            let mut out = Vec::new();
            number(&mut out, of.cast_unsigned());
            signed(&mut out, of);
            length(&mut out, of);
            length(&mut out, of.saturating_mul(1_000));
            let mut reader = Reader::new(&out);
            assert_eq!(reader.number().unwrap(), of.cast_unsigned());
            assert_eq!(reader.signed().unwrap(), of);
            assert_eq!(reader.length().unwrap(), of);
            assert_eq!(reader.length().unwrap(), of.saturating_mul(1_000));
            assert!(reader.is_at_end());
        }
    }

    #[test]
    fn a_quarter_of_an_hour_takes_two_bytes_and_a_second_one() {
        for (ms, bytes) in [(1_000, 1), (-1_000, 1), (31_000, 1), (900_000, 2), (40, 2)] {
            let mut out = Vec::new();
            length(&mut out, ms);
            assert_eq!(out.len(), bytes, "{ms} ms");
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_and_one_that_is_cut_are_refused() {
        let refused = |bytes: &[u8]| Reader::new(bytes).number().unwrap_err().to_string();
        assert!(refused(&[0xff; 11]).contains("64 bits"));
        let mut largest = [0xff; 10];
        largest[9] = 1;
        assert_eq!(Reader::new(&largest).number().unwrap(), u64::MAX);
        largest[9] = 2;
        assert!(refused(&largest).contains("64 bits"));
        assert!(refused(&[0x80]).contains("end early"));
        assert!(refused(&[]).contains("end early"));
    }
}
