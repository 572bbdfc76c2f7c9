//! Valid values of everything that is stored, each named by a seed, so that their encodings can be read back and broken.
//!
//! What a user or a challenge has lived through is `lives`'.

use streakline_core::{
    attest::{Algorithm, Attest, KeyChange, PublicKey},
    civil::{Day, MINUTE_MS},
    episode::{Episode, Segment, Stage},
    event::{Contribution, Transfer},
    goal::Revision,
    id::{
        CampaignId, ChallengeId, DeviceId, Entity, GoalId, OutboxId, PartitionId, Position,
        RecordId, UserId,
    },
    input::{
        BatteryReport, DeviceIntroduction, Header, Import, Ingest, Input, NewProfile, NewZone,
        Origin, PartitionInput, Source, UserInput,
    },
    ledger::{self, Account, Posting, Totals},
    metric::Metric,
    period::WeekStart,
    poison::{Numbered, Retry, Skip, Stuck, Why},
    record::{Content, Epoch, Record},
    records::StoredRecord,
    sample::{DeviceClass, Method},
};

use crate::{attributes, contests::conclusion, goals, instruments, kinds, random::Random};

pub(crate) use crate::contests::{challenge_input, definition};

/// 2016-04-13T00:00Z: where all histories begin.
pub(crate) const FROM_MS: i64 = 1_460_505_600_000;
/// Zones that histories are in; one turns its clocks, two lie far out.
pub(crate) const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "UTC",
    "Pacific/Kiritimati",
    "Pacific/Honolulu",
    "Asia/Kolkata",
];

/// Sixteen bytes of an id; few enough that some come twice.
pub(crate) fn few(random: &mut Random) -> [u8; 16] {
    [random.next().to_le_bytes()[0] % 4; 16]
}

pub(crate) fn bytes16(random: &mut Random) -> [u8; 16] {
    let mut bytes = [0; 16];
    for half in bytes.chunks_mut(8) {
        half.copy_from_slice(&random.next().to_be_bytes());
    }
    bytes
}

pub(crate) fn bytes32(random: &mut Random) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&bytes16(random));
    bytes[16..].copy_from_slice(&bytes16(random));
    bytes
}

pub(crate) fn encoded<T: minicbor::Encode<()>>(value: T) -> Vec<u8> {
    minicbor::to_vec(value).unwrap()
}

/// A name of any length and of every character that names may have.
pub(crate) fn name(random: &mut Random) -> String {
    const LETTERS: &[u8] = b"abcXYZ019._:-";
    let length = [1, 3, 8, 64][random.index(4)];
    let letter = |_| char::from(LETTERS[random.index(LETTERS.len())]);
    (0..length).map(letter).collect()
}

pub(crate) fn user_id(random: &mut Random) -> UserId {
    UserId::parse(&name(random)).unwrap()
}

pub(crate) fn goal_id(random: &mut Random) -> GoalId {
    GoalId::parse(&name(random)).unwrap()
}

/// Words with characters of one to four bytes.
pub(crate) fn words(random: &mut Random, chars_max: i64) -> String {
    const LETTERS: [char; 7] = ['a', 'Z', ' ', 'é', 'ß', '漢', '🏃'];
    let length = random.within(1, chars_max);
    (0..length).map(|_| LETTERS[random.index(7)]).collect()
}

pub(crate) fn maybe<T>(random: &mut Random, make: impl FnOnce(&mut Random) -> T) -> Option<T> {
    random.permille(500).then(|| make(random))
}

pub(crate) fn position(random: &mut Random) -> Position {
    let (epoch, index) = (random.next() >> 40, random.next() >> 20);
    Position { epoch, index }
}

pub(crate) fn partition(random: &mut Random) -> PartitionId {
    PartitionId(0x100 + u32::from(random.next().to_le_bytes()[0]))
}

pub(crate) fn entity(random: &mut Random) -> Entity {
    match random.index(3) {
        0 => Entity::User(user_id(random)),
        1 => Entity::Challenge(ChallengeId(bytes16(random))),
        _ => Entity::Partition(partition(random)),
    }
}

