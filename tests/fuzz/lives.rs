//! What users and challenges have lived through, and what it left in the store: real states to restore, and to break.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use streakline::{actors::shared::BITS, zones::BundledZones};
use streakline_core::{
    challenge::{Challenge, Name, resident::Resident as HeldChallenge},
    chunk,
    civil::{Day, HOUR_MS, MINUTE_MS},
    definition::Definition,
    goal::{Revision, Terms},
    id::{
        ChallengeId, DeviceId, Entity, GoalId, MemberNumber, OutboxId, PartitionId, Position,
        UserId,
    },
    input::{
        ChallengeInput, DeviceIntroduction, Header, Ingest, NewProfile, NewZone, Origin, Source,
        UserInput,
    },
    metric::Metric,
    period::{Period, WeekStart},
    record::{Content, Record},
    records::{self, Records, StoredRecord},
    sample::{DeviceClass, Method},
    user::{
        Rules, User,
        resident::{Resident, Step},
        snapshot::Parts,
    },
};

use crate::{
    attributes, instruments,
    random::Random,
    values::{self, FROM_MS, ZONES},
};

/// Lives that are lived once in a worker; enough that every kind of state is among them.
const LIVES: u64 = 64;

/// What one life left.
pub(crate) struct Life {
    pub(crate) snapshots: Vec<Parts>,
    pub(crate) challenge: Vec<u8>,
}

/// The rules that everybody shares.
pub(crate) fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| Rules {
        zones: Arc::new(BundledZones::new()),
        manual_policy: streakline_core::manual::ManualPolicy::default(),
        retention: streakline_core::retention::Retention::default(),
    })
}

/// One of the lives.
pub(crate) fn life(seed: u64) -> &'static Life {
    static LIVED: OnceLock<Vec<Life>> = OnceLock::new();
    let lived = LIVED.get_or_init(|| (0..LIVES).map(live).collect());
    &lived[usize::try_from(seed % LIVES).unwrap()]
}

fn live(seed: u64) -> Life {
    let mut random = Random::new(seed, 11);
    let mut person = Person::new(User::new(UserId::parse("ann").unwrap()));
    let mut snapshots = vec![person.held.snapshot()];
    person.open(&mut random);
    for _ in 0..random.within(0, 30) {
        person.go_on(&mut random);
        if random.permille(200) {
            snapshots.push(person.snapshot());
        }
    }
    snapshots.push(person.snapshot());
    Life {
        snapshots,
        challenge: challenge(&mut random),
    }
}

/// Where everybody's inputs are.
pub(crate) fn partition() -> PartitionId {
    Entity::User(UserId::parse("ann").unwrap()).partition(BITS)
}

/// The header of a further input.
pub(crate) fn header(stamp_ms: i64, position: Position) -> Header {
    Header {
        stamp_ms,
        partition: partition(),
        position,
        origin: Origin::server(Source::Timer),
        rules: 1,
    }
}

/// A user that goes on living, with the chunks that it wrote.
pub(crate) struct Person {
    pub(crate) held: Resident,
    chunks: BTreeMap<(Day, u64), Vec<StoredRecord>>,
    stamp_ms: i64,
    position: Position,
    next_id: u64,
    next_seq: u64,
}

impl Person {
    /// Goes on from a state; chunks that it names and nobody has are taken for empty.
    pub(crate) fn new(mut user: User) -> Self {
        user.resolve(rules());
        let stamp_ms = if user.now_ms == i64::MIN {
            FROM_MS
        } else {
            user.now_ms
        };
        Self {
            held: Resident::new(user),
            chunks: BTreeMap::new(),
            stamp_ms,
            position: Position {
                epoch: u64::MAX,
                index: 1,
            },
            next_id: 0,
            next_seq: 1,
        }
    }

