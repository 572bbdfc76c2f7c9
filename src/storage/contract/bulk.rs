//! Whole tables: they are read in pages, travel to another store, and come back as they were.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use streakline_core::{manual::ManualPolicy, retention::Retention};

use super::*;
use crate::storage::{
    Answer, KeyRow, Ownership, Snapshot,
    bulk::{Bulk, BulkPage, BulkRow, BulkTable, CopyMark, Setting, TableDigest, table_digest},
    copy::copy,
    envelope::KeyId,
};

/// The largest number that every store takes.
const FACTS_MAX: u64 = i64::MAX.cast_unsigned();

/// Something in every table, and more than one row where there can be more.
async fn fill(store: &dyn Store) {
    store
        .fix_manual_policy(ManualPolicy::Include)
        .await
        .unwrap();
    store.fix_retention(Retention::default()).await.unwrap();
    store.set_master_keys(b"masters".to_vec()).await.unwrap();
    store.raise_epoch(8).await.unwrap();
    let moved = (key("admin-key", "clock"), record("{}", 9));
    store.set_clock(-5, Some(moved)).await.unwrap();
    for (name, number) in [("ann", 1), ("ann.b", 2), ("zoe", 3)] {
        let claimed = KeyRow {
            id: KeyId([number; 16]),
            bytes: vec![number; 40],
        };
        store.claim_key(&user(name), claimed).await.unwrap();
        let device = DeviceId([number; 16]);
        store.claim_device(device, &user(name)).await.unwrap();
        let mut write = snapshot(name, u64::from(number));
        write.partition = PartitionId(0x100 + u32::from(number));
        write.partition_row = name.into();
        write.chunks = vec![
            (chunk(-1, 1), b"c1".to_vec()),
            (chunk(3, 2), vec![number; 70]),
        ];
        write.facts = vec![(1, b"f1".to_vec()), (FACTS_MAX, b"f2".to_vec())];
        write.transfers = vec![(2, b"t2".to_vec())];
        write.changes = vec![(1, b"w1".to_vec())];
        write.standings = vec![(challenge(number), Some(b"s".to_vec()))];
        write.due_ms = Some(i64::from(number) - 2);
        store.commit(write).await.unwrap();
    }
    let of_challenge = Entity::Challenge(challenge(1));
    store
        .commit(snapshot_of(of_challenge, at(1, 4), "open"))
        .await
        .unwrap();
    for (partition, index) in [(P, 1), (P, 2), (Q, 1), (P, 3), (Q, 2)] {
        let mut row = row_of(partition, at(1, index), at(1, index));
        let id = StuckId {
            partition,
            position: at(1, index),
        };
        row.attachments = vec![
            Attachment::Stuck(id, b"stuck".to_vec()),
            Attachment::ChallengeListed(challenge(index as u8)),
            Attachment::Idempotency(key("user:ann", &index.to_string()), record("{}", 7)),
        ];
        store.append(row).await.unwrap();
    }
}

async fn read(store: &dyn Bulk, table: BulkTable, bytes_max: usize) -> Vec<BulkRow> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.read_page(table, cursor, bytes_max).await.unwrap();
        rows.extend(page.rows);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return rows,
        }
    }
}

async fn digests(store: &dyn Bulk) -> Vec<TableDigest> {
    let mut digests = Vec::new();
    for table in BulkTable::ALL {
        digests.push(table_digest(store, table).await.unwrap());
    }
    digests
}

pub(super) async fn every_row_is_read_once_in_pages_of_any_size<F: Fixture>(fixture: F) {
    fill(fixture.store()).await;
    let store = fixture.bulk();
    for table in BulkTable::ALL {
        let all = read(store, table, usize::MAX).await;
        assert!(!all.is_empty(), "{table:?}");
        assert!(all.iter().all(|row| row.table() == table));
        for bytes_max in [0, 1, 60, 200] {
            assert_eq!(
                read(store, table, bytes_max).await,
                all,
                "{table:?} by {bytes_max}"
            );
        }
    }
    let policy = BulkRow::Setting(Setting::ManualPolicy, ManualPolicy::Include.number());
    let settings = read(store, BulkTable::Settings, usize::MAX).await;
    assert!(settings.contains(&policy), "{settings:?}");
    let snapshot = BulkRow::Snapshot(
        Entity::User(user("zoe")),
        Snapshot {
            covered: at(1, 3),
            state: b"zoe at 3".to_vec(),
        },
    );
    let snapshots = read(store, BulkTable::Snapshots, usize::MAX).await;
    assert!(snapshots.contains(&snapshot), "{snapshots:?}");
}

