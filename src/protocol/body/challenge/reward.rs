//! A reward of a challenge as REST shows it.

use serde::Serialize;
use serde_json::Number;
use streakline_core::definition::{
    Measure,
    rewards::{self, Basis, Split, TieRule},
};
use utoipa::ToSchema;

use crate::protocol::body::quantity::measured;

/// One reward; it has exactly one of `rank`, `percentile`, `threshold`, `pool` and `tier`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reward {
    /// What each winner gets, or what a pool holds in all, 10^-6 token.
    #[schema(example = 100_000_000)]
    pub tokens_micro: i64,
    /// The place that wins it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub rank: Option<u32>,
    /// The last place that wins it, where several do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_rank: Option<u32>,
    /// The best so many per cent of all rows win it, rounded up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentile: Option<u32>,
    /// Every score from this one on wins it, in the metric's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub threshold: Option<Number>,
    /// All who have scored share it: `equal`, or by `score`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub pool: Option<&'static str>,
    /// Of a collective challenge: everybody with at least 1 % of an equal share wins it once the tier with this number is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<u32>,
}

impl Reward {
    /// A reward of a challenge whose scores are measured like that.
    #[must_use]
    pub fn of(reward: &rewards::Reward, scores: Measure) -> Self {
        let mut shown = Self {
            tokens_micro: reward.tokens_micro,
            ..Self::default()
        };
        match reward.basis {
            Basis::Rank { first, last } => {
                shown.rank = Some(first);
                shown.to_rank = (last != first).then_some(last);
            }
            Basis::Percentile(percent) => shown.percentile = Some(percent),
            Basis::Threshold(score) => shown.threshold = Some(measured(scores, score)),
            Basis::Pool(Split::Equal) => shown.pool = Some("equal"),
            Basis::Pool(Split::Score) => shown.pool = Some("score"),
            Basis::Tier(tier) => shown.tier = Some(tier),
        }
        shown
    }
}

/// The word for a tie rule.
pub(super) fn tie_rule(rule: TieRule) -> &'static str {
    match rule {
        TieRule::Earliest => "earliest",
        TieRule::Share => "share",
        TieRule::All => "all",
    }
}
