//! The seeded simulator: the machines that the server's actors carry, on one thread, in virtual time, over a store that can lose
//! power. A seed names one script; every failure prints its seed.
//!
//! It has its own carrying (`server`), so what it shows is true of the rules, the machines and the store; that the actors carry
//! them alike is shown by the replays with `kill -9` in `tests/it`.
#![allow(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, in its own functions too"
)]

mod check;
mod clients;
mod random;
mod script;
mod server;
mod syncs;
mod world;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Once,
};

use check::{Outcome, check};
use script::{Script, script, without_poison};
use server::Checked;
use world::{Faults, run};

/// Worlds that are run.
const SEEDS: u64 = 200;

/// A world of a script at rest, checked; a panic in it is a failure of that seed.
fn world_of(seed: u64, script: &Script, faults: Faults) -> Checked<Outcome> {
    quiet();
    let world = AssertUnwindSafe(|| check(script, &run(seed, script, faults)?));
    catch_unwind(world).unwrap_or_else(|_| Err("a panic".into()))
}

fn world(seed: u64, faults: Faults) -> Checked<Outcome> {
    world_of(seed, &script(seed), faults)
}

/// Panics that the scripts ask for are caught and say nothing.
fn quiet() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let asked = panic.payload_as_str();
            if !asked.is_some_and(|words| words.ends_with("as a test asked for")) {
                loud(panic);
            }
        }));
    });
}

fn checked(seed: u64, faults: Faults) -> Outcome {
    world(seed, faults).unwrap_or_else(|wrong| panic!("seed {seed}, {faults:?}: {wrong}"))
}

/// Compares part by part, so that a failure shows the part.
fn assert_same(seed: u64, calm: &Outcome, other: &Outcome) {
    for (user, person) in &calm.people {
        assert_eq!(Some(person), other.people.get(user), "seed {seed}: {user}");
    }
    for (id, challenge) in &calm.challenges {
        assert_eq!(
            Some(challenge),
            other.challenges.get(id),
            "seed {seed}: {id}"
        );
    }
}

#[test]
fn crashes_loss_repetition_and_disorder_change_nothing() {
    for seed in 0..SEEDS {
        let calm = checked(seed, Faults::NONE);
        let stormy = checked(seed, Faults::ALL);
        assert_same(seed, &calm, &stormy);
    }
}

#[test]
fn what_cannot_be_folded_is_as_if_it_had_never_been_sent() {
    let mut seen = 0;
    for seed in 0..SEEDS {
        let script = script(seed);
        let Some(sound) = without_poison(&script) else {
            continue;
        };
        seen += 1;
        let never = world_of(seed, &sound, Faults::NONE);
        let never = never.unwrap_or_else(|wrong| panic!("seed {seed}, sound: {wrong}"));
        assert_same(seed, &never, &checked(seed, Faults::NONE));
    }
    assert!(seen > 20, "{seen} worlds had poison");
}

#[test]
fn any_order_of_arrival_settles_on_the_same_digest() {
    for seed in 0..SEEDS / 4 {
        let calm = checked(seed, Faults::NONE);
        for order in 1..4 {
            let shuffled = Faults {
                order,
                ..Faults::NONE
            };
            assert_same(seed, &calm, &checked(seed, shuffled));
        }
    }
}

#[test]
fn a_missing_sync_shows() {
    let broken = Faults {
        skip_sync: true,
        ..Faults::ALL
    };
    let wrong: Vec<String> = (0..5)
        .filter_map(|seed| world(seed, broken).err())
        .collect();
    assert_eq!(wrong.len(), 5, "no seed may pass without syncs");
    let lost = wrong.iter().filter(|wrong| wrong.ends_with(": lost"));
    assert!(
        lost.count() > 0,
        "lost acknowledgements are named: {wrong:?}"
    );
}
