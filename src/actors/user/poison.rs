//! A user whose fold panics (ADR 0015): the state is let go and read again, the input passed over the second time; on hold,
//! what comes is put aside, and offered again in order when an operator releases the user. What a panic calls for is
//! `core::poison`'s to say.

use actix::spawn;
use streakline_core::{
    id::{Entity, Position},
    input::{Input, Origin, Source, UserInput},
    poison::{Retry, Skipping, Verdict, Why, encoded, is_control},
    user::resident::Resident,
};

use super::{Cell, UserCell, Waiter, command};
use crate::telemetry::series;
use crate::{
    actors::{
        aside,
        challenge::ChallengeCommand,
        parts,
        reread::{self, READ_AGAIN_AFTER_MS},
    },
    clock,
    protocol::error_code::{Code, Refusal},
    storage::{Attachment, Error, StuckId},
};

/// Kept inputs that are offered again at once; the next follow when these are folded.
const RELEASED_AT_ONCE: usize = 32;

/// A fold has panicked.
pub(super) fn panicked(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let entity = held.entity();
    let culprit = held.resident().and_then(Resident::culprit).cloned();
    let Some((header, input)) = culprit else {
        drop(held);
        return faulted(cell);
    };
    let position = header.position;
    let verdict = held
        .host
        .with(&entity, |held| held.suspects.panicked(&entity, position));
    metrics::counter!(series::PANICS, "kind" => "user").increment(1);
    tracing::error!(user = %held.id, ?position, kind = input.kind(), ?verdict, "a fold panicked");
    let mut notice = None;
    let skips = verdict == Some(Verdict::Skip);
    if skips {
        let skipping = Skipping::user(&header, &input);
        notice = skipping.input.clone();
        pass_over(&held, skipping);
    }
    held.let_go();
    drop(held);
    let cell = cell.clone();
    spawn(async move {
        if !skips {
            clock::pause_ms(READ_AGAIN_AFTER_MS).await;
        }
        read_again(&cell).await;
        confirm(&cell, notice);
    });
}

/// The state cannot be trusted any more for another reason: it is read again, and nothing is passed over.
pub(super) fn faulted(cell: &Cell) {
    tracing::error!(user = %cell.borrow().id, "a fault outside of a fold; the user is read again");
    metrics::counter!(series::PANICS, "kind" => "user").increment(1);
    unreadable(cell);
}

/// Something of the state cannot be had: it is read again.
pub(super) fn unreadable(cell: &Cell) {
    cell.borrow_mut().let_go();
    let cell = cell.clone();
    spawn(async move {
        clock::pause_ms(READ_AGAIN_AFTER_MS).await;
        read_again(&cell).await;
    });
}

/// Journals that the input is passed over; it is durable together with what is kept of it.
fn pass_over(held: &UserCell, skipping: Skipping<UserInput>) {
    let (entity, now_ms) = (held.entity(), held.host.now_ms());
    let (host, position) = (held.host.clone(), skipping.skip.position);
    let next = host.with(&entity, |held| {
        (held.journal.next(), held.journal.stamp(now_ms))
    });
    let (next, stamp_ms) = next.unwrap_or((position, now_ms));
    let mut rows: Vec<Attachment> = Vec::new();
    if let Some(input) = &skipping.input {
        let content = (input.kind(), encoded(input));
        let why = (Why::Skipped, skipping.stamp_ms);
        rows.push(aside::put(&entity, position, why, content));
    }
    let mut skip = skipping.skip;
    let resident = held.resident();
    let (many, replaced) = resident.map_or((false, None), |resident| {
        resident.next_hold(&skip, stamp_ms)
    });
    if many {
        tracing::error!(user = %held.id, "too many inputs were passed over: the user is on hold");
        rows.extend(replaced.map(|before| Attachment::Unstuck(aside::id(&entity, before))));
        let why = (Why::Hold, stamp_ms);
        rows.push(aside::put(&entity, next, why, ("hold", Vec::new())));
        skip.hold = true;
    }
    tracing::error!(user = %held.id, ?position, "an input is passed over; see `streakline stuck`");
    metrics::counter!(series::SKIPPED, "kind" => "user").increment(1);
    let skip = Input::User(held.id.clone(), UserInput::Skip(skip));
    host.append(&entity, Origin::server(Source::Peer), (&skip, rows));
}

/// Activates the state anew in its place.
async fn read_again(cell: &Cell) {
    // A snapshot of the old state must be there before the new one is read, or its transfers would be booked twice.
    while cell.borrow().snapshotting {
        clock::pause_ms(1).await;
    }
    let (host, entity) = {
        let held = cell.borrow();
        (held.host.clone(), held.entity())
    };
    if let Err(error) = reread::tail_at_hand(&host, &entity).await {
        return host.shared.fatal.raise(&error.to_string());
    }
    let read = super::snapshot::state(&host, &entity).await;
    super::actor::activate(cell, read);
}

/// A challenge waits for its member to know: it does, as far as it ever will without an operator.
fn confirm(cell: &Cell, notice: Option<UserInput>) {
    let Some(input) = notice else { return };
    let challenge = match &input {
        UserInput::Await { challenge, .. }
        | UserInput::Enrol { challenge, .. }
        | UserInput::Extend { challenge, .. }
        | UserInput::Reach { challenge, .. }
        | UserInput::Withdraw { challenge, .. }
        | UserInput::Conclude { challenge, .. } => *challenge,
        _ => return,
    };
    let held = cell.borrow();
    let user = held.id.clone();
    // Not arrived: the challenge tells again.
    let input = Box::new(input);
    parts::told(&held.host, &user, &input);
    let confirmed = ChallengeCommand::Confirmed { user, input };
    let _ = held.host.send_challenge(challenge, confirmed);
}

