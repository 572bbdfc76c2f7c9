//! One host an arbiter: finds the actor of an entity, activates it, and holds the partitions that the arbiter owns.
//!
//! Everything here lives on one thread. Cells are shared with their actor by `Rc`: a flush that has become durable is folded
//! by the host without a message to each actor (design.md 4).

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use streakline_core::{
    challenge::parts::Part,
    id::{ChallengeId, Entity, PartitionId, UserId},
};

use super::{
    admission::{self, Admission},
    challenge::{ChallengeActor, ChallengeCell, ChallengeCommand},
    flushing::Flushing,
    idling::Idling,
    partition::Partition,
    shared::{BITS, Shared, Token},
    user::{UserActor, UserCell, UserCommand},
};
use crate::protocol::error_code::{Code, Refusal};
use crate::telemetry::series;

/// Messages that may wait for one arbiter.
const MAILBOX: usize = 16_384;
/// How often an arbiter looks after its actors, ms.
pub(super) const ROUND_MS: u64 = 100;

/// A user in memory.
#[derive(Clone)]
pub(super) struct UserEntry {
    pub(super) addr: Addr<UserActor>,
    pub(super) cell: Rc<RefCell<UserCell>>,
    pub(super) partition: PartitionId,
}

/// A challenge in memory.
#[derive(Clone)]
pub(super) struct ChallengeEntry {
    pub(super) addr: Addr<ChallengeActor>,
    pub(super) cell: Rc<RefCell<ChallengeCell>>,
}

/// What one arbiter holds.
pub struct Host {
    pub(super) shared: Arc<Shared>,
    /// Which arbiter it is, from 0.
    pub(super) number: usize,
    pub(super) partitions: RefCell<BTreeMap<PartitionId, Partition>>,
    pub(super) users: RefCell<HashMap<UserId, UserEntry>>,
    pub(super) challenges: RefCell<BTreeMap<ChallengeId, ChallengeEntry>>,
    /// Parts of boards that hold the rows of the arbiter's users.
    pub(super) parts: RefCell<BTreeMap<ChallengeId, Part>>,
    /// Bytes of batches that wait for durability.
    pub(super) inflight_bytes: Cell<usize>,
    /// Users with something under way or something to tell: rounds look at no others.
    pub(super) attentive: RefCell<BTreeSet<UserId>>,
    /// What is on its way to the journal.
    pub(super) flushing: Flushing,
    /// Every entity with a recovered tail has been activated.
    pub(super) tails_taken: Cell<bool>,
    /// Entities whose stored rows are damaged.
    pub(super) damaged: RefCell<BTreeSet<Entity>>,
    /// Users who are being erased.
    pub(super) erasing: RefCell<BTreeSet<UserId>>,
    /// A deferred tail is being read.
    pub(super) recalling: Cell<bool>,
    /// The due are being woken.
    pub(super) waking: Cell<bool>,
    /// Who comes into memory.
    pub(super) admission: Admission,
    /// Who leaves it.
    pub(super) idling: Idling,
    /// Users' snapshots that are being written.
    pub(super) snapshots_under_way: Cell<usize>,
}

impl Host {
    /// Domain time, POSIX ms.
    pub(super) fn now_ms(&self) -> i64 {
        self.shared.clock.now_ms()
    }

    /// Works on the partition of an entity.
    pub(super) fn with<R>(
        &self,
        entity: &Entity,
        f: impl FnOnce(&mut Partition) -> R,
    ) -> Option<R> {
        self.at(entity.partition(BITS), f)
    }

    /// Works on a partition.
    pub(super) fn at<R>(&self, id: PartitionId, f: impl FnOnce(&mut Partition) -> R) -> Option<R> {
        self.partitions.borrow_mut().get_mut(&id).map(f)
    }

    /// A user in memory.
    pub(super) fn user_cell(&self, id: &UserId) -> Option<Rc<RefCell<UserCell>>> {
        let users = self.users.borrow();
        users.get(id).map(|entry| entry.cell.clone())
    }

    /// The user's entry; activates it where it is not in memory or its actor is gone.
    pub(super) fn user(self: &Rc<Self>, id: &UserId) -> UserEntry {
        let held = self.users.borrow().get(id).cloned();
        if let Some(entry) = held.filter(|entry| entry.addr.connected()) {
            return entry;
        }
        self.admission.begin();
        let cell = UserCell::new(self.clone(), id.clone());
        let partition = cell.partition();
        let cell = Rc::new(RefCell::new(cell));
        let entry = UserEntry {
            addr: UserActor::new(cell.clone()).start(),
            cell,
            partition,
        };
        metrics::counter!(series::ACTIVATIONS, "kind" => "user").increment(1);
        self.users.borrow_mut().insert(id.clone(), entry.clone());
        entry
    }

