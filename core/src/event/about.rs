//! What a fact is about: the goal and period, the day, the challenge. Explanations and causes go by it.

use super::{AccountFact, FactKind, StreakFact};
use crate::{
    civil::Day,
    id::{ChallengeId, GoalId},
};

impl FactKind {
    /// The goal that it is about, with the day that its period starts with.
    #[must_use]
    pub fn of_goal(&self) -> Option<(&GoalId, Day)> {
        match self {
            Self::GoalCompleted { goal, day, .. }
            | Self::GoalReopened { goal, day, .. }
            | Self::StreakExtended { goal, day, .. }
            | Self::StreakCorrected { goal, day, .. }
            | Self::StreakLost { goal, day, .. } => Some((goal, *day)),
            Self::Streak(fact) => fact.of_goal(),
            _ => None,
        }
    }

    /// The civil day that it is about.
    #[must_use]
    pub fn day(&self) -> Option<Day> {
        match self {
            Self::TokensPosted { day, .. }
            | Self::Account(
                AccountFact::TokensCharged { day, .. } | AccountFact::DebtChanged { day, .. },
            ) => Some(*day),
            Self::PrizeWon(prize) => Some(prize.day),
            other => other.of_goal().map(|(_, day)| day),
        }
    }

    /// The challenge that it is about.
    #[must_use]
    pub fn challenge(&self) -> Option<ChallengeId> {
        match self {
            Self::ChallengeWaitlisted(challenge)
            | Self::ChallengeNotAdmitted(challenge)
            | Self::ChallengeJoined(challenge)
            | Self::ChallengeStarted(challenge)
            | Self::ChallengeEnded(challenge)
            | Self::ChallengeSettled { challenge, .. }
            | Self::ChallengeExtended { challenge, .. }
            | Self::ChallengeStageReached { challenge, .. }
            | Self::ChallengeTierReached { challenge, .. }
            | Self::ChallengeVoided { challenge, .. }
            | Self::ChallengeCancelled { challenge, .. } => Some(*challenge),
            Self::PrizeWon(prize) => Some(prize.challenge),
            _ => None,
        }
    }
}

impl StreakFact {
    /// The goal that it is about, with the day that its period starts with; pauses and verdicts are about all goals.
    fn of_goal(&self) -> Option<(&GoalId, Day)> {
        match self {
            Self::MilestoneReached { goal, day, .. }
            | Self::Freeze { goal, day, .. }
            | Self::PassReturned { goal, day }
            | Self::PassUsed { goal, day }
            | Self::Repaired { goal, day, .. } => Some((goal, *day)),
            Self::Pause { .. } | Self::Verdict { .. } => None,
        }
    }
}
