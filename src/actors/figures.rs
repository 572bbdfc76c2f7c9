//! What an arbiter tells of itself on `/metrics`: what is in memory, what waits, and how far its journals run ahead of their
//! snapshots. Each series has the arbiter's number; the whole server is their sum, or their largest. Called by rounds.

use metrics::gauge;

use super::{host::Host, partition::Partition};
use crate::telemetry::series;

/// Sets every gauge.
pub(super) fn tell(host: &Host) {
    let arbiter = host.number.to_string();
    let set = |name: &'static str, value: usize| {
        gauge!(name, "arbiter" => arbiter.clone()).set(value as f64);
    };
    let actors = |kind: &'static str, count: usize| {
        gauge!(series::ACTORS, "kind" => kind, "arbiter" => arbiter.clone()).set(count as f64);
    };
    actors("user", host.users.borrow().len());
    actors("challenge", host.challenges.borrow().len());
    let weight = host.admission.weight();
    set(series::USERS_BYTES, weight.bytes);
    set(series::HEADS_BYTES, weight.head_bytes);
    set(series::ACTIVATIONS_UNDER_WAY, host.admission.under_way());
    set(series::ACTIVATIONS_UNDER_WAY_MAX, host.admission.peak());
    set(series::ACTIVATIONS_WAITING, host.admission.waiting());
    set(
        series::ACTIVATIONS_WAITING_MAX,
        host.admission.waiting_peak(),
    );
    set(series::SNAPSHOTS_UNDER_WAY, host.snapshots_under_way.get());
    set(series::INGEST_INFLIGHT_BYTES, host.inflight_bytes.get());
    set(series::OUTBOXES_WAITING, outboxes(host));
    set(series::BOARD_SUBSCRIPTIONS, subscriptions(host));
    journals(host, &set);
}

fn journals(host: &Host, set: &impl Fn(&'static str, usize)) {
    let partitions = host.partitions.borrow();
    let depth = |held: &Partition| held.coverage.depth_bytes(held.journal.written_bytes());
    let depths = || partitions.values().map(depth);
    set(series::JOURNAL_TAIL_BYTES, size(depths().sum()));
    let longest = depths().max().unwrap_or(0);
    set(series::JOURNAL_TAIL_BYTES_MAX, size(longest));
    let uncovered = partitions.values().map(|held| held.coverage.len());
    set(series::JOURNAL_UNCOVERED, uncovered.sum());
    let unfolded = partitions.values().map(Partition::unfolded);
    set(series::TAILS_UNFOLDED, unfolded.sum());
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Users with a score that a challenge has not confirmed; only such users and those with a socket are looked after.
fn outboxes(host: &Host) -> usize {
    let users = host.users.borrow();
    let attentive = host.attentive.borrow();
    let waits = |id| {
        let held = users.get(id).map(|entry| entry.cell.borrow());
        held.is_some_and(|cell| cell.resident().is_some_and(|r| !r.outbox.is_empty()))
    };
    attentive.iter().filter(|id| waits(id)).count()
}

fn subscriptions(host: &Host) -> usize {
    let challenges = host.challenges.borrow();
    let entries = challenges.values();
    entries
        .map(|entry| entry.cell.borrow().subscriptions())
        .sum()
}
