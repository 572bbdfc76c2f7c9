//! Rows: what goes in comes out, of any records; what is alike is small.

use super::*;
use crate::chunk::tests::any_record;
use proptest::prelude::*;
use std::string::ToString;

fn written(records: &[Record]) -> Vec<u8> {
    let (mut out, mut rows) = (Vec::new(), Rows::new(7, 0));
    for record in records {
        rows.write(&mut out, record, false);
    }
    out
}

/// The records in the bytes.
fn read(bytes: &[u8]) -> Result<Vec<Record>, DecodeError> {
    let (mut reader, mut rows) = (Reader::new(bytes), Rows::new(7, 0));
    let mut records = Vec::new();
    while !reader.is_at_end() {
        records.push(rows.read(&mut reader)?.0);
    }
    Ok(records)
}

proptest! {
    #[test]
    fn any_rows_come_out_as_they_went_in(
        rows in proptest::collection::vec((any_record(), any::<bool>()), 0..60)
    ) {
        let (mut out, mut writing) = (Vec::new(), Rows::new(7, 0));
        for (row, marked) in &rows {
            writing.write(&mut out, &row.record, *marked);
        }
        let (mut reader, mut reading) = (Reader::new(&out), Rows::new(7, 0));
        for (row, marked) in &rows {
            let read = reading.read(&mut reader).unwrap();
            prop_assert_eq!(read, (row.record.clone(), *marked));
        }
        prop_assert!(reader.is_at_end());
        prop_assert_eq!(reading, writing);
    }

    #[test]
    fn broken_rows_are_refused_or_are_other_rows(
        rows in proptest::collection::vec(any_record(), 1..20), at in any::<usize>(), byte in any::<u8>()
    ) {
        let rows: Vec<Record> = rows.into_iter().map(|row| row.record).collect();
        let mut bytes = written(&rows);
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(others) = read(&bytes) {
            prop_assert_eq!(read(&written(&others)).unwrap(), others);
        }
        let _ = read(&bytes[..at]);
    }
}

fn reading(second: i64, metric: Metric, content: Content) -> Record {
    Record {
        id: RecordId::Number(7 + second.unsigned_abs()),
        version: 1,
        metric,
        start_ms: second * 1_000,
        end_ms: second * 1_000,
        offset_s: None,
        content,
        method: Method::Auto,
        worn: None,
    }
}

#[test]
fn a_reading_a_second_takes_two_bytes_and_one_that_says_nothing_new_takes_one() {
    let speed = |second: i64| reading(second, Metric::SPEED, Content::Gauge(500 + second * 3));
    let records: Vec<Record> = (0..100).map(speed).collect();
    let bytes = written(&records);
    assert!(bytes.len() <= 210, "{} bytes", bytes.len());
    let still = |second: i64| reading(second, Metric::SPEED, Content::Gauge(0));
    let records: Vec<Record> = (0..100).map(still).collect();
    let bytes = written(&records);
    assert!(bytes.len() <= 106, "{} bytes", bytes.len());
}

#[test]
fn metrics_that_take_turns_each_go_on_from_their_own_row() {
    let run = Epoch::Run("boot-7".into());
    let all = |second: i64| {
        let value = second * 15;
        let epoch = run.clone();
        [
            reading(second, Metric::SPEED, Content::Gauge(520)),
            reading(
                second,
                Metric::ODOMETER,
                Content::Cumulative { value, epoch },
            ),
        ]
    };
    let mut records: Vec<Record> = (0..50).flat_map(all).collect();
    for (id, record) in (7..).zip(&mut records) {
        record.id = RecordId::Number(id);
    }
    let bytes = written(&records);
    assert_eq!(read(&bytes).unwrap(), records);
    // A byte for what is told, one for the lane, one for what the counter has counted.
    assert!(bytes.len() <= 280, "{} bytes", bytes.len());
}

#[test]
fn more_metrics_than_are_remembered_are_told_again() {
    let of = |number: u16| reading(0, Metric(number), Content::Gauge(1));
    let records: Vec<Record> = (1..40).chain(1..40).map(of).collect();
    assert_eq!(read(&written(&records)).unwrap(), records);
}

#[test]
fn rows_that_cannot_be_are_refused_in_words() {
    let refused = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert!(refused(&[LANE, 0xff, 0xff, 0x7f]).contains("unknown metric"));
    assert!(refused(&[LANE, 1 << KIND_BITS | 7]).contains("unknown class"));
    assert!(refused(&[LANE, 1 << KIND_BITS | 1]).contains("has an epoch"));
    assert!(refused(&[EPOCH, 1, 1, 0xff]).contains("no text"));
    assert!(refused(&[EPOCH, 1, 9, b'a']).contains("end early"));
    assert!(refused(&[MANNER, 1, 0, 16]).contains("unknown flags"));
    assert!(refused(&[ID, 0, 1, 2]).contains("end early"));
}
