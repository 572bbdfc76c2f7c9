//! A batch that is prepared once: a whole masked frame, in which only numbers of fixed width change from one sending to the
//! next. So a frame costs its sender some hundred bytes of writing, not a serialisation of five thousand and their mask.

mod json;

use anyhow::{Context as _, Result, ensure};

use crate::compact::{self, Place, Width};
use crate::frame;

/// What is added to a record's number to make its id, so that every id has as many digits.
const ID_BASE: u64 = 1_000_000_000_000;

/// What a number looks like in the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// Digits, with blanks behind them up to the width.
    Digits,
    /// Digits of tenths, with a point before the last.
    Tenths,
    /// Bytes of an unsigned integer, the highest first.
    Integer,
    /// The four bytes of a float of tenths.
    Float,
}

/// Where a number stands in the payload.
#[derive(Clone, Copy, Debug)]
struct Slot {
    at: usize,
    width: usize,
    form: Form,
}

/// The slots of one record.
#[derive(Clone, Copy, Debug)]
struct Record {
    id: Slot,
    start_ms: Slot,
    end_ms: Option<Slot>,
    value: Slot,
}

/// What changes from one frame to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// Which batch of the device, from 0.
    pub(crate) batch: u64,
    /// Number of the first record in its lane, from 1.
    pub(crate) first_seq: u64,
    /// Start of the first record.
    pub(crate) start_ms: i64,
    /// From one record's start to the next.
    pub(crate) step_ms: i64,
    /// From a record's start to its end, where it has one.
    pub(crate) span_ms: i64,
}

/// A prepared frame.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    frame: Vec<u8>,
    payload_at: usize,
    batch: Slot,
    first_seq: Slot,
    records: Vec<Record>,
}

impl Template {
    /// Prepares a frame of `text`, whose numbers are as wide as they may become.
    pub(crate) fn of_json(text: &str) -> Result<Self> {
        let frame = frame::masked(frame::TEXT, text.as_bytes());
        Self::of(frame, json::slots(text))
    }

    /// Prepares the same frame in the compact form.
    pub(crate) fn of_compact(text: &str) -> Result<Self> {
        let written = compact::write(&serde_json::from_str(text)?)?;
        let frame = frame::masked(frame::BINARY, &written.bytes);
        let slots = written
            .places
            .iter()
            .map(|place| (place.field, place.into()));
        Self::of(frame, slots.collect())
    }

