//! Challenges that believe signed samples alone (ADR 0077): which minutes count, whatever the order in which they come, and what
//! becomes of samples that lack the signature that they need.

use std::collections::BTreeMap;

use proptest::prelude::*;
use streakline_core::{
    attest::{Algorithm, Attest, KeyChange, PublicKey},
    civil::MINUTE_MS,
    definition::{Definition, Evidence},
    event::Judgement,
    id::{ChallengeId, OutboxId},
    input::UserInput,
    metric::Metric,
    record::{Content, Epoch, Record},
    sample::{DeviceClass, Method},
    user::{admit::Arrival, device_keys},
};

use crate::{
    challenges::window,
    history::{History, device, steps},
    places::{at, date},
};

const ID: ChallengeId = ChallengeId([7; 16]);
const WATCH: u8 = 1;
const PHONE: u8 = 2;

fn definition() -> Definition {
    Definition {
        evidence: Evidence::Attested,
        ..window("2026-05-03", "2026-05-04")
    }
}

fn person() -> History {
    let mut history = History::with_watch(at("2026-05-01T12:00Z"), "UTC");
    history.hello(PHONE, DeviceClass::Phone, None);
    history.enrol(7, &definition());
    history.wait_until(at("2026-05-03T12:00Z"));
    history
}

fn minute(number: i64) -> i64 {
    at("2026-05-03T08:00Z") + number * MINUTE_MS
}

/// Sends records of a device with what their signatures say.
fn send(
    history: &mut History,
    number: u8,
    attest: Attest,
    records: &[Record],
) -> Vec<(u64, Judgement)> {
    let outbox = OutboxId([number; 16]);
    let sent = history.sent.entry((device(number), outbox)).or_default();
    let first_seq = *sent + 1;
    *sent += records.len() as u64;
    let places = 0..records.len() as u32;
    let arrival = Arrival {
        device: device(number),
        outbox,
        lane: 0,
        first_seq,
        skewed: false,
        records: records.iter().cloned().map(Ok).collect(),
        unsigned: match attest {
            Attest::Unasked => None,
            Attest::Signed => Some(Vec::new()),
            Attest::Unsigned => Some(places.collect()),
        },
    };
    history.arrive(arrival).expect("no gap").results
}

/// Score, and since when.
fn standing(history: &History) -> (i64, i64) {
    let held = &history.user.enrolments[&ID];
    (held.score, held.achieved_at_ms)
}

fn totals(history: &History) -> (i64, i64) {
    let day = history.user.day_view(date("2026-05-03"), history.now_ms);
    (day.display, day.eligible)
}

fn key(byte: u8) -> PublicKey {
    PublicKey {
        algorithm: Algorithm::Ed25519,
        bytes: vec![byte; 32],
    }
}

#[test]
fn what_counts_is_what_devices_with_a_key_measured_in_the_minute() {
    let mut history = person();
    // The watch has no key and wins the minutes of both; the phone signs.
    send(
        &mut history,
        WATCH,
        Attest::Unasked,
        &[steps(1, minute(0), 1, 100), steps(2, minute(1), 1, 100)],
    );
    assert_eq!(standing(&history).0, 0);
    let signed = [steps(1, minute(1), 1, 30), steps(2, minute(2), 1, 300)];
    send(&mut history, PHONE, Attest::Signed, &signed);
    assert_eq!(totals(&history), (500, 440));
    assert_eq!(standing(&history), (270, minute(2)));
    let why = history.user.score_why(ID).unwrap();
    assert_eq!((why.days[0].eligible, why.days[0].scored), (440, 270));
}

#[test]
fn a_sample_without_its_signature_is_shown_and_counts_once_it_comes_signed() {
    let mut history = person();
    let walked = [steps(1, minute(0), 1, 100)];
    let judged = send(&mut history, WATCH, Attest::Unsigned, &walked);
    assert_eq!(judged, [(1, Judgement::Unsigned)]);
    assert_eq!((totals(&history), standing(&history).0), ((100, 0), 0));
    let again = send(&mut history, WATCH, Attest::Unsigned, &walked);
    assert_eq!(again, [(2, Judgement::Duplicate)]);
    assert_eq!(send(&mut history, WATCH, Attest::Signed, &walked), []);
    assert_eq!((totals(&history), standing(&history).0), ((100, 100), 100));
    let repeated = send(&mut history, WATCH, Attest::Unsigned, &walked);
    assert_eq!(repeated, [(4, Judgement::Duplicate)]);
    assert_eq!(standing(&history).0, 100);
}

