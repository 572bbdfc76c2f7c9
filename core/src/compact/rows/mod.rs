//! Records one behind the other, each told by how it differs from what the ones before it let expect.
//!
//! A row begins with a byte that says what is told; what is not told is as expected, in this order:
//!
//! | bit | what | expected |
//! |---|---|---|
//! | 0 | the lane: metric and class | that of the row before |
//! | 1 | the id; 0 and 16 bytes: a UUID | one more than the last number |
//! | 2 | the start | as far behind the lane's last as that was behind the one before |
//! | 3 | the span | the lane's last |
//! | 4 | the value | the lane's last |
//! | 5 | the epoch of a reading | the lane's last |
//! | | the content of an episode, always | |
//! | 6 | version, offset, method and wear | those of the row before |
//! | 7 | nothing: whoever keeps rows tells by it whether something of its own follows | |
//!
//! Used by groups of inputs and by the tail.

use alloc::{boxed::Box, vec::Vec};
use minicbor::decode::Error as DecodeError;

use super::bytes::{self, Reader};
use crate::{
    chunk::{flags_of, kind, moved_offset, read_flags, read_offset},
    civil::Day,
    id::RecordId,
    metric::Metric,
    record::{Content, Epoch, Record},
    sample::Method,
};

const LANE: u8 = 1;
const ID: u8 = 1 << 1;
const START: u8 = 1 << 2;
const SPAN: u8 = 1 << 3;
const VALUE: u8 = 1 << 4;
const EPOCH: u8 = 1 << 5;
const MANNER: u8 = 1 << 6;
const MARK: u8 = 1 << 7;

/// Lanes that are remembered beside the one in use; the oldest gives way.
const LANES_MAX: usize = 15;
/// Bits of a lane's number that say the class.
const KIND_BITS: u32 = 3;

/// The rows of one metric and class.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lane {
    metric: Metric,
    kind: i64,
    start_ms: i64,
    /// From the start before to the last one; none: there is no row yet.
    step_ms: Option<i64>,
    span_ms: i64,
    value: i64,
    epoch: Option<Epoch>,
}

/// How a record was made; much the same for all of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Manner {
    version: u32,
    offset_s: Option<i32>,
    method: Method,
    worn: Option<bool>,
}

/// What whoever writes rows and whoever reads them know of the rows before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    next_id: u64,
    manner: Manner,
    lane: Lane,
    others: Vec<Lane>,
}

impl Rows {
    /// Before the first row, which is expected to have this id and to start about then, POSIX ms.
    pub(crate) fn new(next_id: u64, start_ms: i64) -> Self {
        Self {
            next_id,
            manner: Manner {
                version: 1,
                offset_s: None,
                method: Method::Auto,
                worn: None,
            },
            lane: Lane::new(Metric::STEPS, 0, start_ms),
            others: Vec::new(),
        }
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let lanes = self.others.capacity();
        lanes.saturating_mul(size_of::<Lane>())
    }

