//! A chunk: the records of one user-day, column by column, each told by the differences that are usual in it (design.md 5,
//! ADR 0033).
//!
//! A chunk is a CBOR array:
//!
//! | place | what |
//! |---|---|
//! | 0 | [`FORMAT`] |
//! | 1 | how many rows |
//! | 2 | the epochs of counters that rows name |
//! | 3 | ids that are UUIDs, 16 bytes each, in order of their rows |
//! | 4 | the episodes, in order of their rows |
//! | 5 | thirteen columns of numbers (`column.rs`): binding, whether the id is a UUID, id, version, metric, start, span, offset, class, value, place of the epoch, flags, stamp |
//!
//! Immutable once written. The envelope around it (format, checksum, key) is the shell's.

mod coder;
mod column;
mod fields;
pub mod minutes;
mod numbers;

pub(crate) use fields::{flags_of, kind, offset as moved_offset, read_flags, read_offset};
pub(crate) use numbers::{folded, unfolded};

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use minicbor::{
    Decoder, Encoder,
    decode::Error as DecodeError,
    encode::{Error as EncodeError, Write},
};

use crate::{
    episode::Episode,
    id::RecordId,
    limits,
    metric::Metric,
    record::{Content, Epoch, Record},
    records::StoredRecord,
};

/// The layout above; another one gets another number, and this one stays readable.
pub const FORMAT: u8 = 1;

/// Writes records by (device, metric, start, id), so that the columns change little.
#[must_use]
pub fn encode<'a>(records: impl IntoIterator<Item = &'a StoredRecord>) -> Vec<u8> {
    let mut rows: Vec<&StoredRecord> = records.into_iter().collect();
    rows.sort_by_key(|row| order(row));
    let mut bytes = Vec::with_capacity(rows.len().saturating_add(64));
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = write(&rows, &mut Encoder::new(&mut bytes));
    bytes
}

/// The order of the rows; copies of one record keep the order in which they were given.
fn order(row: &StoredRecord) -> (u32, Metric, i64, RecordId, i64) {
    let record = &row.record;
    (
        row.binding,
        record.metric,
        record.start_ms,
        record.id,
        row.received_ms,
    )
}

type Written<W> = Result<(), EncodeError<<W as Write>::Error>>;

fn write<W: Write>(rows: &[&StoredRecord], e: &mut Encoder<W>) -> Written<W> {
    let epochs = epochs(rows);
    e.array(6)?.u8(FORMAT)?.u64(length(rows.len()))?;
    e.array(length(epochs.len()))?;
    let mut by_place: Vec<_> = epochs.iter().collect();
    by_place.sort_by_key(|(_, place)| **place);
    for (epoch, _) in by_place {
        e.encode(epoch)?;
    }
    let uuids = rows.iter().filter_map(|row| match row.record.id {
        RecordId::Uuid(bytes) => Some(bytes),
        RecordId::Number(_) => None,
    });
    e.bytes(&uuids.flatten().collect::<Vec<u8>>())?;
    let episodes = rows.iter().filter_map(|row| row.record.episode());
    let episodes: Vec<&Episode> = episodes.collect();
    e.array(length(episodes.len()))?;
    for episode in episodes {
        e.encode(episode)?;
    }
    e.bytes(&columns(rows, &epochs))?.ok()
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The epochs that rows name, each with its place: in order of first mention.
fn epochs<'a>(rows: &[&'a StoredRecord]) -> BTreeMap<&'a Epoch, i64> {
    let mut epochs = BTreeMap::new();
    let mut places = 0_i64..;
    for row in rows {
        if let Content::Cumulative { epoch, .. } = &row.record.content {
            epochs
                .entry(epoch)
                .or_insert_with(|| places.next().unwrap_or_default());
        }
    }
    epochs
}

fn columns(rows: &[&StoredRecord], epochs: &BTreeMap<&Epoch, i64>) -> Vec<u8> {
    let place = |row: &StoredRecord| match &row.record.content {
        Content::Cumulative { epoch, .. } => epochs.get(epoch).copied().unwrap_or_default(),
        _ => 0,
    };
    let number = |row: &StoredRecord| match row.record.id {
        RecordId::Number(number) => Some(number.cast_signed()),
        RecordId::Uuid(_) => None,
    };
    let columns: [&dyn Fn(&StoredRecord) -> i64; 13] = [
        &|row| i64::from(row.binding),
        &|row| i64::from(number(row).is_none()),
        &|row| number(row).unwrap_or(0),
        &|row| i64::from(row.record.version),
        &|row| i64::from(row.record.metric.0),
        &|row| row.record.start_ms,
        &|row| row.record.end_ms.wrapping_sub(row.record.start_ms),
        &|row| moved_offset(row.record.offset_s),
        &|row| kind(&row.record.content),
        &|row| row.record.value().unwrap_or(0),
        &place,
        &fields::flags,
        &|row| row.received_ms,
    ];
    column::write_all(rows, columns)
}

