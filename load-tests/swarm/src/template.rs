//! A batch that is prepared once: a whole masked frame, in which only numbers of fixed width change from one sending to the
//! next. So a frame costs its sender some hundred bytes of writing, not a serialisation of five thousand and their mask.

use anyhow::{Context as _, Result};

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
        let mut reader = Reader { text, at: 0 };
        let batch = reader.slot("batch_id")?;
        let first_seq = reader.slot("first_seq")?;
        let mut records = Vec::new();
        while let Ok(id) = reader.slot("id") {
            records.push(reader.record(id)?);
        }
        anyhow::ensure!(!records.is_empty(), "the frame has no records");
        let (frame, payload_at) = frame::masked(frame::TEXT, text.as_bytes());
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

/// Finds the numbers of a text in their order.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn record(&mut self, id: Slot) -> Result<Record> {
        let start_ms = self.slot("start_ms")?;
        let next = self.text[self.at..].find("\"value\":");
        let next = next.context("a record has no value")?;
        let has_end = self.text[self.at..self.at + next].contains("\"end_ms\":");
        let end_ms = has_end.then(|| self.slot("end_ms")).transpose()?;
        Ok(Record {
            id,
            start_ms,
            end_ms,
            value: self.slot("value")?,
        })
    }

    /// The number that the next member of that name has, in quotes or not.
    fn slot(&mut self, name: &str) -> Result<Slot> {
        let member = format!("\"{name}\":");
        let found = self.text[self.at..].find(&member);
        let found = found.with_context(|| format!("the frame has no more {name}"))?;
        let mut at = self.at + found + member.len();
        if self.text[at..].starts_with('"') {
            at += 1;
        }
        let rest = &self.text[at..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let width = end.with_context(|| format!("{name} has no end"))?;
        self.at = at + width;
        let form = if rest[..width].contains('.') {
            Form::Tenths
        } else {
            Form::Digits
        };
        Ok(Slot { at, width, form })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const TWO: &str = r#"{"type":"batch","batch_id":1000000000,"lane":"live","first_seq":1000000000,"records":[
        {"id":"1000000000000","metric":"speed","start_ms":1700000000000,"value":52.3,"engine":{"id_of":7}},
        {"id":"1000000000000","metric":"steps","start_ms":1700000000000,"end_ms":1700000060000,"value":100}]}"#;

    fn filled(template: &mut Template, of: Numbers) -> Value {
        template.fill(of, |seq| 100 + seq);
        serde_json::from_slice(&template.payload()).unwrap()
    }

    #[test]
    fn numbers_are_put_in_their_places_and_nothing_else_changes() {
        let mut template = Template::of_json(TWO).unwrap();
        let numbers = Numbers {
            batch: 7,
            first_seq: 41,
            start_ms: 1_764_000_000_000,
            step_ms: 500,
            span_ms: 60_000,
        };
        let frame = filled(&mut template, numbers);
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
    fn a_frame_without_records_is_no_template() {
        assert!(Template::of_json(r#"{"batch_id":1,"first_seq":1,"records":[]}"#).is_err());
    }
}
