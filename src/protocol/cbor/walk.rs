//! What the readers of the compact form share: how many items of a container are left, whose number a key is, and how an item
//! is passed over.
//!
//! Nothing is taken on trust: a length reserves no memory, nesting has a bound, and what is passed over is looked at as closely
//! as what is read.

use std::fmt;

use minicbor::{
    Decoder,
    data::{Int, Type},
    decode,
};
use streakline_core::limits;

/// Largest integer that every JSON reader keeps exact.
pub(super) const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Bytes that are no frame, with the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    what: &'static str,
    at: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

pub(super) type Walked<T> = Result<T, Malformed>;

/// A decoder that says where it failed.
pub(super) struct Walk<'b> {
    pub(super) items: Decoder<'b>,
}

impl<'b> Walk<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self {
            items: Decoder::new(bytes),
        }
    }

    pub(super) fn fault(&self, what: &'static str) -> Malformed {
        Malformed {
            what,
            at: self.items.position(),
        }
    }

    /// Gives a fault of the decoder its place.
    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, decode::Error>,
    ) -> Walked<T> {
        let at = self.items.position();
        read(&mut self.items).map_err(|error| {
            let what = match error.is_end_of_input() {
                true => "it ends too early",
                false => "there is no such item",
            };
            Malformed { what, at }
        })
    }

    pub(super) fn kind(&mut self) -> Walked<Type> {
        self.read(|items| items.datatype())
    }

    /// Whether everything was read.
    pub(super) fn is_done(&self) -> bool {
        self.items.position() == self.items.input().len()
    }

    /// One level deeper; the bound keeps hostile nesting off the stack.
    pub(super) fn deeper(&self, depth: usize) -> Walked<usize> {
        if depth >= limits::CBOR_DEPTH_MAX {
            return Err(self.fault("it is nested too deep"));
        }
        Ok(depth + 1)
    }

    pub(super) fn array(&mut self) -> Walked<Rest> {
        self.read(Decoder::array).map(Rest)
    }

    pub(super) fn map(&mut self) -> Walked<Rest> {
        self.read(Decoder::map).map(Rest)
    }

    /// Whether a container has one more item or pair; the end of one without a length is passed.
    pub(super) fn more(&mut self, rest: &mut Rest) -> Walked<bool> {
        match &mut rest.0 {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None if self.kind()? == Type::Break => {
                self.items.set_position(self.items.position() + 1);
                Ok(false)
            }
            None => Ok(true),
        }
    }

    /// The number of a key; `None` for a key that is none, which is no field of ours.
    pub(super) fn key(&mut self, depth: usize) -> Walked<Option<u64>> {
        match self.kind()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => self.read(Decoder::u64).map(Some),
            _ => self.skip(depth).map(|()| None),
        }
    }

    /// A finite number that is no integer item; what JSON has no number for is no frame.
    pub(super) fn float(&mut self) -> Walked<Float> {
        let fault = self.fault("a number is not finite");
        let float = match self.kind()? {
            Type::F64 => Float::Double(self.read(Decoder::f64)?),
            Type::F32 => Float::Single(self.read(Decoder::f32)?),
            _ => Float::Single(self.half()?),
        };
        if float.double().is_finite() {
            Ok(float)
        } else {
            Err(fault)
        }
    }

    fn half(&mut self) -> Walked<f32> {
        let at = self.items.position();
        let bits = self.items.input().get(at + 1..at + 3);
        let Some(&[high, low]) = bits else {
            return Err(self.fault("it ends too early"));
        };
        self.items.set_position(at + 3);
        Ok(half(u16::from_be_bytes([high, low])))
    }

    /// Passes one item, with everything inside of it.
    pub(super) fn skip(&mut self, depth: usize) -> Walked<()> {
        match self.kind()? {
            Type::Bool => self.read(Decoder::bool).map(drop),
            Type::Null => self.read(Decoder::null),
            Type::Undefined => self.read(Decoder::undefined),
            Type::Simple => self.read(Decoder::simple).map(drop),
            Type::F16 | Type::F32 | Type::F64 => self.float().map(drop),
            Type::String => self.read(Decoder::str).map(drop),
            Type::Bytes => self.read(Decoder::bytes).map(drop),
            Type::Array | Type::ArrayIndef => {
                let (depth, mut rest) = (self.deeper(depth)?, self.array()?);
                while self.more(&mut rest)? {
                    self.skip(depth)?;
                }
                Ok(())
            }
            Type::Map | Type::MapIndef => {
                let (depth, mut rest) = (self.deeper(depth)?, self.map()?);
                while self.more(&mut rest)? {
                    self.skip(depth)?;
                    self.skip(depth)?;
                }
                Ok(())
            }
            Type::Tag => {
                let depth = self.deeper(depth)?;
                self.read(Decoder::tag)?;
                self.skip(depth)
            }
            kind if is_integer(kind) => self.integer().map(drop),
            _ => Err(self.fault(NO_ITEM)),
        }
    }

    pub(super) fn integer(&mut self) -> Walked<Int> {
        self.read(Decoder::int)
    }
}

/// What is said of a break outside of its place, a reserved head, and a string in pieces.
pub(super) const NO_ITEM: &str = "there is no such item, or a string has no length";

pub(super) fn is_integer(kind: Type) -> bool {
    matches!(
        kind,
        Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int
    )
}

/// Items or pairs that a container still has; `None` until its break.
pub(super) struct Rest(pub(super) Option<u64>);

/// A floating-point number of the width that it came in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Float {
    Double(f64),
    Single(f32),
}

impl Float {
    fn double(self) -> f64 {
        match self {
            Self::Double(value) => value,
            Self::Single(value) => f64::from(value),
        }
    }

    /// The integer that it is, within +-(2^53 - 1): some encoders know no others beyond 2^32.
    pub(super) fn whole(self) -> Option<i64> {
        let value = self.double();
        let exact = value.fract() == 0.0 && value.abs() <= INTEGER_MAX as f64;
        exact.then_some(value as i64)
    }

    /// The shortest decimal that is this number in its width, as a JSON writer prints it.
    pub(super) fn shortest(self) -> String {
        let text = match self {
            Self::Double(value) => serde_json::to_string(&value),
            Self::Single(value) => serde_json::to_string(&value),
        };
        text.unwrap_or_default()
    }
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let fraction = f32::from(bits & 0x03ff);
    let magnitude = match (bits >> 10) & 0x1f {
        0 => fraction / 16_777_216.0,
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1.0 + fraction / 1_024.0) * 2_f32.powi(i32::from(exponent) - 15),
    };
    if bits & 0x8000 == 0 {
        magnitude
    } else {
        -magnitude
    }
}
