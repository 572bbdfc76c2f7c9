//! A challenge and an enrolment as REST shows them, and the words for a challenge's phase.

mod cycle;
pub mod eligibility;
pub mod kind;
mod reward;

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    definition::{Definition, Keeping, Kind, LateJoin, rewards},
    leaderboard::RankStyle,
    view::{self, ChallengeView, EnrolmentView, Membership},
};
use utoipa::ToSchema;

use self::kind::Parameters;
pub use self::{
    cycle::{Cycle, CycleOf, Recurs},
    reward::Reward,
};
use super::quantity::measured;
use crate::registry;

/// Phase of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChallengePhase {
    /// Being written; may still change.
    Draft,
    /// Published; joining has not opened.
    Published,
    /// Open for joining, until the window's last local end.
    Open,
    /// Ended; late samples still count.
    Finalising,
    /// Its ranks are final.
    Settled,
    /// Cancelled.
    Cancelled,
    /// Settled, and annulled since.
    Voided,
}

impl From<view::ChallengePhase> for ChallengePhase {
    fn from(phase: view::ChallengePhase) -> Self {
        match phase {
            view::ChallengePhase::Draft => Self::Draft,
            view::ChallengePhase::Published => Self::Published,
            view::ChallengePhase::Open => Self::Open,
            view::ChallengePhase::Finalising => Self::Finalising,
            view::ChallengePhase::Settled => Self::Settled,
            view::ChallengePhase::Cancelled => Self::Cancelled,
            view::ChallengePhase::Voided => Self::Voided,
        }
    }
}

/// A challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Challenge {
    /// Its UUID, made by the server.
    #[schema(format = Uuid)]
    pub id: String,
    /// Where it stands.
    pub phase: ChallengePhase,
    /// Shown to users.
    #[schema(example = "April steps")]
    pub title: String,
    /// How it is won.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "most")]
    pub kind: &'static str,
    /// What its type asks for.
    #[serde(flatten)]
    pub parameters: Parameters,
    /// What is summed; a duel has rings instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "steps")]
    pub metric: Option<&'static str>,
    /// When samples count.
    pub window: Window,
    /// When it begins anew; left out: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub recurs: Option<Recurs>,
    /// Which of a series it is; left out: of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub cycle: Option<CycleOf>,
    /// The template that it was made of; left out: of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, format = Uuid)]
    pub template: Option<String>,
    /// Who may join when.
    pub join: Join,
    /// How the board is kept while the challenge runs: `parts`; left out: whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "parts")]
    pub board: Option<&'static str>,
    /// Most participants; null: no bound of its own.
    #[schema(required = true)]
    pub capacity: Option<u32>,
    /// Most users who wait for a place once all are taken.
    #[schema(example = 0)]
    pub waitlist: u32,
    /// Who may take part, as a rule over attributes; null: everybody.
    #[schema(value_type = Option<Object>, required = true, example = json!({"in": [{"attr": "region"}, ["EU", "UK"]]}))]
    pub eligibility: Option<serde_json::Value>,
    /// Attributes by which the board has segments.
    pub segments: Vec<String>,
    /// Fewest members at the window's end, with fewer it is cancelled then; null: any number will do.
    #[schema(required = true)]
    pub min_participants: Option<u32>,
    /// Which samples count: `sensed`, `any`, `attested` or `workout_with_hr`.
    #[schema(value_type = String, example = "sensed")]
    pub evidence: &'static str,
    /// Most of one day that counts, in the metric's unit, of a duel in points; null: all of it.
    #[schema(value_type = Option<f64>, required = true, example = 30000)]
    pub per_day_cap: Option<Number>,
    /// Hours from the window's end to the settlement.
    #[schema(example = 24)]
    pub finalisation_h: u32,
    /// What is won.
    pub rewards: Vec<Reward>,
    /// The campaign that pays; null: nothing is paid.
    #[schema(required = true, format = Uuid)]
    pub campaign: Option<String>,
    /// What becomes of prizes by place where scores are equal.
    #[schema(value_type = String, example = "earliest")]
    pub tie_rule: &'static str,
    /// How ranks are counted.
    #[schema(value_type = String, example = "competition")]
    pub rank_style: &'static str,
    /// Who sees the board.
    #[schema(value_type = String, example = "participants")]
    pub visibility: &'static str,
    /// Of a collective challenge: when its tiers were reached, in their order, as far as they are; POSIX ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub reached_ms: Option<Vec<i64>>,
    /// Counts the changes of this challenge.
    pub version: u64,
    /// When it was made, POSIX ms.
    pub created_ms: i64,
    /// The window's first local start anywhere, once it has passed, POSIX ms.
    #[schema(required = true)]
    pub started_ms: Option<i64>,
    /// The window's last local end anywhere, POSIX ms.
    pub ends_at_ms: i64,
    /// The settlement's cut-off, POSIX ms.
    pub settles_at_ms: i64,
}

