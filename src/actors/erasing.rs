//! The steps of an erasure on the arbiters (ADR 0031). On each: which challenges know the user. On the user's own: sockets end,
//! what is under way is folded and covered, the state is let go, and the store deletes every row in one step. Nothing is taken
//! for the user meanwhile.

use std::{collections::BTreeSet, rc::Rc};

use streakline_core::{
    event::Transfer,
    id::{ChallengeId, Entity, UserId},
    ledger::Totals,
};
use tokio::sync::oneshot;

use super::{
    erasures::{self, UnderWay},
    host::Host,
    user,
};
use crate::{
    clock,
    protocol::error_code::{Code, Refusal},
    storage::{
        Error, Traces,
        envelope::{Kind, Place},
    },
};

/// How long what is under way for a user may take to end, ms.
const QUIET_WITHIN_MS: u64 = 8_000;
/// Transfers that are read at once.
const READ_AT_ONCE: usize = 1_000;

type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// What an arbiter is asked to do for an erasure.
pub(super) enum Step {
    /// Answers which challenges of the arbiter know a user, who is noted as being erased.
    Find {
        user: UserId,
        reply: Reply<BTreeSet<ChallengeId>>,
    },
    /// Writes a challenge's snapshot; answers when it is there.
    Cover {
        challenge: ChallengeId,
        reply: Reply<()>,
    },
    /// Deletes a user, who has left the challenges named; answers when the rows are gone. The erasure is under way until then,
    /// also when nobody waits for it any more.
    Delete {
        user: UserId,
        left: BTreeSet<ChallengeId>,
        under_way: UnderWay,
        reply: Reply<()>,
    },
}

/// Takes a step.
pub(super) fn take(host: &Rc<Host>, step: Step) {
    let host = host.clone();
    actix::spawn(async move {
        match step {
            Step::Find { user, reply } => {
                let _ = reply.send(find(&host, &user).await);
            }
            Step::Cover { challenge, reply } => {
                cover(&host, challenge).await;
                let _ = reply.send(Ok(()));
            }
            Step::Delete {
                user,
                left,
                under_way,
                reply,
            } => {
                let deleted = erase(&host, user, &left).await;
                drop(under_way);
                let _ = reply.send(deleted);
            }
        }
    });
}

/// Challenges that know a user. Those that are not in memory have no inputs that a snapshot does not cover, and whom only their
/// snapshot knows is left out when that is read.
async fn find(host: &Host, user: &UserId) -> Result<BTreeSet<ChallengeId>, Refusal> {
    let since_ms = clock::monotonic_ms();
    loop {
        if let Some(found) = known(host, user).filter(|_| host.tails_taken.get()) {
            return Ok(found);
        }
        if clock::monotonic_ms().saturating_sub(since_ms) > QUIET_WITHIN_MS {
            let words = "challenges are still being read; try again";
            return Err(Refusal::new(Code::Overloaded, words));
        }
        clock::pause_ms(1).await;
    }
}

/// Nothing while one of them is being read.
fn known(host: &Host, user: &UserId) -> Option<BTreeSet<ChallengeId>> {
    let mut found = BTreeSet::new();
    for (id, entry) in host.challenges.borrow().iter() {
        if entry.cell.borrow().names(user)? {
            found.insert(*id);
        }
    }
    Some(found)
}

impl Host {
    /// Whether a user is being erased.
    pub(super) fn is_being_erased(&self, entity: &Entity) -> bool {
        match entity {
            Entity::User(user) => self.erasing.borrow().contains(user),
            Entity::Challenge(_) | Entity::Partition(_) => false,
        }
    }

    /// What a user who is being erased answers.
    pub(super) fn erasure_refusal(&self, entity: &Entity) -> Option<Refusal> {
        self.is_being_erased(entity).then(erasures::refusal)
    }
}

/// Deletes a user; `left`: the challenges that have forgotten the user.
///
/// # Errors
/// `Overloaded` when something does not end, or the user has joined another challenge meanwhile: to be asked again.
async fn erase(host: &Rc<Host>, user: UserId, left: &BTreeSet<ChallengeId>) -> Result<(), Refusal> {
    if !host.erasing.borrow_mut().insert(user.clone()) {
        return Err(erasures::refusal());
    }
    let erased = match let_go(host, &user, left).await {
        Ok(traces) => delete(host, traces).await,
        Err(refusal) => Err(refusal),
    };
    host.erasing.borrow_mut().remove(&user);
    erased
}

/// Ends what is under way and takes the user out of memory; answers what is known of its rows.
async fn let_go(
    host: &Rc<Host>,
    id: &UserId,
    left: &BTreeSet<ChallengeId>,
) -> Result<Traces, Refusal> {
    let entity = Entity::User(id.clone());
    let since_ms = clock::monotonic_ms();
    let entry = host.user(id);
    user::close_sockets(&entry.cell);
    loop {
        if let Some(traces) = user::let_go_for_good(&entry.cell, left)? {
            host.with(&entity, |partition| partition.erased(&entity));
            super::parts::forget(host, id);
            return Ok(traces);
        }
        if clock::monotonic_ms().saturating_sub(since_ms) > QUIET_WITHIN_MS {
            let words = "what is under way for this user does not end; try again";
            return Err(Refusal::new(Code::Overloaded, words));
        }
        clock::pause_ms(1).await;
    }
}

async fn delete(host: &Rc<Host>, mut traces: Traces) -> Result<(), Refusal> {
    let entity = Entity::User(traces.user.clone());
    let outcome = async {
        let booked = booked(host, &traces.user).await?;
        let seals = &host.shared.seals;
        let key = seals.left_of(&traces.user, clock::unix_ms()).await?;
        let row = host.with(&entity, |partition| {
            partition.row_is_held = true;
            partition.erased.begin(key.as_ref(), &booked);
            partition.row(Totals::default())
        });
        traces.partition_row = row.unwrap_or_default();
        traces.key.clone_from(&key);
        host.shared.store.erase(traces).await?;
        host.with(&entity, |partition| partition.erased.end(key.as_ref()));
        Ok(())
    };
    let outcome = outcome.await;
    host.with(&entity, |partition| partition.row_is_held = false);
    outcome.map_err(|error: Error| {
        // What is there now is not known.
        host.shared.fatal.raise(&error.to_string());
        Refusal::new(Code::StoreUnavailable, error.to_string())
    })
}

/// The sums of a user's transfers, all of which are in the store.
async fn booked(host: &Host, user: &UserId) -> Result<Totals, Error> {
    let damaged = |error: minicbor::decode::Error| Error::Damaged(error.to_string());
    let (mut totals, mut after) = (Totals::default(), 0);
    loop {
        let rows = host
            .shared
            .store
            .transfers(user, after, READ_AT_ONCE)
            .await?;
        let Some((last, _)) = rows.last() else {
            return Ok(totals);
        };
        after = *last;
        for (number, row) in rows {
            let place = (Kind::Transfer, Place::Number(number));
            let content = host.shared.seals.open_row(user, place, &row).await?;
            if let Some(payload) = content.payload() {
                let transfer: Transfer = minicbor::decode(&payload).map_err(damaged)?;
                totals.book(&transfer);
            }
        }
    }
}

/// Writes a challenge's snapshot and waits until it covers everything.
async fn cover(host: &Rc<Host>, id: ChallengeId) {
    let entity = Entity::Challenge(id);
    while !host.is_covered(&entity) {
        let entry = host.challenge(id);
        super::challenge::snapshot(&entry.cell);
        clock::pause_ms(1).await;
    }
}
