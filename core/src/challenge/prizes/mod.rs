//! Who wins what on a board that is over: rewards and tie rule against rows in board order (domain.md 5.1, 5.6).
//!
//! One pass over the rows, in the order in which the board holds them; nothing is sorted. What is won is a function of the rows
//! and the definition alone, so it is stored nowhere: every restart computes the same.

use alloc::{collections::BTreeMap, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    definition::{
        Definition, Scale,
        kind::collective,
        rewards::{Basis, Reward, Split, TieRule},
    },
    leaderboard::RowKey,
};

/// What one row wins by one reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Prize {
    /// Which reward of the definition, from 0; prizes by place that a row wins together have the number of the first of them.
    #[n(0)]
    pub reward: u32,
    /// Amount, 10^-6 token, above 0.
    #[n(1)]
    pub amount_micro: i64,
}

/// What every winner gets, by what tells the rows apart.
pub type Prizes<K> = BTreeMap<K, Vec<Prize>>;

/// Rows of equal score: their places and that score.
struct Tie {
    first: u32,
    last: u32,
    score: i64,
}

impl Tie {
    fn len(&self) -> u32 {
        self.last.saturating_add(1).saturating_sub(self.first)
    }

    fn sum(&self) -> i128 {
        i128::from(self.score).saturating_mul(i128::from(self.len()))
    }
}

/// What a board pays, and what it must know of all rows for that.
struct Purse<'a> {
    rewards: &'a [Reward],
    tie_rule: TieRule,
    rows: u32,
    /// Parts of a store unit that the scores of these rows are counted in.
    parts: i64,
    scorers: u32,
    scores: i128,
    tiers: u32,
}

/// What every winner of a board gets; `rows`: in board order, `tiers`: how many of a collective challenge's were reached. Of a challenge
/// of teams these are the teams.
#[must_use]
pub fn prizes<K: Ord + Clone>(
    definition: &Definition,
    (rows, tiers): (&[RowKey<K>], u32),
) -> Prizes<K> {
    let mut prizes = Prizes::new();
    if definition.rewards.is_empty() {
        return prizes;
    }
    let ties = ties(definition.kind.scale(definition.metric), rows);
    let scored = || ties.iter().filter(|tie| tie.score > 0);
    let purse = Purse {
        rewards: &definition.rewards,
        tie_rule: definition.tie_rule,
        rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        parts: definition.teams().map_or(1, |teams| teams.score.parts()),
        scorers: scored().map(Tie::len).fold(0, u32::saturating_add),
        scores: scored().map(Tie::sum).fold(0, i128::saturating_add),
        tiers,
    };
    let mut places = (1_u32..).zip(rows);
    for tie in &ties {
        let tied = usize::try_from(tie.len()).unwrap_or(usize::MAX);
        for (place, row) in places.by_ref().take(tied) {
            let won = purse.of(tie, place);
            if tie.score > 0 && !won.is_empty() {
                prizes.insert(row.id.clone(), won);
            }
        }
    }
    prizes
}

/// Rows that stand equal, best first.
fn ties<K>(scale: Scale, rows: &[RowKey<K>]) -> Vec<Tie> {
    let mut next = 1_u32;
    let tied = rows.chunk_by(|one, other| one.score == other.score);
    let ties = tied.map(|tied| {
        let (first, key) = (next, tied.first().map_or(0, |row| row.score));
        next = first.saturating_add(u32::try_from(tied.len()).unwrap_or(u32::MAX));
        Tie {
            first,
            last: next.saturating_sub(1),
            score: scale.reached(key, first).score,
        }
    });
    ties.collect()
}

/// What prizes come to, 10^-6 token.
pub fn total_micro<K>(prizes: &Prizes<K>) -> i64 {
    prizes
        .values()
        .map(|prizes| sum_micro(prizes))
        .fold(0, i64::saturating_add)
}

