//! The journal: order, repeats, attachments, syncs, truncation.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::*;

async fn firsts(store: &dyn Store, partition: PartitionId, after: Option<Position>) -> Vec<u64> {
    let rows = store.tail(partition, after, usize::MAX).await.unwrap();
    rows.iter().map(|row| row.first.index).collect()
}

pub(super) async fn appended_rows_are_read_in_order_by_partition<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let rows = [
        row_of(P, at(1, 1), at(1, 3)),
        row_of(Q, at(1, 1), at(1, 1)),
        row_of(P, at(1, 4), at(1, 300)),
        row_of(P, at(2, 1), at(2, 1)),
        row_of(Q, at(256, 1), at(256, 2)),
    ];
    for row in rows.clone() {
        store.append(row).await.unwrap();
    }
    for _ in 0..2 {
        let of = |partition| {
            rows.iter()
                .filter(move |row| row.partition == partition)
                .cloned()
        };
        let tail = store.tail(P, None, usize::MAX).await.unwrap();
        assert_eq!(tail, of(P).collect::<Vec<_>>());
        let tail = store.tail(Q, None, usize::MAX).await.unwrap();
        assert_eq!(tail, of(Q).collect::<Vec<_>>());
    }
    assert_eq!(firsts(store, PartitionId(0x103), None).await, [0; 0]);
}

pub(super) async fn a_tail_begins_with_the_row_that_holds_the_next_input<F: Fixture>(fixture: F) {
    let store = fixture.store();
    for (first, last) in [(1, 3), (4, 4), (5, 9), (10, 12)] {
        store.append(row(first, last)).await.unwrap();
    }
    let expected: [(u64, &[u64]); 8] = [
        (0, &[1, 4, 5, 10]),
        (1, &[1, 4, 5, 10]),
        (3, &[4, 5, 10]),
        (4, &[5, 10]),
        (5, &[5, 10]),
        (8, &[5, 10]),
        (9, &[10]),
        (12, &[]),
    ];
    for (after, rows) in expected {
        assert_eq!(
            firsts(store, P, Some(at(1, after))).await,
            rows,
            "after {after}"
        );
    }
    assert_eq!(
        firsts(store, P, Some(at(0, 99))).await,
        [1, 4, 5, 10],
        "an earlier epoch"
    );
    assert_eq!(
        firsts(store, P, Some(at(2, 0))).await,
        [0; 0],
        "a later epoch"
    );
}

pub(super) async fn a_long_tail_is_read_in_pieces<F: Fixture>(fixture: F) {
    let store = fixture.store();
    for index in 1..=20 {
        store
            .append(JournalRow {
                bytes: vec![7; 10],
                ..row(index, index)
            })
            .await
            .unwrap();
    }
    for (bytes_max, rows) in [
        (0, 1),
        (1, 1),
        (10, 1),
        (11, 2),
        (30, 3),
        (199, 20),
        (500, 20),
    ] {
        let tail = store.tail(P, None, bytes_max).await.unwrap();
        assert_eq!(tail.len(), rows, "{bytes_max} bytes");
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let piece = store.tail(P, after, 35).await.unwrap();
        let Some(last) = piece.last() else { break };
        after = Some(last.last);
        seen.extend(piece.iter().map(|row| row.first.index));
    }
    assert_eq!(seen, (1..=20).collect::<Vec<_>>());
}

pub(super) async fn a_row_written_twice_changes_nothing<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let mut listing = row(1, 2);
    listing.attachments = vec![Attachment::ChallengeListed(challenge(1))];
    let mut unlisting = row(3, 3);
    unlisting.attachments = vec![Attachment::ChallengeUnlisted(challenge(1))];
    for row in [&listing, &unlisting, &listing] {
        store.append(row.clone()).await.unwrap();
    }
    assert_eq!(firsts(store, P, None).await, [1, 3]);
    assert_eq!(
        store.challenges(None, 10).await.unwrap(),
        [],
        "not listed again"
    );
}

pub(super) async fn another_row_at_a_taken_position_is_found<F: Fixture>(fixture: F) {
    let store = fixture.store();
    store.append(row(1, 2)).await.unwrap();
    let mut other = JournalRow {
        bytes: b"other".to_vec(),
        ..row(1, 2)
    };
    other.attachments = vec![Attachment::ChallengeListed(challenge(1))];
    for row in [other, row(1, 9)] {
        assert!(matches!(store.append(row).await, Err(Error::Damaged(_))));
    }
    assert_eq!(store.tail(P, None, usize::MAX).await.unwrap(), [row(1, 2)]);
    assert_eq!(
        store.challenges(None, 10).await.unwrap(),
        [],
        "nothing of a refused row stays"
    );
    store.append(row(3, 3)).await.unwrap();
}

pub(super) async fn attachments_are_durable_with_their_row<F: Fixture>(fixture: F) {
    let mut attached = row(1, 1);
    attached.attachments = vec![
        Attachment::ChallengeListed(challenge(3)),
        Attachment::ChallengeListed(challenge(4)),
        Attachment::ChallengeUnlisted(challenge(4)),
        Attachment::Idempotency(key("admin:ann", "k1"), record("made", 1_000)),
    ];
    fixture.store().append(attached).await.unwrap();
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(store.tail(P, None, usize::MAX).await.unwrap(), [row(1, 1)]);
    assert_eq!(store.challenges(None, 10).await.unwrap(), [challenge(3)]);
    let stored = store.idempotency(&key("admin:ann", "k1")).await.unwrap();
    assert_eq!(stored, Some(record("made", 1_000)));
    assert_eq!(
        store.idempotency(&key("admin:an", "nk1")).await.unwrap(),
        None
    );
}

