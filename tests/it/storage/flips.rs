//! One flipped bit in a file of the store: every answer is right or refused, and the server says that something is damaged.

use std::fs;
use std::path::{Path, PathBuf};

use streakline::entropy::Seeded;

use super::world::{Answers, CLOCK, all, ask_again, copy, live, readiness};
use crate::harness::Server;
use crate::harness::dump::Dump;
use crate::harness::server::Failed;

const SEED: u64 = 11;
const FLIPS_OF_A_KIND: u64 = 6;
/// Small tables of the engine, so that there are some.
const SMALL: [&str; 2] = ["--fault", "memtable=4096"];

/// A directory that has been lived in, and what it answers.
struct Lived {
    server: Server,
    before: Dump,
}

fn lived() -> Lived {
    let mut server = Server::start(CLOCK, &SMALL);
    live(&server);
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    let before = all(&server);
    assert_eq!(server.terminate(), Some(0));
    Lived { server, before }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if fs::metadata(&path).unwrap().len() > 0 {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Files by what they hold: the engine numbers its keyspaces as they are made.
fn of_kind(data: &Path, kind: &str) -> Vec<PathBuf> {
    let store = data.join("store");
    let in_tables = |keyspace: u64| files(&store.join(format!("keyspaces/{keyspace}/tables")));
    match kind {
        "rows" => in_tables(1),
        "chunks" => in_tables(2),
        "segment" => files(&store.join("journal")),
        _ => files(&store)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|kind| kind == "jnl"))
            .collect(),
    }
}

impl Lived {
    /// A copy with one bit flipped somewhere in a file of that kind.
    fn damaged(&self, kind: &str, seeded: &mut Seeded) -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        copy(&self.server.data(), &data);
        let files = of_kind(&data, kind);
        assert!(!files.is_empty(), "there is no file with {kind}");
        let file = &files[seeded.below(files.len() as u64) as usize];
        let mut bytes = fs::read(file).unwrap();
        let (at, bit) = (seeded.below(bytes.len() as u64) as usize, seeded.below(8));
        bytes[at] ^= 1 << bit;
        fs::write(file, bytes).unwrap();
        (
            dir,
            format!(
                "bit {bit} of byte {at} of {}, which holds {kind}",
                file.display()
            ),
        )
    }
}

/// It is told in one line what is damaged and what to do.
#[track_caller]
fn assert_told(failed: &Failed, what: &str) {
    assert_eq!(failed.code, Some(1), "{what}: {}", failed.log);
    let last = failed.log.lines().last().unwrap();
    let told = last.starts_with("streakline: stored data is damaged: ");
    assert!(told && last.contains("restore a backup"), "{what}: {last}");
    assert!(!failed.log.contains("panicked"), "{what}: {}", failed.log);
}

/// What is damaged is refused by a server that is not ready, the rest is answered as before.
fn judge(server: &mut Server, before: &Dump, what: &str) -> Answers {
    let answers = ask_again(server, before, what);
    let (status, body) = readiness(server);
    if answers.refused > 0 {
        assert_eq!(status, 503, "{what}: {body}: {}", server.log());
        assert!(body.contains("damaged"), "{what}: {body}");
    }
    assert!(!server.log().contains("panicked"), "{what}");
    answers
}

fn flip(kind: &str) {
    let lived = lived();
    let mut seeded = Seeded::new(SEED, 0);
    let mut found = 0;
    for _ in 0..FLIPS_OF_A_KIND {
        let (dir, what) = lived.damaged(kind, &mut seeded);
        match Server::on(dir, CLOCK, &SMALL) {
            Err(failed) => {
                assert_told(&failed, &what);
                found += 1;
            }
            Ok(mut server) => {
                let answers = judge(&mut server, &lived.before, &what);
                found += u64::from(answers.refused > 0);
                assert!(answers.same > 0, "{what}: {answers:?}");
            }
        }
    }
    // A bit of a record that nobody asks for is found when somebody does.
    assert!(
        found > 0 || kind == "chunks",
        "no flip in {kind} was noticed"
    );
}

#[test]
fn a_flipped_bit_in_a_log_is_found() {
    flip("log");
}

#[test]
fn a_flipped_bit_in_a_snapshot_is_found() {
    flip("rows");
}

#[test]
fn a_flipped_bit_in_a_segment_is_found() {
    flip("segment");
}

#[test]
fn a_flipped_bit_in_a_chunk_changes_no_answer() {
    flip("chunks");
}
