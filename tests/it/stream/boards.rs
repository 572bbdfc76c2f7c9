//! Subscriptions to boards (protocol.md 4): whole views, for those who may see them.

use serde_json::{Value, json};
use streakline::cli::client::Write;
use streakline::keys::{Claims, Role};

use super::scene::{PHONE, WATCH, assert_shape, at, challenge, device, server, viewer, with};
use crate::harness::stream::batch;
use crate::harness::{Server, Wire, block_on};

fn subscribe(id: u64, board: &str) -> Value {
    json!({"type": "subscribe", "id": id, "topic": format!("board/{board}"), "view": {"top": 10}})
}

/// A challenge of Ann and Bob at half past twelve; Carl has not joined.
async fn two_people(server: &Server) -> String {
    let board = challenge(server, &["ann", "bob"]).await;
    let zone = json!({"zone": "UTC"});
    let rest = server.rest();
    rest.put("/v1/users/carl", Some(&zone), Write::Create)
        .await
        .unwrap();
    rest.move_clock(at(12, 30)).await.unwrap();
    board
}

async fn view(wire: &mut Wire, id: u64, wanted: impl Fn(&Value) -> bool) -> Value {
    let is_view = |f: &Value| f["type"] == "board" && f["id"] == id && wanted(f);
    wire.until("a view", is_view).await
}

#[test]
fn a_subscriber_gets_the_whole_view_and_every_newer_one() {
    let server = server();
    block_on(async {
        let board = two_people(&server).await;
        let (mut ann, _) = device(&server, "ann", WATCH).await;
        let (mut bob, _) = device(&server, "bob", PHONE).await;
        ann.ack(&batch(1, at(12, 0), &[100])).await;
        ann.send(&subscribe(7, &board)).await;
        let subscribed = ann.expect("subscribed").await;
        assert_shape(&subscribed, "subscribed");
        assert_eq!(
            (&subscribed["id"], &subscribed["recovered"]),
            (&json!(7), &json!(false))
        );
        let first = view(&mut ann, 7, |_| true).await;
        assert_shape(&first, "board");
        assert_eq!(
            (&first["epoch"], &first["full"]),
            (&subscribed["epoch"], &json!(true))
        );
        let row = |view: &Value, at: usize| {
            let row = &view["rows"][at];
            (
                row["rank"].clone(),
                row["score"].clone(),
                row["you"].clone(),
            )
        };
        assert_eq!(row(&first, 0), (json!(1), json!(100), json!(true)));
        assert_eq!(row(&first, 1), (json!(2), json!(0), json!(false)));
        bob.ack(&batch(1, at(12, 0), &[200])).await;
        let second = view(&mut ann, 7, |view| view["rows"][0]["score"] == 200).await;
        assert_eq!(row(&second, 0), (json!(1), json!(200), json!(false)));
        assert_eq!(row(&second, 1), (json!(2), json!(100), json!(true)));
        assert!(second["offset"].as_u64() > first["offset"].as_u64());
        let listed = server
            .rest_of("ann")
            .list(&format!("/v1/challenges/{board}/leaderboard"))
            .await;
        assert_eq!(
            json!(listed.unwrap()),
            second["rows"],
            "REST shows the same"
        );
    });
}

#[test]
fn after_unsubscribing_nothing_comes_and_the_id_is_free() {
    let server = server();
    block_on(async {
        let board = two_people(&server).await;
        let (mut page, _) = viewer(&server, "ann").await;
        page.send(&subscribe(7, &board)).await;
        view(&mut page, 7, |_| true).await;
        page.send(&json!({"type": "unsubscribe", "id": 7})).await;
        let gone = page.expect("unsubscribed").await;
        assert_eq!(gone, json!({"type": "unsubscribed", "id": 7}));
        let seen = page.seen.len();
        let (mut bob, _) = device(&server, "bob", PHONE).await;
        bob.ack(&batch(1, at(12, 0), &[200])).await;
        // Whoever still looks is shown the change; who does not sees only her own rank.
        let rank = format!("me/rank/{board}");
        page.state(&rank, |state| state["rank"] == 2).await;
        page.quiet().await;
        assert!(
            page.seen[seen..]
                .iter()
                .all(|frame| frame["type"] != "board"),
            "{:?}",
            page.seen
        );
        let error = page.error(&json!({"type": "unsubscribe", "id": 7})).await;
        assert_eq!(error["code"], "not_found");
        page.send(&subscribe(7, &board)).await;
        view(&mut page, 7, |view| view["rows"][0]["score"] == 200).await;
    });
}

#[test]
fn a_socket_has_at_most_16_subscriptions_and_each_id_once() {
    let server = server();
    block_on(async {
        let board = two_people(&server).await;
        let (mut page, _) = viewer(&server, "ann").await;
        for id in 1..=16 {
            page.send(&subscribe(id, &board)).await;
            view(&mut page, id, |_| true).await;
        }
        let full = page.error(&subscribe(17, &board)).await;
        assert_eq!((&full["code"], &full["id"]), (&json!("limit"), &json!(17)));
        let used = page.error(&subscribe(3, &board)).await;
        assert_eq!(
            (&used["code"], &used["id"]),
            (&json!("bad_frame"), &json!(3))
        );
        page.send(&json!({"type": "unsubscribe", "id": 3})).await;
        page.expect("unsubscribed").await;
        page.send(&subscribe(17, &board)).await;
        view(&mut page, 17, |_| true).await;
    });
}

#[test]
fn a_board_that_is_not_ones_own_or_is_none_is_not_found() {
    let server = server();
    block_on(async {
        let board = two_people(&server).await;
        let (mut carl, _) = viewer(&server, "carl").await;
        let unknown = subscribe(2, "01960000-0000-7000-8000-000000000001");
        let cases = [
            (1, subscribe(1, &board)),
            (2, unknown),
            (
                3,
                with(&subscribe(3, &board), json!({"topic": "weather/today"})),
            ),
        ];
        for (id, frame) in cases {
            let error = carl.error(&frame).await;
            assert_eq!(
                (&error["code"], &error["id"]),
                (&json!("not_found"), &json!(id)),
                "{error}"
            );
            assert_eq!(error["fatal"], false);
        }
        carl.quiet().await;
        assert!(carl.seen.iter().all(|frame| frame["type"] != "board"));
        let path = format!("/v1/challenges/{board}/enrolments/carl");
        server.rest().put(&path, None, Write::Plain).await.unwrap();
        carl.send(&subscribe(1, &board)).await;
        let joined = view(&mut carl, 1, |_| true).await;
        assert_eq!(joined["participants"], 3);
    });
}

#[test]
fn users_are_named_to_admins_only() {
    let server = server();
    block_on(async {
        let board = two_people(&server).await;
        let (mut ann, _) = viewer(&server, "ann").await;
        ann.send(&subscribe(1, &board)).await;
        let shown = view(&mut ann, 1, |_| true).await;
        assert!(shown["rows"][0].get("user").is_none(), "{shown}");
        let claims = Claims::new("root", Role::Admin, streakline::clock::unix_s(), 3_600);
        let token = server.token_with(&claims);
        let mut admin = Wire::upgrade(&server, &token).await.unwrap();
        admin.send(&json!({"type": "hello"})).await;
        admin.expect("welcome").await;
        admin.send(&subscribe(1, &board)).await;
        let shown = view(&mut admin, 1, |_| true).await;
        let users: Vec<&Value> = shown["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["user"])
            .collect();
        assert_eq!(users, ["ann", "bob"]);
    });
}
