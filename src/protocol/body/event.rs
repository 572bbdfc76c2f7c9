//! An event: one fact of a user's history, the same JSON on the stream and in REST lists (protocol.md 4).

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    civil::{Day, Local},
    event::{Fact, FactKind},
    id::{ChallengeId, GoalId},
    view::Counted,
};
use utoipa::ToSchema;

use super::{
    hex,
    instruments::{self, OfFreeze, OfPause, OfVerdict},
    quantity::{counted, counts},
    settled::{settled, won},
};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Event {
    /// Always `event`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "event")]
    pub frame: &'static str,
    /// Dense number per user, from 1.
    pub seq: u64,
    /// Stamp of the input or boundary that made it, POSIX ms.
    pub at_ms: i64,
    /// What it says.
    #[serde(flatten)]
    pub what: What,
}

/// Kinds of events with what each says; more kinds may come, skip the unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind")]
pub enum What {
    /// A goal was met, once per goal and period.
    #[serde(rename = "goal.completed")]
    GoalCompleted {
        /// What was met.
        #[serde(flatten)]
        change: GoalChange,
        /// Wall-clock minute in which the target was reached, as known then.
        met_at_local: String,
    },
    /// A correction made a met period unmet.
    #[serde(rename = "goal.reopened")]
    GoalReopened(GoalChange),
    /// A met day was added to a streak.
    #[serde(rename = "streak.extended")]
    StreakExtended(StreakChange),
    /// What was told of a streak before has changed.
    #[serde(rename = "streak.corrected")]
    StreakCorrected(StreakChange),
    /// A day was missed for good; `count` is the length before it.
    #[serde(rename = "streak.lost")]
    StreakLost(StreakChange),
    /// Tokens were booked.
    #[serde(rename = "tokens.posted")]
    TokensPosted {
        /// The civil day that earned them.
        day: String,
        /// Rule with its version.
        rule: String,
        /// Amount, 10^-6 token.
        amount_micro: i64,
        /// Available balance after it, 10^-6 token.
        available_micro: i64,
        /// Id of the transfer.
        transfer: String,
    },
    /// A run has become as long as a milestone, once per milestone and run.
    #[serde(rename = "milestone.reached")]
    MilestoneReached {
        /// The period that reached it.
        day: String,
        /// Of which goal's streak.
        goal: String,
        /// The length.
        milestone: u32,
        /// First period of the run.
        first: String,
        /// What it pays, 10^-6 token; 0: nothing.
        amount_micro: i64,
    },
    /// A freeze covers a missed period.
    #[serde(rename = "freeze.used")]
    FreezeUsed(OfFreeze),
    /// Late data made the period met.
    #[serde(rename = "freeze.returned")]
    FreezeReturned(OfFreeze),
    /// Met periods have earned a freeze.
    #[serde(rename = "freeze.earned")]
    FreezeEarned(OfFreeze),
    /// A freeze was bought.
    #[serde(rename = "freeze.bought")]
    FreezeBought(OfFreeze),
    /// A missed day passes.
    #[serde(rename = "pass.used")]
    PassUsed {
        /// The missed day.
        day: String,
        /// Of which goal's streak.
        goal: String,
    },
    /// Late data made a day met that had passed.
    #[serde(rename = "pass.returned")]
    PassReturned {
        /// The day.
        day: String,
        /// Of which goal's streak.
        goal: String,
    },
    /// A missed day was repaired.
    #[serde(rename = "streak.repaired")]
    StreakRepaired {
        /// The missed day.
        day: String,
        /// Of which goal.
        goal: String,
        /// Whether it was paid for; else it was earned back.
        paid: bool,
        /// Length now.
        count: u32,
    },
    /// A pause was taken; it may begin later.
    #[serde(rename = "pause.started")]
    PauseStarted(OfPause),
    /// A pause has ended, early or with its last day.
    #[serde(rename = "pause.ended")]
    PauseEnded(OfPause),
    /// A pause was cancelled before it began.
    #[serde(rename = "pause.cancelled")]
    PauseCancelled(OfPause),
    /// Tokens were taken from the available account.
    #[serde(rename = "tokens.charged")]
    TokensCharged {
        /// The civil day that it is about.
        day: String,
        /// `freeze`, `repair`, `clawback` or `repay`.
        code: String,
        /// Amount, 10^-6 token.
        amount_micro: i64,
        /// Available balance after it, 10^-6 token.
        available_micro: i64,
        /// Id of the transfer.
        transfer: String,
    },
    /// More or less is owed.
    #[serde(rename = "debt.changed")]
    DebtChanged {
        /// The civil day that it is about.
        day: String,
        /// How much more, 10^-6 token; below 0: less.
        change_micro: i64,
        /// What is owed after it, 10^-6 token.
        debt_micro: i64,
        /// Id of the transfer.
        transfer: String,
    },
    /// Fraud was confirmed for some days.
    #[serde(rename = "verdict.given")]
    VerdictGiven(OfVerdict),
    /// A verdict was appealed.
    #[serde(rename = "verdict.appealed")]
    VerdictAppealed(OfVerdict),
    /// A verdict is final.
    #[serde(rename = "verdict.final")]
    VerdictFinal(OfVerdict),
    /// A verdict was taken back.
    #[serde(rename = "verdict.acquitted")]
    VerdictAcquitted(OfVerdict),
    /// The user waits for a place in a challenge.
    #[serde(rename = "challenge.waitlisted")]
    ChallengeWaitlisted(OfChallenge),
    /// The user waited for a place, and none became free.
    #[serde(rename = "challenge.not_admitted")]
    ChallengeNotAdmitted(OfChallenge),
    /// The user joined a challenge.
    #[serde(rename = "challenge.joined")]
    ChallengeJoined(OfChallenge),
    /// The window's first local start anywhere has come.
    #[serde(rename = "challenge.started")]
    ChallengeStarted(OfChallenge),
    /// The window's last local end anywhere has come.
    #[serde(rename = "challenge.ended")]
    ChallengeEnded(OfChallenge),
    /// The challenge ends later.
    #[serde(rename = "challenge.extended")]
    ChallengeExtended {
        /// Which challenge.
        challenge: String,
        /// The window's last date now.
        #[schema(format = Date)]
        ends: String,
    },
    /// The user has reached a stage of a journey.
    #[serde(rename = "challenge.stage")]
    ChallengeStage {
        /// Which challenge.
        challenge: String,
        /// Which stage, from 1.
        stage: u32,
    },
    /// All members together have reached a tier of a collective challenge.
    #[serde(rename = "challenge.tier")]
    ChallengeTier {
        /// Which challenge.
        challenge: String,
        /// Which tier, from 1.
        tier: u32,
    },
    /// The ranks are final.
    #[serde(rename = "challenge.settled")]
    ChallengeSettled {
        /// Which challenge.
        challenge: String,
        /// Competition rank.
        rank: u32,
        /// Final score, in the metric's unit; of a duel points, of `last_standing` rounds.
        #[schema(value_type = f64)]
        score: Number,
        /// What it counts; absent of a duel and of `last_standing`.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, required = false, example = "steps")]
        metric: Option<&'static str>,
        /// How many took part.
        participants: u32,
        /// When the user reached what it had to, of a type that asks for an amount, POSIX ms.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(required = false)]
        finished_at_ms: Option<i64>,
        /// Key of the user's team, of a challenge of teams.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(required = false)]
        team: Option<String>,
        /// That team's rank among the teams; absent where it had too few members for one.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(required = false)]
        team_rank: Option<u32>,
    },
    /// A settled challenge has paid a prize.
    #[serde(rename = "prize.won")]
    PrizeWon {
        /// Which challenge.
        challenge: String,
        /// Which of its rewards, from 0.
        reward: u32,
        /// The civil day on which it was paid.
        day: String,
        /// Amount, 10^-6 token.
        amount_micro: i64,
        /// When it can be spent, POSIX ms; absent: at once.
        #[serde(skip_serializing_if = "Option::is_none")]
        held_until_ms: Option<i64>,
        /// Available balance after it, 10^-6 token.
        available_micro: i64,
        /// Id of the transfer.
        transfer: String,
    },
    /// The challenge was cancelled.
    #[serde(rename = "challenge.cancelled")]
    ChallengeCancelled {
        /// Which challenge.
        challenge: String,
        /// The admin's words.
        reason: String,
    },
    /// The settlement of the challenge was annulled: what it has paid goes back.
    #[serde(rename = "challenge.voided")]
    ChallengeVoided {
        /// Which challenge.
        challenge: String,
        /// The admin's words.
        reason: String,
    },
}

