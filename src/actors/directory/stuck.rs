//! The doors to what is stuck: lists it, and offers it again (ADR 0015).

use std::sync::{Arc, OnceLock};

use streakline_core::{
    challenge::{Challenge, admit, amend::Unchanged},
    id::{ChallengeId, Entity, UserId},
    input::{ChallengeInput, UserInput},
    poison::{Retry, Stuck, Why, encoded},
    user::{User, hold::renewed},
};
use tokio::sync::oneshot;

use super::{Directory, Outcome, answered, challenges::refused};
use crate::{
    actors::{
        aside,
        challenge::{ChallengeCommand, WriteChallenge},
        erasures::Ticket,
        host::{send_challenge, send_user},
        message::{Caller, IdempotentRetry, Retried},
        user::{UserCommand, WriteUser},
    },
    protocol::error_code::{Code, Refusal},
    storage::{Attachment, Error, IdempotencyRecord, StuckId},
};

/// Rows that are looked at to count what is stuck.
const COUNTED_MAX: usize = 100_000;
/// Rows that are read at once.
const READ_AT_ONCE: usize = 1_000;

/// A row, with its name.
pub(crate) type StuckRow = (StuckId, Stuck);

/// Tells the stored answer, once the input that it belongs to has its place in the journal.
type Told = Arc<OnceLock<IdempotencyRecord>>;

fn unreadable(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(Code::StoreUnavailable, error.to_string())
}

impl Directory {
    /// What is stuck, by partition and position; the flag says that more follows.
    ///
    /// # Errors
    /// `StoreUnavailable`.
    pub async fn stuck(
        &self,
        after: Option<StuckId>,
        limit: usize,
    ) -> Outcome<(Vec<StuckRow>, bool)> {
        let rows = self.stuck_rows(after, limit.saturating_add(1)).await;
        let mut rows = rows.map_err(|error| self.store_refusal("the stuck inputs", &error))?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok((rows, more))
    }

    /// Rows that can be read, at most `limit`: what was put aside of users who were erased is passed over.
    async fn stuck_rows(
        &self,
        mut after: Option<StuckId>,
        limit: usize,
    ) -> Result<Vec<StuckRow>, Error> {
        let mut found = Vec::new();
        loop {
            let wanted = limit.saturating_sub(found.len());
            let rows = self.shared.store.stuck(after, wanted).await?;
            let ended = rows.len() < wanted;
            for (id, bytes) in rows {
                after = Some(id);
                let row = aside::row(&self.shared.seals, id, &bytes).await?;
                found.extend(row.map(|row| (id, row)));
            }
            if ended || found.len() >= limit {
                return Ok(found);
            }
        }
    }

    /// How many rows are stuck, and how many users are on hold; up to 100,000 rows are looked at.
    ///
    /// # Errors
    /// `StoreUnavailable`.
    pub async fn stuck_counts(&self) -> Outcome<(usize, usize)> {
        let (mut rows, mut holds, mut after) = (0, 0, None);
        while rows < COUNTED_MAX {
            let (page, more) = self.stuck(after, READ_AT_ONCE).await?;
            let is_hold = |(_, row): &&StuckRow| row.why == Why::Hold;
            holds += page.iter().filter(is_hold).count();
            rows += page.len();
            after = page.last().map(|(id, _)| *id);
            if !more {
                break;
            }
        }
        Ok((rows, holds))
    }

    /// Offers what is stuck again, and releases its user; answered when that is durable. Its fold may panic again: then it is
    /// stuck again, under another name.
    ///
    /// # Errors
    /// `NotFound`; what forbids a challenge's input now.
    pub async fn retry_stuck(
        &self,
        id: StuckId,
        caller: Caller,
        once: IdempotentRetry,
    ) -> Outcome<IdempotencyRecord> {
        let ticket = self.shared.erasures.now();
        let row = self.shared.store.stuck_row(id).await;
        let row = row.map_err(|error| self.store_refusal("the stuck inputs", &error))?;
        let absent = || Refusal::new(Code::NotFound, "nothing of that name is stuck");
        let row = aside::row(&self.shared.seals, id, &row.ok_or_else(absent)?).await;
        let row = row.map_err(|error| self.store_refusal("the stuck inputs", &error))?;
        let row = row.ok_or_else(absent)?;
        match row.entity.clone() {
            Entity::User(user) => self.retry_user(user, (id, row), caller, once).await,
            Entity::Challenge(of) => {
                self.retry_challenge((of, ticket), (id, row), caller, once)
                    .await
            }
            Entity::Partition(_) => Err(absent()),
        }
    }

    async fn retry_user(
        &self,
        user: UserId,
        (id, row): StuckRow,
        caller: Caller,
        once: IdempotentRetry,
    ) -> Outcome<IdempotencyRecord> {
        let told = Told::default();
        let journaled = told.clone();
        let admit = move |user: &User, now_ms: i64| {
            let offered = row.why == Why::Skipped || (row.why == Why::Kept && !user.is_held());
            let input = if offered {
                let input: UserInput = minicbor::decode(&row.input).map_err(unreadable)?;
                encoded(&renewed(user, input, now_ms))
            } else {
                Vec::new()
            };
            // What is kept goes when its turn comes; a hold that is over has nothing to wait for.
            let gone = offered || row.why == Why::Hold;
            let hold = user.hold.as_ref();
            let hold = hold.map(|hold| aside::id(&row.entity, hold.position));
            let retry = Retry {
                stamp_ms: row.stamp_ms,
                kept: false,
                release: hold.is_some(),
                input,
            };
            let rows = gone.then_some(id).into_iter().chain(hold);
            let mut with: Vec<_> = rows.map(Attachment::Unstuck).collect();
            let retried = Retried {
                id,
                entity: row.entity.clone(),
                offered,
                released: hold.is_some(),
            };
            with.push(stored_answer(once, &retried, &told));
            Ok(Some((UserInput::Retry(retry), with)))
        };
        let (reply, answer) = oneshot::channel();
        let done = move |state: Outcome<(&User, i64)>| {
            let _ = reply.send(answer_of(state.map(drop), &journaled));
        };
        let write = WriteUser {
            admit: Box::new(admit),
            done: Box::new(done),
            caller,
            while_held: true,
        };
        send_user(&self.shared, user, UserCommand::Write(write))?;
        answered(&self.shared, answer).await
    }

