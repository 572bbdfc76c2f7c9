//! Several servers on one keyspace: the newest owns it, and nothing that an older one acknowledged is lost.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use super::{
    super::{ScyllaStore, snapshots::Begun},
    *,
};

async fn indexes(store: &ScyllaStore, epoch: u64) -> Vec<u64> {
    let rows = store.tail(P, None, usize::MAX).await.unwrap();
    let of = rows.iter().filter(|row| row.first.epoch == epoch);
    of.map(|row| row.first.index).collect()
}

/// Appends until it is refused; answers what was acknowledged.
async fn append_until_refused(store: Arc<ScyllaStore>, epoch: u64) -> (u64, Error) {
    let mut acknowledged = 0;
    loop {
        let next = acknowledged + 1;
        match store.append(row(epoch, next, next)).await {
            Ok(()) => acknowledged = next,
            Err(error) => return (acknowledged, error),
        }
    }
}

#[tokio::test]
async fn what_a_deposed_server_acknowledged_is_there_and_it_acknowledges_nothing_more() {
    let keyspace = Keyspace::new().await;
    let mut before = keyspace.open_another().await;
    let mut epoch = before.raise_epoch(BITS).await.unwrap();
    for round in 0..5 {
        let writing = tokio::spawn(append_until_refused(before.clone(), epoch));
        tokio::time::sleep(Duration::from_millis(100 + 37 * round)).await;
        let next = keyspace.open_another().await;
        let raised = next.raise_epoch(BITS).await.unwrap();
        assert!(raised > epoch);
        let seen = indexes(&next, epoch).await;
        let (acknowledged, error) = writing.await.unwrap();
        assert!(
            acknowledged > 0,
            "round {round}: nothing was written before the take-over"
        );
        assert!(matches!(error, Error::Refused(_)), "{error}");
        assert!(
            error.to_string().contains("taken this keyspace over"),
            "{error}"
        );
        let reach = u64::try_from(seen.len()).unwrap();
        assert_eq!(seen, (1..=reach).collect::<Vec<_>>());
        assert!(
            reach >= acknowledged,
            "round {round}: {acknowledged} were acknowledged, {reach} are there"
        );
        assert_eq!(
            indexes(&next, epoch).await,
            seen,
            "what came later is ignored"
        );
        assert!(before.fault().is_some());
        (before, epoch) = (next, raised);
    }
    before.append(row(epoch, 1, 1)).await.unwrap();
}

#[tokio::test]
async fn of_servers_that_start_at_once_one_owns_the_keyspace() {
    let keyspace = Keyspace::new().await;
    let stores = join_all((0..4).map(|_| keyspace.open_another())).await;
    let raised = join_all(stores.iter().map(|store| store.raise_epoch(BITS))).await;
    let epochs: Vec<u64> = raised
        .iter()
        .filter_map(|epoch| epoch.as_ref().ok().copied())
        .collect();
    let newest = *epochs.iter().max().expect("one of them starts");
    let mut owners = 0;
    for (store, epoch) in stores.iter().zip(&raised) {
        let Ok(epoch) = epoch else { continue };
        match store.append(row(*epoch, 1, 1)).await {
            Ok(()) => {
                owners += 1;
                assert_eq!(*epoch, newest);
            }
            Err(error) => assert!(matches!(error, Error::Refused(_)), "{error}"),
        }
    }
    assert_eq!(owners, 1, "of {raised:?}");
}

/// The clock of the deposed one may be ahead, and its writes late.
#[tokio::test]
async fn a_late_write_of_a_deposed_server_with_a_clock_ahead_loses() {
    let keyspace = Keyspace::new().await;
    let first = keyspace.open_another().await;
    first.raise_epoch(BITS).await.unwrap();
    first
        .0
        .stamps
        .begin(first.0.stamp().await.unwrap() + 50_000_000, i64::MAX);
    let late_us = first.0.stamp().await.unwrap();
    // Its ceiling is stored before any such timestamp.
    let node = first.0.owner.node().unwrap();
    first.0.store_ceiling(node, late_us + 1).await.unwrap();
    let second = keyspace.open_another().await;
    second.raise_epoch(BITS).await.unwrap();
    second.set_clock(2, None).await.unwrap();
    let values = (1_i64, late_us);
    first
        .0
        .cql
        .write(&first.0.statements.clock_set, values)
        .await
        .unwrap();
    assert_eq!(second.clock().await.unwrap(), Some(2));
}

/// A snapshot up to the point of commit.
async fn begin(store: &ScyllaStore, write: SnapshotWrite) -> Begun {
    let begun = Begun::of(&write, Some(&user("ann")), store.0.stamp().await.unwrap());
    store.0.begin(&begun).await.unwrap();
    begun
}

/// The state of a snapshot that was begun arrives after another server has taken over: it had read the one before, and goes on
/// from there.
#[tokio::test]
async fn a_snapshot_that_arrives_after_a_take_over_is_ignored_for_ever() {
    let keyspace = Keyspace::new().await;
    let first = keyspace.open_another().await;
    let epoch = first.raise_epoch(BITS).await.unwrap();
    let entity = Entity::User(user("ann"));
    let write = |index, state| snapshot_at(&user("ann"), Position { epoch, index }, state, state);
    first.commit(write(1, "early")).await.unwrap();
    let begun = begin(&first, write(2, "late")).await;
    let mut second = keyspace.open_another().await;
    for _ in 0..2 {
        second.raise_epoch(BITS).await.unwrap();
        let of = (&begun.entity, begun.covered);
        let late = first.0.put_state(of, b"late", begun.at_us);
        late.await.unwrap();
        let state = second
            .snapshot(&entity)
            .await
            .unwrap()
            .map(|found| found.state);
        assert_eq!(state, Some(b"early".to_vec()));
        assert_eq!(
            second.partition_row(P).await.unwrap(),
            Some(b"early".to_vec())
        );
        second = keyspace.open_another().await;
    }
    second.raise_epoch(BITS).await.unwrap();
    second.commit(write(3, "newer")).await.unwrap();
    let state = second
        .snapshot(&entity)
        .await
        .unwrap()
        .map(|found| found.state);
    assert_eq!(state, Some(b"newer".to_vec()));
}
