//! What a live batch costs on its way: written to the journal and read from it, planned and folded, and its share of the snapshot
//! that a full tail forces.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use streakline_core::{
    id::{DeviceId, OutboxId, PartitionId, Position, RecordId, UserId},
    input::{Ingest, Input, Origin, Source, UserInput},
    journal::{self, Journal, Place},
    limits,
    metric::Metric,
    record::{Content, Record},
    sample::DeviceClass,
    user::{
        fold::Loaded,
        resident::{Resident, Step},
        snapshot,
    },
};

use super::days::{Scene, minute};

/// Samples of a vehicle's batch.
const SAMPLES: i64 = 10;
/// Seconds that the live day has.
const DRIVEN_S: i64 = 3_600;

/// The flush that a batch is in.
const PLACE: Place = Place {
    partition: PartitionId(300),
    first: Position { epoch: 7, index: 1 },
};

/// The speed of a vehicle at a second of the day.
fn speed(second: i64) -> Record {
    let at_ms = minute(0).start_ms + second * 1_000;
    Record {
        id: RecordId::Number(1_000_000_000_000 + second.unsigned_abs()),
        metric: Metric::SPEED,
        start_ms: at_ms,
        end_ms: at_ms,
        content: Content::Gauge(500 + second * 37 % 90),
        ..minute(0)
    }
}

fn driven(from: i64) -> Vec<Record> {
    (from..from + SAMPLES).map(speed).collect()
}

/// As a device with random ids sends it.
fn sent(records: Vec<Record>) -> Input {
    let id = |with: u8| core::array::from_fn(|at| with.wrapping_mul(at as u8 | 1) ^ 0xA5);
    let batch = Ingest {
        device: DeviceId(id(7)),
        outbox: OutboxId(id(11)),
        lane: 0,
        first_seq: 123_457,
        count: u32::try_from(records.len()).unwrap(),
        skewed: false,
        records: (0..).zip(records).collect(),
        unsigned: None,
    };
    Input::User(driver(), UserInput::Ingest(batch))
}

fn driver() -> UserId {
    UserId::parse("driver-0017").unwrap()
}

fn origin() -> Origin {
    Origin {
        source: Source::Stream,
        principal: "user:driver-0017".into(),
        request_id: String::new(),
    }
}

/// The journal's part of one flush with one input.
fn written(input: &Input, stamp_ms: i64) -> Vec<u8> {
    let mut journal: Journal<()> = Journal::new(PLACE.partition, PLACE.first.epoch, 0);
    journal.append(stamp_ms, origin(), input, Vec::new());
    let flush = journal.flush().unwrap();
    let (_, group) = flush.groups.into_iter().next().unwrap();
    group.bytes().to_vec()
}

/// Inputs as bytes, there and back.
pub(crate) fn journaled(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal");
    let vehicle = driven(DRIVEN_S);
    let stamp_ms = vehicle.last().unwrap().end_ms + 1_234;
    let band = vec![minute(720)];
    let driver = driver();
    for (name, records) in [
        ("10 samples of a vehicle", vehicle),
        ("a minute of steps", band),
    ] {
        let input = sent(records);
        let bytes = written(&input, stamp_ms);
        eprintln!(
            "{name}: {} bytes of journal without the envelope",
            bytes.len()
        );
        group.bench_function(format!("writing {name}"), |bench| {
            bench.iter(|| written(black_box(&input), stamp_ms));
        });
        group.bench_function(format!("reading {name}"), |bench| {
            bench.iter(|| journal::inputs(black_box(&bytes), PLACE, Some(&driver)).unwrap());
        });
    }
    group.finish();
}

/// A vehicle that drives.
pub(crate) fn live(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("live batch");
    let mut scene = Scene::midnight(&[DeviceClass::Vehicle]);
    for from in (0..DRIVEN_S).step_by(10) {
        let batch = scene.batch(1, driven(from));
        scene.live(&batch);
    }
    snapshot::take(&mut scene.user, &Loaded::default());
    let next = scene.batch(1, driven(DRIVEN_S));
    assert!(scene.is_fast(&next));
    group.bench_function("plan and fold of 10 samples of a vehicle", |bench| {
        let durable = Position {
            epoch: 1,
            index: u64::MAX,
        };
        let step = |mut held: Resident| {
            let step = held.step(durable, &scene.rules);
            assert!(matches!(step, Step::Folded(..)));
            (held, step)
        };
        bench.iter_batched(|| scene.waiting(&next), step, BatchSize::LargeInput);
    });
    let mut second = DRIVEN_S;
    while scene.user.tail.bytes() <= limits::TAIL_BYTES_MAX {
        let batch = scene.batch(1, driven(second));
        scene.live(&batch);
        second += SAMPLES;
    }
    let kept = second - DRIVEN_S;
    eprintln!("a full tail has {kept} samples");
    group.throughput(Throughput::Elements(kept.unsigned_abs()));
    group.bench_function("a snapshot of a full tail", |bench| {
        let take = |mut user| {
            let parts = snapshot::take(&mut user, &Loaded::default());
            (user, parts)
        };
        bench.iter_batched(|| scene.user.clone(), take, BatchSize::LargeInput);
    });
    group.finish();
}
