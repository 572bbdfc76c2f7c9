//! Members of one cycle that become members of the next.

use alloc::{vec, vec::Vec};

use super::*;
use crate::{
    challenge::{
        resident::Resident,
        scene::{ID, user},
        series::{
            CycleInput,
            tests::{daily, give},
        },
    },
    civil::DAY_MS,
    definition::{Definition, recurs::Cycle},
};

fn cycle(number: u32, capacity: Option<u32>) -> Resident {
    let (starts, ends) = daily(5).cycle_window(number).unwrap();
    let cycle = Cycle {
        series: ID,
        number,
        is_last: false,
        carries: true,
    };
    let definition = Definition {
        starts,
        ends,
        capacity,
        recurs: None,
        cycle: Some(cycle),
        ..daily(5)
    };
    let mut resident = Resident::read(Challenge::new(ID.of_cycle(number)), Vec::new());
    resident.filled();
    let issue = CycleInput::Issue {
        definition: definition.into(),
        inherits: number > 1,
    };
    give(&mut resident, 0, ChallengeInput::Cycle(issue));
    resident
}

fn join(resident: &mut Resident, name: &str, now_ms: i64) {
    let starts_ms = resident
        .challenge()
        .definition
        .as_ref()
        .unwrap()
        .started_ms();
    let joining = resident
        .challenge()
        .joining(user(name), name.into(), (starts_ms, now_ms));
    give(resident, now_ms, joining);
}

fn follow(resident: &mut Resident, number: u32) {
    let follow = ChallengeInput::Cycle(CycleInput::Follow(number));
    give(resident, 9 * DAY_MS, follow);
}

/// The next cycle is told of everybody who is owed to it; who was, and who was refused.
fn hand(from: &mut Resident, to: &mut Resident, now_ms: i64) -> (Vec<String>, Vec<Refusal>) {
    let (mut told, mut refused) = (Vec::new(), Vec::new());
    for handing in from.handings() {
        let starts_ms = to.challenge().definition.as_ref().unwrap().started_ms();
        let facts = (handing.user.as_str().into(), starts_ms);
        match to.challenge().taking_over(&handing, facts, now_ms) {
            Ok(Some(input)) => {
                told.push(handing.user.as_str().into());
                give(to, now_ms, input);
            }
            Ok(None) => {}
            Err(why) => refused.push(why),
        }
        from.handed(&handing);
    }
    (told, refused)
}

fn members(resident: &Resident) -> Vec<&str> {
    let members = resident.challenge().members.iter();
    let joined = members.filter(|(_, member)| member.joined);
    joined
        .map(|(_, member)| member.user().unwrap().as_str())
        .collect()
}

#[test]
fn members_are_carried_in_the_order_of_joining_once_the_next_cycle_is_there() {
    let (mut one, mut two) = (cycle(1, None), cycle(2, None));
    for (name, at_ms) in [("cat", 1), ("ann", 2), ("bob", 3)] {
        join(&mut one, name, at_ms);
    }
    assert_eq!(one.handings(), Vec::new(), "nothing follows yet");
    follow(&mut one, 2);
    let (told, _) = hand(&mut one, &mut two, 9 * DAY_MS);
    assert_eq!(told, ["cat", "ann", "bob"]);
    assert_eq!(members(&two), ["cat", "ann", "bob"]);
    let carried = two.challenge().members.get(&user("ann")).unwrap();
    assert_eq!(
        (carried.carried, carried.joined_ms),
        (1, 2),
        "it has been in since"
    );
    assert!(one.handings().is_empty() && !one.owes_cycles());
    join(&mut one, "dan", 10 * DAY_MS);
    assert_eq!(hand(&mut one, &mut two, 10 * DAY_MS).0, ["dan"]);
}

#[test]
fn who_leaves_is_not_carried_whenever_the_two_meet() {
    let (mut one, mut two) = (cycle(1, None), cycle(2, None));
    for name in ["ann", "bob"] {
        join(&mut one, name, 1);
    }
    give(&mut one, 2, ChallengeInput::Leave(user("ann"), None));
    follow(&mut one, 2);
    // Bob leaves while he is being handed over: the next cycle hears of that after.
    let joined = one.handings();
    give(
        &mut one,
        9 * DAY_MS,
        ChallengeInput::Leave(user("bob"), None),
    );
    for handing in joined {
        let facts = (String::new(), 0);
        let taken = two.challenge().taking_over(&handing, facts, 9 * DAY_MS);
        if let Some(input) = taken.unwrap() {
            give(&mut two, 9 * DAY_MS, input);
        }
        one.handed(&handing);
    }
    assert_eq!(members(&two), ["bob"]);
    assert_eq!(hand(&mut one, &mut two, 9 * DAY_MS).0, ["bob"]);
    assert_eq!(members(&two), Vec::<&str>::new());
    join(&mut one, "bob", 10 * DAY_MS);
    assert_eq!(hand(&mut one, &mut two, 10 * DAY_MS).0, ["bob"]);
    assert_eq!(members(&two), ["bob"], "a new enrolment is carried anew");
}

#[test]
fn what_is_handed_twice_is_done_once() {
    let (mut one, mut two) = (cycle(1, None), cycle(2, None));
    join(&mut one, "ann", 1);
    follow(&mut one, 2);
    let handing = one.handings().remove(0);
    hand(&mut one, &mut two, 9 * DAY_MS);
    let again = |two: &Resident| two.challenge().taking_over(&handing, (String::new(), 0), 0);
    assert_eq!(again(&two), Ok(None));
    // She leaves the next one alone, and stays out of it.
    give(
        &mut two,
        9 * DAY_MS,
        ChallengeInput::Leave(user("ann"), None),
    );
    assert_eq!(again(&two), Ok(None));
    assert!(one.handings().is_empty());
}

#[test]
fn a_cycle_with_fewer_places_takes_who_has_been_in_longest() {
    let (mut one, mut two) = (cycle(1, None), cycle(2, Some(2)));
    for (name, at_ms) in [("cat", 1), ("ann", 2), ("bob", 3)] {
        join(&mut one, name, at_ms);
    }
    follow(&mut one, 2);
    let (told, refused) = hand(&mut one, &mut two, 9 * DAY_MS);
    assert_eq!((told.len(), refused), (2, vec![Refusal::Full]));
    assert_eq!(members(&two), ["cat", "ann"]);
    assert!(!one.owes_cycles(), "bob is not asked about again");
}

#[test]
fn a_cycle_settles_after_everybody_is_carried_to_it_however_late() {
    let (mut one, mut two) = (cycle(1, None), cycle(2, None));
    join(&mut one, "ann", 1);
    let late_ms = 40 * DAY_MS;
    give(&mut two, late_ms, ChallengeInput::Tick);
    assert!(two.challenge().cutoff_passed().is_some());
    assert_eq!(two.barriers_due(8), Vec::new(), "ann is yet to come");
    assert!(!one.is_all_handed());
    follow(&mut one, 2);
    give(&mut one, late_ms, ChallengeInput::Tick);
    assert!(one.challenge().owes_next() && !one.may_passivate());
    assert_eq!(hand(&mut one, &mut two, late_ms).0, ["ann"]);
    assert!(one.is_all_handed());
    give(
        &mut two,
        late_ms,
        ChallengeInput::Cycle(CycleInput::Gathered),
    );
    one.told_all();
    assert!(!one.challenge().owes_next());
    // Her own partition must know first that she is in.
    let told: Vec<_> = two.outbox.due(10);
    for (user, _, notice) in told {
        two.confirmed(&user, &notice);
    }
    assert_eq!(two.barriers_due(8).len(), 1);
}
