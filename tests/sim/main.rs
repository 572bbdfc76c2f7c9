//! The seeded simulator: the machines that the server's actors carry, on one thread, in virtual time, over a store that can lose
//! power. A seed names one script; every failure prints its seed.
//!
//! It has its own carrying (`server`), so what it shows is true of the rules, the machines and the store; that the actors carry
//! them alike is shown by the replays with `kill -9` in `tests/it`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise and tell what it does, in its own functions too"
)]

mod check;
mod clients;
mod contests;
mod keeping;
mod random;
mod rows;
mod script;
mod server;
mod soak;
mod syncs;
mod world;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Once,
        atomic::{AtomicU64, Ordering},
    },
};

use check::{Outcome, check};
use keeping::in_parts;
use script::{Script, script, without_erasures, without_poison};
use server::Checked;
use sha2::{Digest as _, Sha256};
use soak::{Came, Plan, Tally};
use world::{Faults, run};

/// Seeds that a run of the tests has time for; `script/soak` asks for more.
const SEEDS: u64 = 200;

/// A world of a script at rest, checked; a panic in it is a failure of that seed.
fn world_of(seed: u64, script: &Script, faults: Faults) -> Checked<(Outcome, Tally)> {
    quiet();
    let world = AssertUnwindSafe(|| {
        let (server, tally) = run(seed, script, faults)?;
        contests::check(script, &server)?;
        Ok((check(script, &server)?, tally))
    });
    catch_unwind(world).unwrap_or_else(|_| Err("a panic".into()))
}

fn world(seed: u64, faults: Faults) -> Checked<(Outcome, Tally)> {
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

fn checked(seed: u64, faults: Faults) -> Checked<(Outcome, Tally)> {
    world(seed, faults).map_err(|wrong| format!("{faults:?}: {wrong}"))
}

/// Compares part by part, so that a failure shows the part.
fn same(calm: &Outcome, other: &Outcome) -> Checked<()> {
    let differs = |what: String| Err(format!("other than in calm: {what}"));
    for (user, person) in &calm.people {
        if other.people.get(user) != Some(person) {
            return differs(format!(
                "{user}: {:?}, not {person:?}",
                other.people.get(user)
            ));
        }
    }
    for (id, held) in &calm.challenges {
        if other.challenges.get(id) != Some(held) {
            return differs(format!(
                "{id}: {:?}, not {held:?}",
                other.challenges.get(id)
            ));
        }
    }
    Ok(())
}

/// The world of a seed in calm, then with every fault: it comes to the same.
fn storm(seed: u64) -> Came {
    let (calm, mut tally) = checked(seed, Faults::NONE)?;
    let (stormy, storm) = checked(seed, Faults::ALL)?;
    same(&calm, &stormy)?;
    tally.add(&storm);
    Ok((digest(&calm), tally))
}

/// The world of a seed, with what arrives at one instant in other orders.
fn disorder(seed: u64) -> Came {
    let (calm, mut tally) = checked(seed, Faults::NONE)?;
    for order in 1..4 {
        let shuffled = Faults {
            order,
            ..Faults::NONE
        };
        let (other, disorder) = checked(seed, shuffled)?;
        same(&calm, &other)?;
        tally.add(&disorder);
    }
    Ok((digest(&calm), tally))
}

fn digest(outcome: &Outcome) -> [u8; 32] {
    Sha256::digest(format!("{outcome:?}")).into()
}

#[test]
fn crashes_loss_repetition_and_disorder_change_nothing() {
    let failed = soak::run(&Plan::from_environment(SEEDS), storm);
    assert_eq!(failed, [], "seeds that failed");
}

#[test]
fn what_cannot_be_folded_is_as_if_it_had_never_been_sent() {
    let poisoned = AtomicU64::new(0);
    let failed = soak::run(&Plan::from_environment(SEEDS), |seed| {
        let Some(sound) = without_poison(&script(seed)) else {
            return Ok(([0; 32], Tally::default()));
        };
        poisoned.fetch_add(1, Ordering::Relaxed);
        let (never, mut tally) = world_of(seed, &sound, Faults::NONE)?;
        let (calm, sent) = checked(seed, Faults::NONE)?;
        same(&never, &calm)?;
        tally.add(&sent);
        Ok((digest(&calm), tally))
    });
    assert_eq!(failed, [], "seeds that failed");
    let poisoned = poisoned.into_inner();
    assert!(poisoned > 20, "{poisoned} worlds had poison");
}

/// T11.1: who is erased takes nothing from anybody else.
#[test]
fn an_erasure_leaves_everybody_else_and_every_frozen_board_as_they_were() {
    let erasures = AtomicU64::new(0);
    let failed = soak::run(&Plan::from_environment(SEEDS), |seed| {
        let script = script(seed);
        let Some(spared) = without_erasures(&script) else {
            return Ok(([0; 32], Tally::default()));
        };
        erasures.fetch_add(1, Ordering::Relaxed);
        let (mut spared, mut tally) = world_of(seed, &spared, Faults::NONE)?;
        let (erased, sent) = checked(seed, Faults::NONE)?;
        spared.without(&script.erased(), &erased);
        same(&spared, &erased)?;
        tally.add(&sent);
        Ok((digest(&erased), tally))
    });
    assert_eq!(failed, [], "seeds that failed");
    let erasures = erasures.into_inner();
    assert!(erasures > 20, "{erasures} worlds had erasures");
}

/// Reports are lost, repeated and overtaken as everything else is; what is settled is what the same board kept whole settles.
#[test]
fn a_board_in_parts_settles_as_the_whole_one_does_whatever_goes_wrong() {
    let parted = AtomicU64::new(0);
    let failed = soak::run(&Plan::from_environment(SEEDS), |seed| {
        let script = script(seed);
        let Some(in_parts) = in_parts(&script) else {
            return Ok(([0; 32], Tally::default()));
        };
        parted.fetch_add(1, Ordering::Relaxed);
        let (whole, mut tally) = world_of(seed, &script, Faults::NONE)?;
        for faults in [Faults::NONE, Faults::ALL] {
            let (parts, came) = world_of(seed, &in_parts, faults)
                .map_err(|wrong| format!("in parts, {faults:?}: {wrong}"))?;
            same(&whole, &parts)?;
            tally.add(&came);
        }
        Ok((digest(&whole), tally))
    });
    assert_eq!(failed, [], "seeds that failed");
    let parted = parted.into_inner();
    assert!(parted > 20, "{parted} worlds had boards in parts");
}

#[test]
fn any_order_of_arrival_settles_on_the_same_board() {
    let failed = soak::run(&Plan::from_environment(SEEDS).part(4), disorder);
    assert_eq!(failed, [], "seeds that failed");
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