#[test]
fn what_came_before_the_key_counts_once_it_comes_signed() {
    for snapshot in [false, true] {
        let mut history = person();
        let walked = [steps(1, minute(0), 1, 100)];
        send(&mut history, WATCH, Attest::Unasked, &walked);
        assert_eq!((totals(&history), standing(&history).0), ((100, 100), 0));
        if snapshot {
            history.snapshot();
        }
        assert_eq!(send(&mut history, WATCH, Attest::Signed, &walked), []);
        assert_eq!((totals(&history), standing(&history).0), ((100, 100), 100));
    }
}

#[test]
fn a_correction_without_a_signature_takes_away_and_so_does_any_deletion() {
    let gone = Record {
        version: 3,
        content: Content::Deleted,
        ..steps(1, 0, 0, 0)
    };
    let less = |version, value| Record {
        version,
        ..steps(1, minute(0), 1, value)
    };
    let mut history = person();
    let signed = Attest::Signed;
    send(
        &mut history,
        WATCH,
        signed,
        &[less(1, 100), steps(2, minute(1), 1, 50)],
    );
    assert_eq!(standing(&history), (150, minute(1)));
    let judged = send(&mut history, WATCH, Attest::Unsigned, &[less(2, 240)]);
    assert_eq!(judged, [(3, Judgement::Unsigned)]);
    assert_eq!((totals(&history), standing(&history).0), ((290, 50), 50));
    assert_eq!(send(&mut history, WATCH, signed, &[less(2, 240)]), []);
    assert_eq!(standing(&history).0, 290);
    assert_eq!(send(&mut history, WATCH, Attest::Unsigned, &[gone]), []);
    assert_eq!((totals(&history), standing(&history).0), ((50, 50), 50));
    let typed = Record {
        method: Method::Manual,
        ..steps(3, minute(2), 1, 70)
    };
    send(&mut history, WATCH, signed, &[typed]);
    assert_eq!((totals(&history), standing(&history).0), ((120, 50), 50));
}

#[test]
fn a_key_is_registered_replaced_and_taken_away() {
    let mut history = person();
    let view = |history: &History| device_keys::view(&history.user, device(WATCH));
    assert_eq!(view(&history), Err(device_keys::KeyRefusal::NoKey));
    let unknown = device_keys::put(&history.user, device(9), key(1));
    assert_eq!(unknown, Err(device_keys::KeyRefusal::NoDevice));
    for (version, byte) in [(1, 1), (2, 2)] {
        let put = device_keys::put(&history.user, device(WATCH), key(byte));
        history.input(UserInput::DeviceKey(put.unwrap().unwrap()));
        let held = view(&history).unwrap();
        assert_eq!((held.version, held.key), (version, key(byte)));
        assert_eq!(held.since_ms, history.now_ms);
        let again = device_keys::put(&history.user, device(WATCH), key(byte));
        assert_eq!(again, Ok(None));
    }
    history.input(UserInput::DeviceKey(KeyChange {
        device: device(WATCH),
        key: None,
    }));
    assert_eq!(view(&history), Err(device_keys::KeyRefusal::NoKey));
    let registration = history.user.devices[&device(WATCH)].registration.as_ref();
    assert_eq!(registration.unwrap().version, 3);
}

#[derive(Clone, Debug)]
struct Copy {
    device: u8,
    number: i64,
    version: u32,
    attest: Attest,
}

impl Copy {
    fn value(&self) -> i64 {
        i64::from(self.version) * 40 + self.number * 7 + i64::from(self.device) * 3
    }

    fn record(&self) -> Record {
        let id = self.number.unsigned_abs() + 1;
        Record {
            version: self.version,
            ..steps(id, minute(self.number), 1, self.value())
        }
    }
}

fn any_attest() -> impl Strategy<Value = Attest> {
    prop_oneof![
        1 => Just(Attest::Unasked),
        3 => Just(Attest::Signed),
        1 => Just(Attest::Unsigned),
    ]
}

fn copies() -> impl Strategy<Value = Vec<Copy>> {
    let copy = (WATCH..=PHONE, 0..6_i64, 1..4_u32, any_attest());
    let copy = copy.prop_map(|(device, number, version, attest)| Copy {
        device,
        number,
        version,
        attest,
    });
    prop::collection::vec(copy, 0..24)
}

