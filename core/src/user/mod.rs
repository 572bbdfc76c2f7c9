//! The state of one user: devices, goals, days, enrolments, balance, and what came since the last snapshot.
//!
//! It changes in [`fold::fold`] alone. `admit` says what may be journaled, `plan` what a fold must have at hand, `view` what
//! can be asked. Sockets, stores and clocks are the shell's (`actors::user`).

mod accounts;
pub mod adjustment;
pub mod admit;
mod changes;
mod closing;
mod counters;
mod counting;
pub mod device_keys;
pub mod device_order;
mod devices;
mod enrolment;
mod exertion;
pub mod explain;
pub mod fold;
mod footprint;
pub mod goals;
pub mod hold;
pub mod import;
mod ingest;
mod marks;
mod notices;
mod paying;
pub mod plan;
pub mod portable;
mod prizes;
mod profile;
mod progress;
mod rebuild;
mod refile;
pub mod rehearsal;
pub mod resident;
mod resuming;
mod retention;
mod score;
pub mod seen;
pub mod snapshot;
mod standing;
pub mod streaks;
mod tail_bound;
pub mod view;
mod void;
pub mod zone_admission;
mod zones;

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    string::String,
    sync::Arc,
    vec::Vec,
};
use minicbor::{Decode, Encode};

use crate::{
    attest::{PublicKey, Registration},
    attribute::Attributes,
    calendar::Calendar,
    change::Change,
    civil::Day,
    day::DayState,
    event::{Fact, Transfer},
    goal::Goal,
    id::{ChallengeId, DeviceId, GoalId, OutboxId, Position, RecordId, UserId},
    limits,
    manual::ManualPolicy,
    metric::Metric,
    period::WeekStart,
    poison::{Hold, Skips},
    record::Epoch,
    retention::Retention,
    sample::DeviceClass,
    small_map::SmallMap,
    streak::{Keeping, Pauses, Verdicts},
    tail::Tail,
    zone::{Zone, Zones},
};

pub use accounts::Accounts;
pub use counters::{Run, RunKey, Runs};
pub use enrolment::{Enrolment, EnrolmentState};
pub use paying::Paying;
pub use prizes::HeldPrize;
pub use resuming::Marks;
pub use score::Crossing;
pub use standing::Past;
pub use zones::{DayStart, ZoneChange};

/// What folding needs besides state and input: the zones, and the version of the rules.
#[derive(Clone)]
pub struct Rules {
    /// Every zone that a user may be in.
    pub zones: Arc<dyn Zones + Send + Sync>,
    /// What typed-in samples count for.
    pub manual_policy: ManualPolicy,
    /// How long the detail of a day is kept.
    pub retention: Retention,
}

impl core::fmt::Debug for Rules {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut shown = f.debug_struct("Rules");
        shown.field("manual_policy", &self.manual_policy);
        shown.field("retention", &self.retention);
        shown.finish_non_exhaustive()
    }
}

/// A device of the user.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Device {
    /// Its place in the order of binding, from 0.
    #[n(0)]
    pub binding: u32,
    /// Its class.
    #[n(1)]
    pub class: DeviceClass,
    /// Free text.
    #[n(2)]
    pub vendor: Option<String>,
    /// Free text.
    #[n(3)]
    pub model: Option<String>,
    /// When it was bound, POSIX ms.
    #[n(4)]
    pub bound_ms: i64,
    /// Largest id that it has sent: a larger one is new.
    #[n(5)]
    pub highest_id: Option<RecordId>,
    /// How far it has covered each metric, POSIX ms: what starts there or later overlaps nothing.
    #[n(6)]
    pub covered: SmallMap<Metric, i64>,
    /// End of its latest accepted sample, POSIX ms.
    #[n(7)]
    pub last_sample_ms: Option<i64>,
    /// Numbering by queue: the one used last comes last.
    #[n(8)]
    pub outboxes: Vec<(OutboxId, [u64; 2])>,
    /// The latest reading of each of its counters, where the next one may simply be counted from it.
    #[n(9)]
    pub counters: SmallMap<Metric, Reading>,
    /// Metrics of which it has sent amounts.
    #[n(10)]
    pub deltas: BTreeSet<Metric>,
    /// What it has sent of each metric.
    #[n(40)]
    #[cbor(default)]
    pub seen: seen::SeenMetrics,
    /// What it said of its battery.
    #[n(41)]
    pub battery: Option<seen::Battery>,
    /// Counts the changes of its topic.
    #[n(42)]
    #[cbor(default)]
    pub version: u64,
    /// Its key, where it ever had one (ADR 0077).
    #[n(43)]
    pub registration: Option<Box<Registration>>,
}