/// What a period came to for a goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GoalChange {
    /// The civil day that the period starts with.
    day: String,
    /// Which goal.
    goal: String,
    /// Target of that period, in the metric's unit.
    #[schema(value_type = f64, example = 7500)]
    target: Number,
    /// What the target is a number of, where that is no metric: `days` or `parts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "days")]
    counts: Option<&'static str>,
}

/// What an event says of a streak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StreakChange {
    /// The civil day that changed it.
    pub day: String,
    /// Of which goal.
    pub goal: String,
    /// Its length.
    pub count: u32,
    /// The longest ever.
    pub longest: u32,
}

/// What an event says of a challenge, where its name is all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfChallenge {
    /// Which challenge.
    pub challenge: String,
}

/// A list of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Events {
    /// In order.
    pub items: Vec<Event>,
    /// Cursor of the page after this one; null at the end.
    #[schema(required = true)]
    pub next: Option<String>,
    /// Changes only when history was lost or rewritten.
    pub epoch: String,
    /// Number of the next event that will happen.
    pub next_seq: u64,
}

impl From<&Fact> for Event {
    fn from(fact: &Fact) -> Self {
        Self {
            frame: "event",
            seq: fact.seq,
            at_ms: fact.at_ms,
            what: What::from(&fact.kind),
        }
    }
}

