//! The actor of one challenge, and its cell: the resident state with the requests and subscribers that wait on it.
//!
//! It carries inputs to the journal, contributions to the board, and views to those who look; what they mean is
//! `core::challenge`'s.

mod command;
mod cycles;
mod deliver;
mod gathering;
mod pace;
mod parted;
mod poison;
mod ranks;
mod snapshot;
mod subscriber;
mod views;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use streakline_core::{
    challenge::{Challenge, resident::Resident},
    event::Contribution,
    id::{ChallengeId, Entity, Position, UserId},
    input::{ChallengeInput, Input, Origin},
};

use super::{
    host::{ChallengeEntry, Host},
    shared::Token,
};
use crate::{
    clock,
    protocol::error_code::{Code, Refusal},
    storage::{Attachment, Error},
};

pub(super) use command::{ChallengeCommand, WriteChallenge, wake};
use pace::Pace;
use ranks::Watcher;
use snapshot::{Read, read};
pub(super) use snapshot::{passivate_if_idle, take as snapshot};
use subscriber::Subscribers;
pub(super) use subscriber::round;
use views::Views;

/// Commands that may wait for one challenge's actor.
const MAILBOX: usize = 4_096;
/// Commands that may wait behind a write.
const WAITING_MAX: usize = 1_024;

/// Who waits for a change to be folded, and the member whose own partition must confirm it then.
pub(super) type Waiter = (command::Done, Option<UserId>);

/// A challenge in memory, with everything that waits on it.
pub(super) struct ChallengeCell {
    host: Rc<Host>,
    id: ChallengeId,
    resident: Option<Resident>,
    waiters: BTreeMap<Position, Waiter>,
    /// Joins and leaves that are folded but not confirmed by the member's own partition.
    confirmations: BTreeMap<UserId, Vec<command::Done>>,
    commands: VecDeque<ChallengeCommand>,
    /// Scores that the board takes in together, once the mailbox is empty.
    contributions: Vec<Contribution>,
    subscribers: Subscribers,
    views: Views,
    /// When views are made next.
    pace: Pace,
    /// Members with a socket.
    watchers: BTreeMap<UserId, Watcher>,
    told_offset: u64,
    /// When members learnt their ranks, machine time.
    told_ms: u64,
    snapshotting: bool,
    /// The campaign is being told what was paid.
    accounting: bool,
    /// Other cycles are being told something.
    telling: cycles::Telling,
    /// How far the parts of the board are, where it is kept in parts.
    parts: parted::Parts,
    /// The parts are being asked for the own rows of members with a socket.
    asking: bool,
    /// Scores of the store, until the tail before them is folded.
    standings: Option<Vec<Contribution>>,
    /// How often the state was let go after a fault.
    lives: u64,
    /// When the cell was made, machine time.
    born_ms: u64,
    last_used_ms: u64,
    busy: Option<Token>,
    ended: bool,
}

pub(super) type Cell = Rc<RefCell<ChallengeCell>>;

impl ChallengeCell {
    /// A challenge whose snapshot is yet to be read.
    pub(super) fn new(host: Rc<Host>, id: ChallengeId) -> Self {
        let busy = Some(host.shared.work.begin());
        let now_ms = clock::monotonic_ms();
        Self {
            host,
            id,
            resident: None,
            waiters: BTreeMap::new(),
            confirmations: BTreeMap::new(),
            commands: VecDeque::new(),
            contributions: Vec::new(),
            subscribers: Subscribers::new(),
            views: Views::default(),
            pace: Pace::default(),
            watchers: BTreeMap::new(),
            told_offset: 0,
            told_ms: 0,
            snapshotting: false,
            accounting: false,
            telling: cycles::Telling::default(),
            parts: parted::Parts::default(),
            asking: false,
            standings: None,
            lives: 0,
            born_ms: now_ms,
            last_used_ms: now_ms,
            busy,
            ended: false,
        }
    }

    fn entity(&self) -> Entity {
        Entity::Challenge(self.id)
    }

    /// The resident state, once it is read.
    pub(super) fn resident(&self) -> Option<&Resident> {
        self.resident.as_ref()
    }

    fn challenge(&self) -> Option<&Challenge> {
        self.resident.as_ref().map(Resident::challenge)
    }

