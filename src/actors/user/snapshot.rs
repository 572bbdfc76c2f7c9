//! Snapshots of a user: when they are taken, what is written with them, and leaving memory after one (design.md 5).

use streakline_core::{
    id::ChallengeId,
    input::RULES_VERSION,
    ledger::Totals,
    user::{resident::Resident, snapshot::Parts},
};

use super::{Cell, UserCell, deliver};
use crate::{
    actors::shared::BITS,
    clock,
    storage::{
        ChunkId, SnapshotWrite,
        envelope::{Kind, seal},
    },
};

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
    let Some((write, host)) = prepare(&mut cell.borrow_mut()) else {
        return;
    };
    let (cell, entity, covered) = (cell.clone(), write.entity.clone(), write.covered);
    let due_ms = write.due_ms;
    actix::spawn(async move {
        if let Err(error) = host.shared.store.commit(write).await {
            return host.shared.fatal.raise(&error.to_string());
        }
        metrics::counter!("streakline_snapshots_total", "kind" => "user").increment(1);
        let mut held = cell.borrow_mut();
        held.snapshotting = false;
        held.writing = (Vec::new(), Vec::new());
        let more = held
            .resident()
            .map(|resident| resident.pending() > 0 || resident.user().position > covered);
        host.snapshotted(&entity, (covered, due_ms), more);
        drop(held);
        // Records may wait to be read until this was written.
        super::advance(&cell);
    });
}

fn prepare(held: &mut UserCell) -> Option<(SnapshotWrite, std::rc::Rc<crate::actors::host::Host>)> {
    let entity = held.entity();
    let resident = held.resident.as_mut()?;
    held.writing = (
        resident.user().facts.clone(),
        resident.user().transfers.clone(),
    );
    let available_micro = resident.user().available_micro;
    let parts = resident.snapshot();
    held.snapshotting = true;
    let booked = Totals::of(held.writing.1.iter(), available_micro);
    // From here on these are in the partition's written sums.
    held.booked = Totals::default();
    let partition_row = held.host.with(&entity, |partition| partition.row(booked))?;
    let partition = entity.partition(BITS);
    let write = SnapshotWrite {
        entity,
        partition,
        covered: parts.covered,
        state: seal(Kind::Snapshot, RULES_VERSION, &parts.state),
        chunks: sealed_chunks(&parts),
        dropped_chunks: parts
            .dropped
            .iter()
            .map(|(day, number)| chunk_id(*day, *number))
            .collect(),
        facts: sealed(Kind::Fact, &parts.facts),
        transfers: sealed(Kind::Transfer, &parts.transfers),
        standings: parts.standings.iter().map(sealed_standing).collect(),
        due_before_ms: parts.due_before_ms,
        due_ms: parts.due_ms,
        partition_row,
    };
    Some((write, held.host.clone()))
}

fn chunk_id(day: streakline_core::civil::Day, number: u64) -> ChunkId {
    ChunkId { day, number }
}

fn sealed_chunks(parts: &Parts) -> Vec<(ChunkId, Vec<u8>)> {
    let chunk = |((day, number), bytes): &((_, u64), Vec<u8>)| {
        (
            chunk_id(*day, *number),
            seal(Kind::Chunk, RULES_VERSION, bytes),
        )
    };
    parts.chunks.iter().map(chunk).collect()
}

fn sealed(kind: Kind, rows: &[(u64, Vec<u8>)]) -> Vec<(u64, Vec<u8>)> {
    rows.iter()
        .map(|(number, bytes)| (*number, seal(kind, RULES_VERSION, bytes)))
        .collect()
}

fn sealed_standing(
    (challenge, standing): &(ChallengeId, Option<Vec<u8>>),
) -> (ChallengeId, Option<Vec<u8>>) {
    (
        *challenge,
        standing
            .as_ref()
            .map(|bytes| seal(Kind::Standing, RULES_VERSION, bytes)),
    )
}

/// Leaves memory once idle: everything folded is covered, nothing waits, nobody listens.
pub(in crate::actors) fn passivate_if_idle(cell: &Cell) {
    let (idle, covered) = {
        let held = cell.borrow();
        let Some(resident) = held.resident() else {
            return;
        };
        let idle_ms = clock::monotonic_ms().saturating_sub(held.last_used_ms);
        let idle = idle_ms > held.host.shared.settings.idle_ms
            && held.clients.is_empty()
            && held.commands.is_empty()
            && resident.pending() == 0
            && resident.outbox.is_empty()
            && !resident.user().is_releasing()
            && !held.snapshotting
            && !held.loading;
        let user = resident.user();
        let stale = user.due_ms != user.visible_deadline();
        (idle, held.host.is_covered(&held.entity()) && !stale)
    };
    if idle && covered {
        metrics::counter!("streakline_passivations_total", "kind" => "user").increment(1);
        cell.borrow_mut().leave();
    } else if idle {
        take(cell);
    }
}
