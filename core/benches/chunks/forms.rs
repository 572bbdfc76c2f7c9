//! Ways to store the rows of a chunk. The other columns that stand beside the core's own carry what these records need and no more, so
//! they flatter themselves.

use std::io::{Read, Write};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use streakline_core::{
    chunk,
    id::RecordId,
    metric::Metric,
    record::{Content, Record},
    records::StoredRecord,
    sample::Method,
};

/// One way.
pub(crate) struct Form {
    /// As the table calls it.
    pub(crate) name: &'static str,
    /// Rows to bytes.
    pub(crate) write: fn(&[StoredRecord]) -> Vec<u8>,
    /// Bytes to rows.
    pub(crate) read: fn(&[u8]) -> Vec<StoredRecord>,
}

/// All ways, the first of which the others are measured by.
pub(crate) fn all() -> Vec<Form> {
    let form = |name, write, read| Form { name, write, read };
    vec![
        form("row by row, CBOR", rows, read_rows),
        form(
            "row by row, deflate",
            |r| deflate(&rows(r)),
            |b| read_rows(&inflate(b)),
        ),
        form("runs of differences, CBOR", runs, read_runs),
        form(
            "runs of differences, LZ4",
            |r| lz4(&runs(r)),
            |b| read_runs(&unlz4(b)),
        ),
        form(
            "runs of differences, deflate",
            |r| deflate(&runs(r)),
            |b| read_runs(&inflate(b)),
        ),
        form("bytes of differences", bytes, read_bytes),
        form(
            "bytes of differences, LZ4",
            |r| lz4(&bytes(r)),
            |b| read_bytes(&unlz4(b)),
        ),
        form(
            "bytes of differences, deflate",
            |r| deflate(&bytes(r)),
            |b| read_bytes(&inflate(b)),
        ),
        form(
            "coded columns (format 1)",
            |r| chunk::encode(r),
            |b| chunk::decode(b).unwrap(),
        ),
        form(
            "coded columns, deflate",
            |r| deflate(&chunk::encode(r)),
            |b| chunk::decode(&inflate(b)).unwrap(),
        ),
    ]
}

fn rows(rows: &[StoredRecord]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows {
        minicbor::encode(row, &mut bytes).unwrap();
    }
    bytes
}

fn read_rows(bytes: &[u8]) -> Vec<StoredRecord> {
    let mut decoder = minicbor::Decoder::new(bytes);
    std::iter::from_fn(|| decoder.decode().ok()).collect()
}

/// Columns of numbers that tell these records apart.
fn columns(rows: &[StoredRecord]) -> [Vec<i64>; 7] {
    let column = |of: fn(&StoredRecord) -> i64| rows.iter().map(of).collect();
    [
        column(|row| i64::from(row.record.metric.0)),
        column(|row| match row.record.id {
            RecordId::Number(number) => number.cast_signed(),
            RecordId::Uuid(_) => unreachable!("ids here are numbers"),
        }),
        column(|row| row.record.start_ms),
        column(|row| row.record.span_ms()),
        column(|row| i64::from(matches!(row.record.content, Content::Gauge(_)))),
        column(|row| row.record.value().unwrap()),
        column(|row| row.received_ms),
    ]
}

fn from_columns(
    [metric, id, start, span, kind, value, received]: [Vec<i64>; 7],
) -> Vec<StoredRecord> {
    let row = |at: usize| StoredRecord {
        binding: 0,
        record: Record {
            id: RecordId::Number(id[at].cast_unsigned()),
            version: 1,
            metric: Metric(u16::try_from(metric[at]).unwrap()),
            start_ms: start[at],
            end_ms: start[at] + span[at],
            offset_s: None,
            content: match kind[at] {
                0 => Content::Delta(value[at]),
                _ => Content::Gauge(value[at]),
            },
            method: Method::Auto,
            worn: None,
        },
        received_ms: received[at],
        skewed: false,
        attest: streakline_core::attest::Attest::Unasked,
    };
    (0..id.len()).map(row).collect()
}

/// What chunks were before: of each column (how often, difference), as CBOR numbers.
fn runs(rows: &[StoredRecord]) -> Vec<u8> {
    let mut e = minicbor::Encoder::new(Vec::new());
    e.u64(rows.len() as u64).unwrap();
    for column in columns(rows) {
        let mut runs: Vec<(u64, i64)> = Vec::new();
        let mut before = 0;
        for value in column {
            match runs.last_mut() {
                Some((count, step)) if *step == value - before => *count += 1,
                _ => runs.push((1, value - before)),
            }
            before = value;
        }
        for (count, step) in runs {
            e.u64(count).unwrap().i64(step).unwrap();
        }
    }
    e.into_writer()
}

fn read_runs(bytes: &[u8]) -> Vec<StoredRecord> {
    let mut d = minicbor::Decoder::new(bytes);
    let rows = d.u64().unwrap() as usize;
    from_columns([(); 7].map(|()| {
        let mut column = Vec::with_capacity(rows);
        let mut value = 0;
        while column.len() < rows {
            let (count, step) = (d.u64().unwrap(), d.i64().unwrap());
            for _ in 0..count {
                value += step;
                column.push(value);
            }
        }
        column
    }))
}

/// Differences as numbers of 7 bits a byte, divided by what divides all of them: the form that a general compressor likes best.
fn bytes(rows: &[StoredRecord]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, rows.len() as u64);
    for column in columns(rows) {
        let steps: Vec<i64> = column.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let scale = steps
            .iter()
            .fold(0, |a, b| divisor(a, b.unsigned_abs()))
            .max(1);
        put(&mut bytes, folded(column.first().copied().unwrap_or(0)));
        put(&mut bytes, scale);
        for step in steps {
            put(&mut bytes, folded(step / scale.cast_signed()));
        }
    }
    bytes
}

fn read_bytes(bytes: &[u8]) -> Vec<StoredRecord> {
    let mut bytes = bytes.iter();
    let rows = get(&mut bytes) as usize;
    from_columns([(); 7].map(|()| {
        let mut value = unfolded(get(&mut bytes));
        let scale = get(&mut bytes).cast_signed();
        let mut column = vec![value];
        for _ in 1..rows {
            value += unfolded(get(&mut bytes)) * scale;
            column.push(value);
        }
        column
    }))
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 127 {
        bytes.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn get<'a>(bytes: &mut impl Iterator<Item = &'a u8>) -> u64 {
    let (mut number, mut at) = (0, 0);
    loop {
        let byte = u64::from(*bytes.next().unwrap());
        number |= (byte & 127) << at;
        at += 7;
        if byte < 128 {
            return number;
        }
    }
}

fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    DeflateDecoder::new(bytes)
        .read_to_end(&mut inflated)
        .unwrap();
    inflated
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    lz4_flex::compress_prepend_size(bytes)
}

fn unlz4(bytes: &[u8]) -> Vec<u8> {
    lz4_flex::decompress_size_prepended(bytes).unwrap()
}
