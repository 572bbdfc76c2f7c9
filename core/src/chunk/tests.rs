//! What goes in comes out, of any records; what is damaged is refused; what is alike is small.

use super::{
    coder::{Reader, Writer},
    numbers::Numbers,
    *,
};
use crate::{
    attest::Attest,
    civil::Day,
    episode::{Segment, Stage},
    sample::Method,
};
use alloc::{string::String, vec};
use proptest::{prelude::*, sample::select};

fn any_content() -> impl Strategy<Value = Content> {
    let epoch = prop_oneof![
        (0_i32..20_000).prop_map(|day| Epoch::Day(Day(day))),
        "[a-z]{0,3}".prop_map(|name| Epoch::Run(name.into())),
    ];
    let stage = select(vec![Stage::Asleep, Stage::Awake, Stage::Deep]);
    let segment =
        (any::<i64>(), any::<i64>(), stage).prop_map(|(start_ms, end_ms, stage)| Segment {
            start_ms,
            end_ms,
            stage,
        });
    let segments = proptest::collection::vec(segment, 0..4);
    let episode = (segments, any::<Option<bool>>()).prop_map(|(segments, sport)| Episode {
        segments,
        sport: sport.map(|_| String::from("rowing")),
        totals: vec![(Metric::STEPS, 7)],
    });
    prop_oneof![
        any::<i64>().prop_map(Content::Delta),
        (0_i64..50).prop_map(|tens| Content::Delta(tens * 10)),
        (any::<i64>(), epoch).prop_map(|(value, epoch)| Content::Cumulative { value, epoch }),
        any::<i64>().prop_map(Content::Gauge),
        episode.prop_map(|episode| Content::Episode(Box::new(episode))),
        Just(Content::Deleted),
    ]
}

/// Any fields at all, also those that no admitted record has; often such that neighbours are alike.
pub(crate) fn any_record() -> impl Strategy<Value = StoredRecord> {
    let id = prop_oneof![
        any::<u64>().prop_map(RecordId::Number),
        (0_u64..9).prop_map(RecordId::Number),
        any::<[u8; 16]>().prop_map(RecordId::Uuid)
    ];
    let method = select(vec![
        Method::Auto,
        Method::Active,
        Method::Manual,
        Method::Unknown,
    ]);
    let moment = || {
        prop_oneof![
            any::<i64>(),
            (0_i64..1_440).prop_map(|minute| minute * 60_000)
        ]
    };
    let narrow = || prop_oneof![any::<u32>(), 0_u32..3];
    let times = (moment(), moment(), moment(), any::<Option<i32>>());
    let attest = select(vec![Attest::Unasked, Attest::Signed, Attest::Unsigned]);
    let marks = (method, any::<Option<bool>>(), (any::<bool>(), attest));
    let numbers = (narrow(), narrow(), any::<u16>());
    (id, times, any_content(), marks, numbers).prop_map(|(id, times, content, marks, numbers)| {
        let (start_ms, end_ms, received_ms, offset_s) = times;
        let (method, worn, (skewed, attest)) = marks;
        let (binding, version, metric) = numbers;
        StoredRecord {
            binding,
            record: Record {
                id,
                version,
                metric: Metric(metric),
                start_ms,
                end_ms,
                offset_s,
                content,
                method,
                worn,
            },
            received_ms,
            skewed,
            attest,
        }
    })
}

