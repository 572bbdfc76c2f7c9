//! Commands to a user: reads, writes, sockets, and what challenges tell. Taken in order; a write waits until every earlier input
//! is folded, so that it is judged on the state that it will change.

use streakline_core::{
    event::Contribution,
    id::{ChallengeId, UserId},
    input::{Origin, Source, UserInput},
    user::User,
    view::RankView,
};

use super::{
    Cell, Waiter, battery, intake,
    outbound::{self, end},
    stream,
};
use crate::{
    actors::{
        challenge::ChallengeCommand,
        host::Host,
        message::{Batch, Caller, Hello},
        parts,
    },
    protocol::{
        client_frame::Report,
        error_code::{Code, Refusal},
    },
    push::{Push, SessionHandle},
    storage::Attachment,
};

/// Reads the state at the clock's time.
pub(crate) type ReadUser = Box<dyn FnOnce(Result<(&User, i64), Refusal>) + Send>;

/// Told when a write is folded, or refused.
pub(crate) type Done = Box<dyn FnOnce(Result<(&User, i64), Refusal>) + Send>;

/// Judges a change; `None`: nothing needs to change.
pub(crate) type Admit = Box<dyn FnOnce(&User, i64) -> Result<Option<Change>, Refusal> + Send>;

/// An input, and rows that become durable with it.
pub(crate) type Change = (UserInput, Vec<Attachment>);

/// A change asked for by REST.
pub(crate) struct WriteUser {
    /// Judges it; `None`: nothing needs to change.
    pub(crate) admit: Admit,
    /// Told the outcome.
    pub(crate) done: Done,
    /// Who asks.
    pub(crate) caller: Caller,
    /// Taken on hold too.
    pub(crate) while_held: bool,
}

/// A command.
pub(crate) enum UserCommand {
    /// A socket said hello.
    Open {
        session: SessionHandle,
        hello: Hello,
        caller: Caller,
    },
    /// A device was claimed for the user, or belongs to another.
    Claimed {
        opening: Box<stream::Opening>,
        owned: bool,
    },
    /// A batch of an opened socket.
    Batch {
        session: SessionHandle,
        batch: Batch,
    },
    /// A device of an opened socket tells of itself.
    Report {
        session: SessionHandle,
        report: Report,
    },
    /// A socket is gone.
    Close { session: SessionHandle },
    /// A read.
    Read(ReadUser),
    /// Facts or transfers of the state and of the store.
    History(super::facts::History),
    /// A question that needs more than the state.
    Inquire(super::inquiry::Inquiry),
    /// A change.
    Write(WriteUser),
    /// A challenge tells a member something.
    Notice {
        challenge: ChallengeId,
        number: u64,
        input: Box<UserInput>,
        /// On whose behalf.
        by: Origin,
    },
    /// A challenge has taken a contribution.
    Taken(Contribution),
    /// A challenge did not take a contribution now.
    NotTaken { challenge: ChallengeId, number: u64 },
    /// The user's own rank has changed.
    Rank(Box<RankView>),
}

impl UserCommand {
    /// Whether a user is brought into memory for it; the others mean nothing to who is not there.
    pub(in crate::actors) fn wakes(&self) -> bool {
        !matches!(
            self,
            Self::Close { .. }
                | Self::Report { .. }
                | Self::Taken(_)
                | Self::NotTaken { .. }
                | Self::Rank(_)
        )
    }

    /// Tells who asked that the command was not taken.
    pub(in crate::actors) fn refuse(self, host: &Host, user: UserId, refusal: Refusal) {
        match self {
            Self::Read(read) => read(Err(refusal)),
            Self::Write(write) => (write.done)(Err(refusal)),
            Self::History(history) => history.refuse(refusal),
            Self::Inquire(inquiry) => inquiry.refuse(refusal),
            Self::Open { session, .. } => end(host, session, refusal.code),
            Self::Claimed { opening, .. } => end(host, opening.session(), refusal.code),
            Self::Batch { session, batch } => {
                let batch_id = Some(batch.batch_id);
                let push = Push::Refused {
                    refusal,
                    batch_id,
                    id: None,
                    expected_seq: None,
                };
                let _ = host.shared.sessions.push(session, push);
            }
            Self::Notice {
                challenge, number, ..
            } => {
                let command = ChallengeCommand::NotConfirmed { user, number };
                let _ = host.send_challenge(challenge, command);
            }
            // A lost answer is asked for again at the next round; a report is followed by the next one.
            Self::Close { .. }
            | Self::Report { .. }
            | Self::Taken(_)
            | Self::NotTaken { .. }
            | Self::Rank(_) => {}
        }
    }
}

