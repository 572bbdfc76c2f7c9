//! What an arbiter tells of itself on `/metrics`: what is in memory, what waits, and how far its journals run ahead of their
//! snapshots. Each series has the arbiter's number; the whole server is their sum, or their largest. Called by rounds.

use metrics::gauge;

use super::{host::Host, partition::Partition};

/// Sets every gauge.
pub(super) fn tell(host: &Host) {
    let arbiter = host.number.to_string();
    let set = |name: &'static str, value: usize| {
        gauge!(name, "arbiter" => arbiter.clone()).set(value as f64);
    };
    let actors = |kind: &'static str, count: usize| {
        gauge!("streakline_actors", "kind" => kind, "arbiter" => arbiter.clone()).set(count as f64);
    };
    actors("user", host.users.borrow().len());
    actors("challenge", host.challenges.borrow().len());
    let weight = host.admission.weight();
    set("streakline_users_bytes", weight.bytes);
    set("streakline_heads_bytes", weight.head_bytes);
    set(
        "streakline_activations_under_way",
        host.admission.under_way(),
    );
    set(
        "streakline_activations_under_way_max",
        host.admission.peak(),
    );
    set("streakline_activations_waiting", host.admission.waiting());
    set(
        "streakline_activations_waiting_max",
        host.admission.waiting_peak(),
    );
    set(
        "streakline_snapshots_under_way",
        host.snapshots_under_way.get(),
    );
    set(
        "streakline_ingest_inflight_bytes",
        host.inflight_bytes.get(),
    );
    set("streakline_outboxes_waiting", outboxes(host));
    set("streakline_board_subscriptions", subscriptions(host));
    journals(host, &set);
}

fn journals(host: &Host, set: &impl Fn(&'static str, usize)) {
    let partitions = host.partitions.borrow();
    let depth = |held: &Partition| held.coverage.depth_bytes(held.journal.written_bytes());
    let depths = || partitions.values().map(depth);
    set("streakline_journal_tail_bytes", size(depths().sum()));
    let longest = depths().max().unwrap_or(0);
    set("streakline_journal_tail_bytes_max", size(longest));
    let uncovered = partitions.values().map(|held| held.coverage.len());
    set("streakline_journal_uncovered", uncovered.sum());
    let unfolded = partitions.values().map(Partition::unfolded);
    set("streakline_tails_unfolded", unfolded.sum());
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
