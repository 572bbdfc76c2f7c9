//! What arbiters share, before and without any arbiter.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use futures_util::FutureExt as _;
use streakline_core::{manual::ManualPolicy, user::Rules};

use super::{
    barrier::every_host,
    damage::Damage,
    directory::Directory,
    shared::{Fatal, Settings, Shared, Work},
};
use crate::{
    clock::Clock,
    protocol::error_code::Code,
    push::Sessions,
    storage::{
        Error,
        memory::MemoryStore,
        sealing::{MasterKeys, Seals},
    },
    zones::BundledZones,
};

fn shared() -> Shared {
    let settings = Settings {
        idle_ms: 1_000,
        progress_ms: 1_000,
        board_ms: 1_000,
        grace_ms: 1_000,
        tail_bytes_max: 1_000,
        linger_ms: 0,
        credits: 4,
        inflight_bytes_max: 1_000,
        memory_bytes_max: 1_000,
        recovered_bytes_max: 1_000,
        tail_age_ms: 1_000,
        milestones: streakline_core::streak::Amounts::default(),
        crash_after_flush: None,
    };
    let zones = Arc::new(BundledZones::new());
    let store = Arc::new(MemoryStore::new());
    let masters = MasterKeys::new(&[[1; 32]]).unwrap();
    let seals = Seals::open(store.clone(), masters).now_or_never();
    Shared {
        store,
        seals: seals.unwrap().unwrap(),
        clock: Clock::System,
        rules: Rules {
            zones,
            manual_policy: ManualPolicy::default(),
            retention: streakline_core::retention::Retention::default(),
        },
        sessions: Sessions::new(1),
        settings,
        epoch: 1,
        hosts: OnceLock::new(),
        work: Work::default(),
        flushes: AtomicU64::new(0),
        caught_up: AtomicBool::new(false),
        draining: AtomicBool::new(false),
        erasures: Default::default(),
        exports: Default::default(),
        makings: Default::default(),
        damage: Damage::default(),
        fatal: Fatal::default(),
    }
}

#[tokio::test]
async fn a_board_read_before_all_arbiters_started_is_not_shown_without_its_scores() {
    let shared = shared();
    let mut hosts = Box::pin(every_host(&shared));
    assert!((&mut hosts).now_or_never().is_none(), "nobody was asked");
    assert!(shared.hosts.set(Vec::new()).is_ok());
    assert!(hosts.await.is_empty());
}

#[tokio::test]
async fn the_first_reason_to_end_is_kept_and_told_to_everyone() {
    let fatal = Fatal::default();
    assert!(!fatal.is_raised());
    fatal.raise("the disk is full");
    fatal.raise("another one");
    for told in [fatal.wait().await, fatal.wait().await] {
        assert_eq!(told, "the disk is full");
    }
}

#[tokio::test]
async fn damage_that_a_list_meets_turns_readiness_red() {
    let shared = Arc::new(shared());
    shared.caught_up.store(true, Ordering::Release);
    let directory = Directory::new(shared);
    assert_eq!(directory.unready(), None);
    directory.store_refusal("the list of challenges", &Error::Refused("in use".into()));
    assert_eq!(directory.unready(), None, "that is no damage");
    let damage = Error::Damaged("the checksum of a block is wrong".into());
    let refusal = directory.store_refusal("the list of challenges", &damage);
    assert_eq!(refusal.code, Code::StoreUnavailable);
    let told = directory.unready().unwrap();
    assert!(told.contains("row of the list of challenges"), "{told}");
}
