//! A user's friends on a board: who they are says the app in a token (protocol.md 4, 7, ADR 0079).

use serde_json::{Value, json};
use streakline::{clock, keys::Claims};
use streakline_core::id::UserId;

use super::http::Http;
use super::people::{CLOCK, challenge, enrol_new, published, utc, walk};
use crate::harness::{Server, Wire, block_on};

fn friends_token(server: &Server, of: &str, friends: &[&str]) -> String {
    let friends: Vec<UserId> = friends
        .iter()
        .map(|name| UserId::parse(name).unwrap())
        .collect();
    server.token_with(&Claims::of_friends(of, &friends, clock::unix_s(), 60))
}

/// The rows that a user gets with that token, as scores with ranks.
async fn seen(who: &Http, of: &str, token: &str) -> Vec<(i64, i64)> {
    let board = asked(who, of, Some(token)).await.expect(200).json();
    assert_eq!(
        (&board["next"], &board["exact"]),
        (&Value::Null, &json!(true))
    );
    let rows = board["items"].as_array().unwrap();
    assert_eq!(board["participants"], rows.len());
    let number = |row: &Value, name: &str| row[name].as_i64().unwrap();
    rows.iter()
        .map(|row| (number(row, "rank"), number(row, "score")))
        .collect()
}

async fn asked(who: &Http, of: &str, token: Option<&str>) -> super::http::Answer {
    let headers: Vec<(&str, &str)> = token
        .map(|token| ("friends-token", token))
        .into_iter()
        .collect();
    let path = format!("{of}/leaderboard?by=friends");
    who.ask("GET", &path, &headers, None).await
}

/// Ann, Bob, Cat and Dan walk 10, 20, 20 and 40; Zoe is not in it.
async fn four(server: &Server, admin: &Http, keeping: &str) -> String {
    let mut body = challenge("2016-04-13", "2016-04-13");
    body["board"] = json!(keeping);
    let of = published(admin, &body).await;
    admin.advance(utc("2016-04-13", 12, 0)).await;
    for (name, steps) in [("ann", 10), ("bob", 20), ("cat", 20), ("dan", 40)] {
        enrol_new(admin, &of, &[name]).await;
        walk(server, name, utc("2016-04-13", 12, 0), &[steps]).await;
    }
    of
}

fn friends_are_ranked_among_themselves(keeping: &str) {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = four(&server, &admin, keeping).await;
        let ann = Http::user(&server, "ann");
        let token = friends_token(&server, "ann", &["bob", "cat", "zoe", "nobody"]);
        let wanted = vec![(1, 20), (1, 20), (3, 10)];
        assert_eq!(seen(&ann, &of, &token).await, wanted);
        assert_eq!(
            seen(&admin, &of, &token).await,
            wanted,
            "an admin may show it, too"
        );
        // Who is hidden is shown to no friend, under no name.
        admin
            .replace("/v1/users/cat", &json!({"hidden": true}))
            .await
            .expect(200);
        assert_eq!(seen(&ann, &of, &token).await, [(1, 20), (2, 10)]);
        let cats = friends_token(&server, "cat", &["dan"]);
        let cat = Http::user(&server, "cat");
        assert_eq!(seen(&cat, &of, &cats).await, [(1, 40), (2, 20)]);
        let refused = asked(&ann, &of, Some(&cats)).await;
        refused.problem(400, "bad_frame");
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            "/headers/friends-token"
        );
        asked(&ann, &of, None).await.problem(400, "bad_frame");
        asked(&ann, &of, Some(&server.token("ann")))
            .await
            .problem(400, "bad_frame");
        let zoes = friends_token(&server, "zoe", &["ann"]);
        asked(&admin, &of, Some(&zoes))
            .await
            .problem(404, "not_enrolled");
        let lets_in = Http::bearing(&server, &token).get("/v1/me").await;
        lets_in.problem(401, "unauthenticated");
        // It is over: the board is whole, and friends are where they were.
        admin.advance(utc("2016-04-20", 0, 0)).await;
        let dans = friends_token(&server, "dan", &["ann", "bob"]);
        let dan = Http::user(&server, "dan");
        assert_eq!(seen(&dan, &of, &dans).await, [(1, 40), (2, 20), (3, 10)]);
    });
}

#[test]
fn friends_are_ranked_among_themselves_and_who_is_hidden_is_not_among_them() {
    friends_are_ranked_among_themselves("whole");
}

#[test]
fn friends_of_a_board_in_parts_are_ranked_likewise() {
    friends_are_ranked_among_themselves("parts");
}

fn a_view_of_friends_follows_them(keeping: &str) {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = four(&server, &admin, keeping).await;
        let (mut wire, _) = Wire::hello(&server, "ann", &json!({"type": "hello"})).await;
        let topic = format!("board/{}", of.rsplit('/').next().unwrap());
        let subscribe = |id: u64, token: &str| {
            json!({"type": "subscribe", "id": id, "topic": topic, "deltas": true,
                "view": {"friends": token}})
        };
        wire.send(&subscribe(1, &friends_token(&server, "ann", &["bob"])))
            .await;
        let scores = |frame: &Value| {
            let rows = frame["rows"].as_array().cloned().unwrap_or_default();
            rows.iter()
                .map(|row| row["score"].as_i64().unwrap())
                .collect::<Vec<_>>()
        };
        let first = wire.until("both", |frame| {
            frame["type"] == "board" && scores(frame) == [20, 10]
        });
        let first = first.await;
        assert_eq!(
            (&first["participants"], &first["full"]),
            (&json!(2), &json!(true))
        );
        assert!(first["rows"][0]["user"].is_null(), "rows name nobody");
        walk(&server, "bob", utc("2016-04-13", 12, 1), &[5]).await;
        let next = wire.until("a delta", |frame| {
            frame["type"] == "board" && scores(frame) == [25]
        });
        assert_eq!(next.await["full"], false);
        admin
            .replace("/v1/users/bob", &json!({"hidden": true}))
            .await
            .expect(200);
        let gone = wire.until("a row that goes", |frame| {
            frame["gone"].as_array().is_some_and(|gone| gone.len() == 1)
        });
        assert_eq!(gone.await["participants"], 1);
        let error = wire
            .error(&subscribe(2, &friends_token(&server, "bob", &["ann"])))
            .await;
        assert_eq!(
            (&error["code"], &error["pointer"]),
            (&json!("bad_frame"), &json!("/view/friends"))
        );
    });
}

#[test]
fn a_view_of_friends_on_the_stream_follows_them() {
    a_view_of_friends_follows_them("whole");
}

#[test]
fn a_view_of_friends_of_a_board_in_parts_follows_them() {
    a_view_of_friends_follows_them("parts");
}
