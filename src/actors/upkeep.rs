//! What an arbiter does in rounds: wakes who is due, shows boards, sends again what did not arrive, lets idle actors go, and makes
//! the front of a long or old journal tail snapshot (design.md 4, 5).

use std::{collections::BTreeMap, rc::Rc, sync::atomic::Ordering};

use streakline_core::{
    id::{ChallengeId, Entity, PartitionId, Position, UserId},
    limits,
};

use super::{admission, challenge, figures, host::Host, idling, parts, user};
use crate::clock;

/// Entities that are woken at once for one partition; the next come when these are done.
const WOKEN_AT_ONCE: usize = 64;
/// Entities of one partition that are relieved at once.
const RELIEVED_AT_ONCE: usize = 64;
/// Ms between two looks at what only changes slowly.
const SLOW_ROUND_MS: u64 = 1_000;
/// Ms after which what is not confirmed twice is taken for lost.
const AGED_MS: u64 = 5_000;

/// One round.
pub(super) fn round(host: &Rc<Host>) {
    let now_ms = clock::monotonic_ms();
    let challenges: Vec<_> = host.challenges.borrow().values().cloned().collect();
    challenges
        .iter()
        .for_each(|entry| challenge::round(&entry.cell));
    parts::round(host);
    let aged = is_turn(now_ms, AGED_MS);
    attend(host, aged);
    idling::round(host);
    figures::tell(host);
    if !is_turn(now_ms, SLOW_ROUND_MS) {
        return;
    }
    challenges
        .iter()
        .for_each(|entry| challenge::retry(&entry.cell));
    let partitions: Vec<PartitionId> = host.partitions.borrow().keys().copied().collect();
    partitions
        .iter()
        .for_each(|id| super::barrier::answer(host, *id));
    let draining = host.shared.draining.load(Ordering::Acquire);
    if !host.shared.clock.is_virtual() && !draining && !host.waking.replace(true) {
        let host = host.clone();
        actix::spawn(async move {
            let _ = wake_due(&host).await;
            host.waking.set(false);
        });
    }
    relieve(host);
    challenges
        .iter()
        .for_each(|entry| challenge::passivate_if_idle(&entry.cell));
}

/// Whether the round that runs now is the one in `every_ms` that does this.
fn is_turn(now_ms: u64, every_ms: u64) -> bool {
    now_ms % every_ms < super::host::ROUND_MS
}

/// Looks after users with something under way or something to tell.
fn attend(host: &Rc<Host>, aged: bool) {
    let attentive: Vec<UserId> = host.attentive.borrow().iter().cloned().collect();
    for id in attentive {
        let cell = host.user_cell(&id);
        if let Some(cell) = &cell {
            user::round(cell, aged);
        }
        if cell.is_none_or(|cell| !cell.borrow_mut().stays_attended()) {
            host.attentive.borrow_mut().remove(&id);
        }
    }
}

/// Entities at the front of a tail that is too long or too old snapshot; what is covered by all is dropped. Who is not in memory
/// has inputs of an earlier start only, and `recovery` is at them.
fn relieve(host: &Rc<Host>) {
    let settings = &host.shared.settings;
    let since_ms = clock::monotonic_ms().saturating_sub(settings.tail_age_ms);
    let aged = clock::monotonic_ms() > settings.tail_age_ms;
    let since_ms = if aged { since_ms } else { 0 };
    let mut overdue: Vec<Entity> = Vec::new();
    for held in host.partitions.borrow().values() {
        let written = held.journal.written_bytes();
        let late = held
            .coverage
            .overdue(written, settings.tail_bytes_max, since_ms);
        overdue.extend(late.take(RELIEVED_AT_ONCE).cloned());
    }
    for entity in overdue {
        if host.snapshots_under_way.get() >= limits::SNAPSHOTS_AT_ONCE {
            return;
        }
        snapshot(host, &entity);
    }
}

/// Takes a snapshot of an entity in memory.
fn snapshot(host: &Rc<Host>, entity: &Entity) {
    if host.is_set_aside(entity) {
        return;
    }
    match entity {
        Entity::User(id) => {
            let entry = host.users.borrow().get(id).cloned();
            if let Some(entry) = entry {
                user::snapshot(&entry.cell);
            }
        }
        Entity::Challenge(id) => {
            let entry = host.challenges.borrow().get(id).cloned();
            if let Some(entry) = entry {
                challenge::snapshot(&entry.cell);
            }
        }
        Entity::Partition(_) => {}
    }
}

/// The first position that each of this arbiter's partitions must keep.
pub(super) fn first_uncovered(host: &Host) -> BTreeMap<PartitionId, Position> {
    let partitions = host.partitions.borrow();
    let held = partitions.iter();
    held.map(|(id, held)| (*id, held.uncovered_from()))
        .collect()
}

