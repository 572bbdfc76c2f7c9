//! Invented people for what the recorded ones lack. How each number follows is in the README beside each folder's
//! minutes; what `verify` cannot say is asked of REST here.

use serde_json::{Value, json};
use streakline::cli::client::{Rest, Write};
use streakline::cli::folder::Folder;
use streakline_core::civil::{Day, HOUR_MS, Local, MINUTE_MS};

use crate::harness::{Server, block_on, fixture, streakline};

const ZONE: &str = "Europe/Berlin";
const MICRO: i64 = 1_000_000;

/// An instant of a UTC wall clock, POSIX ms.
fn utc(date: &str, hour: i64, minute: i64) -> i64 {
    Day::parse(date).unwrap().utc_ms() + hour * HOUR_MS + minute * MINUTE_MS
}

fn replay(server: &Server, folder: &str, options: &[&str]) -> String {
    let data = server.data_arg();
    let args = [
        "replay",
        folder,
        "--server",
        server.url(),
        "--data",
        &data,
        "--zone",
        ZONE,
    ];
    streakline(&[&args[..], &["--batch", "60"], options].concat()).expect_ok()
}

fn verify(server: &Server, folder: &str) -> String {
    let (expected, data) = (format!("{folder}/expected.json"), server.data_arg());
    streakline(&[
        "verify",
        &expected,
        "--server",
        server.url(),
        "--data",
        &data,
    ])
    .expect_ok()
}

/// A challenge over the window with the default cap of 30,000 a day, open to `users` at once.
async fn capped_challenge(rest: &Rest, users: &[&str]) -> String {
    for user in users {
        let (path, zone) = (format!("/v1/users/{user}"), json!({"zone": ZONE}));
        rest.put(&path, Some(&zone), Write::Create).await.unwrap();
    }
    let window = json!({"clock": "user_local", "starts": "2016-03-24", "ends": "2016-03-29"});
    let body = json!({"title": "Capped", "type": "most", "metric": "steps", "window": window});
    let made = rest.post("/v1/challenges", &body, "capped").await.unwrap();
    let id = made["id"].as_str().unwrap().to_owned();
    rest.post(
        &format!("/v1/challenges/{id}/publish"),
        &json!({}),
        "publish",
    )
    .await
    .unwrap();
    for user in users {
        join(rest, &id, user).await;
    }
    id
}

async fn join(rest: &Rest, challenge: &str, user: &str) {
    let path = format!("/v1/challenges/{challenge}/enrolments/{user}");
    assert!(
        rest.put(&path, None, Write::Plain).await.unwrap(),
        "{user} has joined before"
    );
}

async fn row(rest: &Rest, challenge: &str, user: &str) -> (i64, i64, i64) {
    let path = format!("/v1/challenges/{challenge}/leaderboard/{user}");
    let row = rest.get(&path).await.unwrap();
    let number = |name: &str| {
        row[name]
            .as_i64()
            .unwrap_or_else(|| panic!("{name} of {row}"))
    };
    (number("rank"), number("score"), number("achieved_at_ms"))
}

async fn day(rest: &Rest, user: &str, date: &str) -> Value {
    rest.get(&format!("/v1/users/{user}/days/{date}"))
        .await
        .unwrap()
}

/// Batches that are due when wall clocks show 10:00 on 28 March: one a row whose hour has ended.
fn rows_before_ten_on_the_28th(folder: &str) -> usize {
    let ten = Local(utc("2016-03-28", 10, 0));
    let folder = Folder::open(folder.as_ref()).unwrap();
    let rows = folder.minutes.values().flatten();
    rows.filter(|row| row.start.0 + HOUR_MS <= ten.0).count()
}

#[test]
fn people_whom_the_recording_lacks_get_their_hand_computed_answers() {
    let folder = fixture("tests/fixtures/synthetic")
        .to_str()
        .unwrap()
        .to_owned();
    let server = Server::virtual_at("2016-03-23T00:00:00Z");
    let rest = server.rest();
    let capped = block_on(capped_challenge(
        &rest,
        &["ada", "ben", "cleo", "ivy", "gus"],
    ));
    // Hal joins when his clock shows 10:00 on the 28th, in the middle of a walk from 9:30 to 10:29.
    let stop_after = rows_before_ten_on_the_28th(&folder).to_string();
    replay(&server, &folder, &["--stop-after", &stop_after]);
    block_on(async {
        assert_eq!(rest.clock().await.unwrap().now_ms, utc("2016-03-28", 8, 0));
        join(&rest, &capped, "hal").await;
    });
    let printed = replay(&server, &folder, &["--resume"]);
    assert!(printed.starts_with("complete: "), "{printed}");
    let printed = verify(&server, &folder);
    assert!(printed.contains("person-days: 20 of 20 agree"), "{printed}");
    assert!(
        printed.contains("leaderboard rows: 8 of 8 agree"),
        "{printed}"
    );
    block_on(async {
        equal_scores(&rest).await;
        caps(&rest, &capped).await;
        a_missing_and_a_short_day(&rest).await;
        late_silent_and_without_data(&rest, &capped).await;
    });
}

