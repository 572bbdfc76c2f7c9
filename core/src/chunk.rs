//! A chunk: the records of one user-day, column by column, with differences where neighbours are alike (design.md 5).
//!
//! Immutable once written. The envelope around it (format, checksum, key) is the shell's.

use alloc::vec::Vec;
use minicbor::{
    Decoder, Encoder,
    decode::Error as DecodeError,
    encode::{Error as EncodeError, Write},
};

use crate::{
    id::RecordId,
    limits,
    metric::Metric,
    record::{Content, Epoch, Record},
    records::StoredRecord,
    sample::Method,
};

/// Writes records in (device, id) order, so that the columns change little.
#[must_use]
pub fn encode<'a>(records: impl IntoIterator<Item = &'a StoredRecord>) -> Vec<u8> {
    let mut rows: Vec<&StoredRecord> = records.into_iter().collect();
    rows.sort_by_key(|row| (row.binding, row.record.id, row.received_ms));
    let mut bytes = Vec::with_capacity(rows.len().saturating_mul(8));
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = write(&rows, &mut Encoder::new(&mut bytes));
    bytes
}

/// Reads a chunk back.
///
/// # Errors
/// When the bytes are not a chunk.
pub fn decode(bytes: &[u8]) -> Result<Vec<StoredRecord>, DecodeError> {
    let d = &mut Decoder::new(bytes);
    let rows = usize::try_from(d.u64()?).map_err(|_| DecodeError::message("too many rows"))?;
    // Columns that do not change take a few bytes however long they are, so the bytes do not bound the rows.
    if rows > limits::CHUNK_ROWS_MAX {
        return Err(DecodeError::message("more rows than a chunk can have"));
    }
    let binding = column(d, rows)?;
    let ids = read_ids(d, rows)?;
    let version = column(d, rows)?;
    let metric = column(d, rows)?;
    let start = column(d, rows)?;
    let span = column(d, rows)?;
    let offset = column(d, rows)?;
    let kind = column(d, rows)?;
    let value = column(d, rows)?;
    let flags = column(d, rows)?;
    let received = column(d, rows)?;
    let mut epoch = None;
    let mut records = Vec::with_capacity(rows);
    for (at, id) in ids.into_iter().enumerate() {
        let cell = |column: &[i64]| column.get(at).copied().unwrap_or_default();
        let narrow = |n: i64| u32::try_from(n).map_err(|_| DecodeError::message("out of range"));
        let (method, worn, skewed) = read_flags(cell(&flags))?;
        let number = u16::try_from(cell(&metric));
        let number = number.map_err(|_| DecodeError::message("unknown metric"))?;
        let content = read_content(d, (cell(&kind), cell(&value)), &mut epoch)?;
        records.push(StoredRecord {
            binding: narrow(cell(&binding))?,
            record: Record {
                id,
                version: narrow(cell(&version))?,
                metric: Metric(number),
                start_ms: cell(&start),
                end_ms: cell(&start).saturating_add(cell(&span)),
                offset_s: read_offset(cell(&offset))?,
                content,
                method,
                worn,
            },
            received_ms: cell(&received),
            skewed,
        });
    }
    Ok(records)
}

type Written<W> = Result<(), EncodeError<<W as Write>::Error>>;

fn write<W: Write>(rows: &[&StoredRecord], e: &mut Encoder<W>) -> Written<W> {
    e.u64(u64::try_from(rows.len()).unwrap_or(u64::MAX))?;
    put(e, rows.iter().map(|row| i64::from(row.binding)))?;
    put_ids(e, rows)?;
    put(e, rows.iter().map(|row| i64::from(row.record.version)))?;
    put(e, rows.iter().map(|row| i64::from(row.record.metric.0)))?;
    put(e, rows.iter().map(|row| row.record.start_ms))?;
    put(e, rows.iter().map(|row| row.record.span_ms()))?;
    // 0 says absent, so a present offset is moved away from it.
    put(
        e,
        rows.iter()
            .map(|row| row.record.offset_s.map_or(0, moved_offset)),
    )?;
    put(e, rows.iter().map(|row| kind(&row.record.content)))?;
    put(e, rows.iter().map(|row| row.record.value().unwrap_or(0)))?;
    put(e, rows.iter().map(|row| flags(row)))?;
    put(e, rows.iter().map(|row| row.received_ms))?;
    put_contents(e, rows)
}

fn kind(content: &Content) -> i64 {
    match content {
        Content::Delta(_) => 0,
        Content::Cumulative { .. } => 1,
        Content::Gauge(_) => 2,
        Content::Episode(_) => 3,
        Content::Deleted => 4,
    }
}

