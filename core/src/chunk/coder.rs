//! A coder of single yes/no decisions that learns how likely each is: a decision nearly certain costs a few hundredths of a bit.
//!
//! One walk serves both ways: a [`Writer`] takes the bit it is given, a [`Reader`] answers the one that was written. It knows no
//! numbers and no columns.

use alloc::vec::Vec;

/// Bits in which a chance is told.
const CHANCE_BITS: u32 = 16;
/// The least chance of either answer, of 2^16: what nearly never happens must still be told in few bytes.
const CHANCE_MIN: u16 = 96;
/// How slowly a chance moves once it has seen much: by 1/32 of what is left.
const RATE_MAX: u8 = 5;
/// Bytes that a reader looks ahead; past the end it sees zeros.
const AHEAD: usize = 4;

/// How likely a decision is yes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    yes: u16,
    seen: u8,
}

impl Default for Chance {
    fn default() -> Self {
        Self {
            yes: 1 << 15,
            seen: 0,
        }
    }
}

impl Chance {
    /// Moves towards what came: fast at first, so that a short column is learnt too.
    fn learn(&mut self, yes: bool) {
        let rate = self.seen.clamp(1, RATE_MAX);
        let moved = if yes {
            let left = u16::MAX.wrapping_sub(self.yes);
            self.yes.saturating_add(left >> rate)
        } else {
            self.yes.saturating_sub(self.yes >> rate)
        };
        self.yes = moved.clamp(CHANCE_MIN, u16::MAX.wrapping_sub(CHANCE_MIN));
        self.seen = self.seen.saturating_add(1);
    }
}

/// Either end of the road.
pub(super) trait Coder {
    /// One decision with that chance of yes, of 2^16; answers what was decided.
    fn decide(&mut self, yes: u16, bit: bool) -> bool;

    /// One decision that is learnt.
    fn learnt(&mut self, chance: &mut Chance, bit: bool) -> bool {
        let decided = self.decide(chance.yes, bit);
        chance.learn(decided);
        decided
    }

    /// One decision of which nothing is known.
    fn even(&mut self, bit: bool) -> bool {
        self.decide(1 << 15, bit)
    }
}

/// What is left of all numbers from 0 to 2^32 - 1, after the bytes that both ends share; the larger part is yes.
#[derive(Clone, Copy, Debug)]
struct Span {
    low: u32,
    high: u32,
}

impl Span {
    const ALL: Self = Self {
        low: 0,
        high: u32::MAX,
    };

    /// The last number of yes. Never the last of all, so that both answers keep at least one.
    fn middle(self, yes: u16) -> u32 {
        let width = u64::from(self.high.wrapping_sub(self.low));
        let part = width.wrapping_mul(u64::from(yes)) >> CHANCE_BITS;
        self.low
            .wrapping_add(u32::try_from(part).unwrap_or(u32::MAX))
    }

    fn take(&mut self, middle: u32, bit: bool) {
        if bit {
            self.high = middle;
        } else {
            self.low = middle.wrapping_add(1);
        }
    }

    /// The first byte, once no decision can change it any more.
    fn settled(&mut self) -> Option<u8> {
        let [first, ..] = self.high.to_be_bytes();
        let [same, ..] = self.low.to_be_bytes();
        if first != same {
            return None;
        }
        self.low <<= 8;
        self.high = (self.high << 8) | 0xff;
        Some(first)
    }
}

/// Writes decisions.
#[derive(Debug)]
pub(super) struct Writer {
    span: Span,
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            span: Span::ALL,
            bytes: Vec::new(),
        }
    }

    /// The bytes: at most one more is needed, because zeros are read behind them.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let [first, ..] = self.span.low.to_be_bytes();
        if self.span.low > 0 {
            // The first bytes differ, so this one with zeros behind it lies within.
            self.bytes.push(first.saturating_add(1));
        }
        self.bytes
    }
}

impl Coder for Writer {
    #[inline]
    fn decide(&mut self, yes: u16, bit: bool) -> bool {
        self.span.take(self.span.middle(yes), bit);
        while let Some(byte) = self.span.settled() {
            self.bytes.push(byte);
        }
        bit
    }
}

/// Reads decisions. Any bytes are some decisions, so the bytes must have been checked before; [`Reader::is_at_end`] says whether
/// as many were read as there are.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    span: Span,
    code: u32,
    rest: core::slice::Iter<'a, u8>,
    missing: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut reader = Self {
            span: Span::ALL,
            code: 0,
            rest: bytes.iter(),
            missing: 0,
        };
        for _ in 0..AHEAD {
            reader.shift();
        }
        reader
    }

    fn shift(&mut self) {
        let byte = self.rest.next().copied();
        self.missing = self.missing.saturating_add(usize::from(byte.is_none()));
        self.code = (self.code << 8) | u32::from(byte.unwrap_or(0));
    }

    /// Whether decisions were read that nobody wrote.
    pub(super) fn is_past_end(&self) -> bool {
        self.missing > AHEAD
    }

    /// Whether everything was read and nothing else.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.len() == 0 && !self.is_past_end()
    }
}

impl Coder for Reader<'_> {
    #[inline]
    fn decide(&mut self, yes: u16, _: bool) -> bool {
        let middle = self.span.middle(yes);
        let bit = self.code <= middle;
        self.span.take(middle, bit);
        while self.span.settled().is_some() {
            self.shift();
        }
        bit
    }
}
