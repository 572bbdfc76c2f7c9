//! Snapshots of a user: when they are taken, what is written with them, leaving memory after one (design.md 5), and what a
//! user weighs while it is there.

use std::{
    collections::{BTreeSet, VecDeque},
    rc::Rc,
};

use streakline_core::{
    id::{ChallengeId, Entity},
    ledger::Totals,
    limits,
    user::resident::Resident,
};

use super::{Cell, UserCell, deliver};
use crate::telemetry::series;
use crate::{
    actors::{admission::Weight, host::Host, idling, reread, shared::BITS},
    clock,
    protocol::error_code::{Code, Refusal},
    storage::{
        ChunkId, Error, SnapshotWrite, Traces,
        envelope::{Kind, Place},
    },
};

/// What an actor takes beside its user's state: measured with a hundred thousand idle users in memory.
const ACTOR_BYTES: usize = 4_096;
/// Ms between two weighings of a user that is in use.
const WEIGHED_EVERY_MS: u64 = 1_000;

/// Takes a snapshot and writes it; one at a time.
pub(in crate::actors) fn take(cell: &Cell) {
    let crowded = {
        let held = cell.borrow();
        if held.snapshotting || held.loading {
            return;
        }
        held.resident().map(Resident::crowded).unwrap_or_default()
    };
    if !crowded.is_empty() {
        return deliver::load(cell, crowded);
    }
    let Some((write, booked, host)) = prepare(&mut cell.borrow_mut()) else {
        return;
    };
    let (cell, entity, covered) = (cell.clone(), write.entity.clone(), write.covered);
    let due_ms = write.due_ms;
    actix::spawn(async move {
        let committed = host.commit(write, booked).await;
        let under_way = host.snapshots_under_way.get().saturating_sub(1);
        host.snapshots_under_way.set(under_way);
        if let Err(error) = committed {
            return host.shared.fatal.raise(&error.to_string());
        }
        metrics::counter!(series::SNAPSHOTS, "kind" => "user").increment(1);
        let mut held = cell.borrow_mut();
        held.snapshotting = false;
        held.writing = Default::default();
        let more = held
            .resident()
            .map(|resident| resident.pending() > 0 || resident.user().position > covered);
        host.snapshotted(&entity, (covered, due_ms), more);
        held.weigh();
        let leaving = std::mem::take(&mut held.leaving) && (held.is_idle() || host.makes_room());
        drop(held);
        // Records may wait to be read until this was written.
        super::advance(&cell);
        if leaving {
            let_go(&cell);
        }
        if under_way == limits::SNAPSHOTS_AT_ONCE / 2 {
            idling::round(&host);
        }
    });
}

fn prepare(held: &mut UserCell) -> Option<(SnapshotWrite, Totals, Rc<Host>)> {
    let entity = held.entity();
    let resident = held.resident.as_mut()?;
    held.writing = (
        resident.user().facts.clone(),
        resident.user().transfers.clone(),
        resident.user().changes.clone(),
    );
    let parts = resident.snapshot();
    held.snapshotting = true;
    let under_way = &held.host.snapshots_under_way;
    under_way.set(under_way.get().saturating_add(1));
    let booked = Totals::of(held.writing.1.iter());
    // These will be in the partition's written sums, whatever becomes of the state.
    held.booked = Totals::default();
    let partition = entity.partition(BITS);
    let chunks = parts.chunks.into_iter().chain(parts.minutes);
    let dropped = parts.dropped.into_iter();
    let write = SnapshotWrite {
        entity,
        partition,
        covered: parts.covered,
        state: parts.state,
        chunks: chunks
            .map(|((day, number), bytes)| (ChunkId { day, number }, bytes))
            .collect(),
        dropped_chunks: dropped
            .map(|(day, number)| ChunkId { day, number })
            .collect(),
        facts: parts.facts,
        transfers: parts.transfers,
        changes: parts.changes,
        standings: parts.standings,
        due_before_ms: parts.due_before_ms,
        due_ms: parts.due_ms,
        partition_row: Vec::new(),
    };
    Some((write, booked, held.host.clone()))
}

/// Reads a state, with what no snapshot covers at hand.
pub(super) async fn read(host: Rc<Host>, entity: Entity) -> Result<Option<Vec<u8>>, Error> {
    reread::tail_at_hand(&host, &entity).await?;
    state(&host, &entity).await
}

/// The state of the newest snapshot; nothing of a user who was erased.
pub(super) async fn state(host: &Host, entity: &Entity) -> Result<Option<Vec<u8>>, Error> {
    let snapshot = host.shared.store.snapshot(entity).await?;
    let (Some(snapshot), Entity::User(user)) = (snapshot, entity) else {
        return Ok(None);
    };
    let place = (Kind::Snapshot, Place::Covered(snapshot.covered));
    let content = host
        .shared
        .seals
        .open_row(user, place, &snapshot.state)
        .await?;
    Ok(content.payload())
}

/// Ends every socket of a user.
pub(in crate::actors) fn close_sockets(cell: &Cell) {
    cell.borrow_mut().close_sockets();
}

