//! The server of the simulator: the machines that the actors carry, on one thread, with everything that is under way in a bag.
//!
//! It repeats only the carrying of `streakline::actors` (partition, recovery, barrier, upkeep, user, challenge). Whoever drives
//! it takes tasks out of the bag in any order, loses or repeats mail, and crashes it between any two of them.

mod campaign;
mod challenge;
mod contest;
mod covering;
mod erasing;
mod partition;
mod parts;
mod poison;
mod upkeep;
mod user;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::FutureExt;
use streakline::{
    storage::{
        self, Answer, Ownership, StuckId,
        envelope::{Kind, Place},
        memory::MemoryStore,
        sealing::{MasterKeys, Seals},
    },
    zones::BundledZones,
};
use streakline_core::{
    campaign::CampaignInput,
    challenge::parts::{Part, PartRow, Report},
    civil::Day,
    definition::Definition,
    event::Contribution,
    id::{CampaignId, ChallengeId, DeviceId, Entity, OutboxId, PartitionId, Position, UserId},
    input::{DeviceIntroduction, Header, Input, UserInput},
    record::Record,
    user::Rules,
    view::RowView,
};

pub(crate) use campaign::BUDGET_MICRO;
pub(crate) use challenge::ChallengeCell;
pub(crate) use contest::ContestMail;
use erasing::Erasing;
use partition::Partition;
pub(crate) use user::UserCell;

/// Four partitions, so that people share them.
pub(crate) const BITS: u32 = 2;

/// What went wrong, in words.
pub(crate) type Checked<T> = Result<T, String>;

/// What a client sends, or one actor another.
#[derive(Clone, Debug)]
pub(crate) enum Mail {
    Batch(UserId, Batch),
    Open(UserId, u64, DeviceIntroduction, String),
    Goal(UserId, u64, i64),
    Pause(UserId, u64, (Day, Day)),
    Notice(UserId, ChallengeId, Box<UserInput>),
    Taken(UserId, Contribution),
    Make(ChallengeId, u64, Box<Definition>),
    Publish(ChallengeId, u64),
    /// Somebody wants a user to join: asked of the user first, with the alias and the start of its window.
    Enrol(UserId, u64, ChallengeId, String, i64),
    /// What comes of it, with the number of erasures that had begun.
    Join(ChallengeId, u64, (UserId, String, i64), u64),
    Erase(UserId, u64),
    Leave(ChallengeId, u64, UserId),
    Contribute(Contribution),
    Confirmed(ChallengeId, UserId, Box<UserInput>),
    Passed(ChallengeId, PartitionId, i64),
    Barrier(PartitionId, i64, ChallengeId),
    Retry(UserId, StuckId),
    /// A challenge that is to be published reserves what it can cost.
    Reserve(CampaignId, (ChallengeId, i64), u64),
    /// That much is reserved.
    Reserved(ChallengeId, i64, u64),
    /// A challenge that is over tells its campaign what it has paid.
    Account(CampaignId, ChallengeId, CampaignInput),
    /// The campaign knows that.
    Accounted(ChallengeId, CampaignInput),
    /// A score that came to a challenge whose board is in parts.
    Forward(Contribution),
    /// What a part of a board tells.
    Reported(ChallengeId, PartitionId, Box<Report>),
    /// The challenge has it.
    Noted(PartitionId, ChallengeId, u64),
    /// Of series, teams and annulments.
    Contest(ContestMail),
}

impl Mail {
    /// A request is sent once and again only when nothing is under way; everything else may be repeated by the way itself.
    pub(crate) fn is_request(&self) -> bool {
        matches!(
            self,
            Self::Open(..)
                | Self::Goal(..)
                | Self::Pause(..)
                | Self::Make(..)
                | Self::Publish(..)
                | Self::Enrol(..)
                | Self::Join(..)
                | Self::Leave(..)
                | Self::Erase(..)
                | Self::Reserve(..)
                | Self::Reserved(..)
                | Self::Account(..)
        ) || matches!(self, Self::Contest(mail) if mail.is_request())
    }
}

/// Records of one queue, as a socket sends them.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) device: DeviceId,
    pub(crate) outbox: OutboxId,
    pub(crate) lane: u8,
    pub(crate) first_seq: u64,
    pub(crate) skewed: bool,
    pub(crate) records: Vec<Record>,
}

/// What a client is told.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Done(u64),
    Ack(DeviceId, u8, u64),
    Gap(DeviceId, u8, u64),
}

