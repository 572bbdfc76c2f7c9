//! Everything that can change a state: inputs, numbered because the journal keeps them, each under a header that says who,
//! when and where in the order (design.md 4).
//!
//! Timers, REST and peers make inputs like the stream does; there is no second door.

mod adjustment;
mod battery;
mod challenge;
mod conclusion;
mod ingest;

pub use adjustment::Adjustment;
pub use battery::BatteryReport;
pub use challenge::ChallengeInput;
pub use conclusion::{Conclusion, TeamPlace};
pub use ingest::Ingest;

use alloc::{collections::BTreeSet, string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    attest::KeyChange,
    attribute::Attributes,
    civil::Day,
    definition::Definition,
    goal::Revision,
    id::{ChallengeId, DeviceId, GoalId, PartitionId, Position, UserId},
    limits,
    period::{Period, WeekStart},
    poison::{Retry, Skip},
    record::Record,
    sample::DeviceClass,
    streak::{self, Stage},
};

/// Version of the rules that fold inputs today; journaled with each input, so that a rule change is seen in the data.
pub const RULES_VERSION: u16 = 1;

/// Through which door an input came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Source {
    /// A socket.
    #[n(0)]
    Stream,
    /// A REST request.
    #[n(1)]
    Rest,
    /// A deadline.
    #[n(2)]
    Timer,
    /// Another actor.
    #[n(3)]
    Peer,
}

/// Who asked for an input, and under which request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Origin {
    /// Through which door.
    #[n(0)]
    pub source: Source,
    /// `user:ann`, `admin:ann`, `admin-key` or `server`.
    #[n(1)]
    pub principal: String,
    /// Finds the log line; empty for the server's own inputs.
    #[n(2)]
    pub request_id: String,
}

impl Origin {
    /// The server itself.
    #[must_use]
    pub fn server(source: Source) -> Self {
        Self {
            source,
            principal: "server".into(),
            request_id: String::new(),
        }
    }
}

/// The header of an input.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Header {
    /// max(clock, last stamp of the partition), POSIX ms: never falls.
    #[n(0)]
    pub stamp_ms: i64,
    /// The partition that gave the position.
    #[n(1)]
    pub partition: PartitionId,
    /// Its place in the order.
    #[n(2)]
    pub position: Position,
    /// Who asked.
    #[n(3)]
    pub origin: Origin,
    /// Version of the rules that folded it first.
    #[n(4)]
    pub rules: u16,
}

/// A device as its hello describes it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeviceIntroduction {
    /// Which.
    #[n(0)]
    pub device: DeviceId,
    /// Its class.
    #[n(1)]
    pub class: DeviceClass,
    /// Free text.
    #[n(2)]
    pub vendor: Option<String>,
    /// Free text.
    #[n(3)]
    pub model: Option<String>,
}

/// A zone and from when on, as it was admitted (domain.md 2.2).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NewZone {
    /// IANA name.
    #[n(0)]
    pub zone: String,
    /// In force from then on, POSIX ms; of a new user's zone it is not asked, that holds from the beginning.
    #[n(1)]
    pub effective_ms: i64,
    /// Nobody travels that fast: a person should look at it.
    #[n(2)]
    pub flagged: bool,
}

/// What is new in a profile; absent parts stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct NewProfile {
    /// The zone.
    #[n(0)]
    pub zone: Option<NewZone>,
    /// The name that others see.
    #[n(1)]
    pub alias: Option<String>,
    /// How long after midnight days end, in minutes, from the next day on.
    #[n(2)]
    pub day_start_min: Option<u16>,
    /// The first day of the week.
    #[n(3)]
    pub week_starts: Option<WeekStart>,
    /// Devices that are believed before all others, the first one most; empty: their classes decide again.
    #[n(4)]
    pub device_order: Option<Vec<DeviceId>>,
    /// Whether boards show the user to others without its alias.
    #[n(5)]
    pub hidden: Option<bool>,
    /// Every attribute; those that are not in it are gone.
    #[n(6)]
    pub attributes: Option<Attributes>,
}

