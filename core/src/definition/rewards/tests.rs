//! Faults of rewards, and the most that they can cost.

use alloc::{boxed::Box, vec};

use super::*;
use crate::{
    civil::Day,
    definition::{
        Kind, LateJoin,
        kind::teams::{Team, Teams},
    },
    id::CampaignId,
};

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
        capacity: Some(10),
        rewards,
        tie_rule,
        campaign: Some(CampaignId([1; 16])),
        ..Definition::new("Steps", (Day(1), Day(2)))
    }
}

fn of_teams(rewards: Vec<Reward>, tie_rule: TieRule) -> Definition {
    let team = |key: &str| Team {
        key: key.into(),
        name: key.into(),
    };
    let teams = Teams {
        teams: ["red", "blue"].map(team).to_vec(),
        ..Teams::default()
    };
    Definition {
        kind: Kind::TeamVsTeam(Box::new(teams)),
        late: LateJoin::No,
        ..paying(rewards, tie_rule)
    }
}

#[test]
fn everybody_may_be_in_the_team_that_wins_most() {
    let podium = vec![rank(1, 1, 100), rank(2, 2, 60), of(Basis::Threshold(5), 7)];
    for rule in [TieRule::Earliest, TieRule::Share, TieRule::All] {
        let teams = of_teams(podium.clone(), rule);
        assert_eq!(teams.faults(), []);
        assert_eq!(teams.worst_case_micro(), 10 * 107);
        assert_eq!(
            told(&teams.over_budget(1_069)),
            [("/rewards/2", "over_budget")]
        );
    }
}

#[test]
fn teams_win_by_place_among_themselves_and_share_no_pool() {
    let wrong = vec![rank(3, 3, 1), of(Basis::Pool(Split::Equal), 1)];
    let faults = of_teams(wrong, TieRule::Earliest).faults();
    let wanted = [
        ("/rewards/0/rank", "range"),
        ("/rewards/1/pool", "unsupported"),
    ];
    assert_eq!(told(&faults), wanted);
}

fn told(faults: &[DefinitionFault]) -> Vec<(&str, &str)> {
    let told = faults.iter().map(|fault| (&*fault.pointer, fault.code));
    told.collect()
}

#[test]
fn the_worst_case_is_every_place_taken_and_under_all_everybody_first() {
    let podium = vec![rank(1, 1, 100), rank(2, 2, 60), rank(3, 3, 40)];
    let cost = |rewards: &Vec<Reward>, rule| paying(rewards.clone(), rule).worst_case_micro();
    assert_eq!(cost(&podium, TieRule::Earliest), 200);
    assert_eq!(cost(&podium, TieRule::Share), 200);
    assert_eq!(cost(&podium, TieRule::All), 1_000);
    let others = vec![
        of(Basis::Percentile(25), 7),
        of(Basis::Threshold(5), 2),
        of(Basis::Pool(Split::Equal), 50),
    ];
    assert_eq!(cost(&others, TieRule::Earliest), 3 * 7 + 10 * 2 + 50);
    assert_eq!(cost(&others, TieRule::All), 10 * 7 + 10 * 2 + 50);
    let late = vec![rank(8, 30, 5)];
    assert_eq!(
        cost(&late, TieRule::Earliest),
        3 * 5,
        "there are ten places"
    );
    let endless = Definition {
        capacity: None,
        ..paying(vec![of(Basis::Threshold(5), i64::MAX)], TieRule::Earliest)
    };
    assert_eq!(endless.worst_case_micro(), i64::MAX);
}

#[test]
fn every_reward_that_a_budget_does_not_reach_is_named() {
    let rewards = vec![rank(1, 1, 100), rank(2, 2, 60), rank(3, 3, 40)];
    let definition = paying(rewards, TieRule::Earliest);
    assert_eq!(definition.over_budget(200), []);
    assert_eq!(
        told(&definition.over_budget(199)),
        [("/rewards/2", "over_budget")]
    );
    let found = definition.over_budget(120);
    let wanted = [("/rewards/1", "over_budget"), ("/rewards/2", "over_budget")];
    assert_eq!(told(&found), wanted);
    assert_eq!(
        found[0].detail,
        "with those before it may cost 160, and 120 is left"
    );
}

#[test]
fn every_fault_of_rewards_is_found_at_once() {
    let rewards = vec![
        rank(0, 1, 1),
        rank(3, 2, 1),
        of(Basis::Percentile(101), 0),
        of(Basis::Threshold(0), 1),
        rank(11, 12, limits::REWARD_MICRO_MAX + 1),
    ];
    let wanted = [
        ("/rewards/0/rank", "range"),
        ("/rewards/1/to_rank", "range"),
        ("/rewards/2/tokens_micro", "range"),
        ("/rewards/2/percentile", "range"),
        ("/rewards/3/threshold", "range"),
        ("/rewards/4/tokens_micro", "range"),
        ("/rewards/4/rank", "range"),
    ];
    assert_eq!(told(&paying(rewards, TieRule::All).faults()), wanted);
    let many = paying(vec![rank(1, 1, 1); 17], TieRule::All);
    assert_eq!(told(&many.faults()), [("/rewards", "range")]);
}

#[test]
fn rewards_and_a_campaign_come_together() {
    let wanted = [("/campaign", "needs_rewards")];
    assert_eq!(told(&paying(Vec::new(), TieRule::Share).faults()), wanted);
    let unpaid = Definition {
        campaign: None,
        ..paying(vec![rank(1, 1, 1)], TieRule::Share)
    };
    assert_eq!(told(&unpaid.faults()), wanted);
}

#[test]
fn a_percentile_is_rounded_up_to_whole_places() {
    let best = of(Basis::Percentile(10), 1);
    let places = [0, 1, 10, 11, 1_000_000].map(|rows| best.places(rows));
    let wanted = [0, 1, 1, 2, 100_000].map(|last| Some((1, last)));
    assert_eq!(places, wanted);
}

#[test]
fn a_tier_that_nobody_can_reach_is_a_fault_and_one_that_is_there_may_be_paid_to_all() {
    let tiers = vec![
        of(Basis::Tier(2), 5),
        of(Basis::Tier(3), 5),
        of(Basis::Tier(0), 5),
    ];
    let mut definition = paying(tiers, TieRule::Earliest);
    let most = definition.reward_faults();
    let wanted = [0, 1, 2].map(|index| alloc::format!("/rewards/{index}/tier"));
    let told: Vec<_> = most.iter().map(|fault| &*fault.pointer).collect();
    assert_eq!(told, wanted, "a challenge of another type has none");
    definition.kind = Kind::Collective {
        tiers: vec![100, 200],
    };
    let faults = definition.reward_faults();
    let told: Vec<_> = faults.iter().map(|fault| &*fault.pointer).collect();
    assert_eq!(told, &wanted[1..]);
    definition.rewards.truncate(1);
    assert_eq!(definition.worst_case_micro(), 10 * 5);
}
