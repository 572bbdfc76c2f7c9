//! Who comes into which team, what stays of who leaves, and how teams stand while they play, once it is over, and when somebody is
//! erased.

use alloc::{boxed::Box, format, string::String, vec, vec::Vec};

use super::{super::scene::*, *};
use crate::{
    definition::{
        Kind, LateJoin,
        kind::teams::TeamScore,
        rewards::{Basis, Reward, TieRule},
    },
    id::CampaignId,
    input::{Conclusion, UserInput},
};

/// Everybody's window starts then, POSIX ms.
const STARTS_MS: i64 = 600_000;

fn teams(roster: Roster, score: TeamScore) -> Definition {
    let team = |key: &str| Team {
        key: key.into(),
        name: format!("The {key}"),
    };
    Definition {
        late: LateJoin::No,
        kind: Kind::TeamVsTeam(Box::new(Teams {
            teams: ["red", "blue", "green"].map(team).to_vec(),
            roster,
            score,
        })),
        ..definition()
    }
}

fn opened(definition: Definition) -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    give(&mut resident, ChallengeInput::Create(definition));
    give(&mut resident, ChallengeInput::Publish);
    resident
}

fn join_as(resident: &mut Resident, name: &str, team: Option<&str>) {
    let challenge = resident.challenge();
    let wanted = challenge.wanted_team(team).unwrap();
    let who = (user(name), alias(name));
    let joining = challenge.joining_team(wanted, who, (STARTS_MS, 0));
    give(resident, joining);
}

fn team_of(resident: &Resident, name: &str) -> Option<String> {
    resident.challenge().enrolment(&user(name))?.team
}

/// Red has 30, 20, 10; blue 25, 25; green 0, 0, 0, 0.
fn playing(score: TeamScore) -> Resident {
    let mut resident = opened(teams(Roster::Chosen, score));
    let scores = [
        ("red", [30, 20, 10].as_slice()),
        ("blue", &[25, 25]),
        ("green", &[0, 0, 0, 0]),
    ];
    for (team, scores) in scores {
        for (place, score) in scores.iter().enumerate() {
            let name = format!("{team}{place}");
            join_as(&mut resident, &name, Some(team));
            resident.take(&contribution(&name, 1, *score));
        }
    }
    resident
}

/// Key, rank, score, members and whether it is ranked, of each team.
fn standings(resident: &Resident) -> Vec<(String, u32, i64, u32, bool)> {
    let board = resident.challenge().team_board(resident.board(), 0);
    let row = |row: RowView| {
        let (members, is_ranked) = row.roster.unwrap();
        (row.row, row.rank, row.score, members, is_ranked)
    };
    board.unwrap().items.into_iter().map(row).collect()
}

fn stood(of: [(&str, u32, i64, u32, bool); 3]) -> Vec<(String, u32, i64, u32, bool)> {
    let owned = of.map(|(key, rank, score, members, is)| (key.into(), rank, score, members, is));
    owned.to_vec()
}

fn leave(resident: &mut Resident, stamp_ms: i64, name: &str) {
    let leaving = resident.completed(ChallengeInput::Leave(user(name), None));
    at(resident, stamp_ms, leaving);
}

#[test]
fn who_joins_names_a_team_where_it_may_and_must() {
    let chosen = opened(teams(Roster::Chosen, TeamScore::Mean));
    let wanted = |key| chosen.challenge().wanted_team(key);
    assert_eq!(wanted(Some("blue")), Ok(Some(1)));
    assert_eq!(wanted(None), Err(WrongTeam::Missing));
    assert_eq!(wanted(Some("pink")), Err(WrongTeam::Unknown));
    let balanced = opened(teams(Roster::Balanced, TeamScore::Mean));
    let wanted = |key| balanced.challenge().wanted_team(key);
    assert_eq!(
        (wanted(None), wanted(Some("red"))),
        (Ok(None), Err(WrongTeam::NotChosen))
    );
    let none = open();
    assert_eq!(
        none.challenge().wanted_team(Some("red")),
        Err(WrongTeam::None)
    );
}

