//! A streak as REST and the snapshot show it.

use serde::Serialize;
use streakline_core::view::StreakView;
use utoipa::ToSchema;

use super::day::DayStatus;

/// The streak of one goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Streak {
    /// Of which goal.
    #[schema(example = "steps-7500")]
    pub goal: String,
    /// The day that it is told for.
    #[schema(format = Date, example = "2016-05-11")]
    pub as_of: String,
    /// Length over closed days.
    pub count: u32,
    /// Length with the unclosed met days.
    pub with_today: u32,
    /// First day of the current run.
    #[schema(required = true, format = Date)]
    pub start: Option<String>,
    /// The longest run, the earliest of equals.
    pub longest: Longest,
    /// Whether a missed day that is not hard closed may still change it.
    pub provisional: bool,
    /// The 30 days ending at `as_of`, oldest first.
    pub statuses: Vec<StatusOfDay>,
}

/// The longest run of a streak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Longest {
    /// Its length; 0 without any.
    pub count: u32,
    /// Its first day.
    #[schema(required = true, format = Date)]
    pub from: Option<String>,
    /// Its last day.
    #[schema(required = true, format = Date)]
    pub to: Option<String>,
}

/// One day of a streak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusOfDay {
    /// The date.
    #[schema(format = Date, example = "2016-05-11")]
    pub day: String,
    /// How it stands for the goal.
    pub status: DayStatus,
}

impl From<&StreakView> for Streak {
    fn from(view: &StreakView) -> Self {
        let (count, ends) = view.longest;
        Self {
            goal: view.goal.as_str().to_owned(),
            as_of: view.as_of.iso(),
            count: view.count,
            with_today: view.with_today,
            start: view.start.map(|day| day.iso()),
            longest: Longest {
                count,
                from: ends.map(|(from, _)| from.iso()),
                to: ends.map(|(_, to)| to.iso()),
            },
            provisional: view.provisional,
            statuses: view
                .statuses
                .iter()
                .map(|(day, status)| StatusOfDay {
                    day: day.iso(),
                    status: (*status).into(),
                })
                .collect(),
        }
    }
}
