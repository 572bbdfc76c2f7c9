//! What a challenge pays, as data: its rewards, what becomes of ties, and the most that all of it can cost (domain.md 5.1).
//!
//! Who wins what on a board is `challenge::prizes`'s; whether a campaign has the tokens is `campaign`'s.

use alloc::{format, vec::Vec};
use minicbor::{Decode, Encode};

use super::{Definition, DefinitionFault, kind::teams::Teams};
use crate::limits;

/// What becomes of prizes by place where rows have equal scores (domain.md 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TieRule {
    /// Who reached the score first stands first; every place has one winner.
    #[default]
    #[n(0)]
    Earliest,
    /// The prizes of the tied places are added up and split evenly, rounded down.
    #[n(1)]
    Share,
    /// Everyone gets the best prize of the tied places.
    #[n(2)]
    All,
}

/// How a pool is split among all who have scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Split {
    /// Evenly.
    #[n(0)]
    Equal,
    /// In proportion to their scores.
    #[n(1)]
    Score,
}

/// Who wins a reward. A row without a score wins nothing (ADR 0057).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Basis {
    /// The places from `first` to `last`, both inside, from 1.
    #[n(0)]
    Rank {
        /// First place.
        #[n(0)]
        first: u32,
        /// Last place.
        #[n(1)]
        last: u32,
    },
    /// The best so many per cent of all rows, 1 to 100, rounded up to whole places.
    #[n(1)]
    Percentile(#[n(0)] u32),
    /// Every score that is at least this one, store units.
    #[n(2)]
    Threshold(#[n(0)] i64),
    /// All who have scored share the tokens.
    #[n(3)]
    Pool(#[n(0)] Split),
    /// Of a collective challenge: everybody with a part in its sum, once that has reached the tier with this number, from 1 (domain.md
    /// 5.2).
    #[n(4)]
    Tier(#[n(0)] u32),
}

/// One reward of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Reward {
    /// Who wins it.
    #[n(0)]
    pub basis: Basis,
    /// What each winner gets, or what a pool holds in all, 10^-6 token, 1 to [`limits::REWARD_MICRO_MAX`].
    #[n(1)]
    pub tokens_micro: i64,
}

impl Reward {
    /// The places that win it on a board of so many rows, first and last; nothing where it does not go by place.
    #[must_use]
    pub fn places(&self, rows: u32) -> Option<(u32, u32)> {
        match self.basis {
            Basis::Rank { first, last } => Some((first, last.min(rows))),
            Basis::Percentile(percent) => {
                let places = u64::from(rows).saturating_mul(u64::from(percent));
                let places = u32::try_from(places.div_ceil(100)).unwrap_or(rows);
                Some((1, places.min(rows)))
            }
            Basis::Threshold(_) | Basis::Pool(_) | Basis::Tier(_) => None,
        }
    }

    fn faults(&self, index: usize, (capacity, tiers): (u32, u32)) -> Vec<DefinitionFault> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, member: &str, detail: &str| {
            if wrong {
                let pointer = format!("/rewards/{index}/{member}");
                faults.push(DefinitionFault::at(pointer, "range", detail));
            }
        };
        let pays = (1..=limits::REWARD_MICRO_MAX).contains(&self.tokens_micro);
        fault(!pays, "tokens_micro", "1 to 1000000000000000");
        match self.basis {
            Basis::Rank { first, last } => {
                let words =
                    "a place from 1 to the challenge's capacity, or to the number of its teams";
                fault(first == 0 || first > capacity, "rank", words);
                fault(last < first, "to_rank", "it is before the first place");
            }
            Basis::Percentile(percent) => {
                let fits = (1..=100).contains(&percent);
                fault(!fits, "percentile", "1 to 100");
            }
            Basis::Threshold(score) => fault(score < 1, "threshold", "1 or more"),
            Basis::Pool(_) => {}
            Basis::Tier(tier) => {
                let words = "the number of a tier of a collective challenge, from 1";
                fault(tier == 0 || tier > tiers, "tier", words);
            }
        }
        faults
    }
}

/// The most that rewards can cost under a tie rule on a board of at most so many rows, 10^-6 token.
fn cost_micro(rewards: &[Reward], tie_rule: TieRule, rows: u32) -> i64 {
    let each = rewards.iter().map(|reward| match reward.basis {
        Basis::Pool(_) => reward.tokens_micro,
        Basis::Threshold(_) | Basis::Tier(_) => reward.tokens_micro.saturating_mul(i64::from(rows)),
        Basis::Rank { .. } | Basis::Percentile(_) if tie_rule == TieRule::All => 0,
        Basis::Rank { .. } | Basis::Percentile(_) => {
            let (first, last) = reward.places(rows).unwrap_or((1, 0));
            let winners = i64::from(last.saturating_add(1).saturating_sub(first));
            reward.tokens_micro.saturating_mul(winners)
        }
    });
    let each = each.fold(0, i64::saturating_add);
    if tie_rule != TieRule::All {
        return each;
    }
    // Everybody may be tied for the best place.
    each.saturating_add(best_place_micro(rewards).saturating_mul(i64::from(rows)))
}

/// The most that one place can win by place alone.
fn best_place_micro(rewards: &[Reward]) -> i64 {
    let at = |place: u32| {
        let wins = rewards.iter().filter(|reward| match reward.basis {
            Basis::Rank { first, last } => (first..=last).contains(&place),
            Basis::Percentile(_) => true,
            Basis::Threshold(_) | Basis::Pool(_) | Basis::Tier(_) => false,
        });
        wins.fold(0_i64, |sum, reward| sum.saturating_add(reward.tokens_micro))
    };
    let starts = rewards.iter().map(|reward| match reward.basis {
        Basis::Rank { first, .. } => first,
        _ => 1,
    });
    starts.map(at).max().unwrap_or(0)
}

/// The most that rewards of teams can cost with at most so many members, 10^-6 token: all of them may be in the team that wins most,
/// for a tie is never worth more than its best place.
fn cost_of_teams_micro(rewards: &[Reward], members: u32) -> i64 {
    let by_score = rewards.iter().filter_map(|reward| match reward.basis {
        Basis::Threshold(_) => Some(reward.tokens_micro),
        _ => None,
    });
    let each = by_score.fold(best_place_micro(rewards), i64::saturating_add);
    each.saturating_mul(i64::from(members))
}

impl Definition {
    /// The most that its prizes can cost, whatever the scores are, 10^-6 token. A series costs nothing: each of its cycles does.
    #[must_use]
    pub fn worst_case_micro(&self) -> i64 {
        if self.recurs.is_some() {
            return 0;
        }
        self.cost_micro(&self.rewards)
    }

    /// The same of some of its rewards.
    fn cost_micro(&self, rewards: &[Reward]) -> i64 {
        match self.teams() {
            Some(_) => cost_of_teams_micro(rewards, self.places()),
            None => cost_micro(rewards, self.tie_rule, self.places()),
        }
    }

    /// The rewards that a budget does not reach, in the order in which they are written; empty where it reaches all.
    #[must_use]
    pub fn over_budget(&self, budget_micro: i64) -> Vec<DefinitionFault> {
        let mut faults = Vec::new();
        for index in 0..self.rewards.len() {
            let first = self.rewards.get(..=index).unwrap_or_default();
            let cost_micro = self.cost_micro(first);
            if cost_micro > budget_micro {
                let words = format!(
                    "with those before it may cost {cost_micro}, and {budget_micro} is left"
                );
                let pointer = format!("/rewards/{index}");
                faults.push(DefinitionFault::at(pointer, "over_budget", words));
            }
        }
        faults
    }

    /// What is wrong with its rewards, besides what they cost.
    pub(super) fn reward_faults(&self) -> Vec<DefinitionFault> {
        let mut faults = Vec::new();
        let rewards = self.rewards.iter().enumerate();
        let teams = self.teams();
        let places = teams.map_or_else(|| self.places(), Teams::count);
        for (index, reward) in rewards {
            faults.extend(reward.faults(index, (places, self.kind.tiers())));
            if teams.is_some() && matches!(reward.basis, Basis::Pool(_)) {
                let words = "teams win by place or by score";
                let pointer = format!("/rewards/{index}/pool");
                faults.push(DefinitionFault::at(pointer, "unsupported", words));
            }
        }
        if self.rewards.len() > limits::REWARDS_MAX {
            faults.push(DefinitionFault::at("/rewards", "range", "at most 16"));
        }
        if self.rewards.is_empty() == self.campaign.is_some() {
            let words = "rewards are paid from a campaign, and a campaign pays for rewards";
            faults.push(DefinitionFault::at("/campaign", "needs_rewards", words));
        }
        faults
    }
}

#[cfg(test)]
mod tests;
