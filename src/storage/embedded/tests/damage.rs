//! Flipped bits and torn ends in every kind of file: whatever is answered afterwards is what was
//! stored, and what is not answered is said to be damaged.

use std::{
    fs,
    path::{Path, PathBuf},
};

use streakline_core::{
    civil::Day,
    id::{ChallengeId, Entity},
};

use super::{super::super::*, *};
use crate::entropy::Seeded;

const SEED: u64 = 3;
const PARTITIONS: [PartitionId; 3] = [P, PartitionId(0x102), PartitionId(0x103)];
const USERS: [&str; 4] = ["ann", "bob", "cleo", "dan"];
const ROUNDS: u64 = 30;
const FLIPS_OF_A_KIND: usize = 12;
/// The log of a directory as small as this one.
const LOG: &str = "store/0.jnl";
const CHALLENGE: ChallengeId = ChallengeId([7; 16]);

/// Small, so that there is every kind of file.
fn settings() -> Settings {
    Settings {
        memtable_bytes: 16 * 1024,
        segment_bytes_max: 20_000,
        ..Settings::default()
    }
}

fn noise(seeded: &mut Seeded, len: usize) -> Vec<u8> {
    (0..len).map(|_| seeded.below(256) as u8).collect()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn flush(round: u64, partition: PartitionId, bytes: Vec<u8>) -> JournalRow {
    let at = |index| Position { epoch: 1, index };
    JournalRow {
        partition,
        first: at(round * 2 + 1),
        last: at(round * 2 + 2),
        bytes,
        attachments: Vec::new(),
    }
}

/// The rows of one partition go into the engine, with what is attached to them.
fn on_its_road(row: JournalRow) -> JournalRow {
    if row.partition == PARTITIONS[2] {
        return attached(row);
    }
    row
}

fn attached(row: JournalRow) -> JournalRow {
    JournalRow {
        attachments: vec![Attachment::ChallengeListed(CHALLENGE)],
        ..row
    }
}

fn snapshot(round: u64, seeded: &mut Seeded) -> SnapshotWrite {
    let name = USERS[(round % 4) as usize];
    let id = ChunkId {
        day: Day(16_000 + round as i32),
        number: round,
    };
    SnapshotWrite {
        entity: Entity::User(user(name)),
        partition: PARTITIONS[(round % 3) as usize],
        covered: Position {
            epoch: 1,
            index: round + 1,
        },
        state: noise(seeded, 900),
        chunks: vec![(id, noise(seeded, 2_000))],
        dropped_chunks: Vec::new(),
        facts: vec![(round + 1, noise(seeded, 80))],
        transfers: vec![(round + 1, noise(seeded, 60))],
        changes: vec![(round + 1, noise(seeded, 50))],
        standings: vec![(CHALLENGE, Some(noise(seeded, 40)))],
        due_before_ms: None,
        due_ms: Some(round as i64),
        partition_row: noise(seeded, 30),
    }
}

/// A directory with a log, segments in tables and in the log, snapshots, chunks and rows.
async fn fill(dir: &Path) {
    let mut seeded = Seeded::new(SEED, 0);
    let store = EmbeddedStore::open_with(dir, settings()).unwrap();
    store.raise_epoch(8).await.unwrap();
    store.set_clock(5, None).await.unwrap();
    for name in USERS {
        let mut device = [0; 16];
        device[..3].copy_from_slice(&name.as_bytes()[..3]);
        let claimed = store.claim_device(DeviceId(device), &user(name)).await;
        assert_eq!(claimed.unwrap(), user(name));
    }
    for round in 0..ROUNDS {
        for partition in PARTITIONS {
            let row = flush(round, partition, noise(&mut seeded, 700));
            store.append(on_its_road(row)).await.unwrap();
        }
        store.commit(snapshot(round, &mut seeded)).await.unwrap();
    }
    drop(store);
    // The engine makes a log file 64 MiB long; at the next start it is as long as what it holds.
    drop(EmbeddedStore::open_with(dir, settings()).unwrap());
}

/// One answer of the store, by what was asked.
type Answers = Vec<(String, Result<String, Error>)>;

async fn ask(store: &EmbeddedStore) -> Answers {
    let mut answers = Answers::new();
    let mut note = |what: String, answer: Result<String, Error>| answers.push((what, answer));
    fn text<T: std::fmt::Debug>(answer: Result<T, Error>) -> Result<String, Error> {
        answer.map(|answer| format!("{answer:?}"))
    }
    for partition in PARTITIONS {
        let tail = store.tail(partition, None, usize::MAX).await;
        note(format!("tail {partition}"), text(tail));
        let row = store.partition_row(partition).await;
        note(format!("row {partition}"), text(row));
        let due = store.due(partition, i64::MAX, 1_000).await;
        note(format!("due {partition}"), text(due));
    }
    for name in USERS {
        let user = user(name);
        let snapshot = store.snapshot(&Entity::User(user.clone())).await;
        note(format!("snapshot {name}"), text(snapshot));
        let facts = store.facts(&user, 0, 1_000).await;
        note(format!("facts {name}"), text(facts));
        let transfers = store.transfers(&user, 0, 1_000).await;
        note(format!("transfers {name}"), text(transfers));
        let changes = store.changes(&user, 0, 1_000).await;
        note(format!("changes {name}"), text(changes));
    }
    for round in 0..ROUNDS {
        let id = ChunkId {
            day: Day(16_000 + round as i32),
            number: round,
        };
        let user = user(USERS[(round % 4) as usize]);
        let chunk = store.chunks(&user, vec![id]).await;
        note(format!("chunk {round}"), text(chunk));
    }
    let standings = store.standings(CHALLENGE, None, 1_000).await;
    note("standings".into(), text(standings));
    note("clock".into(), text(store.clock().await));
    answers
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&path, target).unwrap();
    }
}

