//! Commands to a challenge: reads, admins' and members' changes, contributions, barriers, subscriptions. Taken in order; a change
//! waits until every earlier input is folded, so that it is judged on the state that it will change.

use std::mem;

use streakline_core::{
    campaign::CampaignInput,
    challenge::{Challenge, parts::Report, resident::Resident},
    event::Contribution,
    id::{Entity, PartitionId, UserId},
    input::{ChallengeInput, Header, Origin, RULES_VERSION, Source, UserInput},
};

use super::{Cell, ChallengeCell, deliver, parted, poison, subscriber};
use crate::{
    actors::{
        host::Host,
        message::{Caller, Subscribe},
        user::UserCommand,
    },
    protocol::error_code::{Code, Refusal},
    push::{Push, SessionHandle},
    storage::Attachment,
};

/// Scores that wait for one another at most.
const CONTRIBUTIONS: usize = 64;

/// Reads the state at the clock's time.
pub(crate) type ReadChallenge = Box<dyn FnOnce(Result<(&Resident, i64), Refusal>) + Send>;

/// Told when a change is folded, or refused.
pub(crate) type Done = Box<dyn FnOnce(Result<(&Resident, i64), Refusal>) + Send>;

/// Makes the rows that become durable with a change, from the challenge as the change will leave it.
pub(crate) type Attach = Box<dyn FnOnce(&Challenge, i64) -> Vec<Attachment> + Send>;

/// Judges a change; `None`: nothing needs to change.
pub(crate) type Admit =
    Box<dyn FnOnce(&Challenge, i64) -> Result<Option<ChallengeInput>, Refusal> + Send>;

/// A change asked for by REST.
pub(crate) struct WriteChallenge {
    /// Judges it; `None`: nothing needs to change.
    pub(crate) admit: Admit,
    /// Rows that become durable with it.
    pub(crate) attach: Attach,
    /// The member whose own partition must confirm it before it is answered.
    pub(crate) member: Option<UserId>,
    /// Told the outcome.
    pub(crate) done: Done,
    /// Who asks.
    pub(crate) caller: Caller,
    /// Taken by a stopped challenge too.
    pub(crate) while_stopped: bool,
}

/// A command.
pub(crate) enum ChallengeCommand {
    /// A read.
    Read(ReadChallenge),
    /// A change.
    Write(WriteChallenge),
    /// A user's score.
    Contribute {
        contribution: Contribution,
        number: u64,
    },
    /// A member's partition has journaled a notice.
    Confirmed { user: UserId, input: Box<UserInput> },
    /// A member could not be told now.
    NotConfirmed { user: UserId, number: u64 },
    /// A partition's answer to the question of a settlement or a round.
    Barrier {
        partition: PartitionId,
        cutoff_ms: i64,
        passed: bool,
    },
    /// The campaign that pays for it knows that; `None`: it could not be told now.
    Accounted(Option<CampaignInput>),
    /// Every partition has sent its members' scores again.
    Refilled,
    /// What a part of the board tells.
    Reported { part: usize, report: Box<Report> },
    /// A member has a socket, or none any more.
    Watch { user: UserId, on: bool },
    /// A socket wants views.
    Subscribe(Subscribe),
    /// A socket wants no more views.
    Unsubscribe { session: SessionHandle, id: u64 },
}

impl ChallengeCommand {
    /// Tells who asked that no command will be taken before the next start: scores are let go, since every member sends
    /// its newest again when the challenge is read.
    pub(in crate::actors) fn refuse_for_good(
        self,
        host: &Host,
        id: streakline_core::id::ChallengeId,
        refusal: Refusal,
    ) {
        match self {
            Self::Contribute { contribution, .. } => {
                let user = contribution.user.clone();
                let _ = host.send_user(user, UserCommand::Taken(contribution));
            }
            other => other.refuse(host, id, refusal),
        }
    }

