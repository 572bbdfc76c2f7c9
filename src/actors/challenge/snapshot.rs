//! A challenge's snapshot: read with the members' names opened, written with those sealed that have changed (ADR 0039).

use std::rc::Rc;

use futures_util::future::try_join_all;
use streakline_core::{
    challenge::{Challenge, stored::Parts},
    event::Contribution,
    id::{ChallengeId, Entity, Position, UserId},
    ledger::Totals,
};

use super::{Cell, deliver};
use crate::{
    actors::{host::Host, shared::BITS},
    clock,
    storage::{
        Error, SnapshotWrite,
        envelope::{Kind, Place, open_plain},
    },
    telemetry::series,
};

/// Standing rows that are read at once.
const STANDINGS_AT_ONCE: usize = 1_000;

/// A state, and the standing rows of its members.
pub(super) type Read = (Challenge, Vec<Contribution>);

/// Reads the snapshot, and the standing rows where the board is not made of the state alone.
pub(super) async fn read(host: Rc<Host>, id: ChallengeId) -> Result<Read, Error> {
    let (store, seals) = (&host.shared.store, &host.shared.seals);
    let challenge = match store.snapshot(&Entity::Challenge(id)).await? {
        Some(snapshot) => {
            let opened = open_plain(Kind::Snapshot, &snapshot.state)?;
            seals.challenge(id, opened.payload).await?
        }
        None => Challenge::new(id),
    };
    let standings = if challenge.frozen {
        Vec::new()
    } else {
        standings(&host, id).await?
    };
    Ok((challenge, standings))
}

async fn standings(host: &Host, id: ChallengeId) -> Result<Vec<Contribution>, Error> {
    let (store, seals) = (&host.shared.store, &host.shared.seals);
    let damaged = |error: minicbor::decode::Error| Error::Damaged(error.to_string());
    let mut standings = Vec::new();
    let mut after: Option<UserId> = None;
    loop {
        let rows = store
            .standings(id, after.as_ref(), STANDINGS_AT_ONCE)
            .await?;
        let place = (Kind::Standing, Place::Challenge(id));
        let opened = rows
            .iter()
            .map(|(user, row)| seals.open_row(user, place, row));
        for content in try_join_all(opened).await? {
            if let Some(payload) = content.payload() {
                standings.push(minicbor::decode(&payload).map_err(damaged)?);
            }
        }
        match rows.into_iter().last() {
            Some((user, _)) => after = Some(user),
            None => return Ok(standings),
        }
    }
}

/// Takes a snapshot and writes it; one at a time.
pub(in crate::actors) fn take(cell: &Cell) {
    let (parts, covered) = {
        let mut held = cell.borrow_mut();
        if held.snapshotting {
            return;
        }
        let Some(resident) = &mut held.resident else {
            return;
        };
        let covered = resident.challenge().position;
        let Some(parts) = resident.snapshot() else {
            return;
        };
        held.snapshotting = true;
        (parts, covered)
    };
    let cell = cell.clone();
    actix::spawn(async move {
        let (host, entity) = (cell.borrow().host.clone(), cell.borrow().entity());
        let due_ms = parts.due_ms;
        if let Err(error) = write(&cell, &parts, covered).await {
            return host.shared.fatal.raise(&error.to_string());
        }
        metrics::counter!(series::SNAPSHOTS, "kind" => "challenge").increment(1);
        let mut held = cell.borrow_mut();
        held.snapshotting = false;
        let more = held
            .resident()
            .map(|resident| resident.pending() > 0 || resident.challenge().position > covered);
        host.snapshotted(&entity, (covered, due_ms), more);
        drop(held);
        deliver::send_outbox(&cell);
    });
}

/// Seals the names that have changed, which stay sealed from then on, and writes the row.
async fn write(cell: &Cell, parts: &Parts, covered: Position) -> Result<(), Error> {
    let (host, id) = (cell.borrow().host.clone(), cell.borrow().id);
    let fresh = host.shared.seals.names(id, parts).await?;
    if let Some(resident) = &mut cell.borrow_mut().resident {
        resident.sealed(parts, &fresh);
    }
    let entity = Entity::Challenge(id);
    let partition = entity.partition(BITS);
    let write = SnapshotWrite {
        due_before_ms: parts.due_before_ms,
        due_ms: parts.due_ms,
        ..SnapshotWrite::of_state((entity, partition), covered, parts.bytes(&fresh))
    };
    host.commit(write, Totals::default()).await
}

/// Leaves memory once idle and over: an open board stays, its newest scores are nowhere else.
pub(in crate::actors) fn passivate_if_idle(cell: &Cell) {
    let (idle, covered) = {
        let held = cell.borrow();
        let Some(resident) = held.resident() else {
            return;
        };
        let idle_ms = clock::monotonic_ms().saturating_sub(held.last_used_ms);
        // Anybody may ask for ids that nothing has.
        let known = resident.challenge();
        let exists = known.exists() || known.campaign.is_some() || known.template.is_some();
        let idle = (idle_ms > held.host.shared.settings.idle_ms || !exists)
            && resident.may_passivate()
            && held.commands.is_empty()
            && held.subscribers.is_empty()
            && !held.snapshotting;
        let stale = resident.challenge().due_ms != resident.challenge().visible_deadline();
        (idle, held.host.is_covered(&held.entity()) && !stale)
    };
    if idle && covered {
        cell.borrow_mut().leave();
    } else if idle {
        take(cell);
    }
}
