//! What a conversation needs of the rest of the server: the directory, the keys, the domain's clock.
//!
//! A trait, so that conversations and sessions can be tested without actors behind them.

use streakline_core::{
    challenge::friends::Circle,
    id::{ChallengeId, UserId},
};

use crate::{
    actors::{
        directory::Directory,
        message::{Batch, Caller, Hello, Subscribe},
    },
    clock,
    keys::{Claims, CurrentKeys, KeyMark, TokenError},
    protocol::{client_frame::Report, error_code::Refusal},
    push::SessionHandle,
};

/// The doors that a socket's frames go through.
pub(super) trait Doors: Send + Sync {
    /// A socket said hello; the answer comes as a push.
    fn open(
        &self,
        user: &UserId,
        session: SessionHandle,
        hello: Hello,
        caller: Caller,
    ) -> Result<(), Refusal>;
    /// A batch; the answer comes as a push.
    fn ingest(&self, user: &UserId, session: SessionHandle, batch: Batch) -> Result<(), Refusal>;
    /// A device tells of itself; its topic answers.
    fn report(&self, user: &UserId, session: SessionHandle, report: Report);
    /// The socket is gone.
    fn close(&self, user: &UserId, session: SessionHandle);
    /// A board is wanted; the answer comes as a push.
    fn subscribe(&self, subscribe: Subscribe) -> Result<(), Refusal>;
    /// A board is no longer wanted.
    fn unsubscribe(&self, session: SessionHandle, id: u64, challenge: ChallengeId);
    /// Checks a token against the machine's clock; tells also which key checked it.
    fn verify(&self, token: &str) -> Result<(Claims, KeyMark), TokenError>;
    /// Checks a friends token likewise; `asker`: who shows it, `None` for an admin.
    fn verify_friends(&self, token: &str, asker: Option<&UserId>) -> Result<Circle, TokenError>;
    /// Whether tokens of that key are still good.
    fn is_in_force(&self, key: KeyMark) -> bool;
    /// Domain time, POSIX ms.
    fn now_ms(&self) -> i64;
}

/// The doors of a whole server.
pub(super) struct ServerDoors {
    pub(super) directory: Directory,
    pub(super) keys: CurrentKeys,
}

impl Doors for ServerDoors {
    fn open(
        &self,
        user: &UserId,
        session: SessionHandle,
        hello: Hello,
        caller: Caller,
    ) -> Result<(), Refusal> {
        self.directory.open(user, session, hello, caller)
    }

    fn ingest(&self, user: &UserId, session: SessionHandle, batch: Batch) -> Result<(), Refusal> {
        self.directory.ingest(user, session, batch)
    }

    fn report(&self, user: &UserId, session: SessionHandle, report: Report) {
        self.directory.report(user, session, report);
    }

    fn close(&self, user: &UserId, session: SessionHandle) {
        self.directory.close(user, session);
    }

    fn subscribe(&self, subscribe: Subscribe) -> Result<(), Refusal> {
        self.directory.subscribe(subscribe)
    }

    fn unsubscribe(&self, session: SessionHandle, id: u64, challenge: ChallengeId) {
        self.directory.unsubscribe(session, id, challenge);
    }

    fn verify(&self, token: &str) -> Result<(Claims, KeyMark), TokenError> {
        self.keys.ring().verify_with_key(token, clock::unix_s())
    }

    fn verify_friends(&self, token: &str, asker: Option<&UserId>) -> Result<Circle, TokenError> {
        let ring = self.keys.ring();
        ring.verify_friends(token, asker, clock::unix_s())
    }

    fn is_in_force(&self, key: KeyMark) -> bool {
        self.keys.ring().is_in_force(key)
    }

    fn now_ms(&self) -> i64 {
        self.directory.clock().now_ms
    }
}
