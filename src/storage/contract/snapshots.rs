//! Snapshots and the rows that come with them.

use super::*;

/// The largest number that every store keeps.
const LAST: u64 = i64::MAX as u64;

fn ann() -> Entity {
    Entity::User(user("ann"))
}

pub(super) async fn the_newest_snapshot_wins<F: Fixture>(fixture: F) {
    let store = fixture.store();
    assert_eq!(store.snapshot(&ann()).await.unwrap(), None);
    for write in [snapshot("ann", 5), snapshot("ann", 9), snapshot("ann", 9)] {
        store.commit(write).await.unwrap();
    }
    let mut late = snapshot("ann", 5);
    late.chunks = vec![(chunk(1, 1), b"late".to_vec())];
    late.due_ms = Some(7);
    late.partition_row = b"late".to_vec();
    store.commit(late).await.unwrap();
    let newest = store.snapshot(&ann()).await.unwrap().unwrap();
    assert_eq!(
        (newest.covered, newest.state),
        (at(1, 9), b"ann at 9".to_vec())
    );
    assert!(
        store.chunks(&user("ann"), vec![chunk(1, 1)]).await.is_err(),
        "ignored as a whole"
    );
    assert_eq!(store.earliest_due(P).await.unwrap(), None);
    assert_eq!(store.partition_row(P).await.unwrap(), Some(Vec::new()));

    let later_epoch = snapshot_of(ann(), at(2, 1), "ann in epoch 2");
    store.commit(later_epoch).await.unwrap();
    assert_eq!(
        store.snapshot(&ann()).await.unwrap().unwrap().covered,
        at(2, 1)
    );
    for other in [Entity::User(user("an")), Entity::User(user("anna"))] {
        assert_eq!(store.snapshot(&other).await.unwrap(), None);
    }
}

/// What a challenge of a quarter of a million members is, about.
const LARGE_BYTES: usize = 40_000_000;

pub(super) async fn a_state_of_a_large_challenge_is_kept_and_replaced<F: Fixture>(mut fixture: F) {
    let of = Entity::Challenge(challenge(3));
    let sizes = [LARGE_BYTES, 20, LARGE_BYTES + 1, 0];
    for (index, bytes) in (1..).zip(sizes) {
        let state: Vec<u8> = (0..=250).cycle().take(bytes).collect();
        let write = SnapshotWrite {
            state: state.clone(),
            ..snapshot_of(of.clone(), at(1, index), "")
        };
        fixture.store().commit(write).await.unwrap();
        fixture = fixture.crash().await;
        let newest = fixture.store().snapshot(&of).await.unwrap().unwrap();
        assert_eq!(newest.covered, at(1, index));
        assert!(newest.state == state, "{bytes} bytes");
    }
}

pub(super) async fn a_snapshot_brings_all_its_rows_along<F: Fixture>(fixture: F) {
    let mut write = snapshot("ann", 9);
    write.chunks = vec![
        (chunk(-1, 1), b"c1".to_vec()),
        (chunk(3, 2), b"c2".to_vec()),
    ];
    write.facts = vec![(1, b"f1".to_vec()), (2, b"f2".to_vec())];
    write.transfers = vec![(2, b"t2".to_vec())];
    write.changes = vec![(1, b"w1".to_vec())];
    write.standings = vec![(challenge(1), Some(b"s1".to_vec())), (challenge(2), None)];
    write.due_ms = Some(-5);
    write.partition_row = b"partition".to_vec();
    fixture.store().commit(write).await.unwrap();
    let fixture = fixture.crash().await;
    let (store, ann) = (fixture.store(), user("ann"));
    let chunks = store
        .chunks(&ann, vec![chunk(-1, 1), chunk(3, 2)])
        .await
        .unwrap();
    assert_eq!(chunks, [b"c1", b"c2"]);
    let facts = store.facts(&ann, 0, 10).await.unwrap();
    assert_eq!(facts, [(1, b"f1".to_vec()), (2, b"f2".to_vec())]);
    assert_eq!(
        store.transfers(&ann, 0, 10).await.unwrap(),
        [(2, b"t2".to_vec())]
    );
    assert_eq!(
        store.changes(&ann, 0, 10).await.unwrap(),
        [(1, b"w1".to_vec())]
    );
    let standings = store.standings(challenge(1), None, 10).await.unwrap();
    assert_eq!(standings, [(ann.clone(), b"s1".to_vec())]);
    assert_eq!(store.standings(challenge(2), None, 10).await.unwrap(), []);
    assert_eq!(
        store.due(P, -5, 10).await.unwrap(),
        [(-5, Entity::User(ann))]
    );
    assert_eq!(
        store.partition_row(P).await.unwrap(),
        Some(b"partition".to_vec())
    );
    assert_eq!(store.partition_row(Q).await.unwrap(), None);
}