proptest! {
    #[test]
    fn a_chunk_gives_back_what_was_put_in(mut rows in proptest::collection::vec(any_record(), 0..60)) {
        let bytes = encode(&rows);
        rows.sort_by_key(order);
        prop_assert_eq!(&decode(&bytes).unwrap(), &rows);
        prop_assert_eq!(encode(&rows), bytes);
    }

    #[test]
    fn any_column_of_numbers_gives_back_what_was_put_in(
        values in proptest::collection::vec(prop_oneof![any::<i64>(), -3_i64..3, Just(i64::MIN), Just(i64::MAX)], 1..200)
    ) {
        let (mut writer, mut heads) = (Writer::new(), Numbers::new());
        column::write(&mut writer, &mut heads, &values);
        let bytes = writer.finish();
        let (mut reader, mut heads) = (Reader::new(&bytes), Numbers::new());
        prop_assert_eq!(column::read(&mut reader, &mut heads, values.len()).unwrap(), values);
        prop_assert!(reader.is_at_end());
    }

    #[test]
    fn bytes_that_are_no_chunk_are_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn a_chunk_with_a_damaged_byte_does_no_harm(at in 0_usize..10_000, with in any::<u8>()) {
        let mut bytes = encode(&band_day());
        let place = at % bytes.len();
        bytes[place] = with;
        if let Ok(rows) = decode(&bytes) {
            prop_assert!(rows.len() <= limits::CHUNK_ROWS_MAX);
        }
    }
}

fn minute(minute: i64, steps: i64) -> StoredRecord {
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
            content: Content::Delta(steps),
            method: Method::Auto,
            worn: None,
        },
        received_ms: start_ms - start_ms % 600_000 + 600_000,
        skewed: false,
        attest: Attest::Unasked,
    }
}

/// Every seventh and eighth minute has steps.
fn band_day() -> Vec<StoredRecord> {
    let steps = |at: i64| if at % 7 < 5 { 0 } else { at * 37 % 120 };
    (0..1_440).map(|at| minute(at, steps(at))).collect()
}

#[test]
fn a_chunk_of_a_still_day_is_read_back_though_it_has_more_rows_than_bytes() {
    let rows: Vec<_> = (0..1_440).map(|at| minute(at, 0)).collect();
    let bytes = encode(&rows);
    assert!(bytes.len() < 100, "{} bytes", bytes.len());
    assert_eq!(decode(&bytes).unwrap(), rows);
}

#[test]
fn a_band_day_takes_less_than_half_a_byte_a_minute() {
    let rows = band_day();
    let bytes = encode(&rows);
    assert!(bytes.len() < 1_440 / 2, "{} bytes", bytes.len());
    assert_eq!(decode(&bytes).unwrap(), rows);
}

#[test]
fn a_chunk_that_is_cut_or_grew_is_refused_at_every_length() {
    let rows: Vec<_> = (0..40).map(|at| minute(at, at * at)).collect();
    let bytes = encode(&rows);
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end]).is_err(), "{end} bytes");
    }
    assert!(decode(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn a_chunk_of_another_format_or_of_too_many_rows_is_refused() {
    let bytes = encode(&[minute(0, 9)]);
    assert_eq!(bytes[..3], [0x86, FORMAT, 1]);
    let mut other = bytes.clone();
    other[1] = FORMAT + 1;
    let told = decode(&other).unwrap_err();
    assert!(alloc::format!("{told}").contains("format"), "{told}");
    let rows = u32::try_from(limits::CHUNK_ROWS_MAX + 1).unwrap();
    let many = [&bytes[..2], &[0x1a], &rows.to_be_bytes(), &bytes[3..]].concat();
    let told = decode(&many).unwrap_err();
    assert!(alloc::format!("{told}").contains("rows"), "{told}");
}

#[test]
fn columns_that_end_before_their_rows_are_refused() {
    let mut e = Encoder::new(Vec::new());
    let head = e
        .array(6)
        .and_then(|e| e.u8(FORMAT))
        .and_then(|e| e.u64(1_000_000));
    let lists = head
        .and_then(|e| e.array(0))
        .and_then(|e| e.bytes(&[]))
        .and_then(|e| e.array(0));
    // A first column of steps, of which hardly any is there.
    let (mut writer, mut heads) = (Writer::new(), Numbers::new());
    column::write(&mut writer, &mut heads, &[1, 9, 4, 4_000, 17]);
    lists.and_then(|e| e.bytes(&writer.finish())).unwrap();
    let told = decode(&e.into_writer()).unwrap_err();
    assert!(alloc::format!("{told}").contains("ends early"), "{told}");
}
