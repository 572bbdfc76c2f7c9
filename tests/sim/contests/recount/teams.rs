//! Which team has won, by what its members had walked (domain.md 5.2), and what was told of it.

use std::collections::BTreeMap;

use streakline_core::{
    definition::kind::teams::{TeamScore, Teams},
    id::UserId,
    input::{ChallengeInput, TeamPlace},
};

use super::{board::Board, challenge, inputs};
use crate::{
    contests::{TEAM_MICRO, TEAMS},
    server::{Checked, Server},
};

/// When each who has left its team did.
pub(super) fn left_teams(server: &Server) -> BTreeMap<UserId, i64> {
    let left = inputs(server, TEAMS).filter_map(|(at_ms, input)| match input {
        ChallengeInput::Leave(user, _) => Some((user.clone(), at_ms)),
        _ => None,
    });
    left.collect()
}

impl Board<'_> {
    /// Everybody who is in the best team, or one of several that stand equal, by what its members had, and what those who left during the window had when they left.
    pub(super) fn won_by_teams(
        &self,
        teams: &Teams,
        scores: &BTreeMap<UserId, i64>,
    ) -> Checked<BTreeMap<UserId, Vec<i64>>> {
        let keys = self.team_keys(teams, scores)?;
        let best = keys.values().flatten().max().filter(|key| **key > 0);
        let of = challenge(self.server, self.id)?;
        let in_best = |user: &&UserId| {
            let member = of.members.get(user);
            let key = member.and_then(|member| keys.get(&member.team?)?.as_ref());
            key.is_some() && key == best
        };
        let winners = scores.keys().filter(in_best);
        Ok(winners
            .map(|user| (user.clone(), vec![TEAM_MICRO]))
            .collect())
    }

    /// What orders each team; nothing of one that is too small.
    fn team_keys(
        &self,
        teams: &Teams,
        scores: &BTreeMap<UserId, i64>,
    ) -> Checked<BTreeMap<u8, Option<i64>>> {
        let of = challenge(self.server, self.id)?;
        let mut by_team: BTreeMap<u8, Vec<i64>> = BTreeMap::from([(0, vec![]), (1, vec![])]);
        let left = left_teams(self.server);
        for (user, member) in of.members.by_user() {
            let kept = left.get(user).filter(|at_ms| **at_ms >= member.starts_ms);
            let score = match kept {
                Some(at_ms) => Some(self.walked(user, *at_ms)),
                None => scores.get(user).copied(),
            };
            let team = member.team.ok_or("a member without a team")?;
            by_team.entry(team).or_default().extend(score);
        }
        let key = |mut scores: Vec<i64>| {
            scores.sort_unstable();
            let members = i64::try_from(scores.len()).unwrap();
            let best: i64 = scores.iter().rev().take(3).sum();
            let sum: i64 = scores.iter().sum();
            let key = || match teams.score {
                TeamScore::Mean => sum * 1_000_000 / members,
                TeamScore::Sum => sum,
                TeamScore::Best(_) => best * 1_000_000 / 3,
            };
            (members >= 3).then(key)
        };
        Ok(by_team
            .into_iter()
            .map(|(team, of)| (team, key(of)))
            .collect())
    }

    /// How a user's team ended.
    pub(super) fn place(
        &self,
        user: &UserId,
        scores: &BTreeMap<UserId, i64>,
    ) -> Checked<Option<TeamPlace>> {
        let Some(teams) = self.definition.teams() else {
            return Ok(None);
        };
        let of = challenge(self.server, self.id)?;
        let team = of.members.get(user).and_then(|member| member.team);
        let team = team.ok_or("a member without a team")?;
        let keys = self.team_keys(teams, scores)?;
        let better = keys.values().filter(|key| **key > keys[&team]).count();
        Ok(Some(TeamPlace {
            team: teams.teams[usize::from(team)].key.clone(),
            rank: keys[&team].map(|_| u32::try_from(better).unwrap() + 1),
        }))
    }
}
