//! What happened: the results of a fold. Events are facts in the past tense; nothing here is a wire type.
//!
//! A [`Fact`] is numbered and kept for the user's life. Everything else tells the shell what to do next: book a transfer,
//! send a contribution on, answer a batch, push the newest value of a topic.

mod about;
mod streaks;

use alloc::{string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    civil::{Day, Local},
    definition::Measure,
    id::{ChallengeId, DeviceId, GoalId, PartitionId, Position, UserId},
    input::{Origin, TeamPlace},
    sample::RecordRefusal,
    view::Counted,
};

pub use streaks::{AccountFact, FreezeChange, PauseChange, StreakFact};

/// Identity of an event: where its cause stands in the journal, and which of that input's events it is (design.md 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct EventId {
    /// Partition of the input.
    #[n(0)]
    pub partition: PartitionId,
    /// Place of the input.
    #[n(1)]
    pub position: Position,
    /// Number within the input's events, from 0; [`EventId::INPUT`]: the input itself.
    #[n(2)]
    pub sub: u32,
}

impl EventId {
    /// Names the input, not one of its events.
    pub const INPUT: u32 = u32::MAX;
}

/// A fact of a user's history: numbered densely from 1, in order, never edited (protocol.md 4).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Fact {
    /// Dense number per user, from 1.
    #[n(0)]
    pub seq: u64,
    /// Stamp of the input or logical time of the boundary that made it, POSIX ms.
    #[n(1)]
    pub at_ms: i64,
    /// Its identity; the position is that of its cause.
    #[n(2)]
    pub id: EventId,
    /// What it says.
    #[n(3)]
    pub kind: FactKind,
    /// Who asked for the input that made it; the server, where a boundary did.
    #[n(4)]
    pub by: Origin,
    /// Version of the rules that made it.
    #[n(5)]
    pub rules: u16,
    /// The facts and inputs that caused it besides its own, 4 at most (design.md 4).
    #[n(6)]
    pub causes: Vec<EventId>,
    /// The device whose samples made it, where samples did.
    #[n(7)]
    pub device: Option<DeviceId>,
}

