//! The types of challenges as data: what each of them needs to know, and what is wrong with it (domain.md 5.2).
//!
//! A type says what a score is and how rows are ordered; it folds nothing. Amounts are in store units of the challenge's
//! metric.

pub mod collective;
pub mod duel;
pub mod elimination;
mod faults;
pub mod journey;
mod measure;
pub mod survival;
pub mod teams;

use alloc::{boxed::Box, vec::Vec};
use minicbor::{Decode, Encode};

use self::{duel::Ring, journey::Waypoint, teams::Teams};
use crate::metric::Metric;

pub use measure::Measure;

/// How a challenge is won.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum Kind {
    /// The largest sum over the window.
    #[default]
    #[n(0)]
    Most,
    /// Whoever reaches an amount within the window has done it; nobody is better than another for it.
    #[n(1)]
    Target {
        /// The amount, from 1.
        #[n(0)]
        target: i64,
    },
    /// Whoever reaches an amount in the fewest minutes from the own start; who does not, by the sum.
    #[n(2)]
    Race {
        /// The amount, from 1.
        #[n(0)]
        target: i64,
        /// How many places there are for those who finish, from 1; `None`: one for everybody.
        #[n(1)]
        finishers: Option<u32>,
    },
    /// All walk together: the sum of all scores reaches tiers.
    #[n(3)]
    Collective {
        /// Sums, rising, 1 to 20 of them.
        #[n(0)]
        tiers: Vec<i64>,
    },
    /// Everybody walks a route from stage to stage; what is too much for one counts for the next.
    #[n(4)]
    Journey {
        /// Its stages, from near to far, 1 to 32 of them.
        #[n(0)]
        stages: Vec<Waypoint>,
    },
    /// Two users, seven days: points for how full three rings are. It may end in a draw.
    #[n(5)]
    Duel {
        /// The rings, each of another metric.
        #[n(0)]
        rings: Vec<Ring>,
    },
    /// A round a day: whoever stays under the bar is out. The score is how many rounds one has survived.
    #[n(6)]
    LastStanding {
        /// What each day needs, store units, from 1.
        #[n(0)]
        bar: i64,
    },
    /// Teams against teams: each member has a sum like in [`Kind::Most`], and a team what those of its members come to.
    #[n(7)]
    TeamVsTeam(#[n(0)] Box<Teams>),
    /// A round a day: the lowest few of those who still stand are out. The score is how many rounds one has survived.
    #[n(8)]
    Elimination {
        /// How many of them, in per cent, 1 to 50.
        #[n(0)]
        lowest_percent: u32,
    },
}

/// The key of one who finishes a race at once; one who takes `n` minutes has `n` less. Larger than every score.
const RACE_KEY: i64 = 1 << 52;

impl Kind {
    /// How many tiers there are to be reached together.
    #[must_use]
    pub fn tiers(&self) -> u32 {
        match self {
            Self::Collective { tiers } => u32::try_from(tiers.len()).unwrap_or(u32::MAX),
            _ => 0,
        }
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Most => "most",
            Self::Target { .. } => "target",
            Self::Race { .. } => "race",
            Self::Collective { .. } => "collective",
            Self::Journey { .. } => "journey",
            Self::Duel { .. } => "duel",
            Self::LastStanding { .. } | Self::Elimination { .. } => "last_standing",
            Self::TeamVsTeam(_) => "team_vs_team",
        }
    }

    /// The amount with which one has finished, store units of the metric that is counted; more than that does not count.
    #[must_use]
    pub fn line(&self, metric: Metric) -> Option<i64> {
        match self {
            Self::Target { target } | Self::Race { target, .. } => Some(*target),
            Self::Journey { stages } => {
                let last = stages.last()?;
                Some(journey::score_for(metric, last.distance_m))
            }
            Self::Most
            | Self::Collective { .. }
            | Self::Duel { .. }
            | Self::LastStanding { .. }
            | Self::TeamVsTeam(_)
            | Self::Elimination { .. } => None,
        }
    }

    /// The teams of a type that has some.
    #[must_use]
    pub fn teams(&self) -> Option<&Teams> {
        match self {
            Self::TeamVsTeam(teams) => Some(&**teams),
            _ => None,
        }
    }

    /// Whether a metric counts in it; `own` is that of the challenge.
    #[must_use]
    pub fn counts(&self, metric: Metric, own: Metric) -> bool {
        match self {
            Self::Duel { rings } => rings.iter().any(|ring| ring.metric == metric),
            _ => metric == own,
        }
    }

    /// By what a board orders one who has reached the line in the minute `at_ms` and began at `begin_ms`, both POSIX ms.
    #[must_use]
    pub fn finished_key(&self, line: i64, (begin_ms, at_ms): (i64, i64)) -> i64 {
        match self {
            Self::Race { .. } => RACE_KEY.saturating_sub(minutes(begin_ms, at_ms)),
            _ => line,
        }
    }

    /// How its board tells keys.
    #[must_use]
    pub fn scale(&self, metric: Metric) -> Scale {
        match self {
            Self::Most | Self::Duel { .. } | Self::LastStanding { .. } | Self::TeamVsTeam(_) => {
                Scale::Score
            }
            Self::Collective { .. } => Scale::Sum,
            Self::Elimination { .. } => Scale::Rounds,
            Self::Target { .. } | Self::Journey { .. } => {
                self.line(metric).map_or(Scale::Score, Scale::Target)
            }
            Self::Race { target, finishers } => Scale::Race {
                target: *target,
                finishers: finishers.unwrap_or(u32::MAX),
            },
        }
    }

    /// The members of the body in which another type or its parameters differ, as JSON pointers.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        if self.name() != other.name() {
            return Vec::from(["/type"]);
        }
        let mut differing = Vec::new();
        let mut note = |differs: bool, pointer| {
            if differs {
                differing.push(pointer);
            }
        };
        match (self, other) {
            (Self::Target { target }, Self::Target { target: new }) => {
                note(target != new, "/target");
            }
            (
                Self::Race { target, finishers },
                Self::Race {
                    target: new,
                    finishers: places,
                },
            ) => {
                note(target != new, "/target");
                note(finishers != places, "/finishers");
            }
            (Self::TeamVsTeam(teams), Self::TeamVsTeam(new)) => return teams.differing(new),
            (one, other) => note(one != other, one.list()),
        }
        differing
    }
}