pub(crate) fn day(random: &mut Random) -> Day {
    Day::of_utc_ms(FROM_MS).plus(i32::try_from(random.within(-10, 400)).unwrap())
}

pub(crate) fn record_id(random: &mut Random) -> RecordId {
    match random.index(4) {
        0 => RecordId::Uuid(bytes16(random)),
        1 => RecordId::Number(random.next()),
        _ => RecordId::Number(random.next() % 1_000),
    }
}

pub(crate) fn record(random: &mut Random) -> Record {
    let start_ms = FROM_MS + random.within(0, 5_000) * MINUTE_MS;
    let end_ms = start_ms + random.within(1, 86_400_000);
    let (metric, content) = content(random, (start_ms, end_ms));
    let instant = matches!(content, Content::Gauge(_));
    let deleted = content == Content::Deleted;
    Record {
        id: record_id(random),
        version: u32::try_from(random.within(1, 3)).unwrap(),
        metric,
        start_ms: if deleted { 0 } else { start_ms },
        end_ms: match (deleted, instant) {
            (true, _) => 0,
            (_, true) => start_ms,
            _ => end_ms,
        },
        offset_s: maybe(random, |random| {
            i32::try_from(random.within(-50_400, 50_400)).unwrap()
        })
        .filter(|_| !deleted),
        content,
        method: match random.index(4) {
            _ if deleted => Method::Unknown,
            0 => Method::Auto,
            1 => Method::Active,
            2 => Method::Manual,
            _ => Method::Unknown,
        },
        worn: maybe(random, |random| random.permille(500)).filter(|_| !deleted),
    }
}

fn content(random: &mut Random, (start_ms, end_ms): (i64, i64)) -> (Metric, Content) {
    let amounts = [Metric::STEPS, Metric::DISTANCE, Metric::ACTIVE_ENERGY];
    let value = random.within(0, 1_000_000);
    match random.index(8) {
        0 => {
            let epoch = ["boot-1", "2016-04-13", "é"][random.index(3)];
            let epoch = Epoch::parse(epoch);
            (Metric::ODOMETER, Content::Cumulative { value, epoch })
        }
        1 => (Metric::HEART_RATE, Content::Gauge(200 + value % 2_800)),
        2 => (
            Metric::SLEEP,
            Content::Episode(Box::new(sleep(random, start_ms, end_ms))),
        ),
        3 => (Metric::WORKOUT, Content::Episode(Box::new(workout(random)))),
        4 => (Metric::STEPS, Content::Deleted),
        _ => (amounts[random.index(3)], Content::Delta(value)),
    }
}

fn sleep(random: &mut Random, start_ms: i64, end_ms: i64) -> Episode {
    let part = (end_ms - start_ms) / 4;
    let segment = |at: i64, stage| Segment {
        start_ms: start_ms + at * part,
        end_ms: start_ms + (at + 1) * part,
        stage,
    };
    let segments = (0..random.within(0, 4)).filter(|_| part > 0);
    Episode {
        segments: segments
            .map(|at| segment(at, Stage::ALL[random.index(7)]))
            .collect(),
        ..Episode::default()
    }
}

fn workout(random: &mut Random) -> Episode {
    Episode {
        sport: Some(words(random, 64)),
        totals: vec![(Metric::DISTANCE, random.within(0, 1_000_000))],
        ..Episode::default()
    }
}

pub(crate) fn stored_record(random: &mut Random) -> StoredRecord {
    StoredRecord {
        binding: u32::try_from(random.within(0, 2)).unwrap(),
        record: record(random),
        received_ms: FROM_MS + random.within(0, 1_000) * 600_000,
        skewed: random.permille(100),
        attest: [Attest::Unasked, Attest::Signed, Attest::Unsigned][random.index(3)],
    }
}

pub(crate) fn introduction(random: &mut Random) -> DeviceIntroduction {
    DeviceIntroduction {
        device: DeviceId(few(random)),
        class: DeviceClass::ALL[random.index(8)],
        vendor: maybe(random, |random| words(random, 64)),
        model: maybe(random, |random| words(random, 64)),
    }
}

