//! Teams of a challenge: who comes into which, what a team keeps of a member who leaves, and how teams stand (domain.md 5.2, 6.1;
//! ADR 0064).
//!
//! How one team's members are counted is `tally`'s. Which team a member is in is decided before it is journaled, like its number:
//! the joinings of users who are erased later are passed over when a journal is read again, and must move nobody.

mod tally;

use alloc::vec::Vec;
use sha2::{Digest, Sha256};

use self::tally::{Counted, Tally};
use super::{Board, Challenge, Departed, Member, prizes, resident::Resident};
use crate::{
    definition::{
        Definition, Measure,
        kind::teams::{Roster, Team, TeamNumber, Teams},
    },
    id::{MemberNumber, UserId},
    input::{ChallengeInput, TeamPlace},
    leaderboard::{Place, RankStyle, RowKey},
    view::RowView,
};

/// Why a user does not come into the team that it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongTeam {
    /// It has to say which.
    #[error("say which team")]
    Missing,
    /// There is none of that key.
    #[error("there is no such team")]
    Unknown,
    /// It is not for the user to say.
    #[error("the server says which team")]
    NotChosen,
    /// The challenge has no teams.
    #[error("the challenge has no teams")]
    None,
}

impl Challenge {
    fn teams(&self) -> Option<&Teams> {
        self.definition.as_ref()?.teams()
    }

    /// Whether teams play against one another.
    #[must_use]
    pub fn has_teams(&self) -> bool {
        self.teams().is_some()
    }

    /// A team by its number.
    pub(super) fn team(&self, number: TeamNumber) -> Option<&Team> {
        self.teams()?.get(number)
    }

    /// The team that a user asks for by its key, which may be left out where the server says which.
    ///
    /// # Errors
    /// [`WrongTeam`]: it is none, or not for the user to say.
    pub fn wanted_team(&self, key: Option<&str>) -> Result<Option<TeamNumber>, WrongTeam> {
        match (self.teams(), key) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(WrongTeam::None),
            (Some(teams), key) => match (teams.roster, key) {
                (Roster::Balanced, None) => Ok(None),
                (Roster::Balanced, Some(_)) => Err(WrongTeam::NotChosen),
                (Roster::Chosen, None) => Err(WrongTeam::Missing),
                (Roster::Chosen, Some(key)) => teams.named(key).map(Some).ok_or(WrongTeam::Unknown),
            },
        }
    }

    /// The team that one who joins comes into; of who waits for a place that is told when one is free, unless it has asked.
    pub(super) fn team_for(&self, wanted: Option<TeamNumber>, waits: bool) -> Option<TeamNumber> {
        let teams = self.teams()?;
        let smallest = || smallest(teams, &self.rosters);
        wanted.or_else(|| smallest().filter(|_| !waits))
    }

    /// The teams that members come into who are taken in now, one after the other; nothing where there are none.
    pub(super) fn teams_for(&self, numbers: &[MemberNumber]) -> Vec<TeamNumber> {
        let Some(teams) = self.teams() else {
            return Vec::new();
        };
        let mut rosters = self.rosters.clone();
        let mut next = |number: &MemberNumber| {
            let asked = self.members.of(*number).and_then(|member| member.team);
            let team = asked.or_else(|| smallest(teams, &rosters))?;
            count(&mut rosters, team, 1);
            Some(team)
        };
        numbers.iter().filter_map(&mut next).collect()
    }

    /// One more is in.
    pub(super) fn count_in(&mut self, member: &Member) {
        self.joined = self.joined.saturating_add(1);
        if let Some(team) = member.team {
            count(&mut self.rosters, team, 1);
        }
    }

    /// One who was in or not is taken out.
    pub(super) fn count_out(&mut self, member: &Member) {
        if !member.joined {
            return;
        }
        self.joined = self.joined.saturating_sub(1);
        if let Some(team) = member.team {
            count(&mut self.rosters, team, -1);
        }
    }

    /// Whether a user has left a team that keeps its score: it does not come back.
    pub(super) fn has_departed(&self, user: &UserId) -> bool {
        let member = self.members.get(user);
        member.is_some_and(|member| member.departed.is_some())
    }

    /// A member who was in has left at an instant: from its start on, its team keeps it and what it had come to.
    pub(super) fn depart(
        &mut self,
        board: &mut Board,
        user: &UserId,
        (departed, at_ms): (Option<Departed>, i64),
    ) {
        let number = self.members.number_of(user);
        let Some((number, member)) = number.zip(self.members.get_mut(user)) else {
            return;
        };
        if member.team.is_some() && at_ms >= member.starts_ms {
            member.departed = departed.or(Some(Departed {
                score: 0,
                achieved_at_ms: member.starts_ms,
            }));
            board.depart(number, member);
        }
    }
}

