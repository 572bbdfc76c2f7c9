//! Groups: what goes in comes out, of any inputs; what is usual is not told; what is broken is refused.

use super::*;
use crate::{
    chunk::tests::any_record,
    id::{ChallengeId, RecordId},
    input::ChallengeInput,
    metric::Metric,
    record::{Content, Record},
    sample::Method,
};
use proptest::{prelude::*, sample::select};
use std::{format, string::ToString, vec};

const PLACE: Place = Place {
    partition: PartitionId(300),
    first: Position {
        epoch: 7,
        index: 90,
    },
};
const STAMP_MS: i64 = 1_700_000_011_234;

fn ann() -> UserId {
    UserId::parse("ann").unwrap()
}

fn own(source: Source) -> Origin {
    Origin {
        source,
        principal: "user:ann".into(),
        request_id: String::new(),
    }
}

fn header(index: u64, origin: Origin) -> Header {
    Header {
        stamp_ms: STAMP_MS + index.cast_signed(),
        partition: PLACE.partition,
        position: Position { epoch: 7, index },
        origin,
        rules: 1,
    }
}

fn batch(first_seq: u64, records: Vec<(u32, Record)>) -> Ingest {
    Ingest {
        device: DeviceId([3; 16]),
        outbox: OutboxId([4; 16]),
        lane: 0,
        first_seq,
        count: u32::try_from(records.len()).unwrap(),
        skewed: false,
        records,
        unsigned: None,
    }
}

fn of_ann(input: UserInput) -> Input {
    Input::User(ann(), input)
}

/// The group of a user, and its inputs as they are read.
fn there_and_back(
    user: Option<&UserId>,
    inputs: &[(Header, Input)],
) -> (Vec<u8>, Vec<(Header, Input)>) {
    let mut group = Group::new(PLACE, user.cloned());
    let mut bytes = 1;
    for (header, input) in inputs {
        bytes += group.push(header, input);
    }
    assert_eq!(bytes, group.bytes().len());
    let read = read(group.bytes(), PLACE, user).unwrap();
    (group.bytes().to_vec(), read)
}

fn any_header() -> impl Strategy<Value = Header> {
    let origin = prop_oneof![
        4 => Just(own(Source::Stream)),
        1 => Just(own(Source::Rest)),
        1 => Just(Origin::server(Source::Timer)),
    ];
    let position = (select(vec![7_u64, 7, 7, 8]), 80_u64..120);
    let position = position.prop_map(|(epoch, index)| Position { epoch, index });
    let stamp = prop_oneof![Just(STAMP_MS), any::<i64>()];
    let partition = select(vec![300_u32, 300, 300, 301]).prop_map(PartitionId);
    let rules = select(vec![1_u16, 1, 2]);
    (stamp, partition, position, origin, rules).prop_map(
        |(stamp_ms, partition, position, origin, rules)| Header {
            stamp_ms,
            partition,
            position,
            origin,
            rules,
        },
    )
}

fn any_batch() -> impl Strategy<Value = Ingest> {
    let offset = prop_oneof![4 => Just(None), 1 => any::<u32>().prop_map(Some)];
    let records = proptest::collection::vec((offset, any_record()), 0..12);
    let queue = (select(vec![3_u8, 3, 4]), select(vec![3_u8, 3, 4]), 0_u8..2);
    let count = prop_oneof![3 => Just(None), 1 => any::<u32>().prop_map(Some)];
    let first_seq = prop_oneof![0_u64..20, any::<u64>()];
    let unsigned =
        prop_oneof![3 => Just(None), 1 => Just(Some(vec![])), 1 => Just(Some(vec![0, 3]))];
    let noted = (any::<bool>(), unsigned);
    (records, queue, first_seq, count, noted).prop_map(
        |(records, (device, outbox, lane), first_seq, count, (skewed, unsigned))| {
            let place =
                |(at, (offset, row)): (u32, (Option<u32>, crate::records::StoredRecord))| {
                    (offset.unwrap_or(at), row.record)
                };
            let records: Vec<_> = (0..).zip(records).map(place).collect();
            Ingest {
                device: DeviceId([device; 16]),
                outbox: OutboxId([outbox; 16]),
                lane,
                skewed,
                unsigned,
                count: count.unwrap_or(records.len() as u32),
                ..batch(first_seq, records)
            }
        },
    )
}