    /// Of the numbers of a frame, in their order.
    fn of((frame, payload_at): (Vec<u8>, usize), slots: Vec<(&'static str, Slot)>) -> Result<Self> {
        let mut reader = Reader(slots.into_iter().peekable());
        let (batch, first_seq) = (reader.take("batch_id")?, reader.take("first_seq")?);
        let mut records = Vec::new();
        while reader.0.peek().is_some() {
            records.push(reader.record()?);
        }
        ensure!(!records.is_empty(), "the frame has no records");
        Ok(Self {
            frame,
            payload_at,
            batch,
            first_seq,
            records,
        })
    }

    /// Records of a frame.
    pub(crate) fn records(&self) -> u64 {
        self.records.len() as u64
    }

    /// Bytes of the payload.
    pub(crate) fn payload_bytes(&self) -> usize {
        self.frame.len() - self.payload_at
    }

    /// The frame with these numbers; `value` says what the record of a number measures, in the last digit's unit.
    pub(crate) fn fill(&mut self, of: Numbers, value: impl Fn(u64) -> u64) -> &[u8] {
        self.put(self.batch, of.batch);
        self.put(self.first_seq, of.first_seq);
        let mut start_ms = of.start_ms;
        for (index, seq) in (0..self.records.len()).zip(of.first_seq..) {
            let record = self.records[index];
            self.put(record.id, ID_BASE + seq);
            self.put(record.start_ms, start_ms.unsigned_abs());
            if let Some(end) = record.end_ms {
                self.put(end, (start_ms + of.span_ms).unsigned_abs());
            }
            self.put(record.value, value(seq));
            start_ms += of.step_ms;
        }
        &self.frame
    }

    fn put(&mut self, slot: Slot, number: u64) {
        let from = self.payload_at + slot.at;
        let place = &mut self.frame[from..from + slot.width];
        match slot.form {
            Form::Digits => digits(place, number),
            Form::Tenths => {
                let (whole, tenth) = place.split_at_mut(slot.width - 2);
                digits(whole, number / 10);
                tenth.copy_from_slice(&[b'.', b'0' + (number % 10) as u8]);
            }
            Form::Integer => {
                let bytes = number.to_be_bytes();
                place.copy_from_slice(&bytes[bytes.len() - slot.width..]);
            }
            Form::Float => place.copy_from_slice(&(number as f32 / 10.0).to_be_bytes()),
        }
        frame::mask(place, slot.at);
    }

    /// The payload as its reader sees it.
    #[cfg(test)]
    fn payload(&self) -> Vec<u8> {
        let mut payload = self.frame[self.payload_at..].to_vec();
        frame::mask(&mut payload, 0);
        payload
    }
}

/// Writes a number from the left; what is left over of the place is blank, as JSON allows behind a number.
fn digits(place: &mut [u8], number: u64) {
    let mut count = 1;
    let mut rest = number / 10;
    while rest > 0 {
        count += 1;
        rest /= 10;
    }
    let (written, left) = place.split_at_mut(count);
    let mut rest = number;
    for digit in written.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    left.fill(b' ');
}

impl From<&Place> for Slot {
    fn from(place: &Place) -> Self {
        let (width, form) = match place.width {
            Width::Four => (4, Form::Integer),
            Width::Eight => (8, Form::Integer),
            Width::Float => (4, Form::Float),
        };
        Self {
            at: place.at,
            width,
            form,
        }
    }
}

/// Takes the numbers of a frame in their order.
struct Reader(std::iter::Peekable<std::vec::IntoIter<(&'static str, Slot)>>);

impl Reader {
    fn record(&mut self) -> Result<Record> {
        Ok(Record {
            id: self.take("id")?,
            start_ms: self.take("start_ms")?,
            end_ms: self.take("end_ms").ok(),
            value: self.take("value")?,
        })
    }

    /// The next number, if it is of that field.
    fn take(&mut self, field: &str) -> Result<Slot> {
        let next = self.0.next_if(|(of, _)| *of == field);
        let (_, slot) = next.with_context(|| format!("the frame has no {field} in its place"))?;
        Ok(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const TWO: &str = r#"{"type":"batch","batch_id":1000000000,"lane":"live","first_seq":1000000000,"records":[
        {"id":"1000000000000","metric":"speed","start_ms":1700000000000,"value":52.3,"engine":{"id_of":7}},
        {"id":"1000000000000","metric":"steps","start_ms":1700000000000,"end_ms":1700000060000,"value":100}]}"#;

    const NUMBERS: Numbers = Numbers {
        batch: 7,
        first_seq: 41,
        start_ms: 1_764_000_000_000,
        step_ms: 500,
        span_ms: 60_000,
    };

    fn filled(template: &mut Template, of: Numbers) -> Value {
        template.fill(of, |seq| 100 + seq);
        serde_json::from_slice(&template.payload()).unwrap()
    }

    #[test]
    fn numbers_are_put_in_their_places_and_nothing_else_changes() {
        let mut template = Template::of_json(TWO).unwrap();
        let frame = filled(&mut template, NUMBERS);
        assert_eq!(frame["batch_id"], 7);
        assert_eq!(frame["first_seq"], 41);
        let (speed, steps) = (&frame["records"][0], &frame["records"][1]);
        assert_eq!(speed["id"], "1000000000041");
        assert_eq!(speed["value"], 14.1);
        assert_eq!(speed["engine"]["id_of"], 7);
        assert_eq!(steps["id"], "1000000000042");
        assert_eq!(steps["start_ms"], 1_764_000_000_500_i64);
        assert_eq!(steps["end_ms"], 1_764_000_060_500_i64);
        assert_eq!(steps["value"], 142);
    }

    #[test]
    fn a_frame_keeps_its_length_and_forgets_the_one_before() {
        let mut template = Template::of_json(TWO).unwrap();
        let of = |batch| Numbers {
            batch,
            first_seq: 1 + batch * 2,
            start_ms: 1_764_000_000_000,
            step_ms: 1,
            span_ms: 1,
        };
        let first = template.fill(of(3), |_| 250).to_vec();
        template.fill(of(9_999_999), |_| 999);
        assert_eq!(template.fill(of(3), |_| 250), first);
        assert_eq!(template.payload_bytes(), TWO.len());
    }

    #[test]
    fn the_compact_form_has_the_same_numbers_in_fewer_bytes() {
        let mut template = Template::of_compact(TWO).unwrap();
        template.fill(NUMBERS, |seq| 100 + seq);
        let payload = template.payload();
        let holds = |bytes: &[u8]| payload.windows(bytes.len()).any(|window| window == bytes);
        assert!(holds(&[2, 0x1a, 0, 0, 0, 7]), "batch_id");
        assert!(holds(&[4, 0x1a, 0, 0, 0, 41]), "first_seq");
        let mut id = vec![1, 0x1b];
        id.extend(1_000_000_000_042_u64.to_be_bytes());
        assert!(holds(&id), "id");
        let mut end_ms = vec![8, 0x1b];
        end_ms.extend(1_764_000_060_500_u64.to_be_bytes());
        assert!(holds(&end_ms), "end_ms");
        let mut value = vec![9, 0xfa];
        value.extend(14.1_f32.to_be_bytes());
        assert!(holds(&value), "value");
        assert!(payload.len() < TWO.len() / 2);
    }

    #[test]
    fn a_frame_without_records_is_no_template() {
        assert!(Template::of_json(r#"{"batch_id":1,"first_seq":1,"records":[]}"#).is_err());
    }
}