/// What one row's prizes come to, 10^-6 token.
#[must_use]
pub fn sum_micro(prizes: &[Prize]) -> i64 {
    let amounts = prizes.iter().map(|prize| prize.amount_micro.max(0));
    amounts.fold(0, i64::saturating_add)
}

impl Purse<'_> {
    /// What the row at a place wins.
    fn of(&self, tie: &Tie, place: u32) -> Vec<Prize> {
        let numbered = (0_u32..).zip(self.rewards);
        let mut won: Vec<Prize> = self.by_place(tie, place).into_iter().collect();
        won.extend(numbered.map(|(reward, of)| Prize {
            reward,
            amount_micro: self.by_score(of, tie.score),
        }));
        won.retain(|prize| prize.amount_micro > 0);
        won
    }

    /// All prizes by place together: of the place itself, or what the tie makes of those of its places.
    fn by_place(&self, tie: &Tie, place: u32) -> Option<Prize> {
        let (first, last) = match self.tie_rule {
            TieRule::Earliest => (place, place),
            TieRule::Share | TieRule::All => (tie.first, tie.last),
        };
        let amount = match self.tie_rule {
            TieRule::Earliest => self.at(place),
            TieRule::Share => self
                .between(first, last)
                .checked_div(i128::from(tie.len()))
                .unwrap_or(0),
            TieRule::All => self.best(first, last),
        };
        let meets = |reward: &&Reward| {
            let places = reward.places(self.rows);
            places.is_some_and(|(from, to)| from.max(first) <= to.min(last))
        };
        let mut numbered = (0_u32..).zip(self.rewards);
        let (reward, _) = numbered.find(|(_, reward)| meets(reward))?;
        Some(Prize {
            reward,
            amount_micro: i64::try_from(amount).unwrap_or(i64::MAX),
        })
    }

    /// The prizes of one place.
    fn at(&self, place: u32) -> i128 {
        self.between(place, place)
    }

    /// The prizes of all places between two, both inside.
    fn between(&self, first: u32, last: u32) -> i128 {
        let sums = self.rewards.iter().filter_map(|reward| {
            let (from, to) = reward.places(self.rows)?;
            let (from, to) = (from.max(first), to.min(last));
            let places = i128::from(to)
                .saturating_add(1)
                .saturating_sub(i128::from(from));
            Some(
                places
                    .max(0)
                    .saturating_mul(i128::from(reward.tokens_micro)),
            )
        });
        sums.fold(0, i128::saturating_add)
    }

    /// The best prize of the places between two, both inside. It changes only where a reward begins.
    fn best(&self, first: u32, last: u32) -> i128 {
        let begins = self
            .rewards
            .iter()
            .filter_map(|reward| reward.places(self.rows));
        let begins = begins
            .map(|(from, _)| from)
            .filter(|from| (first..=last).contains(from));
        let best = begins.map(|place| self.at(place)).max();
        best.unwrap_or(0).max(self.at(first))
    }

    /// Whether a tier is reached, and a score has a part in it.
    fn brings(&self, tier: u32, score: i64) -> bool {
        tier <= self.tiers && collective::is_entitled(score, self.rows, self.scores)
    }

    /// What a score wins by itself.
    fn by_score(&self, reward: &Reward, score: i64) -> i64 {
        match reward.basis {
            Basis::Threshold(least) if score >= least.saturating_mul(self.parts) => {
                reward.tokens_micro
            }
            Basis::Pool(Split::Equal) => reward
                .tokens_micro
                .checked_div(i64::from(self.scorers))
                .unwrap_or(0),
            Basis::Pool(Split::Score) => {
                let part = i128::from(reward.tokens_micro).saturating_mul(i128::from(score));
                i64::try_from(part.checked_div(self.scores).unwrap_or(0)).unwrap_or(0)
            }
            Basis::Tier(tier) if self.brings(tier, score) => reward.tokens_micro,
            Basis::Threshold(_) | Basis::Tier(_) => 0,
            Basis::Rank { .. } | Basis::Percentile(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests;