fn any_input() -> impl Strategy<Value = Input> {
    let bob = UserId::parse("bob").unwrap();
    prop_oneof![
        4 => any_batch().prop_map(|batch| of_ann(UserInput::Ingest(batch))),
        1 => any_batch().prop_map(move |batch| Input::User(bob.clone(), UserInput::Ingest(batch))),
        1 => Just(of_ann(UserInput::Tick)),
        1 => Just(Input::Challenge(ChallengeId([1; 16]), ChallengeInput::Leave(ann(), None))),
    ]
}

proptest! {
    #[test]
    fn any_inputs_come_out_as_they_went_in(
        inputs in proptest::collection::vec((any_header(), any_input()), 0..12), is_own in any::<bool>()
    ) {
        let ann = ann();
        let user = is_own.then_some(&ann);
        prop_assert_eq!(there_and_back(user, &inputs).1, inputs);
    }

    #[test]
    fn a_broken_group_is_refused_or_is_another_one(
        inputs in proptest::collection::vec((any_header(), any_input()), 1..5),
        at in any::<usize>(),
        byte in any::<u8>()
    ) {
        let ann = ann();
        let (mut bytes, _) = there_and_back(Some(&ann), &inputs);
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(others) = read(&bytes, PLACE, Some(&ann)) {
            prop_assert_eq!(there_and_back(Some(&ann), &others).1, others);
        }
        let _ = read(&bytes[..at], PLACE, Some(&ann));
    }
}

fn speed(second: i64) -> Record {
    let at_ms = 1_700_000_000_000 + second * 1_000;
    Record {
        id: RecordId::Number(1_000_000_000_001 + second.unsigned_abs()),
        version: 1,
        metric: Metric::SPEED,
        start_ms: at_ms,
        end_ms: at_ms,
        offset_s: None,
        content: Content::Gauge(523 + second * 4),
        method: Method::Auto,
        worn: None,
    }
}

#[test]
fn ten_samples_of_a_vehicle_take_at_most_ninety_bytes_and_the_next_ten_thirty_two() {
    let ten = |from: i64| (0..).zip((from..from + 10).map(speed)).collect::<Vec<_>>();
    let sent = |index: u64, seq: u64, from: i64| {
        let batch = batch(seq, ten(from));
        (
            header(index, own(Source::Stream)),
            of_ann(UserInput::Ingest(batch)),
        )
    };
    let (first, next) = (sent(90, 1_000_000_001, 0), sent(91, 1_000_000_011, 10));
    let one = there_and_back(Some(&ann()), core::slice::from_ref(&first))
        .0
        .len();
    assert!(one <= 90, "{one} bytes");
    let both = there_and_back(Some(&ann()), &[first, next]).0.len();
    assert!(both - one <= 32, "{} bytes", both - one);
}

#[test]
fn no_name_is_in_what_a_user_sends() {
    let input = of_ann(UserInput::Ingest(batch(1, vec![(0, speed(0))])));
    let (bytes, _) = there_and_back(Some(&ann()), &[(header(90, own(Source::Stream)), input)]);
    assert!(!bytes.windows(3).any(|part| part == b"ann"));
}

#[test]
fn a_group_that_cannot_be_is_refused_in_words() {
    let ann = ann();
    let refused =
        |bytes: &[u8], user: Option<&UserId>| read(bytes, PLACE, user).unwrap_err().to_string();
    assert!(refused(&[], None).contains("end early"));
    assert!(refused(&[9], None).contains("not a group of format 2"));
    assert!(refused(&[2, ORIGIN | PLAIN, 0, 0, 0xf6], Some(&ann)).len() > 3);
    assert!(refused(&[2, RULES | PLAIN, 0, 0, 1], Some(&ann)).contains("unknown form"));
    assert!(refused(&[2, BATCH, 0, 0, 1], Some(&ann)).contains("names its queue"));
    let tick = minicbor::to_vec(UserInput::Tick).unwrap();
    let tick = [&[2, OWN, 0, 0][..], &tick].concat();
    assert!(read(&tick, PLACE, Some(&ann)).is_ok());
    let words = format!("{:?}", refused(&tick, None));
    assert!(words.contains("is not sealed"), "{words}");
}