/// The admitted part of an import.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Import {
    /// Of which device.
    #[n(0)]
    pub device: DeviceId,
    /// What it is, where the user does not have it yet.
    #[n(1)]
    pub introduction: Option<DeviceIntroduction>,
    /// The admitted records.
    #[n(2)]
    pub records: Vec<Record>,
}

/// Inputs of a user. Numbers 20 to 39 are kept for decisions, outcomes, messages and attributes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum UserInput {
    /// A hello that makes the user, introduces a device, or brings another zone.
    #[n(1)]
    Open {
        /// The device, where it is new or described anew.
        #[n(0)]
        device: Option<DeviceIntroduction>,
        /// The zone, where it is another than the one in force.
        #[n(1)]
        zone: Option<NewZone>,
    },
    /// Samples.
    #[n(2)]
    Ingest(#[n(0)] Ingest),
    /// The profile.
    #[n(3)]
    Profile(#[n(0)] NewProfile),
    /// What a goal asks for, from a day on; the day was decided at admission.
    #[n(4)]
    PutGoal {
        /// Which.
        #[n(0)]
        goal: GoalId,
        /// How long one round of it lasts.
        #[n(1)]
        period: Period,
        /// Where its weeks start.
        #[n(2)]
        week_start: WeekStart,
        /// A raise that holds at once, and what holds after it; empty where only a day has a target of the user's own.
        #[n(3)]
        revisions: Vec<Revision>,
        /// Adaptive: the user's own target for one day, store units.
        #[n(4)]
        own: Option<(Day, i64)>,
        /// What its streak allows and pays from now on; `None`: as before.
        #[n(5)]
        streak: Option<streak::Definition>,
    },
    /// A goal ends with today.
    #[n(5)]
    DeleteGoal(#[n(0)] GoalId),
    /// A challenge has taken the user in.
    #[n(6)]
    Enrol {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// Which enrolment of this user in it, from 1.
        #[n(1)]
        join: u32,
        /// Stamp of the joining, POSIX ms.
        #[n(2)]
        joined_ms: i64,
        /// What the challenge is.
        #[n(3)]
        definition: Definition,
    },
    /// The user waits for a place in a challenge.
    #[n(12)]
    Await {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// Which enrolment of this user in it; it keeps its number when a place is free.
        #[n(1)]
        join: u32,
        /// Stamp of the asking, POSIX ms.
        #[n(2)]
        since_ms: i64,
        /// What the challenge is.
        #[n(3)]
        definition: Definition,
    },
    /// A challenge that the user is in ends later.
    #[n(13)]
    Extend {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// Which enrolment.
        #[n(1)]
        join: u32,
        /// The window's last date now.
        #[n(2)]
        ends: Day,
    },
    /// All members of a collective challenge have reached so many of its tiers together.
    #[n(14)]
    Reach {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// Which enrolment.
        #[n(1)]
        join: u32,
        /// How many tiers by now.
        #[n(2)]
        tiers: u32,
    },
    /// The user has left.
    #[n(7)]
    Withdraw {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// Which enrolment.
        #[n(1)]
        join: u32,
    },
    /// The challenge is over.
    #[n(8)]
    Conclude {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// Which enrolment.
        #[n(1)]
        join: u32,
        /// How.
        #[n(2)]
        conclusion: Conclusion,
    },
    /// Older history: it is kept and shown, and never scores.
    #[n(75)]
    Import(#[n(0)] Import),
    /// A device told of its battery.
    #[n(76)]
    Battery(#[n(0)] BatteryReport),
    /// A key of a device.
    #[n(77)]
    DeviceKey(#[n(0)] KeyChange),
    /// Nothing but the time: runs every boundary up to the stamp.
    #[n(9)]
    Tick,
    /// Passes over an input that cannot be folded; runs no boundary.
    #[n(10)]
    Skip(#[n(0)] Skip),
    /// Offers a stuck input again, or releases the user.
    #[n(11)]
    Retry(#[n(0)] Retry),
    /// A day without daily goals, chosen before it begins.
    #[n(50)]
    PutRestDay(#[n(0)] Day),
    /// It is a day like any other again.
    #[n(51)]
    DeleteRestDay(#[n(0)] Day),
    /// Buys a freeze for the streak of a goal.
    #[n(55)]
    BuyFreeze(#[n(0)] GoalId),
    /// Repairs a missed day of a streak.
    #[n(56)]
    Repair {
        /// Of which goal.
        #[n(0)]
        goal: GoalId,
        /// The missed day.
        #[n(1)]
        day: Day,
        /// Whether tokens pay for it; else both next days do.
        #[n(2)]
        paid: bool,
    },
    /// Stops every streak for some days.
    #[n(57)]
    Pause {
        /// First day.
        #[n(0)]
        from: Day,
        /// Last day.
        #[n(1)]
        to: Day,
    },
    /// Ends the pause with today, or cancels it before it has begun.
    #[n(58)]
    EndPause,
    /// Fraud is confirmed for some days.
    #[n(59)]
    Verdict(#[n(0)] BTreeSet<Day>),
    /// A verdict is appealed, final, or taken back.
    #[n(60)]
    Decide {
        /// Its number.
        #[n(0)]
        verdict: u32,
        /// What becomes of it.
        #[n(1)]
        stage: Stage,
    },
    /// The balance is set right by hand.
    #[n(61)]
    Adjust(#[n(0)] Adjustment),
}

impl UserInput {
    /// Whether each of its records is as short as one that is admitted: a longer one, folded, would fill memory with its minutes.
    #[must_use]
    pub(crate) fn is_bounded(&self) -> bool {
        let is_short = |record: &Record| record.span_ms() <= limits::SAMPLE_SPAN_MS_MAX;
        match self {
            Self::Ingest(batch) => batch.records.iter().all(|(_, record)| is_short(record)),
            Self::Import(brought) => brought.records.iter().all(is_short),
            _ => true,
        }
    }

    /// A goal's change, and what its streak allows from now on.
    #[must_use]
    pub fn with_streak(mut self, definition: Option<streak::Definition>) -> Self {
        if let Self::PutGoal { streak, .. } = &mut self {
            *streak = definition;
        }
        self
    }

    /// What kind of input, for operators.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Ingest(_) => "ingest",
            Self::Profile(_) => "profile",
            Self::PutGoal { .. } => "put_goal",
            Self::DeleteGoal(_) => "delete_goal",
            Self::Await { .. } => "await",
            Self::Extend { .. } => "extend",
            Self::Reach { .. } => "reach",
            Self::Enrol { .. } => "enrol",
            Self::Withdraw { .. } => "withdraw",
            Self::Conclude { .. } => "conclude",
            Self::Import(_) => "import",
            Self::Battery(_) => "battery",
            Self::DeviceKey(_) => "device_key",
            Self::Tick => "tick",
            Self::Skip(_) => "skip",
            Self::Retry(_) => "retry",
            Self::PutRestDay(_) => "put_rest_day",
            Self::DeleteRestDay(_) => "delete_rest_day",
            Self::BuyFreeze(_) => "buy_freeze",
            Self::Repair { .. } => "repair",
            Self::Pause { .. } => "pause",
            Self::EndPause => "end_pause",
            Self::Verdict(_) => "verdict",
            Self::Decide { .. } => "decide",
            Self::Adjust(_) => "adjust",
        }
    }
}

/// Inputs of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PartitionInput {
    /// All inputs before this one have earlier stamps than those that a settlement at the cut-off leaves out.
    #[n(1)]
    Barrier {
        /// Cut-off, POSIX ms.
        #[n(0)]
        cutoff_ms: i64,
    },
}

/// One journal entry's content.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Input {
    /// For a user.
    #[n(1)]
    User(#[n(0)] UserId, #[n(1)] UserInput),
    /// For a challenge.
    #[n(2)]
    Challenge(#[n(0)] ChallengeId, #[n(1)] ChallengeInput),
    /// For the partition itself.
    #[n(3)]
    Partition(#[n(0)] PartitionInput),
}

impl Input {
    /// The user that an input is about: it is sealed with that user's key, and goes with it.
    #[must_use]
    pub fn subject(&self) -> Option<UserId> {
        match self {
            Self::User(user, _) => Some(user.clone()),
            Self::Challenge(_, input) => input.subject(),
            Self::Partition(_) => None,
        }
    }
}