/// What does not fit into columns, row by row: epochs where they are others than that of the reading before, and episodes.
fn put_contents<W: Write>(e: &mut Encoder<W>, rows: &[&StoredRecord]) -> Written<W> {
    let mut before: Option<&Epoch> = None;
    for row in rows {
        match &row.record.content {
            Content::Cumulative { epoch, .. } => {
                let new = Some(epoch).filter(|epoch| before != Some(*epoch));
                e.encode(new)?;
                before = Some(epoch);
            }
            Content::Episode(episode) => e.encode(episode)?.ok()?,
            Content::Delta(_) | Content::Gauge(_) | Content::Deleted => {}
        }
    }
    Ok(())
}

fn read_content(
    d: &mut Decoder<'_>,
    (kind, value): (i64, i64),
    before: &mut Option<Epoch>,
) -> Result<Content, DecodeError> {
    match kind {
        0 => Ok(Content::Delta(value)),
        1 => {
            if let Some(epoch) = d.decode()? {
                *before = Some(epoch);
            }
            let epoch = before.clone();
            let epoch = epoch.ok_or_else(|| DecodeError::message("a reading has an epoch"))?;
            Ok(Content::Cumulative { value, epoch })
        }
        2 => Ok(Content::Gauge(value)),
        3 => Ok(Content::Episode(d.decode()?)),
        4 => Ok(Content::Deleted),
        _ => Err(DecodeError::message("unknown class")),
    }
}

/// One column: runs of (how often, difference to the value before).
fn put<W: Write>(e: &mut Encoder<W>, values: impl Iterator<Item = i64>) -> Written<W> {
    let mut before = 0_i64;
    let mut run: Option<(u64, i64)> = None;
    for value in values {
        let step = value.wrapping_sub(before);
        before = value;
        run = match run {
            Some((count, same)) if same == step => Some((count.saturating_add(1), same)),
            Some((count, other)) => {
                e.u64(count)?.i64(other)?;
                Some((1, step))
            }
            None => Some((1, step)),
        };
    }
    if let Some((count, step)) = run {
        e.u64(count)?.i64(step)?;
    }
    Ok(())
}

fn column(d: &mut Decoder<'_>, rows: usize) -> Result<Vec<i64>, DecodeError> {
    let mut values = Vec::with_capacity(rows);
    let mut value = 0_i64;
    while values.len() < rows {
        let count =
            usize::try_from(d.u64()?).map_err(|_| DecodeError::message("too long a run"))?;
        let step = d.i64()?;
        if count == 0 || count > rows.saturating_sub(values.len()) {
            return Err(DecodeError::message("a run leaves its column"));
        }
        for _ in 0..count {
            value = value.wrapping_add(step);
            values.push(value);
        }
    }
    Ok(values)
}

/// Ids: how many numbers stand in front, those as a column, then UUIDs as they are. Numbers sort first within a device only,
/// so a flag column says which is which.
fn put_ids<W: Write>(e: &mut Encoder<W>, rows: &[&StoredRecord]) -> Written<W> {
    let number = |row: &&StoredRecord| match row.record.id {
        RecordId::Number(number) => Some(number.cast_signed()),
        RecordId::Uuid(_) => None,
    };
    put(e, rows.iter().map(|row| i64::from(number(row).is_none())))?;
    put(e, rows.iter().map(|row| number(row).unwrap_or(0)))?;
    for row in rows {
        if let RecordId::Uuid(bytes) = row.record.id {
            e.bytes(&bytes)?;
        }
    }
    Ok(())
}

fn read_ids(d: &mut Decoder<'_>, rows: usize) -> Result<Vec<RecordId>, DecodeError> {
    let kinds = column(d, rows)?;
    let numbers = column(d, rows)?;
    let mut ids = Vec::with_capacity(rows);
    for (kind, number) in kinds.into_iter().zip(numbers) {
        ids.push(if kind == 0 {
            RecordId::Number(number.cast_unsigned())
        } else {
            let bytes = d.bytes()?.try_into();
            RecordId::Uuid(bytes.map_err(|_| DecodeError::message("a UUID has 16 bytes"))?)
        });
    }
    Ok(ids)
}

fn moved_offset(offset_s: i32) -> i64 {
    let offset = i64::from(offset_s);
    if offset >= 0 {
        offset.saturating_add(1)
    } else {
        offset
    }
}

fn read_offset(moved: i64) -> Result<Option<i32>, DecodeError> {
    let offset = if moved > 0 {
        moved.saturating_sub(1)
    } else {
        moved
    };
    let offset = i32::try_from(offset).map_err(|_| DecodeError::message("offset out of range"))?;
    Ok((moved != 0).then_some(offset))
}

