//! The inputs of one flush that are about one user, or about nobody, one behind the other.
//!
//! A group begins with a byte of 2. Each input begins with a byte that says its form and what is told:
//!
//! | bits | what | else |
//! |---|---|---|
//! | 0, 1 | form: 0 header and input as CBOR, and nothing else of this table; 1 a batch of the user, from a device without a key; 2 another input of the user; 3 any input | |
//! | 2 | the origin, as CBOR | that of the input before; of the first, the user's own stream, or the timer where it is nobody's |
//! | 3 | the version of the rules | that of the input before; of the first, 1 |
//! | 4 | device, outbox and lane of a batch | those of the batch before |
//! | 5 | the first number of a batch | the one behind the batch before |
//! | 6 | the count of a batch | as many as it has records |
//! | 7 | nothing: the batch is skewed | |
//!
//! Then come the index and the stamp, by how much they are behind those of the input before, and what is told, in the order of
//! the table. Of a batch its records follow (`rows`; a marked one is not the next of its batch, and tells which), of other
//! inputs their CBOR.
//!
//! Whose the group is, its partition, its epoch and the index of the flush's first input stand in the row that it is in, to which
//! it is sealed; they are told to whoever reads it.

use alloc::{string::String, vec::Vec};
use minicbor::decode::Error as DecodeError;

use super::{
    bytes::{self, Reader},
    rows::Rows,
};
use crate::{
    id::{DeviceId, OutboxId, PartitionId, Position, UserId},
    input::{Header, Ingest, Input, Origin, Source, UserInput},
};

/// The first byte of a group in this form. In the first form that byte was the head of a CBOR array, which is another.
pub(crate) const FORMAT: u8 = 2;

const PLAIN: u8 = 0;
const BATCH: u8 = 1;
const OWN: u8 = 2;
const ANY: u8 = 3;
const FORM: u8 = 3;
const ORIGIN: u8 = 1 << 2;
const RULES: u8 = 1 << 3;
const QUEUE: u8 = 1 << 4;
const FIRST: u8 = 1 << 5;
const COUNT: u8 = 1 << 6;
const SKEWED: u8 = 1 << 7;

/// The principal of a user's own stream, before the user's id.
const OWN_STREAM: &str = "user:";

/// The flush that a group is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The partition.
    pub partition: PartitionId,
    /// Position of the flush's first input, whoever it is about.
    pub first: Position,
}

/// A group that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    told: Told,
    bytes: Vec<u8>,
}

impl Group {
    /// A group without inputs.
    #[must_use]
    pub fn new(place: Place, user: Option<UserId>) -> Self {
        Self {
            told: Told::new(place, user),
            bytes: Vec::from([FORMAT]),
        }
    }

    /// Adds an input; answers how many bytes it takes.
    pub fn push(&mut self, header: &Header, input: &Input) -> usize {
        let before = self.bytes.len();
        self.told.write(&mut self.bytes, header, input);
        self.bytes.len().saturating_sub(before)
    }

    /// The bytes, to be sealed and read again by [`inputs`](crate::journal::inputs).
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads the inputs of a group.
///
/// # Errors
/// When the bytes are not a group of this form, or one about a user where `user` names none.
pub(crate) fn read(
    bytes: &[u8],
    place: Place,
    user: Option<&UserId>,
) -> Result<Vec<(Header, Input)>, DecodeError> {
    let mut told = Told::new(place, user.cloned());
    let reader = &mut Reader::new(bytes);
    if reader.byte()? != FORMAT {
        return Err(DecodeError::message("not a group of format 2"));
    }
    let mut inputs = Vec::new();
    while !reader.is_at_end() {
        inputs.push(told.read(reader)?);
    }
    Ok(inputs)
}

/// A queue of a device, and its lane.
type Queue = (DeviceId, OutboxId, u8);

/// What whoever writes a group and whoever reads it know of the inputs before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    place: Place,
    user: Option<UserId>,
    index: u64,
    stamp_ms: i64,
    rules: u16,
    /// Of the input before, where it is another than the usual one.
    origin: Option<Origin>,
    queue: Option<Queue>,
    next_seq: u64,
    rows: Rows,
}

impl Told {
    fn new(place: Place, user: Option<UserId>) -> Self {
        Self {
            place,
            user,
            index: place.first.index,
            stamp_ms: 0,
            rules: 1,
            origin: None,
            queue: None,
            next_seq: 0,
            rows: Rows::new(0, 0),
        }
    }

    fn write(&mut self, out: &mut Vec<u8>, header: &Header, input: &Input) {
        let Some(behind) = self.behind(header) else {
            out.push(PLAIN);
            return bytes::value(out, &(header, input));
        };
        let place = out.len();
        out.push(0);
        bytes::number(out, behind);
        bytes::signed(out, header.stamp_ms.wrapping_sub(self.stamp_ms));
        (self.index, self.stamp_ms) = (header.position.index, header.stamp_ms);
        let mut told = self.write_origin(out, &header.origin);
        if header.rules != self.rules {
            told |= RULES;
            bytes::number(out, u64::from(header.rules));
            self.rules = header.rules;
        }
        told |= match input {
            Input::User(user, input) if Some(user) == self.user.as_ref() => match input {
                UserInput::Ingest(batch) if batch.unsigned.is_none() => {
                    BATCH | self.write_batch(out, batch)
                }
                other => {
                    bytes::value(out, other);
                    OWN
                }
            },
            other => {
                bytes::value(out, other);
                ANY
            }
        };
        if let Some(first) = out.get_mut(place) {
            *first = told;
        }
    }

