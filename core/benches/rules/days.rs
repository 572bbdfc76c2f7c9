//! The days that the benchmarks are about: a user in UTC with devices, their minutes or readings, and the inputs that come next.

use std::{ops::Range, sync::Arc};

use streakline_core::{
    chunk,
    civil::{Day, MINUTE_MS},
    id::{DeviceId, OutboxId, PartitionId, Position, RecordId, UserId},
    input::{DeviceIntroduction, Header, Ingest, Origin, RULES_VERSION, Source, UserInput},
    limits,
    manual::ManualPolicy,
    merge::{Bidder, Cells, Minutes, device_cells},
    metric::Metric,
    record::{Content, Record},
    records::{self, Records, StoredRecord},
    sample::{DeviceClass, Method},
    user::{
        Rules, User,
        admit::{self, Admission, Arrival},
        fold::{self, Loaded},
        plan,
        resident::Resident,
        snapshot,
    },
    zone::{Zone, Zones},
};

/// Minutes of the day.
pub(crate) const DAY_MINUTES: i64 = 1_440;
const DAY: Day = Day(20_000);

struct Utc;

impl Zones for Utc {
    fn zone(&self, name: &str) -> Option<Arc<Zone>> {
        (name == "UTC").then(|| Arc::new(Zone::utc()))
    }
}

/// A user, the time, and what is stored of the day.
pub(crate) struct Scene {
    pub(crate) user: User,
    pub(crate) rules: Rules,
    stamp_ms: i64,
    loaded: Loaded,
}

impl Scene {
    /// A user with devices of these classes, numbered from 1, at the day's midnight.
    pub(crate) fn midnight(classes: &[DeviceClass]) -> Self {
        let rules = Rules {
            zones: Arc::new(Utc),
            manual_policy: ManualPolicy::default(),
            retention: streakline_core::retention::Retention::default(),
        };
        let mut user = User::new(UserId::parse("ann").unwrap());
        user.resolve(&rules);
        let mut scene = Self {
            user,
            rules,
            stamp_ms: DAY.utc_ms(),
            loaded: Loaded::default(),
        };
        for (number, class) in (1..).zip(classes) {
            let introduction = DeviceIntroduction {
                device: device(number),
                class: *class,
                vendor: None,
                model: None,
            };
            scene.live(&UserInput::Open {
                device: Some(introduction),
                zone: None,
            });
        }
        scene
    }

    /// A user with a watch (1) and a phone (2), after so many minutes of steps of these, an hour to a batch.
    pub(crate) fn with_minutes(devices: &[u8], minutes: i64) -> Self {
        let mut scene = Self::midnight(&[DeviceClass::Watch, DeviceClass::Phone]);
        for from in (0..minutes).step_by(60) {
            for number in devices {
                let records = (from..minutes.min(from + 60)).map(minute).collect();
                let input = scene.batch(*number, records);
                scene.live(&input);
            }
        }
        scene.store()
    }

    /// A user with a watch, after so many readings of the heart rate, one a second.
    pub(crate) fn with_readings(count: i64) -> Self {
        let mut scene = Self::midnight(&[DeviceClass::Watch]);
        scene.read(Metric::HEART_RATE, count, limits::BATCH_RECORDS_MAX);
        scene.store()
    }

    /// A user with a vehicle that has told its speed each second for so long, ten to a batch. Nothing is stored yet: a vehicle's
    /// hour fits in the tail.
    pub(crate) fn with_speeds(seconds: i64) -> Self {
        let mut scene = Self::midnight(&[DeviceClass::Vehicle]);
        scene.read(Metric::SPEED, seconds, 10);
        scene
    }

    fn read(&mut self, metric: Metric, count: i64, batch_records: usize) {
        let step = i64::try_from(batch_records).unwrap();
        for from in (0..count).step_by(batch_records) {
            let records = readings(metric, from..(from + step).min(count));
            let input = self.batch(1, records);
            self.live(&input);
        }
    }

    /// As it is in the evening before the soft close: the next tick closes the day.
    pub(crate) fn before_the_soft_close(mut self) -> Self {
        let end_ms = DAY.next().utc_ms();
        self.stamp_ms = end_ms;
        self.live(&UserInput::Tick);
        self.stamp_ms = end_ms + limits::SOFT_CLOSE_AFTER_MS;
        self
    }

    /// What was sent becomes a chunk, as in a snapshot; it is at hand where a fold asks for it.
    fn store(mut self) -> Self {
        let parts = snapshot::take(&mut self.user, &Loaded::default());
        for ((day, _), bytes) in parts.chunks {
            let held: &mut Records = self.loaded.days.entry(day).or_default();
            records::file(held, chunk::decode(&bytes).unwrap());
        }
        self
    }

    /// Everything that is stored of the day.
    pub(crate) fn records(&self) -> Vec<StoredRecord> {
        let days = self.loaded.days.values();
        days.flat_map(|day| day.values().flatten().cloned())
            .collect()
    }

    /// A batch of a device after all that it has sent, when its last record has ended.
    pub(crate) fn batch(&self, number: u8, records: Vec<Record>) -> UserInput {
        let outbox = OutboxId([number; 16]);
        let done = self.user.devices[&device(number)].up_to_seq(outbox, 0);
        UserInput::Ingest(Ingest {
            device: device(number),
            outbox,
            lane: 0,
            first_seq: done + 1,
            count: u32::try_from(records.len()).unwrap(),
            skewed: false,
            records: (0..).zip(records).collect(),
            unsigned: None,
        })
    }

