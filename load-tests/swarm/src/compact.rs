//! The compact form of the stream, as far as a client writes it: a frame of JSON in CBOR, with numbers for the names that
//! `schema/stream.cddl` knows. The numbers that change from frame to frame are written in a width of their own, so that a prepared
//! frame keeps its length.

use anyhow::{Context as _, Result, bail};
use minicbor::Encoder;
use minicbor::data::Int;
use serde_json::{Map, Value};

/// Names of frames that a client sends, by their number.
const TYPES: [&str; 7] = [
    "hello",
    "batch",
    "device",
    "subscribe",
    "unsubscribe",
    "ping",
    "auth",
];
const LANES: [&str; 2] = ["live", "backfill"];
const METHODS: [&str; 4] = ["auto", "active", "manual", "unknown"];
/// Metrics that are sent here.
const METRICS: [(&str, u64); 2] = [("steps", 1), ("speed", SPEED)];
/// Number of the metric speed.
pub(crate) const SPEED: u64 = 12;

/// Fields that a client sends, by their number.
const FIELDS: [(&str, u64); 26] = [
    ("type", 0),
    ("id", 1),
    ("batch_id", 2),
    ("lane", 3),
    ("first_seq", 4),
    ("records", 5),
    ("metric", 6),
    ("start_ms", 7),
    ("end_ms", 8),
    ("value", 9),
    ("method", 10),
    ("worn", 11),
    ("topic", 19),
    ("class", 24),
    ("epoch", 99),
    ("offset", 100),
    ("view", 114),
    ("top", 115),
    ("since", 116),
    ("zone", 118),
    ("events", 128),
    ("device_id", 130),
    ("outbox_id", 131),
    ("vendor", 132),
    ("client_time_ms", 135),
    ("after_seq", 136),
];

/// How a number that changes is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Width {
    /// An unsigned integer of four bytes.
    Four,
    /// An unsigned integer of eight bytes.
    Eight,
    /// A float of four bytes.
    Float,
}

/// A number that changes: its field, where its bytes are, and how it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) field: &'static str,
    pub(crate) at: usize,
    pub(crate) width: Width,
}

/// A frame in the compact form.
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    /// Its numbers that change, in their order.
    pub(crate) places: Vec<Place>,
}

/// Writes a frame that is given as JSON.
pub(crate) fn write(frame: &Value) -> Result<Written> {
    let mut writer = Writer {
        out: Encoder::new(Vec::new()),
        places: Vec::new(),
    };
    let fields = frame.as_object().context("a frame is an object")?;
    writer.fields(fields)?;
    Ok(Written {
        bytes: writer.out.into_writer(),
        places: writer.places,
    })
}

struct Writer {
    out: Encoder<Vec<u8>>,
    places: Vec<Place>,
}

