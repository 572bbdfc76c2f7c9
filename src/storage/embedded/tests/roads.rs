//! The two roads of a journal row, into a file or into the engine: together they are one journal. And directories of before
//! there were files, where all of it is in the engine.

use streakline_core::id::ChallengeId;

use super::{
    super::super::{StuckId, StuckRows as _},
    *,
};

const Q: PartitionId = PartitionId(0x102);

fn at(index: u64) -> Position {
    Position { epoch: 1, index }
}

/// Rows in the engine, as a server before there were files left them, with the mark that it wrote.
fn without_files(dir: &TempDir, rows: &[JournalRow]) {
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let shared = &store.shared;
    let segment = shared.segments.writable(&shared.database, &shared.settings);
    let segment = segment.unwrap();
    for row in rows {
        let key = keys::journal(row.partition, row.first);
        segment.insert(key, values::journal(row)).unwrap();
    }
    let (meta_rows, key) = shared.tables.place(Table::Meta, meta::FORMAT);
    meta_rows.insert(key, values::meta(1)).unwrap();
    drop(store);
    fs::remove_dir_all(dir.path().join("store/journal")).unwrap();
    let commits = mark::read(dir.path()).unwrap().commits.unwrap();
    fs::write(dir.path().join("store.mark"), values::meta(commits)).unwrap();
}

fn keyspaces_of_rows(store: &EmbeddedStore) -> usize {
    let names = store.shared.database.list_keyspace_names();
    let segments = names.iter().filter(|name| name.starts_with("journal-"));
    segments.count()
}

#[tokio::test]
async fn a_directory_of_before_there_were_files_is_read_and_goes_on_in_files() {
    let dir = directory();
    without_files(&dir, &[row(1), row(2), row(3)]);
    assert_eq!(mark::read(dir.path()).unwrap().groups, None);
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert_eq!(indexes(&store).await, [1, 2, 3]);
    assert_eq!(store.raise_epoch(8).await.unwrap(), 1);
    store.append(row(2)).await.unwrap();
    let other = JournalRow {
        bytes: vec![8],
        ..row(3)
    };
    assert!(matches!(store.append(other).await, Err(Error::Damaged(_))));
    store.append(row(4)).await.unwrap();
    assert_eq!(segment_files(&dir).len(), 1);
    drop(store);
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert_eq!(indexes(&store).await, [1, 2, 3, 4]);
    let after = store.tail(P, Some(at(3)), usize::MAX).await.unwrap();
    assert_eq!(after, [row(4)]);
}

#[tokio::test]
async fn rows_of_before_there_were_files_are_dropped_when_they_are_covered() {
    let dir = directory();
    without_files(&dir, &[row(1), row(2), row(3)]);
    let store = EmbeddedStore::open_with(dir.path(), one_row_a_segment()).unwrap();
    for index in [4, 5] {
        store.append(row(index)).await.unwrap();
    }
    assert_eq!(keyspaces_of_rows(&store), 1);
    for (first_uncovered, left) in [(3, vec![1, 2, 3, 4, 5]), (4, vec![4, 5]), (5, vec![5])] {
        let uncovered = BTreeMap::from([(P, at(first_uncovered))]);
        store.truncate(uncovered).await.unwrap();
        assert_eq!(indexes(&store).await, left, "{first_uncovered}");
    }
    assert_eq!(keyspaces_of_rows(&store), 0);
    store.append(attached(6)).await.unwrap();
    drop(store);
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert_eq!(indexes(&store).await, [5, 6]);
}