/// One step that is under way.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// A flush reaches the store.
    Write(PartitionId),
    /// The partition learns that it is durable.
    Flushed(PartitionId),
    /// The oldest snapshot of a partition reaches the store.
    Commit(PartitionId),
    /// Its owner learns of it.
    Committed(Entity, Position, Option<i64>),
    /// Stored records are read.
    Load(UserId),
    /// A state is read.
    Read(Entity),
    /// A state is read again after a fault.
    Reload(UserId, Position),
    /// All rows of a board in parts.
    HandedOver(ChallengeId, Vec<PartRow>),
    /// Something arrives.
    Arrive(Mail),
}

/// The server.
pub(crate) struct Server {
    pub(crate) store: MemoryStore,
    pub(crate) seals: Seals,
    pub(crate) now_ms: i64,
    pub(crate) tasks: Vec<Task>,
    pub(crate) replies: Vec<Reply>,
    pub(crate) users: BTreeMap<UserId, UserCell>,
    pub(crate) challenges: BTreeMap<ChallengeId, ChallengeCell>,
    partitions: BTreeMap<PartitionId, Partition>,
    /// Challenges whose boards wait for scores; whether these were sent again.
    refills: BTreeMap<ChallengeId, bool>,
    /// Parts of boards, each with the users of a partition.
    parts: BTreeMap<(ChallengeId, PartitionId), Part>,
    /// The machine's own clock: a second a round.
    machine_ms: u64,
    rules: Rules,
    epoch: u64,
    /// What an onlooker has seen become durable, across crashes.
    pub(crate) durable: BTreeMap<Entity, Vec<(Header, Input)>>,
    seen: BTreeSet<(PartitionId, Position)>,
    stamps_ms: BTreeMap<PartitionId, i64>,
    /// Inputs that were passed over, across crashes.
    pub(crate) skipped: usize,
    erasing: BTreeMap<UserId, Erasing>,
    erasures_begun: u64,
    /// Who an onlooker was told is erased, across crashes.
    erased_users: BTreeSet<UserId>,
    /// Boards as they were frozen first, across crashes.
    pub(crate) frozen: BTreeMap<ChallengeId, (Vec<RowView>, [u8; 32])>,
}

/// What a store in memory answers at once.
pub(crate) fn ready<T>(answer: Answer<'_, T>) -> Checked<T> {
    let unready = || Err(storage::Error::Unavailable("it waits".into()));
    let answer = answer.now_or_never().unwrap_or_else(unready);
    answer.map_err(|error| error.to_string())
}

/// The keys of a server that has just started.
fn seals(store: &MemoryStore) -> Checked<Seals> {
    let masters = MasterKeys::new(&[[1; 32]]).map_err(|error| error.to_string())?;
    ready(Box::pin(Seals::open(Arc::new(store.clone()), masters)))
}

thread_local! {
    static RULES: Rules = Rules {
        zones: Arc::new(BundledZones::new()),
        manual_policy: streakline_core::manual::ManualPolicy::default(),
        retention: streakline_core::retention::Retention::default(),
    };
}

/// The rules that everybody shares.
pub(crate) fn rules() -> Rules {
    RULES.with(Clone::clone)
}

impl Server {
    /// A server on an empty store, started.
    pub(crate) fn new(store: MemoryStore, now_ms: i64) -> Checked<Self> {
        let mut server = Self {
            seals: seals(&store)?,
            store,
            now_ms,
            tasks: Vec::new(),
            replies: Vec::new(),
            users: BTreeMap::new(),
            challenges: BTreeMap::new(),
            partitions: BTreeMap::new(),
            refills: BTreeMap::new(),
            parts: BTreeMap::new(),
            machine_ms: 0,
            rules: rules(),
            epoch: 0,
            durable: BTreeMap::new(),
            seen: BTreeSet::new(),
            stamps_ms: BTreeMap::new(),
            skipped: 0,
            erasing: BTreeMap::new(),
            erasures_begun: 0,
            erased_users: BTreeSet::new(),
            frozen: BTreeMap::new(),
        };
        server.start()?;
        Ok(server)
    }

    /// Everything in memory is gone, and with `power` everything that was not synced; the server starts again.
    pub(crate) fn crash(&mut self, power: bool) -> Checked<()> {
        if power {
            self.store.lose_power();
        } else {
            self.store.restart();
        }
        self.tasks.clear();
        self.replies.clear();
        self.users.clear();
        self.challenges.clear();
        self.refills.clear();
        self.parts.clear();
        self.erasing.clear();
        self.erasures_begun = 0;
        self.start()
    }

