//! The frames of RFC 6455 as far as a client needs them: masked ones out, whole ones in.
//!
//! A client's mask is one key for all, so that a prepared frame is masked once: what a server has to do with it stays the same.

/// The key of every mask here; any key is allowed, and a server cannot know that it repeats.
pub(crate) const KEY: [u8; 4] = [0x5a, 0xc3, 0x19, 0x7e];

/// Opcode of a text.
pub(crate) const TEXT: u8 = 1;
/// Opcode of bytes.
pub(crate) const BINARY: u8 = 2;
/// Opcode of a close.
pub(crate) const CLOSE: u8 = 8;
/// Opcode of a ping.
pub(crate) const PING: u8 = 9;
/// Opcode of a pong.
pub(crate) const PONG: u8 = 10;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// XORs `bytes` that lie at `at` of a payload with the mask.
pub(crate) fn mask(bytes: &mut [u8], at: usize) {
    for (byte, key) in bytes.iter_mut().zip(KEY.iter().cycle().skip(at % 4)) {
        *byte ^= key;
    }
}

/// A whole masked frame, and where in it the payload begins.
pub(crate) fn masked(opcode: u8, payload: &[u8]) -> (Vec<u8>, usize) {
    let mut frame = vec![FIN | opcode];
    match payload.len() {
        short @ 0..=125 => frame.push(MASKED | u8::try_from(short).unwrap_or(0)),
        middle @ 126..=0xffff => {
            frame.push(MASKED | 126);
            frame.extend(u16::try_from(middle).unwrap_or(0).to_be_bytes());
        }
        long => {
            frame.push(MASKED | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    let payload_at = frame.len();
    frame.extend(payload);
    mask(&mut frame[payload_at..], 0);
    (frame, payload_at)
}

/// One frame from the server.
#[derive(Debug, PartialEq)]
pub(crate) struct Incoming<'a> {
    /// Its opcode.
    pub(crate) opcode: u8,
    /// What it says.
    pub(crate) payload: &'a [u8],
    /// Bytes that it takes with its head.
    pub(crate) length: usize,
}

/// Why bytes are no frame of a server.
#[derive(Debug, PartialEq)]
pub(crate) struct NoFrame(pub(crate) &'static str);

/// The frame that `bytes` begin with, when it is all there.
pub(crate) fn next(bytes: &[u8]) -> Result<Option<Incoming<'_>>, NoFrame> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & FIN == 0 {
        return Err(NoFrame("the server sends fragments"));
    }
    if second & MASKED != 0 {
        return Err(NoFrame("the server masks"));
    }
    let (length, rest) = match second & 0x7f {
        126 => match rest {
            [a, b, rest @ ..] => (u64::from(u16::from_be_bytes([*a, *b])), rest),
            _ => return Ok(None),
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((length, rest)) => (u64::from_be_bytes(*length), rest),
            None => return Ok(None),
        },
        short => (u64::from(short), rest),
    };
    let length = usize::try_from(length).map_err(|_| NoFrame("a frame is too long"))?;
    let payload = rest.get(..length);
    Ok(payload.map(|payload| Incoming {
        opcode: first & 0x0f,
        payload,
        length: bytes.len() - rest.len() + length,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the other side sees.
    fn unmasked(frame: &[u8], payload_at: usize) -> Vec<u8> {
        let mut payload = frame[payload_at..].to_vec();
        mask(&mut payload, 0);
        payload
    }

    #[test]
    fn a_masked_frame_has_the_head_that_its_length_needs() {
        for (length, head) in [(5, 2), (125, 2), (126, 4), (5_195, 4), (70_000, 10)] {
            let payload = vec![b'x'; length];
            let (frame, payload_at) = masked(TEXT, &payload);
            assert_eq!(payload_at, head + 4, "{length}");
            assert_eq!(unmasked(&frame, payload_at), payload);
        }
    }

    #[test]
    fn a_mask_of_a_part_is_the_part_of_the_mask() {
        let mut whole = b"abcdefghij".to_vec();
        let mut part = whole[3..7].to_vec();
        mask(&mut whole, 0);
        mask(&mut part, 3);
        assert_eq!(part, whole[3..7]);
    }

    #[test]
    fn a_frame_is_read_when_it_is_all_there() {
        let mut bytes = vec![FIN | TEXT, 126, 0, 200];
        bytes.extend([b'y'; 200]);
        bytes.extend([FIN | PING, 0]);
        for cut in 0..204 {
            assert_eq!(next(&bytes[..cut]), Ok(None), "{cut}");
        }
        let frame = next(&bytes).unwrap().unwrap();
        assert_eq!((frame.opcode, frame.length), (TEXT, 204));
        assert_eq!(next(&bytes[204..]).unwrap().unwrap().opcode, PING);
    }

    #[test]
    fn what_no_server_may_send_is_refused() {
        assert!(next(&[TEXT, 1, b'a']).is_err());
        assert!(next(&[FIN | TEXT, MASKED, 0, 0, 0, 0]).is_err());
    }
}
