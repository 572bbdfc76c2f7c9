//! The command `verify` against a real server: it agrees with the truth and with nothing else.

use serde_json::Value;

use crate::harness::{Finished, Server, fixture, streakline};

const ZONE: &str = "America/New_York";

fn demo_folder() -> String {
    fixture("demo/fitbit-small").to_str().unwrap().to_owned()
}

fn verify(server: &Server, expected: &str) -> Finished {
    let data = server.data_arg();
    streakline(&[
        "verify",
        expected,
        "--server",
        server.url(),
        "--data",
        &data,
    ])
}

fn replayed() -> Server {
    let server = Server::virtual_at("2016-04-18T00:00:00Z");
    let (folder, data) = (demo_folder(), server.data_arg());
    let args = [
        "replay",
        &folder,
        "--server",
        server.url(),
        "--data",
        &data,
        "--zone",
        ZONE,
    ];
    streakline(&[&args[..], &["--batch", "60"]].concat()).expect_ok();
    server
}

/// One example of every kind of number in the file, and where its change must be seen.
const KINDS: [(&str, &str); 22] = [
    (
        "/users/2022484408/daily/1/minute",
        "2022484408 on 2016-04-20: steps",
    ),
    (
        "/users/2022484408/daily/1/goal_met_at_10000",
        "2022484408 on 2016-04-20: goal 10000 met at",
    ),
    ("/users/2022484408/steps/minute/first", "2022484408: totals"),
    ("/users/2022484408/steps/minute/last", "2022484408: "),
    ("/users/2022484408/steps/minute/days", "2022484408: totals"),
    ("/users/2022484408/steps/minute/total", "2022484408: totals"),
    (
        "/users/2022484408/steps/minute/window_total",
        "2022484408: totals",
    ),
    (
        "/users/2022484408/steps/minute/best7/steps",
        "2022484408: totals",
    ),
    (
        "/users/2022484408/steps/minute/best_day/steps",
        "2022484408: totals",
    ),
    (
        "/users/2022484408/steps/minute/goals/10000/days_met",
        "2022484408: totals",
    ),
    (
        "/users/2022484408/steps/minute/goals/10000/window_days_met",
        "2022484408: totals",
    ),
    (
        "/users/2022484408/steps/minute/goals/10000/longest_streak",
        "2022484408: longest streak",
    ),
    (
        "/users/2022484408/steps/minute/goals/10000/longest_from",
        "2022484408: longest streak",
    ),
    (
        "/users/2022484408/steps/minute/goals/10000/longest_to",
        "2022484408: longest streak",
    ),
    (
        "/users/2022484408/steps/minute/goals/10000/current_at_last_day",
        "2022484408: streak of goal",
    ),
    (
        "/users/2022484408/steps/minute/goals/10000/current_at_window_end",
        "2022484408: streak of goal",
    ),
    (
        "/users/2022484408/steps/minute/goals/10000/current_at_window_end_grace",
        "2022484408: streak of goal",
    ),
    (
        "/leaderboards/minute/window_steps/1/value",
        "window_steps: row of",
    ),
    (
        "/leaderboards/minute/window_steps/1/competition",
        "window_steps: row of",
    ),
    (
        "/leaderboards/minute/window_steps/1/dense",
        "window_steps: row of",
    ),
    (
        "/leaderboards/minute/window_steps/1/competition",
        "window_steps: settled (rank, score) of",
    ),
    ("/goals/0", "2022484408 on 2016-04-19: goal 10001 met at"),
];

fn changed(value: &Value) -> Value {
    match value.as_i64() {
        Some(number) => Value::from(number + 1),
        // Another minute, or another day.
        None => Value::from(
            value
                .as_str()
                .unwrap()
                .replacen("2016-04-2", "2016-04-1", 1)
                .replacen("2016-04-19", "2016-04-20", 1),
        ),
    }
}

#[test]
fn verify_agrees_with_the_truth_and_names_the_place_of_any_other_number() {
    let server = replayed();
    let path = format!("{}/expected.json", demo_folder());
    let printed = verify(&server, &path).expect_ok();
    assert!(printed.contains("person-days: 20 of 20 agree"), "{printed}");
    assert!(
        printed.contains("leaderboard rows: 5 of 5 agree"),
        "{printed}"
    );
    let truth: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let other_path = dir.path().join("expected.json");
    for (pointer, place) in KINDS {
        let mut other = truth.clone();
        let number = other
            .pointer_mut(pointer)
            .unwrap_or_else(|| panic!("no {pointer}"));
        let value = changed(number);
        assert_ne!(*number, value, "{pointer}");
        *number = value;
        std::fs::write(&other_path, other.to_string()).unwrap();
        let told = verify(&server, other_path.to_str().unwrap()).expect_failure();
        assert!(
            told.contains(&format!("disagrees: {place}")),
            "{pointer}: {told}"
        );
    }
}

#[test]
fn verify_of_an_empty_server_fails_and_says_that_nothing_is_there() {
    let server = Server::virtual_at("2016-04-18T00:00:00Z");
    let told = verify(&server, &format!("{}/expected.json", demo_folder())).expect_failure();
    assert!(told.contains("person-days: 0 of 20 agree"), "{told}");
    assert!(
        told.contains("disagrees: 2022484408 on 2016-04-19: steps: expected 11548"),
        "{told}"
    );
}

#[test]
fn a_replay_refuses_a_clock_that_is_past_the_window_or_the_machines_own() {
    let late = Server::virtual_at("2016-04-19T04:00:01Z");
    let machine = Server::start("system", &[]);
    for (server, why) in [
        (late, "past the start of 2016-04-19"),
        (machine, "the machine's"),
    ] {
        let (folder, data) = (demo_folder(), server.data_arg());
        let args = [
            "replay",
            &folder,
            "--server",
            server.url(),
            "--data",
            &data,
            "--zone",
            ZONE,
        ];
        let told = streakline(&args).expect_failure();
        assert!(
            told.contains(why) && told.contains("--clock virtual:"),
            "{told}"
        );
    }
}

#[test]
fn the_demo_runs_to_its_settlement_and_refuses_a_second_time() {
    let server = Server::virtual_at("2016-04-18T12:00:00Z");
    let data = server.data_arg();
    let args = [
        "demo",
        "--server",
        server.url(),
        "--data",
        &data,
        "--speed",
        "100",
    ];
    let printed = streakline(&args).expect_ok();
    for news in [
        "CC BY 4.0",
        "reached 10000 steps",
        "streak is now",
        "tokens for",
        "at rank 1 with",
    ] {
        assert!(printed.contains(news), "{news} is not in\n{printed}");
    }
    let told = streakline(&args).expect_failure();
    assert!(told.contains("has run here already"), "{told}");
}
