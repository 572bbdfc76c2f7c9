//! The cell of one user: the resident state with the sockets and requests that wait on it. The actor that owns it is `actor`'s.
//!
//! It carries inputs to the journal and events to those who wait; what they mean is `core::user`'s.

mod actor;
mod battery;
mod command;
mod deliver;
mod facts;
#[cfg(feature = "fault-injection")]
mod fault;
mod inquiry;
mod intake;
mod outbound;
mod poison;
mod snapshot;
mod stream;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
};

use streakline_core::{
    change::Change,
    event::{Event, Fact, Judgement, Transfer},
    id::{Entity, PartitionId, Position, UserId},
    input::{Header, Input, Origin, UserInput},
    ledger::Totals,
    user::{
        User,
        resident::{Resident, Step},
    },
};

use super::{
    admission::Weight,
    host::{Host, InFlight},
    shared::{BITS, Token},
};
use crate::{
    clock,
    push::{Lane, SessionHandle},
    storage::Attachment,
};

pub(super) use actor::{UserActor, is_at_hand, take_now};
pub(super) use command::{UserCommand, WriteUser, wake};
pub(super) use facts::History;
pub(super) use inquiry::{Found, Inquiry, TrailPage};
use outbound::Client;
pub(super) use snapshot::{Look, close_sockets, let_go, let_go_for_good, rest, take as snapshot};

/// Commands that may wait behind a write.
const WAITING_MAX: usize = 256;

/// Who waits for an input to be folded.
pub(super) enum Waiter {
    /// Nobody.
    None,
    /// A socket, for its ack.
    Batch {
        session: SessionHandle,
        batch_id: u64,
        lane: Lane,
        refused: Vec<(u64, Judgement)>,
        /// Its bytes on the arbiter.
        inflight: InFlight,
    },
    /// A socket, for its welcome.
    Hello(Box<stream::Opening>),
    /// A request.
    Write(command::Done),
    /// A challenge, for the confirmation of its notice.
    Notice {
        challenge: streakline_core::id::ChallengeId,
        input: Box<UserInput>,
    },
}

/// A user in memory, with everything that waits on it.
pub(super) struct UserCell {
    host: Rc<Host>,
    id: UserId,
    /// Its journal's.
    partition: PartitionId,
    /// `None` until the snapshot is read.
    resident: Option<Resident>,
    /// In the order of positions.
    waiters: VecDeque<(Position, Waiter)>,
    /// Commands behind a write that must see every earlier input folded.
    commands: VecDeque<UserCommand>,
    /// Boxed, because a leaf of the map has room for eleven and most users have one.
    clients: BTreeMap<SessionHandle, Box<Client>>,
    /// Facts, transfers and changes of a snapshot that is being written.
    writing: (Vec<Arc<Fact>>, Vec<Transfer>, Vec<Change>),
    snapshotting: bool,
    loading: bool,
    /// What the state has booked since its last snapshot.
    booked: Totals,
    /// Rises when the state is let go: what was asked for an earlier one is dropped.
    life: u64,
    /// What was kept on hold is being offered again.
    releasing: bool,
    /// The next of it are being read.
    reading_kept: bool,
    /// The last of it that was offered.
    released_to: Option<Position>,
    last_used_ms: u64,
    /// Commands in the actor's mailbox.
    mailbox: usize,
    /// Leaves memory once its snapshot is written, unless it is needed again.
    leaving: bool,
    weight: Weight,
    weighed_ms: u64,
    /// It has changed since.
    unweighed: bool,
    /// Held while anything is under way.
    busy: Option<Token>,
    /// Rounds look at it.
    attended: bool,
    /// Set when the actor must end.
    ended: bool,
}

pub(super) type Cell = Rc<RefCell<UserCell>>;

impl UserCell {
    /// A user whose snapshot is yet to be read.
    pub(super) fn new(host: Rc<Host>, id: UserId) -> Self {
        let busy = Some(host.shared.work.begin());
        Self {
            host,
            partition: Entity::User(id.clone()).partition(BITS),
            id,
            resident: None,
            waiters: VecDeque::new(),
            commands: VecDeque::new(),
            clients: BTreeMap::new(),
            writing: Default::default(),
            snapshotting: false,
            loading: false,
            booked: Totals::default(),
            life: 0,
            releasing: false,
            reading_kept: false,
            released_to: None,
            last_used_ms: clock::monotonic_ms(),
            mailbox: 0,
            leaving: false,
            weight: Weight::default(),
            weighed_ms: 0,
            unweighed: false,
            busy,
            attended: false,
            ended: false,
        }
    }

    fn entity(&self) -> Entity {
        Entity::User(self.id.clone())
    }

    /// The resident state, once it is read.
    pub(super) fn resident(&self) -> Option<&Resident> {
        self.resident.as_ref()
    }

    fn user(&self) -> Option<&User> {
        self.resident.as_ref().map(Resident::user)
    }

    /// Journals an input; who waits for it is told when it is folded.
    fn offer(
        &mut self,
        origin: Origin,
        (input, mut with): (UserInput, Vec<Attachment>),
        waiter: Waiter,
    ) {
        with.extend(poison::kept(self, &input));
        let entity = self.entity();
        let wrapped = Input::User(self.id.clone(), input.clone());
        let Some(header) = self.host.clone().append(&entity, origin, (&wrapped, with)) else {
            return;
        };
        if let Some(resident) = &mut self.resident {
            self.waiters.push_back((header.position, waiter));
            resident.enqueue(header, input);
        }
        self.note_work();
    }

    /// Who waits for the input at a position.
    fn take_waiter(&mut self, position: Position) -> Waiter {
        let place = self.waiters.iter().position(|(held, _)| *held == position);
        let waiter = place.and_then(|place| self.waiters.remove(place));
        waiter.map_or(Waiter::None, |(_, waiter)| waiter)
    }