/// The row of an input that is journaled while the user is on hold.
pub(super) fn kept(held: &UserCell, input: &UserInput) -> Option<Attachment> {
    if is_control(input) || !held.user().is_some_and(|user| user.is_held()) {
        return None;
    }
    let (entity, now_ms) = (held.entity(), held.host.now_ms());
    let place = held.host.with(&entity, |held| {
        (held.journal.next(), held.journal.stamp(now_ms))
    });
    let (position, stamp_ms) = place?;
    let content = (input.kind(), encoded(input));
    Some(aside::put(
        &entity,
        position,
        (Why::Kept, stamp_ms),
        content,
    ))
}

/// Offers what was kept again, in order, while the user is being released.
pub(super) fn release(cell: &Cell) {
    {
        let mut held = cell.borrow_mut();
        let releasing = held.user().is_some_and(|user| user.is_releasing());
        let waits = held.resident().is_none_or(|r| r.pending() > 0);
        if !releasing {
            let ended = std::mem::take(&mut held.releasing);
            held.released_to = None;
            drop(held);
            if ended {
                tracing::info!(user = %cell.borrow().id, "the hold is over");
                command::wake(cell);
            }
            return;
        }
        if waits || held.reading_kept {
            return;
        }
        (held.releasing, held.reading_kept) = (true, true);
    }
    let (cell, life) = (cell.clone(), cell.borrow().life);
    spawn(async move {
        let read = page(&cell).await;
        if cell.borrow().life != life {
            return;
        }
        cell.borrow_mut().reading_kept = false;
        match read {
            Ok(inputs) => offer_again(&cell, inputs),
            Err(error) => {
                let user = cell.borrow().id.clone();
                tracing::error!(%user, %error, "what was kept cannot be read");
            }
        }
    });
}

/// The next inputs that were kept.
async fn page(cell: &Cell) -> Result<Vec<(StuckId, Retry)>, Error> {
    let (host, entity, from) = {
        let held = cell.borrow();
        (held.host.clone(), held.entity(), held.released_to)
    };
    let mut after = aside::id(&entity, from.unwrap_or_default());
    let (mut inputs, partition) = (Vec::new(), after.partition);
    loop {
        let rows = host
            .shared
            .store
            .stuck(Some(after), RELEASED_AT_ONCE)
            .await?;
        let more = rows.len() == RELEASED_AT_ONCE;
        for (id, bytes) in rows {
            if id.partition != partition || inputs.len() == RELEASED_AT_ONCE {
                return Ok(inputs);
            }
            after = id;
            let Some(row) = aside::row(&host.shared.seals, id, &bytes).await? else {
                continue;
            };
            if row.entity == entity && row.why == Why::Kept {
                let retry = Retry {
                    stamp_ms: row.stamp_ms,
                    kept: true,
                    release: false,
                    input: row.input,
                };
                inputs.push((id, retry));
            }
        }
        if !more {
            return Ok(inputs);
        }
    }
}

fn offer_again(cell: &Cell, inputs: Vec<(StuckId, Retry)>) {
    let mut held = cell.borrow_mut();
    if !held.user().is_some_and(|user| user.is_releasing()) {
        return;
    }
    if inputs.is_empty() && held.released_to.is_none() {
        tracing::error!(user = %held.id, "inputs that were kept are missing");
    }
    if inputs.is_empty() {
        // Once more from the beginning; what was passed over meanwhile is not kept any more.
        held.released_to = None;
        return;
    }
    for (id, retry) in inputs {
        held.released_to = Some(id.position);
        let with = vec![Attachment::Unstuck(id)];
        let origin = Origin::server(Source::Peer);
        held.offer(origin, (UserInput::Retry(retry), with), Waiter::None);
    }
}

impl UserCell {
    /// Lets the state go, and keeps the cell: sockets resume, who waits is told, nothing is taken until it is read again.
    fn let_go(&mut self) {
        self.close_sockets();
        self.resident = None;
        self.life = self.life.saturating_add(1);
        (self.loading, self.releasing) = (false, false);
        (self.released_to, self.reading_kept) = (None, false);
        self.take_back();
        self.leaving = false;
        self.weigh();
        let fault = || Refusal::new(Code::Internal, "a fault in the server; the user reloads");
        for (_, waiter) in std::mem::take(&mut self.waiters) {
            match waiter {
                Waiter::Write(done) => done(Err(fault())),
                Waiter::Hello(opening) => self.close_socket(opening.session()),
                // Sockets of batches are closed; challenges tell again.
                Waiter::None | Waiter::Batch { .. } | Waiter::Notice { .. } => {}
            }
        }
        for waiting in std::mem::take(&mut self.commands) {
            waiting.refuse(&self.host, self.id.clone(), fault());
        }
        let entity = self.entity();
        self.host
            .with(&entity, |partition| partition.deadlines.set(&entity, None));
        self.note_work();
    }

    /// What the state has booked since its last snapshot is booked again when it is read again.
    pub(super) fn take_back(&mut self) {
        let booked = std::mem::take(&mut self.booked);
        self.host.with(&self.entity(), |partition| {
            partition.totals.take_back(&booked)
        });
    }

    /// A position was folded: it is no suspect any more.
    pub(super) fn clear_suspicion(&self, position: Position) {
        let entity: Entity = self.entity();
        self.host.with(&entity, |partition| {
            partition.suspects.folded(&entity, position)
        });
    }
}