    /// Folds one input that comes `after_ms` later.
    pub(crate) fn give(&mut self, after_ms: i64, input: UserInput) {
        self.stamp_ms = self.stamp_ms.saturating_add(after_ms);
        self.position.index += 1;
        self.held
            .enqueue(header(self.stamp_ms, self.position), input);
        loop {
            match self.held.step(self.position, rules()) {
                Step::Idle => return,
                Step::Load(days) => self.load(days),
                Step::Folded(..) => {}
            }
        }
    }

    fn load(&mut self, days: BTreeSet<Day>) {
        let read = |day: Day| {
            let mut records = Records::new();
            for ((_, _), rows) in self.chunks.range((day, 0)..=(day, u64::MAX)) {
                records::file(&mut records, rows.iter().cloned());
            }
            (day, records)
        };
        let loaded = days.into_iter().map(read).collect();
        self.held.load(loaded);
    }

    pub(crate) fn snapshot(&mut self) -> Parts {
        let crowded = self.held.crowded();
        self.load(crowded);
        let parts = self.held.snapshot();
        for (id, bytes) in &parts.chunks {
            self.chunks.insert(*id, chunk::decode(bytes).unwrap());
        }
        parts
    }

    fn open(&mut self, random: &mut Random) {
        for number in 0..random.within(1, 2) {
            let introduction = DeviceIntroduction {
                device: DeviceId([u8::try_from(number).unwrap(); 16]),
                class: [DeviceClass::Watch, DeviceClass::Phone][random.index(2)],
                vendor: None,
                model: Some(values::words(random, 20)),
            };
            let zone = self.new_zone(random, 0);
            let device = Some(introduction);
            self.give(1_000, UserInput::Open { device, zone });
        }
        let goal = GoalId::parse("steps-7500").unwrap();
        let from = Day::of_utc_ms(self.stamp_ms);
        self.put_goal(goal, random.within(100, 9_000), from);
    }

    /// Told up to three days late, when so much time has passed.
    fn new_zone(&self, random: &mut Random, later_ms: i64) -> Option<NewZone> {
        Some(NewZone {
            zone: ZONES[random.index(5)].to_owned(),
            effective_ms: self.stamp_ms + later_ms - random.within(0, 72) * HOUR_MS,
            flagged: random.permille(100),
        })
    }

    fn put_goal(&mut self, goal: GoalId, target: i64, from: Day) {
        let terms = Some(Terms::fixed(Metric::STEPS, target));
        let put = UserInput::PutGoal {
            goal,
            period: Period::Day,
            week_start: WeekStart::Monday,
            revisions: vec![Revision { from, terms }],
            own: None,
            streak: Some(instruments::definition(&mut Random::new(1, 9))),
        };
        self.give(1_000, put);
    }

    fn go_on(&mut self, random: &mut Random) {
        let later_ms = random.within(1, 14) * HOUR_MS;
        match random.index(14) {
            0 => self.give(later_ms, UserInput::Tick),
            1 => {
                let new = NewProfile {
                    zone: self.new_zone(random, later_ms),
                    alias: Some(values::words(random, 40)),
                    day_start_min: u16::try_from(random.within(0, 360)).ok(),
                    week_starts: Some([WeekStart::Monday, WeekStart::Sunday][random.index(2)]),
                    device_order: Some(vec![DeviceId([1; 16])]),
                    hidden: Some(random.permille(500)),
                    attributes: values::maybe(random, attributes::some),
                };
                self.give(later_ms, UserInput::Profile(new));
            }
            2 => {
                let goal = GoalId::parse("other").unwrap();
                let today = Day::of_utc_ms(self.stamp_ms);
                self.put_goal(goal, random.within(1, 20_000), today.next());
            }
            3 => self.give(
                1_000,
                UserInput::DeleteGoal(GoalId::parse("other").unwrap()),
            ),
            4 => self.enrol(random),
            5 | 6 => self.give(later_ms, instruments::input(random)),
            _ => {
                let batch = self.batch(random, later_ms);
                self.give(later_ms, UserInput::Ingest(batch));
            }
        }
    }

