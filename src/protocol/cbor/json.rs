//! A frame of the compact form as the JSON text that says the same, so that whatever is unusual is judged by the one reader of
//! JSON: the same refusals at the same places.
//!
//! Fields that are not in the table are left out, as JSON leaves unknown ones unread. What no field of ours can be becomes
//! [`NOTHING_OF_OURS`].

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use minicbor::{
    Decoder,
    data::{Tag, Type},
};
use streakline_core::id::RecordId;

use super::{
    fields::Holds,
    table,
    walk::{Malformed, NO_ITEM, Walk, Walked, is_integer},
};

/// A value that every reader refuses where it stands: no text, no flag, no object, no integer, and no amount either.
const NOTHING_OF_OURS: &str = "1e999";

/// Exponent and integer: a decimal fraction (RFC 8949 3.4.4).
const DECIMAL: Tag = Tag::new(4);
/// Bytes that are a UUID.
const UUID: Tag = Tag::new(37);

/// The JSON of a frame.
///
/// # Errors
/// What is not well-formed, or not within the bounds of the compact form.
pub fn json(frame: &[u8]) -> Result<String, Malformed> {
    let mut writer = Writer {
        walk: Walk::new(frame),
        text: String::with_capacity(frame.len().saturating_mul(2)),
    };
    writer.item(Holds::Plain, 0)?;
    if !writer.walk.is_done() {
        return Err(writer.walk.fault("something follows the frame"));
    }
    Ok(writer.text)
}

struct Writer<'b> {
    walk: Walk<'b>,
    text: String,
}

impl Writer<'_> {
    fn item(&mut self, holds: Holds, depth: usize) -> Walked<()> {
        match self.walk.kind()? {
            Type::Bool => {
                let flag = self.walk.read(Decoder::bool)?;
                self.put(if flag { "true" } else { "false" });
            }
            Type::Null | Type::Undefined => {
                self.walk.skip(depth)?;
                self.put("null");
            }
            Type::Simple => self.nothing(depth)?,
            Type::F16 | Type::F32 | Type::F64 => self.float()?,
            Type::String => {
                let text = self.walk.read(Decoder::str)?;
                self.quote(text);
            }
            Type::Bytes => {
                let bytes = self.walk.read(Decoder::bytes)?;
                self.bytes(holds, bytes);
            }
            Type::Array | Type::ArrayIndef => self.array(depth)?,
            Type::Map | Type::MapIndef => self.map(holds == Holds::ByMetric, depth)?,
            Type::Tag => self.tagged(holds, depth)?,
            kind if is_integer(kind) => self.integer(holds)?,
            _ => return Err(self.walk.fault(NO_ITEM)),
        }
        Ok(())
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn quote(&mut self, text: &str) {
        // A text is a text in JSON whatever it holds.
        let quoted = serde_json::to_string(text).unwrap_or_default();
        self.text.push_str(&quoted);
    }

    fn nothing(&mut self, depth: usize) -> Walked<()> {
        self.walk.skip(depth)?;
        self.put(NOTHING_OF_OURS);
        Ok(())
    }

    /// A number that stands for a word is the word; one that stands for none is told as a text, so that it is refused as an
    /// unknown word is.
    fn integer(&mut self, holds: Holds) -> Walked<()> {
        let number = i128::from(self.walk.integer()?);
        match (holds, u64::try_from(number)) {
            (Holds::Word(_) | Holds::Metric, Ok(place)) => match table::word(holds, place) {
                Some(word) => self.quote(word),
                None => self.quote(&place.to_string()),
            },
            _ => self.put(&number.to_string()),
        }
        Ok(())
    }

    fn float(&mut self) -> Walked<()> {
        let float = self.walk.float()?;
        match float.whole() {
            Some(whole) => self.put(&whole.to_string()),
            None => self.put(&float.shortest()),
        }
        Ok(())
    }

    fn bytes(&mut self, holds: Holds, bytes: &[u8]) {
        if holds == Holds::Bytes {
            return self.quote(&URL_SAFE_NO_PAD.encode(bytes));
        }
        match <[u8; 16]>::try_from(bytes) {
            Ok(uuid) => self.quote(&RecordId::Uuid(uuid).to_string()),
            Err(_) => self.put(NOTHING_OF_OURS),
        }
    }

    fn array(&mut self, depth: usize) -> Walked<()> {
        let depth = self.walk.deeper(depth)?;
        let (mut rest, mut comma) = (self.walk.array()?, "");
        self.put("[");
        while self.walk.more(&mut rest)? {
            self.put(comma);
            comma = ",";
            self.item(Holds::Plain, depth)?;
        }
        self.put("]");
        Ok(())
    }

    fn map(&mut self, by_metric: bool, depth: usize) -> Walked<()> {
        let depth = self.walk.deeper(depth)?;
        let (mut rest, mut comma) = (self.walk.map()?, "");
        self.put("{");
        while self.walk.more(&mut rest)? {
            let at = self.text.len();
            self.put(comma);
            let holds = match by_metric {
                true => self.metric(depth)?,
                false => self.field(depth)?,
            };
            match holds {
                Some(holds) => {
                    self.put(":");
                    self.item(holds, depth)?;
                    comma = ",";
                }
                None => {
                    self.text.truncate(at);
                    self.walk.skip(depth)?;
                }
            }
        }
        self.put("}");
        Ok(())
    }

    /// Writes the name of a field of ours and tells what it holds.
    fn field(&mut self, depth: usize) -> Walked<Option<Holds>> {
        let number = self.walk.key(depth)?;
        let Some((name, holds)) = number.and_then(table::field) else {
            return Ok(None);
        };
        self.quote(name);
        Ok(Some(holds))
    }

    /// Writes the name of a metric, which is a key of its own.
    fn metric(&mut self, depth: usize) -> Walked<Option<Holds>> {
        match self.walk.kind()? {
            Type::String => {
                let name = self.walk.read(Decoder::str)?;
                self.quote(name);
            }
            kind if is_integer(kind) => {
                let number = i128::from(self.walk.integer()?);
                let name = u64::try_from(number).ok();
                let name = name.and_then(|number| table::word(Holds::Metric, number));
                self.quote(name.unwrap_or(&number.to_string()));
            }
            _ => return self.walk.skip(depth).map(|()| None),
        }
        Ok(Some(Holds::Plain))
    }

    fn tagged(&mut self, holds: Holds, depth: usize) -> Walked<()> {
        let (from, inside) = (self.walk.items.position(), self.walk.deeper(depth)?);
        let tag = self.walk.read(Decoder::tag)?;
        if tag == UUID && self.walk.kind()? == Type::Bytes {
            return self.item(holds, inside);
        }
        let decimal = match tag == DECIMAL {
            true => self.decimal()?,
            false => None,
        };
        if let Some(decimal) = decimal {
            self.put(&decimal);
            return Ok(());
        }
        self.walk.items.set_position(from);
        self.nothing(depth)
    }

    /// A decimal fraction as JSON writes one; `None` where the tag is on something else.
    fn decimal(&mut self) -> Walked<Option<String>> {
        if self.walk.kind()? != Type::Array || self.walk.array()?.0 != Some(2) {
            return Ok(None);
        }
        let mut parts = [0; 2];
        for part in &mut parts {
            if !is_integer(self.walk.kind()?) {
                return Ok(None);
            }
            *part = i128::from(self.walk.integer()?);
        }
        let [exponent, digits] = parts;
        Ok(Some(format!("{digits}e{exponent}")))
    }
}