/// How many have inputs that no snapshot covers, and the bytes of journal behind them.
pub(super) fn uncovered(host: &Host) -> (usize, u64) {
    let partitions = host.partitions.borrow();
    let held = partitions.values().map(|held| {
        let bytes = held.coverage.depth_bytes(held.journal.written_bytes());
        (held.coverage.len(), bytes)
    });
    held.fold((0, 0), |(all, sum): (usize, u64), (of, bytes)| {
        (all.saturating_add(of), sum.saturating_add(bytes))
    })
}

/// Wakes everybody who is due at the clock's time, in memory or not; answers how many.
pub(super) async fn wake_due(host: &Rc<Host>) -> usize {
    let now_ms = host.now_ms();
    let mut woken = 0_usize;
    let ids: Vec<PartitionId> = host.partitions.borrow().keys().copied().collect();
    for id in ids {
        let entity = Entity::Partition(id);
        let (due, stored) = host
            .with(&entity, |held| {
                let stored = held.earliest_due_ms.is_some_and(|at| at <= now_ms);
                (held.deadlines.due(now_ms, usize::MAX), stored)
            })
            .unwrap_or_default();
        let stored = if stored {
            stored_due(host, id, now_ms).await
        } else {
            Vec::new()
        };
        for entity in due.into_iter().chain(stored) {
            woken = woken.saturating_add(1);
            wake(host, &entity).await;
        }
    }
    woken
}

/// Due rows of entities that are not in memory; those in memory have their own deadline, and their rows stand until their
/// next snapshot.
async fn stored_due(host: &Rc<Host>, id: PartitionId, now_ms: i64) -> Vec<Entity> {
    let set_aside = host.damaged.borrow().len();
    let in_memory = host.users.borrow().len() + host.challenges.borrow().len() + set_aside;
    let limit = WOKEN_AT_ONCE.saturating_add(in_memory).saturating_add(1);
    let store = &host.shared.store;
    let in_memory_or_not = store.due(id, i64::MAX, limit).await;
    let rows = in_memory_or_not.unwrap_or_else(|error| {
        host.shared
            .damage
            .note("due", &format!("partition {id}"), &error);
        Vec::new()
    });
    let full = rows.len() >= limit;
    let is_active = |entity: &Entity| match entity {
        Entity::User(user) => host.users.borrow().contains_key(user),
        Entity::Challenge(challenge) => host.challenges.borrow().contains_key(challenge),
        Entity::Partition(_) => true,
    };
    let later = rows
        .iter()
        .map(|(at_ms, _)| *at_ms)
        .find(|at_ms| *at_ms > now_ms);
    let mut due: Vec<Entity> = rows
        .into_iter()
        .filter(|(at_ms, entity)| *at_ms <= now_ms && !is_active(entity))
        .filter(|(_, entity)| !host.is_set_aside(entity))
        .map(|(_, entity)| entity)
        .collect();
    let more = due.len() > WOKEN_AT_ONCE || (full && later.is_none());
    due.truncate(WOKEN_AT_ONCE);
    let next = if more { Some(now_ms) } else { later };
    host.with(&Entity::Partition(id), |held| held.earliest_due_ms = next);
    due
}

/// Runs what is due of an entity in memory; activation runs it for the others.
async fn wake(host: &Rc<Host>, entity: &Entity) {
    match entity {
        Entity::User(id) => {
            let entry = host.users.borrow().get(id).cloned();
            if let Some(entry) = entry {
                return user::wake(&entry.cell);
            }
        }
        Entity::Challenge(id) => {
            let entry = host.challenges.borrow().get(id).cloned();
            if let Some(entry) = entry {
                return challenge::wake(&entry.cell);
            }
        }
        Entity::Partition(_) => return,
    }
    admission::place(host).await;
    host.activate(entity);
}

/// Snapshots everybody in memory with uncovered inputs, once, some at a time, and waits until all is written. Inputs of an
/// earlier start that are not folded yet stay in the journal.
pub(super) async fn snapshot_all(host: &Rc<Host>) {
    let mut uncovered: Vec<Entity> = Vec::new();
    for held in host.partitions.borrow().values() {
        uncovered.extend(held.coverage.entities().cloned());
    }
    for some in uncovered.chunks(limits::SNAPSHOTS_AT_ONCE) {
        some.iter().for_each(|entity| snapshot(host, entity));
        while some.iter().any(|entity| is_writing(host, entity)) {
            clock::pause_ms(1).await;
        }
    }
}

fn is_writing(host: &Host, entity: &Entity) -> bool {
    match entity {
        Entity::User(id) => is_user_writing(host, id),
        Entity::Challenge(id) => is_challenge_writing(host, *id),
        Entity::Partition(_) => false,
    }
}

fn is_user_writing(host: &Host, id: &UserId) -> bool {
    host.users
        .borrow()
        .get(id)
        .is_some_and(|entry| entry.cell.borrow().is_writing())
}

fn is_challenge_writing(host: &Host, id: ChallengeId) -> bool {
    host.challenges
        .borrow()
        .get(&id)
        .is_some_and(|entry| entry.cell.borrow().is_writing())
}