/// What kind of file this is: they are damaged in turn, however many there are of each.
fn kind(path: &Path) -> &'static str {
    let name = path.file_name().unwrap().to_str().unwrap();
    let directory = path.parent().unwrap().file_name().unwrap();
    if name.ends_with(".jnl") {
        "log"
    } else if name.ends_with(".seg") {
        "journal"
    } else if directory == "tables" {
        "table"
    } else if name == "current" {
        "current"
    } else if name == "version" {
        "version"
    } else if name == "store.mark" {
        "mark"
    } else if name.starts_with('v') {
        "manifest"
    } else {
        "lock"
    }
}

const KINDS: [&str; 7] = [
    "log", "journal", "table", "manifest", "current", "version", "mark",
];

/// What came of one damage, for the message of a test that fails.
#[derive(Debug, Default)]
struct Outcomes {
    refused: usize,
    partly: usize,
    whole: usize,
}

async fn judge(dir: &Path, expected: &Answers, what: &str, outcomes: &mut Outcomes) {
    let store = match EmbeddedStore::open_with(dir, settings()) {
        Ok(store) => store,
        Err(Error::Unavailable(why)) => panic!("{what}: taken for a disk that is away: {why}"),
        Err(_) => return outcomes.refused += 1,
    };
    let mut damaged = 0;
    for ((asked, expected), (_, answer)) in expected.iter().zip(ask(&store).await) {
        match answer {
            Ok(answer) => assert_eq!(
                Ok(&answer),
                expected.as_ref().map_err(|_| ()),
                "{what}: {asked}"
            ),
            Err(Error::Damaged(_)) => damaged += 1,
            Err(error) => panic!("{what}: {asked}: {error}"),
        }
    }
    if damaged > 0 {
        outcomes.partly += 1;
    } else {
        outcomes.whole += 1;
    }
}

