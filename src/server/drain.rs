//! The end of a server that was told to stop. Called by `run`.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{RETRY_AFTER_MS, Running, STOP_PART, trouble::failed};
use crate::{
    actors::{directory::Directory, shared::Shared},
    clock, entropy,
    gateway::Gateway,
};

/// Part of the grace in which all streams end.
const STREAMS_PART: u64 = 3;

/// Takes nothing new, tells every client when to come back, and leaves everything covered by snapshots. Until the end the
/// listener answers, so that whoever asks is told `draining`.
pub(super) async fn drain(shared: &Arc<Shared>, running: &Running, grace_ms: u64) {
    let begun_ms = clock::monotonic_ms();
    tracing::info!(sockets = shared.sessions.len(), "draining");
    shared.draining.store(true, Ordering::Release);
    let streams_ms = grace_ms / STREAMS_PART;
    say_goodbye(
        shared,
        &running.gateway,
        begun_ms.saturating_add(streams_ms),
    )
    .await;
    let sockets_left = shared.sessions.len();
    let left_ms = || {
        let spent_ms = clock::monotonic_ms().saturating_sub(begun_ms);
        let left_ms = grace_ms.saturating_sub(grace_ms / STOP_PART);
        left_ms.saturating_sub(spent_ms)
    };
    let is_covered = cover(shared, left_ms).await;
    if !is_covered {
        tracing::warn!("not everything was snapshotted; the next start folds the journal's tail");
    }
    running.gateway.end_resting();
    running.handle.stop(true).await;
    if is_covered && let Err(error) = shared.store.leave().await {
        tracing::warn!(%error, "the store does not know that this server has ended");
    }
    let took_ms = clock::monotonic_ms().saturating_sub(begun_ms);
    let in_time = is_covered && sockets_left == 0 && took_ms <= grace_ms;
    tracing::info!(in_time, sockets_left, took_ms, "drained");
}

/// Lets work under way end, and covers everything in memory by snapshots; whether there was time for it.
async fn cover(shared: &Arc<Shared>, left_ms: impl Fn() -> u64) -> bool {
    let directory = Directory::new(shared.clone());
    let for_quiet = Duration::from_millis(left_ms() / 2);
    let is_quiet = tokio::time::timeout(for_quiet, shared.work.quiet()).await;
    let finish = async {
        directory.snapshot_all().await;
        drop(directory.tidy_store().await);
    };
    let left = Duration::from_millis(left_ms());
    tokio::select! {
        finished = tokio::time::timeout(left, finish) => is_quiet.is_ok() && finished.is_ok(),
        _ = failed(shared) => false,
    }
}

/// Tells every socket when to come back, and waits until all are gone.
async fn say_goodbye(shared: &Shared, gateway: &Gateway, until_ms: u64) {
    let mut told = BTreeSet::new();
    loop {
        let sockets = u64::try_from(shared.sessions.len()).unwrap_or(0);
        // One ms more for each of many, so that they do not come back at once.
        let longest_ms = RETRY_AFTER_MS.max(sockets);
        gateway.drain(&mut told, || entropy::range(0, longest_ms));
        if shared.sessions.is_empty() || clock::monotonic_ms() >= until_ms {
            return;
        }
        clock::pause_ms(10).await;
    }
}