    /// Writes one row; `marked`: something follows that is not the record's.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, record: &Record, marked: bool) {
        let place = out.len();
        out.push(0);
        let mut told = if marked { MARK } else { 0 };
        if !self.lane.is_of(record) {
            told |= LANE;
            let number = self.lane_of(record);
            bytes::number(out, number);
            self.turn(record.metric, kind(&record.content));
        }
        told |= self.write_id(out, record.id);
        told |= self.lane.write(out, record);
        let manner = Manner::of(record);
        if manner != self.manner {
            told |= MANNER;
            manner.write(out);
            self.manner = manner;
        }
        if let Some(first) = out.get_mut(place) {
            *first = told;
        }
    }

    /// Reads one row, and whether it is marked.
    pub(crate) fn read(&mut self, reader: &mut Reader<'_>) -> Result<(Record, bool), DecodeError> {
        let told = reader.byte()?;
        if told & LANE != 0 {
            self.read_lane(reader)?;
        }
        let id = self.read_id(reader, told)?;
        let (start_ms, end_ms) = self.lane.read_times(reader, told)?;
        let content = self.lane.read_content(reader, told)?;
        if told & MANNER != 0 {
            self.manner = Manner::read(reader)?;
        }
        let record = Record {
            id,
            version: self.manner.version,
            metric: self.lane.metric,
            start_ms,
            end_ms,
            offset_s: self.manner.offset_s,
            content,
            method: self.manner.method,
            worn: self.manner.worn,
        };
        Ok((record, told & MARK != 0))
    }

    /// Its place among those that are remembered; behind these, what a new one is.
    fn lane_of(&self, record: &Record) -> u64 {
        let known = self.others.iter().position(|lane| lane.is_of(record));
        let number = |place: usize| u64::try_from(place).unwrap_or(u64::MAX);
        known.map_or_else(
            || {
                let kind = kind(&record.content).cast_unsigned();
                let new = u64::from(record.metric.0) << KIND_BITS | kind;
                new.saturating_add(number(self.others.len()))
            },
            number,
        )
    }

    fn read_lane(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let number: usize = reader.narrow()?;
        if let Some(lane) = self.others.get(number) {
            let (metric, kind) = (lane.metric, lane.kind);
            self.turn(metric, kind);
            return Ok(());
        }
        let new = number.saturating_sub(self.others.len());
        let unknown = |_| DecodeError::message("unknown metric");
        let metric = u16::try_from(new >> KIND_BITS).map_err(unknown)?;
        let kind = i64::try_from(new & 7).unwrap_or_default();
        self.turn(Metric(metric), kind);
        Ok(())
    }

    /// Goes on in another lane; a new one begins about where the last row did.
    fn turn(&mut self, metric: Metric, kind: i64) {
        let mut others = self.others.iter_mut();
        let known = others.find(|lane| (lane.metric, lane.kind) == (metric, kind));
        if let Some(known) = known {
            return core::mem::swap(known, &mut self.lane);
        }
        let new = Lane::new(metric, kind, self.lane.start_ms);
        let left = core::mem::replace(&mut self.lane, new);
        if left.step_ms.is_none() {
            return;
        }
        if self.others.len() >= LANES_MAX {
            self.others.remove(0);
        }
        self.others.push(left);
    }

    fn write_id(&mut self, out: &mut Vec<u8>, id: RecordId) -> u8 {
        match id {
            RecordId::Number(number) => {
                let off = number.wrapping_sub(self.next_id).cast_signed();
                self.next_id = number.wrapping_add(1);
                if off == 0 {
                    return 0;
                }
                bytes::signed(out, off);
            }
            RecordId::Uuid(uuid) => {
                bytes::number(out, 0);
                out.extend_from_slice(&uuid);
            }
        }
        ID
    }

    fn read_id(&mut self, reader: &mut Reader<'_>, told: u8) -> Result<RecordId, DecodeError> {
        let off = if told & ID == 0 {
            0
        } else {
            match reader.signed()? {
                0 => return reader.array().map(RecordId::Uuid),
                off => off,
            }
        };
        let number = self.next_id.wrapping_add(off.cast_unsigned());
        self.next_id = number.wrapping_add(1);
        Ok(RecordId::Number(number))
    }
}

impl Lane {
    fn new(metric: Metric, kind: i64, start_ms: i64) -> Self {
        Self {
            metric,
            kind,
            start_ms,
            step_ms: None,
            span_ms: 0,
            value: 0,
            epoch: None,
        }
    }

    fn is_of(&self, record: &Record) -> bool {
        self.metric == record.metric && self.kind == kind(&record.content)
    }

    fn expected_ms(&self) -> i64 {
        self.start_ms.wrapping_add(self.step_ms.unwrap_or(0))
    }

    fn write(&mut self, out: &mut Vec<u8>, record: &Record) -> u8 {
        let mut told = 0;
        let off_ms = record.start_ms.wrapping_sub(self.expected_ms());
        if off_ms != 0 {
            told |= START;
            bytes::length(out, off_ms);
        }
        let span_ms = record.end_ms.wrapping_sub(record.start_ms);
        if span_ms != self.span_ms {
            told |= SPAN;
            bytes::length(out, span_ms.wrapping_sub(self.span_ms));
        }
        self.follow(record.start_ms, span_ms);
        told | self.write_content(out, &record.content)
    }