fn flags(row: &StoredRecord) -> i64 {
    let method = match row.record.method {
        Method::Auto => 0,
        Method::Active => 1,
        Method::Manual => 2,
        Method::Unknown => 3,
    };
    let worn = match row.record.worn {
        None => 0,
        Some(false) => 4,
        Some(true) => 8,
    };
    method | worn | if row.skewed { 16 } else { 0 }
}

fn read_flags(flags: i64) -> Result<(Method, Option<bool>, bool), DecodeError> {
    let method = match flags & 3 {
        0 => Method::Auto,
        1 => Method::Active,
        2 => Method::Manual,
        _ => Method::Unknown,
    };
    let worn = match flags & 12 {
        0 => None,
        4 => Some(false),
        8 => Some(true),
        _ => return Err(DecodeError::message("unknown flags")),
    };
    match flags & !31 {
        0 => Ok((method, worn, flags & 16 != 0)),
        _ => Err(DecodeError::message("unknown flags")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_record() -> impl Strategy<Value = StoredRecord> {
        let id = prop_oneof![
            any::<u64>().prop_map(RecordId::Number),
            any::<[u8; 16]>().prop_map(RecordId::Uuid)
        ];
        let method = prop_oneof![
            Just(Method::Auto),
            Just(Method::Active),
            Just(Method::Manual),
            Just(Method::Unknown)
        ];
        let time = (
            0_i64..4_000_000_000_000,
            1_i64..86_400_000,
            any::<Option<i32>>(),
        );
        let rest = (
            0_u32..3,
            0_i64..1_000_000,
            any::<Option<bool>>(),
            any::<bool>(),
        );
        (id, method, time, rest).prop_map(|(id, method, (start_ms, span, offset_s), rest)| {
            let (binding, value, worn, skewed) = rest;
            let offset_s = offset_s.map(|offset| offset.max(i32::MIN + 1));
            let end_ms = start_ms + span;
            let metric = Metric::STEPS;
            let record = Record {
                id,
                version: 1,
                metric,
                start_ms,
                end_ms,
                offset_s,
                content: Content::Delta(value),
                method,
                worn,
            };
            StoredRecord {
                binding,
                record,
                received_ms: end_ms + 7,
                skewed,
            }
        })
    }

    proptest! {
        #[test]
        fn a_chunk_gives_back_what_was_put_in(mut rows in proptest::collection::vec(any_record(), 0..60)) {
            rows.sort_by_key(|row| (row.binding, row.record.id, row.received_ms));
            prop_assert_eq!(decode(&encode(&rows)).unwrap(), rows);
        }

        #[test]
        fn bytes_that_are_no_chunk_are_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_chunk_of_a_still_day_is_read_back_though_it_has_more_rows_than_bytes() {
        let still = |minute: i64| {
            let start_ms = 1_460_505_600_000 + minute * 60_000;
            StoredRecord {
                binding: 0,
                record: Record {
                    id: RecordId::Number(minute.unsigned_abs()),
                    version: 1,
                    metric: Metric::STEPS,
                    start_ms,
                    end_ms: start_ms + 60_000,
                    offset_s: None,
                    content: Content::Delta(0),
                    method: Method::Auto,
                    worn: None,
                },
                received_ms: 1_460_592_000_000,
                skewed: false,
            }
        };
        let rows: Vec<_> = (0..1_440).map(still).collect();
        let bytes = encode(&rows);
        assert!(bytes.len() < rows.len());
        assert_eq!(decode(&bytes).unwrap(), rows);
    }

    #[test]
    fn a_band_day_takes_few_bytes_a_minute() {
        let rows: Vec<_> = (0..1_440_u64)
            .map(|minute| {
                let start_ms = 1_460_505_600_000 + i64::try_from(minute).unwrap() * 60_000;
                let value = if minute % 7 < 5 {
                    0
                } else {
                    i64::try_from(minute * 37 % 120).unwrap()
                };
                StoredRecord {
                    binding: 0,
                    record: Record {
                        id: RecordId::Number(minute),
                        version: 1,
                        metric: Metric::STEPS,
                        start_ms,
                        end_ms: start_ms + 60_000,
                        offset_s: None,
                        content: Content::Delta(value),
                        method: Method::Auto,
                        worn: None,
                    },
                    received_ms: start_ms - start_ms % 600_000 + 600_000,
                    skewed: false,
                }
            })
            .collect();
        let bytes = encode(&rows).len();
        assert!(bytes < 1_440 * 4, "{bytes} bytes");
        assert_eq!(decode(&encode(&rows)).unwrap(), rows);
    }
}
