//! What only the embedded store has: its lock, its files, its faults, and its thread.

use std::{collections::BTreeMap, fs, path::PathBuf};

use futures_util::{FutureExt, future::join_all};
use streakline_core::id::{ChallengeId, DeviceId, PartitionId, Position, UserId};
use tempfile::TempDir;

use super::{
    super::{Attachment, Catalogue, DueRows, Journal, JournalRow, Ownership, Snapshots},
    *,
};

mod damage;
mod erasure;
mod roads;

const P: PartitionId = PartitionId(0x101);

fn directory() -> TempDir {
    TempDir::new().unwrap()
}

fn row(index: u64) -> JournalRow {
    let position = Position { epoch: 1, index };
    let bytes = vec![7; 60];
    JournalRow {
        partition: P,
        first: position,
        last: position,
        bytes,
        attachments: Vec::new(),
    }
}

fn one_row_a_segment() -> Settings {
    Settings {
        segment_bytes_max: 1,
        ..Settings::default()
    }
}

fn segment_files(dir: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.path().join("store/journal")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

async fn indexes(store: &EmbeddedStore) -> Vec<u64> {
    let rows = store.tail(P, None, usize::MAX).await.unwrap();
    rows.iter().map(|row| row.first.index).collect()
}

#[tokio::test]
async fn a_second_server_on_one_directory_is_refused() {
    let dir = directory();
    let first = EmbeddedStore::open(dir.path()).unwrap();
    let Err(error) = EmbeddedStore::open(dir.path()) else {
        panic!("opened twice")
    };
    assert!(matches!(error, Error::Refused(_)));
    assert!(error.to_string().contains("another server has"), "{error}");
    first.append(row(1)).await.unwrap();
    drop(first);
    let second = EmbeddedStore::open(dir.path()).unwrap();
    assert_eq!(indexes(&second).await, [1]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_enter_a_directory_that_the_store_made() {
    use std::os::unix::fs::PermissionsExt;
    let parent = directory();
    let dir = parent.path().join("deep/data");
    let store = EmbeddedStore::open(&dir).unwrap();
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for path in [dir.clone(), dir.join("store"), dir.join("store/journal")] {
        assert_eq!(mode(&path), 0o700, "{path:?}");
    }
    store.append(row(1)).await.unwrap();
    assert_eq!(mode(&dir.join("store/journal/00000001.seg")), 0o600);
}

#[tokio::test]
async fn the_files_of_a_dropped_segment_vanish() {
    let dir = directory();
    let store = EmbeddedStore::open_with(dir.path(), one_row_a_segment()).unwrap();
    for index in 1..=6 {
        store.append(row(index)).await.unwrap();
    }
    assert_eq!(segment_files(&dir).len(), 6, "a segment a row");
    let uncovered = Position { epoch: 1, index: 4 };
    store
        .truncate(BTreeMap::from([(P, uncovered)]))
        .await
        .unwrap();
    assert_eq!(segment_files(&dir).len(), 3);
    assert_eq!(indexes(&store).await, [4, 5, 6]);
    drop(store);
    let store = EmbeddedStore::open_with(dir.path(), one_row_a_segment()).unwrap();
    assert_eq!(indexes(&store).await, [4, 5, 6]);
}

#[tokio::test]
async fn the_newest_segment_is_never_dropped() {
    let dir = directory();
    let mut settings = one_row_a_segment();
    let past_all = Position {
        epoch: u64::MAX,
        index: u64::MAX,
    };
    for index in 1..=3 {
        let store = EmbeddedStore::open_with(dir.path(), settings.clone()).unwrap();
        store.append(row(index)).await.unwrap();
        store
            .truncate(BTreeMap::from([(P, past_all)]))
            .await
            .unwrap();
        assert_eq!(indexes(&store).await, [index]);
        settings.segment_bytes_max = 1;
    }
}

#[tokio::test]
async fn a_segment_is_filled_up_after_a_restart() {
    let dir = directory();
    for index in 1..=4 {
        let settings = Settings {
            segment_bytes_max: 400,
            ..Settings::default()
        };
        let store = EmbeddedStore::open_with(dir.path(), settings).unwrap();
        store.append(row(index)).await.unwrap();
        // A file begins with 64 bytes and a row takes 137: the first three fit.
        let segments = segment_files(&dir).len();
        assert_eq!(segments, if index <= 3 { 1 } else { 2 }, "row {index}");
        assert_eq!(indexes(&store).await, (1..=index).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn rows_out_of_order_across_segments_are_read_in_order() {
    let dir = directory();
    let store = EmbeddedStore::open_with(dir.path(), one_row_a_segment()).unwrap();
    for index in [5, 2, 9, 1] {
        store.append(row(index)).await.unwrap();
    }
    store.append(row(2)).await.unwrap();
    assert_eq!(indexes(&store).await, [1, 2, 5, 9]);
    let after = Some(Position { epoch: 1, index: 2 });
    assert_eq!(
        store.tail(P, after, usize::MAX).await.unwrap(),
        [row(5), row(9)]
    );
}

/// Where segments are made: of the journal's files, and of rows with attachments.
const SEGMENTS: [&str; 2] = ["store/journal", "store/keyspaces"];

/// The next segment cannot be made, so that the write fails for a reason that the disk gives.
fn break_disk(dir: &TempDir, segments: &str) {
    let segments = dir.path().join(segments);
    fs::rename(&segments, dir.path().join("kept")).unwrap();
    fs::write(&segments, b"not a directory").unwrap();
}

fn mend_disk(dir: &TempDir, segments: &str) {
    let segments = dir.path().join(segments);
    fs::remove_file(&segments).unwrap();
    fs::rename(dir.path().join("kept"), &segments).unwrap();
}

/// A row of the same bytes that goes into the engine.
fn attached(index: u64) -> JournalRow {
    JournalRow {
        attachments: vec![Attachment::ChallengeUnlisted(ChallengeId([1; 16]))],
        ..row(index)
    }
}

#[tokio::test]
async fn after_a_failed_write_everything_is_unavailable() {
    for (segments, made) in SEGMENTS.into_iter().zip([row, attached]) {
        fails_for_good(segments, made).await;
    }
}

async fn fails_for_good(segments: &str, row: fn(u64) -> JournalRow) {
    let dir = directory();
    let store = EmbeddedStore::open_with(dir.path(), one_row_a_segment()).unwrap();
    store.append(row(1)).await.unwrap();
    assert_eq!(store.fault(), None);
    let syncs = store.syncs();
    break_disk(&dir, segments);
    let ann = UserId::parse("ann").unwrap();
    let unavailable = |answer: Option<Error>| matches!(answer, Some(Error::Unavailable(_)));
    // In one group: none may be answered with success.
    let device = DeviceId([1; 16]);
    let (appended, too) = tokio::join!(store.append(row(2)), store.append(row(4)));
    assert!(unavailable(appended.err()));
    assert!(unavailable(too.err()));
    assert!(unavailable(store.claim_device(device, &ann).await.err()));
    assert!(unavailable(store.raise_epoch(8).await.err()));
    let fault = store.fault().unwrap();
    assert!(unavailable(store.append(row(3)).await.err()));
    assert!(unavailable(store.truncate(BTreeMap::new()).await.err()));
    assert!(unavailable(store.tail(P, None, 1).await.err()));
    assert!(unavailable(store.partition_row(P).await.err()));
    assert!(unavailable(store.earliest_due(P).await.err()));
    assert_eq!(
        (store.fault(), store.syncs()),
        (Some(fault), syncs),
        "the first reason stays"
    );
    mend_disk(&dir, segments);
    assert!(
        unavailable(store.append(row(2)).await.err()),
        "until the next start"
    );

    drop(store);
    let store = EmbeddedStore::open_with(dir.path(), one_row_a_segment()).unwrap();
    assert_eq!((indexes(&store).await, store.fault()), (vec![1], None));
    assert_eq!(store.claim_device(device, &ann).await.unwrap(), ann);
    assert_eq!(store.raise_epoch(8).await.unwrap(), 1);
}

#[tokio::test]
async fn a_writer_that_has_ended_is_a_fault() {
    let dir = directory();
    let mut store = EmbeddedStore::open(dir.path()).unwrap();
    let (closed, _) = mpsc::channel(1);
    store.appends = closed;
    assert!(matches!(
        store.append(row(1)).await,
        Err(Error::Unavailable(_))
    ));
    assert!(store.fault().unwrap().contains("has ended"));
}

#[test]
fn single_threaded_runtimes_share_the_store() {
    let dir = directory();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let partitions = [P, PartitionId(0x102), PartitionId(0x103)];
    thread::scope(|scope| {
        for partition in partitions {
            let store = &store;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let rows = (1..=20).map(|index| JournalRow {
                        partition,
                        ..row(index)
                    });
                    let appended = join_all(rows.map(|row| store.append(row))).await;
                    assert!(appended.iter().all(Result::is_ok));
                    let tail = store.tail(partition, None, usize::MAX).await.unwrap();
                    assert_eq!(tail.len(), 20);
                });
            });
        }
    });
    assert!(store.syncs() <= 60);
}

#[tokio::test]
async fn what_waits_in_the_queue_is_written_before_the_store_ends() {
    let dir = directory();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let mut append = store.append(row(1));
    // Asked for, and the answer never awaited.
    assert!((&mut append).now_or_never().is_none());
    drop(append);
    drop(store);
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert_eq!(indexes(&store).await, [1]);
}

#[tokio::test]
async fn a_crash_within_the_first_start_does_not_spoil_the_directory() {
    for marker in [None, Some("")] {
        let dir = directory();
        let path = dir.path().join("store");
        fs::create_dir_all(path.join("keyspaces")).unwrap();
        fs::write(path.join("0.jnl"), [0; 100]).unwrap();
        if let Some(marker) = marker {
            fs::write(path.join("version"), marker).unwrap();
        }
        let store = EmbeddedStore::open(dir.path()).unwrap();
        store.append(row(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_that_lost_its_marker_is_not_thrown_away() {
    let dir = directory();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    store.append(row(1)).await.unwrap();
    drop(store);
    let marker = dir.path().join("store/version");
    let kept = fs::read(&marker).unwrap();
    fs::remove_file(&marker).unwrap();
    assert!(EmbeddedStore::open(dir.path()).is_err());
    fs::write(&marker, kept).unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert_eq!(indexes(&store).await, [1]);
}