    fn enrol(&mut self, random: &mut Random) {
        let starts = Day::of_utc_ms(self.stamp_ms);
        let definition = Definition {
            starts,
            ends: starts.plus(2),
            ..values::definition(random)
        };
        let enrol = UserInput::Enrol {
            challenge: ChallengeId([random.next().to_le_bytes()[0] % 3; 16]),
            join: 1,
            joined_ms: self.stamp_ms,
            definition,
        };
        self.give(1_000, enrol);
    }

    /// Samples that end before the stamp: new ones, and now and then one that was sent before.
    pub(crate) fn batch(&mut self, random: &mut Random, after_ms: i64) -> Ingest {
        let count = u32::try_from(random.within(1, 8)).unwrap();
        let now_ms = self.stamp_ms.saturating_add(after_ms);
        let mut record = |at: u32| {
            let fresh = random.permille(800);
            self.next_id += u64::from(fresh);
            let back_ms = random.within(10, 600) * MINUTE_MS;
            let start_ms = now_ms.saturating_sub(back_ms).div_euclid(MINUTE_MS) * MINUTE_MS;
            let minutes = random.within(1, 9);
            let record = Record {
                id: streakline_core::id::RecordId::Number(self.next_id),
                version: 1,
                metric: Metric::STEPS,
                start_ms,
                end_ms: start_ms + minutes * MINUTE_MS,
                offset_s: None,
                content: Content::Delta(random.within(0, 300 * minutes)),
                method: [Method::Auto, Method::Manual, Method::Active][random.index(3)],
                worn: None,
            };
            (at, record)
        };
        let records = (0..count).map(&mut record).collect();
        let first_seq = self.next_seq;
        self.next_seq += u64::from(count);
        Ingest {
            device: DeviceId([u8::from(random.permille(300)); 16]),
            outbox: OutboxId([9; 16]),
            lane: 0,
            first_seq,
            count,
            skewed: random.permille(100),
            records,
            unsigned: random
                .permille(300)
                .then(|| (0..count).filter(|place| place % 3 == 0).collect()),
        }
    }
}

/// A challenge somewhere in its life, with its members.
fn challenge(random: &mut Random) -> Vec<u8> {
    let id = ChallengeId(values::bytes16(random));
    let mut held = HeldChallenge::recovered(Challenge::new(id), Vec::new(), &[]);
    let definition = Definition {
        starts: Day::of_utc_ms(FROM_MS).plus(1),
        ends: Day::of_utc_ms(FROM_MS).plus(3),
        ..values::definition(random)
    };
    let mut inputs = vec![ChallengeInput::Create(definition), ChallengeInput::Publish];
    for number in 0..random.within(0, 6) {
        let user = UserId::parse(&format!("user-{number}")).unwrap();
        inputs.push(ChallengeInput::Join {
            user: user.clone(),
            alias: values::words(random, 40),
            starts_ms: FROM_MS,
            member: MemberNumber(u32::try_from(number).unwrap() + 1),
            waits: random.permille(200),
            team: None,
            carried: None,
        });
        if random.permille(200) {
            inputs.push(ChallengeInput::Leave(user, None));
        }
    }
    inputs.push(values::challenge_input(random));
    inputs.truncate(random.index(inputs.len() + 1));
    let mut at = Position { epoch: 1, index: 0 };
    for input in inputs {
        at.index += 1;
        held.enqueue(header(FROM_MS + random.within(0, 9) * HOUR_MS, at), input);
        held.step(at);
    }
    written(&mut held)
}

/// A challenge's snapshot, its names in plain.
pub(crate) fn written(held: &mut HeldChallenge) -> Vec<u8> {
    held.filled();
    if held.awaits_rows() {
        held.gathered(Vec::new());
    }
    let parts = held.snapshot().expect("the board is whole");
    let plain = |(number, name): &(MemberNumber, Name)| (*number, values::encoded(name).into());
    let names = parts.unsealed.iter().map(plain).collect();
    held.sealed(&parts, &names);
    parts.bytes(&names)
}