pub(super) async fn a_snapshot_removes_what_it_no_longer_names<F: Fixture>(fixture: F) {
    let (store, ann) = (fixture.store(), user("ann"));
    let mut write = snapshot("ann", 5);
    write.chunks = vec![(chunk(1, 1), b"c1".to_vec()), (chunk(1, 2), b"c2".to_vec())];
    write.standings = vec![(challenge(1), Some(b"s1".to_vec()))];
    store.commit(write).await.unwrap();
    let mut write = snapshot("ann", 6);
    write.chunks = vec![(chunk(1, 3), b"c1 and c2".to_vec())];
    write.dropped_chunks = vec![chunk(1, 1), chunk(1, 2), chunk(9, 9)];
    write.standings = vec![(challenge(1), None)];
    store.commit(write).await.unwrap();
    assert_eq!(
        store.chunks(&ann, vec![chunk(1, 3)]).await.unwrap(),
        [b"c1 and c2"]
    );
    assert!(store.chunks(&ann, vec![chunk(1, 1)]).await.is_err());
    assert_eq!(store.standings(challenge(1), None, 10).await.unwrap(), []);
}

pub(super) async fn chunks_come_in_the_order_asked_for<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let ids = [chunk(2, 1), chunk(-7, 300), chunk(2, 0), chunk(100, 2)];
    let mut write = snapshot("ann", 1);
    write.chunks = ids
        .iter()
        .map(|id| (*id, format!("{id:?}").into_bytes()))
        .collect();
    store.commit(write).await.unwrap();
    let texts = |ids: &[ChunkId]| -> Vec<_> {
        ids.iter()
            .map(|id| format!("{id:?}").into_bytes())
            .collect()
    };
    for asked in [&ids[..], &ids[1..3], &[ids[3], ids[0], ids[3]], &[]] {
        let chunks = store.chunks(&user("ann"), asked.to_vec()).await.unwrap();
        assert_eq!(chunks, texts(asked));
    }
}

pub(super) async fn a_missing_chunk_is_damage<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let mut write = snapshot("ann", 1);
    write.chunks = vec![(chunk(16_904, 1), b"c".to_vec())];
    store.commit(write).await.unwrap();
    for (name, id) in [("ann", chunk(16_904, 2)), ("anna", chunk(16_904, 1))] {
        let error = store.chunks(&user(name), vec![id]).await.unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, Error::Damaged(_)) && text.contains("2016-04-13"),
            "{text}"
        );
    }
}

pub(super) async fn only_a_user_has_chunks_and_facts<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let entity = Entity::Challenge(challenge(1));
    let plain = snapshot_of(entity.clone(), at(1, 1), "open");
    let mut with_fact = snapshot_of(entity.clone(), at(1, 2), "open");
    with_fact.facts = vec![(1, b"f".to_vec())];
    let mut with_standing = snapshot_of(Entity::Partition(P), at(1, 2), "p");
    with_standing.standings = vec![(challenge(1), None)];
    store.commit(plain).await.unwrap();
    for write in [with_fact, with_standing] {
        assert!(matches!(store.commit(write).await, Err(Error::Refused(_))));
    }
    assert_eq!(
        store.snapshot(&entity).await.unwrap().unwrap().covered,
        at(1, 1)
    );
    assert_eq!(store.snapshot(&Entity::Partition(P)).await.unwrap(), None);
}