/// The kinds of facts, numbered, because they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FactKind {
    /// `goal.completed`: once per goal and period.
    #[n(1)]
    GoalCompleted {
        /// Which goal.
        #[n(0)]
        goal: GoalId,
        /// The civil day that the period starts with.
        #[n(1)]
        day: Day,
        /// Target of that period, in store units.
        #[n(2)]
        target: i64,
        /// Wall-clock minute in which the running sum reached the target, as known then.
        #[n(3)]
        met_at_local: Local,
        /// What the target counts.
        #[n(4)]
        counted: Counted,
    },
    /// `goal.reopened`: a correction made a met period unmet.
    #[n(2)]
    GoalReopened {
        /// Which goal.
        #[n(0)]
        goal: GoalId,
        /// The civil day that the period starts with.
        #[n(1)]
        day: Day,
        /// Target of that period.
        #[n(2)]
        target: i64,
        /// What the target counts.
        #[n(3)]
        counted: Counted,
    },
    /// `streak.extended`: once per met day.
    #[n(3)]
    StreakExtended {
        /// Which goal.
        #[n(0)]
        goal: GoalId,
        /// The day that extended it.
        #[n(1)]
        day: Day,
        /// Length of the run up to that day.
        #[n(2)]
        count: u32,
        /// Longest ever.
        #[n(3)]
        longest: u32,
    },
    /// `streak.corrected`: what was told before has changed.
    #[n(4)]
    StreakCorrected {
        /// Which goal.
        #[n(0)]
        goal: GoalId,
        /// The day whose status changed.
        #[n(1)]
        day: Day,
        /// Length now.
        #[n(2)]
        count: u32,
        /// Longest now.
        #[n(3)]
        longest: u32,
    },
    /// `streak.lost`: at the hard close of a missed day.
    #[n(5)]
    StreakLost {
        /// Which goal.
        #[n(0)]
        goal: GoalId,
        /// The missed day.
        #[n(1)]
        day: Day,
        /// Length before it.
        #[n(2)]
        count: u32,
        /// Longest ever.
        #[n(3)]
        longest: u32,
    },
    /// `tokens.posted`: a transfer to the available account.
    #[n(6)]
    TokensPosted {
        /// The civil day that earned them.
        #[n(0)]
        day: Day,
        /// Rule with its version, such as `steps@1`.
        #[n(1)]
        rule: String,
        /// Amount, 10^-6 token.
        #[n(2)]
        amount_micro: i64,
        /// Available balance after it.
        #[n(3)]
        available_micro: i64,
        /// Id of the transfer.
        #[cbor(n(4), with = "minicbor::bytes")]
        transfer: [u8; 16],
    },
    /// `challenge.joined`.
    #[n(7)]
    ChallengeJoined(#[n(0)] ChallengeId),
    /// `challenge.started`: at the window's first local start anywhere.
    #[n(8)]
    ChallengeStarted(#[n(0)] ChallengeId),
    /// `challenge.ended`.
    #[n(9)]
    ChallengeEnded(#[n(0)] ChallengeId),
    /// `challenge.settled`.
    #[n(10)]
    ChallengeSettled {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// Competition rank.
        #[n(1)]
        rank: u32,
        /// Final score.
        #[n(2)]
        score: i64,
        /// How many took part.
        #[n(3)]
        participants: u32,
        /// When the user reached what it had to, of a type that asks for an amount, POSIX ms.
        #[n(4)]
        #[cbor(default)]
        finished_at_ms: Option<i64>,
        /// How the user's team ended, where there are teams.
        #[n(6)]
        team: Option<TeamPlace>,
        /// What the score is a number of.
        #[n(7)]
        #[cbor(default)]
        measure: Measure,
    },
    /// `challenge.cancelled`.
    #[n(11)]
    ChallengeCancelled {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// The admin's words.
        #[n(1)]
        reason: String,
    },
    /// `challenge.voided`: its settlement was annulled.
    #[n(21)]
    ChallengeVoided {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// The admin's words.
        #[n(1)]
        reason: String,
    },
    /// `challenge.waitlisted`: the user waits for a place.
    #[n(12)]
    ChallengeWaitlisted(#[n(0)] ChallengeId),
    /// `challenge.not_admitted`: it waited, and none became free.
    #[n(13)]
    ChallengeNotAdmitted(#[n(0)] ChallengeId),
    /// `challenge.extended`: it ends later.
    #[n(14)]
    ChallengeExtended {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// The window's last date now.
        #[n(1)]
        ends: Day,
    },
    /// `challenge.stage`: the user has reached a stage of a journey; once each.
    #[n(18)]
    ChallengeStageReached {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// Which stage, from 1.
        #[n(1)]
        stage: u32,
    },
    /// `challenge.tier`: all members together have reached a tier; once each.
    #[n(19)]
    ChallengeTierReached {
        /// Which challenge.
        #[n(0)]
        challenge: ChallengeId,
        /// Which tier, from 1.
        #[n(1)]
        tier: u32,
    },
    /// `prize.won`: a settled challenge has paid.
    #[n(20)]
    PrizeWon(#[n(0)] WonPrize),
    /// What instruments, milestones, pauses and verdicts do.
    #[n(16)]
    Streak(#[n(0)] StreakFact),
    /// A transfer that is not to the available account.
    #[n(17)]
    Account(#[n(0)] AccountFact),
}

/// A prize that was paid.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WonPrize {
    /// Which challenge pays.
    #[n(0)]
    pub challenge: ChallengeId,
    /// Which of its rewards, from 0.
    #[n(1)]
    pub reward: u32,
    /// The civil day on which it was paid.
    #[n(2)]
    pub day: Day,
    /// Amount, 10^-6 token.
    #[n(3)]
    pub amount_micro: i64,
    /// When it can be spent, POSIX ms; `None`: at once.
    #[n(4)]
    pub held_until_ms: Option<i64>,
    /// Available balance after it, 10^-6 token.
    #[n(5)]
    pub available_micro: i64,
    /// Id of the transfer.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub transfer: [u8; 16],
}

/// One transfer of the ledger: append-only, both sides owned by one partition (domain.md 8.1).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Transfer {
    /// First 16 bytes of SHA-256 over the canonical key.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: [u8; 16],
    /// Account that pays, such as `treasury/412`.
    #[n(1)]
    pub debit: String,
    /// Account that receives, such as `user:ann:available`.
    #[n(2)]
    pub credit: String,
    /// Amount, 10^-6 token, above 0.
    #[n(3)]
    pub amount_micro: i64,
    /// What it is for, such as `steps`.
    #[n(4)]
    pub code: String,
    /// Rule with its version, such as `steps@1`.
    #[n(5)]
    pub rule: String,
    /// The user whom it is about.
    #[n(6)]
    pub subject: UserId,
    /// The civil day that it pays for.
    #[n(7)]
    pub day: Day,
    /// What makes its key unique: the total posted for (code, user, day) after it, the milestone, the number of the purchase.
    #[n(8)]
    pub cumulative_micro: i64,
    /// SHA-256 of the day state that it rests on.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub evidence: [u8; 32],
    /// Number of the fact that told of it.
    #[n(10)]
    pub event_seq: u64,
    /// Logical time, POSIX ms.
    #[n(11)]
    pub created_ms: i64,
    /// The goal whose streak it is about, where it is about one.
    #[n(12)]
    pub goal: Option<GoalId>,
    /// Accounts of the user that no transfer has touched before.
    #[n(13)]
    pub opens: u8,
    /// The challenge that it is about, where it is about one.
    #[n(14)]
    pub challenge: Option<ChallengeId>,
}

/// "The score of U in C is now S, achieved at A, version V": the last version wins (design.md 4).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Contribution {
    /// To which challenge.
    #[n(0)]
    pub challenge: ChallengeId,
    /// Whose.
    #[n(1)]
    pub user: UserId,
    /// Which enrolment of that user; one that left and came back has a new number.
    #[n(2)]
    pub join: u32,
    /// Place of the input that changed it, in the user's partition.
    #[n(3)]
    pub version: Position,
    /// Score, store units.
    #[n(4)]
    pub score: i64,
    /// Event-time minute in which the score reached its value, POSIX ms.
    #[n(5)]
    pub achieved_at_ms: i64,
    /// The name that others see.
    #[n(6)]
    pub alias: String,
    /// Where the challenge has rounds: what each day of the window came to, from the first on, store units; those behind them nothing.
    #[n(9)]
    #[cbor(default)]
    pub days: Vec<i64>,
    /// What the attributes say by which the challenge has segments, in its order; an empty text where one is not set.
    #[n(7)]
    #[cbor(default)]
    pub segments: Vec<String>,
    /// Of one who waits for a place: its attributes do not let it take part any more.
    #[n(8)]
    #[cbor(default)]
    pub is_ineligible: bool,
}

/// How one record of a batch was taken, where it was not plainly accepted (protocol.md 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Known, with the same content.
    Duplicate,
    /// The same id and version won with other content, or a higher version did.
    StaleVersion,
    /// Accepted; it alone exceeds the cap of a minute.
    Clamped,
    /// Kept, shown, but not eligible: the session's clock is off.
    Quarantined,
    /// The same: the signature that the device's key asks for is missing or wrong (ADR 0077).
    Unsigned,
    /// Kept aside: the user is on hold (ADR 0015); it counts once an operator releases the user.
    Kept,
    /// Refused.
    Rejected(RecordRefusal),
}

/// Answer to one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchOutcome {
    /// Highest contiguous durable number of the lane.
    pub up_to_seq: u64,
    /// Records that are not plainly accepted, by number, rising.
    pub results: Vec<(u64, Judgement)>,
}

/// A topic whose newest value clients want.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// `me/day/2016-04-13`.
    Day(Day),
    /// `me/streak/steps-7500`.
    Streak(GoalId),
    /// `me/rank/0196...`.
    Rank(ChallengeId),
    /// `me/device/5f2c...`.
    Device(DeviceId),
}

/// Everything that a fold of a user can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A numbered fact.
    Fact(Fact),
    /// A transfer to book.
    Transfer(Transfer),
    /// A score to send on.
    Contribution(Contribution),
    /// The answer to the batch that was folded.
    Judged(BatchOutcome),
    /// A topic has a new value.
    Changed(Topic),
}