/// The latest reading of a counter.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Reading {
    /// Store units.
    #[n(0)]
    pub value: i64,
    /// When, POSIX ms.
    #[n(1)]
    pub at_ms: i64,
    /// Which run of the counter.
    #[n(2)]
    pub epoch: Epoch,
    /// Whether it counts for who believes signed samples alone; the next one is counted from it only if it does too.
    #[n(3)]
    #[cbor(default)]
    pub attested: bool,
}

impl Device {
    /// The key that its samples must be signed with, where one is registered.
    #[must_use]
    pub fn key(&self) -> Option<&PublicKey> {
        let registered = self.registration.as_deref()?.registered.as_ref()?;
        Some(&registered.key)
    }

    /// How far it has covered a metric, POSIX ms.
    #[must_use]
    pub fn covered_to_ms(&self, metric: Metric) -> i64 {
        self.covered.get(&metric).copied().unwrap_or(i64::MIN)
    }

    /// Highest contiguous durable number of a lane.
    #[must_use]
    pub fn up_to_seq(&self, outbox: OutboxId, lane: u8) -> u64 {
        let held = self.outboxes.iter().find(|(id, _)| *id == outbox);
        held.and_then(|(_, lanes)| lanes.get(usize::from(lane)))
            .copied()
            .unwrap_or(0)
    }
}

