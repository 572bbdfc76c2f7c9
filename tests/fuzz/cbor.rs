//! Faults of CBOR that keep its items whole: other types, numbers at the edges, lengths that nobody has, items too deep.

use crate::mutate::{Fault, index};

/// How deep an item is nested that nobody should follow.
const DEPTH: usize = 10_000;

/// One data item with everything inside of it.
#[derive(Clone, Copy, Debug)]
struct Item {
    from: usize,
    end: usize,
    /// Bytes of the head.
    head: usize,
    major: u8,
}

/// The head at a place: major type, argument, bytes.
fn head(bytes: &[u8], at: usize) -> Option<(u8, u64, usize)> {
    let first = *bytes.get(at)?;
    let extra = match first & 31 {
        small @ 0..=23 => return Some((first >> 5, u64::from(small), 1)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let digits = bytes.get(at + 1..at + 1 + extra)?;
    let argument = digits
        .iter()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    Some((first >> 5, argument, 1 + extra))
}

/// Every item in order of its beginning, as far as the bytes are sound.
fn items(bytes: &[u8]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    // Items that are open, with how many are still to come inside of them.
    let mut open: Vec<(usize, u64)> = Vec::new();
    let mut at = 0;
    while let Some((major, argument, length)) = head(bytes, at) {
        let content = match major {
            2 | 3 => usize::try_from(argument).unwrap_or(usize::MAX),
            _ => 0,
        };
        let Some(end) = (at + length)
            .checked_add(content)
            .filter(|end| *end <= bytes.len())
        else {
            break;
        };
        items.push(Item {
            from: at,
            end,
            head: length,
            major,
        });
        let inside = match major {
            4 => argument,
            5 => argument.saturating_mul(2),
            6 => 1,
            _ => 0,
        };
        at = end;
        open.push((items.len() - 1, inside));
        close(&mut items, &mut open, at);
    }
    for (number, _) in open {
        items[number].end = at.min(bytes.len());
    }
    items
}

fn close(items: &mut [Item], open: &mut Vec<(usize, u64)>, at: usize) {
    while let Some((number, 0)) = open.last().copied() {
        items[number].end = at;
        open.pop();
        if let Some((_, left)) = open.last_mut() {
            *left = left.saturating_sub(1);
        }
    }
}

/// A head with that argument, in its shortest form.
fn encoded(major: u8, argument: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut bytes);
    encoder.u64(argument).unwrap();
    bytes[0] |= major << 5;
    bytes
}

/// Numbers at the edges of what fields hold, and near what they hold.
fn number(b: u32) -> Vec<u8> {
    let near = u64::from(b >> 6);
    let argument = match b % 32 {
        0 => 0,
        1 => 1,
        2 => 23,
        3 => 255,
        4 => 65_535,
        5 => 1 << 31,
        6 => (1 << 31) - 1,
        7 => u64::from(u32::MAX),
        8 => 1 << 32,
        9 => (1 << 53) - 1,
        10 => i64::MAX as u64,
        11 => 1 << 63,
        12 => u64::MAX,
        13..20 => near % 64,
        20..24 => 1_460_505_600_000 + near * 60_000,
        24..28 => 16_000 + near % 8_192,
        _ => near,
    };
    encoded(u8::from(b & 32 != 0), argument)
}

fn odd(b: u32) -> Vec<u8> {
    match b % 24 {
        0 => vec![0xf6],
        1 => vec![0xf7],
        2 => vec![0xf5],
        3 => vec![0x80],
        4 => vec![0xa0],
        5 => vec![0x9f, 0xff],
        6 => vec![0xbf, 0xff],
        7 => vec![0x60],
        8 => vec![0x40],
        9 => [&encoded(2, 16)[..], &[7; 16]].concat(),
        10 => [&encoded(2, 32)[..], &[7; 32]].concat(),
        11 => b"\x63UTC".to_vec(),
        12 => [&encoded(3, 300)[..], &[b'x'; 300]].concat(),
        13 => b"\x6dEurope/Berlin".to_vec(),
        14 => vec![0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
        15 => vec![0xc1, 0x00],
        16 => vec![0xff],
        17 => [0x81].repeat(DEPTH),
        18 => vec![0x62, 0xc3, 0x28],
        19 => encoded(4, u64::MAX),
        20 => encoded(5, 1 << 40),
        21 => encoded(2, u64::MAX),
        22 => encoded(3, i64::MAX as u64),
        _ => [&[0x9f][..], &[0x00; 40], &[0xff]].concat(),
    }
}

/// Puts one fault in.
pub(crate) fn apply(bytes: &mut Vec<u8>, (kind, a, b): Fault, other: &[u8]) {
    let items = items(bytes);
    let Some(item) = items.get(index(a, items.len())).copied() else {
        return;
    };
    let whole = item.from..item.end;
    match kind % 10 {
        0..3 => {
            // A number where one stood keeps the rest readable.
            let numbers: Vec<&Item> = items.iter().filter(|item| item.major < 2).collect();
            let place = numbers.get(index(a, numbers.len()));
            let place = place.map_or(whole, |item| item.from..item.end);
            bytes.splice(place, number(b));
        }
        3 => drop(bytes.splice(whole, odd(b))),
        4 => borrow(bytes, item, (other, b)),
        5 => drop(bytes.splice(whole, [])),
        6 => {
            let copy = bytes[whole].to_vec();
            bytes.splice(item.from..item.from, copy);
        }
        7 => {
            let length = [0, 1, 2, 17, 1 << 20, 1 << 40, u64::MAX][index(b, 7)];
            let place = item.from..item.from + item.head;
            bytes.splice(place, encoded(item.major, length));
        }
        8 => {
            let with = items[index(b, items.len())];
            let copy = bytes[with.from..with.end].to_vec();
            bytes.splice(whole, copy);
        }
        _ => grow(bytes, item, b),
    }
}

/// An item of the same type out of another input.
fn borrow(bytes: &mut Vec<u8>, item: Item, (other, b): (&[u8], u32)) {
    let theirs = items(other);
    let alike: Vec<&Item> = theirs
        .iter()
        .filter(|their| their.major == item.major)
        .collect();
    if let Some(their) = alike.get(index(b, alike.len())) {
        bytes.splice(
            item.from..item.end,
            other[their.from..their.end].iter().copied(),
        );
    }
}

/// One more element than the array or map had, a copy of its first.
fn grow(bytes: &mut Vec<u8>, item: Item, b: u32) {
    let Some((major @ (4 | 5), argument, _)) = head(bytes, item.from) else {
        return;
    };
    let inner = items(&bytes[item.from + item.head..item.end]);
    let parts: usize = if major == 5 { 2 } else { 1 };
    let copy = match inner.get(parts.saturating_sub(1)) {
        Some(last) => bytes[item.from + item.head..item.from + item.head + last.end].to_vec(),
        None => [number(b), number(b >> 3)][..parts].concat(),
    };
    let count = encoded(major, argument.saturating_add(1));
    bytes.splice(item.from..item.from + item.head, [count, copy].concat());
}
