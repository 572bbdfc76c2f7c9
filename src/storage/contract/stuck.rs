//! Inputs that were put aside: durable with the input that says so, listed in pages.

use super::*;

fn id(partition: PartitionId, epoch: u64, index: u64) -> StuckId {
    StuckId {
        partition,
        position: at(epoch, index),
    }
}

fn attached(first: u64, attachments: Vec<Attachment>) -> JournalRow {
    JournalRow {
        attachments,
        ..row(first, first)
    }
}

pub(super) async fn rows_put_aside_are_durable_with_the_input_that_says_so<F: Fixture>(fixture: F) {
    let (first, second) = (id(P, 1, 1), id(P, 1, 2));
    let put = |id, text: &str| Attachment::Stuck(id, text.as_bytes().to_vec());
    let store = fixture.store();
    let both = vec![put(first, "one"), put(second, "two")];
    store.append(attached(1, both)).await.unwrap();
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(store.stuck_row(first).await.unwrap(), Some(b"one".to_vec()));
    let replaced = vec![Attachment::Unstuck(first), put(second, "anew")];
    store.append(attached(2, replaced)).await.unwrap();
    let absent = vec![Attachment::Unstuck(first)];
    store.append(attached(3, absent)).await.unwrap();
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(store.stuck_row(first).await.unwrap(), None);
    let left = store.stuck(None, 9).await.unwrap();
    assert_eq!(left, [(second, b"anew".to_vec())]);
    let refused = JournalRow {
        bytes: b"other".to_vec(),
        ..attached(3, vec![put(first, "never")])
    };
    assert!(store.append(refused).await.is_err());
    assert_eq!(store.stuck_row(first).await.unwrap(), None);
}

pub(super) async fn rows_put_aside_are_listed_in_pages_by_place<F: Fixture>(fixture: F) {
    let ids = [
        id(P, 1, 2),
        id(P, 1, 300),
        id(P, 2, 1),
        id(Q, 1, 1),
        id(Q, 1, 256),
    ];
    let store = fixture.store();
    for (index, at) in [3, 0, 4, 2, 1].into_iter().enumerate() {
        let put = Attachment::Stuck(ids[at], vec![at as u8]);
        let row = attached(index as u64 + 1, vec![put]);
        store.append(row).await.unwrap();
    }
    let listed = async |after, limit| -> Vec<StuckId> {
        let rows = store.stuck(after, limit).await.unwrap();
        rows.into_iter().map(|(id, _)| id).collect()
    };
    assert_eq!(listed(None, 9).await, ids);
    assert_eq!(listed(None, 2).await, ids[..2]);
    assert_eq!(listed(Some(ids[1]), 2).await, ids[2..4]);
    assert_eq!(listed(Some(id(P, 2, 0)), 9).await, ids[2..]);
    assert_eq!(listed(Some(ids[4]), 9).await, []);
    assert_eq!(listed(None, 0).await, []);
}
