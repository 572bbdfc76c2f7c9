//! A read sees all that was acknowledged before it began.

use serde_json::json;

use super::http::Http;
use super::people::{Band, CLOCK, challenge, enrol_new, goal, published, utc};
use crate::harness::{Server, block_on};

/// Acknowledgements after each of which everything is read.
const ROUNDS: i64 = 200;

#[test]
fn a_read_sees_all_that_was_acknowledged_before_it() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = published(&admin, &challenge("2016-04-12", "2016-04-13")).await;
        enrol_new(&admin, &of, &["ann", "bob"]).await;
        admin
            .put(
                "/v1/users/ann/goals/last",
                &goal(ROUNDS * 2, Some("2016-04-12")),
            )
            .await
            .expect(201);
        admin.advance(utc("2016-04-12", 12, 0)).await;
        let mut band = Band::of(&server, "ann").await;
        for round in 1..=ROUNDS {
            band.walk(utc("2016-04-12", 1, 0) + round * 60_000, &[2])
                .await;
            let steps = round * 2;
            let board = admin
                .get(&format!("{of}/leaderboard?limit=1"))
                .await
                .expect(200)
                .json();
            let first = &board["items"][0];
            assert_eq!(
                (&first["user"], &first["score"]),
                (&json!("ann"), &json!(steps))
            );
            let own = admin
                .get(&format!("{of}/leaderboard/ann"))
                .await
                .expect(200)
                .json();
            let mut wanted = first.clone();
            wanted["percentile_bp"] = json!(10_000);
            wanted["ranks"] = json!("provisional");
            assert_eq!(own, wanted, "round {round}");
            let day = admin
                .get("/v1/users/ann/days/2016-04-12")
                .await
                .expect(200)
                .json();
            assert_eq!(
                (&day["eligible"], &day["records"]),
                (&json!(steps), &json!(round))
            );
        }
        let events = admin.all("/v1/users/ann/events", 100).await;
        assert_eq!(events.last().unwrap()["kind"], "goal.completed");
    });
}

#[test]
fn a_board_of_somebody_else_sees_it_too() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, bob) = (Http::admin(&server), Http::user(&server, "bob"));
        let of = published(&admin, &challenge("2016-04-12", "2016-04-13")).await;
        enrol_new(&admin, &of, &["ann", "bob"]).await;
        admin.advance(utc("2016-04-12", 12, 0)).await;
        let mut ann = Band::of(&server, "ann").await;
        for round in 1..=50 {
            ann.walk(utc("2016-04-12", 1, 0) + round * 60_000, &[3])
                .await;
            let board = bob
                .get(&format!("{of}/leaderboard?around=bob"))
                .await
                .expect(200)
                .json();
            assert_eq!(board["items"][0]["score"], 3 * round);
        }
    });
}
