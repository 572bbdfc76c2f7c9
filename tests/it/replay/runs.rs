//! Whole runs over the recorded people: small batches in order, and large ones late, shuffled and twice, in four zones.

use super::recording::{CLOCK, assert_digest, replay, verify};
use crate::harness::Server;

fn run(zone: &str, options: &[&str]) {
    let server = Server::virtual_at(CLOCK);
    let printed = replay(&server, zone, options);
    assert!(printed.starts_with("complete: "), "{printed}");
    assert_digest(zone, &format!("{options:?}"), &verify(&server));
}

fn shuffled(zone: &str, seed: &str) {
    run(zone, &["--batch", "60", "--shuffle", seed]);
}

#[test]
fn ten_a_batch_gives_every_expected_answer() {
    run("UTC", &[]);
}

/// Every other minute comes from a second band; only the hash of a day knows how many devices there were.
#[test]
fn two_bands_that_share_each_persons_minutes_give_every_expected_answer() {
    for options in [
        &["--devices", "2"][..],
        &["--devices", "2", "--batch", "60", "--shuffle", "1"],
    ] {
        let server = Server::virtual_at(CLOCK);
        let printed = replay(&server, "UTC", options);
        assert!(
            printed.starts_with("complete: ") && printed.contains("of 24 people"),
            "{printed}"
        );
        verify(&server);
    }
}

#[test]
fn shuffled_in_utc_seed_1_gives_every_expected_answer() {
    shuffled("UTC", "1");
}

#[test]
fn shuffled_in_utc_seed_2_gives_every_expected_answer() {
    shuffled("UTC", "2");
}

#[test]
fn shuffled_in_utc_seed_3_gives_every_expected_answer() {
    shuffled("UTC", "3");
}

#[test]
fn shuffled_in_new_york_seed_1_gives_every_expected_answer() {
    shuffled("America/New_York", "1");
}

#[test]
fn shuffled_in_new_york_seed_2_gives_every_expected_answer() {
    shuffled("America/New_York", "2");
}

#[test]
fn shuffled_in_new_york_seed_3_gives_every_expected_answer() {
    shuffled("America/New_York", "3");
}

#[test]
fn shuffled_in_kolkata_seed_1_gives_every_expected_answer() {
    shuffled("Asia/Kolkata", "1");
}

#[test]
fn shuffled_in_kolkata_seed_2_gives_every_expected_answer() {
    shuffled("Asia/Kolkata", "2");
}

#[test]
fn shuffled_in_kolkata_seed_3_gives_every_expected_answer() {
    shuffled("Asia/Kolkata", "3");
}

#[test]
fn shuffled_in_auckland_seed_1_gives_every_expected_answer() {
    shuffled("Pacific/Auckland", "1");
}

#[test]
fn shuffled_in_auckland_seed_2_gives_every_expected_answer() {
    shuffled("Pacific/Auckland", "2");
}

#[test]
fn shuffled_in_auckland_seed_3_gives_every_expected_answer() {
    shuffled("Pacific/Auckland", "3");
}
