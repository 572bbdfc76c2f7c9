//! What a panic calls for, when skips are too many, and how replay passes over what was skipped.

use alloc::vec;

use super::*;
use crate::{
    id::{ChallengeId, PartitionId, UserId},
    input::{DeviceIntroduction, Ingest, NewZone, Origin, Source},
    manual::ManualPolicy,
    metric::Metric,
    record::{Content, Record},
    sample::{DeviceClass, Method},
    user::{
        Rules, User,
        resident::{Resident, Step},
    },
    zone::{Zone, Zones},
};

const HOUR_MS: i64 = 3_600_000;
const DEVICE: DeviceId = DeviceId([1; 16]);
const OUTBOX: OutboxId = OutboxId([2; 16]);

fn at(index: u64) -> Position {
    Position { epoch: 1, index }
}

fn ann() -> Entity {
    Entity::User(UserId::parse("ann").unwrap())
}

fn header(index: u64) -> Header {
    Header {
        stamp_ms: i64::try_from(index).unwrap() * 1_000,
        partition: PartitionId(0x101),
        position: at(index),
        origin: Origin::server(Source::Stream),
        rules: RULES_VERSION,
    }
}

struct Utc;

impl Zones for Utc {
    fn zone(&self, name: &str) -> Option<alloc::sync::Arc<Zone>> {
        (name == "UTC").then(|| alloc::sync::Arc::new(Zone::utc()))
    }
}

fn rules() -> Rules {
    Rules {
        zones: alloc::sync::Arc::new(Utc),
        manual_policy: ManualPolicy::default(),
        retention: crate::retention::Retention::default(),
    }
}

fn open() -> UserInput {
    UserInput::Open {
        device: Some(DeviceIntroduction {
            device: DEVICE,
            class: DeviceClass::Watch,
            vendor: None,
            model: None,
        }),
        zone: Some(NewZone {
            zone: "UTC".into(),
            effective_ms: 0,
            flagged: false,
        }),
    }
}

fn batch(seq: u64, value: i64) -> UserInput {
    let minute = i64::try_from(seq).unwrap() * 60_000;
    let record = Record {
        id: crate::id::RecordId::Number(seq),
        version: 1,
        metric: Metric::STEPS,
        start_ms: minute,
        end_ms: minute + 60_000,
        offset_s: None,
        content: Content::Delta(value),
        method: Method::Auto,
        worn: None,
    };
    UserInput::Ingest(Ingest {
        device: DEVICE,
        outbox: OUTBOX,
        lane: 0,
        first_seq: seq,
        count: 1,
        skewed: false,
        records: vec![(0, record)],
        unsigned: None,
    })
}

/// Folds a tail as activation does: handed in whole, then step by step.
fn replayed(inputs: &[(Header, UserInput)]) -> Resident {
    let mut user = User::new(UserId::parse("ann").unwrap());
    user.resolve(&rules());
    let mut resident = Resident::new(user);
    for (header, input) in inputs {
        resident.enqueue(header.clone(), input.clone());
    }
    while matches!(resident.step(at(u64::MAX), &rules()), Step::Folded(..)) {}
    resident
}

#[test]
fn a_fault_of_the_moment_is_read_again_and_a_fault_that_recurs_is_skipped() {
    let mut suspects = Suspects::default();
    assert_eq!(suspects.panicked(&ann(), at(5)), Verdict::ReadAgain);
    assert_eq!(suspects.panicked(&ann(), at(5)), Verdict::Skip);
    assert!(suspects.is_empty(), "done with");
    assert_eq!(suspects.panicked(&ann(), at(6)), Verdict::ReadAgain);
    suspects.folded(&ann(), at(5));
    assert!(!suspects.is_empty(), "the one before says nothing of it");
    suspects.folded(&ann(), at(6));
    assert_eq!(suspects.panicked(&ann(), at(6)), Verdict::ReadAgain);
}

#[test]
fn panics_at_other_positions_and_of_others_are_counted_apart() {
    let mut suspects = Suspects::default();
    let other = Entity::Challenge(ChallengeId([1; 16]));
    assert_eq!(suspects.panicked(&ann(), at(5)), Verdict::ReadAgain);
    assert_eq!(suspects.panicked(&other, at(5)), Verdict::ReadAgain);
    assert_eq!(suspects.panicked(&ann(), at(7)), Verdict::ReadAgain);
    assert_eq!(suspects.panicked(&ann(), at(5)), Verdict::ReadAgain);
    assert_eq!(suspects.panicked(&other, at(5)), Verdict::Skip);
}