    fn start(&mut self) -> Checked<()> {
        self.seals = seals(&self.store)?;
        self.epoch = ready(self.store.raise_epoch(BITS))?;
        let first = 1 << BITS;
        for number in first..2 * first {
            let id = PartitionId(number);
            let partition = partition::read(&self.seals, &self.store, (id, self.epoch))?;
            for entity in partition.tails.keys() {
                self.tasks.push(Task::Read(entity.clone()));
            }
            self.partitions.insert(id, partition);
        }
        Ok(())
    }

    /// The content of a row about a user.
    pub(crate) fn opened(
        &self,
        user: &UserId,
        place: (Kind, Place<'_>),
        row: &[u8],
    ) -> Checked<Vec<u8>> {
        let content = ready(Box::pin(self.seals.open_row(user, place, row)))?;
        content
            .payload()
            .ok_or_else(|| format!("{user} was erased"))
    }

    /// Takes one step.
    pub(crate) fn step(&mut self, task: Task) -> Checked<()> {
        match task {
            Task::Write(id) => self.write(id),
            Task::Flushed(id) => self.flushed(id),
            Task::Commit(id) => self.commit(id),
            Task::Committed(entity, covered, due_ms) => self.committed(&entity, covered, due_ms),
            Task::Load(user) => self.load(&user),
            Task::Reload(user, newest) => self.reload(&user, newest),
            Task::Read(Entity::User(user)) => self.read_user(&user),
            Task::Read(Entity::Challenge(challenge)) => self.read_challenge(challenge),
            Task::Read(Entity::Partition(_)) => Ok(()),
            Task::HandedOver(id, rows) => self.handed_over(id, rows),
            Task::Arrive(Mail::Barrier(id, cutoff_ms, challenge)) => {
                self.ask_barrier(id, cutoff_ms, challenge)
            }
            Task::Arrive(Mail::Forward(told)) => {
                self.forwarded(told);
                Ok(())
            }
            Task::Arrive(Mail::Noted(id, challenge, told)) => {
                self.noted(challenge, id, told);
                Ok(())
            }
            Task::Arrive(mail) => match addressee(&mail) {
                Entity::User(user) => self.take_user(&user, mail),
                Entity::Challenge(challenge) => self.take_challenge(challenge, mail),
                Entity::Partition(_) => Ok(()),
            },
        }
    }

    pub(crate) fn post(&mut self, mail: Mail) {
        self.tasks.push(Task::Arrive(mail));
    }

    fn partition(&mut self, entity: &Entity) -> &mut Partition {
        let id = entity.partition(BITS);
        self.partitions
            .get_mut(&id)
            .expect("every partition is owned")
    }

    /// The newest sums of all partitions.
    pub(crate) fn totals(&self) -> streakline_core::ledger::Totals {
        let mut totals = streakline_core::ledger::Totals::default();
        self.partitions
            .values()
            .for_each(|partition| totals.add(&partition.totals));
        totals
    }
}

impl Server {
    /// The sums of the transfers of users who were erased.
    pub(crate) fn erased_totals(&self) -> streakline_core::ledger::Totals {
        let mut totals = streakline_core::ledger::Totals::default();
        self.partitions
            .values()
            .for_each(|partition| totals.add(&partition.erased));
        totals
    }
}

fn addressee(mail: &Mail) -> Entity {
    match mail {
        Mail::Batch(user, _)
        | Mail::Open(user, ..)
        | Mail::Goal(user, ..)
        | Mail::Pause(user, ..)
        | Mail::Enrol(user, ..)
        | Mail::Erase(user, _)
        | Mail::Notice(user, ..)
        | Mail::Retry(user, _)
        | Mail::Taken(user, _) => Entity::User(user.clone()),
        Mail::Make(id, ..)
        | Mail::Publish(id, _)
        | Mail::Join(id, ..)
        | Mail::Leave(id, ..)
        | Mail::Confirmed(id, ..)
        | Mail::Reserved(id, ..)
        | Mail::Accounted(id, _)
        | Mail::Passed(id, _, _) => Entity::Challenge(*id),
        Mail::Reserve(id, ..) | Mail::Account(id, ..) => Entity::Challenge(ChallengeId(id.0)),
        Mail::Contribute(contribution) => Entity::Challenge(contribution.challenge),
        Mail::Reported(id, ..) => Entity::Challenge(*id),
        Mail::Forward(told) => Entity::Partition(Entity::User(told.user.clone()).partition(BITS)),
        Mail::Barrier(id, ..) | Mail::Noted(id, ..) => Entity::Partition(*id),
        Mail::Contest(mail) => mail.addressee(),
    }
}
