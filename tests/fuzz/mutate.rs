//! Inputs as proptest makes them: random bytes, valid encodings, and encodings with structured faults in them.
//!
//! A fault is three numbers, so that proptest can leave out the ones that a failure does not need. What JSON and CBOR are
//! broken into is `json`'s and `cbor`'s. Called by `worker`.

use std::sync::Arc;

use proptest::prelude::*;

use crate::{cbor, json, targets::Target};

/// What the bytes of a target are, so that faults can respect its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Cbor,
    /// Names, headers, keys: nothing that could be taken apart.
    Plain,
}

/// One input.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) bytes: Vec<u8>,
    /// It is a valid encoding and must be taken.
    pub(crate) is_valid: bool,
}

/// Where and how; what the numbers mean depends on the bytes that they meet.
pub(crate) type Fault = (u8, u32, u32);

const FAULTS_MAX: usize = 6;
/// Repeats do not grow an input beyond this.
pub(crate) const BYTES_MAX: usize = 128 * 1024;

/// Inputs for one target; `pool` holds encodings to begin with.
pub(crate) fn cases(target: &'static Target, pool: Vec<Vec<u8>>) -> BoxedStrategy<Case> {
    let invalid = |bytes| Case {
        bytes,
        is_valid: false,
    };
    let pool = Arc::new(pool);
    let faults = prop::collection::vec(any::<Fault>(), 1..FAULTS_MAX);
    let broken = (any::<u32>(), faults).prop_map(move |(seed, faults)| {
        let mut bytes = pick(&pool, seed).to_vec();
        for fault in faults {
            let other = pick(&pool, fault.2);
            apply(&mut bytes, target.form, fault, other);
            bytes.truncate(BYTES_MAX);
        }
        invalid(bytes)
    });
    let random = prop::collection::vec(any::<u8>(), 0..48).prop_map(invalid);
    let valid = any::<u64>().prop_map(|seed| Case {
        bytes: (target.valid)(seed),
        is_valid: true,
    });
    prop_oneof![1 => random, 2 => valid, 7 => broken].boxed()
}

fn pick(pool: &[Vec<u8>], number: u32) -> &[u8] {
    pool.get(index(number, pool.len()))
        .map_or(&[], Vec::as_slice)
}

/// An index below `len`; 0 for nothing at all.
pub(crate) fn index(number: u32, len: usize) -> usize {
    usize::try_from(number)
        .unwrap()
        .checked_rem(len)
        .unwrap_or(0)
}

fn apply(bytes: &mut Vec<u8>, form: Form, fault: Fault, other: &[u8]) {
    match form {
        // Half of the faults keep the tokens whole: the bytes below them are found out soon.
        Form::Json if fault.0 >= 96 => json::apply(bytes, fault, other),
        Form::Cbor if fault.0 >= 96 => cbor::apply(bytes, fault, other),
        _ => plain(bytes, fault, other),
    }
}

fn plain(bytes: &mut Vec<u8>, (kind, a, b): Fault, other: &[u8]) {
    let at = index(a, bytes.len());
    let end = bytes.len().min(at + 1 + index(b, 24));
    let [low, ..] = b.to_le_bytes();
    match kind % 10 {
        0 => flip(bytes, at, low),
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = low;
            }
        }
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let part = bytes[at..end].to_vec();
            let times = 1 + index(b >> 8, 40);
            bytes.splice(at..at, part.repeat(times));
        }
        5 => bytes.insert(at, low),
        6 => splice(bytes, at, other, b),
        7 => huge(bytes, at, b),
        8 => bytes.extend_from_slice(other),
        _ => bytes[at..end].reverse(),
    }
}

fn flip(bytes: &mut [u8], at: usize, bit: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << (bit % 8);
    }
}

/// The beginning of one input and the end of another.
fn splice(bytes: &mut Vec<u8>, at: usize, other: &[u8], from: u32) {
    bytes.truncate(at);
    bytes.extend_from_slice(other.get(index(from, other.len())..).unwrap_or_default());
}

/// Eight bytes of a number that is too large for whatever they count.
fn huge(bytes: &mut [u8], at: usize, kind: u32) {
    let number = [u64::MAX, i64::MAX as u64, 1 << 32, 1 << 40, 0][index(kind, 5)];
    for (byte, new) in bytes.iter_mut().skip(at).zip(number.to_be_bytes()) {
        *byte = new;
    }
}
