//! Batches of a user's sockets: judged by `core::user::admit`, then journaled; what is new is acknowledged when it is folded.

use streakline_core::{
    input::{Ingest, Origin, Source, UserInput},
    user::admit::{self, Admission, Arrival},
};

use super::{
    Cell, UserCell, Waiter,
    outbound::{end, pump},
    stream::answer,
};
use crate::keys::devices;
use crate::telemetry::series;
use crate::{
    actors::{host::InFlight, message::Batch},
    protocol::{
        error_code::{Code, Refusal},
        server_frame::Changes,
    },
    push::{Lane, Push, SessionHandle},
};

/// What one record takes while it waits, about.
const RECORD_BYTES: usize = 128;

/// Takes a batch of an opened socket.
pub(super) fn batch(cell: &Cell, session: SessionHandle, batch: Batch) {
    let mut held = cell.borrow_mut();
    if !held.clients.contains_key(&session) {
        // The state has been read again since: the client resumes.
        return end(&held.host, session, Code::Internal);
    }
    let (batch_id, lane, first_seq) = (batch.batch_id, batch.lane, batch.first_seq);
    // Short records take more in memory than on the wire.
    let bytes = batch.records.len().saturating_mul(RECORD_BYTES);
    let bytes = bytes.max(batch.bytes);
    let room = InFlight::take(&held.host, bytes)
        .filter(|_| !held.host.is_overrun(held.partition) && !is_full(&held));
    let Some(inflight) = room else {
        let refusal = Refusal::new(Code::Overloaded, "too much is waiting; try again");
        let batch_id = Some(batch_id);
        let push = Push::Refused {
            refusal,
            batch_id,
            id: None,
            expected_seq: None,
        };
        answer(&mut held, session, push);
        drop(held);
        return pump(cell, true);
    };
    let Some(admission) = judge(&held, session, batch) else {
        return;
    };
    let push = match admission {
        Admission::Journal(ingest, refused) => {
            let waiter = Waiter::Batch {
                session,
                batch_id,
                lane,
                refused,
                inflight,
            };
            return journal(&mut held, ingest, waiter);
        }
        Admission::Answered(outcome) => Push::Ack {
            batch_id,
            lane,
            outcome,
            changes: Changes::default(),
            credits: held.host.credits(),
        },
        Admission::SeqGap { expected } => {
            let detail = format!("expected first_seq {expected}, got {first_seq}");
            let refusal = Refusal::new(Code::SeqGap, detail);
            let (batch_id, expected_seq) = (Some(batch_id), Some(expected));
            Push::Refused {
                refusal,
                batch_id,
                id: None,
                expected_seq,
            }
        }
    };
    answer(&mut held, session, push);
    drop(held);
    pump(cell, true);
}

/// Whether no more of a user on hold can be kept.
fn is_full(held: &UserCell) -> bool {
    held.user().is_some_and(|user| user.is_full())
}

/// What becomes of a batch; nothing for a viewer, whose session refuses it.
fn judge(held: &UserCell, session: SessionHandle, batch: Batch) -> Option<Admission> {
    let client = held.clients.get(&session)?;
    let (device, outbox) = client.device?;
    let lane = u8::from(batch.lane == Lane::Backfill);
    let resident = held.resident()?;
    let pending_to = resident.pending_to(device, outbox, lane);
    let now_ms = held.host.now_ms();
    let stamp_ms = held
        .host
        .at(held.partition, |partition| partition.journal.stamp(now_ms));
    let (first_seq, skewed, records) = (batch.first_seq, client.skewed, batch.records);
    metrics::counter!(series::SAMPLES).increment(records.len() as u64);
    let user = resident.user();
    let key = user.devices.get(&device).and_then(|held| held.key());
    // What is found is journaled: no replay verifies anything.
    let unsigned =
        key.map(|key| devices::unsigned((&user.id, device), key, &records, &batch.signatures));
    let arrival = Arrival {
        device,
        outbox,
        lane,
        first_seq,
        skewed,
        records,
        unsigned,
    };
    let stamp_ms = stamp_ms.unwrap_or(now_ms);
    Some(admit::batch(resident.user(), arrival, pending_to, stamp_ms))
}

fn journal(held: &mut UserCell, ingest: Ingest, waiter: Waiter) {
    let principal = format!("user:{}", held.id);
    let origin = Origin {
        source: Source::Stream,
        principal,
        request_id: String::new(),
    };
    held.offer(origin, (UserInput::Ingest(ingest), Vec::new()), waiter);
}
