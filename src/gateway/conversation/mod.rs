//! What is said on one socket, and in which order: frames and pushes in, steps out (protocol.md 2 to 6).
//!
//! No socket, no timer, no clock: `session` carries the steps out, and tests drive it bare. It decides what the gateway
//! may decide by itself (order, credits, limits, roles); everything about the user's state goes through [`Doors`].

mod inbound;
mod outbound;

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use streakline_core::id::ChallengeId;

use super::{
    Settings,
    auth::Bearer,
    backfill::Backfill,
    credit::Credit,
    doors::Doors,
    rate::{BadFrames, Rates},
    tally::Tally,
};
use crate::{
    protocol::{
        error_code::{Code, Refusal},
        form::{Encoded, Form},
        server_frame::{CloseReason, Error},
    },
    push::SessionHandle,
};

/// What the session is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send a frame.
    Send(Encoded),
    /// Close the socket; the last step there is.
    Close(CloseReason),
    /// Read on, or stop reading.
    Read(bool),
    /// From now on the token ends at that time, POSIX s.
    ExpireAt(i64),
    /// Give the pending acks this much time.
    AwaitAcks,
    /// Look at the backlog again after so many ms.
    Wake(u64),
}

/// A whole message of the client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Received<'a> {
    /// Of text.
    Text(&'a str),
    /// Of bytes.
    Binary(&'a [u8]),
}

impl Received<'_> {
    fn form(self) -> Form {
        match self {
            Self::Text(_) => Form::Json,
            Self::Binary(_) => Form::Cbor,
        }
    }
}

/// Where the conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The first frame must be a hello.
    AwaitHello,
    /// The hello was handed on.
    Opening,
    /// Everything may be said.
    Open,
    /// The server goes down; pending acks are awaited.
    Draining { retry_after_ms: u64 },
    /// Nothing more is said.
    Closed,
}

/// One socket's conversation.
pub(super) struct Conversation {
    form: Form,
    bearer: Bearer,
    handle: SessionHandle,
    name: String,
    request_id: String,
    phase: Phase,
    is_device: bool,
    credit: Credit,
    backfill: Backfill,
    subscriptions: BTreeMap<u64, ChallengeId>,
    rates: Rates,
    bad_frames: BadFrames,
    settings: Arc<Settings>,
    tally: Tally,
}

impl Conversation {
    /// A conversation that waits for its hello.
    pub(super) fn new(
        (form, bearer): (Form, Bearer),
        request_id: Option<String>,
        handle: SessionHandle,
        settings: Arc<Settings>,
        rates: Rates,
    ) -> Self {
        let name = format!("{:x}-{}", handle.generation, handle.number);
        Self {
            form,
            bearer,
            handle,
            request_id: request_id.unwrap_or_else(|| name.clone()),
            name,
            phase: Phase::AwaitHello,
            is_device: false,
            credit: Credit::default(),
            backfill: Backfill::default(),
            subscriptions: BTreeMap::new(),
            rates,
            bad_frames: BadFrames::new(settings.bad_frames_per_min),
            settings,
            tally: Tally::default(),
        }
    }

    /// What was done so far.
    pub(super) fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Its name, as `welcome` says it, and what was done.
    pub(super) fn done(self) -> (String, Tally) {
        (self.name, self.tally)
    }

    /// The time for the first frame is over.
    pub(super) fn on_hello_timeout(&mut self) -> Vec<Step> {
        match self.phase {
            Phase::AwaitHello => {
                self.end(Refusal::new(Code::HelloExpected, "no hello came in time"))
            }
            _ => Vec::new(),
        }
    }

    /// The token's time is over.
    pub(super) fn on_expired(&mut self) -> Vec<Step> {
        self.close(CloseReason::of(Code::TokenExpired, None))
    }

    /// The keys may have changed.
    pub(super) fn on_keys_changed(&mut self, doors: &dyn Doors) -> Vec<Step> {
        if doors.is_in_force(self.bearer.key) {
            return Vec::new();
        }
        self.close(CloseReason::of(Code::Unauthenticated, None))
    }

    /// A backlog may go on. `now_ms` is machine time.
    pub(super) fn on_wake(&mut self, now_ms: u64, doors: &dyn Doors) -> Vec<Step> {
        self.backfill.woken();
        match self.phase {
            Phase::Open => {
                let mut steps = self.go_on(now_ms, doors);
                // What was refused at the door has made room.
                if self.phase == Phase::Open && self.credit.is_left() {
                    steps.push(Step::Read(true));
                }
                steps
            }
            _ => Vec::new(),
        }
    }

    /// The time for pending acks is over.
    pub(super) fn on_acks_timeout(&mut self) -> Vec<Step> {
        match self.phase {
            Phase::Draining { retry_after_ms } => self.close_drained(retry_after_ms),
            _ => Vec::new(),
        }
    }

    /// A frame in the form of this socket.
    fn send(&self, frame: &impl Serialize) -> Step {
        Step::Send(self.form.encode(frame))
    }

    /// Closes without a word.
    pub(super) fn close(&mut self, reason: CloseReason) -> Vec<Step> {
        if self.phase == Phase::Closed {
            return Vec::new();
        }
        self.phase = Phase::Closed;
        vec![Step::Close(reason)]
    }

    /// The socket is gone: nobody needs to be told but the actors.
    pub(super) fn on_gone(&mut self, doors: &dyn Doors) {
        for (id, challenge) in std::mem::take(&mut self.subscriptions) {
            doors.unsubscribe(self.handle, id, challenge);
        }
        self.backfill.give_up();
        doors.close(&self.bearer.user, self.handle);
        self.phase = Phase::Closed;
    }

    fn close_drained(&mut self, retry_after_ms: u64) -> Vec<Step> {
        self.close(CloseReason::of(Code::Draining, Some(retry_after_ms)))
    }

    /// Tells why, then closes.
    fn end(&mut self, refusal: Refusal) -> Vec<Step> {
        let retry = matches!(refusal.code.close(), Some(1012 | 1013 | 4429));
        let retry_after_ms = retry.then_some(self.settings.retry_after_ms);
        let reason = CloseReason::of(refusal.code, retry_after_ms);
        let error = Error {
            fatal: true,
            ..Error::of(&refusal)
        };
        let mut steps = vec![self.send(&error)];
        steps.extend(self.close(reason));
        steps
    }

    /// Tells of a refusal; some end the socket.
    fn refuse(&mut self, refusal: Refusal, batch_id: Option<u64>, id: Option<u64>) -> Vec<Step> {
        if refusal.code.close().is_some() {
            return self.end(refusal);
        }
        let error = Error {
            batch_id,
            id,
            ..Error::of(&refusal)
        };
        vec![self.send(&error)]
    }
}

#[cfg(test)]
mod tests;