impl Writer {
    /// A map of ours: names that are known are numbers.
    fn fields(&mut self, fields: &Map<String, Value>) -> Result<()> {
        self.out.map(fields.len() as u64)?;
        for (name, value) in fields {
            match FIELDS.iter().find(|(known, _)| known == name) {
                Some((name, number)) => {
                    self.out.u64(*number)?;
                    self.field(name, value)?;
                }
                // A vendor's own: whatever it is, it is as in JSON.
                None => {
                    self.out.str(name)?;
                    self.value(value)?;
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, name: &'static str, value: &Value) -> Result<()> {
        match (name, value) {
            ("type", Value::String(word)) => self.word(&TYPES, word),
            ("lane", Value::String(word)) => self.word(&LANES, word),
            ("method", Value::String(word)) => self.word(&METHODS, word),
            ("metric", Value::String(word)) => {
                let known = METRICS.iter().find(|(known, _)| known == word);
                let (_, number) = known.with_context(|| format!("the metric {word}"))?;
                self.out.u64(*number)?;
                Ok(())
            }
            ("batch_id" | "first_seq", Value::Number(_)) => self.place(name, Width::Four),
            ("start_ms" | "end_ms", Value::Number(_)) => self.place(name, Width::Eight),
            // The id of a record is a number in a text; that of a subscription is a number.
            ("id", Value::String(_)) => self.place(name, Width::Eight),
            ("value", Value::Number(number)) if number.is_f64() => self.place(name, Width::Float),
            ("value", Value::Number(_)) => self.place(name, Width::Four),
            ("records", Value::Array(records)) => {
                self.out.array(records.len() as u64)?;
                let mut records = records.iter();
                records.try_for_each(|record| self.part(record))
            }
            (_, value) => self.part(value),
        }
    }

    /// A value of ours, whose names are numbers.
    fn part(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Object(fields) => self.fields(fields),
            value => self.value(value),
        }
    }

    fn word(&mut self, words: &[&str], word: &str) -> Result<()> {
        let place = words.iter().position(|known| *known == word);
        let place = place.with_context(|| format!("the word {word}"))?;
        self.out.u64(place as u64)?;
        Ok(())
    }

    /// Room for a number; which one it is, is told later.
    fn place(&mut self, field: &'static str, width: Width) -> Result<()> {
        match width {
            Width::Four => self.out.u32(u32::MAX)?,
            Width::Eight => self.out.u64(u64::MAX)?,
            Width::Float => self.out.f32(0.5)?,
        };
        let bytes = if width == Width::Eight { 8 } else { 4 };
        let at = self.out.writer().len() - bytes;
        self.places.push(Place { field, at, width });
        Ok(())
    }

    fn value(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Null => self.out.null().map(drop)?,
            Value::Bool(flag) => self.out.bool(*flag).map(drop)?,
            Value::String(text) => self.out.str(text).map(drop)?,
            Value::Number(number) => self.number(number)?,
            Value::Array(values) => {
                self.out.array(values.len() as u64)?;
                let mut values = values.iter();
                values.try_for_each(|value| self.value(value))?;
            }
            Value::Object(members) => {
                self.out.map(members.len() as u64)?;
                for (name, value) in members {
                    self.out.str(name)?;
                    self.value(value)?;
                }
            }
        }
        Ok(())
    }

    fn number(&mut self, number: &serde_json::Number) -> Result<()> {
        if let Some(whole) = number.as_i64() {
            self.out.int(Int::from(whole))?;
        } else if let Some(float) = number.as_f64() {
            self.out.f64(float)?;
        } else {
            bail!("the number {number}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The CDDL, where a field's number stands behind its name.
    const CDDL: &str = include_str!("../../../schema/stream.cddl");

    #[test]
    fn fields_have_the_numbers_of_the_schema() {
        for (name, number) in FIELDS {
            let told = format!("&({name}: {number})");
            assert!(CDDL.contains(&told), "{told}");
        }
    }

    #[test]
    fn words_have_the_numbers_of_the_schema() {
        let words = [&TYPES[..], &LANES, &METHODS];
        for words in words {
            for (number, word) in words.iter().enumerate() {
                let told = format!("    {word}: {number},\n");
                assert!(CDDL.contains(&told), "{told}");
            }
        }
    }

    #[test]
    fn a_frame_has_numbers_for_names_and_a_vendors_own_as_they_are() {
        let frame = json!({"type": "batch", "lane": "backfill", "records": [{"metric": "speed",
            "engine": {"id": 7}}]});
        let written = write(&frame).unwrap().bytes;
        let expected = [
            0xa3, 0, 1, 3, 1, 5, 0x81, 0xa2, 6, 12, 0x66, b'e', b'n', b'g', b'i', b'n', b'e', 0xa1,
            0x62, b'i', b'd', 7,
        ];
        assert_eq!(written, expected);
    }

    #[test]
    fn numbers_that_change_have_a_place_of_their_own() {
        let record = json!({"id": "1", "start_ms": 5, "value": 1.5});
        let frame = json!({"type": "batch", "batch_id": 1, "records": [record]});
        let written = write(&frame).unwrap();
        let fields: Vec<&str> = written.places.iter().map(|place| place.field).collect();
        assert_eq!(fields, ["batch_id", "id", "start_ms", "value"]);
        for place in &written.places {
            let head = written.bytes[place.at - 1];
            let expected = match place.width {
                Width::Four => 0x1a,
                Width::Eight => 0x1b,
                Width::Float => 0xfa,
            };
            assert_eq!(head, expected, "{place:?}");
        }
    }

    #[test]
    fn what_has_no_number_is_no_frame() {
        assert!(write(&json!({"type": "surprise"})).is_err());
        assert!(write(&json!([1])).is_err());
    }
}
