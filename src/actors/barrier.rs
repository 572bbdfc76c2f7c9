//! The partition's side of settlements, and scores that are sent again after a restart (design.md 4).

use std::{rc::Rc, sync::Arc};

use actix::Addr;
use streakline_core::{
    id::{ChallengeId, Entity, PartitionId, Position},
    input::{Input, Origin, PartitionInput, Source},
};

use super::{
    challenge::ChallengeCommand,
    chores::Chore,
    host::{Host, HostActor, UserEntry, send_challenge},
    shared::Shared,
};
use crate::clock;

/// Ms between two tries to reach an arbiter whose mailbox is full.
const RETRY_MS: u64 = 50;

/// A challenge asks: the barrier is journaled once a cut-off, and answered when its time has come.
pub(super) fn ask(host: &Rc<Host>, id: PartitionId, (cutoff_ms, challenge): (i64, ChallengeId)) {
    let entity = Entity::Partition(id);
    let needed = host.with(&entity, |held| held.barriers.ask(cutoff_ms, challenge));
    if needed == Some(true) {
        let input = Input::Partition(PartitionInput::Barrier { cutoff_ms });
        let origin = Origin::server(Source::Peer);
        if let Some(header) = host.append(&entity, origin, (&input, Vec::new())) {
            host.with(&entity, |held| {
                held.barriers.journaled(cutoff_ms, header.position)
            });
        }
    }
    answer(host, id);
}

/// Answers the challenges whose question can be answered now.
pub(super) fn answer(host: &Rc<Host>, id: PartitionId) {
    let entity = Entity::Partition(id);
    if host.with(&entity, |held| held.barriers.is_idle()) != Some(false) {
        return;
    }
    let folded_to = folded_to(host, id);
    let holds = |challenge: ChallengeId| holds(host, id, challenge);
    let answers = host
        .partitions
        .borrow_mut()
        .get_mut(&id)
        .map(|held| held.barriers.answers(folded_to, holds));
    for (cutoff_ms, challenge) in answers.unwrap_or_default() {
        let passed = ChallengeCommand::Barrier {
            partition: id,
            cutoff_ms,
            passed: true,
        };
        if host.send_challenge(challenge, passed).is_err() {
            // Asked again at the next round.
            host.with(&entity, |held| held.barriers.ask(cutoff_ms, challenge));
        }
    }
}

/// Everything before this position is folded, recovered tails included.
fn folded_to(host: &Rc<Host>, id: PartitionId) -> Position {
    let users = host.users.borrow();
    let users = users.iter().filter(|(_, entry)| entry.partition == id);
    let pending = users.filter_map(|(_, entry)| {
        entry
            .cell
            .borrow()
            .resident()
            .map(|resident| resident.first_pending())
    });
    let first = pending.flatten().min();
    let partitions = host.partitions.borrow();
    let Some(held) = partitions.get(&id) else {
        return Position::default();
    };
    let first = held
        .first_unfolded()
        .into_iter()
        .chain(first)
        .chain(held.pinned)
        .min();
    let durable = held.journal.durable();
    match first {
        Some(first) if first <= durable => Position {
            index: first.index.saturating_sub(1),
            ..first
        },
        _ => durable,
    }
}

/// Whether an outbox of the partition holds a contribution to a challenge.
fn holds(host: &Rc<Host>, id: PartitionId, challenge: ChallengeId) -> bool {
    let users = host.users.borrow();
    let mut users = users.values().filter(|entry| entry.partition == id);
    users.any(|entry| is_held(entry, challenge))
}

/// Whether a user's outbox holds a contribution to a challenge, or may.
fn is_held(entry: &UserEntry, challenge: ChallengeId) -> bool {
    let cell = entry.cell.borrow();
    cell.resident().is_none_or(|r| r.outbox.holds(&challenge))
}

/// How far an arbiter is with sending scores again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resent {
    /// Inputs of an earlier start are not folded yet: the newest scores are not known.
    NotRecovered,
    /// Sent, and not all confirmed.
    OnTheWay,
    /// The challenge has confirmed all.
    Delivered,
}

/// A challenge was activated: members in memory send their scores again.
pub(super) fn resend(host: &Rc<Host>, challenge: ChallengeId, sent: bool) -> Resent {
    if !is_recovered(host) {
        return Resent::NotRecovered;
    }
    if !sent {
        for entry in host.users.borrow().values() {
            super::user::resend(&entry.cell, challenge);
        }
    }
    let users = host.users.borrow();
    if users.values().any(|entry| is_held(entry, challenge)) {
        Resent::OnTheWay
    } else {
        Resent::Delivered
    }
}

/// Whether every input of an earlier start that can be folded is folded.
fn is_recovered(host: &Host) -> bool {
    let of_earlier_start = |position: Position| position.epoch < host.shared.epoch;
    let users = host.users.borrow();
    let mut residents = users.values().map(|entry| entry.cell.borrow());
    host.tails_taken.get()
        && residents.all(|cell| {
            let first = cell
                .resident()
                .and_then(|resident| resident.first_pending());
            !first.is_some_and(of_earlier_start)
        })
}

/// The arbiters, once all of them have started: one that folds its tails first may read a challenge before there are others.
pub(super) async fn every_host(shared: &Shared) -> Vec<Addr<HostActor>> {
    loop {
        if let Some(hosts) = shared.hosts.get() {
            return hosts.clone();
        }
        clock::pause_ms(RETRY_MS).await;
    }
}

/// Asks every arbiter to send its members' scores again, then tells the challenge: what was sent before stands before the
/// news in its mailbox.
pub(super) async fn refill(shared: Arc<Shared>, challenge: ChallengeId, is_open: bool) {
    if resent(&shared, challenge, is_open).await.is_none() {
        return;
    }
    while send_challenge(&shared, challenge, ChallengeCommand::Refilled).is_err() {
        clock::pause_ms(RETRY_MS).await;
    }
}

/// Asks every arbiter to send its members' scores again; nothing where one of them is gone. A board that does not move any more must
/// have them all before anyone is told a rank from it.
pub(super) async fn resent(shared: &Shared, challenge: ChallengeId, is_open: bool) -> Option<()> {
    for host in every_host(shared).await {
        let mut sent = false;
        loop {
            let (reply, asked) = tokio::sync::oneshot::channel();
            let chore = Chore::Resend {
                challenge,
                sent,
                reply,
            };
            let answer = match host.try_send(chore) {
                Ok(()) => asked.await.unwrap_or(Resent::Delivered),
                Err(actix::dev::SendError::Full(_)) => Resent::NotRecovered,
                Err(actix::dev::SendError::Closed(_)) => return None,
            };
            sent |= answer != Resent::NotRecovered;
            if answer == Resent::Delivered || (is_open && sent) {
                break;
            }
            clock::pause_ms(RETRY_MS).await;
        }
    }
    Some(())
}