    /// The same batch as it comes in, before anybody has judged it.
    pub(crate) fn arrival(&self, number: u8, records: Vec<Record>) -> Arrival {
        let outbox = OutboxId([number; 16]);
        let done = self.user.devices[&device(number)].up_to_seq(outbox, 0);
        Arrival {
            device: device(number),
            outbox,
            lane: 0,
            first_seq: done + 1,
            skewed: false,
            records: records.into_iter().map(Ok).collect(),
            unsigned: None,
        }
    }

    /// What becomes of it, when its last record has ended.
    pub(crate) fn admit(&self, arrival: Arrival) -> Admission {
        admit::batch(&self.user, arrival, None, self.stamp_ms)
    }

    /// The user in memory with an input that waits and is durable: a step plans and folds it.
    pub(crate) fn waiting(&self, input: &UserInput) -> Resident {
        let mut resident = Resident::new(self.user.clone());
        let header = header(self.user.position.index + 1, self.stamp_ms);
        resident.enqueue(header, input.clone());
        resident
    }

    /// Whether an input finds everything in memory.
    pub(crate) fn is_fast(&self, input: &UserInput) -> bool {
        plan::plan(&self.user, input, self.stamp_ms).is_empty()
    }

    /// The user after an input; the user comes back so that nobody measures how it is dropped.
    pub(crate) fn fold(&self, mut user: User, input: &UserInput) -> User {
        let header = header(user.position.index + 1, self.stamp_ms);
        let mut events = Vec::new();
        let input = (&header, input);
        fold::fold(&mut user, &self.rules, input, &self.loaded, &mut events);
        user
    }

    pub(crate) fn live(&mut self, input: &UserInput) {
        if let UserInput::Ingest(batch) = input {
            let ends = batch.records.iter().map(|(_, record)| record.end_ms);
            self.stamp_ms = self.stamp_ms.max(ends.max().unwrap());
        }
        self.user = self.fold(self.user.clone(), input);
    }
}

pub(crate) fn header(index: u64, stamp_ms: i64) -> Header {
    Header {
        stamp_ms,
        partition: PartitionId(300),
        position: Position { epoch: 1, index },
        origin: Origin::server(Source::Stream),
        rules: RULES_VERSION,
    }
}

fn device(number: u8) -> DeviceId {
    DeviceId([number; 16])
}

/// A minute of steps of the day; its id is its number.
pub(crate) fn minute(number: i64) -> Record {
    let start_ms = DAY.utc_ms() + number * MINUTE_MS;
    Record {
        id: RecordId::Number(number.unsigned_abs() + 1),
        version: 1,
        metric: Metric::STEPS,
        start_ms,
        end_ms: start_ms + MINUTE_MS,
        offset_s: None,
        content: Content::Delta(60 + number % 40),
        method: Method::Auto,
        worn: None,
    }
}

/// The same minute with another amount.
pub(crate) fn correction(number: i64) -> Record {
    Record {
        version: 2,
        content: Content::Delta(7),
        ..minute(number)
    }
}

/// Readings of a gauge, one a second; their ids are their numbers.
pub(crate) fn readings(metric: Metric, seconds: Range<i64>) -> Vec<Record> {
    seconds.map(|second| reading(metric, second)).collect()
}

fn reading(metric: Metric, second: i64) -> Record {
    let at_ms = DAY.utc_ms() + second * 1_000;
    Record {
        id: RecordId::Number(second.unsigned_abs() + 1),
        metric,
        start_ms: at_ms,
        end_ms: at_ms,
        content: Content::Gauge(600 + second % 400),
        ..minute(0)
    }
}

/// The same reading with another value.
pub(crate) fn corrected_reading(second: i64) -> Record {
    Record {
        version: 2,
        content: Content::Gauge(999),
        ..reading(Metric::HEART_RATE, second)
    }
}

/// Minutes that only touch.
pub(crate) fn disjoint(minutes: i64) -> Vec<Record> {
    (0..minutes).map(minute).collect()
}

/// Samples of 1 to 90 minutes that begin every 7 minutes.
pub(crate) fn overlapping(count: i64) -> Vec<Record> {
    let one = |number: i64| {
        let start_ms = DAY.utc_ms() + number * 7 * MINUTE_MS;
        let minutes = 1 + number * 37 % 90;
        Record {
            id: RecordId::Number(number.unsigned_abs() + 1),
            start_ms,
            end_ms: start_ms + minutes * MINUTE_MS,
            content: Content::Delta(minutes * 80),
            ..minute(0)
        }
    };
    (0..count).map(one).collect()
}

/// The minutes of so many devices that all wore the whole day.
pub(crate) fn cells(devices: u8) -> Vec<Cells> {
    let records = disjoint(DAY_MINUTES);
    let records: Vec<&Record> = records.iter().collect();
    (0..devices).map(|_| device_cells(&records)).collect()
}

/// The devices with their minutes, phones all of them.
pub(crate) fn bids(cells: &[Cells]) -> Vec<Bidder<Minutes<'_>>> {
    (0_u8..)
        .zip(cells)
        .map(|(binding, cells)| Bidder {
            cells: cells.iter(),
            priority: 50,
            binding: binding.into(),
            device: device(binding + 1),
        })
        .collect()
}
