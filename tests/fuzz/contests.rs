//! Valid definitions, rewards and inputs of challenges and campaigns, each named by a seed.

use streakline_core::{
    campaign::CampaignInput,
    challenge::{Departed, prizes::Prize},
    definition::{
        Definition, Evidence, Keeping, Kind, LateJoin,
        kind::teams::Teams,
        rewards::{Basis, Reward, Split, TieRule},
    },
    id::{CampaignId, ChallengeId, MemberNumber, TemplateId},
    input::{ChallengeInput, Conclusion, TeamPlace},
    leaderboard::RankStyle,
    metric::Metric,
};

use crate::{
    attributes, cycles, kinds,
    random::Random,
    templates, terms,
    values::{FROM_MS, bytes32, day, encoded, few, maybe, retry, skip, user_id, words},
};

const RANK_STYLES: [RankStyle; 3] = [RankStyle::Competition, RankStyle::Dense, RankStyle::Ordinal];

pub(crate) fn definition(random: &mut Random) -> Definition {
    let starts = day(random);
    let opens_ms = starts.utc_ms() - random.within(0, 1_000_000_000);
    let capacity = maybe(random, |random| {
        u32::try_from(random.within(1, 1_000_000)).unwrap()
    });
    let (late, days) = terms::late(random);
    let of = Definition {
        title: words(random, 200),
        metric: counted(random),
        starts,
        ends: starts.plus(i32::try_from(random.within(0, days - 1)).unwrap()),
        join_opens_ms: maybe(random, |_| opens_ms),
        late,
        waitlist: capacity.map_or(0, |_| u32::try_from(random.within(0, 100_000)).unwrap()),
        capacity,
        per_day_cap: maybe(random, |random| random.within(1, 1_000_000_000)),
        finalisation_h: u32::try_from(random.within(0, 72)).unwrap(),
        rank_style: RANK_STYLES[random.index(3)],
        tie_rule: [TieRule::Earliest, TieRule::Share, TieRule::All][random.index(3)],
        campaign: None,
        rewards: Vec::new(),
        kind: Kind::Most,
        clock: terms::clock(random, starts),
        evidence: [
            Evidence::Sensed,
            Evidence::Any,
            Evidence::WorkoutWithHr,
            Evidence::Attested,
        ][random.index(4)],
        eligibility: maybe(random, attributes::rule),
        segments: maybe(random, attributes::name).into_iter().collect(),
        min_participants: maybe(random, |random| terms::least(random, capacity)),
        recurs: None,
        cycle: None,
        rolling_days: None,
        is_endless: false,
        template: maybe(random, |random| TemplateId(few(random))),
        keeping: Keeping::Whole,
    };
    let mut of = kinds::with_kind(random, of);
    let walks = [Metric::STEPS, Metric::DISTANCE].contains(&of.metric);
    let unfit = match of.kind {
        Kind::Journey { .. } => !walks,
        Kind::Duel { .. } => true,
        _ => false,
    };
    if unfit || of.late == LateJoin::Prorated {
        of.metric = Metric::STEPS;
    }
    // Some types have places of their own, and no prize is for a place behind the last.
    let teams = of.teams().map(Teams::count);
    let places = teams.unwrap_or_else(|| of.capacity.unwrap_or(100));
    of.rewards = some_rewards(random, (places.min(100), of.kind.tiers()));
    if teams.is_some() {
        // Teams win by place or by score.
        of.rewards
            .retain(|reward| !matches!(reward.basis, Basis::Pool(_)));
    }
    of.campaign = (!of.rewards.is_empty()).then(|| CampaignId(few(random)));
    let of = cycles::with_cycles(random, of);
    let of = terms::with_standing(random, of);
    terms::with_keeping(random, of)
}

/// Mostly steps; else with another number of store units in one unit.
fn counted(random: &mut Random) -> Metric {
    let others = [Metric::DISTANCE, Metric::ACTIVE_ENERGY, Metric::FLOORS];
    match random.permille(600) {
        true => Metric::STEPS,
        false => others[random.index(3)],
    }
}

fn some_rewards(random: &mut Random, (places, tiers): (u32, u32)) -> Vec<Reward> {
    let count = random.index(4);
    let reward = |random: &mut Random| {
        let first = u32::try_from(random.within(1, i64::from(places))).unwrap();
        let basis = match random.index(6) {
            5 if tiers > 0 => Basis::Tier(first.min(tiers)),
            0 => Basis::Percentile(first),
            1 => Basis::Threshold(random.within(1, 1_000_000)),
            2 => Basis::Pool(Split::Equal),
            3 => Basis::Pool(Split::Score),
            _ => Basis::Rank {
                first,
                last: first + 3,
            },
        };
        Reward {
            basis,
            tokens_micro: random.within(1, 1_000_000_000_000_000),
        }
    };
    (0..count).map(|_| reward(random)).collect()
}