    fn write_content(&mut self, out: &mut Vec<u8>, content: &Content) -> u8 {
        match content {
            Content::Delta(value) | Content::Gauge(value) => self.write_value(out, *value),
            Content::Cumulative { value, epoch } => {
                let told = self.write_value(out, *value);
                if self.epoch.as_ref() == Some(epoch) {
                    return told;
                }
                write_epoch(out, epoch);
                self.epoch = Some(epoch.clone());
                told | EPOCH
            }
            Content::Episode(held) => {
                bytes::value(out, held);
                0
            }
            Content::Deleted => 0,
        }
    }

    fn write_value(&mut self, out: &mut Vec<u8>, value: i64) -> u8 {
        let off = value.wrapping_sub(self.value);
        if off == 0 {
            return 0;
        }
        bytes::signed(out, off);
        self.value = value;
        VALUE
    }

    fn read_times(&mut self, reader: &mut Reader<'_>, told: u8) -> Result<(i64, i64), DecodeError> {
        let mut start_ms = self.expected_ms();
        if told & START != 0 {
            start_ms = start_ms.wrapping_add(reader.length()?);
        }
        let mut span_ms = self.span_ms;
        if told & SPAN != 0 {
            span_ms = span_ms.wrapping_add(reader.length()?);
        }
        self.follow(start_ms, span_ms);
        Ok((start_ms, start_ms.wrapping_add(span_ms)))
    }

    fn read_content(&mut self, reader: &mut Reader<'_>, told: u8) -> Result<Content, DecodeError> {
        if told & VALUE != 0 {
            self.value = self.value.wrapping_add(reader.signed()?);
        }
        if told & EPOCH != 0 {
            self.epoch = Some(read_epoch(reader)?);
        }
        match self.kind {
            0 => Ok(Content::Delta(self.value)),
            1 => {
                let missing = || DecodeError::message("a reading has an epoch");
                let epoch = self.epoch.clone().ok_or_else(missing)?;
                let value = self.value;
                Ok(Content::Cumulative { value, epoch })
            }
            2 => Ok(Content::Gauge(self.value)),
            3 => Ok(Content::Episode(Box::new(reader.value()?))),
            4 => Ok(Content::Deleted),
            _ => Err(DecodeError::message("unknown class")),
        }
    }

    /// A second row is expected to begin where the first one ends.
    fn follow(&mut self, start_ms: i64, span_ms: i64) {
        let step_ms = start_ms.wrapping_sub(self.start_ms);
        self.step_ms = Some(self.step_ms.map_or(span_ms, |_| step_ms));
        (self.start_ms, self.span_ms) = (start_ms, span_ms);
    }
}

impl Manner {
    fn of(record: &Record) -> Self {
        Self {
            version: record.version,
            offset_s: record.offset_s,
            method: record.method,
            worn: record.worn,
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        bytes::number(out, u64::from(self.version));
        bytes::signed(out, moved_offset(self.offset_s));
        let flags = flags_of(self.method, self.worn);
        bytes::number(out, flags.cast_unsigned());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.narrow()?;
        let offset_s = read_offset(reader.signed()?)?;
        let flags = reader.narrow()?;
        let (method, worn) = read_flags(flags)?;
        Ok(Self {
            version,
            offset_s,
            method,
            worn,
        })
    }
}

/// 0 and the day, or 1 and the name of a run.
fn write_epoch(out: &mut Vec<u8>, epoch: &Epoch) {
    match epoch {
        Epoch::Day(day) => {
            bytes::number(out, 0);
            bytes::signed(out, i64::from(day.0));
        }
        Epoch::Run(name) => {
            bytes::number(out, 1);
            bytes::text(out, name.as_bytes());
        }
    }
}

fn read_epoch(reader: &mut Reader<'_>) -> Result<Epoch, DecodeError> {
    if reader.number()? == 0 {
        let day = i32::try_from(reader.signed()?);
        return day
            .map(|day| Epoch::Day(Day(day)))
            .map_err(|_| DecodeError::message("a day out of range"));
    }
    let name = core::str::from_utf8(reader.text()?);
    name.map(|name| Epoch::Run(name.into()))
        .map_err(|_| DecodeError::message("a name that is no text"))
}

#[cfg(test)]
mod tests;
