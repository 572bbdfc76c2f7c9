//! What can be asked of a state: plain values that the shell turns into answers (`protocol`), never the state itself.

mod board;

use alloc::{string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    attest::{KeyId, PublicKey, Registration},
    attribute::Attributes,
    civil::{Day, Local},
    day::Amount,
    definition::Definition,
    goal::{IssuedTarget, Terms},
    id::{ChallengeId, DeviceId, GoalId, OutboxId, UserId},
    merge::{Night, Summary, Workout},
    metric::Metric,
    period::{Period, WeekStart},
    sample::DeviceClass,
    small_map::SmallMap,
    streak,
    user::{
        ZoneChange,
        seen::{Battery, Seen},
    },
};

pub use board::{BoardView, LiveView, RankState, RankView, RowView};

/// Phase of a civil day (domain.md 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are protocol.md 7's")]
pub enum DayPhase {
    Open,
    SoftClosed,
    HardClosed,
    Archived,
}

/// Status of a period for one goal (domain.md 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayStatus {
    /// Progress reached the target.
    Met,
    /// Closed without reaching it, or confirmed fraud.
    Missed,
    /// A rest day of the user's choice.
    Rest,
    /// All its days lie in a pause.
    Paused,
    /// Missed, and covered by a freeze.
    Frozen,
    /// Missed, and covered by a pass.
    Pass,
    /// Missed, and repaired.
    Repaired,
    /// A date that the user's calendar jumped over, or a day that a change of zone shortened.
    Void,
    /// Not closed and not met.
    Pending,
}

/// What a goal's target and progress are numbers of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Counted {
    /// An amount of a metric, store units.
    #[n(0)]
    Amount(#[n(0)] Metric),
    /// Days that met a target.
    #[n(1)]
    Days,
    /// Parts of a composite goal.
    #[n(2)]
    Parts,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    /// Who.
    pub user: UserId,
    /// Zone in force.
    pub zone: String,
    /// Whether anyone has set it; else it is UTC.
    pub zone_set: bool,
    /// Every zone with its instant, the first from the beginning of time.
    pub zones: Vec<ZoneChange>,
    /// How long after midnight days end from the newest change on, in minutes, and the first day that does.
    pub day_start: (u16, Option<Day>),
    /// The first day of the week.
    pub week_starts: WeekStart,
    /// Devices that are believed before all others, in the user's own order.
    pub device_order: Vec<DeviceId>,
    /// The name that others see, unless it is hidden.
    pub alias: String,
    /// Boards show the user to others without it.
    pub hidden: bool,
    /// What the deployment says of the user.
    pub attributes: Attributes,
    /// Stamp of the input that made the user, POSIX ms.
    pub created_ms: i64,
    /// Counts the changes of this resource (ETag).
    pub version: u64,
}

/// A goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalView {
    /// Which.
    pub goal: GoalId,
    /// How long one round of it lasts.
    pub period: Period,
    /// Where its weeks start.
    pub week_start: WeekStart,
    /// What the newest revision asks for.
    pub terms: Terms,
    /// First day of the newest revision.
    pub from: Day,
    /// Last day, once deleted.
    pub until: Option<Day>,
    /// The user's today.
    pub today: Day,
    /// Where it stands in the period that is running.
    pub now: Option<GoalProgress>,
    /// Adaptive: today's target with what it was made of.
    pub issued: Option<IssuedTarget>,
    /// What its streak allows.
    pub streak: streak::Definition,
    /// Counts the changes of this resource (ETag).
    pub version: u64,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Which.
    pub device: DeviceId,
    /// Its class.
    pub class: DeviceClass,
    /// When it was bound, POSIX ms.
    pub bound_ms: i64,
    /// End of its latest accepted sample, POSIX ms.
    pub last_sample_ms: Option<i64>,
    /// What it has sent of each metric.
    pub metrics: Vec<(Metric, Seen)>,
    /// What it said of its battery.
    pub battery: Option<Battery>,
    /// Its key, where one is registered.
    pub key: Option<KeyView>,
    /// Clock of the answer, POSIX ms.
    pub as_of_ms: i64,
    /// Counts the changes of its topic.
    pub version: u64,
    /// Where each outbox goes on: highest contiguous durable number, live and backfill; the one used last comes last.
    pub resume_after: Vec<(OutboxId, [u64; 2])>,
}

/// A key that is registered for a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// What it is called.
    pub id: KeyId,
    /// The key.
    pub key: PublicKey,
    /// When it was registered, POSIX ms.
    pub since_ms: i64,
    /// Counts the changes of this resource (ETag).
    pub version: u64,
}