fn campaign_input(random: &mut Random) -> CampaignInput {
    let challenge = ChallengeId(few(random));
    let amount = random.within(0, 1_000_000_000_000);
    match random.index(3) {
        0 => CampaignInput::Fund {
            title: words(random, 200),
            budget_micro: amount,
        },
        1 => CampaignInput::Reserve {
            challenge,
            amount_micro: amount,
        },
        _ => CampaignInput::Close {
            challenge,
            spent_micro: amount,
        },
    }
}

pub(crate) fn conclusion(random: &mut Random) -> Conclusion {
    match random.index(6) {
        0 => return Conclusion::NotAdmitted,
        1 | 2 => return Conclusion::Cancelled(words(random, 200)),
        3 => {
            return Conclusion::Voided {
                reason: words(random, 200),
                campaign: maybe(random, |random| CampaignId(few(random))),
                prizes: prizes(random),
            };
        }
        _ => {}
    }
    Conclusion::Settled {
        rank: u32::try_from(random.within(1, 100)).unwrap(),
        score: random.within(0, 1_000_000_000),
        participants: u32::try_from(random.within(1, 1_000_000)).unwrap(),
        finished_at_ms: maybe(random, |random| FROM_MS + random.within(0, 1_000_000_000)),
        prizes: prizes(random),
        team: maybe(random, team_place),
    }
}

fn prizes(random: &mut Random) -> Vec<Prize> {
    let rewards = 0..u32::try_from(random.within(0, 2)).unwrap();
    let prize = |reward| Prize {
        reward,
        amount_micro: random.within(1, 2_000_000_000),
    };
    rewards.map(prize).collect()
}

/// How a team may have ended.
pub(crate) fn team_place(random: &mut Random) -> TeamPlace {
    TeamPlace {
        team: format!("team-{}", random.index(9)),
        rank: maybe(random, |random| {
            u32::try_from(random.within(1, 64)).unwrap()
        }),
    }
}

fn departed(random: &mut Random) -> Option<Departed> {
    maybe(random, |random| Departed {
        score: random.within(0, 1_000_000_000),
        achieved_at_ms: FROM_MS + random.within(0, 1_000_000_000),
    })
}

pub(crate) fn challenge_input(random: &mut Random) -> ChallengeInput {
    match random.index(20) {
        18 => ChallengeInput::Template(templates::input(random)),
        15 => ChallengeInput::Void(words(random, 200)),
        16 => ChallengeInput::Fall {
            round: u32::try_from(random.within(0, 3)).unwrap(),
            members: vec![MemberNumber(u32::try_from(random.within(0, 9)).unwrap())],
        },
        17 => ChallengeInput::Cycle(cycles::input(random)),
        14 => ChallengeInput::Reach(u32::try_from(random.index(9)).unwrap()),
        13 => ChallengeInput::Count(u32::try_from(random.within(0, 9)).unwrap()),
        12 => ChallengeInput::Campaign(campaign_input(random)),
        0 => ChallengeInput::Create(definition(random)),
        1 => ChallengeInput::Replace(definition(random)),
        2 => ChallengeInput::Discard,
        3 => ChallengeInput::Publish,
        4 => ChallengeInput::Cancel(words(random, 200)),
        5 => ChallengeInput::Join {
            user: user_id(random),
            alias: words(random, 40),
            starts_ms: FROM_MS + random.within(-1_000_000_000, 1_000_000_000),
            member: MemberNumber(u32::try_from(random.within(0, 9)).unwrap()),
            waits: random.permille(300),
            team: maybe(random, |random| u8::try_from(random.within(0, 3)).unwrap()),
            carried: maybe(random, cycles::carried),
        },
        6 => ChallengeInput::Leave(user_id(random), departed(random)),
        7 => ChallengeInput::Settle {
            cutoff_ms: FROM_MS + random.within(0, 1_000_000_000),
            digest: bytes32(random),
            participants: u32::try_from(random.within(0, 1_000)).unwrap(),
        },
        8 => ChallengeInput::Skip(skip(random)),
        10 => ChallengeInput::Forget(MemberNumber(u32::try_from(random.within(0, 9)).unwrap())),
        9 => ChallengeInput::Retry(retry(random, encoded(ChallengeInput::Tick))),
        11 => {
            let number = MemberNumber(u32::try_from(random.within(0, 9)).unwrap());
            let team = maybe(random, |random| u8::try_from(random.within(0, 3)).unwrap());
            ChallengeInput::Admit(vec![number], team.into_iter().collect())
        }
        _ => ChallengeInput::Tick,
    }
}
