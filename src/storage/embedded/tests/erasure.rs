//! What is left of an erased user in the files.

use std::{fs, path::Path};

use streakline_core::{
    civil::Day,
    id::{ChallengeId, DeviceId, Entity, PartitionId, Position, UserId},
};

use super::super::{
    super::{
        Catalogue as _, ChunkId, Erasure as _, Gone, Journal as _, JournalRow, KeyRow, Keys as _,
        SnapshotWrite, Snapshots as _, Traces, envelope::KeyId,
    },
    EmbeddedStore,
};

/// Files that hold a text, as it stands.
fn files_with(dir: &Path, text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if fs::read(&path)
            .unwrap()
            .windows(text.len())
            .any(|part| part == text)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn key_of(number: u8, bytes: &str) -> KeyRow {
    KeyRow {
        id: KeyId([number; 16]),
        bytes: bytes.into(),
    }
}

async fn lives(store: &EmbeddedStore, name: &str, number: u8) {
    let user = UserId::parse(name).unwrap();
    store
        .claim_device(DeviceId([number; 16]), &user)
        .await
        .unwrap();
    store
        .claim_key(&user, key_of(number, &format!("wrapped-of-{name}")))
        .await
        .unwrap();
    let entity = Entity::User(user);
    let write = SnapshotWrite {
        partition: entity.partition(8),
        entity,
        covered: Position { epoch: 1, index: 1 },
        state: format!("state-of-{name}").into_bytes(),
        chunks: vec![(
            ChunkId {
                day: Day(1),
                number: 1,
            },
            format!("chunk-of-{name}").into_bytes(),
        )],
        dropped_chunks: Vec::new(),
        facts: vec![(1, b"fact".to_vec())],
        transfers: Vec::new(),
        changes: Vec::new(),
        standings: vec![(ChallengeId([1; 16]), Some(b"standing".to_vec()))],
        due_before_ms: None,
        due_ms: Some(5),
        partition_row: Vec::new(),
    };
    store.commit(write).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_user_is_left_in_any_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    for number in 0..200 {
        lives(&store, &format!("somebody-{number}"), number).await;
    }
    lives(&store, "mallory-7", 201).await;
    // Some of it is in tables already, some in the log only.
    for keyspace in store.shared.tables.keyspaces() {
        keyspace.rotate_memtable_and_wait().unwrap();
    }
    lives(&store, "mallory-7", 201).await;
    let traces_of = |text: &str| files_with(dir.path(), text.as_bytes());
    assert!(
        traces_of("mallory-7").len() > 1,
        "the scan finds what is there"
    );
    let user = UserId::parse("mallory-7").unwrap();
    let traces = Traces {
        partition: Entity::User(user.clone()).partition(8),
        user,
        devices: Vec::new(),
        challenges: Vec::new(),
        due_ms: None,
        key: Some(key_of(201, "gone")),
        partition_row: Vec::new(),
    };
    store.erase(traces).await.unwrap();
    assert_eq!(store.purge().await.unwrap(), Gone::Done);
    for text in [
        "mallory-7",
        "wrapped-of-mallory",
        "state-of-mallory",
        "chunk-of-mallory",
    ] {
        assert_eq!(traces_of(text), [""; 0], "{text}");
    }
    assert!(
        files_with(dir.path(), &[201; 16]).len() <= 1,
        "the tombstone"
    );
    assert!(!traces_of("somebody-7").is_empty(), "the others are there");
    drop(store);
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let other = Entity::User(UserId::parse("somebody-7").unwrap());
    assert!(store.snapshot(&other).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_purge_the_journal_goes_on_in_a_new_segment_and_the_old_one_can_go() {
    const P: PartitionId = PartitionId(0x101);
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let at = |index| Position { epoch: 1, index };
    let row = |index| JournalRow {
        partition: P,
        first: at(index),
        last: at(index),
        bytes: vec![7; 9],
        attachments: Vec::new(),
    };
    for index in 1..=2 {
        store.append(row(index)).await.unwrap();
    }
    store.purge().await.unwrap();
    store.append(row(3)).await.unwrap();
    let uncovered = [(P, at(3))].into_iter().collect();
    store.truncate(uncovered).await.unwrap();
    let left = store.tail(P, None, usize::MAX).await.unwrap();
    assert_eq!(left, [row(3)]);
}