impl KeyView {
    /// `None`: the key was taken away.
    #[must_use]
    pub fn of(held: &Registration) -> Option<Self> {
        let registered = held.registered.as_ref()?;
        Some(Self {
            id: registered.key.id(),
            key: registered.key.clone(),
            since_ms: registered.since_ms,
            version: held.version,
        })
    }
}

/// Progress of one part of a composite goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartProgress {
    /// What it counts.
    pub metric: Metric,
    /// Target, store units.
    pub target: i64,
    /// Eligible amount of the period.
    pub progress: i64,
}

/// Progress of one goal in the period that a day lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalProgress {
    /// Which.
    pub goal: GoalId,
    /// How long the period lasts.
    pub period: Period,
    /// The day that it starts with.
    pub first: Day,
    /// What target and progress are numbers of.
    pub counted: Counted,
    /// Target of the period.
    pub target: i64,
    /// What has been reached of it.
    pub progress: i64,
    /// Of a composite goal: each part.
    pub parts: Vec<PartProgress>,
    /// Where it stands.
    pub status: DayStatus,
    /// Start of the minute in which the running sum reached the target: POSIX ms, and on the wall.
    pub met_at: Option<(i64, Local)>,
}

/// A civil day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayView {
    /// Which.
    pub day: Day,
    /// Its first instant, POSIX ms.
    pub start_ms: i64,
    /// The first instant after it, POSIX ms.
    pub end_ms: i64,
    /// Zone in force at its start.
    pub zone: String,
    /// Where it stands.
    pub phase: DayPhase,
    /// Total of all methods, unclamped.
    pub display: i64,
    /// Total that challenges and tokens read, and goals and streaks with it where nothing else is said.
    pub eligible: i64,
    /// Eligible, as frozen at hard close.
    pub scored: i64,
    /// By metric whose amounts add up, steps too.
    pub amounts: SmallMap<Metric, Amount>,
    /// What goals and streaks read of a metric, where it is not the eligible amount, store units.
    pub for_goals: SmallMap<Metric, i64>,
    /// By gauge.
    pub gauges: SmallMap<Metric, Summary>,
    /// The sleep that ends in it.
    pub night: Option<Night>,
    /// Workouts that end in it, by start.
    pub workouts: Vec<Workout>,
    /// Accepted winning records that start in it, zeros included.
    pub records: u32,
    /// Goals in force on it, by id.
    pub goals: Vec<GoalProgress>,
    /// Tokens shown but not yet booked, 10^-6.
    pub pending_micro: i64,
    /// Tokens booked for it, 10^-6.
    pub posted_micro: i64,
    /// SHA-256 over its cells and the identities of its accepted records.
    pub state_hash: [u8; 32],
    /// Counts the changes of this day.
    pub version: u64,
}

/// The newest value of `me/day/...` (protocol.md 4): what moves while a day is lived, without its hash, which costs more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayTopic {
    /// Which.
    pub day: Day,
    /// Where it stands.
    pub phase: DayPhase,
    /// Total of all methods, unclamped.
    pub display: i64,
    /// Total that challenges and tokens read, and goals and streaks with it where nothing else is said.
    pub eligible: i64,
    /// By metric whose amounts add up, steps too.
    pub amounts: SmallMap<Metric, Amount>,
    /// What goals and streaks read of a metric, where it is not the eligible amount, store units.
    pub for_goals: SmallMap<Metric, i64>,
    /// By gauge.
    pub gauges: SmallMap<Metric, Summary>,
    /// The sleep that ends in it.
    pub night: Option<Night>,
    /// Workouts that end in it, by start.
    pub workouts: Vec<Workout>,
    /// Goals in force on it, by id.
    pub goals: Vec<GoalProgress>,
    /// Tokens shown but not yet booked, 10^-6.
    pub pending_micro: i64,
    /// Counts the changes of this day.
    pub version: u64,
}

/// A streak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreakView {
    /// Of which goal.
    pub goal: GoalId,
    /// The day that it is told for.
    pub as_of: Day,
    /// Length over closed days.
    pub count: u32,
    /// Length with the unclosed met days.
    pub with_today: u32,
    /// First day of the current run.
    pub start: Option<Day>,
    /// Longest ever, the earliest of equals: length, first, last day.
    pub longest: (u32, Option<(Day, Day)>),
    /// Whether a day that is soft but not hard closed and missed may still change it.
    pub provisional: bool,
    /// The 30 days ending at `as_of`, oldest first.
    pub statuses: Vec<(Day, DayStatus)>,
    /// What it allows.
    pub definition: streak::Definition,
    /// What is held now.
    pub inventory: InventoryView,
    /// Counts the changes of this streak.
    pub version: u64,
}

