//! The examples of domain.md 5.6, and that nothing pays more than it may.

use alloc::{vec, vec::Vec};
use proptest::{collection::vec as list, prelude::*, sample::select};

use super::*;
use crate::{civil::Day, id::CampaignId};

fn rank(first: u32, last: u32, tokens_micro: i64) -> Reward {
    let basis = Basis::Rank { first, last };
    Reward {
        basis,
        tokens_micro,
    }
}

fn of(basis: Basis, tokens_micro: i64) -> Reward {
    Reward {
        basis,
        tokens_micro,
    }
}

fn paying(rewards: Vec<Reward>, tie_rule: TieRule) -> Definition {
    Definition {
        rewards,
        tie_rule,
        campaign: Some(CampaignId([1; 16])),
        ..Definition::new("Steps", (Day(1), Day(2)))
    }
}

/// What each row gets in all, in board order.
fn paid(rewards: &[Reward], tie_rule: TieRule, scores: &[i64]) -> Vec<i64> {
    let rows = rows(scores);
    let won = prizes(&paying(rewards.to_vec(), tie_rule), (&rows, 1));
    let sum = |row: &u32| {
        let of_row = won.get(row).into_iter().flatten();
        of_row.map(|prize| prize.amount_micro).sum()
    };
    rows.iter().map(|row| sum(&row.id)).collect()
}

/// Rows of these scores, which fall.
fn rows(scores: &[i64]) -> Vec<RowKey<u32>> {
    let row = |(id, score): (u32, &i64)| RowKey {
        score: *score,
        achieved_at_ms: 0,
        id,
    };
    (0_u32..).zip(scores).map(row).collect()
}

#[test]
fn ties_are_broken_shared_or_all_paid_as_domain_md_5_6_says() {
    let podium = [rank(1, 1, 100), rank(2, 2, 60), rank(3, 3, 40)];
    let scores = [12_000, 12_000, 11_000];
    assert_eq!(paid(&podium, TieRule::Share, &scores), [80, 80, 40]);
    assert_eq!(paid(&podium, TieRule::All, &scores), [100, 100, 40]);
    assert_eq!(paid(&podium, TieRule::Earliest, &scores), [100, 60, 40]);
}

#[test]
fn what_cannot_be_shared_evenly_stays() {
    let podium = [rank(1, 1, 100)];
    assert_eq!(paid(&podium, TieRule::Share, &[7, 7, 7]), [33, 33, 33]);
    let pool = [of(Basis::Pool(Split::Equal), 100)];
    assert_eq!(
        paid(&pool, TieRule::Earliest, &[7, 6, 5, 0]),
        [33, 33, 33, 0]
    );
}

#[test]
fn a_tie_over_the_last_paid_place_shares_or_takes_its_prize() {
    let first_two = [rank(1, 2, 60)];
    let scores = [9, 5, 5, 5];
    assert_eq!(paid(&first_two, TieRule::Share, &scores), [60, 20, 20, 20]);
    assert_eq!(paid(&first_two, TieRule::All, &scores), [60, 60, 60, 60]);
    assert_eq!(paid(&first_two, TieRule::Earliest, &scores), [60, 60, 0, 0]);
    let second_is_more = [rank(1, 1, 1), rank(2, 2, 5)];
    assert_eq!(paid(&second_is_more, TieRule::All, &[4, 4]), [5, 5]);
}

#[test]
fn percentiles_thresholds_and_pools_pay_beside_places() {
    let rewards = [
        rank(1, 1, 1_000),
        of(Basis::Percentile(50), 100),
        of(Basis::Threshold(30), 10),
        of(Basis::Pool(Split::Score), 100),
    ];
    let scores = [60, 30, 10, 0];
    let wanted = [1_000 + 100 + 10 + 60, 100 + 10 + 30, 10, 0];
    assert_eq!(paid(&rewards, TieRule::Earliest, &scores), wanted);
    let rows = rows(&scores);
    let won = prizes(&paying(rewards.to_vec(), TieRule::Earliest), (&rows, 1));
    let first = won[&0]
        .iter()
        .map(|prize| (prize.reward, prize.amount_micro));
    assert_eq!(first.collect::<Vec<_>>(), [(0, 1_100), (2, 10), (3, 60)]);
    assert_eq!(total_micro(&won), 1_320);
}

#[test]
fn who_has_no_score_wins_nothing() {
    let rewards = [rank(1, 3, 5), of(Basis::Percentile(100), 5)];
    for rule in [TieRule::Earliest, TieRule::Share, TieRule::All] {
        assert_eq!(paid(&rewards, rule, &[0, 0, 0]), [0, 0, 0]);
    }
}

#[test]
fn a_tier_pays_everybody_with_a_part_in_the_sum_once_it_is_reached() {
    // An equal share of 404 among 4 is 101, and 1 % of it 1.01.
    let tiers = [of(Basis::Tier(1), 10), of(Basis::Tier(2), 100)];
    let scores = [400, 3, 1, 0];
    let rule = TieRule::Earliest;
    assert_eq!(
        paid(&tiers, rule, &scores),
        [10, 10, 0, 0],
        "one is reached"
    );
    assert_eq!(paid(&tiers, rule, &[0, 0]), [0, 0]);
}

fn any_reward() -> impl Strategy<Value = Reward> {
    let basis = prop_oneof![
        (1_u32..12, 0_u32..6).prop_map(|(first, more)| Basis::Rank {
            first,
            last: first + more
        }),
        (1_u32..=100).prop_map(Basis::Percentile),
        (1_i64..8).prop_map(Basis::Threshold),
        (1_u32..3).prop_map(Basis::Tier),
        select(vec![Split::Equal, Split::Score]).prop_map(Basis::Pool),
    ];
    (basis, 1_i64..1_000).prop_map(|(basis, tokens_micro)| of(basis, tokens_micro))
}

proptest! {
    #[test]
    fn t5_9_no_scores_and_no_tie_rule_pay_more_than_the_worst_case(
        rewards in list(any_reward(), 1..6),
        rule in select(vec![TieRule::Earliest, TieRule::Share, TieRule::All]),
        mut scores in list(0_i64..9, 1..14),
        free in 0_u32..4,
    ) {
        scores.sort_unstable_by(|one, other| other.cmp(one));
        let rows = rows(&scores);
        let mut definition = paying(rewards, rule);
        definition.capacity = Some(u32::try_from(rows.len()).unwrap() + free);
        let budget_micro = definition.worst_case_micro();
        prop_assert!(definition.over_budget(budget_micro).is_empty());
        let won = prizes(&definition, (&rows, 1));
        prop_assert!(total_micro(&won) <= budget_micro);
        prop_assert!(won.values().flatten().all(|prize| prize.amount_micro > 0));
        for of_row in won.values() {
            let mut numbers: Vec<_> = of_row.iter().map(|prize| prize.reward).collect();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), of_row.len(), "each prize has a key of its own");
        }
    }
}