    /// The challenge's entry, likewise.
    pub(super) fn challenge(self: &Rc<Self>, id: ChallengeId) -> ChallengeEntry {
        let held = self.challenges.borrow().get(&id).cloned();
        if let Some(entry) = held.filter(|entry| entry.addr.connected()) {
            return entry;
        }
        let cell = Rc::new(RefCell::new(ChallengeCell::new(self.clone(), id)));
        let entry = ChallengeEntry {
            addr: ChallengeActor::new(cell.clone()).start(),
            cell,
        };
        metrics::counter!(series::ACTIVATIONS, "kind" => "challenge").increment(1);
        self.challenges.borrow_mut().insert(id, entry.clone());
        entry
    }

    /// Activates whatever an entity is.
    pub(super) fn activate(self: &Rc<Self>, entity: &Entity) {
        if self.is_set_aside(entity) || self.is_being_erased(entity) {
            return;
        }
        match entity {
            Entity::User(id) => drop(self.user(id)),
            Entity::Challenge(id) => drop(self.challenge(*id)),
            Entity::Partition(_) => {}
        }
    }

    /// Whether an entity's snapshot is being read.
    pub(super) fn is_activating(&self, entity: &Entity) -> bool {
        match entity {
            Entity::User(id) => {
                let users = self.users.borrow();
                users
                    .get(id)
                    .is_some_and(|entry| entry.cell.borrow().resident().is_none())
            }
            Entity::Challenge(id) => {
                let challenges = self.challenges.borrow();
                challenges
                    .get(id)
                    .is_some_and(|entry| entry.cell.borrow().resident().is_none())
            }
            Entity::Partition(_) => false,
        }
    }

    /// Takes an entity out of memory; its next command activates it anew.
    pub(super) fn forget(&self, entity: &Entity) {
        match entity {
            Entity::User(id) => drop(self.users.borrow_mut().remove(id)),
            Entity::Challenge(id) => drop(self.challenges.borrow_mut().remove(id)),
            Entity::Partition(_) => {}
        }
    }

    /// Sends a command to a user anywhere; a full mailbox gives it back as a refusal.
    pub(super) fn send_user(&self, to: UserId, command: UserCommand) -> Result<(), Refusal> {
        send_user(&self.shared, to, command)
    }

    /// Sends a command to a challenge anywhere.
    pub(super) fn send_challenge(
        &self,
        to: ChallengeId,
        command: ChallengeCommand,
    ) -> Result<(), Refusal> {
        send_challenge(&self.shared, to, command)
    }
}

/// Bytes of one batch on its way; they are free again when it is folded or given up.
pub(super) struct InFlight {
    host: Rc<Host>,
    bytes: usize,
}

impl InFlight {
    /// Takes the bytes; nothing when the arbiter has no more (`ingest.inflight_max_bytes`).
    pub(super) fn take(host: &Rc<Host>, bytes: usize) -> Option<Self> {
        let wanted = host.inflight_bytes.get().saturating_add(bytes);
        if wanted > host.shared.settings.inflight_bytes_max {
            return None;
        }
        host.inflight_bytes.set(wanted);
        Some(Self {
            host: host.clone(),
            bytes,
        })
    }
}

impl Host {
    /// Batches that one socket may have unacknowledged in the lane `live` (protocol.md 3): less, the more waits here, so that
    /// clients slow down before anything must be refused.
    pub(super) fn credits(&self) -> u32 {
        let taken = self.inflight_bytes.get();
        let settings = &self.shared.settings;
        credits(settings.credits, taken, settings.inflight_bytes_max)
    }
}

/// All of them while less than half of `max` is taken, half up to three quarters of it, then a quarter; always one.
fn credits(all: u32, taken: usize, max: usize) -> u32 {
    let left = if taken < max / 2 {
        all
    } else if taken < max - max / 4 {
        all / 2
    } else {
        all / 4
    };
    left.max(1)
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.host
            .inflight_bytes
            .set(self.host.inflight_bytes.get().saturating_sub(self.bytes));
    }
}

/// Sends a command to a user's arbiter.
pub(super) fn send_user(shared: &Shared, to: UserId, command: UserCommand) -> Result<(), Refusal> {
    check(shared)?;
    let host = shared.host(&Entity::User(to.clone()));
    let message = ToUser {
        to,
        command,
        token: shared.work.begin(),
    };
    offer(host, message)
}