    /// Tells who asked that the command was not taken.
    pub(in crate::actors) fn refuse(
        self,
        host: &Host,
        id: streakline_core::id::ChallengeId,
        refusal: Refusal,
    ) {
        match self {
            Self::Read(read) => read(Err(refusal)),
            Self::Write(write) => (write.done)(Err(refusal)),
            Self::Contribute {
                contribution,
                number,
            } => {
                let command = UserCommand::NotTaken {
                    challenge: id,
                    number,
                };
                let _ = host.send_user(contribution.user, command);
            }
            Self::Subscribe(subscribe) => {
                let (batch_id, id, expected_seq) = (None, Some(subscribe.id), None);
                let push = Push::Refused {
                    refusal,
                    batch_id,
                    id,
                    expected_seq,
                };
                let _ = host.shared.sessions.push(subscribe.session, push);
            }
            // What is lost here is asked for or told again.
            Self::Confirmed { .. }
            | Self::NotConfirmed { .. }
            | Self::Barrier { .. }
            | Self::Accounted(_)
            | Self::Refilled
            | Self::Reported { .. }
            | Self::Watch { .. }
            | Self::Unsubscribe { .. } => {}
        }
    }
}

/// Takes one command, or lets it wait behind a change. Scores wait for those behind them in the mailbox, but nothing else is
/// taken before them.
pub(super) fn take(cell: &Cell, command: ChallengeCommand) {
    if !matches!(command, ChallengeCommand::Contribute { .. }) {
        contribute(cell);
    }
    let (host, id) = (cell.borrow().host.clone(), cell.borrow().id);
    if cell.borrow().resident.is_none() {
        let unread = Refusal::new(Code::StoreUnavailable, "the challenge cannot be read now");
        return command.refuse(&host, id, unread);
    }
    let queued = !cell.borrow().commands.is_empty() && is_ordered(&command);
    if !queued && may_run(cell, &command) {
        run(cell, command);
    } else if cell.borrow().commands.len() >= super::WAITING_MAX {
        let busy = Refusal::new(
            Code::Overloaded,
            "this challenge has too much waiting; try again",
        );
        command.refuse(&host, id, busy);
    } else {
        cell.borrow_mut().commands.push_back(command);
    }
    resume(cell);
    cell.borrow_mut().note_work();
}

/// Lets waiting commands go on, in order.
pub(super) fn resume(cell: &Cell) {
    loop {
        let Some(next) = cell.borrow_mut().commands.pop_front() else {
            return;
        };
        if may_run(cell, &next) {
            run(cell, next);
        } else {
            cell.borrow_mut().commands.push_front(next);
            return;
        }
    }
}

/// Only what asks for an answer keeps its order; what partitions tell must never wait behind it.
fn is_ordered(command: &ChallengeCommand) -> bool {
    matches!(
        command,
        ChallengeCommand::Read(_) | ChallengeCommand::Write(_) | ChallengeCommand::Subscribe(_)
    )
}

fn may_run(cell: &Cell, command: &ChallengeCommand) -> bool {
    match command {
        ChallengeCommand::Read(_) | ChallengeCommand::Subscribe(_) => {
            caught_up(cell) && cell.borrow().resident().is_some_and(|r| !r.is_partial())
        }
        ChallengeCommand::Write(_) => {
            let is_idle = |r: &Resident| r.pending() == 0 && !r.awaits_scores_of_teams();
            let idle = cell.borrow().resident().is_some_and(is_idle);
            caught_up(cell) && idle
        }
        _ => true,
    }
}

/// Whether every boundary up to now is folded; journals a tick where one is due.
fn caught_up(cell: &Cell) -> bool {
    let mut held = cell.borrow_mut();
    if !held.is_due() {
        return true;
    }
    if held
        .resident()
        .is_some_and(|resident| resident.pending() == 0)
    {
        let tick = (ChallengeInput::Tick, Vec::new());
        held.offer(Origin::server(Source::Timer), tick, None);
    }
    false
}

/// Runs every boundary that is due, and a settlement whose cut-off has passed.
pub(in crate::actors) fn wake(cell: &Cell) {
    if cell.borrow().resident.is_some() && caught_up(cell) {
        deliver::settlement(cell);
    }
}

