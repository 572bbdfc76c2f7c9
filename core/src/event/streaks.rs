//! What instruments, milestones, pauses, verdicts and corrections of accounts tell (domain.md 4.2, 4.3, 8.3).

use alloc::string::String;
use minicbor::{Decode, Encode};

use crate::{civil::Day, id::GoalId, streak::Stage};

/// What instruments, milestones, pauses and verdicts do to streaks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum StreakFact {
    /// `milestone.reached`: once per milestone and run.
    #[n(0)]
    MilestoneReached {
        /// Of which goal's streak.
        #[n(0)]
        goal: GoalId,
        /// The length.
        #[n(1)]
        milestone: u32,
        /// First period of the run.
        #[n(2)]
        first: Day,
        /// The period that reached it.
        #[n(3)]
        day: Day,
        /// What it pays, 10^-6 token; 0: nothing.
        #[n(4)]
        amount_micro: i64,
    },
    /// `freeze.used`, `freeze.returned`, `freeze.earned`, `freeze.bought`.
    #[n(1)]
    Freeze {
        /// Of which goal's streak.
        #[n(0)]
        goal: GoalId,
        /// What happened to it.
        #[n(1)]
        change: FreezeChange,
        /// The period that it covers or covered, or that earned it, or the day of the purchase.
        #[n(2)]
        day: Day,
        /// How many are held now.
        #[n(3)]
        held: u32,
    },
    /// `pass.returned`: late data made the day met.
    #[n(6)]
    PassReturned {
        /// Of which goal's streak.
        #[n(0)]
        goal: GoalId,
        /// The day.
        #[n(1)]
        day: Day,
    },
    /// `pass.used`: a missed day passes.
    #[n(2)]
    PassUsed {
        /// Of which goal's streak.
        #[n(0)]
        goal: GoalId,
        /// The missed day.
        #[n(1)]
        day: Day,
    },
    /// `streak.repaired`.
    #[n(3)]
    Repaired {
        /// Of which goal.
        #[n(0)]
        goal: GoalId,
        /// The missed day.
        #[n(1)]
        day: Day,
        /// Whether it was paid for; else it was earned back.
        #[n(2)]
        paid: bool,
        /// Length now.
        #[n(3)]
        count: u32,
    },
    /// `pause.started`, `pause.ended`, `pause.cancelled`.
    #[n(4)]
    Pause {
        /// What happened to it.
        #[n(0)]
        change: PauseChange,
        /// Its first day.
        #[n(1)]
        from: Day,
        /// Its last day.
        #[n(2)]
        to: Day,
    },
    /// `verdict.given`, `verdict.appealed`, `verdict.final`, `verdict.acquitted`.
    #[n(5)]
    Verdict {
        /// Its number.
        #[n(0)]
        verdict: u32,
        /// How far it has come.
        #[n(1)]
        stage: Stage,
    },
}

/// What happens to a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum PauseChange {
    /// It was taken; it may begin later.
    #[n(0)]
    Started,
    /// It has ended, early or with its last day.
    #[n(1)]
    Ended,
    /// It was cancelled before it began.
    #[n(2)]
    Cancelled,
}

/// A transfer that is not to the available account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum AccountFact {
    /// `tokens.charged`: from the available account.
    #[n(0)]
    TokensCharged {
        /// The civil day that it is about.
        #[n(0)]
        day: Day,
        /// What for: `freeze`, `repair`, `clawback` or `repay`.
        #[n(1)]
        code: String,
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
    /// `debt.changed`: to or from the debt account.
    #[n(1)]
    DebtChanged {
        /// The civil day that it is about.
        #[n(0)]
        day: Day,
        /// How much more is owed, 10^-6 token; below 0: less.
        #[n(1)]
        change_micro: i64,
        /// What is owed after it.
        #[n(2)]
        debt_micro: i64,
        /// Id of the transfer.
        #[cbor(n(3), with = "minicbor::bytes")]
        transfer: [u8; 16],
    },
}

/// What happens to a freeze.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FreezeChange {
    /// Used for a missed period.
    #[n(0)]
    Used,
    /// Came back because late data made the period met.
    #[n(1)]
    Returned,
    /// Earned by met periods.
    #[n(2)]
    Earned,
    /// Bought for tokens.
    #[n(3)]
    Bought,
}