impl Resident {
    /// The input that lets a user go, with what its team keeps of it as the board shows it: whatever was acknowledged before is in
    /// that (ADR 0014).
    #[must_use]
    pub fn leaving(&self, user: UserId) -> ChallengeInput {
        let row = self.challenge().row_id(&user);
        let kept = || {
            self.challenge().teams()?;
            let (score, achieved_at_ms) = self.board().order().get(&row?)?;
            Some(Departed {
                score,
                achieved_at_ms,
            })
        };
        let departed = kept();
        ChallengeInput::Leave(user, departed)
    }

    /// An input that was admitted, with what only the board knows.
    #[must_use]
    pub fn completed(&self, input: ChallengeInput) -> ChallengeInput {
        match input {
            ChallengeInput::Leave(user, None) => self.leaving(user),
            other => other,
        }
    }

    /// Whether a leaving must wait: the board does not know yet what the team keeps.
    #[must_use]
    pub fn awaits_scores_of_teams(&self) -> bool {
        self.is_partial() && self.challenge().teams().is_some()
    }
}

impl Member {
    /// What its team counts of one who has left.
    pub(super) fn departed_score(&self, number: MemberNumber) -> Option<(TeamNumber, Counted)> {
        let departed = self.departed?;
        Some((
            self.team?,
            (number, departed.score, departed.achieved_at_ms),
        ))
    }
}

/// The team that has the fewest, the first of several.
fn smallest(teams: &Teams, rosters: &[u32]) -> Option<TeamNumber> {
    let sizes = (0..teams.teams.len()).map(|place| rosters.get(place).copied().unwrap_or(0));
    let (place, _) = sizes.enumerate().min_by_key(|(_, size)| *size)?;
    TeamNumber::try_from(place).ok()
}

fn count(rosters: &mut Vec<u32>, team: TeamNumber, by: i32) {
    let place = usize::from(team);
    if rosters.len() <= place {
        rosters.resize(place.saturating_add(1), 0);
    }
    if let Some(size) = rosters.get_mut(place) {
        *size = size.saturating_add_signed(by);
    }
}

/// What the members of each team come to, kept with every change of a row.
#[derive(Clone, Debug)]
pub(super) struct Tallies {
    teams: Teams,
    measure: Measure,
    /// The window's first start anywhere, POSIX ms: when a team without a score has reached that.
    starts_ms: i64,
    tallies: Vec<Tally>,
    /// How each team ended, once nothing moves any more.
    ended: Vec<TeamPlace>,
}

/// How a team stands.
struct Standing {
    key: RowKey<TeamNumber>,
    place: Place,
    is_ranked: bool,
}

impl Tallies {
    /// Those of a challenge that has teams, with the members who have left them; those who are in are yet to be put.
    pub(super) fn of(challenge: &Challenge) -> Option<Self> {
        let definition = challenge.definition.as_ref()?;
        let teams = definition.teams()?;
        let mut tallies = Self {
            teams: teams.clone(),
            measure: teams.score.measure(definition.metric),
            starts_ms: definition.started_ms(),
            tallies: teams.teams.iter().map(|_| Tally::default()).collect(),
            ended: Vec::new(),
        };
        let left = challenge.members.iter();
        let left = left.filter_map(|(number, member)| member.departed_score(number));
        for (team, counted) in left {
            tallies.put(team, counted);
        }
        Some(tallies)
    }

    /// The teams themselves.
    pub(super) fn teams(&self) -> &Teams {
        &self.teams
    }

    /// A member of a team has a score.
    pub(super) fn put(&mut self, team: TeamNumber, counted: Counted) {
        if let Some(tally) = self.tallies.get_mut(usize::from(team)) {
            tally.put(self.teams.score, counted);
        }
    }

