//! Contributions at once are what they come to one after the other, and so are the ranks of many.

use proptest::prelude::*;
use std::vec::Vec;

use super::*;
use crate::{
    challenge::{
        resident::Resident,
        scene::{self, give, join, user},
    },
    definition::{Definition, kind::Kind},
    event::Contribution,
    input::ChallengeInput,
};

const NAMES: [&str; 7] = ["ann", "bob", "cat", "dan", "eve", "fay", "gus"];

/// A published one of that kind whose members are all but the last of the names.
fn running(kind: Kind) -> Resident {
    let mut resident = Resident::read(Challenge::new(scene::ID), Vec::new());
    resident.filled();
    let definition = Definition {
        kind,
        ..scene::definition()
    };
    give(&mut resident, ChallengeInput::Create(definition));
    give(&mut resident, ChallengeInput::Publish);
    NAMES[..6].iter().for_each(|name| join(&mut resident, name));
    resident
}

/// Who it is, which join, which version, the score and the minute.
type Told = (usize, u32, u64, i64, i64);

fn contribution((of, join, version, score, minute): Told) -> Contribution {
    Contribution {
        join,
        achieved_at_ms: minute * 60_000,
        ..scene::contribution(NAMES[of], version, score)
    }
}

fn told() -> impl Strategy<Value = Told> {
    (0..NAMES.len(), 1..=2_u32, 1..30_u64, 0..6_i64, 0..3_i64)
}

fn rows(resident: &Resident) -> Vec<RowView> {
    let page = resident
        .challenge()
        .board_page(resident.board(), None, 100, 0);
    page.items
}

proptest! {
    #[test]
    fn contributions_at_once_are_those_that_come_one_after_the_other(
        batches in proptest::collection::vec(proptest::collection::vec(told(), 0..40), 1..8),
    ) {
        let collective = Kind::Collective { tiers: Vec::from([10]) };
        for kind in [Kind::Most, Kind::Target { target: 3 }, collective] {
            let [mut alone, mut at_once] = [running(kind.clone()), running(kind)];
            for batch in &batches {
                let batch: Vec<_> = batch.iter().copied().map(contribution).collect();
                batch.iter().for_each(|of| _ = alone.take(of));
                at_once.take_all(&batch);
                prop_assert_eq!(rows(&alone), rows(&at_once));
                prop_assert_eq!(alone.board().offset(), at_once.board().offset());
                prop_assert_eq!(alone.board().total(), at_once.board().total());
            }
            prop_assert_eq!(at_once.board().len(), 6);
        }
    }
}

#[test]
fn ranks_of_many_members_are_those_of_each() {
    let mut resident = running(Kind::Most);
    let scores = [
        (0, 1, 1, 5, 0),
        (1, 1, 1, 9, 0),
        (2, 1, 1, 5, 0),
        (3, 1, 1, 7, 0),
    ];
    resident.take_all(&scores.map(contribution));
    // One is no member, in the middle of those who are.
    let asked = ["ann", "bob", "gus", "cat", "dan", "eve"].map(user);
    let (challenge, board) = (resident.challenge(), resident.board());
    let standings = challenge.standings(board, asked.iter());
    let each = asked.iter().map(|user| {
        let row = challenge.board_row(board, user)?;
        Some((row.rank, row.score, row.measure))
    });
    let told = standings.iter();
    let told = told.map(|of| of.map(|of| (of.rank, of.score, of.measure)));
    assert!(told.eq(each), "{standings:?}");
    let ranks: Vec<_> = standings.iter().map(|of| of.map(|of| of.rank)).collect();
    assert_eq!(ranks, [Some(3), Some(1), None, Some(3), Some(2), Some(5)]);
}