fn run(cell: &Cell, command: ChallengeCommand) {
    match command {
        ChallengeCommand::Read(read) => {
            let held = cell.borrow();
            if let Some(resident) = held.resident() {
                read(Ok((resident, held.host.now_ms())));
            }
        }
        ChallengeCommand::Write(change) => write(cell, change),
        ChallengeCommand::Contribute {
            contribution,
            number,
        } => score(cell, contribution, number),
        ChallengeCommand::Confirmed { user, input } => deliver::confirmed(cell, user, &input),
        ChallengeCommand::NotConfirmed { user, number } => {
            if let Some(resident) = &mut cell.borrow_mut().resident {
                resident.outbox.release(&user, number);
            }
        }
        ChallengeCommand::Barrier {
            partition,
            cutoff_ms,
            passed,
        } => {
            if let Some(resident) = &mut cell.borrow_mut().resident {
                resident.barrier((partition, cutoff_ms), passed);
            }
            deliver::settlement(cell);
        }
        ChallengeCommand::Accounted(told) => deliver::accounted(cell, told.as_ref()),
        ChallengeCommand::Refilled => {
            if let Some(resident) = &mut cell.borrow_mut().resident {
                resident.filled();
            }
            // What waits behind the end is folded now.
            super::advance(cell);
        }
        ChallengeCommand::Reported { part, report } => {
            parted::take(&mut cell.borrow_mut(), part, *report);
        }
        ChallengeCommand::Watch { user, on } => {
            let mut held = cell.borrow_mut();
            if on {
                held.watchers.entry(user).or_default().owe();
            } else {
                held.watchers.remove(&user);
            }
            held.told_offset = u64::MAX;
        }
        ChallengeCommand::Subscribe(subscribe) => subscriber::subscribe(cell, subscribe),
        ChallengeCommand::Unsubscribe { session, id } => subscriber::unsubscribe(cell, session, id),
    }
}

/// A score waits to be taken in with those behind it; where the board is in parts it is its part's.
fn score(cell: &Cell, contribution: Contribution, number: u64) {
    let mut held = cell.borrow_mut();
    if held.resident().is_some_and(Resident::is_parted) {
        parted::take_score(&mut held, contribution, number);
        drop(held);
        return deliver::admission(cell);
    }
    held.contributions.push(contribution);
    let waiting = held.contributions.len();
    drop(held);
    if waiting >= CONTRIBUTIONS {
        contribute(cell);
    }
}

/// Takes the scores in that have come since, all at once.
pub(super) fn contribute(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let contributions = mem::take(&mut held.contributions);
    if contributions.is_empty() {
        return;
    }
    // Where the state was let go, users send them again.
    if let Some(resident) = &mut held.resident {
        resident.take_all(&contributions);
        for contribution in contributions {
            let user = contribution.user.clone();
            let _ = held.host.send_user(user, UserCommand::Taken(contribution));
        }
    }
    drop(held);
    deliver::tiers(cell);
    deliver::admission(cell);
    cell.borrow_mut().note_work();
}

fn write(cell: &Cell, change: WriteChallenge) {
    let WriteChallenge {
        admit,
        attach,
        member,
        done,
        caller,
        while_stopped,
    } = change;
    let mut held = cell.borrow_mut();
    let now_ms = held.host.now_ms();
    let Some(resident) = held.resident() else {
        return;
    };
    if resident.challenge().stopped && !while_stopped {
        let words = "the challenge is stopped after repeated faults; an operator must look at it";
        return done(Err(Refusal::new(Code::Internal, words)));
    }
    match admit(resident.challenge(), now_ms) {
        Err(refusal) => done(Err(refusal)),
        Ok(None) => {
            // Asked again, maybe before the member's own partition knew.
            drop(held);
            deliver::answer(cell, done, member);
        }
        Ok(Some(input)) => {
            let input = resident.completed(input);
            if let Err(refusal) = held.host.check_tail(&held.entity()) {
                return done(Err(refusal));
            }
            let origin = Origin {
                source: Source::Rest,
                principal: caller.principal,
                request_id: caller.request_id,
            };
            let header = foreseen_header(&held, origin.clone(), now_ms);
            let foreseen = match poison::foresee(resident, &header, &input) {
                Ok(foreseen) => foreseen,
                Err(refusal) => return done(Err(refusal)),
            };
            let with = attach(&foreseen, header.stamp_ms);
            held.offer(origin, (input, with), Some((done, member)));
        }
    }
}

/// The header that the input will have: nothing waits in front of it.
fn foreseen_header(held: &ChallengeCell, origin: Origin, now_ms: i64) -> Header {
    let entity = Entity::Challenge(held.id);
    let partition = entity.partition(crate::actors::shared::BITS);
    let stamp = held
        .host
        .with(&entity, |partition| partition.journal.stamp(now_ms));
    Header {
        stamp_ms: stamp.unwrap_or(now_ms),
        partition,
        position: streakline_core::id::Position::default(),
        origin,
        rules: RULES_VERSION,
    }
}