/// Ben had his 40,000 on the 26th at 13:19 (12:19Z), Ada hers on the 27th at 11:39 (summer time: 09:39Z).
async fn equal_scores(rest: &Rest) {
    let all = rest.list("/v1/challenges").await.unwrap();
    let window = all
        .iter()
        .find(|one| one["title"] == "Replay: window_steps")
        .unwrap();
    let path = format!(
        "/v1/challenges/{}/leaderboard",
        window["id"].as_str().unwrap()
    );
    let rows = rest.list(&path).await.unwrap();
    let top: Vec<_> = rows
        .iter()
        .take(3)
        .map(|row| {
            (
                row["user"].as_str(),
                row["rank"].as_i64(),
                row["ordinal"].as_i64(),
            )
        })
        .collect();
    let wanted = [("ben", 1, 1), ("ada", 1, 2), ("eve", 3, 3)];
    assert_eq!(
        top,
        wanted.map(|(user, rank, ordinal)| (Some(user), Some(rank), Some(ordinal)))
    );
    assert_eq!(rows[0]["achieved_at_ms"], utc("2016-03-26", 12, 19));
    assert_eq!(rows[1]["achieved_at_ms"], utc("2016-03-27", 9, 39));
}

async fn caps(rest: &Rest, capped: &str) {
    // One minute of 300 counts 240 and shows 300: 240 + 9,900 and 300 + 9,900.
    let dan = day(rest, "dan", "2016-03-26").await;
    assert_eq!(
        (dan["eligible"].as_i64(), dan["display"].as_i64()),
        (Some(10_140), Some(10_200))
    );
    // 125 minutes of 240 are 30,000: the 125th begins at 12:04 (11:04Z). The day itself is not capped.
    assert_eq!(
        row(rest, capped, "cleo").await,
        (3, 30_000, utc("2016-03-25", 11, 4))
    );
    let cleo = day(rest, "cleo", "2016-03-25").await;
    assert_eq!(cleo["eligible"], 36_000);
    // 5.0 + 2.5 + 1.25 = 8.75, floored to a tenth.
    assert_eq!(cleo["tokens"]["posted_micro"], 87 * MICRO / 10);
}

async fn a_missing_and_a_short_day(rest: &Rest) {
    let missing = day(rest, "eve", "2016-03-26").await;
    assert_eq!(
        (missing["records"].as_i64(), missing["eligible"].as_i64()),
        (Some(0), Some(0))
    );
    assert_eq!(missing["goals"][0]["status"], "missed");
    // 27 March begins at 23:00Z (winter time) and ends at 22:00Z (summer time): 23 hours, 1,380 minutes.
    let short = day(rest, "fay", "2016-03-27").await;
    assert_eq!(short["start_ms"], utc("2016-03-26", 23, 0));
    assert_eq!(short["end_ms"], utc("2016-03-27", 22, 0));
    assert_eq!(short["records"], 23 * 60);
    assert_eq!(short["goals"][0]["met_at_ms"], utc("2016-03-27", 16, 51));
}

async fn late_silent_and_without_data(rest: &Rest, capped: &str) {
    // 30 minutes of 100 are left from 10:00 on; the last begins at 10:29 (08:29Z).
    let hal = row(rest, capped, "hal").await;
    assert_eq!((hal.1, hal.2), (3_000, utc("2016-03-28", 8, 29)));
    // Ivy's last word was on the 25th at 11:29 (10:29Z); Gus never said any, and has the window's start (23:00Z).
    let ivy = row(rest, capped, "ivy").await;
    assert_eq!((ivy.1, ivy.2), (18_000, utc("2016-03-25", 10, 29)));
    let gus = row(rest, capped, "gus").await;
    assert_eq!((gus.1, gus.2), (0, utc("2016-03-23", 23, 0)));
    let settled = rest.get(&format!("/v1/challenges/{capped}")).await.unwrap();
    assert_eq!(settled["phase"], "settled");
    let streaks = rest.list("/v1/users/ivy/streaks").await.unwrap();
    assert_eq!(
        (
            streaks[0]["count"].as_i64(),
            streaks[0]["longest"]["count"].as_i64()
        ),
        (Some(0), Some(2))
    );
}

#[test]
fn a_day_of_25_hours_gets_its_hand_computed_answers() {
    let folder = fixture("tests/fixtures/synthetic-25h")
        .to_str()
        .unwrap()
        .to_owned();
    let server = Server::virtual_at("2016-10-28T00:00:00Z");
    replay(&server, &folder, &[]);
    verify(&server, &folder);
    block_on(async {
        // 30 October begins at 22:00Z (summer time) and ends at 23:00Z (winter time): 25 hours, 1,500 minutes.
        let long = day(&server.rest(), "kim", "2016-10-30").await;
        assert_eq!(long["start_ms"], utc("2016-10-29", 22, 0));
        assert_eq!(long["end_ms"], utc("2016-10-30", 23, 0));
        assert_eq!(long["records"], 25 * 60);
        assert_eq!(long["goals"][0]["met_at_ms"], utc("2016-10-30", 15, 51));
        // f(10,500) = 5,000 + 2,500 + 125 = 7,625, floored to 7.6.
        assert_eq!(long["tokens"]["posted_micro"], 76 * MICRO / 10);
    });
}
