//! The state of one civil day: minutes of each device while they are at hand, totals always, and what was told of it.
//!
//! Which day an instant belongs to is `calendar`'s; when a day closes is `user`'s.

mod head;
mod identities;
mod links;

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use minicbor::{Decode, Encode, bytes::ByteArray};
use sha2::{Digest, Sha256};

use crate::{
    civil::Day,
    goal::IssuedTarget,
    id::{GoalId, RecordId},
    merge::{Night, Summary, Workout},
    metric::Metric,
    small_map::SmallMap,
};

pub use head::{Attested, DayTotals, DeviceCells, Head, HeldEpisode, Standing};
pub use identities::Identities;
pub use links::Links;

/// What was found and told of one goal on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct GoalDay {
    /// Start of the minute in which the running sum reached the target, POSIX ms; `None`: not met.
    #[n(0)]
    pub met_at_ms: Option<i64>,
    /// `goal.completed` was told: it comes once per goal and day, however progress moves.
    #[n(1)]
    pub completed: bool,
    /// `streak.extended` was told.
    #[n(2)]
    pub extended: bool,
    /// `streak.lost` was told.
    #[n(3)]
    pub lost: bool,
    /// The day was void at its hard close, and stays so however zones change.
    #[n(4)]
    pub void: bool,
}

/// What a day's amounts of one metric come to, store units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Amount {
    /// All methods, unclamped.
    #[n(0)]
    pub display: i64,
    /// What challenges and tokens read, and goals and streaks with it where [`DayState::for_goals`] says nothing else.
    #[n(1)]
    pub eligible: i64,
}

/// The state of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct DayState {
    /// By metric whose amounts add up.
    #[n(0)]
    pub amounts: SmallMap<Metric, Amount>,
    /// By gauge.
    #[n(1)]
    pub gauges: SmallMap<Metric, Summary>,
    /// The sleep that ends in it.
    #[n(14)]
    pub night: Option<Night>,
    /// Workouts that end in it, by start; the first [`limits::WORKOUTS_PER_DAY_MAX`](crate::limits::WORKOUTS_PER_DAY_MAX).
    #[n(15)]
    pub workouts: Vec<Workout>,
    /// Accepted winning records that start in it.
    #[n(2)]
    pub records: u32,
    /// Their identities.
    #[n(3)]
    pub identities: Identities,
    /// Counts the changes.
    #[n(4)]
    pub version: u64,
    /// Latest end of a record that starts in it, POSIX ms.
    #[n(5)]
    pub reach_ms: i64,
    /// Tokens booked for it, 10^-6.
    #[n(6)]
    pub posted_micro: i64,
    /// Eligible as frozen at hard close.
    #[n(7)]
    pub scored: Option<i64>,
    /// Smallest and largest id by binding: where a known id may be.
    #[n(8)]
    pub ids: SmallMap<u32, (RecordId, RecordId)>,
    /// By goal.
    #[n(9)]
    pub goals: SmallMap<GoalId, GoalDay>,
    /// Hash of the cells as they were when they were let go; `None`: there never were any.
    #[n(10)]
    pub cells_hash: Option<ByteArray<32>>,
    /// The minutes, while they are at hand.
    #[n(11)]
    pub head: Option<Box<Head>>,
    /// Records of one device that overlap each other span it from border to border: what changes on one side of it can change
    /// the other.
    #[n(12)]
    pub bridged: bool,
    /// Days that hold the winners of copies which begin in this one.
    #[n(13)]
    pub moved_to: BTreeSet<Day>,
    /// Eligible steps of it by the day that they pay for, once that is fixed (domain.md 2.2).
    #[n(30)]
    #[cbor(default)]
    pub shares: SmallMap<Day, i64>,
    /// Targets of adaptive goals, with what they were made of.
    #[n(20)]
    pub issued: SmallMap<GoalId, IssuedTarget>,
    /// Minutes that a sample says were worn (domain.md 3.2).
    #[n(21)]
    pub worn_minutes: u32,
    /// Winning records that start in it and are kept aside: for their clock (domain.md 2.4) or their signature (9.1, S12).
    #[n(22)]
    pub quarantined: u32,
    /// What goals read of a metric, where that is not its eligible amount, store units (`manual_policy`, domain.md 1.4).
    #[n(23)]
    pub for_goals: SmallMap<Metric, i64>,
    /// When an import last brought something of it, POSIX ms: its detail is kept from then on.
    #[n(35)]
    pub brought_ms: Option<i64>,
    /// What was told of it last.
    #[n(45)]
    pub links: Links,
}

impl DayState {
    /// The day's amount of a metric.
    #[must_use]
    pub fn amount(&self, metric: Metric) -> Amount {
        self.amounts.get(&metric).copied().unwrap_or_default()
    }

    /// What goals read of a metric, store units.
    #[must_use]
    pub fn goal_amount(&self, metric: Metric) -> i64 {
        let own = self.for_goals.get(&metric).copied();
        own.unwrap_or_else(|| self.amount(metric).eligible)
    }

    /// The steps that tokens and scores read.
    #[must_use]
    pub fn eligible_steps(&self) -> i64 {
        self.amount(Metric::STEPS).eligible
    }

    /// Whether its minutes must be rebuilt from records before they can be changed.
    #[must_use]
    pub fn is_cold(&self) -> bool {
        self.head.is_none() && self.version > 0
    }

    /// SHA-256 over its cells and the identities of its accepted records: the same for every order of arrival.
    #[must_use]
    pub fn state_hash(&self, devices: &[Standing]) -> [u8; 32] {
        let cells = match (&self.head, self.cells_hash) {
            (Some(head), _) => head.hash(devices),
            (None, Some(hash)) => *hash,
            (None, None) => Head::default().hash(devices),
        };
        let mut hash = Sha256::new().chain_update(cells);
        self.identities.bytes().for_each(|word| hash.update(word));
        hash.finalize().into()
    }

    /// Lets the minutes go, keeping their hash; gives them out, and whether they are others than when they were let go last.
    pub fn cool(&mut self, devices: &[Standing]) -> Option<(Head, bool)> {
        let head = *self.head.take()?;
        let hash = head.hash(devices);
        let before = self.cells_hash.replace(hash.into());
        Some((head, before.is_none_or(|before| *before != hash)))
    }

    /// Puts rebuilt minutes in; answers whether they, or the records that they come from, are others than before.
    pub fn replace(&mut self, head: Head, rows: (u32, Identities), devices: &[Standing]) -> bool {
        let empty = head.is_empty();
        let same = match (&self.head, self.cells_hash) {
            (Some(held), _) => **held == head,
            (None, Some(hash)) => *hash == head.hash(devices),
            (None, None) => empty,
        };
        let changed = !same || (self.records, self.identities) != rows;
        if changed || self.version > 0 {
            self.head = Some(Box::new(head));
        }
        (self.records, self.identities) = rows;
        changed
    }

    /// Forgets which records it has, because they are filed anew.
    pub fn unfile(&mut self) {
        self.reach_ms = 0;
        self.ids.clear();
        self.moved_to.clear();
    }

    /// Notes that a record with this id is kept here, and how far it shares time with others, POSIX ms.
    pub fn note(&mut self, binding: u32, id: RecordId, reach_ms: i64) {
        self.reach_ms = self.reach_ms.max(reach_ms);
        let range = self.ids.or_insert_with(binding, || (id, id));
        *range = (range.0.min(id), range.1.max(id));
    }
}
