//! How long the rules take: admission, the fast road, the slow road, the merge of minutes and whole folds (docs/performance.md). `script/bench`
//! runs them and makes a table. Nothing asserts a time.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should panic"
)]

mod batches;
mod days;

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use std::hint::black_box;
use streakline_core::{
    chunk,
    input::UserInput,
    merge,
    metric::Metric,
    record::Record,
    records::StoredRecord,
    user::{
        admit::{Admission, Arrival},
        fold::Loaded,
        snapshot,
    },
};

use days::{DAY_MINUTES, Scene, cells, correction, disjoint, minute, overlapping, readings};

/// How long the vehicle has been on the road, seconds.
const DRIVEN_S: i64 = 1_800;

/// Folds one input into a copy of the scene's user, again and again.
fn folds(
    group: &mut BenchmarkGroup<'_, WallTime>,
    (name, is_fast): (&str, bool),
    scene: &Scene,
    input: &UserInput,
) {
    assert_eq!(scene.is_fast(input), is_fast, "{name}");
    group.bench_function(name, |bench| {
        let fold = |user| scene.fold(user, input);
        bench.iter_batched(|| scene.user.clone(), fold, BatchSize::LargeInput);
    });
}

/// What is judged before the journal: a batch that is new, and one that came before.
fn admission(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("admit");
    let (watch, car) = (Scene::with_minutes(&[1], 720), Scene::with_speeds(DRIVEN_S));
    let speeds = readings(Metric::SPEED, DRIVEN_S..DRIVEN_S + 10);
    let known = readings(Metric::SPEED, DRIVEN_S - 10..DRIVEN_S);
    for (name, scene, records, news) in [
        ("1 minute of steps", &watch, vec![minute(720)], 1),
        ("10 readings of a vehicle's speed", &car, speeds, 10),
        ("10 readings that are known", &car, known, 0),
    ] {
        let arrival = scene.arrival(1, records);
        assert_eq!(admitted(scene, arrival.clone()), news, "{name}");
        group.bench_function(name, |bench| {
            let admit = |arrival| scene.admit(arrival);
            bench.iter_batched(|| arrival.clone(), admit, BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// How many records of a batch are to be journaled.
fn admitted(scene: &Scene, arrival: Arrival) -> usize {
    let Admission::Journal(batch, _) = scene.admit(arrival) else {
        panic!("the batch is new");
    };
    batch.records.len()
}

/// What comes behind all that its device has sent: the day has its first 720 minutes.
fn fast_road(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fast road");
    let next = |count: i64| -> Vec<Record> { (0..count).map(|at| minute(720 + at)).collect() };
    let one = Scene::with_minutes(&[1], 720);
    for count in [1, 10, 60] {
        let records = next(count);
        group.throughput(Throughput::Elements(count.unsigned_abs()));
        let plural = if count == 1 { "" } else { "s" };
        let name = format!("{count} minute{plural} of one device");
        folds(&mut group, (&name, true), &one, &one.batch(1, records));
    }
    let two = Scene::with_minutes(&[1, 2], 720);
    let name = "60 minutes beside another device";
    folds(&mut group, (name, true), &two, &two.batch(2, next(60)));
    let car = Scene::with_speeds(DRIVEN_S);
    let batch = car.batch(1, readings(Metric::SPEED, DRIVEN_S..DRIVEN_S + 10));
    let name = "10 readings of a vehicle's speed";
    folds(&mut group, (name, true), &car, &batch);
    let beats = Scene::with_readings(43_200);
    let batch = beats.batch(1, readings(Metric::HEART_RATE, 43_200..43_260));
    folds(
        &mut group,
        ("60 readings, one a second", true),
        &beats,
        &batch,
    );
    group.finish();
}

/// What changes minutes that are there: their day is made anew from its records, which are in memory or read from its chunks.
fn slow_road(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("slow road");
    for (name, devices) in [("one device", &[1_u8][..]), ("two devices", &[1, 2])] {
        let scene = Scene::with_minutes(devices, DAY_MINUTES);
        let input = scene.batch(1, vec![correction(700)]);
        let one = format!("a correction in a day of {name}");
        folds(&mut group, (&one, false), &scene, &input);
        let input = scene.batch(1, (0..60).map(correction).collect());
        let many = format!("60 corrections in a day of {name}");
        folds(&mut group, (&many, false), &scene, &input);
    }
    let stored: Vec<StoredRecord> = Scene::with_minutes(&[1], DAY_MINUTES).records();
    let bytes = chunk::encode(&stored);
    group.bench_function("reading a day of 1,440 records", |bench| {
        bench.iter(|| chunk::decode(black_box(&bytes)).unwrap());
    });
    let beats = Scene::with_readings(86_400);
    let input = beats.batch(1, vec![days::corrected_reading(1_000)]);
    let name = "a correction in a day of 86,400 readings";
    folds(&mut group, (name, false), &beats, &input);
    group.finish();
}

/// Steps A and B of domain.md 1.4 over one day.
fn merges(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge");
    let (apart, across) = (disjoint(DAY_MINUTES), overlapping(200));
    for (name, records) in [
        ("step A, 1,440 minutes", &apart),
        ("step A, 200 that overlap", &across),
    ] {
        let records: Vec<&Record> = records.iter().collect();
        group.bench_function(name, |bench| {
            bench.iter(|| merge::device_cells(black_box(&records)));
        });
    }
    for devices in [1, 2, 8] {
        let cells = cells(devices);
        let all = days::bids(&cells);
        let plural = if devices == 1 { "" } else { "s" };
        group.bench_function(format!("step B, {devices} device{plural}"), |bench| {
            bench.iter(|| merge::merge(black_box(&all), Some(240)));
        });
    }
    let beats = readings(Metric::HEART_RATE, 0..86_400);
    let beats: Vec<&Record> = beats.iter().collect();
    group.bench_function("86,400 readings to minutes", |bench| {
        bench.iter(|| merge::device_readings(black_box(&beats)));
    });
    group.finish();
}

/// Inputs that bring no record, and what the shell does beside a fold.
fn whole_folds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold");
    let scene = Scene::with_minutes(&[1, 2], DAY_MINUTES);
    let evening = Scene::with_minutes(&[1, 2], DAY_MINUTES).before_the_soft_close();
    folds(
        &mut group,
        ("the soft close of a day", true),
        &evening,
        &UserInput::Tick,
    );
    let hour = scene.batch(1, (DAY_MINUTES..DAY_MINUTES + 60).map(minute).collect());
    let user = scene.fold(scene.user.clone(), &hour);
    group.bench_function("a snapshot with an hour in the tail", |bench| {
        let take = |mut user| snapshot::take(&mut user, &Loaded::default());
        bench.iter_batched(|| user.clone(), take, BatchSize::LargeInput);
    });
    let car = Scene::with_speeds(DRIVEN_S);
    group.bench_function(
        "a snapshot with half an hour of a vehicle's speed",
        |bench| {
            let take = |mut user| snapshot::take(&mut user, &Loaded::default());
            bench.iter_batched(|| car.user.clone(), take, BatchSize::LargeInput);
        },
    );
    group.bench_function("writing a state of a day of two devices", |bench| {
        bench.iter(|| minicbor::to_vec(black_box(&scene.user)).unwrap());
    });
    let state = minicbor::to_vec(&scene.user).unwrap();
    group.bench_function("reading a state of a day of two devices", |bench| {
        bench.iter(|| snapshot::restore(black_box(&state), &scene.rules).unwrap());
    });
    folds(
        &mut group,
        ("a tick with nothing due", true),
        &scene,
        &UserInput::Tick,
    );
    group.finish();
}

criterion_group!(
    benches,
    admission,
    fast_road,
    slow_road,
    merges,
    whole_folds,
    batches::journaled,
    batches::live
);
criterion_main!(benches);
