//! What only the store in memory has: it can be broken on purpose.

use futures_util::FutureExt;

use super::*;

const P: PartitionId = PartitionId(0x101);

fn row(index: u64) -> JournalRow {
    let position = Position { epoch: 1, index };
    let bytes = b"input".to_vec();
    JournalRow {
        partition: P,
        first: position,
        last: position,
        bytes,
        attachments: Vec::new(),
    }
}

/// Without a runtime: the answer is there at once.
fn append(store: &MemoryStore, index: u64) -> Result<(), Error> {
    store.append(row(index)).now_or_never().unwrap()
}

fn rows(store: &MemoryStore) -> usize {
    store
        .tail(P, None, usize::MAX)
        .now_or_never()
        .unwrap()
        .unwrap()
        .len()
}

#[test]
fn a_store_that_forgets_the_sync_loses_acknowledged_rows() {
    let store = MemoryStore::new();
    append(&store, 1).unwrap();
    store.set_skip_sync(true);
    append(&store, 2).unwrap();
    assert_eq!(
        (rows(&store), store.syncs()),
        (2, 1),
        "it looks well until the power goes"
    );
    store.lose_power();
    assert_eq!(rows(&store), 1);
}

#[test]
fn a_sync_covers_all_that_was_written_before() {
    let store = MemoryStore::new();
    store.set_skip_sync(true);
    append(&store, 1).unwrap();
    store.set_skip_sync(false);
    append(&store, 2).unwrap();
    store.lose_power();
    assert_eq!(rows(&store), 2);
}

#[test]
fn a_restart_without_a_power_loss_keeps_what_was_not_synced() {
    let store = MemoryStore::new();
    store.set_skip_sync(true);
    append(&store, 1).unwrap();
    store.restart();
    assert_eq!(rows(&store), 1);
}

#[test]
fn a_released_row_may_come_back_after_a_power_loss() {
    let store = MemoryStore::new();
    append(&store, 1).unwrap();
    let past = Position { epoch: 1, index: 2 };
    store
        .truncate(BTreeMap::from([(P, past)]))
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(rows(&store), 0);
    store.lose_power();
    assert_eq!(
        rows(&store),
        1,
        "as a segment whose deletion was not synced"
    );
}

#[test]
fn after_a_failed_write_everything_is_unavailable_until_the_next_start() {
    let store = MemoryStore::new();
    store.fail_after(1);
    append(&store, 1).unwrap();
    for index in 2..=3 {
        assert!(matches!(append(&store, index), Err(Error::Unavailable(_))));
    }
    let tail = store.tail(P, None, usize::MAX).now_or_never().unwrap();
    assert!(matches!(tail, Err(Error::Unavailable(_))));
    assert!(store.fault().unwrap().contains("a write failed"));
    store.restart();
    assert_eq!(
        (rows(&store), store.fault()),
        (1, None),
        "the failed write is not applied"
    );
    append(&store, 2).unwrap();
}

#[test]
fn a_fault_can_be_set_at_any_time() {
    let store = MemoryStore::new();
    store.set_fault("disk full");
    let error = append(&store, 1).unwrap_err();
    assert!(error.to_string().contains("disk full"), "{error}");
    store.lose_power();
    append(&store, 1).unwrap();
}

#[test]
fn a_clone_is_the_same_disk() {
    let store = MemoryStore::new();
    append(&store, 1).unwrap();
    let other = store.clone();
    append(&other, 2).unwrap();
    assert_eq!((rows(&store), store.syncs()), (2, 2));
}