/// The state of one user. Made by its first input, so a state exists before the user does.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct User {
    /// Who.
    #[n(0)]
    pub id: UserId,
    /// When and on which day the user began; `None`: nobody made it yet.
    #[n(1)]
    pub created: Option<(i64, Day)>,
    /// The name that others see, where one was given.
    #[n(2)]
    pub alias: Option<String>,
    /// Zones in force; empty: UTC, until one is set.
    #[n(3)]
    pub zones: Vec<ZoneChange>,
    /// Counts the changes of the profile.
    #[n(4)]
    pub version: u64,
    /// Devices that are bound to the user.
    #[n(5)]
    pub devices: BTreeMap<DeviceId, Box<Device>>,
    /// Goals, deleted ones too.
    #[n(6)]
    pub goals: BTreeMap<GoalId, Box<Goal>>,
    /// Days that anything is known of.
    #[n(7)]
    pub days: BTreeMap<Day, Box<DayState>>,
    /// Challenges that the user has joined.
    #[n(8)]
    pub enrolments: BTreeMap<ChallengeId, Box<Enrolment>>,
    /// Balance of the available account, 10^-6 token.
    #[n(9)]
    pub available_micro: i64,
    /// Number of the newest fact.
    #[n(10)]
    pub last_seq: u64,
    /// The last soft-closed day.
    #[n(11)]
    pub soft_closed: Day,
    /// The last hard-closed day.
    #[n(12)]
    pub hard_closed: Day,
    /// Logical time of the newest boundary or stamp of the newest input, POSIX ms.
    #[n(13)]
    pub now_ms: i64,
    /// The newest input that was folded.
    #[n(14)]
    pub position: Position,
    /// Chunks by day, by number.
    #[n(15)]
    pub manifest: BTreeMap<Day, Vec<u64>>,
    /// Number of the next chunk.
    #[n(16)]
    pub next_chunk: u64,
    /// Deadline of the due row as it was last written, POSIX ms.
    #[n(17)]
    pub due_ms: Option<i64>,
    /// Inputs that were passed over lately.
    #[n(18)]
    #[cbor(default)]
    pub skips: Skips,
    /// Set while nothing is folded (ADR 0015).
    #[n(19)]
    #[cbor(default)]
    pub hold: Option<Hold>,
    /// When each run of a device's counter was read: what one day gets from it depends on its neighbours.
    #[n(35)]
    pub counter_runs: Runs,
    /// The user's own order of devices, by the day from which it holds.
    #[n(36)]
    #[cbor(default)]
    pub device_orders: BTreeMap<Day, Vec<DeviceId>>,
    /// Chunks of minutes by day, by number: of days that are cold.
    #[n(37)]
    #[cbor(default)]
    pub minutes: BTreeMap<Day, u64>,
    /// Where the facts of the last days begin.
    #[n(40)]
    #[cbor(default)]
    pub marks: Marks,
    /// Days without daily goals, past ones too.
    #[n(20)]
    pub rest_days: BTreeSet<Day>,
    /// What belongs to the streaks of goals, where anything does.
    #[n(25)]
    pub streaks: BTreeMap<GoalId, Box<Keeping>>,
    /// Pauses.
    #[n(26)]
    pub pauses: Pauses,
    /// Counts the changes of the pauses.
    #[n(27)]
    pub pause_version: u64,
    /// Verdicts.
    #[n(28)]
    pub verdicts: Verdicts,
    /// What is known of the accounts besides the available balance.
    #[n(29)]
    pub accounts: Accounts,
    /// Number of the newest change.
    #[n(45)]
    pub last_change: u64,
    /// Changes since the last snapshot.
    #[cbor(skip)]
    pub changes: Vec<Change>,
    /// Records since the last snapshot.
    #[cbor(skip)]
    pub tail: Tail,
    /// Facts since the last snapshot.
    #[cbor(skip)]
    pub facts: Vec<Arc<Fact>>,
    /// Transfers since the last snapshot.
    #[cbor(skip)]
    pub transfers: Vec<Transfer>,
    /// Challenges whose standing row is older than the score here.
    #[cbor(skip)]
    pub unwritten_standings: BTreeSet<ChallengeId>,
    /// Changes of the hour at which days begin, by rising day.
    #[n(30)]
    #[cbor(default)]
    pub day_starts: Vec<DayStart>,
    /// The first day of the week.
    #[n(31)]
    #[cbor(default)]
    pub week_starts: WeekStart,
    /// Boards show the user to others without its alias.
    #[n(46)]
    #[cbor(default)]
    pub hidden: bool,
    /// What the deployment says of the user.
    #[n(47)]
    #[cbor(default)]
    pub attributes: Attributes,
    /// Which minutes pay for which day.
    #[n(32)]
    #[cbor(default)]
    pub paying: Paying,
    /// Prizes that cannot be spent yet, by the challenge that paid them: those of the last [`limits::HELD_MS`].
    #[n(60)]
    #[cbor(default)]
    pub held_prizes: BTreeMap<ChallengeId, HeldPrize>,
    /// Challenges whose prizes were taken back, since the enrolment that says so is forgotten some day.
    #[n(65)]
    #[cbor(default)]
    pub voided: BTreeSet<ChallengeId>,
    /// Chunks that the manifest no longer names, until a snapshot drops them.
    #[cbor(skip)]
    pub dropped: Vec<(Day, u64)>,
    /// The zones, made into days.
    #[cbor(skip)]
    calendar: Option<Calendar>,
    /// What typed-in samples count for: one for a whole store, so no state holds it.
    #[cbor(skip)]
    manual_policy: ManualPolicy,
    /// How long the detail of a day is kept: like the policy.
    #[cbor(skip)]
    retention: Retention,
}