#[tokio::test]
async fn rows_with_and_without_attachments_are_read_as_one_journal() {
    let dir = directory();
    let settings = Settings {
        segment_bytes_max: 300,
        ..Settings::default()
    };
    let store = EmbeddedStore::open_with(dir.path(), settings.clone()).unwrap();
    let of_q = |row: JournalRow| JournalRow {
        partition: Q,
        ..row
    };
    for index in 1..=24 {
        let row = if index % 3 == 0 {
            attached(index)
        } else {
            row(index)
        };
        store.append(row.clone()).await.unwrap();
        store.append(of_q(row)).await.unwrap();
    }
    assert_eq!(store.shared.journaled_partitions(), [P, Q].into());
    drop(store);
    let store = EmbeddedStore::open_with(dir.path(), settings).unwrap();
    for after in 0..=24 {
        let tail = store.tail(Q, Some(at(after)), usize::MAX).await.unwrap();
        let expected: Vec<_> = (after + 1..=24).map(|index| of_q(row(index))).collect();
        assert_eq!(tail, expected, "after {after}");
    }
    // Whichever road the same row takes, it is there; another one is refused on both.
    for index in [2, 3] {
        for again in [row(index), attached(index)] {
            store.append(again.clone()).await.unwrap();
            let other = JournalRow {
                bytes: vec![9],
                ..again
            };
            assert!(matches!(store.append(other).await, Err(Error::Damaged(_))));
        }
    }
    assert_eq!(indexes(&store).await, (1..=24).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_that_come_together_in_any_order_are_there_once() {
    let dir = directory();
    let other = |index| JournalRow {
        bytes: vec![9],
        ..row(index)
    };
    // Some of them share a group, some do not, and a start lies between the rounds.
    for round in 0..2 {
        let store = EmbeddedStore::open(dir.path()).unwrap();
        let appends = (0..5).flat_map(|tens: u64| {
            let [one, two, three, four] = [1, 2, 3, 4].map(|index| tens * 10 + index);
            let new = if round == 0 { four } else { two };
            [
                row(three),
                row(one),
                row(three),
                other(three),
                other(one),
                row(new),
            ]
        });
        let appended = join_all(appends.map(|row| store.append(row))).await;
        for outcomes in appended.chunks(6) {
            let taken = outcomes.iter().map(Result::is_ok).collect::<Vec<_>>();
            assert_eq!(taken, [true, true, true, false, false, true]);
        }
        let expected = (0..50).filter(|index| match index % 10 {
            1 | 3 | 4 => true,
            2 => round == 1,
            _ => false,
        });
        assert_eq!(indexes(&store).await, expected.collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn groups_of_rows_alone_do_not_touch_the_engine() {
    let dir = directory();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    store.raise_epoch(8).await.unwrap();
    let commits = || mark::read(dir.path()).unwrap();
    let before = commits();
    for index in 1..=5 {
        store.append(row(index)).await.unwrap();
    }
    let after = commits();
    assert_eq!(after.commits, before.commits);
    assert_eq!(after.groups, Some(5));
    assert_eq!(keyspaces_of_rows(&store), 0);
}

#[tokio::test]
async fn who_leaves_gives_back_the_room_that_was_taken_for_more() {
    let dir = directory();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    store.append(row(1)).await.unwrap();
    let length = || fs::metadata(&segment_files(&dir)[0]).unwrap().len();
    if cfg!(target_os = "linux") {
        assert_eq!(length(), Settings::default().segment_bytes_max);
    }
    store.leave().await.unwrap();
    // A header, a group and a row.
    assert_eq!(length(), 64 + 32 + 45 + 60);
    store.append(row(2)).await.unwrap();
    assert_eq!(indexes(&store).await, [1, 2]);
}

#[tokio::test]
async fn a_segment_in_the_engine_is_dropped_when_it_is_long_enough_or_has_ended() {
    let dir = directory();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let id = StuckId {
        partition: P,
        position: at(1),
    };
    let stuck = JournalRow {
        attachments: vec![Attachment::Stuck(id, vec![1])],
        ..row(1)
    };
    store.append(stuck).await.unwrap();
    let covered = || store.truncate(BTreeMap::from([(P, at(2))]));
    covered().await.unwrap();
    assert_eq!(keyspaces_of_rows(&store), 1, "it is short");
    store.shared.segments.end_newest();
    covered().await.unwrap();
    assert_eq!(keyspaces_of_rows(&store), 0, "it has ended");
    assert!(store.stuck_row(id).await.unwrap().is_some());
    let listed = JournalRow {
        attachments: vec![Attachment::ChallengeListed(ChallengeId([3; 16]))],
        ..row(2)
    };
    store.append(listed).await.unwrap();
    assert_eq!(indexes(&store).await, [2]);
}
