//! Tests of what may change when, and of who is told of a later end.

use std::vec::Vec;

use super::{
    super::{
        resident::Resident,
        scene::{ID, alias, definition, give, of_places, user},
    },
    *,
};
use alloc::borrow::Cow;

use crate::{civil::Day, definition::LateJoin, input::Conclusion};

fn amend(
    resident: &mut Resident,
    new: Definition,
) -> Result<(), Vec<(&'static str, &'static str)>> {
    match resident.challenge().amending(new, 0) {
        Ok(input) => {
            give(resident, input);
            Ok(())
        }
        Err(Unchanged::Fixed(faults)) => {
            let told = |fault: DefinitionFault| match fault.pointer {
                Cow::Borrowed(place) => (place, fault.code),
                Cow::Owned(place) => panic!("{place} is no member of its own"),
            };
            Err(faults.into_iter().map(told).collect())
        }
        Err(Unchanged::Refused(refusal)) => panic!("{refusal}"),
    }
}

fn held(resident: &Resident) -> Definition {
    resident.challenge().definition.clone().unwrap()
}

fn join(resident: &mut Resident, name: &str) {
    let joining = resident
        .challenge()
        .joining(user(name), alias(name), (0, 0));
    give(resident, joining);
}

fn later(resident: &mut Resident) -> Day {
    let ends = held(resident).ends.plus(7);
    let new = Definition {
        ends,
        ..held(resident)
    };
    amend(resident, new).unwrap();
    ends
}

/// Tells a member's partition what it is owed, and answers it.
fn tell(resident: &mut Resident, name: &str) -> Option<UserInput> {
    let owed = resident.challenge().owed(&user(name), resident.board())?;
    resident.confirmed(&user(name), &owed);
    Some(owed)
}

#[test]
fn an_open_challenge_gets_another_title_more_places_and_once_a_later_end() {
    let mut resident = of_places(10, 5);
    let new = Definition {
        title: "May steps".into(),
        capacity: None,
        waitlist: 7,
        ends: Day(9),
        ..held(&resident)
    };
    assert_eq!(amend(&mut resident, new.clone()), Ok(()));
    assert_eq!(held(&resident), new);
    assert!(resident.challenge().is_open());
    let again = Definition {
        ends: Day(10),
        ..new
    };
    let told = amend(&mut resident, again);
    assert_eq!(told, Err(Vec::from([("/window/ends", "extended_already")])));
}

#[test]
fn everything_that_is_fixed_is_told_at_once() {
    let mut resident = of_places(10, 5);
    let new = Definition {
        metric: crate::metric::Metric(9),
        starts: Day(0),
        ends: Day(1),
        join_opens_ms: Some(1),
        late: LateJoin::No,
        capacity: Some(9),
        waitlist: 4,
        per_day_cap: Some(1),
        finalisation_h: 0,
        rank_style: crate::leaderboard::RankStyle::Dense,
        ..held(&resident)
    };
    let mut told = amend(&mut resident, new).unwrap_err();
    told.sort_unstable();
    let pointers = [
        "/capacity",
        "/finalisation_h",
        "/join/late",
        "/join/opens_ms",
        "/metric",
        "/per_day_cap",
        "/rank_style",
        "/waitlist",
        "/window/ends",
        "/window/starts",
    ];
    assert_eq!(told, pointers.map(|pointer| (pointer, "fixed")));
}

#[test]
fn what_may_change_depends_on_the_phase() {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    let planned = Definition {
        join_opens_ms: Some(1_000),
        ..definition()
    };
    give(&mut resident, ChallengeInput::Create(planned.clone()));
    let other = Definition {
        starts: Day(2),
        ends: Day(3),
        ..planned
    };
    assert_eq!(amend(&mut resident, other.clone()), Ok(()), "a draft");
    give(&mut resident, ChallengeInput::Publish);
    let sooner = Definition {
        starts: Day(1),
        ..other
    };
    assert_eq!(
        amend(&mut resident, sooner.clone()),
        Ok(()),
        "joining is not open"
    );
    let challenge = resident.challenge();
    assert!(challenge.is_open() && !challenge.is_extended);
    let ended_ms = sooner.ends_at_ms();
    let new_title = Definition {
        title: "Steps!".into(),
        ..sooner.clone()
    };
    assert!(challenge.amending(new_title.clone(), ended_ms).is_ok());
    let longer = Definition {
        ends: Day(9),
        ..sooner
    };
    let fixed = challenge.amending(longer, ended_ms);
    assert!(matches!(fixed, Err(Unchanged::Fixed(_))), "it has ended");
    give(&mut resident, ChallengeInput::Cancel("rain".into()));
    let over = resident.challenge().amending(new_title, 0);
    let phase = Refusal::Phase(ChallengePhase::Cancelled);
    assert_eq!(over, Err(Unchanged::Refused(phase)));
}

#[test]
fn nothing_is_settled_before_every_member_knows_of_the_later_end() {
    let mut resident = of_places(3, 0);
    join(&mut resident, "ann");
    assert!(matches!(
        tell(&mut resident, "ann"),
        Some(UserInput::Enrol { .. })
    ));
    join(&mut resident, "bob");
    let ends = later(&mut resident);
    join(&mut resident, "cat");
    assert!(!resident.challenge().all_told());
    for name in ["bob", "cat"] {
        let told = tell(&mut resident, name);
        let knows =
            matches!(told, Some(UserInput::Enrol { definition, .. }) if definition.ends == ends);
        assert!(knows, "{name} is told of it with the enrolment");
    }
    assert!(!resident.challenge().all_told());
    let extend = UserInput::Extend {
        challenge: ID,
        join: 1,
        ends,
    };
    assert_eq!(tell(&mut resident, "ann"), Some(extend));
    assert!(resident.challenge().all_told());
    assert_eq!(tell(&mut resident, "ann"), None);
}

#[test]
fn an_enrolment_that_was_sent_before_the_change_and_comes_after_it_leaves_the_change_owed() {
    let mut resident = of_places(1, 0);
    join(&mut resident, "ann");
    let sent = resident.challenge().owed(&user("ann"), resident.board());
    let ends = later(&mut resident);
    resident.confirmed(&user("ann"), &sent.unwrap());
    let owed = tell(&mut resident, "ann");
    assert!(matches!(owed, Some(UserInput::Extend { ends: told, .. }) if told == ends));
}

#[test]
fn who_is_told_of_the_cancellation_needs_no_other_end() {
    let mut resident = of_places(1, 0);
    join(&mut resident, "ann");
    tell(&mut resident, "ann");
    later(&mut resident);
    give(&mut resident, ChallengeInput::Cancel("rain".into()));
    let told = tell(&mut resident, "ann");
    let cancelled = Conclusion::Cancelled("rain".into());
    assert!(
        matches!(told, Some(UserInput::Conclude { conclusion, .. }) if conclusion == cancelled)
    );
}
