//! A user and their goals as REST shows them.

use serde::Serialize;
use streakline_core::{
    period::WeekStart,
    user,
    view::{GoalView, UserView},
};
use utoipa::ToSchema;

use crate::registry;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// Name, chosen by the caller.
    #[schema(example = "ann")]
    pub user: String,
    /// IANA zone in force; `UTC` until one is set.
    #[schema(example = "Europe/Berlin")]
    pub zone: String,
    /// Every zone that was in force, oldest first.
    pub zones: Vec<ZoneChange>,
    /// The name that other participants see.
    #[schema(example = "Swift Heron")]
    pub alias: String,
    /// How many minutes after midnight days end, from the newest change on.
    #[schema(example = 0)]
    pub day_start_min: u16,
    /// The first day that does; null where nobody has changed it.
    #[schema(required = true, format = Date)]
    pub day_start_from: Option<String>,
    /// First day of the user's week: `monday` or `sunday`.
    #[schema(value_type = String, example = "monday")]
    pub week_starts: &'static str,
    /// When the user came into being, POSIX ms.
    pub created_ms: i64,
}

impl From<&UserView> for User {
    fn from(view: &UserView) -> Self {
        Self {
            user: view.user.as_str().to_owned(),
            zone: view.zone.clone(),
            zones: view.zones.iter().map(ZoneChange::from).collect(),
            alias: view.alias.clone(),
            day_start_min: view.day_start.0,
            day_start_from: view.day_start.1.map(|day| day.iso()),
            week_starts: match view.week_starts {
                WeekStart::Monday => "monday",
                WeekStart::Sunday => "sunday",
            },
            created_ms: view.created_ms,
        }
    }
}

/// A zone that was in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ZoneChange {
    /// IANA zone.
    #[schema(example = "Europe/Berlin")]
    pub zone: String,
    /// From when on, POSIX ms; null: from the beginning of time.
    #[schema(required = true)]
    pub effective_ms: Option<i64>,
    /// When the server learned of it, POSIX ms; null: nobody has told it.
    #[schema(required = true)]
    pub received_ms: Option<i64>,
    /// Nobody travels that fast: a person should look at it.
    pub flagged: bool,
}

impl From<&user::ZoneChange> for ZoneChange {
    fn from(change: &user::ZoneChange) -> Self {
        let known = |at_ms: i64| (at_ms > i64::MIN).then_some(at_ms);
        Self {
            zone: change.zone.clone(),
            effective_ms: known(change.effective_ms),
            received_ms: known(change.received_ms),
            flagged: change.flagged,
        }
    }
}

/// A goal of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Goal {
    /// Name, chosen by the caller.
    #[schema(example = "steps-7500")]
    pub goal: String,
    /// What it counts.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// What it counts over.
    #[schema(value_type = String, example = "day")]
    pub period: &'static str,
    /// How its target comes about.
    #[schema(value_type = String, example = "static")]
    pub kind: &'static str,
    /// Target, in the metric's unit.
    #[schema(example = 7500)]
    pub target: i64,
    /// First day of this target.
    #[schema(format = Date, example = "2016-04-13")]
    pub from: String,
    /// Last day, once the goal is deleted.
    #[schema(required = true, format = Date)]
    pub until: Option<String>,
    /// What its streak allows.
    pub streak: StreakRule,
}

/// Instruments of a goal's streak; none in this version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct StreakRule {
    /// Missed days that a freeze may cover.
    #[schema(example = 0)]
    pub freezes: u32,
}

impl From<&GoalView> for Goal {
    fn from(view: &GoalView) -> Self {
        Self {
            goal: view.goal.as_str().to_owned(),
            metric: registry::metrics().name(view.metric),
            period: "day",
            kind: "static",
            target: view.target,
            from: view.from.iso(),
            until: view.until.map(|day| day.iso()),
            streak: StreakRule::default(),
        }
    }
}
