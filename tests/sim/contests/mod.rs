//! What more is played in some worlds: a series whose members are carried on, teams against teams, and a challenge whose settlement is
//! annulled. What they must have come to is `recount`'s.

mod recount;

use std::ops::Range;

use streakline_core::{
    alias,
    calendar::Calendar,
    civil::{Day, HOUR_MS},
    definition::{
        Definition, Kind, LateJoin,
        kind::teams::{Roster, Team, TeamScore, Teams},
        recurs::{Every, Recurs, Schedule, cron::Cron},
        rewards::{Basis, Reward, TieRule},
    },
    id::{CampaignId, ChallengeId},
};

use crate::{
    random::Random,
    script::{Action, FIRST_DAY, Instant, Script},
    server::{ContestMail, Mail, rules},
};

pub(crate) use recount::{check, without};

/// The campaign that pays for these.
const CAMPAIGN: CampaignId = CampaignId([0xcb; 16]);
const SERIES: ChallengeId = ChallengeId([0x51; 16]);
const TEAMS: ChallengeId = ChallengeId([0x52; 16]);
const VOIDED: ChallengeId = ChallengeId([0x53; 16]);
/// What who is first wins, or everybody in the team that is: the one is held, the other is not.
const FIRST_MICRO: i64 = 1_500_000_000;
const TEAM_MICRO: i64 = 10_000_000;
/// What everybody who has scored wins.
const EACH_MICRO: i64 = 5_000_000;

/// Something that is done in one of these, by who is not that fast: nothing else is under way then, so chance does not say what it
/// comes to.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    Join { of: ChallengeId, person: usize },
    Leave { of: ChallengeId, person: usize },
    Void,
}

/// What a script has of them.
#[derive(Clone, Debug)]
pub(crate) struct Contests {
    series: Definition,
    teams: Definition,
    voided: Definition,
}

impl Contests {
    /// What staff makes and publishes, in the order of [`Contests::made`].
    pub(crate) fn get(&self, at: usize) -> (ChallengeId, &Definition) {
        [
            (SERIES, &self.series),
            (TEAMS, &self.teams),
            (VOIDED, &self.voided),
        ][at]
    }

    /// How many those are.
    const COUNT: usize = 3;

    /// A challenge that one takes part in.
    fn definition(&self, of: ChallengeId) -> Option<Definition> {
        match of {
            TEAMS => Some(self.teams.clone()),
            VOIDED => Some(self.voided.clone()),
            _ => {
                let zones = rules().zones;
                let number = self.cycles().find(|(_, id)| *id == of)?.0;
                self.series.cycle(SERIES, number, &*zones)
            }
        }
    }

    /// Every cycle of the series.
    fn cycles(&self) -> impl Iterator<Item = (u32, ChallengeId)> {
        let last = self.series.last_cycle();
        (1..=last).map(|number| (number, SERIES.of_cycle(number)))
    }

    /// Those that one takes part in.
    fn boards(&self) -> impl Iterator<Item = ChallengeId> {
        let cycles = self.cycles().map(|(_, id)| id);
        cycles.chain([TEAMS, VOIDED])
    }

    /// Every entity that these live in.
    pub(crate) fn entities(&self) -> impl Iterator<Item = ChallengeId> {
        self.boards().chain([SERIES, ChallengeId(CAMPAIGN.0)])
    }
}

fn rewards(first_micro: i64, each_micro: i64) -> Vec<Reward> {
    let reward = |basis, tokens_micro| Reward {
        basis,
        tokens_micro,
    };
    let first = Basis::Rank { first: 1, last: 1 };
    let mut rewards = vec![reward(first, first_micro)];
    if each_micro > 0 {
        rewards.push(reward(Basis::Threshold(1), each_micro));
    }
    rewards
}

/// One that starts on the second day, and lasts so many.
fn contest(random: &mut Random, title: &str, days: i32) -> Definition {
    let starts = Day::parse(FIRST_DAY).unwrap().plus(1);
    Definition {
        per_day_cap: random.permille(500).then_some(6_000),
        finalisation_h: [0, 6, 24][random.index(3)],
        capacity: Some(20),
        rewards: rewards(FIRST_MICRO, EACH_MICRO),
        campaign: Some(CAMPAIGN),
        ..Definition::new(title, (starts, starts.plus(days - 1)))
    }
}

fn contests(random: &mut Random) -> Contests {
    // It starts on a Friday: by days the second window follows at once, by the expression after a weekend.
    let schedule = match random.index(3) {
        0 => Schedule::Cron(Cron::parse("0 0 * * MON-FRI").unwrap()),
        _ => Schedule::Every(Every::Day),
    };
    let recurs = Recurs {
        count: u32::try_from(random.within(2, 4)).ok(),
        carry_members: true,
        ..Recurs::new(schedule)
    };
    let series = Definition {
        recurs: Some(recurs),
        ..contest(random, "Series", 1)
    };
    let team = |key: &str| Team {
        key: key.into(),
        name: key.into(),
    };
    let kind = Teams {
        teams: vec![team("red"), team("blue")],
        roster: Roster::Chosen,
        score: [TeamScore::Mean, TeamScore::Sum, TeamScore::Best(3)][random.index(3)],
    };
    let teams = Definition {
        kind: Kind::TeamVsTeam(kind.into()),
        late: LateJoin::No,
        // Under a cap of a day teams often stand equal.
        tie_rule: TieRule::All,
        rewards: rewards(TEAM_MICRO, 0),
        ..contest(random, "Teams", 2)
    };
    let voided = contest(random, "Voided", 1);
    for of in [&series, &teams, &voided] {
        assert_eq!(of.faults(), [], "an admin could publish it");
    }
    Contests {
        series,
        teams,
        voided,
    }
}

