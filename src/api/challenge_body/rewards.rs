//! What a challenge pays: its rewards, its tie rule, and the campaign behind them.

use serde_json::Value;
use streakline_core::{
    definition::rewards::{Basis, Reward, Split, TieRule},
    id::CampaignId,
    limits,
    metric::Metric,
};
use utoipa::ToSchema;

use crate::api::{
    fault::Wrong,
    fields::{Fields, integer, text, word},
    goal_body::amount,
};

/// One reward; it has exactly one of `rank`, `percentile`, `threshold`, `pool` and `tier`.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct RewardBody {
    /// What each winner gets, or what a pool holds in all, 10^-6 token.
    #[schema(
        example = 100_000_000,
        minimum = 1,
        maximum = 1_000_000_000_000_000_i64
    )]
    tokens_micro: i64,
    /// The place that wins it.
    #[schema(example = 1, minimum = 1)]
    rank: Option<u32>,
    /// The last place that wins it, where several do.
    to_rank: Option<u32>,
    /// The best so many per cent of all rows win it, rounded up.
    #[schema(minimum = 1, maximum = 100)]
    percentile: Option<u32>,
    /// Every score from this one on wins it, in the metric's unit; of a duel points, of `last_standing` rounds.
    #[schema(minimum = 0)]
    threshold: Option<f64>,
    /// All who have scored share it: `equal`, or by `score`.
    pool: Option<String>,
    /// Of a collective challenge: everybody with at least 1 % of an equal share wins it once the tier with this number is reached.
    #[schema(example = 1, minimum = 1)]
    tier: Option<u32>,
}

/// The rewards of a list that is there, each where it is well-formed; `scored`: the metric of a score that is one's.
pub(super) fn rewards(items: Vec<Fields<'_>>, scored: Option<Metric>) -> Vec<Reward> {
    let items = items.into_iter();
    items.filter_map(|item| reward(item, scored)).collect()
}

fn reward(mut item: Fields<'_>, scored: Option<Metric>) -> Option<Reward> {
    let places = || integer(0..=i64::from(u32::MAX));
    let tokens_micro = item.required("tokens_micro", integer(0..=limits::REWARD_MICRO_MAX));
    let rank = item.optional("rank", places());
    let to_rank = item.optional("to_rank", places());
    let percentile = item.optional("percentile", integer(0..=100));
    let threshold = item.optional("threshold", amount(scored, 0));
    let pool = item.optional("pool", word(&["equal", "score"]));
    let tier = item.optional("tier", places());
    let named = ["rank", "percentile", "threshold", "pool", "tier"];
    let count = named.iter().filter(|name| item.has(name)).count();
    if count != 1 {
        let words = "has exactly one of rank, percentile, threshold, pool and tier";
        item.fault("rank", Wrong::new("one_of", words));
    } else if item.has("to_rank") && !item.has("rank") {
        item.fault(
            "to_rank",
            Wrong::new("needs_rank", "it ends where rank begins"),
        );
    }
    item.done(&[]);
    let place = |place: i64| u32::try_from(place).unwrap_or(u32::MAX);
    let basis = match (rank, percentile, threshold, pool, tier) {
        (Some(first), ..) => Basis::Rank {
            first: place(first),
            last: place(to_rank.unwrap_or(first)),
        },
        (_, Some(percent), ..) => Basis::Percentile(place(percent)),
        (_, _, Some(score), ..) => Basis::Threshold(score),
        (.., Some("score"), _) => Basis::Pool(Split::Score),
        (.., Some(_), _) => Basis::Pool(Split::Equal),
        (.., Some(tier)) => Basis::Tier(place(tier)),
        _ => return None,
    };
    Some(Reward {
        basis,
        tokens_micro: tokens_micro?,
    })
}

/// What becomes of equal scores.
pub(super) fn tie_rule(word: &str) -> TieRule {
    match word {
        "share" => TieRule::Share,
        "all" => TieRule::All,
        _ => TieRule::Earliest,
    }
}

/// The id of a campaign.
pub(super) fn campaign(value: &Value) -> Result<CampaignId, Wrong> {
    CampaignId::parse(&text(value)?).map_err(|error| Wrong::range(error.to_string()))
}