/// What the copies come to: of each sample the highest version counts if any of its copies was signed; the watch before the phone.
fn wanted(copies: &[Copy]) -> i64 {
    let mut highest: BTreeMap<(i64, u8), u32> = BTreeMap::new();
    for copy in copies {
        let held = highest.entry((copy.number, copy.device)).or_default();
        *held = copy.version.max(*held);
    }
    let signed = |copy: &&Copy| {
        copy.attest == Attest::Signed && highest[&(copy.number, copy.device)] == copy.version
    };
    let mut minutes: BTreeMap<i64, (u8, i64)> = BTreeMap::new();
    for copy in copies.iter().filter(signed) {
        let own = (copy.device, copy.value().min(240));
        let held = minutes.entry(copy.number).or_insert(own);
        *held = own.min(*held);
    }
    minutes.values().map(|(_, value)| value).sum()
}

proptest! {
    #[test]
    fn t5_1_any_order_of_signed_and_unsigned_copies_comes_to_the_same_score(
        (copies, shuffled) in copies().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        snapshot in 0..30_usize,
    ) {
        let told = |copies: &[Copy]| {
            let mut history = person();
            for (at, copy) in copies.iter().enumerate() {
                send(&mut history, copy.device, copy.attest, &[copy.record()]);
                if at == snapshot {
                    history.snapshot();
                }
            }
            history
        };
        let (one, other) = (told(&copies), told(&shuffled));
        prop_assert_eq!(standing(&one).0, wanted(&copies));
        prop_assert_eq!(standing(&one), standing(&other));
        prop_assert_eq!(totals(&one), totals(&other));
        let hash = |history: &History| history.user.day_view(date("2026-05-03"), history.now_ms).state_hash;
        prop_assert_eq!(hash(&one), hash(&other));
        let again = History::replay(&one.journal, |at| at % 5 == 3, |at| at % 7 == 2);
        prop_assert_eq!(standing(&again), standing(&one));
        prop_assert_eq!(hash(&again), hash(&one));
    }

    /// Samples that overlap, readings of a counter and totals of the day: the roads into a day differ by their order, what they give
    /// does not.
    #[test]
    fn overlapping_samples_and_counters_come_to_the_same_score_in_any_order(
        (spans, order) in prop::collection::vec((0..40_i64, 1..12_i64, 0..3_u8, any_attest()), 1..16)
            .prop_flat_map(|spans| {
                let order: Vec<usize> = (0..spans.len()).collect();
                (Just(spans), Just(order).prop_shuffle())
            }),
    ) {
        let records: Vec<(Record, Attest)> = spans.iter().enumerate().map(|(at, (from, minutes, class, attest))| {
            let id = at as u64 + 1;
            let end_ms = minute(*from + *minutes);
            let record = match class {
                0 => steps(id, minute(*from), *minutes, 30 * *minutes + at as i64),
                1 => Record {
                    start_ms: end_ms,
                    content: Content::Cumulative { value: 10 * (*from + *minutes), epoch: Epoch::parse("run") },
                    ..steps(id, end_ms, 0, 0)
                },
                _ => Record {
                    content: Content::Cumulative { value: 500 + 20 * *from, epoch: Epoch::parse("2026-05-03") },
                    ..steps(id, minute(0), *from + *minutes, 0)
                },
            };
            (record, *attest)
        }).collect();
        let mut one = person();
        for (record, attest) in &records {
            send(&mut one, WATCH, *attest, std::slice::from_ref(record));
        }
        let mut other = person();
        for (at, place) in order.iter().enumerate() {
            let (record, attest) = &records[*place];
            send(&mut other, WATCH, *attest, std::slice::from_ref(record));
            if at == 4 {
                other.snapshot();
                other.crash();
            }
        }
        prop_assert_eq!(standing(&one), standing(&other));
        prop_assert_eq!(totals(&one), totals(&other));
        let attested = |history: &History| {
            let all = history.user.days[&date("2026-05-03")].head.clone();
            all.map(|head| head.amounts.get(&(Metric::STEPS, 0)).map(|cells| cells.attested.clone()))
        };
        if attested(&one).is_some() && attested(&other).is_some() {
            prop_assert_eq!(attested(&one), attested(&other), "both roads give the same minutes");
        }
    }
}
