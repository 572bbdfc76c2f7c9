//! Bytes that were written once and are read by every later build: `tests/fixtures/{journal,snapshot,chunk}-v1`
//! and `journal-v2`, unsealed.
//!
//! The story below wrote them. A build with `STREAKLINE_BLESS=1` writes those that are missing and never another: a form that changes gets
//! a folder with the next number, and these stay.

use std::{fs, path::PathBuf};

use streakline_core::{
    challenge::{Challenge, Stage as Life, resident::Resident, stored},
    chunk,
    civil::{Day, HOUR_MS, MINUTE_MS},
    episode::{Episode, Segment, Stage},
    id::{ChallengeId, PartitionId, Position, RecordId, UserId},
    input::{ChallengeInput, Header, Input, Origin, RULES_VERSION, Source},
    journal::{self, Flush, Journal, Place},
    metric::Metric,
    record::{Content, Epoch, Record},
    records::StoredRecord,
    sample::Method,
    user::snapshot,
};

use crate::{
    challenges::window,
    history::{History, goal, rules, steps},
    places::{at, date},
};

const BEGUN: &str = "2026-01-01T08:00Z";
const LIVED: &str = "2026-01-02";

fn of_day(id: u64, minute: i64, content: Content) -> Record {
    let metric = match content {
        Content::Gauge(_) => Metric::HEART_RATE,
        Content::Cumulative { .. } => Metric::FLOORS,
        Content::Episode(_) => Metric::SLEEP,
        Content::Delta(_) | Content::Deleted => Metric::STEPS,
    };
    let span = match content {
        Content::Gauge(_) => 0,
        Content::Episode(_) => 90,
        _ => 1,
    };
    let start_ms = date(LIVED).utc_ms() + minute * MINUTE_MS;
    Record {
        metric,
        content,
        ..steps(id, start_ms, span, 0)
    }
}

/// A sample of each class, corrections and a deletion.
fn samples() -> Vec<Record> {
    let run = |name: &str| Epoch::parse(name);
    let reading = |value, epoch| Content::Cumulative { value, epoch };
    let night = |minute: i64| {
        let start_ms = date(LIVED).utc_ms() + minute * MINUTE_MS;
        let segment = |from: i64, to: i64, stage| Segment {
            start_ms: start_ms + from * MINUTE_MS,
            end_ms: start_ms + to * MINUTE_MS,
            stage,
        };
        Content::Episode(Box::new(Episode {
            segments: vec![segment(0, 60, Stage::Deep), segment(60, 90, Stage::Awake)],
            ..Episode::default()
        }))
    };
    let uuid = RecordId::Uuid([7; 16]);
    let mut samples: Vec<Record> = (1_u64..=40)
        .map(|id| {
            of_day(
                id,
                540 + id.cast_signed(),
                Content::Delta(id.cast_signed() * 7 % 50),
            )
        })
        .collect();
    samples.extend((101_u64..=140).map(|id| {
        let minute = 500 + id.cast_signed();
        of_day(id, minute, Content::Gauge(700 + id.cast_signed() % 9 * 10))
    }));
    samples.extend([
        of_day(201, 700, reading(10, run("boot-7"))),
        of_day(202, 710, reading(30, run("boot-7"))),
        of_day(203, 720, reading(90, run(LIVED))),
        of_day(204, 60, night(60)),
        Record {
            id: uuid,
            offset_s: Some(-3_600),
            worn: Some(true),
            method: Method::Manual,
            ..of_day(1, 800, Content::Delta(11))
        },
        Record {
            version: 2,
            ..of_day(7, 547, Content::Delta(60))
        },
        Record {
            version: 2,
            ..of_day(8, 548, Content::Deleted)
        },
    ]);
    samples
}

/// What was lived: a goal, a day with every class of sample, and the closes behind it.
fn story() -> History {
    let mut history = History::with_watch(at(BEGUN), "Europe/Berlin");
    history.put_goal("daily", 500, None).unwrap();
    history.tick(at("2026-01-02T20:00Z"));
    for batch in samples().chunks(30) {
        history.send(1, batch.to_vec());
    }
    history.tick(date(LIVED).utc_ms() + 130 * HOUR_MS);
    history
}

fn rows() -> Vec<StoredRecord> {
    let row = |(at, record): (i64, Record)| StoredRecord {
        binding: u32::from(record.metric == Metric::SLEEP),
        received_ms: date(LIVED).utc_ms() + 20 * HOUR_MS + at / 30,
        skewed: at % 31 == 0,
        record,
        attest: streakline_core::attest::Attest::Unasked,
    };
    (0..).zip(samples()).map(row).collect()
}

/// The bytes of a fixture; `written` are those of this build.
fn fixture(folder: &str, name: &str, written: &[u8]) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures")
        .join(folder);
    let file = folder.join(name);
    if option_env!("STREAKLINE_BLESS").is_some() && !file.exists() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&file, written).unwrap();
    }
    let read = fs::read(&file);
    read.unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn chunks_of_the_first_format_are_read() {
    let mut rows = rows();
    let stored = fixture("chunk-v1", "records", &chunk::encode(&rows));
    let key = |row: &StoredRecord| minicbor::to_vec(row).unwrap();
    let mut read = chunk::decode(&stored).unwrap();
    rows.sort_by_cached_key(key);
    read.sort_by_cached_key(key);
    assert_eq!(read, rows);
}

#[test]
fn minutes_of_the_first_format_are_read() {
    let history = story();
    let head = history.user.days[&date(LIVED)].head.clone();
    let head = head.expect("the newest day is at hand");
    let stored = fixture("chunk-v1", "minutes", &chunk::minutes::encode(&head));
    assert_eq!(chunk::minutes::decode(&stored).unwrap(), *head);
}