/// A key of Ed25519 that nobody signs with.
pub(crate) fn public_key(random: &mut Random) -> PublicKey {
    PublicKey {
        algorithm: Algorithm::Ed25519,
        bytes: bytes32(random).to_vec(),
    }
}

fn new_zone(random: &mut Random) -> NewZone {
    NewZone {
        zone: ZONES[random.index(5)].into(),
        effective_ms: FROM_MS + random.within(-1_000_000, 1_000_000),
        flagged: random.permille(500),
    }
}

pub(crate) fn user_input(random: &mut Random) -> UserInput {
    match random.index(24) {
        23 => UserInput::DeviceKey(KeyChange {
            device: DeviceId(few(random)),
            key: maybe(random, public_key),
        }),
        0 => UserInput::Open {
            device: maybe(random, introduction),
            zone: maybe(random, new_zone),
        },
        1 => UserInput::Ingest(ingest(random)),
        2 => UserInput::Profile(NewProfile {
            zone: maybe(random, new_zone),
            alias: maybe(random, |random| words(random, 40)),
            day_start_min: maybe(random, |random| {
                u16::try_from(random.within(0, 360)).unwrap()
            }),
            week_starts: maybe(random, |random| {
                [WeekStart::Monday, WeekStart::Sunday][random.index(2)]
            }),
            device_order: maybe(random, |random| vec![DeviceId(few(random))]),
            hidden: maybe(random, |random| random.permille(500)),
            attributes: maybe(random, attributes::some),
        }),
        3 => UserInput::PutGoal {
            goal: goal_id(random),
            period: goals::PERIODS[random.index(3)],
            week_start: WeekStart::Sunday,
            revisions: vec![Revision {
                from: day(random),
                terms: Some(goals::terms(random)),
            }],
            own: maybe(random, |random| (day(random), random.within(1, 40_000))),
            streak: maybe(random, instruments::definition),
        },
        12 => UserInput::PutRestDay(day(random)),
        13 => UserInput::DeleteRestDay(day(random)),
        4 => UserInput::DeleteGoal(goal_id(random)),
        8 => UserInput::Skip(skip(random)),
        9 => UserInput::Retry(retry(random, encoded(UserInput::Tick))),
        11 => UserInput::Import(Import {
            device: DeviceId(few(random)),
            introduction: maybe(random, introduction),
            records: (0..random.within(1, 6)).map(|_| record(random)).collect(),
        }),
        10 => UserInput::Battery(BatteryReport {
            device: DeviceId(few(random)),
            percent: u8::try_from(random.within(0, 100)).unwrap(),
            charging: maybe(random, |random| random.permille(500)),
        }),
        5..8 | 20 | 21 => told(random),
        14..20 => instruments::input(random),
        _ => UserInput::Tick,
    }
}

/// What a challenge tells its members.
fn told(random: &mut Random) -> UserInput {
    let challenge = ChallengeId(few(random));
    let join = u32::try_from(random.within(1, 3)).unwrap();
    match random.index(6) {
        0 => UserInput::Enrol {
            challenge,
            join,
            joined_ms: FROM_MS + random.within(0, 1_000_000_000),
            definition: definition(random),
        },
        1 => UserInput::Await {
            challenge,
            join,
            since_ms: FROM_MS + random.within(0, 1_000_000_000),
            definition: definition(random),
        },
        2 => UserInput::Extend {
            challenge,
            join,
            ends: day(random),
        },
        3 => UserInput::Withdraw { challenge, join },
        4 => kinds::reach(random, challenge, join),
        _ => UserInput::Conclude {
            challenge,
            join,
            conclusion: conclusion(random),
        },
    }
}

fn ingest(random: &mut Random) -> Ingest {
    let count = u32::try_from(random.within(1, 12)).unwrap();
    Ingest {
        device: DeviceId(few(random)),
        outbox: OutboxId(few(random)),
        lane: u8::from(random.permille(200)),
        first_seq: random.next() >> 30,
        count,
        skewed: random.permille(100),
        records: (0..count).map(|at| (at, record(random))).collect(),
        unsigned: maybe(random, |random| {
            (0..count).filter(|_| random.permille(300)).collect()
        }),
    }
}

