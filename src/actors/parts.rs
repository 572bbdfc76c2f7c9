//! Parts of boards on an arbiter (ADR 0074): each holds the rows of the arbiter's own users in one challenge. It is opened by the
//! challenge, fed by those users without a message, tells the challenge what has changed, and ends when it hands its rows over. What a
//! part is, is the core's.

use std::{rc::Rc, sync::Arc};

use actix::{Addr, dev::SendError};
use streakline_core::{
    challenge::parts::{Found, PartRow, Report, Want},
    event::Contribution,
    id::{ChallengeId, Entity, UserId},
    input::UserInput,
};
use tokio::sync::oneshot;

use super::{
    barrier,
    challenge::ChallengeCommand,
    chores::Chore,
    host::{Host, HostActor, offer},
    shared::{BITS, Shared, host_number},
    user::UserCommand,
};
use crate::{clock, protocol::error_code::Refusal};

/// Ms between two tries to reach an arbiter whose mailbox is full.
const RETRY_MS: u64 = 50;

/// What a challenge asks an arbiter of its part.
pub(super) enum PartTask {
    /// It is to be there, with these scores of the store where it does not know better; answers when it is.
    Open {
        scores: Vec<Contribution>,
        reply: oneshot::Sender<()>,
    },
    /// Everything that it has to report.
    Report { reply: oneshot::Sender<Report> },
    /// Rows that somebody wants to see: the answer to each question, in their order.
    Find {
        wants: Arc<[Want]>,
        reply: oneshot::Sender<Vec<Found>>,
    },
    /// The challenge needs all rows; the part ends.
    HandOver {
        reply: oneshot::Sender<Vec<PartRow>>,
    },
    /// The challenge has a report.
    Confirmed(u64),
    /// A score that came to the challenge before the part was there, with its number in the sender's outbox.
    Take(Contribution, u64),
}

/// Does what is asked; where there is no such part, nobody answers.
pub(super) fn run(host: &Rc<Host>, challenge: ChallengeId, task: PartTask) {
    let mut parts = host.parts.borrow_mut();
    match task {
        PartTask::Open { scores, reply } => {
            let part = parts.entry(challenge).or_default();
            for told in &scores {
                part.take(told);
            }
            let _ = reply.send(());
        }
        PartTask::Report { reply } => {
            if let Some(part) = parts.get_mut(&challenge) {
                let _ = reply.send(part.whole(clock::monotonic_ms()));
            }
        }
        PartTask::Find { wants, reply } => {
            if let Some(part) = parts.get(&challenge) {
                let _ = reply.send(wants.iter().map(|want| part.find(want)).collect());
            }
        }
        PartTask::HandOver { reply } => {
            if let Some(part) = parts.remove(&challenge) {
                let _ = reply.send(part.hand_over());
            }
        }
        PartTask::Confirmed(number) => {
            if let Some(part) = parts.get_mut(&challenge) {
                part.confirmed(number);
            }
        }
        PartTask::Take(told, number) => {
            let user = told.user.clone();
            let answer = match parts.get_mut(&challenge) {
                Some(part) => {
                    part.take(&told);
                    UserCommand::Taken(told)
                }
                None => UserCommand::NotTaken { challenge, number },
            };
            // Lost: the user sends the score again after a while.
            let _ = host.send_user(user, answer);
        }
    }
}

/// One round of an arbiter: parts tell what has changed.
pub(super) fn round(host: &Host) {
    let now_ms = clock::monotonic_ms();
    for (challenge, part) in host.parts.borrow_mut().iter_mut() {
        if let Some(report) = part.due(now_ms) {
            let report = ChallengeCommand::Reported {
                part: host.number,
                report: Box::new(report),
            };
            // Lost: it is not confirmed, and the part tells everything after a while.
            let _ = host.send_challenge(*challenge, report);
        }
    }
}

/// A user's score, where its board has a part here; else it is the challenge's to take.
pub(super) fn take(host: &Host, told: &Contribution) -> bool {
    let mut parts = host.parts.borrow_mut();
    let part = parts.get_mut(&told.challenge);
    part.map(|part| part.take(told)).is_some()
}