impl Kind {
    /// The member of the body that holds its parameters, of a type that has one list of them.
    fn list(&self) -> &'static str {
        match self {
            Self::Collective { .. } => "/tiers",
            Self::Journey { .. } => "/stages",
            Self::Duel { .. } => "/rings",
            Self::LastStanding { .. } => "/bar",
            Self::Elimination { .. } => "/lowest_percent",
            Self::TeamVsTeam(_) => "/teams",
            Self::Most | Self::Target { .. } | Self::Race { .. } => "/type",
        }
    }
}

/// Whole minutes from the own start to another minute.
fn minutes(begin_ms: i64, at_ms: i64) -> i64 {
    at_ms
        .saturating_sub(begin_ms)
        .div_euclid(crate::civil::MINUTE_MS)
        .max(0)
}

/// What the keys say that a board orders its rows by, the larger the better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// The score.
    #[default]
    Score,
    /// The score, and all scores come to a sum.
    Sum,
    /// Rounds that were survived: the challenge says it, not the members' own partitions.
    Rounds,
    /// The score, up to the amount with which one has done it.
    Target(i64),
    /// How soon the amount was reached, or the score.
    Race {
        /// The amount.
        target: i64,
        /// Places for those who finish.
        finishers: u32,
    },
}

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The score, store units.
    pub score: i64,
    /// Whether the row has finished: it has reached the amount, and its place is one for those who do.
    pub finished: bool,
    /// Minutes from the own start to the finish of a race.
    pub after_min: Option<i64>,
}

impl Scale {
    /// What a row's key says; `rank` counts the rows with larger keys from 1.
    ///
    /// ```
    /// use streakline_core::{definition::{Kind, Reached}, metric::Metric};
    ///
    /// let race = Kind::Race { target: 10_000, finishers: None };
    /// let key = race.finished_key(10_000, (0, 90 * 60_000));
    /// let reached = race.scale(Metric::STEPS).reached(key, 1);
    /// assert_eq!(reached, Reached { score: 10_000, finished: true, after_min: Some(90) });
    /// assert!(key > race.finished_key(10_000, (0, 91 * 60_000)), "sooner is better");
    /// ```
    #[must_use]
    pub fn reached(self, key: i64, rank: u32) -> Reached {
        match self {
            Self::Race { target, finishers } if key > target => Reached {
                score: target,
                finished: rank <= finishers,
                after_min: Some(RACE_KEY.saturating_sub(key)),
            },
            Self::Target(target) => Reached {
                score: key,
                finished: key >= target,
                after_min: None,
            },
            Self::Score | Self::Sum | Self::Rounds | Self::Race { .. } => Reached {
                score: key,
                finished: false,
                after_min: None,
            },
        }
    }
}

#[cfg(test)]
mod tests;
