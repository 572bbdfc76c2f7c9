//! Who is erased from a challenge that runs, and from one that is over.

use alloc::{string::String, vec::Vec};

use super::{super::resident::restore, *};
use crate::{
    challenge::{Stage, resident::Resident},
    civil::Day,
    definition::{Definition, LateJoin},
    event::Contribution,
    id::{ChallengeId, PartitionId, Position},
    input::{ChallengeInput, Header, Origin, RULES_VERSION, Source},
    metric::Metric,
};

const ID: ChallengeId = ChallengeId([7; 16]);

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn give(resident: &mut Resident, index: u64, input: ChallengeInput) {
    let position = Position { epoch: 1, index };
    let header = Header {
        stamp_ms: 0,
        partition: PartitionId(256),
        position,
        origin: Origin::server(Source::Peer),
        rules: RULES_VERSION,
    };
    resident.enqueue(header, input);
    resident.step(position).unwrap();
}

/// A challenge with ann, bob and eve, who have 30, 20 and 10.
fn running() -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    let definition = Definition {
        title: "Steps".into(),
        metric: Metric::STEPS,
        starts: Day(1),
        ends: Day(2),
        join_opens_ms: None,
        late: LateJoin::Yes,
        capacity: None,
        per_day_cap: None,
        finalisation_h: 24,
    };
    give(&mut resident, 1, ChallengeInput::Create(definition));
    give(&mut resident, 2, ChallengeInput::Publish);
    for (index, (name, score)) in (3..).zip([("ann", 30), ("bob", 20), ("eve", 10)]) {
        let join = ChallengeInput::Join {
            user: user(name),
            alias: name.into(),
            starts_ms: 0,
        };
        give(&mut resident, index, join);
        resident.take(&Contribution {
            challenge: ID,
            user: user(name),
            join: 1,
            version: Position { epoch: 1, index: 1 },
            score,
            achieved_at_ms: 60_000,
            alias: name.into(),
        });
    }
    resident.filled();
    resident
}

fn settled() -> Resident {
    let mut resident = running();
    let settle = ChallengeInput::Settle {
        cutoff_ms: 5,
        digest: resident.board().digest(),
        participants: 3,
    };
    give(&mut resident, 6, settle);
    resident
}

fn forget_bob(resident: &mut Resident) {
    let row = resident.board().order().get(&user("bob"));
    let input = ChallengeInput::Forget {
        user: user("bob"),
        row,
    };
    give(resident, 7, input);
}

/// Rank, ordinal, score, achieved-at and name of each row.
fn rows(resident: &Resident) -> Vec<(u32, u32, i64, i64, String)> {
    let rows = resident.board().order().iter();
    let rows = rows.map(|row| resident.board().view(row));
    rows.map(|row| {
        (
            row.rank,
            row.ordinal,
            row.score,
            row.achieved_at_ms,
            row.alias,
        )
    })
    .collect()
}

fn names(resident: &Resident) -> bool {
    let mut resident = resident.clone();
    let (bytes, ..) = resident.snapshot();
    bytes.windows(3).any(|part| part == b"bob")
}

#[test]
fn who_is_erased_while_a_challenge_runs_is_out_of_it() {
    let mut resident = running();
    assert!(names(&resident));
    forget_bob(&mut resident);
    let left: Vec<_> = rows(&resident)
        .into_iter()
        .map(|row| (row.0, row.4))
        .collect();
    assert_eq!(left, [(1, "ann".into()), (2, "eve".into())]);
    assert_eq!(resident.challenge().joined, 2);
    assert!(!names(&resident));
}

#[test]
fn a_settled_board_stays_as_it_is_and_nobody_can_say_whose_the_row_was() {
    let mut resident = settled();
    let (before, stage) = (rows(&resident), resident.challenge().stage.clone());
    forget_bob(&mut resident);
    let mut expected = before;
    expected[1].4 = ERASED_ALIAS.into();
    assert_eq!(rows(&resident), expected);
    assert_eq!(resident.challenge().stage, stage, "with its digest");
    assert!(matches!(stage, Stage::Settled { .. }));
    assert!(!names(&resident));
    assert!(!resident.challenge().members.contains_key(&user("bob")));
}

#[test]
fn the_row_stays_when_the_board_is_read_back_without_its_standing() {
    let mut resident = settled();
    forget_bob(&mut resident);
    let expected = rows(&resident);
    let (bytes, ..) = resident.snapshot();
    let mut again = Resident::read(restore(&bytes).unwrap(), Vec::new());
    let standings = [("ann", 30), ("eve", 10)].map(|(name, score)| Contribution {
        challenge: ID,
        user: user(name),
        join: 1,
        version: Position { epoch: 1, index: 1 },
        score,
        achieved_at_ms: 60_000,
        alias: name.into(),
    });
    again.fill(&standings);
    again.filled();
    assert_eq!(rows(&again), expected);
    assert!(
        again
            .outbox
            .due(9)
            .iter()
            .all(|(to, ..)| to.as_str() != "erased:1")
    );
}

#[test]
fn a_late_contribution_of_who_is_gone_changes_nothing() {
    let mut resident = settled();
    forget_bob(&mut resident);
    let expected = rows(&resident);
    for name in ["bob", "erased:1"] {
        resident.take(&Contribution {
            challenge: ID,
            user: user(name),
            join: 1,
            version: Position { epoch: 9, index: 1 },
            score: 99,
            achieved_at_ms: 60_000,
            alias: name.into(),
        });
    }
    assert_eq!(rows(&resident), expected);
}
