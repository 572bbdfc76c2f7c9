//! Who is taken in by a rehearsal, and who wins it.

use std::vec::Vec;

use crate::{
    attribute::{Attributes, Name, Value},
    definition::eligibility::{Node, Rule, Test},
};

use super::{
    super::scene::{ID, contribution, definition, user},
    *,
};
use crate::definition::rewards::{Basis, Reward};

fn rehearsed(name: &str, score: i64) -> Rehearsed {
    Rehearsed {
        contribution: contribution(name, 1, score),
        starts_ms: definition().starts.utc_ms(),
        attributes: Attributes::default(),
    }
}

/// Plays it with these candidates and scores.
fn played(definition: Definition, candidates: &[(&str, i64)]) -> Played {
    let mut rehearsal = Rehearsal::new(ID, definition);
    for (name, score) in candidates {
        rehearsal.take(user(name), Ok(rehearsed(name, *score)));
    }
    rehearsal.end(2)
}

#[test]
fn everybody_stands_where_the_challenge_would_have_put_them() {
    let played = played(definition(), &[("ann", 900), ("bob", 1_200), ("cat", 0)]);
    let rows = played.rows.iter();
    let told: Vec<_> = rows.map(|row| (row.rank, row.score)).collect();
    assert_eq!(told, [(1, 1_200), (2, 900)]);
    assert_eq!(played.rows[0].user, Some(user("bob")));
    assert_eq!((played.participants, played.excluded), (3, Vec::new()));
}

#[test]
fn who_comes_when_all_places_are_taken_is_left_out_and_does_not_wait() {
    let small = Definition {
        capacity: Some(1),
        waitlist: 5,
        ..definition()
    };
    let played = played(small.clone(), &[("ann", 10), ("bob", 99), ("ann", 10)]);
    assert_eq!(played.participants, 1, "who is named twice is in once");
    let full = Exclusion::Refused(Refusal::Full);
    assert_eq!(played.excluded, [(user("bob"), full)]);
    assert_eq!(played.definition, small);
}

#[test]
fn who_may_not_take_part_is_left_out_and_the_test_is_named() {
    let region = Name::parse("region").unwrap();
    let test = Test::In(Vec::from([Value::Text("EU".into())]));
    let leaf = Node::Leaf {
        attribute: region.clone(),
        test,
    };
    let mut rehearsal = Rehearsal::new(
        ID,
        Definition {
            eligibility: Some(Rule(Vec::from([leaf]))),
            ..definition()
        },
    );
    let of = |name: &str, value: &str| Rehearsed {
        attributes: [(region.clone(), Value::Text(value.into()))]
            .into_iter()
            .collect(),
        ..rehearsed(name, 10)
    };
    rehearsal.take(user("ann"), Ok(of("ann", "EU")));
    rehearsal.take(user("bob"), Ok(of("bob", "US")));
    rehearsal.take(user("cat"), Ok(rehearsed("cat", 10)));
    let played = rehearsal.end(10);
    assert_eq!(played.participants, 1);
    let told = played.excluded.iter();
    let told: Vec<_> = told
        .map(|(user, why)| std::format!("{user}: {why}"))
        .collect();
    let words = "region must be one of \"EU\"; it is";
    assert_eq!(
        told,
        [
            std::format!("bob: {words} \"US\""),
            std::format!("cat: {words} not set")
        ]
    );
}

#[test]
fn joining_that_opens_late_or_closes_early_keeps_nobody_out() {
    let strict = Definition {
        join_opens_ms: Some(definition().ends.utc_ms()),
        late: LateJoin::No,
        ..definition()
    };
    assert_eq!(played(strict, &[("ann", 10)]).participants, 1);
}

#[test]
fn of_whom_nothing_is_known_is_left_out_with_the_reason() {
    let mut rehearsal = Rehearsal::new(ID, definition());
    let why = [Exclusion::NotFound, Unknown::NotKept.into()];
    rehearsal.take(user("ann"), Err(why[0].clone()));
    rehearsal.take(user("bob"), Err(why[1].clone()));
    let played = rehearsal.end(10);
    let [ann, bob] = why;
    let excluded = [(user("ann"), ann), (user("bob"), bob)];
    assert_eq!((played.participants, played.excluded), (0, excluded.into()));
}

#[test]
fn what_it_would_have_cost_is_what_its_prizes_come_to() {
    let reward = |basis, tokens_micro| Reward {
        basis,
        tokens_micro,
    };
    let paying = Definition {
        rewards: Vec::from([
            reward(Basis::Rank { first: 1, last: 1 }, 100),
            reward(Basis::Threshold(1), 7),
        ]),
        ..definition()
    };
    let candidates = [("ann", 900), ("bob", 1_200), ("cat", 5), ("dan", 0)];
    let ended = played(paying.clone(), &candidates);
    assert_eq!(ended.won_micro, [107, 7], "of the rows that are told");
    assert_eq!((ended.cost_micro, ended.is_cancelled), (121, false));
    let alone = Definition {
        min_participants: Some(5),
        ..paying
    };
    let ended = played(alone, &candidates);
    assert_eq!(ended.won_micro, [0, 0]);
    assert_eq!((ended.cost_micro, ended.is_cancelled), (0, true));
}
