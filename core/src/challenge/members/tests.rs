//! Which number a member has.

use alloc::vec::Vec;

use super::super::scene::*;
use crate::{
    id::MemberNumber,
    input::{ChallengeInput, UserInput},
};

#[test]
fn members_are_numbered_in_the_order_of_first_joining() {
    let mut resident = open();
    for name in ["zoe", "ann", "bob"] {
        join(&mut resident, name);
    }
    give(&mut resident, ChallengeInput::Leave(user("ann"), None));
    join(&mut resident, "cat");
    join(&mut resident, "ann");
    let numbers = ["zoe", "ann", "bob", "cat"].map(|name| number(&resident, name));
    assert_eq!(
        numbers,
        [1, 2, 3, 4].map(Some),
        "who comes again has its number"
    );
    assert_eq!(
        resident.challenge().members.get(&user("ann")).unwrap().join,
        2
    );
}

#[test]
fn a_number_is_never_given_twice_though_its_member_was_erased() {
    let mut resident = open();
    for name in ["ann", "bob"] {
        join(&mut resident, name);
    }
    forget(&mut resident, "bob");
    join(&mut resident, "bob");
    join(&mut resident, "cat");
    let numbers = ["ann", "bob", "cat"].map(|name| number(&resident, name));
    assert_eq!(numbers, [Some(1), Some(3), Some(4)]);
}

/// Inputs of one who was erased are sealed with a key that is gone.
#[test]
fn who_joined_later_keeps_its_number_when_an_earlier_joining_cannot_be_read_any_more() {
    let mut whole = open();
    let joining = |number, name: &str| {
        let input = ChallengeInput::Join {
            user: user(name),
            alias: alias(name),
            starts_ms: 0,
            member: MemberNumber(number),
            waits: false,
            team: None,
            carried: None,
        };
        (number, input)
    };
    let inputs = [joining(1, "ann"), joining(2, "bob"), joining(3, "cat")];
    let mut cut = open();
    for (number, input) in inputs {
        give(&mut whole, input.clone());
        if number != 2 {
            give(&mut cut, input);
        }
    }
    assert_eq!(number(&whole, "cat"), Some(3));
    assert_eq!(number(&cut, "cat"), Some(3));
    forget(&mut whole, "bob");
    give(&mut cut, ChallengeInput::Forget(MemberNumber(2)));
    assert_eq!(rows(&cut), rows(&whole));
    assert_eq!(cut.board().digest(), whole.board().digest());
}

#[test]
fn a_joining_that_is_offered_again_with_a_number_that_was_given_meanwhile_gets_another() {
    let mut resident = open();
    let waiting = resident
        .challenge()
        .joining(user("ann"), alias("ann"), (0, 0));
    join(&mut resident, "bob");
    give(&mut resident, waiting);
    assert_eq!(number(&resident, "bob"), Some(1));
    assert_eq!(number(&resident, "ann"), Some(2));
}

#[test]
fn a_row_goes_by_the_number_and_is_another_on_each_board() {
    let resident = running(&[("ann", 2), ("bob", 1)]);
    let names: Vec<_> = rows(&resident).into_iter().map(|row| row.row).collect();
    assert_ne!(names[0], names[1]);
    let settled = settled(&[("ann", 2), ("bob", 1)]);
    let later: Vec<_> = rows(&settled).into_iter().map(|row| row.row).collect();
    assert_eq!(later, names, "the same for ever");
    assert!(names.iter().all(|name| name.len() == 16));
}

#[test]
fn a_name_is_sealed_once_and_again_only_when_it_has_changed() {
    let mut resident = running(&[("ann", 2), ("bob", 1), ("cat", 0)]);
    assert_eq!(stored(&mut resident).1, [1, 2, 3]);
    resident.take(&contribution("bob", 2, 9));
    assert_eq!(stored(&mut resident).1, [], "scores are no names");
    let enrolled = UserInput::Enrol {
        challenge: ID,
        join: 1,
        joined_ms: 0,
        definition: definition(),
    };
    resident.confirmed(&user("bob"), &enrolled);
    assert_eq!(stored(&mut resident).1, [2], "nobody asks for it any more");
    give(&mut resident, ChallengeInput::Leave(user("cat"), None));
    assert_eq!(stored(&mut resident).1, [3]);
    resident.take(&crate::event::Contribution {
        alias: "Quick Fox".into(),
        ..contribution("ann", 2, 5)
    });
    give(&mut resident, ChallengeInput::Cancel("rain".into()));
    assert_eq!(stored(&mut resident).1, [1], "the last alias is kept");
    assert_eq!(rows(&resident)[1].alias, "Quick Fox");
    let (bytes, again) = stored(&mut resident);
    assert_eq!(again, []);
    let restored = restored(&bytes, &[]);
    assert_eq!(restored.members, resident.challenge().members);
}

#[test]
fn a_name_that_changes_while_it_is_being_sealed_is_sealed_again() {
    let mut resident = running(&[("ann", 2)]);
    let parts = resident.snapshot().unwrap();
    give(&mut resident, ChallengeInput::Leave(user("ann"), None));
    join(&mut resident, "ann");
    let fresh = [(MemberNumber(1), alloc::sync::Arc::from(&b"old"[..]))].into();
    resident.sealed(&parts, &fresh);
    assert_eq!(stored(&mut resident).1, [1]);
}

/// T11.1.
#[test]
fn the_bytes_of_a_state_name_no_user_no_alias_and_nobody_who_asked() {
    for mut resident in [running(&[("annabel", 2)]), settled(&[("annabel", 2)])] {
        let (bytes, _) = stored(&mut resident);
        let holds = |text: &str| {
            let mut parts = bytes.windows(text.len());
            parts.any(|part| part == text.as_bytes())
        };
        for text in ["annabel", "alias", "asker"] {
            assert!(!holds(text), "{text}");
        }
        assert!(holds("Steps"), "the scan finds what is there");
        let kept = restored(&bytes, &[]);
        let name = kept.members.get(&user("annabel")).unwrap().name().unwrap();
        assert_eq!(name.alias, alias("annabel"));
        assert_eq!(name.asked_by.as_ref().unwrap().principal, "user:asker");
    }
}
