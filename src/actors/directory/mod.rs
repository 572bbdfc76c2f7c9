//! The doors to every user and challenge: finds the actor, activates it, and waits for its answer within a bound.

mod adjustment;
mod among;
mod boards;
mod campaigns;
mod challenges;
mod cycles;
mod device_keys;
mod ending;
mod erasure;
mod explain;
mod export;
mod goals;
mod import;
mod once;
mod rehearsal;
mod server;
mod streaks;
mod stuck;
mod teams;
mod templates;
mod users;

pub use cycles::Listed;
pub use ending::Ending;
pub use explain::{TrailRow, TrailRows};
pub use export::Exported;
pub use rehearsal::{Asked, Candidates};
pub use server::Checkpoint;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use streakline_core::{
    definition::DefinitionFault,
    event::Fact,
    id::{ChallengeId, UserId},
};
use tokio::sync::oneshot;

use super::{
    challenge::ChallengeCommand,
    host::{send_challenge, send_user},
    message::{Batch, Caller, Hello, Precondition, Subscribe},
    shared::Shared,
    user::UserCommand,
};
use crate::{
    protocol::{
        client_frame::Report,
        error_code::{Code, Fault, Refusal},
    },
    push::SessionHandle,
    storage::Error,
};

/// How long an answer is waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Cheap to clone; every method may be called from any thread of the server.
#[derive(Clone)]
pub struct Directory {
    shared: Arc<Shared>,
}

/// What kind of clock the server runs on, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// Whether it is set by `POST /v1/clock`.
    pub is_virtual: bool,
    /// POSIX ms.
    pub now_ms: i64,
}

/// A page of events.
pub struct EventsPage {
    /// In order.
    pub items: Vec<Arc<Fact>>,
    /// The stream's epoch.
    pub epoch: String,
    /// Number of the next event that will happen.
    pub next_seq: u64,
    /// Whether more follow the last item.
    pub more: bool,
}

type Outcome<T> = Result<T, Refusal>;

/// Waits for an actor's answer, until the process must end: what is not durable then is not
/// acknowledged any more.
async fn answered<T>(shared: &Shared, answer: oneshot::Receiver<Outcome<T>>) -> Outcome<T> {
    let answer = tokio::time::timeout(ANSWER_WITHIN, answer);
    let answer = tokio::select! {
        biased;
        answer = answer => answer,
        _ = shared.fatal.wait() => return Err(restarting()),
    };
    match answer {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Refusal::new(Code::Internal, "the actor ended; try again")),
        Err(_) => Err(Refusal::new(
            Code::Overloaded,
            "no answer in time; try again",
        )),
    }
}

fn restarting() -> Refusal {
    let detail = "the store failed before this was durable; send it again after the restart";
    Refusal::new(Code::StoreUnavailable, detail)
}

fn unknown_user() -> Refusal {
    Refusal::new(Code::NotFound, "there is no such user")
}

fn unknown_challenge() -> Refusal {
    Refusal::new(Code::NotFound, "there is no such challenge")
}

impl Directory {
    /// Clients are told that it cannot be read, operators what and where.
    pub(super) fn store_refusal(&self, rows: &'static str, error: &Error) -> Refusal {
        tracing::error!(%error, rows, "a request needs what the store does not give");
        self.shared.damage.note("row", rows, error);
        Refusal::new(
            Code::StoreUnavailable,
            "the store cannot be used for this now",
        )
    }
}

fn fault(pointer: &str, code: &'static str, detail: String) -> Refusal {
    Refusal::invalid(vec![Fault {
        pointer: pointer.into(),
        code,
        detail,
    }])
}

/// A fault with its place.
fn placed(fault: DefinitionFault) -> Fault {
    Fault {
        pointer: fault.pointer.into(),
        code: fault.code,
        detail: fault.detail,
    }
}

/// Whether a resource may be written, given its version where it exists (protocol.md 7).
fn check(pre: Precondition, version: Option<u64>) -> Outcome<()> {
    let failed = |detail: &str| Err(Refusal::new(Code::PreconditionFailed, detail));
    match (version, pre.only_create, pre.if_match) {
        (Some(_), true, _) => failed("it exists already"),
        (Some(_), false, None) => Err(Refusal::new(
            Code::PreconditionRequired,
            "it exists: send If-Match with its ETag",
        )),
        (Some(held), false, Some(Some(wanted))) if held != wanted => {
            failed("it has changed since that ETag")
        }
        (None, _, Some(_)) => failed("it does not exist"),
        _ => Ok(()),
    }
}

impl Directory {
    /// The doors of a server.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Whether changes are still taken; what is asked for can be read until the end.
    fn taking(&self) -> Outcome<()> {
        if self.shared.draining.load(Ordering::Acquire) {
            return Err(Refusal::new(Code::Draining, "the server is going down"));
        }
        Ok(())
    }

    // ---- the stream; answers come as pushes to the session -------------------------------------

    /// A socket said hello.
    ///
    /// # Errors
    /// `Overloaded` when too much waits.
    pub fn open(
        &self,
        user: &UserId,
        session: SessionHandle,
        hello: Hello,
        caller: Caller,
    ) -> Outcome<()> {
        send_user(
            &self.shared,
            user.clone(),
            UserCommand::Open {
                session,
                hello,
                caller,
            },
        )
    }

    /// A batch of an opened socket.
    ///
    /// # Errors
    /// `Overloaded` when too much waits.
    pub fn ingest(&self, user: &UserId, session: SessionHandle, batch: Batch) -> Outcome<()> {
        send_user(
            &self.shared,
            user.clone(),
            UserCommand::Batch { session, batch },
        )
    }

    /// A device tells of itself; what finds no room is told again or not at all.
    pub fn report(&self, user: &UserId, session: SessionHandle, report: Report) {
        let command = UserCommand::Report { session, report };
        let _ = send_user(&self.shared, user.clone(), command);
    }

    /// The socket is gone.
    pub fn close(&self, user: &UserId, session: SessionHandle) {
        // Lost: the next push finds the socket closed.
        let _ = send_user(&self.shared, user.clone(), UserCommand::Close { session });
    }

    /// Subscribes to a board; answers and views come as pushes.
    ///
    /// # Errors
    /// `Overloaded` when too much waits.
    pub fn subscribe(&self, subscribe: Subscribe) -> Outcome<()> {
        let challenge = subscribe.challenge;
        send_challenge(
            &self.shared,
            challenge,
            ChallengeCommand::Subscribe(subscribe),
        )
    }

    /// Ends a subscription.
    pub fn unsubscribe(&self, session: SessionHandle, id: u64, challenge: ChallengeId) {
        let command = ChallengeCommand::Unsubscribe { session, id };
        // Lost: the next view finds the socket closed, or the client drops it.
        let _ = send_challenge(&self.shared, challenge, command);
    }
}