impl From<&FactKind> for What {
    fn from(kind: &FactKind) -> Self {
        match kind {
            FactKind::GoalCompleted {
                goal,
                day,
                target,
                met_at_local,
                counted,
            } => completed(change((goal, *day), (*target, *counted)), met_at_local),
            FactKind::GoalReopened {
                goal,
                day,
                target,
                counted,
            } => Self::GoalReopened(change((goal, *day), (*target, *counted))),
            FactKind::StreakExtended {
                goal,
                day,
                count,
                longest,
            } => Self::StreakExtended(streak(goal, *day, *count, *longest)),
            FactKind::StreakCorrected {
                goal,
                day,
                count,
                longest,
            } => Self::StreakCorrected(streak(goal, *day, *count, *longest)),
            FactKind::StreakLost {
                goal,
                day,
                count,
                longest,
            } => Self::StreakLost(streak(goal, *day, *count, *longest)),
            FactKind::TokensPosted {
                day,
                rule,
                amount_micro,
                available_micro,
                transfer,
            } => posted(*day, rule, (*amount_micro, *available_micro), transfer),
            FactKind::ChallengeWaitlisted(id) => Self::ChallengeWaitlisted(challenge(*id)),
            FactKind::ChallengeNotAdmitted(id) => Self::ChallengeNotAdmitted(challenge(*id)),
            FactKind::ChallengeJoined(id) => Self::ChallengeJoined(challenge(*id)),
            FactKind::ChallengeStarted(id) => Self::ChallengeStarted(challenge(*id)),
            FactKind::ChallengeEnded(id) => Self::ChallengeEnded(challenge(*id)),
            FactKind::ChallengeExtended { challenge, ends } => extended(*challenge, *ends),
            FactKind::ChallengeStageReached { challenge, stage } => at_stage(*challenge, *stage),
            FactKind::ChallengeTierReached { challenge, tier } => at_tier(*challenge, *tier),
            FactKind::ChallengeSettled {
                challenge,
                rank,
                score,
                participants,
                finished_at_ms,
                team,
                measure,
            } => settled(
                *challenge,
                (*rank, (*measure, *score), *participants),
                (*finished_at_ms, team.as_ref()),
            ),
            FactKind::ChallengeCancelled { challenge, reason } => cancelled(*challenge, reason),
            FactKind::ChallengeVoided { challenge, reason } => voided(*challenge, reason),
            FactKind::PrizeWon(prize) => won(prize),
            FactKind::Streak(fact) => instruments::of_streak(fact),
            FactKind::Account(fact) => instruments::of_account(fact),
        }
    }
}

fn completed(change: GoalChange, met_at_local: &Local) -> What {
    What::GoalCompleted {
        change,
        met_at_local: met_at_local.iso_minute(),
    }
}

fn posted(
    day: Day,
    rule: &str,
    (amount_micro, available_micro): (i64, i64),
    transfer: &[u8; 16],
) -> What {
    What::TokensPosted {
        day: day.iso(),
        rule: rule.to_owned(),
        amount_micro,
        available_micro,
        transfer: hex(transfer),
    }
}

fn change((goal, day): (&GoalId, Day), (target, of): (i64, Counted)) -> GoalChange {
    GoalChange {
        day: day.iso(),
        goal: goal.to_string(),
        target: counted(of, target),
        counts: counts(of),
    }
}

fn streak(goal: &GoalId, day: Day, count: u32, longest: u32) -> StreakChange {
    StreakChange {
        day: day.iso(),
        goal: goal.to_string(),
        count,
        longest,
    }
}

fn at_stage(id: ChallengeId, stage: u32) -> What {
    What::ChallengeStage {
        challenge: id.to_string(),
        stage,
    }
}

fn at_tier(id: ChallengeId, tier: u32) -> What {
    What::ChallengeTier {
        challenge: id.to_string(),
        tier,
    }
}

fn extended(id: ChallengeId, ends: Day) -> What {
    What::ChallengeExtended {
        challenge: id.to_string(),
        ends: ends.iso(),
    }
}

fn cancelled(id: ChallengeId, reason: &str) -> What {
    What::ChallengeCancelled {
        challenge: id.to_string(),
        reason: reason.to_owned(),
    }
}

fn voided(id: ChallengeId, reason: &str) -> What {
    What::ChallengeVoided {
        challenge: id.to_string(),
        reason: reason.to_owned(),
    }
}

fn challenge(id: ChallengeId) -> OfChallenge {
    OfChallenge {
        challenge: id.to_string(),
    }
}
