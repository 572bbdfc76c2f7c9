//! What the replays of the recorded people share: the folder, the commands, and what they must agree on.

use crate::harness::program::Running;
use crate::harness::{Server, fixture, streakline};

/// Before the window everywhere on earth.
pub(crate) const CLOCK: &str = "2016-04-12T00:00:00Z";
/// Days that any person or window touches.
pub(crate) const SPAN: (&str, &str) = ("2016-04-12", "2016-05-16");

/// What an independent program counted for the 22 people with minutes.
const COUNTS: [&str; 9] = [
    "person-days: 632 of 632 agree (skipped: 25 dates without minutes, 2 people without any)",
    "goal minutes: 1264 of 1264 agree (550 met)",
    "longest streaks: 44 of 44 agree",
    "current streaks at the last day: 44 of 44 agree",
    "current streaks at the window's end: 44 of 44 agree",
    "people's totals: 22 of 22 agree",
    "leaderboard rows: 86 of 86 agree",
    "settled ranks: 86 of 86 agree",
    "person-days paid: 632 of 632 agree",
];

/// What all days, goals, boards and balances come to, by zone: the same on every store, in every order, with any crashes. It changes
/// only with the rules, or with what the hash of a day covers.
const DIGESTS: [(&str, &str); 4] = [
    (
        "UTC",
        "bc40bdf656188bd2b8285cd7679640b2776b6fadbb179322b4fb76f002e16aa2",
    ),
    (
        "America/New_York",
        "122d7ee3a60683785f1dcba50cf5f3de5d5b8803aa2a68132e2ca50035f7f724",
    ),
    (
        "Asia/Kolkata",
        "aef36d48f4c7748dcc821a6ca7cfed532b832f6c00771bc5e39d17826cfbdcc0",
    ),
    (
        "Pacific/Auckland",
        "a781459be79ed5966bae759a1a2690805b0eb0c52712db7ee673a8fcfe176867",
    ),
];

/// The folder of the recording.
pub(crate) fn folder() -> String {
    fixture("tests/fixtures/fitbit")
        .to_str()
        .unwrap()
        .to_owned()
}

/// Starts a replay of it in `zone` with more options.
pub(crate) fn start_replay(server: &Server, zone: &str, options: &[&str]) -> Running {
    let (folder, data) = (folder(), server.data_arg());
    let mut args = vec![
        "replay",
        &folder,
        "--server",
        server.url(),
        "--data",
        &data,
        "--zone",
        zone,
    ];
    args.extend(options);
    Running::start(&args)
}

/// Replays it to its end.
pub(crate) fn replay(server: &Server, zone: &str, options: &[&str]) -> String {
    start_replay(server, zone, options).finish().expect_ok()
}

/// Checks every count and returns the digest.
pub(crate) fn verify(server: &Server) -> String {
    let (expected, data) = (format!("{}/expected.json", folder()), server.data_arg());
    let args = [
        "verify",
        &expected,
        "--server",
        server.url(),
        "--data",
        &data,
    ];
    let text = streakline(&args).expect_ok();
    for count in COUNTS {
        assert!(text.contains(count), "{count} is not in\n{text}");
    }
    let digest = text.lines().find_map(|line| line.strip_prefix("digest: "));
    digest.unwrap().to_owned()
}

/// Fails unless the digest is the one that every run of a zone has, on whatever store.
#[track_caller]
pub(crate) fn assert_digest(zone: &str, run: &str, digest: &str) {
    let known = DIGESTS.iter().find(|(of, _)| *of == zone);
    assert_eq!(known, Some(&(zone, digest)), "{zone}: {run}");
}