pub(super) async fn concurrent_appends_are_all_durable_and_share_syncs<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let before = store.syncs();
    let partitions: Vec<_> = (0x100..0x200).map(PartitionId).collect();
    let appends = partitions
        .iter()
        .map(|p| store.append(row_of(*p, at(1, 1), at(1, 1))));
    assert!(
        join_all(appends)
            .await
            .into_iter()
            .all(|appended| appended.is_ok())
    );
    let syncs = store.syncs() - before;
    assert!(
        (1..=partitions.len() as u64 * F::WRITES_A_ROW).contains(&syncs),
        "{syncs} syncs"
    );
    let fixture = fixture.crash().await;
    for partition in partitions {
        assert_eq!(
            firsts(fixture.store(), partition, None).await,
            [1],
            "{partition}"
        );
    }
}

pub(super) async fn rows_that_are_handed_over_together_are_all_durable<F: Fixture>(fixture: F) {
    let partitions: Vec<_> = (0x100..0x110).map(PartitionId).collect();
    let of = |index| {
        let rows = partitions.iter();
        rows.map(move |p| row_of(*p, at(1, index), at(1, index)))
    };
    let mut rows: Vec<JournalRow> = of(1).collect();
    rows[3].attachments = vec![Attachment::ChallengeListed(challenge(3))];
    fixture.store().append_all(rows).await.unwrap();
    fixture.store().append_all(Vec::new()).await.unwrap();
    let fixture = fixture.crash().await;
    let store = fixture.store();
    for partition in &partitions {
        assert_eq!(firsts(store, *partition, None).await, [1], "{partition}");
    }
    assert_eq!(store.challenges(None, 10).await.unwrap(), [challenge(3)]);
    let mut rows: Vec<JournalRow> = of(2).collect();
    rows.push(JournalRow {
        bytes: vec![9],
        ..row_of(partitions[5], at(1, 1), at(1, 1))
    });
    let appended = store.append_all(rows).await;
    assert!(matches!(appended, Err(Error::Damaged(_))), "{appended:?}");
}

pub(super) async fn every_acknowledged_write_was_synced<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let syncs = || store.syncs();
    let mut seen = syncs();
    let mut assert_synced = |call: &str| {
        assert!(syncs() > seen, "{call} was answered without a sync");
        seen = syncs();
    };
    let policy = streakline_core::manual::ManualPolicy::Exclude;
    store.fix_manual_policy(policy).await.unwrap();
    assert_synced("fix_manual_policy");
    let retention = streakline_core::retention::Retention::default();
    store.fix_retention(retention).await.unwrap();
    assert_synced("fix_retention");
    store.raise_epoch(8).await.unwrap();
    assert_synced("raise_epoch");
    for index in 1..=5 {
        store.append(row(index, index)).await.unwrap();
        assert_synced("append");
    }
    store.commit(snapshot("ann", 5)).await.unwrap();
    assert_synced("commit");
    store
        .claim_device(DeviceId([1; 16]), &user("ann"))
        .await
        .unwrap();
    assert_synced("claim_device");
    store.set_clock(1, None).await.unwrap();
    assert_synced("set_clock");
}

pub(super) async fn truncation_keeps_every_uncovered_row<F: Fixture>(fixture: F) {
    let mut fixture = fixture;
    for index in 1..=12 {
        let (p, q) = (
            row(2 * index, 2 * index + 1),
            row_of(Q, at(1, index), at(1, index)),
        );
        fixture.store().append(p).await.unwrap();
        fixture.store().append(q).await.unwrap();
    }
    // Position 11 is the second input of its row, which must stay.
    for (p, q) in [(2, 1), (11, 4), (11, 9), (25, 9)] {
        let uncovered = BTreeMap::from([(P, at(1, p)), (Q, at(1, q))]);
        fixture.store().truncate(uncovered).await.unwrap();
        for _ in 0..2 {
            let rows = firsts(fixture.store(), P, Some(at(1, p - 1))).await;
            assert_eq!(
                rows,
                (p / 2..=12).map(|row| 2 * row).collect::<Vec<_>>(),
                "{p}/{q}"
            );
            let rows = firsts(fixture.store(), Q, Some(at(1, q - 1))).await;
            assert_eq!(rows, (q..=12).collect::<Vec<_>>(), "{p}/{q}");
            fixture = fixture.crash().await;
        }
    }
}

pub(super) async fn truncation_drops_what_is_covered<F: Fixture>(fixture: F) {
    let store = fixture.store();
    for index in 1..=40 {
        store.append(row(index, index)).await.unwrap();
    }
    store
        .truncate(BTreeMap::from([(P, at(1, 21))]))
        .await
        .unwrap();
    let left = firsts(store, P, None).await;
    assert!(
        (20..=25).contains(&left.len()),
        "{} of 40 rows are left",
        left.len()
    );
    store
        .truncate(BTreeMap::from([(P, at(1, 41))]))
        .await
        .unwrap();
    let left = firsts(store, P, None).await;
    assert!(left.len() <= 5, "{} of 40 rows are left", left.len());
    store.append(row(41, 41)).await.unwrap();
    assert_eq!(firsts(store, P, Some(at(1, 40))).await, [41]);
}

pub(super) async fn a_partition_that_truncation_does_not_name_keeps_its_rows<F: Fixture>(
    fixture: F,
) {
    let store = fixture.store();
    for index in 1..=20 {
        store.append(row(index, index)).await.unwrap();
        store
            .append(row_of(Q, at(1, index), at(1, index)))
            .await
            .unwrap();
    }
    store
        .truncate(BTreeMap::from([(P, at(1, 21))]))
        .await
        .unwrap();
    store.truncate(BTreeMap::new()).await.unwrap();
    assert_eq!(firsts(store, Q, None).await, (1..=20).collect::<Vec<_>>());
}