pub(super) async fn a_store_travels_to_another_and_back_whole<F: Fixture>(fixture: F) {
    fill(fixture.store()).await;
    let (other, back) = (MemoryStore::new(), F::new().await);
    let told = copy(fixture.bulk(), &other, &mut |_| {}).await.unwrap();
    copy(&other, back.bulk(), &mut |_| {}).await.unwrap();
    let before = digests(fixture.bulk()).await;
    let told: Vec<TableDigest> = told.into_iter().map(|(_, digest)| digest).collect();
    assert_eq!(told, before);
    let back = back.crash().await;
    assert_eq!(digests(back.bulk()).await, before);

    let store = back.store();
    assert_eq!(store.clock().await.unwrap(), Some(-5));
    let ann = user("ann");
    let chunks = store.chunks(&ann, vec![chunk(3, 2)]).await.unwrap();
    assert_eq!(chunks, [vec![1; 70]]);
    let owner = store.claim_device(DeviceId([2; 16]), &ann).await.unwrap();
    assert_eq!(owner, user("ann.b"));
    let due = store.due(PartitionId(0x103), 9, 9).await.unwrap();
    assert_eq!(due, [(1, Entity::User(user("zoe")))]);
    let tail = store.tail(P, Some(at(1, 1)), usize::MAX).await.unwrap();
    let firsts: Vec<Position> = tail.iter().map(|row| row.first).collect();
    assert_eq!(firsts, [at(1, 2), at(1, 3)]);
    assert_eq!(store.forget_expired(8, 9).await.unwrap(), 3);
    assert_eq!(store.raise_epoch(8).await.unwrap(), 2);
}

/// A store that dies at a call: before it, or after it and before it is answered.
struct Mortal<'a> {
    store: &'a dyn Bulk,
    calls_left: AtomicU64,
    applies: bool,
}

impl Mortal<'_> {
    fn dies(&self) -> bool {
        let left = self.calls_left.load(Ordering::Relaxed);
        self.calls_left
            .store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0
    }
}

/// `copy` as far as the target lives.
async fn copy_into_mortal(from: &dyn Bulk, to: &Mortal<'_>) -> Result<(), Error> {
    let through = Through {
        store: to.store,
        on_write: &|rows| {
            if to.dies() {
                return Err(to.applies.then_some(rows));
            }
            Ok(rows)
        },
    };
    copy(from, &through, &mut |_| {}).await.map(|_| ())
}

type Rewrite<'a> = &'a (dyn Fn(Vec<BulkRow>) -> Result<Vec<BulkRow>, Option<Vec<BulkRow>>> + Sync);

/// A store whose writes somebody has a hand in: others are written, or none, and it is dead.
struct Through<'a> {
    store: &'a dyn Bulk,
    on_write: Rewrite<'a>,
}

impl Bulk for Through<'_> {
    fn read_page(
        &self,
        table: BulkTable,
        cursor: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Answer<'_, BulkPage> {
        self.store.read_page(table, cursor, bytes_max)
    }

    fn write_page(&self, rows: Vec<BulkRow>, mark: Option<CopyMark>) -> Answer<'_, ()> {
        match (self.on_write)(rows) {
            Ok(rows) => self.store.write_page(rows, mark),
            Err(applied) => Box::pin(async move {
                if let Some(rows) = applied {
                    self.store.write_page(rows, mark).await?;
                }
                Err(Error::Unavailable("killed".into()))
            }),
        }
    }

    fn copy_mark(&self) -> Answer<'_, Option<CopyMark>> {
        self.store.copy_mark()
    }
}

