//! The doors to every user and challenge: finds the actor, activates it, and waits for its answer within a bound.

use std::sync::Arc;

use streakline_core::{
    civil::Day,
    definition::Definition,
    event::{Fact, Transfer},
    id::{ChallengeId, GoalId, UserId},
    view::{
        BalanceView, BoardView, ChallengePhase, ChallengeView, DayView, DeviceView, EnrolmentView,
        GoalView, LedgerSummary, RowView, StreakView, UserView,
    },
};

use super::message::{
    Batch, Caller, Hello, Idempotent, Precondition, PutGoal, PutUser, Subscribe, Written,
};
use crate::{
    protocol::error_code::Refusal,
    push::SessionHandle,
    storage::{IdempotencyKey, IdempotencyRecord},
};

/// Cheap to clone; every method may be called from any thread of the server.
#[derive(Clone)]
pub struct Directory {}

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

#[expect(
    unused_variables,
    reason = "signatures only, while the actors are being written"
)]
impl Directory {
    // ---- the stream; answers come as pushes to the session -------------------------------------
    /// A socket said hello. `admin`: the token's role.
    pub fn open(
        &self,
        user: &UserId,
        session: SessionHandle,
        hello: Hello,
        caller: Caller,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }
    /// A batch of an opened socket. `skewed`: its clock was judged at hello by the user's actor.
    pub fn ingest(
        &self,
        user: &UserId,
        session: SessionHandle,
        batch: Batch,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }
    /// The socket is gone.
    pub fn close(&self, user: &UserId, session: SessionHandle) {
        unimplemented!()
    }
    /// Subscribes to a board; answers and views come as pushes.
    pub fn subscribe(&self, subscribe: Subscribe) -> Result<(), Refusal> {
        unimplemented!()
    }
    /// Ends a subscription.
    pub fn unsubscribe(&self, session: SessionHandle, id: u64, challenge: ChallengeId) {
        unimplemented!()
    }

    // ---- users ---------------------------------------------------------------------------------
    /// `NotFound` when nobody made the user.
    pub async fn user(&self, user: &UserId) -> Result<UserView, Refusal> {
        unimplemented!()
    }
    pub async fn put_user(
        &self,
        user: &UserId,
        put: PutUser,
        pre: Precondition,
        caller: Caller,
    ) -> Result<Written<UserView>, Refusal> {
        unimplemented!()
    }
    pub async fn goals(&self, user: &UserId) -> Result<Vec<GoalView>, Refusal> {
        unimplemented!()
    }
    pub async fn put_goal(
        &self,
        user: &UserId,
        put: PutGoal,
        pre: Precondition,
        caller: Caller,
    ) -> Result<Written<GoalView>, Refusal> {
        unimplemented!()
    }
    pub async fn delete_goal(
        &self,
        user: &UserId,
        goal: GoalId,
        caller: Caller,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }
    pub async fn devices(&self, user: &UserId) -> Result<Vec<DeviceView>, Refusal> {
        unimplemented!()
    }
    /// Days `from..=to` that the user's calendar has.
    pub async fn days(&self, user: &UserId, from: Day, to: Day) -> Result<Vec<DayView>, Refusal> {
        unimplemented!()
    }
    pub async fn streaks(
        &self,
        user: &UserId,
        as_of: Option<Day>,
    ) -> Result<Vec<StreakView>, Refusal> {
        unimplemented!()
    }
    pub async fn balance(&self, user: &UserId) -> Result<BalanceView, Refusal> {
        unimplemented!()
    }
    /// Transfers whose event_seq is above `after_seq`, oldest first; the flag says that more follow.
    pub async fn ledger(
        &self,
        user: &UserId,
        after_seq: u64,
        limit: usize,
    ) -> Result<(Vec<Transfer>, bool), Refusal> {
        unimplemented!()
    }
    pub async fn events(
        &self,
        user: &UserId,
        after_seq: u64,
        limit: usize,
    ) -> Result<EventsPage, Refusal> {
        unimplemented!()
    }

