//! Writes a frame in the compact form: a serializer that knows the table and writes no text on its way.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt;

use minicbor::Encoder;
use serde::{
    Serialize,
    ser::{Impossible, Serializer},
};
use streakline_core::id::RecordId;

use super::{compound::Compound, fields::Holds, table};

/// Characters of a hyphenated UUID.
const UUID_CHARS: usize = 36;
/// Of the first byte of a short map, what is the count of its fields.
const COUNT_BITS: u8 = 0x1f;
/// What most frames fit into.
const FRAME_BYTES: usize = 256;

/// The bytes of a frame.
#[must_use]
pub fn encode(frame: &impl Serialize) -> Vec<u8> {
    let mut writer = Writer {
        out: Encoder::new(Vec::with_capacity(FRAME_BYTES)),
        next: Next::Value(Holds::Plain),
    };
    // Frames hold texts, numbers, flags, lists and maps by name: there is nothing in them that cannot be written.
    match frame.serialize(&mut writer) {
        Ok(()) => writer.out.into_writer(),
        Err(fmt::Error) => Vec::new(),
    }
}

/// One map of the fields of two, which together are fewer than 24: each has its count in its first byte.
#[must_use]
pub fn joined(mut first: Vec<u8>, second: &[u8]) -> Vec<u8> {
    if let (Some(head), Some((more, fields))) = (first.first_mut(), second.split_first()) {
        *head = head.saturating_add(more & COUNT_BITS);
        first.extend_from_slice(fields);
    }
    first
}

/// What the next text is.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// A value under a field of that kind.
    Value(Holds),
    /// The name of a field.
    Field,
    /// The name of a metric, as a key.
    Metric,
}

pub(super) struct Writer {
    pub(super) out: Encoder<Vec<u8>>,
    pub(super) next: Next,
}

pub(super) type Written = Result<(), fmt::Error>;

/// Writing into memory does not fail.
fn done<T, E>(result: Result<T, E>) -> Written {
    result.map(drop).map_err(|_| fmt::Error)
}

impl Writer {
    /// Writes the name of a field, as its number where it has one.
    pub(super) fn field(&mut self, name: &str) -> Written {
        let number = table::find(name);
        let holds = number.and_then(|number| table::field(u64::from(number)));
        self.next = Next::Value(holds.map_or(Holds::Plain, |(_, holds)| holds));
        match number {
            Some(number) => done(self.out.u8(number)),
            None => done(self.out.str(name)),
        }
    }

    fn metric(&mut self, name: &str) -> Written {
        self.next = Next::Value(Holds::Plain);
        self.word(Holds::ByMetric, name)
    }

    /// Writes a word, as its number where it has one.
    fn word(&mut self, holds: Holds, word: &str) -> Written {
        match table::number_of(holds, word) {
            Some(number) => done(self.out.u64(number)),
            None => done(self.out.str(word)),
        }
    }

    /// Writes bytes in base64url as they are; another text as it is.
    fn encoded(&mut self, text: &str) -> Written {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) => done(self.out.bytes(&bytes)),
            Err(_) => done(self.out.str(text)),
        }
    }

    /// Writes a UUID as its bytes; another text, and a UUID in another spelling, as it is.
    fn uuid(&mut self, text: &str) -> Written {
        let uuid = match text.len() {
            UUID_CHARS => RecordId::parse(text).ok(),
            _ => None,
        };
        match uuid {
            Some(RecordId::Uuid(bytes)) if RecordId::Uuid(bytes).to_string() == text => {
                done(self.out.bytes(&bytes))
            }
            _ => done(self.out.str(text)),
        }
    }

    /// What the value that is about to be written stands under.
    fn take(&mut self) -> Next {
        std::mem::replace(&mut self.next, Next::Value(Holds::Plain))
    }
}

type Never = Impossible<(), fmt::Error>;

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = Compound<'w>;
    type SerializeTuple = Compound<'w>;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Compound<'w>;
    type SerializeStruct = Compound<'w>;
    type SerializeStructVariant = Never;

    fn serialize_bool(self, value: bool) -> Written {
        done(self.out.bool(value))
    }

    fn serialize_i8(self, value: i8) -> Written {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Written {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Written {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Written {
        done(self.out.i64(value))
    }

    fn serialize_u8(self, value: u8) -> Written {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Written {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Written {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Written {
        done(self.out.u64(value))
    }

    fn serialize_f32(self, value: f32) -> Written {
        self.serialize_f64(value.into())
    }

    /// A whole number is written as an integer; what is no number is null, as in JSON.
    fn serialize_f64(self, value: f64) -> Written {
        match super::walk::Float::Double(value).whole() {
            Some(whole) => self.serialize_i64(whole),
            None if value.is_finite() => done(self.out.f64(value)),
            None => self.serialize_unit(),
        }
    }

    fn serialize_char(self, value: char) -> Written {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Written {
        match self.take() {
            Next::Field => self.field(text),
            Next::Metric => self.metric(text),
            Next::Value(Holds::Uuid) => self.uuid(text),
            Next::Value(Holds::Plain) => done(self.out.str(text)),
            Next::Value(Holds::Bytes) => self.encoded(text),
            Next::Value(holds) => self.word(holds, text),
        }
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Written {
        done(self.out.bytes(bytes))
    }

    fn serialize_none(self) -> Written {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        done(self.out.null())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Written {
        Err(fmt::Error)
    }

    fn serialize_seq(self, count: Option<usize>) -> Result<Compound<'w>, fmt::Error> {
        self.next = Next::Value(Holds::Plain);
        Compound::list(self, count)
    }

    fn serialize_tuple(self, count: usize) -> Result<Compound<'w>, fmt::Error> {
        self.serialize_seq(Some(count))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Never, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_map(self, count: Option<usize>) -> Result<Compound<'w>, fmt::Error> {
        let keys = match self.take() {
            Next::Value(Holds::ByMetric) => Next::Metric,
            _ => Next::Field,
        };
        Compound::map(self, count, keys)
    }

    fn serialize_struct(self, _: &'static str, count: usize) -> Result<Compound<'w>, fmt::Error> {
        Compound::map(self, Some(count), Next::Field)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, fmt::Error> {
        Err(fmt::Error)
    }
}
