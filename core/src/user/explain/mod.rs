//! Why a day, a goal, a streak, a score or tokens are what they are: answers for a support desk, made from the state, the
//! stored records and what was told and changed (ADR 0025). Nothing here changes anything.
//!
//! `need` says which stored records an answer takes, as `plan` does for a fold; the shell loads exactly these. `trail` picks
//! the facts and changes that belong to a question out of all that are stored.

mod amounts;
mod day;
mod goal;
mod minutes;
mod records;
mod score;
mod streak;
mod target;
mod token;
mod trail;

use alloc::collections::{BTreeMap, BTreeSet};

use super::{User, fold::Loaded, ingest, plan, rebuild};
use crate::{
    civil::Day,
    day::Head,
    id::{ChallengeId, GoalId},
    records::Records,
};

pub use amounts::{AmountWhy, Share};
pub use day::{Closes, DayWhy, Shape};
pub use goal::{Crossing, GoalWhy, PartWhy};
pub use minutes::{Hour, HourOf, Minute, MinuteOf};
pub use records::{Fate, RecordWhy};
pub use score::{LeftOut, ScoreDay, ScoreWhy};
pub use streak::{PeriodWhy, Reason, StreakWhy};
pub use target::{Looked, TargetWhy, Use};
pub use token::{Band, TokenWhy};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// One civil day.
    Day(Day),
    /// One goal in the period that a day lies in.
    Goal(GoalId, Day),
    /// The streak of one goal, from one day to another.
    Streak(GoalId, Day, Day),
    /// The score in one challenge.
    Score(ChallengeId),
    /// The tokens of one day.
    Tokens(Day),
}

impl Question {
    /// Days whose stored records the answer needs.
    #[must_use]
    pub fn need(&self, user: &User) -> BTreeSet<Day> {
        match self {
            Self::Day(day) => plan::to_explain(user, *day),
            Self::Goal(goal, day) => {
                let crossed = user.met_day(goal, *day);
                crossed.map_or_else(BTreeSet::new, |day| plan::to_explain(user, day))
            }
            Self::Streak(..) | Self::Score(_) | Self::Tokens(_) => BTreeSet::new(),
        }
    }
}

/// A user with the stored records that an answer needs at hand.
#[derive(Debug)]
pub struct Evidence<'a> {
    user: &'a User,
    known: Records,
    minutes: BTreeMap<Day, Head>,
}

impl<'a> Evidence<'a> {
    /// What was loaded, and what came since the last snapshot.
    #[must_use]
    pub fn new(user: &'a User, loaded: &Loaded) -> Self {
        let known = ingest::gather(user, loaded);
        let minutes = loaded.minutes.clone();
        Self {
            user,
            known,
            minutes,
        }
    }

    /// The minutes of a day: as they are kept, as they were written, or from its records.
    fn head(&self, day: Day) -> Head {
        let kept = self
            .user
            .days
            .get(&day)
            .and_then(|state| state.head.as_deref())
            .or_else(|| self.minutes.get(&day));
        kept.cloned().unwrap_or_else(|| {
            let winners = rebuild::winners(&self.known);
            rebuild::head(self.user, day, &winners)
        })
    }
}