#[test]
fn three_skips_within_an_hour_of_stamps_are_too_many() {
    let mut skips = Skips::default();
    assert!(!skips.note(0) && !skips.note(1));
    assert!(skips.clone().note(HOUR_MS));
    assert!(!skips.note(HOUR_MS + 1), "the first is too old");
    assert!(skips.note(HOUR_MS + 1), "with the two before it");
    skips.clear();
    assert!(!skips.note(HOUR_MS + 1) && !skips.note(HOUR_MS + 1));
}

#[test]
fn replay_passes_over_what_was_skipped_and_folds_what_came_between() {
    let poison = (header(3), batch(2, 50));
    let skip = Skipping::user(&poison.0, &poison.1).skip;
    let inputs = [
        (header(1), open()),
        (header(2), batch(1, 10)),
        poison,
        (header(4), batch(3, 20)),
        (header(5), UserInput::Skip(skip)),
    ];
    let resident = replayed(&inputs);
    let user = resident.user();
    let eligible: i64 = user.days.values().map(|day| day.eligible_steps()).sum();
    assert_eq!(eligible, 30, "the skipped one does not count");
    assert_eq!(user.position, at(5));
    let up_to = user.devices[&DEVICE].up_to_seq(OUTBOX, 0);
    assert_eq!(up_to, 3, "its numbers are done with");
}

#[test]
fn a_third_skip_holds_the_user_while_the_first_two_still_wait() {
    let mut resident = replayed(&[(header(1), open())]);
    let mut counts = Vec::new();
    for index in 2..5 {
        let skip = Skipping::user(&header(index), &batch(index, 1)).skip;
        let place = header(index + 10);
        let (many, replaced) = resident.next_hold(&skip, place.stamp_ms);
        assert_eq!(replaced, None);
        counts.push(many);
        let skip = Skip { hold: many, ..skip };
        resident.enqueue(place, UserInput::Skip(skip));
    }
    assert_eq!(counts, [false, false, true]);
    let skip = Skipping::user(&header(6), &batch(6, 1)).skip;
    assert_eq!(resident.next_hold(&skip, 20_000), (true, Some(at(14))));
    while matches!(resident.step(at(20), &rules()), Step::Folded(..)) {}
    assert!(resident.user().is_held());
}

#[test]
fn nothing_overtakes_an_input_that_decides_what_is_folded() {
    let mut resident = replayed(&[(header(1), open())]);
    assert!(resident.has_room());
    let skip = Skipping::user(&header(2), &batch(1, 1)).skip;
    resident.enqueue(header(3), UserInput::Skip(skip));
    assert!(!resident.has_room());
    resident.step(at(3), &rules());
    assert!(resident.has_room());
}

#[test]
fn a_culprit_stays_in_front_until_it_is_folded() {
    let mut resident = replayed(&[(header(1), open())]);
    resident.enqueue(header(2), batch(1, 10));
    assert_eq!(resident.culprit().unwrap().0.position, at(2));
    resident.step(at(2), &rules());
    assert!(resident.culprit().is_none());
}

#[test]
fn a_retry_holds_a_plain_input_and_never_another_retry() {
    let plain = batch(1, 10);
    let retry = |input: Vec<u8>| Retry {
        stamp_ms: 0,
        kept: false,
        release: false,
        input,
    };
    let once = retry(encoded(&plain));
    assert_eq!(once.of_user(), Some(plain));
    let twice = retry(encoded(&UserInput::Retry(once)));
    assert_eq!(twice.of_user(), None);
    assert_eq!(retry(Vec::new()).of_user(), None);
    assert_eq!(retry(vec![0xff]).of_challenge(), None);
    let of_challenge = retry(encoded(&ChallengeInput::Tick));
    assert_eq!(of_challenge.of_challenge(), Some(ChallengeInput::Tick));
}

#[test]
fn a_skipped_retry_keeps_the_input_out_of_its_wrapping() {
    let retry = Retry {
        stamp_ms: 77,
        kept: true,
        release: true,
        input: encoded(&batch(4, 10)),
    };
    let skipping = Skipping::user(&header(9), &UserInput::Retry(retry));
    assert_eq!(skipping.input, Some(batch(4, 10)));
    assert_eq!(skipping.stamp_ms, 77);
    assert!(skipping.skip.kept && skipping.skip.release);
    assert_eq!(skipping.skip.numbered.unwrap().last_seq, 4);
    let digest = Skipping::user(&header(2), &batch(4, 10)).skip.digest;
    assert_eq!(
        skipping.skip.digest, digest,
        "of the input, not of its place"
    );
}