    /// How far a position is behind the one before; `None`: it is not, or of another row.
    fn behind(&self, header: &Header) -> Option<u64> {
        let (of, first) = (header.position, self.place.first);
        let here = header.partition == self.place.partition && of.epoch == first.epoch;
        of.index.checked_sub(self.index).filter(|_| here)
    }

    fn write_origin(&mut self, out: &mut Vec<u8>, origin: &Origin) -> u8 {
        let same = match &self.origin {
            Some(before) => before == origin,
            None => self.is_usual(origin),
        };
        if same {
            return 0;
        }
        bytes::value(out, origin);
        self.origin = Some(origin.clone());
        ORIGIN
    }

    fn is_usual(&self, origin: &Origin) -> bool {
        let Some(user) = &self.user else {
            return *origin == Origin::server(Source::Timer);
        };
        let principal = origin.principal.strip_prefix(OWN_STREAM);
        origin.source == Source::Stream
            && origin.request_id.is_empty()
            && principal == Some(user.as_str())
    }

    fn usual(&self) -> Origin {
        let Some(user) = &self.user else {
            return Origin::server(Source::Timer);
        };
        let mut principal =
            String::with_capacity(OWN_STREAM.len().saturating_add(user.as_str().len()));
        principal.push_str(OWN_STREAM);
        principal.push_str(user.as_str());
        Origin {
            source: Source::Stream,
            principal,
            request_id: String::new(),
        }
    }

    fn write_batch(&mut self, out: &mut Vec<u8>, batch: &Ingest) -> u8 {
        let mut told = if batch.skewed { SKEWED } else { 0 };
        let queue = (batch.device, batch.outbox, batch.lane);
        if self.queue != Some(queue) {
            told |= QUEUE;
            out.extend_from_slice(&batch.device.0);
            out.extend_from_slice(&batch.outbox.0);
            out.push(batch.lane);
        }
        if batch.first_seq != self.next_seq {
            told |= FIRST;
            bytes::number(out, batch.first_seq);
        }
        let length = u64::try_from(batch.records.len()).unwrap_or(u64::MAX);
        bytes::number(out, length);
        if u64::from(batch.count) != length {
            told |= COUNT;
            bytes::number(out, u64::from(batch.count));
        }
        self.begin(queue, batch.first_seq, batch.count);
        let mut next = Some(0_u32);
        for (offset, record) in &batch.records {
            let marked = next != Some(*offset);
            self.rows.write(out, record, marked);
            if marked {
                bytes::number(out, u64::from(*offset));
            }
            next = offset.checked_add(1);
        }
        told
    }

    /// A batch of another queue is another device's, or the beginning of a new numbering: nothing is expected of it.
    fn begin(&mut self, queue: Queue, first_seq: u64, count: u32) {
        if self.queue != Some(queue) {
            self.rows = Rows::new(first_seq, self.stamp_ms);
        }
        self.queue = Some(queue);
        self.next_seq = first_seq.wrapping_add(u64::from(count));
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(Header, Input), DecodeError> {
        let told = reader.byte()?;
        if told == PLAIN {
            return reader.value();
        }
        self.index = self.index.wrapping_add(reader.number()?);
        self.stamp_ms = self.stamp_ms.wrapping_add(reader.signed()?);
        if told & ORIGIN != 0 {
            self.origin = Some(reader.value()?);
        }
        if told & RULES != 0 {
            self.rules = reader.narrow()?;
        }
        let header = Header {
            stamp_ms: self.stamp_ms,
            partition: self.place.partition,
            position: Position {
                epoch: self.place.first.epoch,
                index: self.index,
            },
            origin: self.origin.clone().unwrap_or_else(|| self.usual()),
            rules: self.rules,
        };
        let own = match told & FORM {
            BATCH => UserInput::Ingest(self.read_batch(reader, told)?),
            OWN => reader.value()?,
            ANY => return Ok((header, reader.value()?)),
            _ => return Err(DecodeError::message("an input of an unknown form")),
        };
        let nobody = || DecodeError::message("an input about a user is not sealed");
        let user = self.user.clone().ok_or_else(nobody)?;
        Ok((header, Input::User(user, own)))
    }

    fn read_batch(&mut self, reader: &mut Reader<'_>, told: u8) -> Result<Ingest, DecodeError> {
        let unknown = || DecodeError::message("a batch names its queue");
        let queue = if told & QUEUE == 0 {
            self.queue.ok_or_else(unknown)?
        } else {
            let device = DeviceId(reader.array()?);
            (device, OutboxId(reader.array()?), reader.byte()?)
        };
        let first_seq = if told & FIRST == 0 {
            self.next_seq
        } else {
            reader.number()?
        };
        let length: u32 = reader.narrow()?;
        let count = if told & COUNT == 0 {
            length
        } else {
            reader.narrow()?
        };
        self.begin(queue, first_seq, count);
        let (device, outbox, lane) = queue;
        Ok(Ingest {
            device,
            outbox,
            lane,
            first_seq,
            count,
            skewed: told & SKEWED != 0,
            records: self.read_records(reader, length)?,
            unsigned: None,
        })
    }

    fn read_records(
        &mut self,
        reader: &mut Reader<'_>,
        length: u32,
    ) -> Result<Vec<(u32, crate::record::Record)>, DecodeError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        // A record takes a byte at least, so the bytes bound the memory.
        let mut records = Vec::with_capacity(length.min(reader.left()));
        let mut next = 0_u32;
        for _ in 0..length {
            let (record, marked) = self.rows.read(reader)?;
            let offset = if marked { reader.narrow()? } else { next };
            next = offset.wrapping_add(1);
            records.push((offset, record));
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests;