#[test]
fn a_balanced_roster_takes_the_smallest_team_and_the_first_of_several() {
    let mut resident = opened(teams(Roster::Balanced, TeamScore::Mean));
    for name in ["ann", "bob", "cat", "dan"] {
        join_as(&mut resident, name, None);
    }
    let of = |resident: &Resident, name: &str| team_of(resident, name).unwrap();
    let found = ["ann", "bob", "cat", "dan"].map(|name| of(&resident, name));
    assert_eq!(found, ["red", "blue", "green", "red"]);
    leave(&mut resident, 0, "bob");
    join_as(&mut resident, "eve", None);
    assert_eq!(of(&resident, "eve"), "blue");
    forget(&mut resident, "cat");
    join_as(&mut resident, "fay", None);
    assert_eq!(of(&resident, "fay"), "green");
    assert_eq!(resident.challenge().rosters, [2, 1, 1]);
}

#[test]
fn who_waits_is_given_the_smallest_team_when_a_place_is_free() {
    let mut resident = opened(Definition {
        capacity: Some(6),
        waitlist: 2,
        ..teams(Roster::Balanced, TeamScore::Mean)
    });
    for number in 0..8 {
        join_as(&mut resident, &format!("u{number}"), None);
    }
    assert_eq!(team_of(&resident, "u6"), None);
    leave(&mut resident, 1, "u1");
    leave(&mut resident, 1, "u4");
    let admission = resident.admission(2).unwrap();
    at(&mut resident, 2, admission);
    assert_eq!(
        ["u6", "u7"].map(|name| team_of(&resident, name)),
        [(); 2].map(|()| Some("blue".into()))
    );
    assert_eq!(resident.challenge().rosters, [2, 2, 2]);
}

#[test]
fn teams_stand_by_their_mean_sum_or_best_and_the_small_ones_behind_all() {
    let mean = stood([
        ("red", 1, 20_000_000, 3, true),
        ("green", 2, 0, 4, true),
        ("blue", 3, 25_000_000, 2, false),
    ]);
    assert_eq!(standings(&playing(TeamScore::Mean)), mean);
    let sum = stood([
        ("red", 1, 60, 3, true),
        ("green", 2, 0, 4, true),
        ("blue", 3, 50, 2, false),
    ]);
    assert_eq!(standings(&playing(TeamScore::Sum)), sum);
    let best = stood([
        ("green", 1, 0, 4, true),
        ("red", 2, 15_000_000, 3, false),
        ("blue", 2, 12_500_000, 2, false),
    ]);
    assert_eq!(
        standings(&playing(TeamScore::Best(4))),
        best,
        "red lacks one"
    );
}

#[test]
fn equal_teams_share_a_rank_and_stand_in_the_order_in_which_they_got_there() {
    let mut resident = playing(TeamScore::Mean);
    for name in ["green0", "green1", "green2", "green3"] {
        let sooner = crate::event::Contribution {
            achieved_at_ms: 0,
            ..contribution(name, 2, 20)
        };
        resident.take(&sooner);
    }
    let found: Vec<_> = standings(&resident)
        .into_iter()
        .map(|of| (of.0, of.1))
        .collect();
    assert_eq!(
        found,
        [("green".into(), 1), ("red".into(), 1), ("blue".into(), 3)]
    );
}

#[test]
fn what_a_leaver_had_come_to_stays_with_its_team_and_nothing_is_added() {
    let mut resident = playing(TeamScore::Mean);
    leave(&mut resident, STARTS_MS, "red0");
    let late = resident.take(&contribution("red0", 9, 99));
    assert_eq!(late, crate::challenge::Answer::Closed);
    assert_eq!(
        standings(&resident)[0],
        ("red".into(), 1, 20_000_000, 3, true)
    );
    assert!(rows(&resident).iter().all(|row| row.alias != alias("red0")));
    let again = resident
        .challenge()
        .may_join(&user("red0"), STARTS_MS + 9, STARTS_MS);
    assert_eq!(again, Err(crate::challenge::admit::Refusal::Closed));
    leave(&mut resident, STARTS_MS - 1, "green0");
    let green = standings(&resident).into_iter().find(|of| of.0 == "green");
    assert_eq!(
        green.unwrap().3,
        3,
        "before the start it is as if it had never joined"
    );
}

