//! The five windows of a board (domain.md 6.2): daily, weekly, monthly, for ever, and the last seven days.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, challenge, enrol_new, published, utc, walk};
use crate::harness::{Server, block_on};

/// A series of windows with the same members.
async fn recurring(admin: &Http, every: &str, (starts, ends): (&str, &str)) -> String {
    let mut body = challenge(starts, ends);
    body["recurs"] = json!({"every": every, "carry_members": true});
    published(admin, &body).await
}

async fn standing(admin: &Http, rolling_days: Option<u32>) -> String {
    let mut body = challenge("2016-04-12", "2016-04-12");
    body["window"]["ends"] = Value::Null;
    if let Some(days) = rolling_days {
        body["window"]["rolling_days"] = json!(days);
    }
    published(admin, &body).await
}

async fn cycle(admin: &Http, series: &str, number: usize) -> String {
    let listed = admin.all(&format!("{series}/cycles"), 100).await;
    let id = listed[number - 1]["id"].as_str().unwrap();
    format!("/v1/challenges/{id}")
}

/// Ann's score, and when the board begins anew.
async fn shown(admin: &Http, of: &str) -> (i64, Option<i64>) {
    let path = format!("{of}/leaderboard");
    let board = admin.get(&path).await.expect(200).json();
    assert_eq!(board["participants"], 1, "{of}");
    let score = board["items"][0]["score"].as_i64().unwrap();
    (score, board["next_reset_ms"].as_i64())
}

/// Ann is in all five and walks on two days: the boards that begin anew, and those that stand.
async fn walked(server: &Server, admin: &Http) -> ([String; 3], [String; 2]) {
    let daily = recurring(admin, "day", ("2016-04-12", "2016-04-12")).await;
    let weekly = recurring(admin, "week", ("2016-04-11", "2016-04-17")).await;
    let monthly = recurring(admin, "month", ("2016-04-01", "2016-04-30")).await;
    let for_ever = standing(admin, None).await;
    let rolling = standing(admin, Some(7)).await;
    admin.advance(utc("2016-04-12", 1, 0)).await;
    let series = [daily, weekly, monthly];
    let mut joined = vec![for_ever.clone(), rolling.clone()];
    for of in &series {
        joined.push(cycle(admin, of, 1).await);
    }
    enrol_new(admin, &joined[0], &["ann"]).await;
    for of in &joined[1..] {
        admin
            .enrol(&format!("{of}/enrolments/ann"))
            .await
            .expect(201);
    }
    admin.advance(utc("2016-04-13", 12, 0)).await;
    walk(server, "ann", utc("2016-04-13", 9, 0), &[50, 50]).await;
    admin.advance(utc("2016-04-14", 12, 0)).await;
    walk(server, "ann", utc("2016-04-14", 9, 0), &[70]).await;
    (series, [for_ever, rolling])
}

#[test]
fn one_walk_counts_on_boards_of_all_five_windows() {
    let mut server = Server::virtual_at(CLOCK);
    let (series, boards) = block_on(async {
        let admin = Http::admin(&server);
        walked(&server, &admin).await
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        let [daily, weekly, monthly] = &series;
        let [for_ever, rolling] = &boards;
        admin.advance(utc("2016-04-19", 23, 0)).await;
        let second = cycle(&admin, daily, 2).await;
        assert_eq!(
            shown(&admin, &second).await,
            (100, Some(utc("2016-04-14", 12, 0)))
        );
        let third = cycle(&admin, daily, 3).await;
        assert_eq!(shown(&admin, &third).await.0, 70);
        let week = cycle(&admin, weekly, 1).await;
        assert_eq!(
            shown(&admin, &week).await,
            (170, Some(utc("2016-04-18", 12, 0)))
        );
        let next = cycle(&admin, weekly, 2).await;
        assert_eq!(shown(&admin, &next).await.0, 0);
        let month = cycle(&admin, monthly, 1).await;
        assert_eq!(
            shown(&admin, &month).await,
            (170, Some(utc("2016-05-01", 12, 0)))
        );
        assert_eq!(shown(&admin, for_ever).await, (170, None));
        assert_eq!(
            shown(&admin, rolling).await,
            (170, None),
            "the 13th to the 19th"
        );
        admin.advance(utc("2016-04-20", 0, 0)).await;
        assert_eq!(shown(&admin, rolling).await.0, 70, "the 14th to the 20th");
        admin.advance(utc("2016-04-21", 0, 0)).await;
        assert_eq!(shown(&admin, rolling).await.0, 0);
        admin.advance(utc("2016-05-01", 0, 0)).await;
        let may = cycle(&admin, monthly, 2).await;
        assert_eq!(
            shown(&admin, &may).await,
            (0, Some(utc("2016-06-01", 12, 0)))
        );
        assert_eq!(shown(&admin, for_ever).await.0, 170);
        let why = format!(
            "/v1/users/ann/explain/score?challenge={}",
            for_ever.rsplit('/').next().unwrap()
        );
        let why = admin.get(&why).await.expect(200).json();
        assert_eq!(
            why["before"],
            json!({"through": "2016-04-14", "score": 170})
        );
        assert_eq!((&why["score"], &why["ends"]), (&json!(170), &Value::Null));
    });
}

#[test]
fn what_stands_is_told_as_it_was_made_and_its_faults_are_told_at_once() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let rolling = standing(&admin, Some(7)).await;
        let body = admin.get(&rolling).await.expect(200).json();
        let window =
            json!({"clock": "user_local", "starts": "2016-04-12", "ends": null, "rolling_days": 7});
        assert_eq!(body["window"], window);
        admin.replace(&rolling, &body).await.expect(200);
        let mut shorter = body.clone();
        shorter["window"]["ends"] = json!("2016-04-30");
        shorter["window"]["rolling_days"] = json!(8);
        let refused = admin.replace(&rolling, &shorter).await;
        let fixed = [
            ("/window/ends", "fixed"),
            ("/window/rolling_days", "fixed"),
            ("/window/ends", "fixed"),
        ];
        assert_eq!(refused.faults(409, "phase"), faults(&fixed));
        let mut bad = body.clone();
        bad["window"] =
            json!({"clock": "utc", "starts": "2016-04-12", "ends": null, "rolling_days": 1});
        bad["recurs"] = json!({"every": "day"});
        bad["min_participants"] = json!(2);
        let refused = admin.replace(&rolling, &bad).await;
        let wanted = [
            ("/window/ends", "overlaps"),
            ("/window/rolling_days", "range"),
            ("/window/clock", "unsupported"),
            ("/recurs", "conflict"),
            ("/min_participants", "conflict"),
        ];
        assert_eq!(refused.faults(422, "invalid"), faults(&wanted));
        let simulate = format!("{rolling}/simulate");
        let refused = admin.post(&simulate, &json!({"users": ["ann"]})).await;
        refused.problem(409, "phase");
    });
}
