//! Tests of the waiting list: its order, its bounds, crashes, erasures, and its end.

use std::{format, string::String, vec::Vec};

use super::super::{
    admit::Refusal,
    resident::Resident,
    scene::{ID, alias, contribution, forget, header, of_places, restored, stored, user},
};
use crate::{
    civil::Day,
    definition::{Definition, LateJoin},
    event::Contribution,
    id::MemberNumber,
    input::{ChallengeInput, Conclusion, Header, UserInput},
    view::Membership,
};

/// Gives it the next input, at that instant.
fn give(resident: &mut Resident, stamp_ms: i64, input: ChallengeInput) {
    let header = Header {
        stamp_ms,
        ..header(resident.challenge().position.index + 1)
    };
    let position = header.position;
    resident.enqueue(header, input);
    resident.step(position).unwrap();
}

/// Joins or waits, if it may.
fn join(resident: &mut Resident, stamp_ms: i64, name: &str) -> Result<bool, Refusal> {
    let challenge = resident.challenge();
    let may = challenge.may_join(&user(name), 0, stamp_ms)?;
    if may {
        let joining = challenge.joining(user(name), alias(name), (0, stamp_ms));
        give(resident, stamp_ms, joining);
    }
    Ok(may)
}

/// Gives free places away, as its actor does.
fn admit(resident: &mut Resident, stamp_ms: i64) {
    while let Some(input) = resident.admission(stamp_ms) {
        give(resident, stamp_ms, input);
    }
}

fn leave(resident: &mut Resident, stamp_ms: i64, name: &str) {
    give(resident, stamp_ms, ChallengeInput::Leave(user(name), None));
}

fn stands(resident: &Resident, name: &str) -> Membership {
    resident
        .challenge()
        .enrolment(&user(name))
        .unwrap()
        .membership
}

fn queue(resident: &Resident) -> Vec<String> {
    let (page, more) = resident.challenge().waiting(0, 1_000);
    assert!(!more);
    page.into_iter()
        .map(|(_, view)| view.user.as_str().into())
        .collect()
}

fn owed(resident: &Resident, name: &str) -> Option<UserInput> {
    resident.challenge().owed(&user(name), resident.board())
}

/// T5.3
#[test]
fn who_asks_while_all_places_are_taken_waits_and_is_taken_in_by_the_order_of_asking() {
    let mut resident = of_places(2, 3);
    for name in ["ann", "bob", "cat", "dan", "eve"] {
        assert_eq!(join(&mut resident, 1, name), Ok(true), "{name}");
    }
    assert_eq!(join(&mut resident, 1, "fay"), Err(Refusal::Full));
    assert_eq!(join(&mut resident, 1, "dan"), Ok(false), "it waits already");
    assert_eq!(queue(&resident), ["cat", "dan", "eve"]);
    assert_eq!(stands(&resident, "dan"), Membership::Waiting { place: 2 });
    assert_eq!((resident.board().len(), resident.admission(1)), (2, None));

    leave(&mut resident, 60_000, "ann");
    let next = resident.admission(60_000);
    assert_eq!(
        next,
        Some(ChallengeInput::Admit(
            Vec::from([MemberNumber(3)]),
            Vec::new()
        ))
    );
    assert_eq!(
        join(&mut resident, 60_000, "gus"),
        Err(Refusal::Full),
        "the free place is owed to who waits"
    );
    admit(&mut resident, 120_000);
    let taken_in = resident.challenge().enrolment(&user("cat")).unwrap();
    assert_eq!(
        (taken_in.membership, taken_in.joined_ms),
        (Membership::Joined, 120_000)
    );
    assert_eq!(join(&mut resident, 120_000, "gus"), Ok(true));
    assert_eq!(queue(&resident), ["dan", "eve", "gus"]);
    assert_eq!(resident.board().len(), 2);
    leave(&mut resident, 180_000, "eve");
    assert_eq!(stands(&resident, "eve"), Membership::Left);
    assert_eq!(queue(&resident), ["dan", "gus"]);
}

#[test]
fn who_is_taken_in_keeps_the_number_under_which_it_was_told_that_it_waits() {
    let mut resident = of_places(1, 1);
    join(&mut resident, 1, "ann").unwrap();
    join(&mut resident, 1, "bob").unwrap();
    let waits = owed(&resident, "bob").unwrap();
    assert!(matches!(
        &waits,
        UserInput::Await {
            join: 1,
            since_ms: 1,
            ..
        }
    ));
    resident.confirmed(&user("bob"), &waits);
    assert_eq!(owed(&resident, "bob"), None);
    leave(&mut resident, 2, "ann");
    admit(&mut resident, 3);
    let taken_in = owed(&resident, "bob").unwrap();
    assert!(matches!(
        &taken_in,
        UserInput::Enrol {
            join: 1,
            joined_ms: 3,
            ..
        }
    ));
    assert!(!resident.challenge().all_told(), "its score may be missing");
    resident.confirmed(&user("bob"), &taken_in);
    assert_eq!(owed(&resident, "bob"), None);
}

