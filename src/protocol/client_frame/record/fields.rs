//! The fields of one record, found in one pass over the text and left as they stand there. A record that is no object, or names a
//! field twice, is told apart without an error of the parser, which would refuse its neighbours with it.
//!
//! Every byte of a frame is looked at once: most of it is what vendors add and we skip (docs/performance.md).

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::super::scalar::{Raw, Wrong};

/// Answers every kind of value but one with the same.
macro_rules! nothing_else {
    ($value:expr) => {
        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}
pub(in super::super) use nothing_else;

macro_rules! fields {
    ($($field:ident $key:ident),*) => {
        /// The fields of a record.
        #[derive(Clone, Copy, Default)]
        pub(super) struct Fields<'a> {
            $(pub(super) $field: Raw<'a>,)*
        }

        #[derive(Clone, Copy, Deserialize)]
        #[serde(field_identifier, rename_all = "snake_case")]
        enum Key {
            $($key,)*
            #[serde(other)]
            Unknown,
        }

        impl<'a> Fields<'a> {
            /// Reads the value of a field.
            fn read<A: MapAccess<'a>>(&mut self, key: Key, map: &mut A) -> Result<(), A::Error> {
                match key {
                    $(Key::$key => self.$field = map.next_value()?,)*
                    Key::Unknown => drop(map.next_value::<IgnoredAny>()?),
                }
                Ok(())
            }
        }
    };
}

fields! {
    id Id, version Version, deleted Deleted, metric Metric, class Class, unit Unit, start_ms StartMs, end_ms EndMs,
    offset_s OffsetS, value Value, method Method, worn Worn, epoch_id EpochId, segments Segments, sport Sport, totals Totals,
    attest Attest
}

/// A record as it stands in the text, or what it is not.
#[derive(Clone, Copy)]
pub(in super::super) struct Found<'a>(pub(super) Result<Fields<'a>, Wrong>);

const NO_OBJECT: Wrong = "must be an object";
const TWICE: Wrong = "must be an object that names no field twice";

impl<'de> Deserialize<'de> for Found<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Record)
    }
}

struct Record;

impl<'de> Visitor<'de> for Record {
    type Value = Found<'de>;

    nothing_else!(Found(Err(NO_OBJECT)));

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a record")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Found(Err(NO_OBJECT)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut seen, mut twice) = (Fields::default(), 0_u32, false);
        while let Some(key) = map.next_key::<Key>()? {
            let bit = match key {
                Key::Unknown => 0,
                known => 1 << known as u32,
            };
            twice |= seen & bit != 0;
            seen |= bit;
            fields.read(key, &mut map)?;
        }
        Ok(Found(if twice { Err(TWICE) } else { Ok(fields) }))
    }
}