pub(super) async fn a_copy_that_is_killed_between_any_two_calls_goes_on<F: Fixture>(fixture: F) {
    let source = MemoryStore::new();
    fill(&source).await;
    let before = digests(&source).await;
    let mut target = fixture;
    let (mut kills, mut done) = (0_u64, false);
    while !done {
        let mortal = Mortal {
            store: target.bulk(),
            calls_left: AtomicU64::new(kills / 2 % 4),
            applies: kills.is_multiple_of(2),
        };
        let outcome = copy_into_mortal(&source, &mortal).await;
        let killed = matches!(outcome, Err(Error::Unavailable(_)));
        assert!(outcome.is_ok() || killed, "{outcome:?}");
        done = outcome.is_ok();
        target = target.crash().await;
        kills += 1;
    }
    assert!(kills > 8, "{kills}");
    assert_eq!(digests(target.bulk()).await, before);
    assert_eq!(target.bulk().copy_mark().await.unwrap(), None);
}

pub(super) async fn no_server_starts_on_a_copy_that_is_not_finished<F: Fixture>(fixture: F) {
    let source = MemoryStore::new();
    fill(&source).await;
    let mortal = Mortal {
        store: fixture.bulk(),
        calls_left: AtomicU64::new(3),
        applies: true,
    };
    assert!(copy_into_mortal(&source, &mortal).await.is_err());
    let fixture = fixture.crash().await;
    let refused = fixture.store().raise_epoch(8).await.unwrap_err();
    assert!(refused.to_string().contains("streakline copy"), "{refused}");
    let from = copy(fixture.bulk(), &MemoryStore::new(), &mut |_| {}).await;
    assert!(matches!(from, Err(Error::Refused(_))), "{from:?}");
    copy(&source, fixture.bulk(), &mut |_| {}).await.unwrap();
    assert_eq!(fixture.store().raise_epoch(8).await.unwrap(), 2);
}

pub(super) async fn a_store_that_is_not_empty_is_no_target<F: Fixture>(fixture: F) {
    let source = MemoryStore::new();
    fill(&source).await;
    fixture.store().raise_epoch(8).await.unwrap();
    let refused = copy(&source, fixture.bulk(), &mut |_| {})
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("not empty: it has settings"),
        "{refused}"
    );
    let whole = MemoryStore::new();
    copy(&source, &whole, &mut |_| {}).await.unwrap();
    copy(&source, &whole, &mut |_| {})
        .await
        .expect("it is whole already");
    whole.raise_epoch(8).await.unwrap();
    let used = copy(&source, &whole, &mut |_| {}).await;
    assert!(matches!(used, Err(Error::Refused(_))), "{used:?}");
}

pub(super) async fn a_copy_of_a_store_that_was_used_since_does_not_go_on<F: Fixture>(fixture: F) {
    fill(fixture.store()).await;
    let target = MemoryStore::new();
    let mortal = Mortal {
        store: &target,
        calls_left: AtomicU64::new(4),
        applies: true,
    };
    assert!(copy_into_mortal(fixture.bulk(), &mortal).await.is_err());
    fixture.store().raise_epoch(8).await.unwrap();
    let refused = copy(fixture.bulk(), &target, &mut |_| {})
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("a server used it again"),
        "{refused}"
    );
}

pub(super) async fn a_row_that_was_lost_on_the_way_is_found<F: Fixture>(fixture: F) {
    fill(fixture.store()).await;
    let lost = Mutex::new(0);
    let target = MemoryStore::new();
    let loses = Through {
        store: &target,
        on_write: &|mut rows| {
            let facts = rows.iter().position(|row| matches!(row, BulkRow::Fact(..)));
            if let Some(at) = facts {
                rows.remove(at);
                *lost.lock().unwrap() += 1;
            }
            Ok(rows)
        },
    };
    let differs = copy(fixture.bulk(), &loses, &mut |_| {}).await.unwrap_err();
    assert_eq!(*lost.lock().unwrap(), 1);
    let text = differs.to_string();
    assert!(
        matches!(differs, Error::Damaged(_)) && text.contains("facts: 6 rows"),
        "{text}"
    );
    assert!(target.copy_mark().await.unwrap().is_some());
}
