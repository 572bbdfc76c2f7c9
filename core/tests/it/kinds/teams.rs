//! `team_vs_team`: what teams come to does not depend on who their members are (domain.md 5.2, 5.7).

use proptest::prelude::*;
use streakline_core::{
    challenge::{Challenge, resident::Resident},
    definition::{
        Definition, Kind, LateJoin,
        kind::teams::{Roster, Team, TeamScore, Teams},
        rewards::{Basis, Reward, TieRule},
    },
    event::Contribution,
    id::{CampaignId, MemberNumber, Position, UserId},
    input::ChallengeInput,
    view::RowView,
};

use super::world::{ID, header, of_kind};

/// Team, score and minute of each member.
type Players = Vec<(u8, i64, i64)>;

fn any_players() -> impl Strategy<Value = Players> {
    proptest::collection::vec((0_u8..3, 0_i64..50, 0_i64..5), 0..24)
}

fn any_rule() -> impl Strategy<Value = TeamScore> {
    prop_oneof![
        Just(TeamScore::Mean),
        Just(TeamScore::Sum),
        (1_u32..7).prop_map(TeamScore::Best)
    ]
}

fn definition(score: TeamScore) -> Definition {
    let team = |key: &str| Team {
        key: key.into(),
        name: key.into(),
    };
    Definition {
        late: LateJoin::No,
        ..of_kind(Kind::TeamVsTeam(Box::new(Teams {
            teams: ["red", "blue", "green"].map(team).to_vec(),
            roster: Roster::Chosen,
            score,
        })))
    }
}

/// The challenge with these members, in this order and by names that `salt` makes; who is `gone` has left.
fn played(definition: &Definition, players: &Players, salt: u64, gone: &[usize]) -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    let mut index = 0;
    let mut give = |resident: &mut Resident, input: ChallengeInput| {
        index += 1;
        let header = header(index, definition.started_ms());
        resident.enqueue(header.clone(), input);
        resident.step(header.position).unwrap();
    };
    give(&mut resident, ChallengeInput::Create(definition.clone()));
    give(&mut resident, ChallengeInput::Publish);
    for (number, (team, score, minute)) in (1_u32..).zip(players) {
        let name = format!(
            "u{}-{number}",
            u64::from(number).wrapping_mul(salt | 1) % 1_003
        );
        let user = UserId::parse(&name).unwrap();
        let join = ChallengeInput::Join {
            user: user.clone(),
            alias: name,
            starts_ms: definition.started_ms(),
            member: MemberNumber(number),
            waits: false,
            carried: None,
            team: Some(*team),
        };
        give(&mut resident, join);
        let told = Contribution {
            challenge: ID,
            user: user.clone(),
            join: 1,
            version: Position { epoch: 1, index: 1 },
            score: *score,
            achieved_at_ms: *minute,
            alias: String::new(),
            segments: Vec::new(),
            is_ineligible: false,
            days: Vec::new(),
        };
        resident.take(&told);
        if gone.contains(&(number as usize)) {
            let leave = resident.leaving(user);
            give(&mut resident, leave);
        }
    }
    resident
}

fn teams(resident: &Resident) -> Vec<RowView> {
    let board = resident.challenge().team_board(resident.board(), 0);
    board.unwrap().items
}

/// What a team comes to, said a second time: key, members, and the minute of its last score that counts.
fn reckoned(rule: TeamScore, players: &Players, team: u8) -> (i64, usize, Option<i64>) {
    let mut own: Vec<_> = players.iter().filter(|of| of.0 == team).collect();
    own.sort_by_key(|(_, score, minute)| (-score, *minute));
    let (members, most) = (own.len(), i64::try_from(own.len()).unwrap());
    let (counted, divisor, parts) = match rule {
        TeamScore::Mean => (members, most.max(1), 1_000_000),
        TeamScore::Sum => (members, 1, 1),
        TeamScore::Best(count) => (count as usize, i64::from(count), 1_000_000),
    };
    let counted = own.iter().take(counted).filter(|of| of.1 > 0);
    let sum: i64 = counted.clone().map(|of| of.1).sum();
    (sum * parts / divisor, members, counted.map(|of| of.2).max())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t5_7_what_a_team_comes_to_is_independent_of_the_order_and_the_ids_of_its_roster(
        players in any_players(), rule in any_rule(), turn in 0_usize..24, salt in any::<u64>(),
        gone in proptest::collection::vec(1_usize..24, 0..4),
    ) {
        let definition = definition(rule);
        let one = played(&definition, &players, 1, &[]);
        let mut others = players.clone();
        others.rotate_left(turn % players.len().max(1));
        let other = played(&definition, &others, salt, &gone);
        let (one, other) = (teams(&one), teams(&other));
        prop_assert_eq!(&one, &other, "who left had come to what it had");
        for row in &one {
            let team = ["red", "blue", "green"].iter().position(|key| *key == row.row).unwrap();
            let (key, members, last) = reckoned(rule, &players, u8::try_from(team).unwrap());
            prop_assert_eq!(row.key, key);
            prop_assert_eq!(row.roster.map(|of| of.0), u32::try_from(members).ok());
            prop_assert_eq!(row.achieved_at_ms, last.unwrap_or(definition.started_ms()));
        }
    }

    #[test]
    fn t5_9_teams_are_never_paid_more_than_was_reserved(
        players in any_players(), rule in any_rule(), ties in 0_usize..3,
        wins in proptest::collection::vec((1_u32..4, 0_u32..3, 1_i64..1_000), 1..5), least in 1_i64..40,
    ) {
        let places = wins.iter().map(|(first, more, tokens_micro)| Reward {
            basis: Basis::Rank { first: *first, last: first + more },
            tokens_micro: *tokens_micro,
        });
        let by_score = Reward { basis: Basis::Threshold(least), tokens_micro: 11 };
        let definition = Definition {
            capacity: Some(24),
            rewards: places.chain([by_score, Reward { basis: Basis::Percentile(50), tokens_micro: 3 }]).collect(),
            tie_rule: [TieRule::Earliest, TieRule::Share, TieRule::All][ties],
            campaign: Some(CampaignId([1; 16])),
            ..definition(rule)
        };
        let mut resident = played(&definition, &players, 3, &[]);
        let settle = ChallengeInput::Settle {
            cutoff_ms: definition.settles_at_ms(),
            digest: resident.board().digest(),
            participants: resident.board().len(),
        };
        let header = header(1_000, definition.settles_at_ms());
        resident.enqueue(header.clone(), settle);
        resident.step(header.position).unwrap();
        prop_assert!(resident.board().paid_micro() <= definition.worst_case_micro());
    }
}