/// T5.3
#[test]
fn joined_never_exceeds_the_capacity_and_the_order_is_that_of_asking_whatever_comes() {
    let mut state = 7_u64;
    let mut below = |end: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    let mut resident = of_places(20, 30);
    let mut asked: Vec<String> = Vec::new();
    for step in 1..4_000_i64 {
        let name = format!("user-{:02}", below(90));
        let was = queue(&resident);
        match below(10) {
            0..6 => {
                let waited = was.contains(&name);
                if join(&mut resident, step, &name) == Ok(true) && !waited {
                    asked.retain(|held| *held != name);
                    asked.push(name);
                }
            }
            6..8 if resident.challenge().may_leave(&user(&name), step).is_ok() => {
                leave(&mut resident, step, &name);
            }
            8 if resident
                .challenge()
                .members
                .number_of(&user(&name))
                .is_some() =>
            {
                forget(&mut resident, &name);
            }
            _ => admit(&mut resident, step),
        }
        let is_waiting = |name: &&String| queue(&resident).contains(name);
        let wanted: Vec<_> = asked.iter().filter(is_waiting).cloned().collect();
        assert_eq!(queue(&resident), wanted, "step {step}");
        assert!(resident.challenge().joined <= 20 && queue(&resident).len() <= 30);
        assert_eq!(resident.board().len(), resident.challenge().joined);
    }
    admit(&mut resident, 4_000);
    assert!(queue(&resident).is_empty() || resident.challenge().joined == 20);
}

/// What was journaled in a life with every kind of step.
fn life() -> Vec<(i64, ChallengeInput)> {
    let mut resident = of_places(2, 4);
    let mut inputs = Vec::new();
    let mut note = |resident: &mut Resident, stamp_ms, input: ChallengeInput| {
        give(resident, stamp_ms, input.clone());
        inputs.push((stamp_ms, input));
    };
    for (at, name) in (1..).zip(["ann", "bob", "cat", "dan", "eve"]) {
        let joining = resident
            .challenge()
            .joining(user(name), alias(name), (0, at));
        note(&mut resident, at, joining);
    }
    for (at, name) in [(10, "ann"), (20, "dan"), (30, "bob")] {
        note(&mut resident, at, ChallengeInput::Leave(user(name), None));
        while let Some(admit) = resident.admission(at + 5) {
            note(&mut resident, at + 5, admit);
        }
    }
    inputs
}

#[test]
fn a_crash_between_any_two_steps_changes_nothing() {
    let inputs = life();
    let mut whole = of_places(2, 4);
    for (at, input) in &inputs {
        give(&mut whole, *at, input.clone());
    }
    for cut in 0..=inputs.len() {
        let mut resident = of_places(2, 4);
        for (at, input) in &inputs[..cut] {
            give(&mut resident, *at, input.clone());
        }
        let (bytes, _) = stored(&mut resident);
        let mut resident = Resident::read(restored(&bytes, &[]), Vec::new());
        resident.filled();
        for (at, input) in &inputs[cut..] {
            give(&mut resident, *at, input.clone());
        }
        for name in ["ann", "bob", "cat", "dan", "eve"] {
            let stands = |resident: &Resident| resident.challenge().enrolment(&user(name));
            assert_eq!(stands(&resident), stands(&whole), "{name}, cut at {cut}");
        }
    }
}

/// Inputs of one who was erased are sealed with a key that is gone.
#[test]
fn nobody_elses_place_changes_when_the_inputs_of_an_erased_user_cannot_be_read_any_more() {
    let (mut whole, mut cut) = (of_places(2, 4), of_places(2, 4));
    for (at, input) in life() {
        let of_ann = input.subject() == Some(user("ann"));
        give(&mut whole, at, input.clone());
        if !of_ann {
            give(&mut cut, at, input);
        }
    }
    forget(&mut whole, "ann");
    give(&mut cut, 50, ChallengeInput::Forget(MemberNumber(1)));
    for name in ["bob", "cat", "dan", "eve"] {
        let stands = |resident: &Resident| resident.challenge().enrolment(&user(name));
        assert_eq!(stands(&cut), stands(&whole), "{name}");
    }
}