    /// Whether anything is under way, for those who wait until all is done.
    fn note_work(&mut self) {
        let quiet = self
            .resident
            .as_ref()
            .is_some_and(|resident| resident.pending() == 0 && resident.outbox.is_empty())
            && !self.user().is_some_and(User::is_releasing);
        let busy = !quiet || !self.commands.is_empty() || self.loading;
        if !busy {
            self.busy = None;
            return;
        }
        if self.busy.is_none() {
            self.busy = Some(self.host.shared.work.begin());
        }
        self.attend();
    }

    /// Rounds look at it from now on.
    fn attend(&mut self) {
        if !self.attended {
            self.attended = true;
            self.host.attentive.borrow_mut().insert(self.id.clone());
        }
    }

    /// The earliest deadline goes into the partition's heap.
    fn note_deadline(&self) {
        let deadline_ms = self.user().and_then(User::next_deadline);
        self.host.at(self.partition, |partition| {
            partition.deadlines.set(&self.entity(), deadline_ms);
        });
    }

    /// A boundary is due that no input has run: nobody reads an unclosed day.
    fn is_due(&self) -> bool {
        let now_ms = self.host.now_ms();
        self.user()
            .and_then(User::next_deadline)
            .is_some_and(|deadline| deadline <= now_ms)
    }

    /// The state is let go: sockets resume, nothing is taken any more.
    fn end(&mut self) {
        self.ended = true;
        self.close_sockets();
        self.resident = None;
        self.take_back();
        self.weigh();
        let entity = self.entity();
        self.host
            .with(&entity, |partition| partition.deadlines.set(&entity, None));
        self.busy = None;
    }

    /// Leaves memory.
    fn leave(&mut self) {
        self.end();
        let host = self.host.clone();
        host.forget(&self.entity());
    }

    /// Whether rounds have something to do here; where not, they look at it no more.
    pub(super) fn stays_attended(&mut self) -> bool {
        self.attended = self.busy.is_some() || self.unweighed || self.owes();
        self.attended
    }

    /// The partition of its journal.
    pub(super) fn partition(&self) -> PartitionId {
        self.partition
    }

    /// Whether a snapshot is being written.
    pub(super) fn is_writing(&self) -> bool {
        self.snapshotting
    }
}

/// Runs what concerns one user: a panic in it is that user's alone, not of those who come after it.
fn guarded(cell: &Cell, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        poison::faulted(cell);
    }
}

/// Folds everything that is durable and at hand, and tells those who wait.
pub(super) fn advance(cell: &Cell) {
    guarded(cell, || fold_durable(cell));
}

fn fold_durable(cell: &Cell) {
    loop {
        let step = {
            let mut held = cell.borrow_mut();
            let durable = held.host.durable(held.partition);
            let rules = held.host.shared.rules.clone();
            let Some(resident) = held.resident.as_mut() else {
                return;
            };
            catch_unwind(AssertUnwindSafe(|| {
                #[cfg(feature = "fault-injection")]
                fault::taste(resident);
                resident.step(durable, &rules)
            }))
        };
        match step {
            Ok(Step::Idle) => break,
            Ok(Step::Load(days)) => return deliver::load(cell, days),
            Ok(Step::Folded(header, events)) => deliver::folded(cell, &header, events),
            Err(_) => return poison::panicked(cell),
        }
    }
    settle(cell);
}

/// After folding: send on, let waiting commands go on, keep deadlines, push, snapshot.
pub(super) fn settle(cell: &Cell) {
    deliver::send_outbox(cell);
    command::resume(cell);
    {
        let mut held = cell.borrow_mut();
        held.note_deadline();
        held.note_work();
        held.weigh_sometimes();
    }
    outbound::pump(cell, false);
    poison::release(cell);
    if cell
        .borrow()
        .resident()
        .is_some_and(Resident::wants_snapshot)
    {
        snapshot::take(cell);
    }
}

/// One round of an arbiter: what did not arrive is sent again, newest states go out; `aged`: what is not confirmed for long is
/// taken for lost.
pub(super) fn round(cell: &Cell, aged: bool) {
    guarded(cell, || go_round(cell, aged));
}

fn go_round(cell: &Cell, aged: bool) {
    if let Some(resident) = &mut cell.borrow_mut().resident
        && aged
    {
        resident.outbox.round();
    }
    if cell.borrow().resident.is_some() {
        deliver::send_outbox(cell);
        command::resume(cell);
        outbound::pump(cell, false);
        poison::release(cell);
        let mut held = cell.borrow_mut();
        battery::round(&mut held);
        held.note_work();
        if held.unweighed {
            held.weigh_sometimes();
        }
    }
}

/// Sends the score in one challenge again.
pub(super) fn resend(cell: &Cell, challenge: streakline_core::id::ChallengeId) {
    if let Some(resident) = &mut cell.borrow_mut().resident
        && let Some(contribution) = resident.user().contribution(challenge)
    {
        resident.outbox.offer(challenge, contribution);
    }
    deliver::send_outbox(cell);
    cell.borrow_mut().note_work();
}

/// Books a fold's transfers into the partition's sums.
fn book(cell: &mut UserCell, header: &Header, events: &[Event]) {
    let transfers = events.iter().filter_map(|event| match event {
        Event::Transfer(transfer) => Some(transfer),
        _ => None,
    });
    let booked = Totals::of(transfers);
    cell.booked.add(&booked);
    let suspects = cell.host.at(header.partition, |partition| {
        partition.totals.add(&booked);
        !partition.suspects.is_empty()
    });
    if suspects == Some(true) {
        cell.clear_suspicion(header.position);
    }
}