/// Window of a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Window {
    /// Whose clock the dates are of: `user_local`, `utc`, or the IANA name of one zone for all.
    #[schema(example = "user_local")]
    pub clock: String,
    /// First date.
    #[schema(format = Date, example = "2016-04-13")]
    pub starts: String,
    /// Last date, inside the window; null: it has no end.
    #[schema(required = true, format = Date, example = "2016-05-11")]
    pub ends: Option<String>,
    /// How many of the last days a score is made of; left out: all of the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 7)]
    pub rolling_days: Option<u32>,
}

impl From<&Definition> for Window {
    fn from(definition: &Definition) -> Self {
        Self {
            clock: definition.clock.name().to_owned(),
            starts: definition.starts.iso(),
            ends: (!definition.is_endless).then(|| definition.ends.iso()),
            rolling_days: definition.rolling_days,
        }
    }
}

/// Joining a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Join {
    /// When joining opens, POSIX ms; null: publishing opens it.
    #[schema(required = true)]
    pub opens_ms: Option<i64>,
    /// Whether one may join after the window's start: `yes`, `no`, or `prorated` (yes, and scored from the window's start).
    #[schema(value_type = String, example = "yes")]
    pub late: &'static str,
}

impl From<&ChallengeView> for Challenge {
    fn from(view: &ChallengeView) -> Self {
        let definition = &view.definition;
        let of_days = definition.kind.measure_of_days(definition.metric);
        let of_scores = definition.kind.measure(definition.metric);
        let shown = |reward: &rewards::Reward| Reward::of(reward, of_scores);
        Self {
            id: view.challenge.to_string(),
            phase: view.phase.into(),
            title: definition.title.clone(),
            kind: definition.kind.name(),
            parameters: Parameters::of(definition),
            metric: (!matches!(definition.kind, Kind::Duel { .. }))
                .then(|| registry::metrics().name(definition.metric)),
            window: Window::from(definition),
            recurs: definition.recurs.as_ref().map(Recurs::from),
            cycle: definition.cycle.as_ref().map(CycleOf::from),
            template: definition.template.map(|id| id.to_string()),
            join: Join {
                opens_ms: definition.join_opens_ms,
                late: match definition.late {
                    LateJoin::Yes => "yes",
                    LateJoin::No => "no",
                    LateJoin::Prorated => "prorated",
                },
            },
            board: (definition.keeping != Keeping::Whole).then(|| definition.keeping.name()),
            capacity: definition.capacity,
            waitlist: definition.waitlist,
            eligibility: definition.eligibility.as_ref().map(eligibility::shown),
            segments: definition
                .segments
                .iter()
                .map(ToString::to_string)
                .collect(),
            min_participants: definition.min_participants,
            evidence: definition.evidence.name(),
            per_day_cap: definition.per_day_cap.map(|cap| measured(of_days, cap)),
            finalisation_h: definition.finalisation_h,
            rewards: definition.rewards.iter().map(shown).collect(),
            campaign: definition.campaign.map(|id| id.to_string()),
            tie_rule: reward::tie_rule(definition.tie_rule),
            rank_style: match definition.rank_style {
                RankStyle::Competition => "competition",
                RankStyle::Dense => "dense",
                RankStyle::Ordinal => "ordinal",
            },
            visibility: "participants",
            reached_ms: matches!(definition.kind, Kind::Collective { .. })
                .then(|| view.reached_ms.clone()),
            version: view.version,
            created_ms: view.created_ms,
            started_ms: view.started_ms,
            ends_at_ms: view.ends_at_ms,
            settles_at_ms: view.settles_at_ms,
        }
    }
}

/// Whether a user takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnrolmentState {
    /// Takes part.
    Joined,
    /// Waits for a place.
    Waiting,
    /// Waited for a place, and none became free.
    NotAdmitted,
    /// Has left.
    Left,
}

/// An enrolment of a user in a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Enrolment {
    /// In which challenge.
    #[schema(format = Uuid)]
    pub challenge: String,
    /// Whose.
    #[schema(example = "ann")]
    pub user: String,
    /// Whether the user takes part.
    pub state: EnrolmentState,
    /// Place in the waiting list, 1 is next; only while the user waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// When the user joined, or asked to, POSIX ms.
    pub joined_ms: i64,
    /// First minute that counts, POSIX ms.
    pub counts_from_ms: i64,
    /// Key of the user's team, of a challenge of teams; absent while the server has yet to say which.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "red")]
    pub team: Option<String>,
}

impl From<&EnrolmentView> for Enrolment {
    fn from(view: &EnrolmentView) -> Self {
        Self {
            challenge: view.challenge.to_string(),
            user: view.user.as_str().to_owned(),
            state: match view.membership {
                Membership::Joined => EnrolmentState::Joined,
                Membership::Waiting { .. } => EnrolmentState::Waiting,
                Membership::NotAdmitted => EnrolmentState::NotAdmitted,
                Membership::Left => EnrolmentState::Left,
            },
            place: match view.membership {
                Membership::Waiting { place } => Some(place),
                _ => None,
            },
            joined_ms: view.joined_ms,
            counts_from_ms: view.counts_from_ms,
            team: view.team.clone(),
        }
    }
}