/// The flush of the story's inputs.
fn flush(history: &History) -> Flush<()> {
    let mut journal: Journal<()> = Journal::new(PLACE.partition, PLACE.first.epoch, i64::MIN);
    for (header, input) in &history.journal {
        let input = Input::User(history.user.id.clone(), input.clone());
        journal.append(header.stamp_ms, header.origin.clone(), &input, Vec::new());
    }
    journal.flush().expect("inputs wait")
}

const PLACE: Place = Place {
    partition: PartitionId(300),
    first: Position { epoch: 1, index: 1 },
};

/// Only the inputs of the story are in the bytes, under the headers that the journal gave them.
fn assert_journaled(history: &History, bytes: &[u8]) {
    let user = &history.user.id;
    let stored = journal::inputs(bytes, PLACE, Some(user)).unwrap();
    let lived = (1..).zip(&history.journal).map(|(index, (header, input))| {
        let header = Header {
            partition: PLACE.partition,
            position: Position { epoch: 1, index },
            ..header.clone()
        };
        (header, Input::User(user.clone(), input.clone()))
    });
    assert_eq!(stored, lived.collect::<Vec<_>>());
}

#[test]
fn journals_of_the_first_format_are_read() {
    let history = story();
    let user = Some(&history.user.id);
    let flush = flush(&history);
    let written = flush.groups[&user.cloned()].bytes();
    let first_form = |input: &(Header, Input)| minicbor::to_vec(input).unwrap();
    let inputs = journal::inputs(written, PLACE, user).unwrap();
    let written: Vec<u8> = inputs.iter().flat_map(first_form).collect();
    let stored = fixture("journal-v1", "story", &written);
    assert_journaled(&history, &stored);
    assert_eq!(stored, written, "it is that form");
}

#[test]
fn journals_of_the_second_format_are_read() {
    let history = story();
    let flush = flush(&history);
    let written = flush.groups[&Some(history.user.id.clone())].bytes();
    let stored = fixture("journal-v2", "story", written);
    assert_journaled(&history, &stored);
    assert_eq!(stored, written, "it is the form of today");
}

#[test]
fn snapshots_of_the_first_format_are_read_and_lived_on() {
    let mut history = story();
    let parts = snapshot::take(&mut history.user, &Default::default());
    let stored = fixture("snapshot-v1", "story", &parts.state);
    let mut read = History::at(history.now_ms);
    read.user = snapshot::restore(&stored, &rules()).unwrap();
    let days = |history: &History| -> Vec<_> {
        let days = (0..9).map(|day| Day(date(LIVED).0 - 1 + day));
        days.map(|day| history.day(day)).collect()
    };
    assert_eq!(days(&read), days(&history));
    let worth = |history: &History| {
        let streak = history
            .user
            .streak_view(&goal("daily"), None, history.now_ms);
        (history.user.available_micro, history.user.last_seq, streak)
    };
    assert_eq!(worth(&read), worth(&history));
    let later_ms = history.now_ms + 100 * HOUR_MS;
    for one in [&mut read, &mut history] {
        one.tick(later_ms);
    }
    assert_eq!(days(&read), days(&history));
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// A settled challenge: Ann stays in it, Bob has left, Cat was erased.
fn contested() -> Resident {
    let mut held = Resident::recovered(Challenge::new(ChallengeId([5; 16])), Vec::new(), &[]);
    let give = |held: &mut Resident, input| {
        let mut position = held.challenge().position;
        position.index += 1;
        let header = Header {
            stamp_ms: at(BEGUN),
            partition: PartitionId(300),
            position,
            origin: Origin::server(Source::Rest),
            rules: RULES_VERSION,
        };
        held.enqueue(header, input);
        held.step(position).expect("it is folded");
    };
    let made = ChallengeInput::Create(window(LIVED, LIVED));
    give(&mut held, made);
    give(&mut held, ChallengeInput::Publish);
    for name in ["ann", "bob", "cat"] {
        let starts_ms = date(LIVED).utc_ms();
        let alias = format!("The {name}");
        let joining = held.challenge().joining(user(name), alias, (starts_ms, 0));
        give(&mut held, joining);
    }
    give(&mut held, ChallengeInput::Leave(user("bob"), None));
    let settle = ChallengeInput::Settle {
        cutoff_ms: at(BEGUN),
        digest: held.board().digest(),
        participants: 2,
    };
    give(&mut held, settle);
    let forget = held.challenge().forgetting(&user("cat")).unwrap();
    give(&mut held, forget);
    held
}

#[test]
fn challenges_of_the_first_format_are_read() {
    let mut held = contested();
    let parts = held.snapshot().unwrap();
    let names = parts.unsealed.iter();
    let names = names.map(|(number, name)| (*number, minicbor::to_vec(name).unwrap().into()));
    let names = names.collect();
    held.sealed(&parts, &names);
    let bytes = fixture("snapshot-v1", "challenge", &parts.bytes(&names));
    let stored = stored::read(&bytes).unwrap();
    let names = stored.names.clone().into_iter();
    let opened = names.map(|(number, name)| (number, minicbor::decode(&name).unwrap()));
    let mut read = stored.named(opened);
    // One that was over and had yet to tell somebody was not due then.
    read.due_ms = held.challenge().due_ms;
    assert_eq!(read, *held.challenge());
    assert!(matches!(
        read.stage,
        Life::Settled {
            participants: 2,
            ..
        }
    ));
    let again = Resident::recovered(read, Vec::new(), &[]);
    assert_eq!(again.board().digest(), held.board().digest());
    let page = |held: &Resident| held.challenge().board_page(held.board(), None, 9, 0);
    assert_eq!(page(&again), page(&held));
}