impl User {
    /// A user that nobody has made yet.
    #[must_use]
    pub fn new(id: UserId) -> Self {
        Self {
            id,
            created: None,
            alias: None,
            zones: Vec::new(),
            version: 0,
            devices: BTreeMap::new(),
            goals: BTreeMap::new(),
            days: BTreeMap::new(),
            enrolments: BTreeMap::new(),
            available_micro: 0,
            last_seq: 0,
            soft_closed: Day(i32::MAX),
            hard_closed: Day(i32::MAX),
            now_ms: i64::MIN,
            position: Position::default(),
            manifest: BTreeMap::new(),
            next_chunk: 0,
            due_ms: None,
            skips: Skips::default(),
            hold: None,
            counter_runs: BTreeMap::new(),
            device_orders: BTreeMap::new(),
            minutes: BTreeMap::new(),
            marks: Marks::default(),
            rest_days: BTreeSet::new(),
            streaks: BTreeMap::new(),
            pauses: Pauses::default(),
            pause_version: 0,
            verdicts: Verdicts::default(),
            accounts: Accounts::default(),
            last_change: 0,
            changes: Vec::new(),
            tail: Tail::default(),
            facts: Vec::new(),
            transfers: Vec::new(),
            unwritten_standings: BTreeSet::new(),
            day_starts: Vec::new(),
            week_starts: WeekStart::default(),
            hidden: false,
            attributes: Attributes::default(),
            paying: Paying::default(),
            held_prizes: BTreeMap::new(),
            voided: BTreeSet::new(),
            dropped: Vec::new(),
            calendar: None,
            manual_policy: ManualPolicy::default(),
            retention: Retention::default(),
        }
    }

    /// Makes the calendar from the zones and takes the policies over; needed once after a state was read back.
    pub fn resolve(&mut self, rules: &Rules) {
        (self.manual_policy, self.retention) = (rules.manual_policy, rules.retention);
        let utc = || Arc::new(Zone::utc());
        let zone = |change: &ZoneChange| rules.zones.zone(&change.zone).unwrap_or_else(utc);
        let mut calendar = Calendar::new(self.zones.first().map_or_else(utc, zone));
        for change in self.zones.iter().skip(1) {
            calendar.push(change.effective_ms, zone(change), change.received_ms);
        }
        for change in &self.day_starts {
            calendar.start_days(change.from, change.after_ms());
        }
        self.calendar = Some(calendar);
    }

    /// The user's days.
    ///
    /// # Panics
    /// Never after [`User::resolve`], which every way of making a state calls.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        match &self.calendar {
            Some(calendar) => calendar,
            None => panic!("a state is resolved before it is used"),
        }
    }

    /// The civil day of the newest stamp.
    #[must_use]
    pub fn day_of(&self, at_ms: i64) -> Day {
        self.calendar().day_of(at_ms)
    }

    /// Whether a day may only be read (domain.md 2.3).
    #[must_use]
    pub fn is_archived(&self, day: Day, at_ms: i64) -> bool {
        is_archived(self.calendar().end_ms(day), at_ms)
    }

    /// The zone in force.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.calendar().zone_now().name()
    }

    /// The user's own name on boards, or one derived from the id.
    #[must_use]
    pub fn own_alias(&self) -> String {
        self.alias
            .clone()
            .unwrap_or_else(|| crate::alias::derived(&self.id))
    }

    /// The name that others see: that, or nobody's where the user is hidden (domain.md 6.4).
    #[must_use]
    pub fn shown_alias(&self) -> String {
        if self.hidden {
            crate::alias::HIDDEN.into()
        } else {
            self.own_alias()
        }
    }

    fn device_of(&self, binding: u32) -> Option<(DeviceId, &Device)> {
        let mut devices = self.devices.iter();
        devices
            .find(|(_, held)| held.binding == binding)
            .map(|(id, held)| (*id, &**held))
    }
}

/// Whether a day that ended at `end_ms` may only be read.
fn is_archived(end_ms: i64, at_ms: i64) -> bool {
    end_ms.saturating_add(limits::ARCHIVE_AFTER_MS) <= at_ms
}