/// Takes one command, or lets it wait behind a write.
pub(super) fn take(cell: &Cell, command: UserCommand) {
    if cell.borrow().resident.is_none() {
        let unread = Refusal::new(Code::StoreUnavailable, "the user cannot be read now");
        let (host, id) = (cell.borrow().host.clone(), cell.borrow().id.clone());
        return command.refuse(&host, id, unread);
    }
    let waits = !cell.borrow().commands.is_empty() || !may_run(cell, &command);
    if !waits {
        run(cell, command);
    } else if cell.borrow().commands.len() >= super::WAITING_MAX {
        let busy = Refusal::new(
            Code::Overloaded,
            "this user has too much waiting; try again",
        );
        let (host, id) = (cell.borrow().host.clone(), cell.borrow().id.clone());
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

/// Reads need every due boundary folded; changes need every earlier input folded.
fn may_run(cell: &Cell, command: &UserCommand) -> bool {
    match command {
        UserCommand::Read(_) | UserCommand::History(_) => caught_up(cell),
        UserCommand::Inquire(inquiry) => {
            let held = cell.borrow();
            let busy = inquiry.reads_records() && (held.loading || held.snapshotting);
            drop(held);
            caught_up(cell) && !busy
        }
        UserCommand::Open { .. } | UserCommand::Claimed { .. } | UserCommand::Write(_) => {
            caught_up(cell) && cell.borrow().resident().is_some_and(|r| r.pending() == 0)
        }
        UserCommand::Notice { .. } => cell
            .borrow()
            .resident()
            .is_some_and(|resident| resident.pending() == 0),
        UserCommand::Batch { .. } => cell.borrow().resident().is_some_and(|r| r.has_room()),
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
        held.offer(
            Origin::server(Source::Timer),
            (UserInput::Tick, Vec::new()),
            Waiter::None,
        );
    }
    false
}

/// Runs every boundary that is due.
pub(in crate::actors) fn wake(cell: &Cell) {
    if cell.borrow().resident.is_some() {
        caught_up(cell);
    }
}

fn run(cell: &Cell, command: UserCommand) {
    match command {
        UserCommand::Open {
            session,
            hello,
            caller,
        } => stream::open(cell, session, hello, caller),
        UserCommand::Claimed { opening, owned } => stream::claimed(cell, opening, owned),
        UserCommand::Batch { session, batch } => intake::batch(cell, session, batch),
        UserCommand::Report { session, report } => battery::report(cell, session, report),
        UserCommand::Close { session } => stream::close(cell, session),
        UserCommand::Read(read) => {
            let held = cell.borrow();
            if let Some(user) = held.user() {
                read(Ok((user, held.host.now_ms())));
            }
        }
        UserCommand::History(history) => super::facts::read(cell, history),
        UserCommand::Inquire(inquiry) => super::inquiry::run(cell, inquiry),
        UserCommand::Write(change) => write(cell, change),
        UserCommand::Notice {
            challenge,
            input,
            by,
            ..
        } => notice(cell, challenge, (input, by)),
        UserCommand::Taken(contribution) => {
            if let Some(resident) = &mut cell.borrow_mut().resident {
                let challenge = contribution.challenge;
                resident.outbox.confirm(&challenge, &contribution);
            }
            outbound::pump(cell, true);
        }
        UserCommand::NotTaken { challenge, number } => {
            if let Some(resident) = &mut cell.borrow_mut().resident {
                resident.outbox.release(&challenge, number);
            }
        }
        UserCommand::Rank(rank) => stream::rank(cell, &rank),
    }
}

fn write(cell: &Cell, change: WriteUser) {
    let WriteUser {
        admit,
        done,
        caller,
        while_held,
    } = change;
    let mut held = cell.borrow_mut();
    let now_ms = held.host.now_ms();
    let Some(user) = held.user() else { return };
    if user.is_held() && !while_held {
        let words = "the user is on hold after repeated faults; an operator must release it";
        return done(Err(Refusal::new(Code::Internal, words)));
    }
    match admit(user, now_ms) {
        Err(refusal) => done(Err(refusal)),
        Ok(None) => done(Ok((user, now_ms))),
        Ok(Some(change)) => {
            if let Err(refusal) = held.host.check_tail(&held.entity()) {
                return done(Err(refusal));
            }
            let origin = Origin {
                source: Source::Rest,
                principal: caller.principal,
                request_id: caller.request_id,
            };
            held.offer(origin, change, Waiter::Write(done));
        }
    }
}

/// At least once, and harmless: what the state knows is confirmed at once.
fn notice(cell: &Cell, challenge: ChallengeId, (input, by): (Box<UserInput>, Origin)) {
    let mut held = cell.borrow_mut();
    let known = held.user().is_some_and(|user| user.knows(&input));
    if known {
        let user = held.id.clone();
        parts::told(&held.host, &user, &input);
        let confirmed = ChallengeCommand::Confirmed { user, input };
        let _ = held.host.send_challenge(challenge, confirmed);
    } else {
        let waiter = Waiter::Notice {
            challenge,
            input: input.clone(),
        };
        held.offer(by, (*input, Vec::new()), waiter);
    }
}
