//! Teams as data: who they are, how their rosters are filled, and what the scores of their members come to (domain.md 5.2).
//!
//! Which member is in which team is the challenge's; how teams stand is `challenge::teams`'s.

use alloc::{format, string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    definition::{Definition, DefinitionFault, LateJoin},
    limits,
};

/// A team by its place in the definition, from 0.
pub type TeamNumber = u8;

/// Fewest members of a team that is ranked (domain.md 5.2).
pub const ROSTER_MIN: u32 = 3;
/// Parts of a store unit in which a mean is kept, rounded down: every comparison of teams is one of these whole numbers (ADR 0064).
pub const MEAN_PARTS: i64 = 1_000_000;

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Team {
    /// Names it in requests and rows; 1 to 32 of `[A-Za-z0-9._-]`, no two alike.
    #[n(0)]
    pub key: String,
    /// Shown to users; 1 to 50 characters.
    #[n(1)]
    pub name: String,
}

/// How members come into teams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Roster {
    /// Who joins says which.
    #[default]
    #[n(0)]
    Chosen,
    /// Each comes into the team that has the fewest then, the first of several.
    #[n(1)]
    Balanced,
}

/// What the scores of a team's members come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum TeamScore {
    /// Their mean over the whole roster.
    #[default]
    #[n(0)]
    Mean,
    /// Their sum.
    #[n(1)]
    Sum,
    /// The mean of the best so many, 1 to 100; a team with fewer is not ranked.
    #[n(2)]
    Best(#[n(0)] u32),
}

impl TeamScore {
    /// Parts of a store unit that its keys are counted in.
    #[must_use]
    pub fn parts(self) -> i64 {
        match self {
            Self::Mean | Self::Best(_) => MEAN_PARTS,
            Self::Sum => 1,
        }
    }

    /// Fewest members with whom a team is ranked.
    #[must_use]
    pub fn least(self) -> u32 {
        match self {
            Self::Best(count) => count.max(ROSTER_MIN),
            Self::Mean | Self::Sum => ROSTER_MIN,
        }
    }

    /// By what a team is ordered whose scores that count come to `sum` store units, with so many members: in [`TeamScore::parts`],
    /// rounded down.
    ///
    /// ```
    /// use streakline_core::definition::kind::teams::TeamScore;
    ///
    /// assert_eq!(TeamScore::Mean.key(10, 3), 3_333_333);
    /// assert_eq!(TeamScore::Best(4).key(10, 9), 2_500_000);
    /// assert_eq!(TeamScore::Sum.key(10, 3), 10);
    /// ```
    #[must_use]
    pub fn key(self, sum: i128, members: u32) -> i64 {
        let among = match self {
            Self::Mean => members,
            Self::Best(count) => count,
            Self::Sum => 1,
        };
        let parts = sum.saturating_mul(i128::from(self.parts()));
        let key = parts.checked_div(i128::from(among)).unwrap_or(0);
        i64::try_from(key).unwrap_or(i64::MAX)
    }
}

/// The teams of a challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Teams {
    /// Who they are, 2 to 64.
    #[n(0)]
    pub teams: Vec<Team>,
    /// How members come into them.
    #[n(1)]
    pub roster: Roster,
    /// What their members' scores come to.
    #[n(2)]
    pub score: TeamScore,
}

impl Teams {
    /// The team of a key.
    #[must_use]
    pub fn named(&self, key: &str) -> Option<TeamNumber> {
        let place = self.teams.iter().position(|team| team.key == key)?;
        TeamNumber::try_from(place).ok()
    }

    /// A team by its number.
    #[must_use]
    pub fn get(&self, number: TeamNumber) -> Option<&Team> {
        self.teams.get(usize::from(number))
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.teams.len()).unwrap_or(u32::MAX)
    }

    /// The members of the body in which others differ, as JSON pointers.
    pub(super) fn differing(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            (self.teams != other.teams, "/teams"),
            (self.roster != other.roster, "/roster"),
            (self.score != other.score, "/team_score"),
        ];
        let differs = differs.into_iter().filter(|(differs, _)| *differs);
        differs.map(|(_, pointer)| pointer).collect()
    }

    /// All that is wrong with them in a challenge that is else defined like this.
    pub(super) fn faults(&self, of: &Definition) -> Vec<DefinitionFault> {
        let least = self.score.least();
        let counts = |count: u32| (1..=limits::TEAM_BEST_MAX).contains(&count);
        let rules = [
            (
                (2..=limits::TEAMS_MAX).contains(&self.teams.len()),
                ("/teams", "range"),
                "2 to 64 teams".into(),
            ),
            (
                !matches!(self.score, TeamScore::Best(count) if !counts(count)),
                ("/best", "range"),
                "1 to 100".into(),
            ),
            (
                of.late == LateJoin::No,
                ("/join/late", "unsupported"),
                "a roster is locked at the start".into(),
            ),
            (
                of.places() >= least.saturating_mul(2),
                ("/capacity", "range"),
                format!("two teams need {least} members each"),
            ),
        ];
        let broken = rules.into_iter().filter(|(holds, _, _)| !holds);
        let fault =
            |(_, (pointer, code), words): (_, _, String)| DefinitionFault::at(pointer, code, words);
        let faults: Vec<_> = broken.map(fault).collect();
        faults.into_iter().chain(self.faults_of_each()).collect()
    }

    fn faults_of_each(&self) -> Vec<DefinitionFault> {
        let mut faults = Vec::new();
        for (place, team) in self.teams.iter().enumerate() {
            let mut fault = |wrong: bool, member: &str, code, words: &str| {
                if wrong {
                    let pointer = format!("/teams/{place}/{member}");
                    faults.push(DefinitionFault::at(pointer, code, words));
                }
            };
            let words = "1 to 32 of letters, digits, '.', '_' and '-'";
            fault(!is_key(&team.key), "key", "name", words);
            let mut before = self.teams.iter().take(place);
            let again = before.any(|other| other.key == team.key);
            fault(again, "key", "repeated", "another team has it");
            let fits = (1..=limits::TEAM_NAME_CHARS_MAX).contains(&team.name.chars().count());
            fault(!fits, "name", "range", "1 to 50 characters");
        }
        faults
    }
}

fn is_key(key: &str) -> bool {
    let fits = |of: char| of.is_ascii_alphanumeric() || matches!(of, '.' | '_' | '-');
    (1..=limits::TEAM_KEY_CHARS_MAX).contains(&key.len()) && key.chars().all(fits)
}

impl Definition {
    /// The teams of a challenge that has some.
    #[must_use]
    pub fn teams(&self) -> Option<&Teams> {
        self.kind.teams()
    }
}
