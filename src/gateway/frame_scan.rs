//! Finds where WebSocket frames begin and end in a byte stream, and checks their headers (RFC 6455 5.2, 5.4, 5.5).
//!
//! The decoder behind it would buffer a whole frame before it looks at the size, and repeat one fault for ever, so it
//! only gets frames whose headers are sound. Unmasking and UTF-8 are the decoder's business. Called by `gate`.

/// Longest header of a client's frame: two bytes, eight of length, four of mask.
const HEADER_BYTES_MAX: usize = 14;
const MASK_BYTES: usize = 4;
const FIN_BIT: u8 = 0x80;
const RESERVED_BITS: u8 = 0x70;
const OPCODE_BITS: u8 = 0x0f;
const MASK_BIT: u8 = 0x80;
const LENGTH_BITS: u8 = 0x7f;
const CONTROL_BYTES_MAX: u64 = 125;

/// Reads headers and counts payloads.
#[derive(Debug, Default)]
pub(super) struct FrameScan {
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: usize,
    payload_left: Option<u64>,
    in_message: bool,
}

/// What the scanned bytes lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The frame goes on in the next bytes.
    Inside,
    /// A header is complete; its payload follows.
    Announced {
        /// Bytes of the payload.
        payload: u64,
        /// Whether it is the close frame.
        close: bool,
    },
    /// The frame is complete.
    End,
    /// A header that no client may send.
    Malformed,
}

