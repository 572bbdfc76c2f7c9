//! The table of this node's sockets, and the line to each: what waits for it, when it was last awake, and why it must end.
//!
//! A session whose client does not read is frozen: nothing that is sent to it is looked at, and its timers stand still. So the
//! reason why it ends lies beside its mailbox, where a full mailbox cannot lose it. Used by `actors`, and by `gateway`, which
//! watches for frozen sessions.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use actix::{Recipient, dev::SendError};

use super::{Push, SessionHandle};
use crate::{protocol::server_frame::CloseReason, telemetry::series};

/// States that may wait for one socket. Answers and events may fill the rest of its mailbox; a state that finds no room is
/// replaced by the next one of its topic.
const STATES_WAITING_MAX: usize = 32;

/// What the table and one session share.
#[derive(Debug, Default)]
pub struct Line {
    /// Pushes that the session has not taken.
    waiting: AtomicUsize,
    /// When the session last ran, machine time.
    awake_ms: AtomicU64,
    fate: OnceLock<CloseReason>,
    /// What waits is not to be told any more.
    cut: AtomicBool,
}

impl Line {
    /// A session took a push; if it was cut off, why it must end now.
    pub fn took(&self) -> Option<CloseReason> {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let cut = self.cut.load(Ordering::Acquire);
        self.fate().filter(|_| cut)
    }

    /// A session runs. `now_ms` is machine time.
    pub fn awake(&self, now_ms: u64) {
        self.awake_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Why the socket must end, once somebody has said so.
    #[must_use]
    pub fn fate(&self) -> Option<CloseReason> {
        self.fate.get().copied()
    }
}

/// Counts the end of a socket; whoever decides it does so, once.
pub fn count_close(reason: CloseReason) {
    let code = reason.close.to_string();
    metrics::counter!(series::STREAM_CLOSES, "code" => code).increment(1);
}

struct Entry {
    session: Recipient<Push>,
    line: Arc<Line>,
}

impl Entry {
    fn push(&self, push: Push) -> Result<(), SendError<Push>> {
        let waiting = &self.line.waiting;
        if push.is_state() && waiting.load(Ordering::Relaxed) >= STATES_WAITING_MAX {
            return Err(SendError::Full(push));
        }
        // Counted first: the session may take it before this goes on.
        waiting.fetch_add(1, Ordering::Relaxed);
        self.session.try_send(push).inspect_err(|_| {
            waiting.fetch_sub(1, Ordering::Relaxed);
        })
    }

    /// The first reason is the one that is told and counted.
    fn end(&self, reason: CloseReason, cut: bool) {
        let reason = *self.line.fate.get_or_init(|| {
            count_close(reason);
            reason
        });
        if cut {
            self.line.cut.store(true, Ordering::Release);
        }
        // Where this finds no room, what waits there wakes the session as well.
        if self.push(Push::End(reason)).is_err() {
            self.line.cut.store(true, Ordering::Release);
        }
    }
}

/// The table of this node's sockets.
#[derive(Clone)]
pub struct Sessions {
    generation: u64,
    next: Arc<AtomicU64>,
    table: Arc<papaya::HashMap<u64, Entry>>,
}

impl Sessions {
    /// An empty table of this start of the node.
    #[must_use]
    pub fn new(generation: u64) -> Self {
        Self {
            generation,
            next: Arc::default(),
            table: Arc::new(papaya::HashMap::new()),
        }
    }

    /// Adds a socket that is awake at `now_ms`, machine time.
    pub fn register(&self, session: Recipient<Push>, now_ms: u64) -> (SessionHandle, Arc<Line>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let line = Arc::new(Line::default());
        line.awake(now_ms);
        let entry = Entry {
            session,
            line: line.clone(),
        };
        self.table.pin().insert(number, entry);
        (self.handle(number), line)
    }

    /// Removes a socket.
    pub fn deregister(&self, handle: SessionHandle) {
        self.table.pin().remove(&handle.number);
    }

    /// Hands a push to a socket without waiting.
    ///
    /// # Errors
    /// `Full`: the client does not read fast enough, the push comes back. `Closed`: the socket is gone, or must end.
    pub fn push(&self, to: SessionHandle, push: Push) -> Result<(), SendError<Push>> {
        match self.table.pin().get(&to.number) {
            Some(entry) if to.generation == self.generation => entry.push(push),
            _ => Err(SendError::Closed(push)),
        }
    }

    /// Ends a socket after what already waits for it; nothing more is pushed to it.
    pub fn end(&self, session: SessionHandle, reason: CloseReason) {
        self.take(session, reason, false);
    }

    /// Ends a socket that does not take what waits for it: when it reads again, it finds the close frame after what it was sent.
    pub fn cut(&self, session: SessionHandle, reason: CloseReason) {
        self.take(session, reason, true);
    }

    /// Cuts off every socket whose session has not run for `frozen_ms`.
    pub fn cut_frozen(&self, reason: CloseReason, now_ms: u64, frozen_ms: u64) {
        let table = self.table.pin();
        for (number, entry) in &table {
            let awake_ms = entry.line.awake_ms.load(Ordering::Relaxed);
            if now_ms.saturating_sub(awake_ms) > frozen_ms {
                tracing::debug!(session = number, "a session is frozen");
                entry.end(reason, true);
                table.remove(number);
            }
        }
    }

    fn take(&self, session: SessionHandle, reason: CloseReason, cut: bool) {
        if session.generation != self.generation {
            return;
        }
        if let Some(entry) = self.table.pin().remove(&session.number) {
            entry.end(reason, cut);
        }
    }

    /// How many sockets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Every socket there is now.
    #[must_use]
    pub fn handles(&self) -> Vec<SessionHandle> {
        let table = self.table.pin();
        table.keys().map(|number| self.handle(*number)).collect()
    }

    fn handle(&self, number: u64) -> SessionHandle {
        SessionHandle {
            node: 0,
            number,
            generation: self.generation,
        }
    }
}

#[cfg(test)]
mod tests;
