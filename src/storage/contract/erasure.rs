//! Deleting a user: every row goes, those of others stay, and doing it again changes nothing.

use super::{
    super::{Gone, KeyRow, Traces, envelope::KeyId},
    *,
};

const NAMES: [&str; 3] = ["ann", "anna", "bob"];

fn number_of(name: &str) -> u8 {
    let number = NAMES.iter().position(|other| *other == name).unwrap();
    u8::try_from(number).unwrap()
}

fn key_row(name: &str, bytes: &str) -> KeyRow {
    KeyRow {
        id: KeyId([number_of(name); 16]),
        bytes: bytes.into(),
    }
}

fn traces(name: &str) -> Traces {
    Traces {
        user: user(name),
        partition: P,
        devices: vec![DeviceId([number_of(name); 16])],
        challenges: vec![challenge(1)],
        due_ms: Some(100),
        key: Some(key_row(name, "gone")),
        partition_row: b"sums".to_vec(),
    }
}

/// A user with a row in every table.
async fn lives(store: &dyn Store, name: &str, index: u64) {
    let mut write = snapshot(name, index);
    write.chunks = vec![(chunk(1, 1), name.into()), (chunk(2, 2), name.into())];
    write.facts = vec![(1, name.into())];
    write.transfers = vec![(1, name.into())];
    write.changes = vec![(1, name.into())];
    write.standings = vec![(challenge(1), Some(name.into()))];
    write.due_ms = Some(100);
    store.commit(write).await.unwrap();
    let device = DeviceId([number_of(name); 16]);
    store.claim_device(device, &user(name)).await.unwrap();
    let wrapped = key_row(name, "wrapped");
    store.claim_key(&user(name), wrapped).await.unwrap();
    let mut with_answer = row(index, index);
    let principal = format!("user:{name}");
    with_answer.attachments = vec![Attachment::Idempotency(
        key(&principal, "k"),
        record("joined", 50),
    )];
    store.append(with_answer).await.unwrap();
}

/// What is left of a user.
async fn left(store: &dyn Store, name: &str) -> usize {
    let (of, entity) = (user(name), Entity::User(user(name)));
    let standings = store.standings(challenge(1), None, 9).await.unwrap();
    let due = store.due(P, i64::MAX, 9).await.unwrap();
    let principal = format!("user:{name}");
    let found = [
        store.snapshot(&entity).await.unwrap().is_some(),
        store.chunks(&of, vec![chunk(1, 1)]).await.is_ok(),
        store.chunks(&of, vec![chunk(2, 2)]).await.is_ok(),
        !store.facts(&of, 0, 9).await.unwrap().is_empty(),
        !store.transfers(&of, 0, 9).await.unwrap().is_empty(),
        !store.changes(&of, 0, 9).await.unwrap().is_empty(),
        standings.iter().any(|(other, _)| *other == of),
        due.iter().any(|(_, other)| *other == entity),
        store.key_of(&of).await.unwrap().is_some(),
        store
            .idempotency(&key(&principal, "k"))
            .await
            .unwrap()
            .is_some(),
    ];
    found.iter().filter(|found| **found).count()
}

pub(super) async fn an_erased_user_has_no_rows_and_others_have_theirs<F: Fixture>(fixture: F) {
    let store = fixture.store();
    for (index, name) in (1..).zip(NAMES) {
        lives(store, name, index).await;
    }
    for _ in 0..2 {
        store.erase(traces("ann")).await.unwrap();
    }
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(left(store, "ann").await, 0);
    assert_eq!(
        (left(store, "anna").await, left(store, "bob").await),
        (10, 10)
    );
    let sums = store.partition_row(P).await.unwrap();
    assert_eq!(sums, Some(b"sums".to_vec()));
    let tombstone = store.key(KeyId([0; 16])).await.unwrap();
    assert_eq!(tombstone, Some(b"gone".to_vec()));
    let device = DeviceId([0; 16]);
    let owner = store.claim_device(device, &user("eve")).await.unwrap();
    assert_eq!(owner, user("eve"), "the device is free");
}

pub(super) async fn what_was_erased_stays_away_after_a_crash_and_a_purge<F: Fixture>(fixture: F) {
    let store = fixture.store();
    for (index, name) in (1..).zip(NAMES) {
        lives(store, name, index).await;
    }
    store.erase(traces("bob")).await.unwrap();
    // A crash before the purge: the next start goes on with it.
    let fixture = fixture.crash().await;
    let store = fixture.store();
    let gone = store.purge().await.unwrap();
    assert!(matches!(gone, Gone::Done | Gone::By(_)));
    assert_eq!(left(store, "bob").await, 0);
    assert_eq!(left(store, "ann").await, 10);
    lives(store, "bob", 9).await;
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(
        (left(store, "ann").await, left(store, "bob").await),
        (10, 10)
    );
}
