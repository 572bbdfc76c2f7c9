//! Types of challenges, with parameters that have no faults.

use streakline_core::{
    definition::{
        Clock, Definition, Kind, LateJoin,
        kind::{
            duel::Ring,
            journey::Waypoint,
            teams::{Roster, Team, TeamScore, Teams},
        },
        rewards::TieRule,
    },
    id::ChallengeId,
    input::UserInput,
    leaderboard::RankStyle,
    metric::Metric,
};

use crate::{
    random::Random,
    values::{maybe, words},
};

/// Gives a definition a type, and what that type wants of the rest.
pub(crate) fn with_kind(random: &mut Random, mut of: Definition) -> Definition {
    of.kind = kind(random);
    if let Kind::LastStanding { bar } = of.kind {
        (of.late, of.clock) = (LateJoin::No, Clock::UserLocal);
        of.per_day_cap = of.per_day_cap.map(|cap| cap.max(bar));
    }
    if let Some(teams) = of.teams() {
        of.capacity = of
            .capacity
            .map(|places| places.max(2 * teams.score.least()));
        of.late = LateJoin::No;
    }
    if of.eliminates().is_some() {
        (of.late, of.clock) = (LateJoin::No, Clock::UserLocal);
        (of.finalisation_h, of.tie_rule) = (72, TieRule::Share);
        let days = of.ends.since(of.starts).min(59);
        of.ends = of.starts.plus(days);
        let places = of.capacity.unwrap_or(10_000).min(10_000);
        of.capacity = Some(places);
        of.min_participants = of.min_participants.map(|least| least.min(places));
        if of.rank_style == RankStyle::Ordinal {
            of.rank_style = RankStyle::Dense;
        }
    }
    if let Kind::Duel { .. } = of.kind {
        (of.capacity, of.ends) = (Some(2), of.starts.plus(6));
        (of.late, of.clock) = (LateJoin::No, Clock::UserLocal);
        of.min_participants = of.min_participants.map(|least| least.min(2));
        if of.rank_style == RankStyle::Ordinal {
            of.rank_style = RankStyle::Dense;
        }
    }
    of
}

pub(crate) fn reach(random: &mut Random, challenge: ChallengeId, join: u32) -> UserInput {
    UserInput::Reach {
        challenge,
        join,
        tiers: u32::try_from(random.within(1, 20)).unwrap(),
    }
}

fn kind(random: &mut Random) -> Kind {
    let target = random.within(1, 1_000_000_000);
    match random.index(9) {
        8 => Kind::Elimination {
            lowest_percent: u32::try_from(random.within(1, 50)).unwrap(),
        },
        0 => Kind::Most,
        7 => Kind::TeamVsTeam(Box::new(teams(random))),
        6 => Kind::LastStanding { bar: target },
        5 => Kind::Duel {
            rings: METRICS.map(|metric| ring(random, metric)).to_vec(),
        },
        1 => Kind::Target { target },
        2 => Kind::Race {
            target,
            finishers: maybe(random, |random| {
                u32::try_from(random.within(1, 1_000_000)).unwrap()
            }),
        },
        3 => Kind::Collective {
            tiers: rising(random, 20),
        },
        _ => Kind::Journey {
            stages: rising(random, 32)
                .into_iter()
                .map(|distance_m| stage(random, distance_m))
                .collect(),
        },
    }
}

fn teams(random: &mut Random) -> Teams {
    let count = random.within(2, 64);
    let team = |number: i64| Team {
        key: format!("team-{number}.{}", random.index(9)),
        name: words(random, 50),
    };
    let teams = (0..count).map(team).collect();
    let best = u32::try_from(random.within(1, 100)).unwrap();
    Teams {
        teams,
        roster: [Roster::Chosen, Roster::Balanced][random.index(2)],
        score: [TeamScore::Mean, TeamScore::Sum, TeamScore::Best(best)][random.index(3)],
    }
}

const METRICS: [Metric; 3] = [Metric::STEPS, Metric::FLOORS, Metric::DISTANCE];

fn ring(random: &mut Random, metric: Metric) -> Ring {
    let target = random.within(1, 1_000_000);
    Ring { metric, target }
}

fn rising(random: &mut Random, most: i64) -> Vec<i64> {
    let mut last = 0;
    let count = random.within(1, most);
    let next = |_| {
        last += random.within(1, 1_000_000);
        last
    };
    (0..count).map(next).collect()
}

fn stage(random: &mut Random, distance_m: i64) -> Waypoint {
    let degrees = |random: &mut Random, most: i64| {
        i32::try_from(random.within(-most * 1_000_000, most * 1_000_000)).unwrap()
    };
    Waypoint {
        title: words(random, 100),
        distance_m,
        place: maybe(random, |random| (degrees(random, 90), degrees(random, 180))),
    }
}
