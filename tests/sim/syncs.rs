//! The embedded store syncs at least once for every flush that is acknowledged.

use streakline::storage::{Journal, JournalRow, Ownership, embedded::EmbeddedStore};
use streakline_core::id::{PartitionId, Position};

fn row(index: u64) -> JournalRow {
    let at = Position { epoch: 1, index };
    JournalRow {
        partition: PartitionId(256),
        first: at,
        last: at,
        bytes: vec![1; 64],
        attachments: Vec::new(),
    }
}

#[tokio::test]
async fn every_acknowledged_flush_is_synced() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    for index in 1..=50 {
        let before = store.syncs();
        store.append(row(index)).await.unwrap();
        assert!(
            store.syncs() > before,
            "flush {index} was acknowledged without a sync"
        );
    }
}
