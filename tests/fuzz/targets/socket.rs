//! WebSocket bytes: where frames begin and end, and messages joined from fragments.

use streakline::gateway::fuzzing::{Found, join, scan};

use super::{Judged, Seen, Target, bounded, hold};
use crate::{mutate::Form, random::Random};

/// Places of one input that are looked at.
const PLACES_MAX: usize = 4_096;

pub(super) const FRAME_SCAN: Target = Target {
    name: "frame_scan",
    form: Form::Plain,
    share: 5,
    valid: |seed| {
        let random = &mut Random::new(seed, 30);
        let count = random.within(1, 5);
        (0..count).flat_map(|_| frame(random)).collect()
    },
    check: frames,
};

/// A whole, masked frame that may come at any time.
fn frame(random: &mut Random) -> Vec<u8> {
    let opcode = [1, 2, 8, 9, 10][random.index(5)];
    let longest = if opcode > 2 { 125 } else { 300 };
    let payload = usize::try_from(random.within(0, longest)).unwrap();
    let mut bytes = vec![0x80 | opcode];
    match u8::try_from(payload) {
        Ok(short) if short < 126 => bytes.push(0x80 | short),
        _ => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(payload).unwrap().to_be_bytes());
        }
    }
    bytes.extend([1, 2, 3, 4]);
    bytes.resize(bytes.len() + payload, 0x55);
    bytes
}

/// However the bytes are cut, the same places are found; and they are those that a plain reading finds.
fn frames(bytes: &[u8]) -> Judged {
    let whole = bounded((bytes, 64, 8_192), || scan(bytes, usize::MAX, PLACES_MAX))?;
    for piece in [1, 2, 7, 64] {
        let pieces = scan(bytes, piece, PLACES_MAX);
        hold(pieces == whole, || {
            format!("pieces of {piece} bytes: {pieces:?}, whole: {whole:?}")
        })?;
    }
    let read = reading(bytes);
    hold(whole == read, || {
        format!("found {whole:?}, there are {read:?}")
    })?;
    match whole.last() {
        Some((_, Found::Malformed)) => Ok(Seen::Refused),
        _ => Ok(Seen::Taken(None)),
    }
}

/// The frames of RFC 6455 5.2, read with all bytes at hand.
fn reading(bytes: &[u8]) -> Vec<(usize, Found)> {
    let (mut places, mut at, mut joining) = (Vec::new(), 0_usize, false);
    while let Some([first, second]) = bytes.get(at..at + 2) {
        let extended: usize = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let masked = second & 0x80 != 0;
        let header = 2 + extended + if masked { 4 } else { 0 };
        let Some(length) = bytes.get(at + 2..at + header) else {
            return places;
        };
        let length = &length[..extended];
        let payload = match extended {
            0 => u64::from(second & 0x7f),
            _ => length
                .iter()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        };
        at += header;
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        let is_control = opcode >= 8;
        let fits = match opcode {
            0 => joining,
            1 | 2 => !joining,
            8..=10 => last && payload <= 125,
            _ => false,
        };
        if !masked || first & 0x70 != 0 || !fits {
            places.push((at, Found::Malformed));
            return places;
        }
        joining = if is_control { joining } else { !last };
        places.push((
            at,
            Found::Header {
                payload,
                close: opcode == 8,
            },
        ));
        let end = usize::try_from(payload)
            .ok()
            .and_then(|payload| at.checked_add(payload));
        match end.filter(|end| *end <= bytes.len()) {
            // An empty payload ends with the bytes that come after its header.
            Some(end) if end > at || at < bytes.len() => places.push((end, Found::End)),
            Some(end) => places.push((end, Found::End)),
            None => return places,
        }
        at = end.unwrap_or(at);
        if places.len() >= PLACES_MAX {
            places.truncate(PLACES_MAX);
            return places;
        }
    }
    places
}

pub(super) const FRAGMENTS: Target = Target {
    name: "fragments",
    form: Form::Plain,
    share: 3,
    valid: |seed| {
        let random = &mut Random::new(seed, 31);
        let text = crate::values::words(random, 30);
        let mut bytes = text.into_bytes();
        bytes.truncate(MESSAGE_BYTES_MAX);
        while std::str::from_utf8(&bytes).is_err() {
            bytes.pop();
        }
        bytes
    },
    check: fragments,
};

/// The bound of a message in this test.
const MESSAGE_BYTES_MAX: usize = 100;

/// However a message is cut, it is joined to the same text or refused for the same reason.
fn fragments(bytes: &[u8]) -> Judged {
    let wanted = if bytes.len() > MESSAGE_BYTES_MAX {
        Err(1009)
    } else {
        String::from_utf8(bytes.to_vec()).map_err(|_| 1007)
    };
    for piece in [1, 3, 50, usize::MAX] {
        let mut cut: Vec<&[u8]> = bytes.chunks(piece.min(bytes.len().max(1))).collect();
        cut.push(&[]);
        let least = 3 * MESSAGE_BYTES_MAX as u64 + 64;
        let joined = bounded((&[], 0, least), || join(&cut, MESSAGE_BYTES_MAX))?;
        hold(joined == wanted, || {
            format!("pieces of {piece}: {joined:?}, not {wanted:?}")
        })?;
    }
    match wanted {
        Ok(text) => Ok(Seen::Taken(Some(text.into_bytes()))),
        Err(_) => Ok(Seen::Refused),
    }
}