/// What a streak has in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InventoryView {
    /// Freezes that are held.
    pub freezes: u32,
    /// Met periods until the next one is earned; `None`: none is.
    pub next_freeze_in: Option<u32>,
    /// Passes that a day from now on could take.
    pub passes: u32,
    /// Whether a missed day could be repaired, as far as earlier repairs go.
    pub repairs: u32,
}

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseView {
    /// Its first day.
    pub from: Day,
    /// Its last day.
    pub to: Day,
    /// Whether it has begun.
    pub running: bool,
    /// Counts the changes of the user's pauses (ETag).
    pub version: u64,
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictView {
    /// Its number.
    pub verdict: u32,
    /// The days that are missed by it.
    pub days: Vec<Day>,
    /// The civil day on which it was given.
    pub given: Day,
    /// How far it has come.
    pub stage: streak::Stage,
}

/// Balances of a user, 10^-6 token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BalanceView {
    /// Can be spent.
    pub available_micro: i64,
    /// Prizes that cannot be spent yet.
    pub held_micro: i64,
    /// Owed after a claw-back.
    pub debt_micro: i64,
    /// Shown, not yet booked.
    pub pending_micro: i64,
}

/// Phase of a challenge (protocol.md 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are protocol.md 7's")]
pub enum ChallengePhase {
    Draft,
    Published,
    Open,
    Finalising,
    Settled,
    Cancelled,
    Voided,
}

/// Where an enrolment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The user is in.
    Joined,
    /// It waits for a place.
    Waiting {
        /// How many are in front, and itself: 1 is next.
        place: u32,
    },
    /// It waited, and no place became free.
    NotAdmitted,
    /// It has left.
    Left,
}

/// An enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentView {
    /// In which challenge.
    pub challenge: ChallengeId,
    /// Whose.
    pub user: UserId,
    /// Where it stands.
    pub membership: Membership,
    /// Stamp of the joining, or of the asking while the user waits, POSIX ms.
    pub joined_ms: i64,
    /// First minute that counts, POSIX ms.
    pub counts_from_ms: i64,
    /// Key of the team that the user is or was in, or has asked for, where there are teams.
    pub team: Option<String>,
}

/// A challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChallengeView {
    /// Which.
    pub challenge: ChallengeId,
    /// Where it stands.
    pub phase: ChallengePhase,
    /// What it is.
    pub definition: Definition,
    /// When it was made, POSIX ms.
    pub created_ms: i64,
    /// The window's first local start anywhere, once it has passed, POSIX ms.
    pub started_ms: Option<i64>,
    /// The window's last local end anywhere, POSIX ms.
    pub ends_at_ms: i64,
    /// The cut-off of the settlement, POSIX ms.
    pub settles_at_ms: i64,
    /// When each tier of a collective challenge was reached, as far as they are, POSIX ms.
    pub reached_ms: Vec<i64>,
    /// Counts the changes of this resource (ETag).
    pub version: u64,
}

/// A cycle of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleView {
    /// From 1.
    pub number: u32,
    /// The challenge that it is; of one that was missed there is none.
    pub challenge: ChallengeId,
    /// First and last date.
    pub window: (Day, Day),
    /// Why it was not made, in words.
    pub missed: Option<String>,
}

/// What a client is told that knows nothing yet (protocol.md 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotView {
    /// The user's today.
    pub day: DayView,
    /// Every streak.
    pub streaks: Vec<StreakView>,
    /// Balances.
    pub balance: BalanceView,
    /// Challenges that the user is in, or was in when they settled.
    pub challenges: Vec<ChallengeId>,
}

/// Sums over all accounts of the ledger, 10^-6 token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerSummary {
    /// Accounts that a transfer has touched.
    pub accounts: u64,
    /// Transfers.
    pub transfers: u64,
    /// Sum of all balances: 0.
    pub sum_micro: i64,
    /// Sum of the treasury accounts.
    pub treasury_micro: i64,
    /// Sum of the users' available accounts.
    pub available_micro: i64,
    /// Sum of the users' debt accounts.
    pub debt_micro: i64,
    /// Sum of the revenue accounts.
    pub revenue_micro: i64,
    /// Sum of the users' held accounts.
    pub held_micro: i64,
    /// Sum of the partitions' parts of campaigns.
    pub campaigns_micro: i64,
}
