//! The partition's side of settlements, and scores that are sent again after a restart (design.md 4).

use std::{rc::Rc, sync::Arc};

use streakline_core::{
    id::{ChallengeId, Entity, PartitionId, Position},
    input::{Input, Origin, PartitionInput, Source},
};

use super::{
    challenge::ChallengeCommand,
    host::{Chore, Host, send_challenge},
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
    let of = |entity: Entity| entity.partition(super::shared::BITS) == id;
    let users = host.users.borrow();
    let users = users
        .iter()
        .filter(|(user, _)| of(Entity::User((*user).clone())));
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
    let tails = held.tails.values().filter_map(|tail| tail.first());
    let first = tails.map(|(header, _)| header.position).chain(first).min();
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
    users.iter().any(|(user, entry)| {
        Entity::User(user.clone()).partition(super::shared::BITS) == id
            && entry
                .cell
                .borrow()
                .resident()
                .is_none_or(|r| r.outbox.holds(&challenge))
    })
}

/// A challenge was activated: members in memory send their scores again.
pub(super) fn resend(host: &Rc<Host>, challenge: ChallengeId) {
    for entry in host.users.borrow().values() {
        super::user::resend(&entry.cell, challenge);
    }
}

/// Asks every arbiter to send its members' scores again, then tells the challenge: what was sent before stands before the
/// news in its mailbox.
pub(super) async fn refill(shared: Arc<Shared>, challenge: ChallengeId) {
    let hosts = shared.hosts.get().cloned().unwrap_or_default();
    for host in hosts {
        let (reply, asked) = tokio::sync::oneshot::channel();
        let mut chore = Chore::Resend { challenge, reply };
        while let Err(actix::dev::SendError::Full(back)) = host.try_send(chore) {
            chore = back;
            clock::pause_ms(RETRY_MS).await;
        }
        let _ = asked.await;
    }
    while send_challenge(&shared, challenge, ChallengeCommand::Refilled).is_err() {
        clock::pause_ms(RETRY_MS).await;
    }
}