#[tokio::test]
async fn a_flipped_bit_is_never_taken_for_what_was_stored() {
    let dir = directory();
    fill(dir.path()).await;
    let store = EmbeddedStore::open_with(dir.path(), settings()).unwrap();
    let expected = ask(&store).await;
    drop(store);
    let all = files(dir.path());
    let mut seeded = Seeded::new(SEED, 1);
    for kind in KINDS {
        let files: Vec<_> = all.iter().filter(|path| self::kind(path) == kind).collect();
        assert!(!files.is_empty(), "there is no {kind} in {all:?}");
        let mut outcomes = Outcomes::default();
        for _ in 0..FLIPS_OF_A_KIND {
            let file = files[seeded.below(files.len() as u64) as usize];
            let copied = directory();
            copy(dir.path(), copied.path());
            let target = copied.path().join(file.strip_prefix(dir.path()).unwrap());
            let mut bytes = fs::read(&target).unwrap();
            let (at, bit) = (seeded.below(bytes.len() as u64) as usize, seeded.below(8));
            bytes[at] ^= 1 << bit;
            fs::write(&target, bytes).unwrap();
            let what = format!("bit {bit} of byte {at} of {}", file.display());
            judge(copied.path(), &expected, &what, &mut outcomes).await;
        }
        // A damaged mark is written anew from the tables: everything is answered.
        let noticed = match kind {
            "mark" => outcomes.whole,
            _ => outcomes.refused + outcomes.partly,
        };
        assert_eq!(noticed, FLIPS_OF_A_KIND, "{kind}: {outcomes:?}");
    }
}

/// Where a write goes, and which number of the mark counts it.
#[derive(Clone, Copy)]
enum Road {
    Engine,
    Files,
}

/// A directory, what it answers, and the file of its last write before and after one more.
struct Torn {
    dir: TempDir,
    expected: Answers,
    road: Road,
    file: PathBuf,
    before: Vec<u8>,
    after: Vec<u8>,
}

async fn one_more_write(road: Road) -> Torn {
    let dir = directory();
    fill(dir.path()).await;
    let store = EmbeddedStore::open_with(dir.path(), settings()).unwrap();
    let expected = ask(&store).await;
    drop(store);
    let row = flush(ROUNDS, P, noise(&mut Seeded::new(SEED, 2), 300));
    let (file, row) = match road {
        Road::Engine => (dir.path().join(LOG), attached(row)),
        Road::Files => (newest_segment(dir.path()), row),
    };
    let before = fs::read(&file).unwrap();
    let file = file.strip_prefix(dir.path()).unwrap().to_owned();
    let later = directory();
    copy(dir.path(), later.path());
    let store = EmbeddedStore::open_with(later.path(), settings()).unwrap();
    store.append(row).await.unwrap();
    drop(store);
    let after = fs::read(later.path().join(&file)).unwrap();
    assert!(after.starts_with(&before) && after.len() > before.len() + 300);
    Torn {
        dir,
        expected,
        road,
        file,
        before,
        after,
    }
}

fn newest_segment(dir: &Path) -> PathBuf {
    let segments = files(&dir.join("store/journal"));
    assert!(segments.len() > 2, "{segments:?}");
    segments.last().unwrap().clone()
}

impl Torn {
    /// The directory as a crash within the write left it; `acknowledged`: after the write, rather.
    fn with_end(&self, end: &[u8], acknowledged: bool) -> TempDir {
        let dir = directory();
        copy(self.dir.path(), dir.path());
        fs::write(dir.path().join(&self.file), end).unwrap();
        if acknowledged {
            let durable = mark::read(dir.path()).unwrap();
            let (counts, durable) = match self.road {
                Road::Engine => (Counts::COMMITS, durable.commits),
                Road::Files => (Counts::GROUPS, durable.groups),
            };
            Mark::open(dir.path(), counts, durable.unwrap() + 1).unwrap();
        }
        dir
    }

    /// Every end that the write can have had, and the whole of it with a hole in it.
    fn ends(&self) -> Vec<Vec<u8>> {
        let written = self.before.len()..self.after.len();
        let mut ends: Vec<_> = written.clone().skip(1).step_by(23).collect();
        ends.push(written.end - 1);
        let mut ends: Vec<_> = ends.iter().map(|end| self.after[..*end].to_vec()).collect();
        for from in written.skip(1).step_by(61) {
            let mut hole = self.after.clone();
            hole[from..]
                .iter_mut()
                .take(16)
                .for_each(|byte| *byte ^= 0x55);
            ends.push(hole);
        }
        ends
    }
}

