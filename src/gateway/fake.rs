//! Doors without a server behind them: they note what went through, and answer what the test says.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use streakline_core::{
    challenge::friends::Circle,
    event::BatchOutcome,
    id::{ChallengeId, UserId},
};

use super::doors::Doors;
use crate::{
    actors::message::{Batch, Caller, Hello, Subscribe},
    keys::{Claims, KeyMark, Role, TokenError},
    protocol::{
        client_frame::Report,
        error_code::{Code, Refusal},
        server_frame::Changes,
    },
    push::{EventsCursor, Push, SessionHandle, Sessions, Welcomed},
};

/// Domain time of the fake server.
pub(super) const NOW_MS: i64 = 1_460_505_600_120;

/// What went through a door.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Call {
    Open(Hello, Caller),
    Ingest(Batch),
    Report(Report),
    Close,
    Subscribe(Subscribe),
    Unsubscribe(u64, ChallengeId),
}

/// The doors.
pub(super) struct FakeDoors {
    pub(super) calls: Mutex<Vec<(SessionHandle, Call)>>,
    pub(super) sessions: Sessions,
    /// Answers batches at once; else the test does.
    pub(super) acks: AtomicBool,
    /// Batches that came.
    pub(super) batches: AtomicUsize,
    /// Refuses everything with this code.
    pub(super) refuses: Mutex<Option<Code>>,
    /// Whether the key of all tokens was replaced.
    pub(super) rotated: AtomicBool,
}

impl FakeDoors {
    pub(super) fn new() -> Self {
        Self {
            calls: Mutex::default(),
            sessions: Sessions::new(1),
            acks: AtomicBool::new(true),
            batches: AtomicUsize::new(0),
            refuses: Mutex::default(),
            rotated: AtomicBool::new(false),
        }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().map(|(_, call)| call.clone()).collect()
    }

    fn note(&self, session: SessionHandle, call: Call) -> Result<(), Refusal> {
        self.calls.lock().unwrap().push((session, call));
        match *self.refuses.lock().unwrap() {
            Some(code) => Err(Refusal::new(code, "the test says so")),
            None => Ok(()),
        }
    }

    /// Pushes to a socket that may have gone.
    fn push(&self, session: SessionHandle, push: Push) {
        self.sessions.push(session, push).ok();
    }
}

pub(super) fn welcomed() -> Push {
    Push::Welcomed(Box::new(Welcomed {
        server_time_ms: NOW_MS,
        zone: "Europe/Berlin".into(),
        zone_refused: None,
        resume_after: [170, 0],
        credits: 2,
        events: EventsCursor {
            epoch: "k3v9".into(),
            next_seq: 42,
            recovered: true,
        },
    }))
}

pub(super) fn ack(batch: &Batch) -> Push {
    Push::Ack {
        batch_id: batch.batch_id,
        lane: batch.lane,
        outcome: BatchOutcome {
            up_to_seq: batch.first_seq + batch.records.len() as u64 - 1,
            results: vec![],
        },
        changes: Changes::default(),
        credits: 2,
    }
}

impl Doors for FakeDoors {
    fn open(
        &self,
        _: &UserId,
        session: SessionHandle,
        hello: Hello,
        caller: Caller,
    ) -> Result<(), Refusal> {
        self.note(session, Call::Open(hello, caller))?;
        self.push(session, welcomed());
        Ok(())
    }

    fn ingest(&self, _: &UserId, session: SessionHandle, batch: Batch) -> Result<(), Refusal> {
        self.note(session, Call::Ingest(batch.clone()))?;
        self.batches.fetch_add(1, Ordering::SeqCst);
        if self.acks.load(Ordering::SeqCst) {
            self.push(session, ack(&batch));
        }
        Ok(())
    }

    fn report(&self, _: &UserId, session: SessionHandle, report: Report) {
        self.note(session, Call::Report(report)).ok();
    }

    fn close(&self, _: &UserId, session: SessionHandle) {
        self.note(session, Call::Close).ok();
    }

    fn subscribe(&self, subscribe: Subscribe) -> Result<(), Refusal> {
        self.note(subscribe.session, Call::Subscribe(subscribe))
    }

    fn unsubscribe(&self, session: SessionHandle, id: u64, challenge: ChallengeId) {
        self.note(session, Call::Unsubscribe(id, challenge)).ok();
    }

    /// A token is `user`, `user@device` or `admin-user`; `expired` is, and `bad` is no token.
    fn verify(&self, token: &str) -> Result<(Claims, KeyMark), TokenError> {
        match token {
            "expired" => return Err(TokenError::Expired),
            "bad" => return Err(TokenError::Invalid("signature")),
            _ => {}
        }
        let (name, device) = token.split_once('@').unwrap_or((token, ""));
        let (name, role) = match name.strip_prefix("admin-") {
            Some(name) => (name, Role::Admin),
            None => (name, Role::User),
        };
        let mut claims = Claims::new(name, role, crate::clock::unix_s(), 3_600);
        claims.device = (!device.is_empty()).then(|| device.to_owned());
        Ok((claims, KeyMark::default()))
    }

    /// A friends token is `user:friend,friend`.
    fn verify_friends(&self, token: &str, asker: Option<&UserId>) -> Result<Circle, TokenError> {
        let user = |name: &str| UserId::parse(name).unwrap();
        let (own, friends) = token.split_once(':').ok_or(TokenError::Invalid("form"))?;
        if asker.is_some_and(|asker| asker.as_str() != own) {
            return Err(TokenError::Invalid("another's"));
        }
        let friends: Vec<UserId> = friends.split(',').map(user).collect();
        Circle::new(user(own), &friends).ok_or(TokenError::Invalid("too many"))
    }

    fn is_in_force(&self, _: KeyMark) -> bool {
        !self.rotated.load(Ordering::SeqCst)
    }

    fn now_ms(&self) -> i64 {
        NOW_MS
    }
}