    /// Journals an input; who waits for it is told when it is folded.
    fn offer(
        &mut self,
        origin: Origin,
        (input, with): (ChallengeInput, Vec<Attachment>),
        waiter: Option<Waiter>,
    ) {
        let entity = self.entity();
        let wrapped = Input::Challenge(self.id, input.clone());
        let Some(header) = self.host.clone().append(&entity, origin, (&wrapped, with)) else {
            return;
        };
        if let Some(resident) = &mut self.resident {
            if let Some(waiter) = waiter {
                self.waiters.insert(header.position, waiter);
            }
            resident.enqueue(header, input);
        }
        self.note_work();
    }

    fn note_work(&mut self) {
        let quiet = self.resident.as_ref().is_some_and(|resident| {
            let challenge = resident.challenge();
            let settling = challenge
                .cutoff_passed()
                .or(challenge.round_passed())
                .is_some();
            resident.pending() == 0
                && resident.outbox.is_empty()
                && !resident.challenge().owes_account()
                && !resident.owes_cycles()
                && !resident.is_partial()
                && !settling
        });
        if quiet && self.commands.is_empty() && self.contributions.is_empty() {
            self.busy = None;
        } else if self.busy.is_none() {
            self.busy = Some(self.host.shared.work.begin());
        }
    }

    fn note_deadline(&self) {
        let deadline_ms = self.challenge().and_then(Challenge::next_deadline);
        self.host.with(&self.entity(), |partition| {
            partition.deadlines.set(&self.entity(), deadline_ms);
        });
    }

    fn is_due(&self) -> bool {
        let now_ms = self.host.now_ms();
        self.challenge()
            .and_then(Challenge::next_deadline)
            .is_some_and(|at| at <= now_ms)
    }

    /// Leaves memory.
    fn leave(&mut self) {
        self.ended = true;
        self.resident = None;
        let entity = self.entity();
        let host = self.host.clone();
        host.with(&entity, |partition| partition.deadlines.set(&entity, None));
        self.busy = None;
        host.forget(&entity);
    }

    /// Views that are subscribed to.
    pub(super) fn subscriptions(&self) -> usize {
        self.subscribers.len()
    }

    /// Whether a snapshot is being written.
    pub(super) fn is_writing(&self) -> bool {
        self.snapshotting
    }

    /// Whether it knows a user, or will once everything that waits is folded; nothing while it is being read.
    pub(super) fn names(&self, user: &UserId) -> Option<bool> {
        self.resident().map(|resident| resident.names(user))
    }
}

/// Runs what concerns one challenge: a panic in it is that challenge's alone, not of those who come after it.
fn guarded(cell: &Cell, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        poison::faulted(cell);
    }
}

/// Folds everything that is durable, tells those who wait, and goes on with what follows.
pub(super) fn advance(cell: &Cell) {
    guarded(cell, || fold_durable(cell));
}

fn fold_durable(cell: &Cell) {
    loop {
        let mut held = cell.borrow_mut();
        let durable = held
            .host
            .durable(held.entity().partition(super::shared::BITS));
        let Some(resident) = &mut held.resident else {
            return;
        };
        let forgets = matches!(resident.culprit(), Some((_, ChallengeInput::Forget(_))));
        let position = match poison::step(resident, durable) {
            Ok(Some(position)) => position,
            Ok(None) => break,
            Err(poison::Panicked) => {
                drop(held);
                return poison::panicked(cell);
            }
        };
        held.clear_suspicion(position);
        let waiter = held.waiters.remove(&position);
        drop(held);
        if let Some((done, member)) = waiter {
            deliver::answer(cell, done, member);
        }
        if forgets {
            deliver::forgotten(cell);
        }
    }
    if cell.borrow().standings.is_some() {
        filled(cell);
        // What waited for a whole board waits no more where that is one.
        return fold_durable(cell);
    }
    settle(cell);
}

/// Opens or ends the parts of the board, tells members, counts them at the end, goes on with a settlement, gives free places away, tells the campaign and other cycles,
/// lets waiting commands go on, keeps deadlines.
pub(super) fn settle(cell: &Cell) {
    parted::go_on(cell);
    deliver::send_outbox(cell);
    deliver::count(cell);
    deliver::settlement(cell);
    deliver::admission(cell);
    deliver::tiers(cell);
    deliver::account(cell);
    cycles::go_on(cell);
    command::resume(cell);
    let mut held = cell.borrow_mut();
    held.note_deadline();
    held.note_work();
}

/// What is not answered for a whole round is told and asked again.
pub(super) fn retry(cell: &Cell) {
    guarded(cell, || ask_again(cell));
}

