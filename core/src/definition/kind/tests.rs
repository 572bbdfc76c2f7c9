//! Types: their faults, what of them differs, and what their keys say.

use super::*;
use crate::{civil::MINUTE_MS, limits};

fn race(target: i64, finishers: Option<u32>) -> Kind {
    Kind::Race { target, finishers }
}

#[test]
fn an_amount_of_nothing_and_no_place_to_finish_are_faults() {
    let pointers = |kind: Kind| -> Vec<_> {
        let faults = kind.faults();
        faults.into_iter().map(|fault| fault.pointer).collect()
    };
    assert_eq!(pointers(race(0, Some(0))), ["/target", "/finishers"]);
    let target = limits::CHALLENGE_AMOUNT_MAX + 1;
    assert_eq!(pointers(Kind::Target { target }), ["/target"]);
    assert_eq!(pointers(race(1, None)), [""; 0]);
    assert_eq!(pointers(Kind::Most), [""; 0]);
}

#[test]
fn another_type_differs_as_a_whole_and_the_same_one_by_its_members() {
    let target = Kind::Target { target: 5 };
    assert_eq!(race(5, None).differing(&target), ["/type"]);
    assert_eq!(
        race(5, None).differing(&race(6, Some(3))),
        ["/target", "/finishers"]
    );
    assert_eq!(target.differing(&target.clone()), [""; 0]);
}

#[test]
fn every_finisher_of_a_race_comes_before_every_amount_and_the_sooner_the_better() {
    let race = race(limits::CHALLENGE_AMOUNT_MAX, Some(2));
    let line = race.line().unwrap();
    let key = |minutes: i64| race.finished_key(line, (0, minutes * MINUTE_MS));
    let year = i64::from(limits::WINDOW_DAYS_MAX) * 1_500;
    assert!(key(29 * 60) > key(30 * 60) && key(year) > line);
    let scale = race.scale();
    assert_eq!(scale.reached(key(5), 2).after_min, Some(5));
    assert!(scale.reached(key(5), 2).finished);
    assert!(!scale.reached(key(5), 3).finished, "both places are taken");
    assert_eq!(scale.reached(line - 1, 3).score, line - 1);
}

#[test]
fn a_target_is_done_with_the_amount() {
    let scale = Kind::Target { target: 500 }.scale();
    assert!(scale.reached(500, 9).finished && !scale.reached(499, 1).finished);
}
