//! What every arbiter of the server shares: the store, the clock, the rules, the table of sockets, the settings, and the count
//! of work under way.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use actix::Addr;
use streakline_core::{
    id::{Entity, PartitionId},
    streak::Amounts,
    user::Rules,
};
use tokio::sync::{Notify, watch};

use super::{damage::Damage, erasures::Erasures, host::HostActor, turns::Turns};
use crate::{
    clock::Clock,
    push::Sessions,
    storage::{Store, sealing::Seals},
};

/// Prefix bits of a partition now (design.md 5).
pub const BITS: u32 = 8;

/// Settings of the actors; times are of the machine's clock.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Ms without a command after which an actor leaves memory.
    pub idle_ms: u64,
    /// Ms between two pushes of the same topic.
    pub progress_ms: u64,
    /// Ms between two views of the same board.
    pub board_ms: u64,
    /// Ms that a reader may be slow before it is closed.
    pub grace_ms: u64,
    /// Bytes of one partition's journal that need not be covered by snapshots.
    pub tail_bytes_max: u64,
    /// Ms that the first input of a flush waits for company; 0: none.
    pub linger_ms: u64,
    /// Batches that one socket may have unacknowledged in the lane `live`.
    pub credits: u32,
    /// Bytes of batches that may wait for durability on one arbiter.
    pub inflight_bytes_max: usize,
    /// Bytes that users may take in memory on one arbiter, about.
    pub memory_bytes_max: usize,
    /// Bytes of journal rows of earlier starts whose inputs may wait in memory on one arbiter to be folded.
    pub recovered_bytes_max: usize,
    /// Ms that an input may stay uncovered.
    pub tail_age_ms: u64,
    /// What milestones of a streak pay, for goals that are set from now on.
    pub milestones: Amounts,
    /// Abort right after that many flushes are durable, before anything of the last one is answered; for tests.
    #[cfg(feature = "fault-injection")]
    pub crash_after_flush: Option<u64>,
}

/// Shared by all arbiters.
pub struct Shared {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Seals and opens what is stored about users.
    pub seals: Seals,
    /// Domain time.
    pub clock: Clock,
    /// Zones and rules.
    pub rules: Rules,
    /// This node's sockets.
    pub sessions: Sessions,
    /// Settings.
    pub settings: Settings,
    /// The epoch of this start.
    pub epoch: u64,
    /// One a core; set once, before anything is sent.
    pub hosts: OnceLock<Vec<Addr<HostActor>>>,
    /// Work under way.
    pub work: Work,
    /// Flushes that are durable since the start.
    pub flushes: AtomicU64,
    /// Every deadline up to the clock of the start was carried out.
    pub caught_up: AtomicBool,
    /// No new work is taken.
    pub draining: AtomicBool,
    /// Who is being erased.
    pub erasures: Arc<Erasures>,
    /// Who is being exported.
    pub exports: Turns,
    /// Users for whom a challenge is being made of a template.
    pub makings: Turns,
    /// Stored rows that cannot be read.
    pub damage: Damage,
    /// The reason why the process must end, once there is one.
    pub fatal: Fatal,
}

impl Shared {
    /// The arbiter that owns a partition.
    #[must_use]
    pub fn host_of(&self, partition: PartitionId) -> Option<&Addr<HostActor>> {
        let hosts = self.hosts.get()?;
        hosts.get(host_number(partition, hosts.len()))
    }

    /// The arbiter that owns an entity.
    #[must_use]
    pub fn host(&self, entity: &Entity) -> Option<&Addr<HostActor>> {
        self.host_of(entity.partition(BITS))
    }
}

/// Which of `hosts` arbiters owns a partition.
#[must_use]
pub fn host_number(partition: PartitionId, hosts: usize) -> usize {
    partition.0 as usize % hosts.max(1)
}

/// Counts what is under way anywhere, so that moving the clock and draining know when all is done.
#[derive(Clone, Default)]
pub struct Work {
    under_way: Arc<AtomicUsize>,
    quiet: Arc<Notify>,
}

/// One piece of work; ends when it is dropped.
pub struct Token(Work);

impl Work {
    /// Begins one piece of work.
    #[must_use]
    pub fn begin(&self) -> Token {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        Token(self.clone())
    }

    /// Waits until nothing is under way.
    pub async fn quiet(&self) {
        loop {
            let quiet = self.quiet.notified();
            if self.under_way.load(Ordering::Acquire) == 0 {
                return;
            }
            quiet.await;
        }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if self.0.under_way.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.quiet.notify_waiters();
        }
    }
}

/// The first reason why the process must end.
#[derive(Clone)]
pub struct Fatal(watch::Sender<Option<String>>);

impl Default for Fatal {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Fatal {
    /// Ends the process soon; the first reason is kept.
    pub fn raise(&self, reason: &str) {
        self.0.send_if_modified(|held| {
            let first = held.is_none();
            if first {
                tracing::error!(reason, "the server must stop");
                *held = Some(reason.to_owned());
            }
            first
        });
    }

    /// Waits for a reason.
    pub async fn wait(&self) -> String {
        let mut reasons = self.0.subscribe();
        let reason = reasons.wait_for(Option::is_some).await;
        // The sender lives in self, so there is one.
        reason.map_or_else(|_| String::new(), |held| held.clone().unwrap_or_default())
    }

    /// The reason, if there is one.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.borrow().is_some()
    }
}