fn ask_again(cell: &Cell) {
    {
        let mut held = cell.borrow_mut();
        held.accounting = false;
        held.telling.round();
        if let Some(resident) = &mut held.resident {
            resident.round();
        }
    }
    if cell.borrow().resident.is_some() {
        settle(cell);
    }
}

/// The actor: it owns the cell and takes its commands in order.
pub(super) struct ChallengeActor {
    cell: Cell,
}

impl ChallengeActor {
    pub(super) fn new(cell: Cell) -> Self {
        Self { cell }
    }
}

impl Actor for ChallengeActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        let (host, id) = {
            let held = self.cell.borrow();
            (held.host.clone(), held.id)
        };
        let read = async move {
            let entity = Entity::Challenge(id);
            super::reread::tail_at_hand(&host, &entity).await?;
            read(host, id).await
        };
        let activate = read
            .into_actor(self)
            .map(|read, actor, _| activate(&actor.cell, read));
        ctx.wait(activate);
    }
}

/// What an earlier start journaled is folded; partitions send their members' scores again.
fn activate(cell: &Cell, read: Result<Read, Error>) {
    let mut held = cell.borrow_mut();
    let (challenge, standings) = match read {
        Ok(read) => read,
        Err(error) => {
            held.leave();
            if matches!(error, Error::Damaged(_)) {
                held.host.set_aside(&held.entity(), "snapshot", &error);
            } else {
                tracing::error!(challenge = %held.id, %error, "a challenge cannot be read");
            }
            return;
        }
    };
    let entity = held.entity();
    let tail = held
        .host
        .with(&entity, |partition| partition.tails.remove(&entity));
    let tail = tail.flatten().unwrap_or_default().into_iter();
    let tail = tail.filter_map(|(header, input)| match input {
        Input::Challenge(_, input) => Some((header, input)),
        _ => None,
    });
    let covered = challenge.position;
    let resident = Resident::read(challenge, tail.collect());
    if resident.pending() == 0 {
        held.host.with(&entity, |partition| {
            partition.covered(&entity, covered, false)
        });
    }
    held.resident = Some(resident);
    held.standings = Some(standings);
    drop(held);
    advance(cell);
}

/// The tail is folded: the board takes in the scores of the store, then those that partitions send again.
fn filled(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let standings = held.standings.take().unwrap_or_default();
    let Some(resident) = &mut held.resident else {
        return;
    };
    resident.fill(&standings);
    if resident.needs_parts() {
        let scores = resident.scores_for_parts(standings);
        drop(held);
        return parted::open(cell, scores);
    }
    let refill = resident
        .is_partial()
        .then(|| resident.challenge().is_open());
    let (shared, id) = (held.host.shared.clone(), held.id);
    drop(held);
    if let Some(is_open) = refill {
        actix::spawn(super::barrier::refill(shared, id, is_open));
    }
}

/// A command with the count of work that it is.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(super) struct Routed(ChallengeCommand, Token);

impl ChallengeEntry {
    /// Puts a command into the actor's mailbox; where that is full, who asked is told.
    pub(super) fn deliver(&self, command: ChallengeCommand, token: Token) {
        use actix::dev::SendError;
        // Noted before it is handled, so that nobody leaves memory with a command in the mailbox.
        self.cell.borrow_mut().last_used_ms = clock::monotonic_ms();
        if let Err(SendError::Full(Routed(command, _)) | SendError::Closed(Routed(command, _))) =
            self.addr.try_send(Routed(command, token))
        {
            let busy = Refusal::new(
                Code::Overloaded,
                "this challenge has too much waiting; try again",
            );
            command.refuse(&self.cell.borrow().host, self.cell.borrow().id, busy);
        }
    }
}

impl Handler<Routed> for ChallengeActor {
    type Result = ();

    fn handle(&mut self, Routed(command, token): Routed, ctx: &mut Self::Context) {
        let waited = !self.cell.borrow().contributions.is_empty();
        guarded(&self.cell, || command::take(&self.cell, command));
        drop(token);
        if !waited && !self.cell.borrow().contributions.is_empty() {
            // Handled once the mailbox is empty: what is in it comes first.
            ctx.notify(TakeIn);
        }
        if self.cell.borrow().ended {
            actix::ActorContext::stop(ctx);
        }
    }
}

/// The mailbox is empty: the scores that came are taken in.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct TakeIn;

impl Handler<TakeIn> for ChallengeActor {
    type Result = ();

    fn handle(&mut self, _: TakeIn, _: &mut Self::Context) {
        guarded(&self.cell, || command::contribute(&self.cell));
    }
}