/// A user's own partition has journaled what a challenge has told it: who has left has no row any more.
pub(super) fn told(host: &Host, user: &UserId, input: &UserInput) {
    if let UserInput::Withdraw { challenge, join } = input
        && let Some(part) = host.parts.borrow_mut().get_mut(challenge)
    {
        part.leave(user, *join);
    }
}

/// A user was erased.
pub(super) fn forget(host: &Host, user: &UserId) {
    for part in host.parts.borrow_mut().values_mut() {
        part.forget(user);
    }
}

/// Sends a task to the part that has a user's row.
pub(super) fn send(
    shared: &Shared,
    (challenge, user): (ChallengeId, &UserId),
    task: PartTask,
) -> Result<(), Refusal> {
    let task = Box::new(task);
    let host = shared.host(&Entity::User(user.clone()));
    offer(host, Chore::Part { challenge, task })
}

/// Tells a part that the challenge has its report.
pub(super) fn confirm(shared: &Shared, challenge: ChallengeId, (part, number): (usize, u64)) {
    let host = shared.hosts.get().and_then(|hosts| hosts.get(part));
    let task = Box::new(PartTask::Confirmed(number));
    // Lost: the part tells everything after a while.
    let _ = offer(host, Chore::Part { challenge, task });
}

/// Opens a part on every arbiter, each with the scores of its users.
pub(super) async fn open(
    shared: &Shared,
    challenge: ChallengeId,
    scores: Vec<Contribution>,
) -> Option<()> {
    let hosts = barrier::every_host(shared).await.len();
    let mut by_host: Vec<Vec<Contribution>> = (0..hosts).map(|_| Vec::new()).collect();
    for told in scores {
        let partition = Entity::User(told.user.clone()).partition(BITS);
        if let Some(of) = by_host.get_mut(host_number(partition, hosts)) {
            of.push(told);
        }
    }
    let open = |number: usize, reply| PartTask::Open {
        scores: by_host
            .get_mut(number)
            .map(std::mem::take)
            .unwrap_or_default(),
        reply,
    };
    ask(shared, challenge, open).await.map(|_| ())
}

/// What all parts find; nothing while one of them is not there.
pub(super) async fn find(shared: &Shared, challenge: ChallengeId, want: Want) -> Option<Found> {
    let found = find_all(shared, challenge, Arc::new([want])).await?;
    found.into_iter().next()
}

/// The same of several questions, in one message to each part; the answers in their order.
pub(super) async fn find_all(
    shared: &Shared,
    challenge: ChallengeId,
    wants: Arc<[Want]>,
) -> Option<Vec<Found>> {
    let task = |_, reply| PartTask::Find {
        wants: wants.clone(),
        reply,
    };
    let found = ask(shared, challenge, task).await?;
    Some(Found::all_merged(&wants, found))
}

/// What all parts report.
pub(super) async fn report(shared: &Shared, challenge: ChallengeId) -> Option<Vec<Report>> {
    let task = |_, reply| PartTask::Report { reply };
    ask(shared, challenge, task).await
}

/// All rows of all parts, which end.
pub(super) async fn hand_over(shared: &Shared, challenge: ChallengeId) -> Option<Vec<PartRow>> {
    let task = |_, reply| PartTask::HandOver { reply };
    let rows = ask(shared, challenge, task).await?;
    Some(rows.into_iter().flatten().collect())
}

/// Asks every arbiter, all at once; nothing where one of them does not answer.
async fn ask<T>(
    shared: &Shared,
    challenge: ChallengeId,
    mut task: impl FnMut(usize, oneshot::Sender<T>) -> PartTask,
) -> Option<Vec<T>> {
    let mut asked = Vec::new();
    for (number, host) in barrier::every_host(shared).await.into_iter().enumerate() {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(task(number, reply));
        sent(&host, Chore::Part { challenge, task }).await?;
        asked.push(answer);
    }
    let mut answers = Vec::with_capacity(asked.len());
    for answer in asked {
        answers.push(answer.await.ok()?);
    }
    Some(answers)
}

/// Sends a chore, as soon as the arbiter takes it; nothing where it is gone.
async fn sent(host: &Addr<HostActor>, mut chore: Chore) -> Option<()> {
    loop {
        match host.try_send(chore) {
            Ok(()) => return Some(()),
            Err(SendError::Closed(_)) => return None,
            Err(SendError::Full(held)) => chore = held,
        }
        clock::pause_ms(RETRY_MS).await;
    }
}