    /// It has that score no more.
    pub(super) fn take(&mut self, team: TeamNumber, counted: Counted) {
        if let Some(tally) = self.tallies.get_mut(usize::from(team)) {
            tally.take(counted);
        }
    }

    /// Nothing moves any more: how each team ended is found once.
    pub(super) fn end(&mut self, style: RankStyle) {
        let places = (0..self.teams.teams.len()).filter_map(|of| TeamNumber::try_from(of).ok());
        self.ended = places.filter_map(|of| self.find(of, style)).collect();
    }

    /// How a team stands, as its members are told.
    pub(super) fn place(&self, team: TeamNumber, style: RankStyle) -> Option<TeamPlace> {
        let ended = self.ended.get(usize::from(team)).cloned();
        ended.or_else(|| self.find(team, style))
    }

    fn find(&self, team: TeamNumber, style: RankStyle) -> Option<TeamPlace> {
        let standings = self.standings();
        let found = standings.iter().find(|standing| standing.key.id == team)?;
        Some(TeamPlace {
            team: self.teams.get(team)?.key.clone(),
            rank: found.is_ranked.then(|| style.of(found.place)),
        })
    }

    /// What each member of a team wins, by team; a team that is not ranked wins nothing.
    pub(super) fn prizes(&self, definition: &Definition) -> prizes::Prizes<TeamNumber> {
        let ranked = self.standings().into_iter().filter(|of| of.is_ranked);
        let rows: Vec<_> = ranked.map(|of| of.key).collect();
        prizes::prizes(definition, (&rows, 0))
    }

    /// The rows of the teams, best first, those that are not ranked behind all others.
    pub(super) fn rows(&self, style: RankStyle) -> Vec<RowView> {
        let row = |of: Standing| {
            let team = self.teams.get(of.key.id)?;
            let tally = self.tallies.get(usize::from(of.key.id))?;
            Some(RowView {
                rank: style.of(of.place),
                ordinal: of.place.ordinal,
                key: of.key.score,
                score: of.key.score,
                measure: self.measure,
                achieved_at_ms: of.key.achieved_at_ms,
                finished_at_ms: None,
                after_min: None,
                alias: team.name.clone(),
                row: team.key.clone(),
                user: None,
                team: Some(team.key.clone()),
                roster: Some((tally.members(), of.is_ranked)),
            })
        };
        self.standings().into_iter().filter_map(row).collect()
    }

    /// Best first. There are few of them, so they are sorted when somebody looks.
    fn standings(&self) -> Vec<Standing> {
        let numbered = (0..=TeamNumber::MAX).zip(&self.tallies);
        let key = |(id, tally): (TeamNumber, &Tally)| {
            let (score, reached_ms) = tally.reached(self.teams.score);
            let is_ranked = tally.members() >= self.teams.score.least();
            let achieved_at_ms = reached_ms.unwrap_or(self.starts_ms);
            let key = RowKey {
                score,
                achieved_at_ms,
                id,
            };
            (!is_ranked, key)
        };
        let mut keys: Vec<_> = numbered.map(key).collect();
        keys.sort_unstable();
        let mut standings: Vec<Standing> = Vec::new();
        for (ordinal, (is_unranked, key)) in (1_u32..).zip(keys) {
            let before = standings.last();
            let tied = before.filter(|of| {
                of.is_ranked != is_unranked && (is_unranked || of.key.score == key.score)
            });
            let dense = before.map_or(0, |of| of.place.dense).saturating_add(1);
            let place = Place {
                rank: tied.map_or(ordinal, |of| of.place.rank),
                dense: tied.map_or(dense, |of| of.place.dense),
                ordinal,
            };
            let is_ranked = !is_unranked;
            standings.push(Standing {
                key,
                place,
                is_ranked,
            });
        }
        standings
    }

    /// What each team comes to, in their order, for the digest of the board.
    pub(super) fn sum_up(&self, digest: &mut Sha256) {
        for tally in &self.tallies {
            let (score, reached_ms) = tally.reached(self.teams.score);
            digest.update(tally.members().to_be_bytes());
            digest.update(score.to_be_bytes());
            digest.update(reached_ms.unwrap_or(self.starts_ms).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
