//! How long the steps of a frame take that are the server's own: reading it, giving it its place in the journal, sealing a flush
//! (docs/performance.md). What the rules take is `core/benches`. `script/bench --steps` runs these. Nothing asserts a time.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should panic"
)]

use std::{hint::black_box, sync::Arc};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use streakline::{
    protocol::{
        cbor,
        client_frame::{self, Batch, ClientFrame},
    },
    storage::{
        memory::MemoryStore,
        sealing::{Draft, MasterKeys, Seals},
    },
};
use streakline_core::{
    id::{DeviceId, Entity, OutboxId, UserId},
    input::{Ingest, Input, Origin, Source, UserInput},
    journal::Journal,
    limits,
};

/// Prefix bits of a partition.
const BITS: u32 = 8;
const NOW_MS: i64 = 1_460_534_400_000;

fn bytes(name: &str) -> Vec<u8> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/frames-v1/client"
    );
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

fn fixture(name: &str) -> String {
    String::from_utf8(bytes(&format!("{name}.json"))).unwrap()
}

fn batch(name: &str) -> Batch {
    match client_frame::decode(&fixture(name), limits::BATCH_RECORDS_MAX) {
        Ok(ClientFrame::Batch(batch)) => batch,
        other => panic!("{name} is no batch: {other:?}"),
    }
}

fn user() -> UserId {
    UserId::parse("5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11").unwrap()
}

fn ingest(batch: Batch) -> Input {
    let records: Vec<_> = (0..).zip(batch.records.into_iter().flatten()).collect();
    let ingest = Ingest {
        device: DeviceId([1; 16]),
        outbox: OutboxId([2; 16]),
        lane: 0,
        first_seq: batch.first_seq,
        count: u32::try_from(records.len()).unwrap(),
        skewed: false,
        records,
        unsigned: None,
    };
    Input::User(user(), UserInput::Ingest(ingest))
}

fn origin() -> Origin {
    Origin {
        source: Source::Stream,
        principal: format!("user:{}", user()),
        request_id: String::new(),
    }
}

fn journal() -> Journal<Draft> {
    Journal::new(Entity::User(user()).partition(BITS), 1, NOW_MS)
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for name in ["vehicle-10", "batch"] {
        let text = fixture(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bench| {
            bench.iter(|| client_frame::decode(black_box(&text), limits::BATCH_RECORDS_MAX));
        });
        let compact = bytes(&format!("{name}.cbor"));
        assert!(cbor::decode(&compact, limits::BATCH_RECORDS_MAX).is_ok());
        group.throughput(Throughput::Bytes(compact.len() as u64));
        group.bench_function(format!("{name} in the compact form"), |bench| {
            bench.iter(|| cbor::decode(black_box(&compact), limits::BATCH_RECORDS_MAX));
        });
    }
}

fn journal_encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal encode");
    for name in ["vehicle-10", "batch"] {
        let input = ingest(batch(name));
        group.bench_function(name, |bench| {
            let append = |mut journal: Journal<Draft>| {
                journal.append(NOW_MS, origin(), &input, Vec::new());
                journal
            };
            bench.iter_batched(journal, append, BatchSize::SmallInput);
        });
    }
}

fn seal(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    let masters = MasterKeys::new(&[[7; 32]]).unwrap();
    let seals = runtime.block_on(Seals::open(Arc::new(MemoryStore::new()), masters));
    let seals = seals.unwrap();
    let input = ingest(batch("vehicle-10"));
    let partition = Entity::User(user()).partition(BITS);
    criterion.bench_function("seal/a flush of one vehicle-10", |bench| {
        let flush = || {
            let mut journal = journal();
            journal.append(NOW_MS, origin(), &input, Vec::new());
            journal.flush().unwrap()
        };
        let sealed = |flush| runtime.block_on(seals.flush(partition, flush)).unwrap();
        bench.iter_batched(flush, sealed, BatchSize::SmallInput);
    });
}

criterion_group! {
    name = steps;
    config = Criterion::default();
    targets = parse, journal_encode, seal
}
criterion_main!(steps);