pub(crate) fn skip(random: &mut Random) -> Skip {
    let last_seq = random.next() >> 30;
    Skip {
        position: position(random),
        fold_version: 1,
        digest: bytes32(random),
        numbered: maybe(random, |random| Numbered {
            device: DeviceId(few(random)),
            outbox: OutboxId(few(random)),
            lane: 0,
            last_seq,
        }),
        kept: random.permille(500),
        release: random.permille(200),
        hold: random.permille(200),
    }
}

pub(crate) fn retry(random: &mut Random, input: Vec<u8>) -> Retry {
    Retry {
        stamp_ms: FROM_MS + random.within(0, 1_000_000_000),
        kept: random.permille(500),
        release: random.permille(200),
        input,
    }
}

pub(crate) fn header(random: &mut Random) -> Header {
    let source = [Source::Stream, Source::Rest, Source::Timer, Source::Peer][random.index(4)];
    Header {
        stamp_ms: FROM_MS + random.within(0, 10_000_000_000),
        partition: partition(random),
        position: position(random),
        origin: Origin {
            source,
            principal: format!("user:{}", name(random)),
            request_id: name(random),
        },
        rules: 1,
    }
}

pub(crate) fn input(random: &mut Random) -> Input {
    match random.index(5) {
        0 => Input::Partition(PartitionInput::Barrier {
            cutoff_ms: FROM_MS + random.within(0, 1_000_000_000),
        }),
        1 => Input::Challenge(ChallengeId(few(random)), challenge_input(random)),
        _ => Input::User(user_id(random), user_input(random)),
    }
}

pub(crate) fn transfer(random: &mut Random) -> Transfer {
    let all = [
        Account::Treasury,
        Account::Revenue,
        Account::Available,
        Account::Debt,
        Account::Held,
        Account::Campaign(CampaignId(few(random))),
    ];
    let posting = Posting {
        debit: all[random.index(6)],
        credit: all[random.index(6)],
        amount_micro: random.within(1, 1_000_000_000),
        code: ["steps", "streak", "freeze"][random.index(3)],
        rule: "steps@1",
        day: day(random),
        goal: maybe(random, goal_id),
        challenge: maybe(random, |random| ChallengeId(few(random))),
        number: random.within(1, 1_000_000_000),
        evidence: bytes32(random),
    };
    Transfer {
        event_seq: random.next() >> 30,
        created_ms: FROM_MS,
        opens: u8::try_from(random.within(0, 2)).unwrap(),
        ..ledger::transfer(partition(random), &user_id(random), posting)
    }
}

pub(crate) fn contribution(random: &mut Random) -> Contribution {
    Contribution {
        challenge: ChallengeId(few(random)),
        user: user_id(random),
        join: u32::try_from(random.within(1, 9)).unwrap(),
        version: position(random),
        score: random.within(0, 1_000_000_000),
        achieved_at_ms: FROM_MS + random.within(0, 10_000) * MINUTE_MS,
        alias: words(random, 40),
        days: (0..random.within(0, 4))
            .map(|_| random.within(0, 100_000))
            .collect(),
        segments: (0..random.index(4)).map(|_| words(random, 9)).collect(),
        is_ineligible: random.permille(200),
    }
}

pub(crate) fn partition_row(random: &mut Random) -> (i64, Totals) {
    let micro = random.within(0, 1_000_000_000_000);
    let totals = Totals {
        transfers: random.next() >> 30,
        user_accounts: random.next() >> 30,
        treasury_micro: -micro,
        available_micro: micro,
        ..Totals::default()
    };
    (FROM_MS + random.within(0, 1_000_000_000), totals)
}

pub(crate) fn stuck(random: &mut Random) -> Stuck {
    let why = [Why::Skipped, Why::Kept, Why::Hold][random.index(3)];
    let input = encoded(user_input(random));
    let times = (FROM_MS, FROM_MS + random.within(0, 1_000_000_000));
    Stuck::new(entity(random), why, times, ("ingest", input))
}
