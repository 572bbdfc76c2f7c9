//! A challenge whose fold panics (ADR 0015): its state is let go and read again, the input passed over the second time. There is
//! no hold: after too many skips nothing changes it any more until an operator offers one of them again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix::spawn;
use streakline_core::{
    challenge::{Challenge, resident::Resident},
    id::Position,
    input::{ChallengeInput, Header, Input, Origin, Source},
    poison::{Skipping, Verdict, Why, encoded},
};

use super::{Cell, ChallengeCell, activate, parted, read, subscriber};
use crate::telemetry::series;
use crate::{
    actors::{
        aside,
        reread::{self, READ_AGAIN_AFTER_MS},
    },
    clock,
    protocol::error_code::{Code, Refusal},
};

/// The fold has panicked; the culprit is still in front.
pub(super) struct Panicked;

/// Folds the next input that is durable, under a guard.
pub(super) fn step(
    resident: &mut Resident,
    durable: Position,
) -> Result<Option<Position>, Panicked> {
    catch_unwind(AssertUnwindSafe(|| resident.step(durable))).map_err(|_| Panicked)
}

/// What a change would make of the challenge; refused where that cannot be found out: it is not journaled then.
pub(super) fn foresee(
    resident: &Resident,
    header: &Header,
    input: &ChallengeInput,
) -> Result<Challenge, Refusal> {
    let foreseen = catch_unwind(AssertUnwindSafe(|| resident.foresee(header, input)));
    foreseen.map_err(|_| {
        metrics::counter!(series::PANICS, "kind" => "challenge").increment(1);
        Refusal::new(Code::Internal, "a fault in the server; nothing was changed")
    })
}

/// A fold has panicked.
pub(super) fn panicked(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let entity = held.entity();
    metrics::counter!(series::PANICS, "kind" => "challenge").increment(1);
    let culprit = held.resident().and_then(Resident::culprit).cloned();
    let position = culprit.as_ref().map(|(header, _)| header.position);
    let verdict = position.and_then(|position| {
        held.host
            .with(&entity, |held| held.suspects.panicked(&entity, position))
    });
    tracing::error!(challenge = %held.id, ?position, ?verdict, "a fold panicked");
    let skips = verdict == Some(Verdict::Skip);
    if let Some((header, input)) = culprit.filter(|_| skips) {
        pass_over(&held, Skipping::challenge(&header, &input));
    }
    held.let_go();
    drop(held);
    read_again(cell, if skips { 0 } else { READ_AGAIN_AFTER_MS });
}

/// The state cannot be trusted any more for another reason: it is read again, and nothing is passed over.
pub(super) fn faulted(cell: &Cell) {
    metrics::counter!(series::PANICS, "kind" => "challenge").increment(1);
    tracing::error!(challenge = %cell.borrow().id, "a fault outside of a fold; it is read again");
    cell.borrow_mut().let_go();
    read_again(cell, READ_AGAIN_AFTER_MS);
}

/// Journals that the input is passed over; it is durable together with what is kept of it.
fn pass_over(held: &ChallengeCell, skipping: Skipping<ChallengeInput>) {
    let (entity, position) = (held.entity(), skipping.skip.position);
    tracing::error!(challenge = %held.id, ?position, "an input is passed over; see `streakline stuck`");
    metrics::counter!(series::SKIPPED, "kind" => "challenge").increment(1);
    let row = skipping.input.as_ref().map(|input| {
        let content = (input.kind(), encoded(input));
        aside::put(
            &entity,
            position,
            (Why::Skipped, skipping.stamp_ms),
            content,
        )
    });
    let skip = Input::Challenge(held.id, ChallengeInput::Skip(skipping.skip));
    let rows = row.into_iter().collect();
    let host = held.host.clone();
    host.append(&entity, Origin::server(Source::Peer), (&skip, rows));
}

/// Activates the state anew in its place.
fn read_again(cell: &Cell, after_ms: u64) {
    let (cell, host, entity) = {
        let held = cell.borrow();
        (cell.clone(), held.host.clone(), held.entity())
    };
    spawn(async move {
        if after_ms > 0 {
            clock::pause_ms(after_ms).await;
        }
        while cell.borrow().snapshotting {
            clock::pause_ms(1).await;
        }
        if let Err(error) = reread::tail_at_hand(&host, &entity).await {
            return host.shared.fatal.raise(&error.to_string());
        }
        let id = cell.borrow().id;
        let state = read(host, id).await;
        activate(&cell, state);
    });
}

impl ChallengeCell {
    /// Lets the state go, and keeps the cell: who waits is told, who looks on is shown the board that is read again.
    fn let_go(&mut self) {
        self.resident = None;
        self.lives = self.lives.saturating_add(1);
        self.told_offset = u64::MAX;
        self.parts = parted::Parts::None;
        subscriber::again(self);
        let fault = || {
            Refusal::new(
                Code::Internal,
                "a fault in the server; the challenge reloads",
            )
        };
        for (done, _) in std::mem::take(&mut self.waiters).into_values() {
            done(Err(fault()));
        }
        for waiting in std::mem::take(&mut self.commands) {
            waiting.refuse(&self.host, self.id, fault());
        }
        let entity = self.entity();
        self.host
            .with(&entity, |partition| partition.deadlines.set(&entity, None));
        self.note_work();
    }

    /// A position was folded: it is no suspect any more.
    pub(super) fn clear_suspicion(&self, position: Position) {
        let entity = self.entity();
        self.host.with(&entity, |partition| {
            if !partition.suspects.is_empty() {
                partition.suspects.folded(&entity, position);
            }
        });
    }
}