pub(super) async fn facts_transfers_and_changes_are_read_in_pages<F: Fixture>(fixture: F) {
    let store = fixture.store();
    for (name, numbers) in [("ann", vec![300, 1, 2, 256, LAST]), ("ann.b", vec![7])] {
        let mut write = snapshot(name, 1);
        write.facts = numbers
            .iter()
            .map(|number| (*number, b"f".to_vec()))
            .collect();
        write.transfers = numbers
            .iter()
            .map(|number| (*number, b"t".to_vec()))
            .collect();
        write.changes = numbers
            .iter()
            .map(|number| (*number, b"w".to_vec()))
            .collect();
        store.commit(write).await.unwrap();
    }
    let ann = user("ann");
    for (after, limit, expected) in [
        (0, 9, &[1, 2, 256, 300, LAST][..]),
        (0, 2, &[1, 2]),
        (2, 2, &[256, 300]),
        (257, 9, &[300, LAST]),
        (LAST, 9, &[]),
        (u64::MAX, 9, &[]),
        (0, 0, &[]),
    ] {
        let numbers = |rows: Vec<(u64, Vec<u8>)>| rows.into_iter().map(|row| row.0).collect();
        let facts: Vec<_> = numbers(store.facts(&ann, after, limit).await.unwrap());
        assert_eq!(facts, expected, "after {after}");
        let transfers: Vec<_> = numbers(store.transfers(&ann, after, limit).await.unwrap());
        assert_eq!(transfers, expected, "after {after}");
        let changes: Vec<_> = numbers(store.changes(&ann, after, limit).await.unwrap());
        assert_eq!(changes, expected, "after {after}");
    }
    assert_eq!(
        store.facts(&user("ann.b"), 0, 9).await.unwrap(),
        [(7, b"f".to_vec())]
    );
    assert_eq!(store.facts(&user("ann."), 0, 9).await.unwrap(), []);
}

/// In what order is the store's own matter, as long as it is one.
pub(super) async fn standings_are_read_in_pages<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let names = ["b", "a", "ab", "a-", "Z"];
    for name in names {
        let mut write = snapshot(name, 1);
        let row = Some(name.as_bytes().to_vec());
        write.standings = vec![(challenge(1), row), (challenge(2), Some(b"x".to_vec()))];
        store.commit(write).await.unwrap();
    }
    let all = store.standings(challenge(1), None, 9).await.unwrap();
    let mut found: Vec<_> = all.iter().map(|(user, _)| user.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["Z", "a", "a-", "ab", "b"]);
    for (at, (user, bytes)) in all.iter().enumerate() {
        assert_eq!(bytes, user.as_str().as_bytes());
        let page = store.standings(challenge(1), Some(user), 2).await.unwrap();
        let next = all.len().min(at + 3);
        assert_eq!(page, all[at + 1..next], "after {user}");
    }
    let first = store.standings(challenge(1), None, 2).await.unwrap();
    assert_eq!(first, all[..2]);
    assert_eq!(store.standings(challenge(3), None, 9).await.unwrap(), []);
}

pub(super) async fn due_rows_come_earliest_first<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let deadlines = [
        (P, "c", 300),
        (P, "a", -2),
        (P, "b", 300),
        (Q, "d", 1),
        (P, "e", 256),
    ];
    for (partition, name, due_ms) in deadlines {
        let write = SnapshotWrite {
            partition,
            due_ms: Some(due_ms),
            ..snapshot(name, 1)
        };
        store.commit(write).await.unwrap();
    }
    let challenge_due = snapshot_of(Entity::Challenge(challenge(1)), at(1, 1), "open");
    store
        .commit(SnapshotWrite {
            due_ms: Some(300),
            ..challenge_due
        })
        .await
        .unwrap();
    let due = |name: &str, at_ms| (at_ms, Entity::User(user(name)));
    let all = [
        due("a", -2),
        due("e", 256),
        due("b", 300),
        due("c", 300),
        (300, Entity::Challenge(challenge(1))),
    ];
    for (up_to_ms, rows) in [
        (i64::MIN, 0),
        (-3, 0),
        (-2, 1),
        (299, 2),
        (300, 5),
        (i64::MAX, 5),
    ] {
        assert_eq!(
            store.due(P, up_to_ms, 9).await.unwrap(),
            all[..rows],
            "up to {up_to_ms}"
        );
    }
    assert_eq!(store.due(P, 300, 3).await.unwrap(), all[..3]);
    assert_eq!(store.earliest_due(P).await.unwrap(), Some(-2));
    assert_eq!(store.earliest_due(Q).await.unwrap(), Some(1));
    assert_eq!(store.earliest_due(PartitionId(0x103)).await.unwrap(), None);
}

pub(super) async fn a_deadline_is_replaced_by_the_next_one<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let changes = [
        (None, Some(10)),
        (Some(10), Some(20)),
        (Some(20), Some(20)),
        (Some(20), None),
    ];
    let mut index = 0;
    for (due_before_ms, due_ms) in changes {
        index += 1;
        let write = SnapshotWrite {
            due_before_ms,
            due_ms,
            ..snapshot("ann", index)
        };
        store.commit(write).await.unwrap();
        let due = store.due(P, i64::MAX, 9).await.unwrap();
        let expected: Vec<_> = due_ms.into_iter().map(|ms| (ms, ann())).collect();
        assert_eq!(due, expected, "{due_before_ms:?} to {due_ms:?}");
    }
}
