//! Events of instruments, milestones, pauses, verdicts and of what they charge.

use serde::Serialize;
use streakline_core::{
    civil::Day,
    event::{AccountFact, FreezeChange, PauseChange, StreakFact},
    id::GoalId,
    streak::Stage,
};
use utoipa::ToSchema;

use super::{event::What, hex};

/// What an event says of a freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfFreeze {
    /// The period that it covers or covered, or that earned it, or the day of the purchase.
    pub day: String,
    /// Of which goal's streak.
    pub goal: String,
    /// How many are held now.
    pub held: u32,
}

/// What an event says of a pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfPause {
    /// Its first day.
    pub from: String,
    /// Its last day.
    pub to: String,
}

/// What an event says of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfVerdict {
    /// Its number.
    pub verdict: u32,
}

/// What a fact of streaks says.
pub(super) fn of_streak(fact: &StreakFact) -> What {
    match fact {
        StreakFact::MilestoneReached {
            goal,
            milestone,
            first,
            day,
            amount_micro,
        } => What::MilestoneReached {
            day: day.iso(),
            goal: goal.to_string(),
            milestone: *milestone,
            first: first.iso(),
            amount_micro: *amount_micro,
        },
        StreakFact::Freeze {
            goal,
            change,
            day,
            held,
        } => freeze(*change, (goal, *day, *held)),
        StreakFact::PassUsed { goal, day } => What::PassUsed {
            day: day.iso(),
            goal: goal.to_string(),
        },
        StreakFact::PassReturned { goal, day } => What::PassReturned {
            day: day.iso(),
            goal: goal.to_string(),
        },
        StreakFact::Repaired {
            goal,
            day,
            paid,
            count,
        } => What::StreakRepaired {
            day: day.iso(),
            goal: goal.to_string(),
            paid: *paid,
            count: *count,
        },
        StreakFact::Pause { change, from, to } => pause(*change, (*from, *to)),
        StreakFact::Verdict { verdict, stage } => verdict_of(*verdict, *stage),
    }
}

/// What a fact of accounts says.
pub(super) fn of_account(fact: &AccountFact) -> What {
    match fact {
        AccountFact::TokensCharged {
            day,
            code,
            amount_micro,
            available_micro,
            transfer,
        } => What::TokensCharged {
            day: day.iso(),
            code: code.clone(),
            amount_micro: *amount_micro,
            available_micro: *available_micro,
            transfer: hex(transfer),
        },
        AccountFact::DebtChanged {
            day,
            change_micro,
            debt_micro,
            transfer,
        } => What::DebtChanged {
            day: day.iso(),
            change_micro: *change_micro,
            debt_micro: *debt_micro,
            transfer: hex(transfer),
        },
    }
}

fn freeze(change: FreezeChange, (goal, day, held): (&GoalId, Day, u32)) -> What {
    let of = OfFreeze {
        day: day.iso(),
        goal: goal.to_string(),
        held,
    };
    match change {
        FreezeChange::Used => What::FreezeUsed(of),
        FreezeChange::Returned => What::FreezeReturned(of),
        FreezeChange::Earned => What::FreezeEarned(of),
        FreezeChange::Bought => What::FreezeBought(of),
    }
}

fn pause(change: PauseChange, (from, to): (Day, Day)) -> What {
    let of = OfPause {
        from: from.iso(),
        to: to.iso(),
    };
    match change {
        PauseChange::Started => What::PauseStarted(of),
        PauseChange::Ended => What::PauseEnded(of),
        PauseChange::Cancelled => What::PauseCancelled(of),
    }
}

fn verdict_of(verdict: u32, stage: Stage) -> What {
    let of = OfVerdict { verdict };
    match stage {
        Stage::Open(_) => What::VerdictGiven(of),
        Stage::Appealed => What::VerdictAppealed(of),
        Stage::Final => What::VerdictFinal(of),
        Stage::Acquitted => What::VerdictAcquitted(of),
    }
}