impl FrameScan {
    /// Scans `bytes` up to the next [`Place`] and says how many of them lead there.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> (usize, Place) {
        match self.payload_left {
            Some(left) => self.skip_payload(left, bytes.len()),
            None => self.read_header(bytes),
        }
    }

    fn skip_payload(&mut self, left: u64, available: usize) -> (usize, Place) {
        let taken = usize::try_from(left).map_or(available, |left| left.min(available));
        let left = left.saturating_sub(taken as u64);
        if left == 0 {
            self.payload_left = None;
            self.header_bytes = 0;
            return (taken, Place::End);
        }
        self.payload_left = Some(left);
        (taken, Place::Inside)
    }

    fn read_header(&mut self, bytes: &[u8]) -> (usize, Place) {
        for (at, byte) in bytes.iter().enumerate() {
            if let Some(slot) = self.header.get_mut(self.header_bytes) {
                *slot = *byte;
                self.header_bytes += 1;
            }
            if self.header_bytes == self.header_needed() {
                return (at + 1, self.announce());
            }
        }
        (bytes.len(), Place::Inside)
    }

    /// Bytes that this header has, as far as its beginning tells.
    fn header_needed(&self) -> usize {
        let [_, second, ..] = self.header;
        if self.header_bytes < 2 {
            return 2;
        }
        let mask = if second & MASK_BIT == 0 {
            0
        } else {
            MASK_BYTES
        };
        mask + match second & LENGTH_BITS {
            126 => 4,
            127 => 10,
            _ => 2,
        }
    }

    fn announce(&mut self) -> Place {
        let [first, second, length @ ..] = self.header;
        let [a, b, c, d, e, f, g, h, ..] = length;
        let payload = match second & LENGTH_BITS {
            126 => u64::from(u16::from_be_bytes([a, b])),
            127 => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            short => u64::from(short),
        };
        let is_sound = first & RESERVED_BITS == 0 && second & MASK_BIT != 0;
        if !is_sound || !self.is_in_turn(first, payload) {
            return Place::Malformed;
        }
        self.payload_left = Some(payload);
        Place::Announced {
            payload,
            close: first & OPCODE_BITS == 8,
        }
    }

    /// Whether a frame of that kind may come now: messages are not mixed, control frames are short and whole.
    fn is_in_turn(&mut self, first: u8, payload: u64) -> bool {
        let last = first & FIN_BIT != 0;
        let (is_in_turn, in_message) = match first & OPCODE_BITS {
            0 => (self.in_message, !last),
            1 | 2 => (!self.in_message, !last),
            8..=10 => (last && payload <= CONTROL_BYTES_MAX, self.in_message),
            _ => (false, self.in_message),
        };
        self.in_message = in_message;
        is_in_turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked frame with a payload of zeros.
    fn frame(opcode: u8, payload: usize) -> Vec<u8> {
        let mut bytes = vec![0x80 | opcode];
        match payload {
            0..=125 => bytes.push(0x80 | payload as u8),
            126..=65_535 => {
                bytes.push(0x80 | 126);
                bytes.extend((payload as u16).to_be_bytes());
            }
            _ => {
                bytes.push(0x80 | 127);
                bytes.extend((payload as u64).to_be_bytes());
            }
        }
        bytes.extend([0; MASK_BYTES]);
        bytes.resize(bytes.len() + payload, 0);
        bytes
    }

    /// Places that `bytes` lead to, fed in pieces of `piece` bytes; with where each complete frame ends.
    fn scan(bytes: &[u8], piece: usize) -> (Vec<u64>, Vec<usize>) {
        let (mut scan, mut at) = (FrameScan::default(), 0);
        let (mut announced, mut ends) = (vec![], vec![]);
        for piece in bytes.chunks(piece) {
            let mut rest = piece;
            loop {
                let (taken, place) = scan.advance(rest);
                at += taken;
                rest = &rest[taken..];
                match place {
                    Place::Announced { payload, .. } => announced.push(payload),
                    Place::End => ends.push(at),
                    Place::Inside => break,
                    Place::Malformed => panic!("a sound frame was refused"),
                }
            }
        }
        (announced, ends)
    }

    #[test]
    fn frames_are_found_however_the_bytes_are_cut() {
        let sizes = [0_usize, 1, 125, 126, 4_096, 70_000];
        let (mut bytes, mut wanted) = (vec![], vec![]);
        for size in sizes {
            bytes.extend(frame(1, size));
            wanted.push(bytes.len());
        }
        for piece in [1, 2, 3, 7, 1_000, bytes.len()] {
            let (announced, ends) = scan(&bytes, piece);
            assert_eq!(
                announced,
                sizes.map(|size| size as u64),
                "pieces of {piece}"
            );
            assert_eq!(ends, wanted, "pieces of {piece}");
        }
    }

    #[test]
    fn a_length_is_known_before_any_payload_has_come() {
        let mut header = vec![0x81, 0xff];
        header.extend(u64::MAX.to_be_bytes());
        header.extend([0; MASK_BYTES]);
        let place = Place::Announced {
            payload: u64::MAX,
            close: false,
        };
        assert_eq!(FrameScan::default().advance(&header), (14, place));
    }

    #[test]
    fn a_close_frame_is_told_apart() {
        let (_, place) = FrameScan::default().advance(&frame(8, 2));
        assert_eq!(
            place,
            Place::Announced {
                payload: 2,
                close: true
            }
        );
    }

    #[test]
    fn headers_that_no_client_may_send_are_malformed() {
        let place = |frames: &[&[u8]]| {
            let mut scan = FrameScan::default();
            let mut last = Place::Inside;
            for header in frames {
                last = scan.advance(header).1;
                assert_ne!(last, Place::Inside, "{header:?} is a whole header");
                if last != Place::Malformed {
                    assert_eq!(scan.advance(&[]), (0, Place::End));
                }
            }
            last
        };
        let text: &[u8] = &[0x81, 0x80, 0, 0, 0, 0];
        let first: &[u8] = &[0x01, 0x80, 0, 0, 0, 0];
        let rest: &[u8] = &[0x80, 0x80, 0, 0, 0, 0];
        let ping: &[u8] = &[0x89, 0x80, 0, 0, 0, 0];
        let cases: [Vec<&[u8]>; 7] = [
            vec![&[0x81, 0x00]],
            vec![&[0xc1, 0x80, 0, 0, 0, 0]],
            vec![&[0x83, 0x80, 0, 0, 0, 0]],
            vec![&[0x09, 0x80, 0, 0, 0, 0]],
            vec![&[0x89, 0xfe, 0, 126, 0, 0, 0, 0]],
            vec![rest],
            vec![first, text],
        ];
        for bad in cases {
            assert_eq!(place(&bad), Place::Malformed, "{bad:?}");
        }
        let good = place(&[first, ping, rest, text]);
        assert!(
            matches!(good, Place::Announced { .. }),
            "a ping may stand between fragments"
        );
    }
}