#[test]
fn who_waits_when_the_window_has_ended_is_told_that_it_waited_for_nothing() {
    let mut resident = of_places(1, 2);
    join(&mut resident, 1, "ann").unwrap();
    join(&mut resident, 1, "bob").unwrap();
    let definition = resident.challenge().definition.clone().unwrap();
    give(&mut resident, definition.ends_at_ms(), ChallengeInput::Tick);
    assert_eq!(stands(&resident, "bob"), Membership::NotAdmitted);
    let told = resident.outbox.due(9).into_iter();
    let told: Vec<_> = told.map(|(user, _, input)| (user, input)).collect();
    let conclude = UserInput::Conclude {
        challenge: ID,
        join: 1,
        conclusion: Conclusion::NotAdmitted,
    };
    assert!(told.contains(&(user("bob"), conclude.clone())));
    let may_leave = resident
        .challenge()
        .may_leave(&user("bob"), definition.ends_at_ms());
    assert_eq!(may_leave, Err(Refusal::NotEnrolled));
    resident.confirmed(&user("bob"), &conclude);
    assert_eq!(owed(&resident, "bob"), None);
    assert_eq!(resident.admission(definition.ends_at_ms()), None);
}

#[test]
fn a_cancellation_is_told_to_who_waits_too() {
    let mut resident = of_places(1, 1);
    join(&mut resident, 1, "ann").unwrap();
    join(&mut resident, 1, "bob").unwrap();
    give(&mut resident, 2, ChallengeInput::Cancel("rain".into()));
    let told = owed(&resident, "bob");
    let cancelled = Conclusion::Cancelled("rain".into());
    assert!(
        matches!(told, Some(UserInput::Conclude { conclusion, .. }) if conclusion == cancelled)
    );
}

#[test]
fn who_would_be_late_is_passed_over_where_nobody_may_be() {
    let mut resident = Resident::read(super::super::Challenge::new(ID), Vec::new());
    resident.filled();
    let definition = Definition {
        capacity: Some(1),
        waitlist: 3,
        late: LateJoin::No,
        starts: Day(1),
        ends: Day(2),
        ..super::super::scene::definition()
    };
    give(&mut resident, 0, ChallengeInput::Create(definition));
    give(&mut resident, 0, ChallengeInput::Publish);
    for (name, starts_ms) in [("ann", 100), ("east", 100), ("west", 900)] {
        let joining = resident
            .challenge()
            .joining(user(name), alias(name), (starts_ms, 1));
        give(&mut resident, 1, joining);
    }
    leave(&mut resident, 500, "ann");
    admit(&mut resident, 500);
    assert_eq!(stands(&resident, "east"), Membership::Waiting { place: 1 });
    assert_eq!(stands(&resident, "west"), Membership::Joined);
}

#[test]
fn who_waits_and_may_not_take_part_any_more_is_passed_over_as_long_as_that_is_so() {
    let mut resident = of_places(1, 5);
    for name in ["ann", "bob", "cat"] {
        join(&mut resident, 0, name).unwrap();
    }
    let say = |resident: &mut Resident, version: u64, is_ineligible: bool| {
        resident.take(&Contribution {
            is_ineligible,
            ..contribution("bob", version, 0)
        })
    };
    say(&mut resident, 2, true);
    say(&mut resident, 1, false);
    give(&mut resident, 0, ChallengeInput::Leave(user("ann"), None));
    let admit = |resident: &Resident| resident.admission(0);
    let cat = resident
        .challenge()
        .members
        .number_of(&user("cat"))
        .unwrap();
    assert_eq!(
        admit(&resident),
        Some(ChallengeInput::Admit([cat].into(), Vec::new()))
    );
    give(
        &mut resident,
        0,
        ChallengeInput::Admit([cat].into(), Vec::new()),
    );
    assert_eq!(admit(&resident), None, "no place is free");
    give(&mut resident, 0, ChallengeInput::Leave(user("cat"), None));
    assert_eq!(admit(&resident), None, "bob waits on");
    assert!(resident.challenge().waits(&user("bob")));
    say(&mut resident, 3, false);
    let bob = resident
        .challenge()
        .members
        .number_of(&user("bob"))
        .unwrap();
    assert_eq!(
        admit(&resident),
        Some(ChallengeInput::Admit([bob].into(), Vec::new()))
    );
    // What the partition said is not kept: after a restart nobody is taken in before it says it again.
    say(&mut resident, 4, true);
    let (bytes, _) = stored(&mut resident);
    let mut again = Resident::read(restored(&bytes, &[]), Vec::new());
    assert_eq!(admit(&again), None);
    say(&mut again, 4, true);
    again.filled();
    assert_eq!(admit(&again), None);
    say(&mut again, 5, false);
    assert_eq!(
        admit(&again),
        Some(ChallengeInput::Admit([bob].into(), Vec::new()))
    );
}