/// What came of a look at a user that may leave memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::actors) enum Look {
    /// It has left.
    Gone,
    /// It leaves when its snapshot is written.
    Leaving,
    /// Something waits for it, or somebody listens.
    Needed,
}

/// Lets a user leave memory: once everything folded is covered, if nothing waits and nobody listens.
pub(in crate::actors) fn let_go(cell: &Cell) -> Look {
    let covered = {
        let held = cell.borrow();
        if held.ended {
            return Look::Gone;
        }
        let Some(resident) = held.resident().filter(|_| held.is_free()) else {
            return Look::Needed;
        };
        let stale = resident.user().due_ms != resident.user().visible_deadline();
        held.host.is_covered(&held.entity()) && !stale
    };
    if covered {
        metrics::counter!(series::PASSIVATIONS, "kind" => "user").increment(1);
        cell.borrow_mut().leave();
        return Look::Gone;
    }
    cell.borrow_mut().leaving = true;
    take(cell);
    Look::Leaving
}

/// Nobody has used it for a while, but it is needed: what only work needs is given back, and what was folded is written, so that
/// the minutes of closed days and what waited for a snapshot leave memory.
pub(in crate::actors) fn rest(cell: &Cell) {
    let uncovered = {
        let mut held = cell.borrow_mut();
        held.give_room_back();
        let still = |resident: &Resident| resident.pending() == 0;
        held.resident().is_some_and(still) && !held.host.is_covered(&held.entity())
    };
    if uncovered {
        take(cell);
    }
}

/// Lets a user go who is to be erased, once nothing is under way and everything is covered: then it answers what is known of
/// its rows. Until then a snapshot is on its way.
///
/// # Errors
/// `Overloaded` where the user is in a challenge that has not forgotten it.
pub(in crate::actors) fn let_go_for_good(
    cell: &Cell,
    left: &BTreeSet<ChallengeId>,
) -> Result<Option<Traces>, Refusal> {
    let traces = {
        let held = cell.borrow();
        let Some(resident) = held.resident().filter(|_| held.is_free()) else {
            return Ok(None);
        };
        let user = resident.user();
        if user
            .enrolments
            .keys()
            .any(|challenge| !left.contains(challenge))
        {
            let words = "the user has just joined a challenge; try again";
            return Err(Refusal::new(Code::Overloaded, words));
        }
        let covered = held.host.is_covered(&held.entity());
        covered.then(|| Traces {
            user: held.id.clone(),
            partition: held.partition,
            devices: user.devices.keys().copied().collect(),
            challenges: left.iter().copied().collect(),
            due_ms: user.due_ms,
            key: None,
            partition_row: Vec::new(),
        })
    };
    match &traces {
        Some(_) => cell.borrow_mut().leave(),
        None => take(cell),
    }
    Ok(traces)
}

impl UserCell {
    /// A command is on its way: nobody leaves memory with one in the mailbox.
    pub(super) fn used(&mut self) {
        self.last_used_ms = clock::monotonic_ms();
        self.mailbox = self.mailbox.saturating_add(1);
    }

    /// Gives back what only work needs.
    fn give_room_back(&mut self) {
        if self.waiters.is_empty() {
            self.waiters = VecDeque::new();
        }
        for client in self.clients.values_mut() {
            client.give_room_back();
        }
        if let Some(resident) = &mut self.resident {
            resident.give_room_back();
        }
    }

    fn is_idle(&self) -> bool {
        let idle_ms = clock::monotonic_ms().saturating_sub(self.last_used_ms);
        idle_ms >= self.host.shared.settings.idle_ms
    }

    /// Nothing waits for it, and nobody listens.
    fn is_free(&self) -> bool {
        let quiet = |resident: &Resident| {
            let releasing = resident.user().is_releasing();
            resident.pending() == 0 && resident.outbox.is_empty() && !releasing
        };
        self.resident().is_some_and(quiet)
            && self.mailbox == 0
            && self.clients.is_empty()
            && self.commands.is_empty()
            && !self.snapshotting
            && !self.loading
    }

    /// Counts what it takes in memory.
    pub(super) fn weigh(&mut self) {
        let weight = self
            .resident()
            .map_or_else(Weight::default, |resident| Weight {
                bytes: resident.bytes().saturating_add(ACTOR_BYTES),
                head_bytes: resident.user().head_bytes(),
            });
        self.host.admission.reweigh(self.weight, weight);
        self.weight = weight;
        self.weighed_ms = clock::monotonic_ms();
        self.unweighed = false;
    }

    /// The same after a change, at most once in a while: weighing goes through all days.
    pub(super) fn weigh_sometimes(&mut self) {
        let since_ms = clock::monotonic_ms().saturating_sub(self.weighed_ms);
        self.unweighed = true;
        if self.weight == Weight::default() || since_ms >= WEIGHED_EVERY_MS {
            self.weigh();
        }
    }

    /// When the last command came, ms of the machine's clock; who has changed since the last look is weighed.
    pub(in crate::actors) fn look(&mut self) -> u64 {
        if self.unweighed {
            self.weigh();
        }
        self.last_used_ms
    }
}