#[test]
fn a_restart_and_a_settlement_change_nothing_of_how_teams_stand() {
    let mut resident = playing(TeamScore::Mean);
    leave(&mut resident, STARTS_MS, "red2");
    let before = standings(&resident);
    let (bytes, _) = stored(&mut resident);
    let scores: Vec<_> = rows(&resident)
        .iter()
        .map(|row| contribution(row.user.as_ref().unwrap().as_str(), 1, row.score))
        .collect();
    let mut again = Resident::recovered(restored(&bytes, &[]), Vec::new(), &scores);
    again.filled();
    assert_eq!(standings(&again), before);
    assert_eq!(again.board().digest(), resident.board().digest());
    let digest = resident.board().digest();
    settle(&mut resident);
    let told = |resident: &Resident| resident.challenge().team_board(resident.board(), 0);
    let (ended, live) = (told(&resident), told(&again));
    assert_eq!(ended.unwrap().items, live.unwrap().items);
    assert_eq!(resident.board().digest(), digest);
    let (bytes, _) = stored(&mut resident);
    let read = Resident::recovered(restored(&bytes, &["red0", "red2"]), Vec::new(), &[]);
    assert_eq!(standings(&read), before, "T6.6, T11.1");
    assert_eq!(read.board().digest(), digest);
}

#[test]
fn who_is_erased_while_teams_play_counts_no_more_and_afterwards_without_a_name() {
    let mut resident = playing(TeamScore::Mean);
    leave(&mut resident, STARTS_MS, "red0");
    forget(&mut resident, "red0");
    assert_eq!(
        standings(&resident)[2],
        ("red".into(), 2, 15_000_000, 2, false)
    );
    let mut resident = playing(TeamScore::Mean);
    leave(&mut resident, STARTS_MS, "red0");
    settle(&mut resident);
    let before = (standings(&resident), resident.board().digest());
    forget(&mut resident, "red0");
    forget(&mut resident, "red1");
    assert_eq!((standings(&resident), resident.board().digest()), before);
    assert_eq!(number(&resident, "red0"), None);
}

fn reward(basis: Basis, tokens_micro: i64) -> Reward {
    Reward {
        basis,
        tokens_micro,
    }
}

#[test]
fn every_member_who_stayed_of_a_ranked_team_wins_what_the_team_wins() {
    let podium = vec![
        reward(Basis::Rank { first: 1, last: 1 }, 100),
        reward(Basis::Rank { first: 2, last: 2 }, 60),
        reward(Basis::Threshold(20), 7),
    ];
    let of = playing(TeamScore::Mean);
    let definition = Definition {
        rewards: podium,
        tie_rule: TieRule::Share,
        campaign: Some(CampaignId([1; 16])),
        ..of.challenge().definition.clone().unwrap()
    };
    let mut resident = of;
    give(&mut resident, ChallengeInput::Replace(definition));
    leave(&mut resident, STARTS_MS, "red0");
    settle(&mut resident);
    let told = |name: &str| {
        // It is told first that it is in.
        let enrol = resident
            .challenge()
            .owed(&user(name), resident.board())
            .unwrap();
        let mut knowing = resident.challenge().clone();
        knowing.confirmed(&user(name), &enrol);
        match knowing.owed(&user(name), resident.board()) {
            Some(UserInput::Conclude {
                conclusion: Conclusion::Settled { prizes, team, .. },
                ..
            }) => {
                let won: i64 = prizes.iter().map(|prize| prize.amount_micro).sum();
                (won, team.unwrap().rank)
            }
            other => panic!("{name} is told {other:?}"),
        }
    };
    assert_eq!(told("red1"), (107, Some(1)));
    assert_eq!(
        told("red2"),
        (107, Some(1)),
        "its own score is not asked for"
    );
    assert_eq!(
        told("green0"),
        (0, Some(2)),
        "a team without a score wins nothing"
    );
    assert_eq!(told("blue0"), (0, None), "a team of two is not ranked");
    assert_eq!(
        resident.board().paid_micro(),
        214,
        "who has left wins nothing"
    );
}
