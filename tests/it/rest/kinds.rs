//! Types of challenges: what each asks for, what its board tells, and how it ends (protocol.md 7).

use serde_json::{Value, json};

use super::http::Http;
use super::people::{CLOCK, challenge, enrol_new, events, published, utc, walk};
use crate::harness::{Server, block_on};

const SETTLES: (&str, i64) = ("2016-04-15", 12);

/// A challenge of a type over the 13th, with what that asks for.
fn of_type(kind: &str, parameters: &Value) -> Value {
    let mut body = challenge("2016-04-13", "2016-04-13");
    body["type"] = json!(kind);
    let members = parameters.as_object().unwrap();
    body.as_object_mut().unwrap().extend(members.clone());
    body
}

/// Ann walks 150 steps from 9:00 on and bob 60, of their own 13th; all is settled. The board, and what ann was told at the end.
async fn played(server: &Server, admin: &Http, body: &Value) -> (String, Value, Value) {
    let of = published(admin, body).await;
    let made = admin.get(&of).await.expect(200).json();
    for (name, value) in body.as_object().unwrap() {
        let same = ["window", "join"].contains(&name.as_str()) || made[name] == *value;
        assert!(same, "{name} is told as it was said: {made}");
    }
    enrol_new(admin, &of, &["ann", "bob"]).await;
    admin.advance(utc("2016-04-13", 12, 0)).await;
    walk(server, "ann", utc("2016-04-13", 9, 0), &[50, 50, 50]).await;
    walk(server, "bob", utc("2016-04-13", 8, 0), &[60]).await;
    admin.advance(utc(SETTLES.0, SETTLES.1, 0)).await;
    let board = admin.get(&format!("{of}/leaderboard")).await.expect(200);
    let told = events(admin, "ann", "challenge.settled").await;
    assert_eq!(told.len(), 1);
    (of, board.json(), told[0].clone())
}

#[test]
fn a_target_is_done_by_whoever_reaches_it() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let body = of_type("target", &json!({"target": 100}));
        let (_, board, told) = played(&server, &admin, &body).await;
        let done = utc("2016-04-13", 9, 1);
        assert_eq!(board["items"][0]["score"], 100, "more does not count");
        assert_eq!(board["items"][0]["finished_at_ms"], done);
        assert_eq!(board["items"][1]["score"], 60);
        assert!(board["items"][1].get("finished_at_ms").is_none());
        assert_eq!(told["finished_at_ms"], done);
    });
}

#[test]
fn a_race_is_won_by_the_fewest_minutes_and_pages_go_on_behind_a_finisher() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let body = of_type("race", &json!({"target": 50, "finishers": 1}));
        let (of, board, told) = played(&server, &admin, &body).await;
        let rows = &board["items"];
        assert_eq!(
            (&rows[0]["user"], &rows[0]["after_min"]),
            (&json!("bob"), &json!(480))
        );
        assert_eq!(
            (&rows[1]["user"], &rows[1]["after_min"]),
            (&json!("ann"), &json!(540))
        );
        assert!(rows[0]["finished_at_ms"].is_i64() && rows[1].get("finished_at_ms").is_none());
        assert!(
            told.get("finished_at_ms").is_none(),
            "there was one place to finish"
        );
        let paged = admin.all(&format!("{of}/leaderboard"), 1).await;
        assert_eq!(json!(paged), *rows);
        let wrong = of_type("race", &json!({"target": 0, "finishers": 0, "tiers": [1]}));
        let found = admin
            .post("/v1/challenges", &wrong)
            .await
            .problem(422, "invalid");
        let pointers: Vec<_> = found["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| fault["pointer"].clone())
            .collect();
        assert_eq!(pointers, ["/target", "/finishers", "/tiers"]);
    });
}