    async fn retry_challenge(
        &self,
        (of, ticket): (ChallengeId, Ticket),
        (id, row): StuckRow,
        caller: Caller,
        once: IdempotentRetry,
    ) -> Outcome<IdempotencyRecord> {
        let told = Told::default();
        let journaled = told.clone();
        let input: ChallengeInput = minicbor::decode(&row.input).map_err(unreadable)?;
        let stamp_ms = row.stamp_ms;
        let erasures = self.shared.erasures.clone();
        let admit = move |challenge: &Challenge, now_ms: i64| {
            // Whose input it is may be gone since the row was read.
            erasures.honour(ticket)?;
            let input = readmitted(challenge, input, now_ms)?;
            let input = input.as_ref().map_or_else(Vec::new, encoded);
            Ok(Some(ChallengeInput::Retry(Retry {
                stamp_ms,
                kept: false,
                release: true,
                input,
            })))
        };
        let retried = Retried {
            id,
            entity: row.entity,
            offered: true,
            released: false,
        };
        let attach = move |_: &Challenge, _: i64| {
            let answer = stored_answer(once, &retried, &told);
            vec![Attachment::Unstuck(id), answer]
        };
        let (reply, answer) = oneshot::channel();
        let write = WriteChallenge {
            admit: Box::new(admit),
            attach: Box::new(attach),
            member: None,
            done: Box::new(move |state| {
                let _ = reply.send(answer_of(state.map(drop), &journaled));
            }),
            caller,
            while_stopped: true,
        };
        send_challenge(&self.shared, of, ChallengeCommand::Write(write))?;
        answered(&self.shared, answer).await
    }
}

fn stored_answer(once: IdempotentRetry, retried: &Retried, told: &Told) -> Attachment {
    let record = (once.answer)(retried);
    let _ = told.set(record.clone());
    Attachment::Idempotency(once.key, record.unsealed())
}

/// What was journaled is answered even where its fold has panicked: it is durable.
fn answer_of(state: Outcome<()>, journaled: &Told) -> Outcome<IdempotencyRecord> {
    match (journaled.get(), state) {
        (Some(record), _) => Ok(record.clone()),
        (None, Err(refusal)) => Err(refusal),
        (None, Ok(())) => Err(Refusal::new(Code::Internal, "nothing was offered")),
    }
}

/// Judges a challenge's input once more: much may have happened since. `None`: nothing is left to do.
fn readmitted(
    challenge: &Challenge,
    input: ChallengeInput,
    now_ms: i64,
) -> Outcome<Option<ChallengeInput>> {
    let may = match &input {
        ChallengeInput::Create(_) => Ok(!challenge.exists()),
        // What it may cost must be reserved first: who asked for it asks again.
        ChallengeInput::Replace(new) if new.campaign.is_some() => Ok(false),
        ChallengeInput::Publish if challenge.costs_something() => Ok(false),
        ChallengeInput::Replace(new) => match challenge.amending(new.clone(), now_ms) {
            Ok(_) => Ok(true),
            Err(Unchanged::Refused(refusal)) => Err(refusal),
            Err(Unchanged::Fixed(_)) => Ok(false),
        },
        ChallengeInput::Discard => challenge.may_discard(now_ms).map(|()| true),
        ChallengeInput::Publish => challenge.may_publish(now_ms),
        ChallengeInput::Cancel(_) => challenge.may_cancel(now_ms),
        ChallengeInput::Void(_) => challenge.may_void(now_ms),
        ChallengeInput::Join {
            user, starts_ms, ..
        } => challenge.may_join(user, *starts_ms, now_ms),
        ChallengeInput::Leave(user, _) => match challenge.may_leave(user, now_ms) {
            Err(admit::Refusal::NotEnrolled) => Ok(false),
            may => may.map(|()| true),
        },
        ChallengeInput::Forget(member) => Ok(challenge.members.of(*member).is_some()),
        // Made anew by the challenge itself.
        ChallengeInput::Settle { .. }
        | ChallengeInput::Admit(..)
        | ChallengeInput::Count(_)
        | ChallengeInput::Reach(_)
        | ChallengeInput::Fall { .. }
        | ChallengeInput::Campaign(_)
        | ChallengeInput::Cycle(_)
        | ChallengeInput::Template(_)
        | ChallengeInput::Tick
        | ChallengeInput::Skip(_)
        | ChallengeInput::Retry(_) => Ok(false),
    };
    let renumbered = match input {
        ChallengeInput::Join {
            user,
            alias,
            starts_ms,
            team,
            ..
        } => challenge.joining_team(team, (user, alias), (starts_ms, now_ms)),
        other => other,
    };
    Ok(may.map_err(refused)?.then_some(renumbered))
}
