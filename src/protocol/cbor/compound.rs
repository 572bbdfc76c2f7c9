//! Lists and maps while they are written. Each has its length before it, also where that is only known at its end.

use std::fmt;

use minicbor::Encoder;
use serde::{
    Serialize,
    ser::{SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple},
};

use super::{
    fields::Holds,
    write::{Next, Writer, Written},
};

/// A list or a map that has been begun.
pub(super) struct Compound<'w> {
    writer: &'w mut Writer,
    /// What its keys are; a list has none.
    keys: Option<Next>,
    /// Where its length goes, if that was not known.
    open_at: Option<usize>,
    /// Items or pairs so far.
    count: u64,
}

impl<'w> Compound<'w> {
    pub(super) fn list(writer: &'w mut Writer, count: Option<usize>) -> Result<Self, fmt::Error> {
        Self::begun(writer, count, None)
    }

    pub(super) fn map(
        writer: &'w mut Writer,
        count: Option<usize>,
        keys: Next,
    ) -> Result<Self, fmt::Error> {
        Self::begun(writer, count, Some(keys))
    }

    fn begun(
        writer: &'w mut Writer,
        count: Option<usize>,
        keys: Option<Next>,
    ) -> Result<Self, fmt::Error> {
        let open_at = match count {
            Some(_) => None,
            None => Some(writer.out.writer().len()),
        };
        if let Some(count) = count {
            head(&mut writer.out, keys.is_some(), count as u64)?;
        }
        Ok(Self {
            writer,
            keys,
            open_at,
            count: 0,
        })
    }

    fn ended(self) -> Written {
        let Some(at) = self.open_at else {
            return Ok(());
        };
        let mut length = Encoder::new(Vec::new());
        head(&mut length, self.keys.is_some(), self.count)?;
        let out = self.writer.out.writer_mut();
        out.splice(at..at, length.into_writer());
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.count += 1;
        value.serialize(&mut *self.writer)
    }
}

fn head(out: &mut Encoder<Vec<u8>>, is_map: bool, count: u64) -> Written {
    let begun = match is_map {
        true => out.map(count),
        false => out.array(count),
    };
    begun.map(drop).map_err(|_| fmt::Error)
}

impl SerializeSeq for Compound<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.writer.next = Next::Value(Holds::Plain);
        self.value(value)
    }

    fn end(self) -> Written {
        self.ended()
    }
}

impl SerializeTuple for Compound<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Written {
        self.ended()
    }
}

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        self.writer.next = self.keys.unwrap_or(Next::Field);
        key.serialize(&mut *self.writer)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.value(value)
    }

    fn end(self) -> Written {
        self.ended()
    }
}

impl SerializeStruct for Compound<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
        self.writer.field(name)?;
        self.value(value)
    }

    fn end(self) -> Written {
        self.ended()
    }
}
