//! Rounds that are decided once, behind a barrier, whatever comes late and whoever leaves or is erased.

use alloc::{collections::BTreeSet, format, string::String, vec, vec::Vec};

use super::{super::scene::*, *};
use crate::{
    civil::{Day, HOUR_MS},
    definition::{Definition, Kind, LateJoin},
    event::Contribution,
    id::{Entity, UserId},
    input::UserInput,
};

const BITS: u32 = 8;

/// Three rounds with these per cent.
fn lowest(lowest_percent: u32) -> Definition {
    Definition {
        ends: Day(3),
        late: LateJoin::No,
        capacity: Some(100),
        finalisation_h: 72,
        kind: Kind::Elimination { lowest_percent },
        ..definition()
    }
}

fn told(name: &str, version: u64, days: &[i64]) -> Contribution {
    Contribution {
        days: days.to_vec(),
        ..contribution(name, version, days.iter().sum())
    }
}

/// Whoever is a member knows it.
fn know(resident: &mut Resident) {
    for (user, notice) in resident.challenge().unconfirmed(resident.board()) {
        if matches!(notice, UserInput::Enrol { .. }) {
            resident.confirmed(&user, &notice);
        }
    }
}

/// A challenge whose members have these days.
fn playing(definition: Definition, days: &[(&str, &[i64])]) -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    give(&mut resident, ChallengeInput::Create(definition));
    give(&mut resident, ChallengeInput::Publish);
    for (name, days) in days {
        join(&mut resident, name);
        resident.take(&told(name, 1, days));
    }
    know(&mut resident);
    resident
}

/// Every partition passes its barrier, and what follows is folded: a decision, or the settlement.
fn pass(resident: &mut Resident, stamp_ms: i64) {
    at(resident, stamp_ms, ChallengeInput::Tick);
    for asked in resident.barriers_due(BITS) {
        assert_eq!(resident.settlement(), None, "one has not passed");
        resident.barrier(asked, true);
    }
    let next = resident.settlement().unwrap();
    at(resident, stamp_ms, next);
}

/// Alias, rank and rounds survived.
fn stood(resident: &Resident) -> Vec<(String, u32, i64)> {
    let rows = rows(resident).into_iter();
    rows.map(|row| (row.alias, row.rank, row.score)).collect()
}

fn wanted(of: &[(&str, u32, i64)]) -> Vec<(String, u32, i64)> {
    let row = |(name, rank, rounds): &(&str, u32, i64)| (alias(name), *rank, *rounds);
    of.iter().map(row).collect()
}

const FOUR: [(&str, &[i64]); 4] = [
    ("ann", &[9, 1, 9]),
    ("bob", &[5, 5, 5]),
    ("cat", &[7, 5, 1]),
    ("dan", &[1, 99, 99]),
];

#[test]
fn the_lowest_of_those_who_stand_are_out_once_a_day_is_hard_closed_everywhere() {
    let mut resident = playing(lowest(25), &FOUR);
    let closes = |round| lowest(25).round_closes_ms(round);
    assert_eq!(closes(0), Day(2).utc_ms() + (12 + 72) * HOUR_MS);
    assert_eq!(closes(2), lowest(25).settles_at_ms());
    at(&mut resident, closes(0) - 1, ChallengeInput::Tick);
    assert_eq!(
        resident.barriers_due(BITS),
        [],
        "samples of the day still count"
    );
    pass(&mut resident, closes(0));
    let three = [("ann", 1, 1), ("bob", 1, 1), ("cat", 1, 1), ("dan", 4, 0)];
    assert_eq!(stood(&resident), wanted(&three));
    pass(&mut resident, closes(1));
    let two = [("bob", 1, 2), ("cat", 1, 2), ("ann", 3, 1), ("dan", 4, 0)];
    assert_eq!(stood(&resident), wanted(&two));
    pass(&mut resident, closes(2));
    let one = [("bob", 1, 3), ("cat", 2, 2), ("ann", 3, 1), ("dan", 4, 0)];
    assert_eq!(stood(&resident), wanted(&one));
    let Some(ChallengeInput::Settle { .. }) = resident.settlement() else {
        panic!("the last round's barrier is that of the settlement");
    };
}

#[test]
fn the_answer_to_an_earlier_question_opens_no_later_round() {
    let mut resident = playing(lowest(25), &FOUR);
    let closes = |round| lowest(25).round_closes_ms(round);
    at(&mut resident, closes(0), ChallengeInput::Tick);
    let asked = resident.barriers_due(BITS);
    for asked in &asked {
        resident.barrier(*asked, true);
    }
    let fall = resident.settlement().unwrap();
    at(&mut resident, closes(1), fall);
    assert!(!resident.barriers_due(BITS).is_empty());
    for asked in asked {
        resident.barrier(asked, true);
    }
    assert_eq!(resident.settlement(), None);
}