/// In some worlds these are played too. Where somebody is erased they are not: of a row without a name nobody can say whose prize it has.
pub(crate) fn with_contests(mut script: Script, random: &mut Random) -> Script {
    if script.instants.iter().any(Instant::erases) || random.permille(300) {
        return script;
    }
    let contests = contests(random);
    let made = (0..Contests::COUNT).map(|at| Action::MakeContest { at });
    script.instants[0].actions.extend(made);
    let published = (0..Contests::COUNT).map(|at| Action::PublishContest { at });
    script.instants[1].actions.extend(published);
    let opened_ms = script.instants[2].at_ms;
    let first = SERIES.of_cycle(1);
    let mut moves = Vec::new();
    for person in 0..script.people.len() {
        for of in [first, TEAMS, VOIDED] {
            if random.permille(850) {
                moves.push((opened_ms + 1, Move::Join { of, person }));
            }
        }
    }
    let times: Vec<i64> = script.instants[3..].iter().map(|of| of.at_ms).collect();
    // Each alone: what comes of two moves of one person depends on which is first.
    let mut after_ms = 0;
    let mut during = |span: Range<i64>, random: &mut Random| {
        after_ms += 1;
        let within: Vec<_> = times.iter().filter(|at| span.contains(at)).collect();
        (!within.is_empty()).then(|| within[random.index(within.len())] + after_ms)
    };
    let teams_run = opened_ms + HOUR_MS..contests.teams.ends_at_ms() - HOUR_MS;
    for (number, of) in contests.cycles() {
        let cycle = contests.definition(of).unwrap();
        let made_ms = contests.series.cycle_made_ms(number).unwrap();
        let run = made_ms.max(opened_ms) + HOUR_MS..cycle.ends_at_ms() - HOUR_MS;
        let person = random.index(script.people.len());
        if random.permille(400) {
            moves.extend(during(run.clone(), random).map(|at| (at, Move::Leave { of, person })));
        }
        if random.permille(300) {
            moves.extend(during(run, random).map(|at| (at, Move::Join { of, person })));
        }
    }
    let person = random.index(script.people.len());
    let left = during(teams_run, random).filter(|_| random.permille(500));
    moves.extend(left.map(|at| (at, Move::Leave { of: TEAMS, person })));
    let settled_ms = contests.voided.settles_at_ms();
    let annulled = during(settled_ms + HOUR_MS..i64::MAX, random);
    moves.extend(annulled.map(|at| (at, Move::Void)));
    script.contests = Some(contests);
    script.insert(moves);
    script
}

impl Script {
    /// Moves at instants of their own.
    fn insert(&mut self, mut moves: Vec<(i64, Move)>) {
        moves.sort_by_key(|(at_ms, _)| *at_ms);
        for moves in moves.chunk_by(|one, other| one.0 == other.0) {
            let actions = moves.iter().map(|(_, of)| Action::Move(of.clone()));
            let at_ms = moves[0].0;
            let instant = Instant {
                at_ms,
                actions: actions.collect(),
            };
            let place = self.instants.partition_point(|of| of.at_ms < at_ms);
            self.instants.insert(place, instant);
        }
    }

    /// Every entity of the challenges' kind.
    pub(crate) fn entities(&self) -> Vec<ChallengeId> {
        let own = self.challenges.iter().map(|(id, _)| *id);
        let contests = self.contests.iter().flat_map(Contests::entities);
        let campaign = ChallengeId(crate::script::CAMPAIGN.0);
        own.chain(contests).chain([campaign]).collect()
    }
}

/// What is asked for a move.
pub(crate) fn request(script: &Script, of: &Move, number: u64) -> Option<Mail> {
    let contests = script.contests.as_ref()?;
    Some(match of {
        Move::Join { of, person } => {
            let who = &script.people[*person];
            let definition = contests.definition(*of)?;
            let zone = rules().zones.zone(who.zone)?;
            let starts_ms = definition.starts_for(&Calendar::new(zone));
            let (user, shown) = (who.user.clone(), alias::derived(&who.user));
            if *of == TEAMS {
                let team = u8::try_from(*person % 2).unwrap();
                let join = (user, shown, starts_ms);
                return Some(Mail::Contest(ContestMail::JoinTeam(
                    TEAMS, number, join, team,
                )));
            }
            Mail::Enrol(user, number, *of, shown, starts_ms)
        }
        Move::Leave { of, person } => Mail::Leave(*of, number, script.people[*person].user.clone()),
        Move::Void => Mail::Contest(ContestMail::Void(VOIDED, number)),
    })
}

#[test]
fn many_worlds_play_them_and_every_move() {
    let (mut played, mut joined_later, mut left, mut left_teams, mut voided) = (0, 0, 0, 0, 0);
    for script in (0..100).map(crate::script::script) {
        played += usize::from(script.contests.is_some());
        let opened_ms = script.instants[2].at_ms;
        for (at_ms, of) in recount::moves(&script) {
            match of {
                Move::Join { .. } => joined_later += usize::from(at_ms > opened_ms + 1),
                Move::Leave { of: TEAMS, .. } => left_teams += 1,
                Move::Leave { .. } => left += 1,
                Move::Void => voided += 1,
            }
        }
    }
    let counts = [played, joined_later, left, left_teams, voided];
    assert!(counts.iter().all(|count| *count > 5), "{counts:?}");
}
