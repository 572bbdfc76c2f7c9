//! A challenge that needs a number of members.

use alloc::vec::Vec;

use super::super::{Challenge, Stage, resident::Resident, scene::*};
use crate::{
    definition::Definition,
    id::Position,
    input::{ChallengeInput, Conclusion, Header, UserInput},
};

fn needing(least: u32) -> Definition {
    Definition {
        min_participants: Some(least),
        ..definition()
    }
}

/// Gives it the next input at an instant.
fn give_at(resident: &mut Resident, stamp_ms: i64, input: ChallengeInput) {
    let header = Header {
        stamp_ms,
        ..header(resident.challenge().position.index + 1)
    };
    let position: Position = header.position;
    resident.enqueue(header, input);
    resident.step(position).unwrap();
}

/// One that needs so many, with these members, when its window has ended.
fn ended(least: u32, names: &[&str]) -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    give(&mut resident, ChallengeInput::Create(needing(least)));
    give(&mut resident, ChallengeInput::Publish);
    for name in names {
        join(&mut resident, name);
    }
    assert_eq!(resident.count(), None, "it has not ended");
    give_at(
        &mut resident,
        needing(least).ends_at_ms(),
        ChallengeInput::Tick,
    );
    resident
}

fn stage(resident: &Resident) -> &Stage {
    &resident.challenge().stage
}

#[test]
fn too_few_cancel_it_by_themselves_before_anything_is_settled() {
    let mut resident = ended(3, &["ann", "bob"]);
    let ended_ms = needing(3).ends_at_ms();
    assert_eq!(resident.challenge().visible_deadline(), Some(ended_ms));
    let count = resident.count().unwrap();
    assert_eq!(count, ChallengeInput::Count(2));
    give_at(&mut resident, ended_ms, count);
    let reason = "fewer than 3 took part";
    assert_eq!(stage(&resident), &Stage::Cancelled(reason.into()));
    assert_eq!(resident.count(), None);
    let told: Vec<_> = resident
        .outbox
        .due(9)
        .into_iter()
        .filter(|(_, _, input)| matches!(input, UserInput::Enrol { .. }))
        .collect();
    assert_eq!(
        told.len(),
        2,
        "who does not know yet that it is in is told that first"
    );
    for (user, _, input) in told {
        resident.confirmed(&user, &input);
    }
    let mut ends = resident.outbox.due(9).into_iter();
    assert!(ends.all(|(_, _, input)| {
        let UserInput::Conclude { conclusion, .. } = input else {
            return false;
        };
        conclusion == Conclusion::Cancelled(reason.into())
    }));
}

#[test]
fn enough_go_on_and_are_counted_once() {
    let mut resident = ended(2, &["ann", "bob"]);
    let ended_ms = needing(2).ends_at_ms();
    let count = resident.count().unwrap();
    give_at(&mut resident, ended_ms, count);
    assert_eq!(stage(&resident), &Stage::Published);
    assert_eq!(resident.count(), None);
    // Whoever is erased meanwhile is gone, and the challenge goes on.
    forget(&mut resident, "ann");
    assert_eq!(resident.count(), None);
    give_at(&mut resident, ended_ms, ChallengeInput::Count(1));
    assert_eq!(stage(&resident), &Stage::Published, "counted once");
}

#[test]
fn nothing_is_settled_before_they_are_counted() {
    let mut resident = ended(1, &["ann"]);
    let enrolled = resident.outbox.due(9);
    for (user, _, input) in enrolled {
        resident.confirmed(&user, &input);
    }
    let settles_ms = needing(1).settles_at_ms();
    give_at(&mut resident, settles_ms, ChallengeInput::Tick);
    assert_eq!(resident.barriers_due(8), []);
    let count = resident.count().unwrap();
    give_at(&mut resident, settles_ms, count);
    assert_eq!(resident.barriers_due(8).len(), 1);
}

/// The joining of somebody who was erased cannot be read any more.
#[test]
fn the_number_that_was_counted_holds_when_a_joining_cannot_be_read_any_more() {
    let mut cut = ended(2, &["ann"]);
    let ended_ms = needing(2).ends_at_ms();
    give_at(&mut cut, ended_ms, ChallengeInput::Count(2));
    assert_eq!(stage(&cut), &Stage::Published);
}

#[test]
fn one_that_needs_nobody_is_not_counted() {
    let mut resident = open();
    give_at(
        &mut resident,
        definition().ends_at_ms(),
        ChallengeInput::Tick,
    );
    assert_eq!(resident.count(), None);
    assert!(resident.challenge().visible_deadline() > Some(definition().ends_at_ms()));
}