/// Reads a chunk back.
///
/// # Errors
/// When the bytes are not a chunk of this format.
pub fn decode(bytes: &[u8]) -> Result<Vec<StoredRecord>, DecodeError> {
    let d = &mut Decoder::new(bytes);
    let refuse = |what: &'static str| Err(DecodeError::message(what));
    if d.array()? != Some(6) || d.u8()? != FORMAT {
        return refuse("not a chunk of format 1");
    }
    let rows = usize::try_from(d.u64()?).unwrap_or(usize::MAX);
    // Columns that do not change take a few bits however long they are, so the bytes do not bound the rows.
    if rows > limits::CHUNK_ROWS_MAX {
        return refuse("more rows than a chunk can have");
    }
    let epochs: Vec<Epoch> = d.decode()?;
    let uuids = d.bytes()?;
    let episodes: Vec<Episode> = d.decode()?;
    let columns = column::read_all(d.bytes()?, rows)?;
    if d.position() != bytes.len() {
        return refuse("more bytes than a chunk");
    }
    let mut apart = Apart {
        uuids: uuids.chunks(16),
        epochs: &epochs,
        episodes: episodes.into_iter(),
    };
    let mut records = Vec::with_capacity(rows);
    for cells in column::rows(&columns, rows) {
        records.push(row(cells, &mut apart)?);
    }
    if apart.uuids.next().is_some() || apart.episodes.next().is_some() {
        return refuse("more ids or episodes than rows name");
    }
    Ok(records)
}

/// What stands beside the columns.
struct Apart<'a> {
    uuids: core::slice::Chunks<'a, u8>,
    epochs: &'a [Epoch],
    episodes: alloc::vec::IntoIter<Episode>,
}

impl Apart<'_> {
    fn id(&mut self, is_uuid: i64, number: i64) -> Result<RecordId, DecodeError> {
        if is_uuid == 0 {
            return Ok(RecordId::Number(number.cast_unsigned()));
        }
        let uuid = self.uuids.next().and_then(|bytes| bytes.try_into().ok());
        let uuid = uuid.ok_or_else(|| DecodeError::message("a UUID has 16 bytes"))?;
        Ok(RecordId::Uuid(uuid))
    }

    fn content(&mut self, kind: i64, value: i64, place: i64) -> Result<Content, DecodeError> {
        let missing = || DecodeError::message("a reading has an epoch, an episode its content");
        match kind {
            0 => Ok(Content::Delta(value)),
            1 => {
                let place = usize::try_from(place).map_err(|_| missing())?;
                let epoch = self.epochs.get(place).ok_or_else(missing)?.clone();
                Ok(Content::Cumulative { value, epoch })
            }
            2 => Ok(Content::Gauge(value)),
            3 => {
                let episode = self.episodes.next().ok_or_else(missing)?;
                Ok(Content::Episode(Box::new(episode)))
            }
            4 => Ok(Content::Deleted),
            _ => Err(DecodeError::message("unknown class")),
        }
    }
}

/// One row of the columns, in the order in which they are written.
fn row(cells: [i64; 13], apart: &mut Apart<'_>) -> Result<StoredRecord, DecodeError> {
    let [binding, is_uuid, id, version, metric, start_ms, span, ..] = cells;
    let [.., offset, kind, value, place, flags, received_ms] = cells;
    let narrow = |n: i64| u32::try_from(n).map_err(|_| DecodeError::message("out of range"));
    let metric = u16::try_from(metric).map_err(|_| DecodeError::message("unknown metric"))?;
    let (method, worn, skewed, attest) = fields::read_row_flags(flags)?;
    Ok(StoredRecord {
        binding: narrow(binding)?,
        record: Record {
            id: apart.id(is_uuid, id)?,
            version: narrow(version)?,
            metric: Metric(metric),
            start_ms,
            end_ms: start_ms.wrapping_add(span),
            offset_s: read_offset(offset)?,
            content: apart.content(kind, value, place)?,
            method,
            worn,
        },
        received_ms,
        skewed,
        attest,
    })
}

#[cfg(test)]
pub(crate) mod tests;
