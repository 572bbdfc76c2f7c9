//! A user whose folds panic: inputs that are passed over, and the hold after too many of them (ADR 0015).
//!
//! On hold nothing is folded and no boundary runs: the user's time stands still. What comes is kept by the shell, and counted
//! here. A release folds it at the stamps that it had, so that a hold leaves no trace in days, streaks and tokens.

use alloc::vec::Vec;

use super::{User, devices, fold::Fold, goals, ingest};
use crate::{
    event::{BatchOutcome, Event, Judgement},
    input::{Header, Ingest, UserInput},
    limits,
    poison::{Hold, Numbered, Retry, Skip},
};

/// An input was passed over; one too many puts the user on hold. It runs no boundary: that may be what panics.
pub(super) fn skip(user: &mut User, header: &Header, skip: &Skip) {
    if let Some(numbered) = &skip.numbered {
        ingest::number(user, numbered);
    }
    if skip.release {
        release(user);
    }
    if skip.kept {
        folded(user);
    }
    user.skips.note(header.stamp_ms);
    if skip.hold {
        let before = user.hold.as_ref();
        user.hold = Some(Hold {
            position: header.position,
            since_ms: before.map_or(header.stamp_ms, |hold| hold.since_ms),
            releasing: false,
            kept: before.map_or(0, |hold| hold.kept),
        });
    }
    end_if_done(user);
}

/// The time at which an offered input is folded: its own stamp while the user's time stands still, else as one that comes now.
pub(super) fn stamp_ms(user: &User, header: &Header, retry: &Retry) -> i64 {
    if user.hold.is_some() {
        retry.stamp_ms.max(user.now_ms).min(header.stamp_ms)
    } else {
        header.stamp_ms
    }
}

/// An operator releases the user; skips are counted anew.
pub(super) fn release(user: &mut User) {
    user.skips.clear();
    if let Some(hold) = &mut user.hold {
        hold.releasing = true;
    }
}

/// One of the inputs that were kept is done with.
pub(super) fn folded(user: &mut User) {
    if let Some(hold) = &mut user.hold {
        hold.kept = hold.kept.saturating_sub(1);
    }
}

/// The hold ends once it is being released and nothing is kept any more.
pub(super) fn end_if_done(user: &mut User) {
    if user
        .hold
        .as_ref()
        .is_some_and(|hold| hold.releasing && hold.kept == 0)
    {
        user.hold = None;
    }
}

/// An input that is kept, not folded. Only what answers need is noted: a queue's numbers, and whose they are.
pub(super) fn keep(user: &mut User, fold: &mut Fold<'_>, input: &UserInput) {
    if let Some(hold) = &mut user.hold {
        hold.kept = hold.kept.saturating_add(1);
    }
    match input {
        UserInput::Ingest(batch) => acknowledge(user, fold, batch),
        UserInput::Open {
            device: Some(introduction),
            ..
        } => devices::introduce(user, fold, introduction),
        _ => {}
    }
}

fn acknowledge(user: &mut User, fold: &mut Fold<'_>, batch: &Ingest) {
    let up_to_seq = ingest::number(user, &numbered(batch));
    let kept = |(offset, _): &(u32, _)| {
        let seq = batch.first_seq.saturating_add(u64::from(*offset));
        (seq, Judgement::Kept)
    };
    let results: Vec<_> = batch.records.iter().map(kept).collect();
    fold.emit(Event::Judged(BatchOutcome { up_to_seq, results }));
}

/// The numbers that a batch is done with.
pub(super) fn numbered(batch: &Ingest) -> Numbered {
    Numbered {
        device: batch.device,
        outbox: batch.outbox,
        lane: batch.lane,
        last_seq: batch.last_seq(),
    }
}

impl User {
    /// Whether nothing is folded but what is offered again.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    /// Whether what was kept is being folded.
    #[must_use]
    pub fn is_releasing(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.releasing)
    }

    /// Whether no more can be kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let kept = self.hold.as_ref().map_or(0, |hold| hold.kept);
        kept >= limits::KEPT_INPUTS_MAX
    }
}

/// A stuck input as it is offered again: a goal's change holds from today, never for days that are over.
#[must_use]
pub fn renewed(user: &User, input: UserInput, now_ms: i64) -> UserInput {
    match input {
        UserInput::PutGoal { .. } => goals::renewed(user, input, now_ms),
        other => other,
    }
}