    // ---- challenges ----------------------------------------------------------------------------
    pub async fn create_challenge(
        &self,
        definition: Definition,
        caller: Caller,
        once: Idempotent,
    ) -> Result<ChallengeView, Refusal> {
        unimplemented!()
    }
    pub async fn challenge(&self, id: ChallengeId) -> Result<ChallengeView, Refusal> {
        unimplemented!()
    }
    /// In rising order of id; the flag says that more follow.
    pub async fn challenges(
        &self,
        after: Option<ChallengeId>,
        limit: usize,
        phase: Option<ChallengePhase>,
    ) -> Result<(Vec<ChallengeView>, bool), Refusal> {
        unimplemented!()
    }
    pub async fn replace_challenge(
        &self,
        id: ChallengeId,
        definition: Definition,
        pre: Precondition,
        caller: Caller,
    ) -> Result<ChallengeView, Refusal> {
        unimplemented!()
    }
    pub async fn delete_challenge(&self, id: ChallengeId, caller: Caller) -> Result<(), Refusal> {
        unimplemented!()
    }
    pub async fn publish(
        &self,
        id: ChallengeId,
        caller: Caller,
        once: Idempotent,
    ) -> Result<ChallengeView, Refusal> {
        unimplemented!()
    }
    pub async fn cancel(
        &self,
        id: ChallengeId,
        reason: String,
        caller: Caller,
        once: Idempotent,
    ) -> Result<ChallengeView, Refusal> {
        unimplemented!()
    }
    pub async fn enrol(
        &self,
        id: ChallengeId,
        user: &UserId,
        caller: Caller,
    ) -> Result<Written<EnrolmentView>, Refusal> {
        unimplemented!()
    }
    pub async fn withdraw(
        &self,
        id: ChallengeId,
        user: &UserId,
        caller: Caller,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }
    pub async fn enrolment(
        &self,
        id: ChallengeId,
        user: &UserId,
    ) -> Result<EnrolmentView, Refusal> {
        unimplemented!()
    }
    /// By user; the flag says that more follow.
    pub async fn enrolments(
        &self,
        id: ChallengeId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<(Vec<EnrolmentView>, bool), Refusal> {
        unimplemented!()
    }
    /// Rows after the key (score, achieved_at_ms, user). `viewer`: a user's token must be a participant, `None` is an admin.
    pub async fn board(
        &self,
        id: ChallengeId,
        viewer: Option<UserId>,
        after: Option<(i64, i64, UserId)>,
        limit: usize,
    ) -> Result<BoardView, Refusal> {
        unimplemented!()
    }
    pub async fn around(
        &self,
        id: ChallengeId,
        viewer: Option<UserId>,
        user: UserId,
        k: u32,
    ) -> Result<BoardView, Refusal> {
        unimplemented!()
    }
    pub async fn row(&self, id: ChallengeId, user: UserId) -> Result<RowView, Refusal> {
        unimplemented!()
    }

    // ---- the whole server ----------------------------------------------------------------------
    pub async fn ledger_summary(&self) -> Result<LedgerSummary, Refusal> {
        unimplemented!()
    }
    pub fn clock(&self) -> ClockReading {
        unimplemented!()
    }
    /// Moves the virtual clock and answers when every boundary that it passed is folded, durable and delivered.
    pub async fn advance_clock(
        &self,
        to_ms: i64,
        once: (IdempotencyKey, IdempotencyRecord),
    ) -> Result<ClockReading, Refusal> {
        unimplemented!()
    }
    /// The stored answer to a key.
    pub async fn idempotency(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, Refusal> {
        unimplemented!()
    }
    /// `None` when ready, else which part fails and how.
    pub fn unready(&self) -> Option<String> {
        unimplemented!()
    }
}
