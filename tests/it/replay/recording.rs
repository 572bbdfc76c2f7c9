//! What the replays of the recorded people share: the folder, the commands, and what they must agree on.

use std::collections::BTreeMap;
use std::sync::Mutex;

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

/// Fails unless every run of a zone so far had the same digest.
#[track_caller]
pub(crate) fn assert_digest(zone: &'static str, run: &str, digest: String) {
    static FIRST: Mutex<BTreeMap<&str, (String, String)>> = Mutex::new(BTreeMap::new());
    let mut first = FIRST
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let (first_run, wanted) = first
        .entry(zone)
        .or_insert_with(|| (run.to_owned(), digest.clone()))
        .clone();
    drop(first);
    assert_eq!(digest, wanted, "{zone}: {run} and {first_run} differ");
}
