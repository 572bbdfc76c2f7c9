//! A stream as it is lived: a sample a second for a day, and two devices at the same time. What a user costs depends on minutes, not
//! on samples, and nothing that is already stored is read (design.md 5).

use streakline_core::{
    civil::{DAY_MS, Day, MINUTE_MS},
    id::OutboxId,
    input::UserInput,
    limits,
    metric::Metric,
    record::{Content, Record},
    sample::DeviceClass,
    user::{
        admit::{self, Admission, Arrival},
        plan,
    },
};

use crate::{
    history::{History, device, steps},
    places::{at, date},
};

const WATCH: u8 = 1;
const PHONE: u8 = 2;
const TODAY: &str = "2026-06-12";

fn midnight_ms() -> i64 {
    at("2026-06-12T00:00Z")
}

fn today() -> Day {
    date(TODAY)
}

/// A user in UTC at midnight, with a watch and a phone.
fn midnight() -> History {
    let mut history = History::with_watch(midnight_ms(), "UTC");
    history.hello(PHONE, DeviceClass::Phone, None);
    history
}

/// Steps of the watch and readings of the phone's heart rate, one each in every `every_ms` of the day, as they come.
fn one_each(every_ms: i64) -> impl Iterator<Item = (u8, Record)> {
    let turns = (0..DAY_MS / every_ms).map(move |turn| (turn, midnight_ms() + turn * every_ms));
    turns.flat_map(move |(turn, start_ms)| {
        let id = turn.unsigned_abs() + 1;
        let walked = Record {
            end_ms: start_ms + every_ms,
            ..steps(id, start_ms, 1, 1 + turn % 2)
        };
        let beat = Record {
            metric: Metric::HEART_RATE,
            end_ms: start_ms,
            content: Content::Gauge(600 + turn % 400),
            ..walked.clone()
        };
        [(WATCH, walked), (PHONE, beat)]
    })
}

/// Lives through them in full batches, with a snapshot whenever the shell must take one.
fn lived(samples: impl Iterator<Item = (u8, Record)>, batch: usize) -> History {
    let mut history = midnight();
    let mut waiting: [Vec<Record>; 2] = [Vec::new(), Vec::new()];
    let flush = |history: &mut History, number: u8, records: Vec<Record>| {
        let last_ms = records.last().map_or(0, |record| record.end_ms);
        history.wait_until(last_ms);
        assert_eq!(history.send(number, records), []);
        if history.user.tail.bytes() > limits::TAIL_BYTES_MAX {
            history.snapshot();
        }
        let chunks = history.user.manifest.get(&today()).map_or(0, Vec::len);
        let full = history.day(today()).records as usize / limits::CHUNK_ROWS_FULL;
        let most = limits::CHUNKS_PER_DAY_MAX + full;
        assert!(chunks <= most, "{chunks} chunks of {most}");
        assert!(history.user.tail.bytes() <= limits::TAIL_BYTES_MAX);
        assert!(history.user.facts.len() <= limits::FACTS_UNWRITTEN_MAX);
    };
    for (number, record) in samples {
        let own = &mut waiting[usize::from(number - 1)];
        own.push(record);
        if own.len() == batch {
            let records = std::mem::take(own);
            flush(&mut history, number, records);
        }
    }
    for (number, records) in (1..).zip(waiting) {
        if !records.is_empty() {
            flush(&mut history, number, records);
        }
    }
    history
}

#[test]
fn two_samples_a_second_for_a_day_cost_what_two_a_minute_cost() {
    let by_second = lived(one_each(1_000), limits::BATCH_RECORDS_MAX);
    let by_minute = lived(one_each(MINUTE_MS), 60);
    let view = by_second.day(today());
    assert_eq!((view.display, view.records), (86_400 * 3 / 2, 2 * 86_400));
    assert!(view.records <= limits::RECORDS_PER_DAY_MAX);
    let gauges = &by_second.user.days[&today()].gauges;
    let beats = gauges.get(&Metric::HEART_RATE).unwrap();
    assert_eq!((beats.count, beats.min, beats.max), (86_400, 600, 999));
    // The state has one cell a minute and device in both; only the tails and what a device says of its last gap differ.
    let (dense, sparse) = (by_second.user.bytes(), by_minute.user.bytes());
    assert!(
        dense <= sparse + limits::TAIL_BYTES_MAX,
        "{dense} bytes by the second, {sparse} by the minute"
    );
    let stored = |mut history: History| {
        history.snapshot();
        let state = minicbor::to_vec(&history.user).unwrap();
        state.len()
    };
    let (dense, sparse) = (stored(by_second), stored(by_minute));
    assert!(
        dense <= sparse + limits::TAIL_BYTES_MAX,
        "{dense} bytes stored by the second, {sparse} by the minute"
    );
}

/// The days whose stored records the next batch of a device needs.
fn needed(history: &History, number: u8, records: &[Record]) -> usize {
    let own = &history.user.devices[&device(number)];
    let outbox = OutboxId([number; 16]);
    let arrival = Arrival {
        device: device(number),
        outbox,
        lane: 0,
        first_seq: own.up_to_seq(outbox, 0) + 1,
        skewed: false,
        records: records.iter().cloned().map(Ok).collect(),
        unsigned: None,
    };
    let Admission::Journal(ingest, _) = admit::batch(&history.user, arrival, None, history.now_ms)
    else {
        panic!("a batch of new records is journaled");
    };
    plan::plan(&history.user, &UserInput::Ingest(ingest), history.now_ms).len()
}

/// Both walk at once, the phone's batches three minutes later than the watch's, over a midnight and with snapshots in between.
#[test]
fn two_devices_that_are_live_at_once_stay_on_the_fast_road() {
    let mut history = midnight();
    for minute in (0..2 * 1_440).step_by(3) {
        let start_ms = midnight_ms() + minute * MINUTE_MS;
        for (number, late, value) in [(WATCH, 0, 100), (PHONE, 3, 110)] {
            let walk = |minute: i64| {
                let id = (minute + 4).unsigned_abs();
                steps(id, midnight_ms() + minute * MINUTE_MS, 1, value)
            };
            let records: Vec<Record> = (minute - late..minute - late + 3).map(walk).collect();
            history.wait_until(start_ms + 3 * MINUTE_MS);
            assert_eq!(
                needed(&history, number, &records),
                0,
                "minute {minute} of device {number}"
            );
            assert_eq!(history.send(number, records), []);
        }
        if minute % 30 == 0 {
            history.snapshot();
        }
    }
    let day = history.day(today());
    assert_eq!((day.display, day.records), (144_000, 2 * 1_440));
    // What lies behind is another matter: it needs the day's stored records.
    history.snapshot();
    let late = [steps(50_000, midnight_ms() + 6 * 3_600_000, 1, 5)];
    assert_eq!(needed(&history, PHONE, &late), 1);
}