#[test]
fn tiers_of_what_all_walk_are_reached_once_each() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let campaign = "0196aaaa-0000-4000-8000-000000000001";
        let budget = json!({"title": "Spring", "budget_micro": 500});
        let path = format!("/v1/campaigns/{campaign}");
        admin.put(&path, &budget).await.expect(201);
        let rewards = json!([{"tier": 2, "tokens_micro": 10}, {"tier": 3, "tokens_micro": 100}]);
        let more = json!({"tiers": [100, 200, 300], "capacity": 4, "campaign": campaign,
            "rewards": rewards});
        let body = of_type("collective", &more);
        let (of, board, _) = played(&server, &admin, &body).await;
        assert_eq!(board["total"], 210);
        let made = admin.get(&of).await.expect(200).json();
        let noon = utc("2016-04-13", 12, 0);
        assert_eq!(made["reached_ms"], json!([noon, noon]));
        for user in ["ann", "bob"] {
            let told = events(&admin, user, "challenge.tier").await;
            let tiers: Vec<_> = told.iter().map(|event| event["tier"].clone()).collect();
            assert_eq!(tiers, [1, 2], "{user}");
            let won = events(&admin, user, "prize.won").await;
            let won: Vec<_> = won
                .iter()
                .map(|event| event["amount_micro"].clone())
                .collect();
            assert_eq!(won, [10], "the third tier is not reached, {user}");
        }
    });
}

#[test]
fn stages_of_a_journey_are_told_to_whoever_reaches_them() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let stages = json!([{"title": "Airolo", "distance_m": 40, "lat_microdeg": 46_528_000, "lon_microdeg": 8_609_000},
            {"title": "Gotthard", "distance_m": 100}]);
        let body = of_type("journey", &json!({"stages": stages}));
        let (_, board, told) = played(&server, &admin, &body).await;
        let stages = async |user: &str| {
            let told = events(&admin, user, "challenge.stage").await;
            told.iter()
                .map(|event| event["stage"].as_i64().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (stages("ann").await, stages("bob").await),
            (vec![1, 2], vec![1])
        );
        assert_eq!(board["items"][0]["score"], 132, "100 m are 132 steps");
        assert_eq!(told["finished_at_ms"], utc("2016-04-13", 9, 2));
    });
}

#[test]
fn the_last_one_standing_has_stayed_over_the_bar_for_the_most_days() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let body = of_type(
            "last_standing",
            &json!({"bar": 100, "join": {"late": "no"}}),
        );
        let (_, board, told) = played(&server, &admin, &body).await;
        let rows = board["items"].as_array().unwrap();
        let rows: Vec<_> = rows
            .iter()
            .map(|row| (&row["user"], &row["score"]))
            .collect();
        assert_eq!(
            rows,
            [(&json!("ann"), &json!(1)), (&json!("bob"), &json!(0))]
        );
        assert_eq!((&told["rank"], &told["score"]), (&json!(1), &json!(1)));
    });
}

#[test]
fn a_duel_is_of_two_over_seven_days_by_points_of_three_rings() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let rings = json!([{"metric": "steps", "target": 100}, {"metric": "floors", "target": 10},
            {"metric": "distance", "target": 5_000}]);
        let mut body = of_type("duel", &json!({"rings": rings}));
        let faulty = admin
            .post("/v1/challenges", &body)
            .await
            .problem(422, "invalid");
        let faults = faulty["errors"].as_array().unwrap();
        let pointers: Vec<_> = faults
            .iter()
            .map(|fault| fault["pointer"].clone())
            .collect();
        assert_eq!(pointers, ["/metric", "/window/ends"]);
        body.as_object_mut().unwrap().remove("metric");
        body["window"]["ends"] = json!("2016-04-19");
        let of = published(&admin, &body).await;
        let made = admin.get(&of).await.expect(200).json();
        assert_eq!((&made["rings"], &made["capacity"]), (&rings, &json!(2)));
        enrol_new(&admin, &of, &["ann", "bob"]).await;
        admin
            .put("/v1/users/cat", &json!({"zone": "UTC"}))
            .await
            .expect(201);
        admin
            .enrol(&format!("{of}/enrolments/cat"))
            .await
            .problem(409, "full");
        admin.advance(utc("2016-04-13", 12, 0)).await;
        walk(&server, "ann", utc("2016-04-13", 9, 0), &[50, 50, 50]).await;
        walk(&server, "bob", utc("2016-04-13", 8, 0), &[60]).await;
        let board = admin
            .get(&format!("{of}/leaderboard"))
            .await
            .expect(200)
            .json();
        let rows = board["items"].as_array().unwrap();
        let scores: Vec<_> = rows.iter().map(|row| row["score"].clone()).collect();
        assert_eq!(scores, [150, 60]);
    });
}