#[tokio::test]
async fn a_torn_write_that_nobody_was_told_of_is_cut_off() {
    for road in [Road::Engine, Road::Files] {
        cuts_off_what_is_torn(road).await;
    }
}

async fn cuts_off_what_is_torn(road: Road) {
    let torn = one_more_write(road).await;
    for (number, end) in torn.ends().iter().enumerate() {
        let dir = torn.with_end(end, false);
        let store = EmbeddedStore::open_with(dir.path(), settings()).unwrap();
        let answers = ask(&store).await;
        assert_eq!(
            format!("{answers:?}"),
            format!("{:?}", torn.expected),
            "end {number}"
        );
        store.append(flush(ROUNDS, P, vec![1])).await.unwrap();
        drop(store);
        drop(EmbeddedStore::open_with(dir.path(), settings()).unwrap());
    }
}

#[tokio::test]
async fn a_write_that_was_acknowledged_is_not_dropped_silently() {
    for road in [Road::Engine, Road::Files] {
        tells_what_is_lost(road).await;
    }
}

async fn tells_what_is_lost(road: Road) {
    let torn = one_more_write(road).await;
    let mut ends = torn.ends();
    ends.push(torn.before.clone());
    for (number, end) in ends.iter().enumerate() {
        let dir = torn.with_end(end, true);
        for attempt in ["first", "second"] {
            let Err(Error::Damaged(what)) = EmbeddedStore::open_with(dir.path(), settings()) else {
                panic!("end {number} is not noticed at the {attempt} start");
            };
            assert!(what.contains("acknowledged"), "{what}");
        }
        let file = fs::read(dir.path().join(&torn.file)).unwrap();
        assert_eq!(&file, end, "end {number}: nothing is changed");
    }
}

#[tokio::test]
async fn a_store_of_another_engine_format_is_left_alone() {
    let dir = directory();
    fill(dir.path()).await;
    let marker = dir.path().join("store/version");
    fs::write(&marker, b"FJL\x04").unwrap();
    let before: Vec<_> = files(dir.path())
        .iter()
        .map(|path| fs::read(path).unwrap())
        .collect();
    let Err(Error::Refused(what)) = EmbeddedStore::open_with(dir.path(), settings()) else {
        panic!("it is opened")
    };
    assert!(
        what.contains("format 4") && what.contains("reads 3"),
        "{what}"
    );
    let after: Vec<_> = files(dir.path())
        .iter()
        .map(|path| fs::read(path).unwrap())
        .collect();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_store_of_another_row_format_is_refused() {
    let dir = directory();
    fill(dir.path()).await;
    let store = EmbeddedStore::open_with(dir.path(), settings()).unwrap();
    let (rows, key) = store.shared.tables.place(Table::Meta, meta::FORMAT);
    rows.insert(key, values::meta(3)).unwrap();
    let Err(Error::Refused(what)) = store.raise_epoch(8).await else {
        panic!("it is used")
    };
    assert!(what.contains("format 3"), "{what}");
}

#[tokio::test]
async fn damage_that_the_engine_meets_in_the_background_is_told_as_damage() {
    let dir = directory();
    fill(dir.path()).await;
    let tables = files(&dir.path().join("store/keyspaces/1/tables"));
    for table in &tables {
        let mut bytes = fs::read(table).unwrap();
        bytes[200] ^= 1;
        fs::write(table, bytes).unwrap();
    }
    let store = EmbeddedStore::open_with(dir.path(), settings()).unwrap();
    let mut seeded = Seeded::new(SEED, 3);
    for round in ROUNDS..ROUNDS + 2_000 {
        let user = format!("new-{round}");
        let write = SnapshotWrite {
            entity: Entity::User(self::user(&user)),
            chunks: Vec::new(),
            ..snapshot(round, &mut seeded)
        };
        if let Err(error) = store.commit(write).await {
            assert!(matches!(error, Error::Damaged(_)), "{error}");
            assert!(store.fault().unwrap().contains("damaged"));
            return;
        }
    }
    panic!("the engine never joined {tables:?}");
}