/// Sends a command to a challenge's arbiter.
pub(super) fn send_challenge(
    shared: &Shared,
    to: ChallengeId,
    command: ChallengeCommand,
) -> Result<(), Refusal> {
    check(shared)?;
    let host = shared.host(&Entity::Challenge(to));
    let message = ToChallenge {
        to,
        command,
        token: shared.work.begin(),
    };
    offer(host, message)
}

/// Nothing is taken any more once the process must end, and for as long as the store is away: it could not be made durable.
fn check(shared: &Shared) -> Result<(), Refusal> {
    if let Some(away) = shared.store.away() {
        return Err(Refusal::new(Code::StoreUnavailable, away));
    }
    if shared.fatal.is_raised() {
        let detail = "the server is about to restart; nothing that it acknowledged is lost";
        return Err(Refusal::new(Code::StoreUnavailable, detail));
    }
    Ok(())
}

pub(super) fn offer<M>(host: Option<&Addr<HostActor>>, message: M) -> Result<(), Refusal>
where
    M: Message<Result = ()> + Send + 'static,
    HostActor: Handler<M>,
{
    let busy = |_| Refusal::new(Code::Overloaded, "too much is waiting; try again");
    match host {
        Some(host) => host.try_send(message).map_err(busy),
        None => Err(Refusal::new(
            Code::StoreUnavailable,
            "the server is starting",
        )),
    }
}

/// The actor of an arbiter: routes, and looks after the arbiter's actors in rounds.
pub struct HostActor {
    pub(super) host: Rc<Host>,
}

impl HostActor {
    /// An arbiter's host with the partitions that it owns; to be called on that arbiter.
    #[must_use]
    pub fn new(shared: Arc<Shared>, number: usize, partitions: Vec<Partition>) -> Self {
        let owned = partitions
            .into_iter()
            .map(|partition| (partition.id(), partition));
        let host = Host {
            shared,
            number,
            partitions: RefCell::new(owned.collect()),
            users: RefCell::default(),
            challenges: RefCell::default(),
            parts: RefCell::default(),
            attentive: RefCell::default(),
            flushing: Flushing::default(),
            inflight_bytes: Cell::new(0),
            tails_taken: Cell::new(false),
            damaged: RefCell::default(),
            erasing: RefCell::default(),
            recalling: Cell::new(false),
            waking: Cell::new(false),
            admission: Admission::default(),
            idling: Idling::default(),
            snapshots_under_way: Cell::new(0),
        };
        Self {
            host: Rc::new(host),
        }
    }
}

impl Actor for HostActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        let host = self.host.clone();
        super::figures::tell(&host);
        actix::spawn(super::recovery::fold_tails(host));
        let every = std::time::Duration::from_millis(ROUND_MS);
        ctx.run_interval(every, |actor, _| super::upkeep::round(&actor.host));
    }
}

/// A command on its way to a user.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct ToUser {
    to: UserId,
    command: UserCommand,
    token: Token,
}

impl Handler<ToUser> for HostActor {
    type Result = ();

    fn handle(&mut self, message: ToUser, _: &mut Self::Context) {
        let ToUser { to, command, token } = message;
        let entity = Entity::User(to.clone());
        let refusal = self.host.damage_refusal(&entity);
        // What is under way must come to its end: only what is new is refused.
        let is_new = command.wakes();
        let erased = || self.host.erasure_refusal(&entity).filter(|_| is_new);
        if let Some(refusal) = refusal.or_else(erased) {
            return command.refuse(&self.host, to, refusal);
        }
        admission::take(&self.host, to, command, token);
    }
}

/// A command on its way to a challenge.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct ToChallenge {
    to: ChallengeId,
    command: ChallengeCommand,
    token: Token,
}

impl Handler<ToChallenge> for HostActor {
    type Result = ();

    fn handle(&mut self, message: ToChallenge, _: &mut Self::Context) {
        let ToChallenge { to, command, token } = message;
        if let Some(refusal) = self.host.damage_refusal(&Entity::Challenge(to)) {
            return command.refuse_for_good(&self.host, to, refusal);
        }
        self.host.challenge(to).deliver(command, token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_with_much_in_flight_gives_less_credit_and_never_none() {
        let taken = [0, 499, 500, 749, 750, 1_000];
        let given = |all| taken.map(|taken| credits(all, taken, 1_000));
        assert_eq!(given(4), [4, 4, 2, 2, 1, 1]);
        assert_eq!(given(1), [1; 6]);
    }
}