#[test]
fn what_comes_of_a_decided_day_changes_nothing_and_a_restart_neither() {
    let mut resident = playing(lowest(25), &FOUR);
    pass(&mut resident, lowest(25).round_closes_ms(0));
    let before = rows(&resident);
    resident.take(&told("dan", 2, &[500, 99, 99]));
    assert_eq!(rows(&resident), before);
    let (bytes, _) = stored(&mut resident);
    let scores: Vec<_> = FOUR
        .iter()
        .map(|(name, days)| told(name, 1, days))
        .collect();
    let mut again = Resident::recovered(restored(&bytes, &[]), Vec::new(), &scores);
    again.filled();
    assert_eq!(rows(&again), before);
    pass(&mut again, lowest(25).round_closes_ms(1));
    pass(&mut resident, lowest(25).round_closes_ms(1));
    assert_eq!(rows(&again), rows(&resident));
    assert_eq!(again.board().digest(), resident.board().digest());
}

#[test]
fn who_falls_with_all_others_shares_the_first_place_and_nothing_more_is_played() {
    let mut resident = playing(lowest(10), &[("ann", &[5]), ("bob", &[5]), ("cat", &[1])]);
    pass(&mut resident, lowest(10).round_closes_ms(0));
    pass(&mut resident, lowest(10).round_closes_ms(1));
    let both = [("ann", 1, 1), ("bob", 1, 1), ("cat", 3, 0)];
    assert_eq!(
        stood(&resident),
        wanted(&both),
        "neither walked on the second day"
    );
    assert_eq!(resident.challenge().round_passed(), None);
    pass(&mut resident, lowest(10).settles_at_ms());
    assert!(resident.challenge().is_over());
    assert_eq!(stood(&resident), wanted(&both));
}

#[test]
fn one_who_leaves_or_is_erased_is_out_of_every_count() {
    let mut resident = playing(lowest(25), &FOUR);
    let leaving = resident.leaving(user("dan"));
    give(&mut resident, leaving);
    forget(&mut resident, "bob");
    pass(&mut resident, lowest(25).round_closes_ms(0));
    assert_eq!(stood(&resident), wanted(&[("ann", 1, 1), ("cat", 2, 0)]));
    assert!(resident.challenge().is_won);
}

/// T5.8 of rounds with the lowest few.
#[test]
fn t5_8_those_who_stand_are_nested_sets_and_each_round_is_as_small_as_was_said() {
    for seed in 1_u64..60 {
        let mut state = seed;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i64::try_from((state >> 33) % below).unwrap()
        };
        let percent = u32::try_from(1 + next(50)).unwrap();
        let names: Vec<_> = (0..1 + next(30))
            .map(|number| format!("u{number}"))
            .collect();
        let days: Vec<Vec<i64>> = names
            .iter()
            .map(|_| vec![next(20), next(20), next(20)])
            .collect();
        let people: Vec<(&str, &[i64])> = names
            .iter()
            .zip(&days)
            .map(|(name, days)| (name.as_str(), days.as_slice()))
            .collect();
        let mut resident = playing(lowest(percent), &people);
        let mut standing: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        for round in 0..3_usize {
            if resident.challenge().is_won {
                break;
            }
            pass(
                &mut resident,
                lowest(percent).round_closes_ms(u32::try_from(round).unwrap()),
            );
            let left: BTreeSet<&str> = names
                .iter()
                .map(String::as_str)
                .filter(|name| {
                    let members = &resident.challenge().members;
                    members.get(&user(name)).unwrap().fell.is_none()
                })
                .collect();
            assert!(left.is_subset(&standing), "seed {seed}");
            let day = |name: &str| people.iter().find(|of| of.0 == name).unwrap().1[round];
            let fallen: Vec<i64> = standing.difference(&left).map(|name| day(name)).collect();
            let least = (standing.len() * percent as usize / 100).max(1);
            assert!(standing.len() < 2 || fallen.len() >= least, "seed {seed}");
            let worst = fallen.iter().max();
            assert!(
                left.iter()
                    .all(|name| worst.is_none_or(|worst| day(name) > *worst)),
                "seed {seed}"
            );
            standing = left;
        }
    }
}

#[test]
fn the_partitions_of_those_who_play_are_asked_and_told_apart_by_the_cut_off() {
    let mut resident = playing(lowest(25), &FOUR);
    at(
        &mut resident,
        lowest(25).round_closes_ms(0),
        ChallengeInput::Tick,
    );
    let asked: BTreeSet<_> = resident.barriers_due(BITS).into_iter().collect();
    let of = |name: &&str| Entity::User(UserId::parse(name).unwrap()).partition(BITS);
    let cutoff_ms = lowest(25).round_closes_ms(0);
    let wanted = ["ann", "bob", "cat", "dan"]
        .iter()
        .map(|name| (of(name), cutoff_ms));
    assert_eq!(asked, wanted.collect());
}
