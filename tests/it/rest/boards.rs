//! Leaderboards: who sees what of them, in pages and around a user.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{
    Band, CLOCK, challenge, enrol_new, forgetful_server, have_left, make_user, published, utc, walk,
};
use crate::harness::{Server, Wire, block_on};

const PEOPLE: [&str; 5] = ["ann", "bob", "cat", "dan", "eve"];

/// Five people whose walks give 50, 40, 40, 20 and 0; cat reached her 40 before bob.
async fn five(server: &Server, admin: &Http) -> String {
    let of = published(admin, &challenge("2016-04-12", "2016-04-14")).await;
    enrol_new(admin, &of, &PEOPLE).await;
    admin.advance(utc("2016-04-12", 12, 0)).await;
    walk(server, "bob", utc("2016-04-12", 9, 0), &[20, 20]).await;
    walk(server, "ann", utc("2016-04-12", 9, 0), &[50]).await;
    walk(server, "cat", utc("2016-04-12", 8, 0), &[40]).await;
    walk(server, "dan", utc("2016-04-12", 8, 0), &[20]).await;
    of
}

fn column(items: &[Value], name: &str) -> Vec<Value> {
    items.iter().map(|item| item[name].clone()).collect()
}

#[test]
fn a_board_orders_by_score_then_by_who_was_first() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = five(&server, &admin).await;
        let board = admin
            .get(&format!("{of}/leaderboard"))
            .await
            .expect(200)
            .json();
        let items = board["items"].as_array().unwrap();
        assert_eq!(column(items, "user"), ["ann", "cat", "bob", "dan", "eve"]);
        assert_eq!(column(items, "rank"), [1, 2, 2, 4, 5]);
        assert_eq!(column(items, "ordinal"), [1, 2, 3, 4, 5]);
        assert_eq!(column(items, "score"), [50, 40, 40, 20, 0]);
        assert_eq!(items[2]["achieved_at_ms"], utc("2016-04-12", 9, 1));
        assert_eq!(items[4]["achieved_at_ms"], utc("2016-04-12", 0, 0));
        assert_eq!(
            (&board["participants"], &board["phase"]),
            (&json!(5), &json!("open"))
        );
        assert_eq!(
            (&board["exact"], &board["error_bound"]),
            (&json!(true), &json!(0))
        );
        assert_eq!(board["next_reset_ms"], Value::Null);
    });
}

#[test]
fn a_participant_sees_aliases_and_never_a_user() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, cat) = (Http::admin(&server), Http::user(&server, "cat"));
        let of = five(&server, &admin).await;
        cat.replace("/v1/users/cat", &json!({"alias": "Swift Heron"}))
            .await
            .expect(200);
        let board = cat.get(&format!("{of}/leaderboard")).await.expect(200);
        let items = board.json()["items"].as_array().unwrap().clone();
        assert!(
            items.iter().all(|item| item.get("user").is_none()),
            "{}",
            board.text
        );
        for user in PEOPLE {
            assert!(
                !board.text.contains(&format!("\"{user}\"")),
                "{user} in {}",
                board.text
            );
        }
        assert_eq!(column(&items, "you"), [false, true, false, false, false]);
        assert_eq!(items[1]["alias"], "Swift Heron");
        let rows: BTreeSet<String> = column(&items, "row").iter().map(Value::to_string).collect();
        assert_eq!(rows.len(), 5);
        let own = cat.get(&format!("{of}/leaderboard/cat")).await.expect(200);
        let mut wanted = items[1].clone();
        wanted["percentile_bp"] = json!(8_000);
        wanted["ranks"] = json!("provisional");
        assert_eq!(own.json(), wanted, "four of five stand at most as well");
        assert!(!own.header("etag").is_empty());
        let seen = admin
            .get(&format!("{of}/leaderboard/cat"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&seen["user"], &seen["row"]),
            (&json!("cat"), &items[1]["row"])
        );
        // Nobody can follow a row from one board to another.
        let other = published(&admin, &challenge("2016-04-12", "2016-04-14")).await;
        cat.enrol(&format!("{other}/enrolments/cat"))
            .await
            .expect(201);
        let elsewhere = cat
            .get(&format!("{other}/leaderboard/cat"))
            .await
            .expect(200)
            .json();
        assert_ne!(elsewhere["row"], items[1]["row"]);
    });
}

/// T6.5
#[test]
fn no_answer_and_no_frame_to_anybody_else_names_a_user_who_is_hidden() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, bob) = (Http::admin(&server), Http::user(&server, "bob"));
        let of = published(&admin, &challenge("2016-04-12", "2016-04-14")).await;
        enrol_new(&admin, &of, &["hildegard", "bob"]).await;
        let hilde = Http::user(&server, "hildegard");
        let hide = |hidden: bool| json!({"alias": "Queen of Bingen", "hidden": hidden});
        let path = "/v1/users/hildegard";
        let told = hilde.replace(path, &hide(true)).await.expect(200).json();
        assert_eq!(
            (&told["alias"], &told["hidden"]),
            (&json!("Queen of Bingen"), &json!(true))
        );
        let (mut wire, _) = Wire::hello(&server, "bob", &json!({"type": "hello"})).await;
        let id = of.rsplit('/').next().unwrap();
        let topic = format!("board/{id}");
        let subscribe = json!({"type": "subscribe", "id": 1, "topic": topic, "view": {"top": 10}});
        wire.send(&subscribe).await;
        admin.advance(utc("2016-04-12", 12, 0)).await;
        walk(&server, "hildegard", utc("2016-04-12", 9, 0), &[50]).await;
        let first = |frame: &Value| frame["rows"][0].clone();
        let moved = wire
            .until("her score", |frame| first(frame)["score"] == 50)
            .await;
        assert_eq!(first(&moved)["alias"], "Anonymous");
        assert_eq!(column(moved["rows"].as_array().unwrap(), "rank"), [1, 2]);
        let mut told: Vec<String> = wire.seen.iter().map(Value::to_string).collect();
        for path in [
            of.clone(),
            format!("{of}/leaderboard"),
            format!("{of}/leaderboard?around=bob&k=5"),
            format!("{of}/leaderboard/bob"),
            format!("{of}/enrolments"),
            "/v1/users/bob/events".into(),
        ] {
            told.push(bob.get(&path).await.expect(200).text);
        }
        for text in told {
            assert!(
                !text.contains("hildegard") && !text.contains("Bingen"),
                "{text}"
            );
        }
        let own = hilde.get(&format!("{of}/leaderboard/hildegard")).await;
        assert_eq!(own.expect(200).json()["you"], true);
        hilde.replace(path, &hide(false)).await.expect(200);
        let named = wire
            .until("her name", |frame| {
                first(frame)["alias"] == "Queen of Bingen"
            })
            .await;
        assert_eq!(first(&named)["rank"], 1);
    });
}

#[test]
fn a_board_is_read_around_a_score_by_anybody_who_may_see_it() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, bob) = (Http::admin(&server), Http::user(&server, "bob"));
        let of = five(&server, &admin).await;
        let near = async |score: i64| {
            let path = format!("{of}/leaderboard?around_score={score}&k=1");
            let board = bob.get(&path).await.expect(200).json();
            column(board["items"].as_array().unwrap(), "ordinal")
        };
        assert_eq!(near(45).await, [1, 2]);
        assert_eq!(near(1_000).await, [1]);
        assert_eq!(near(-1).await, [5]);
        let both = format!("{of}/leaderboard?around_score=1&around=bob");
        let both = bob.get(&both).await.faults(422, "invalid");
        assert_eq!(both, faults(&[("/query/around_score", "conflict")]));
        let carl = Http::user(&server, "carl");
        let path = format!("{of}/leaderboard?around_score=1");
        carl.get(&path).await.problem(404, "not_found");
    });
}

#[test]
fn ranks_are_counted_as_the_challenge_says() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = challenge("2016-04-12", "2016-04-14");
        let styles = [("dense", [1, 2, 2, 3]), ("ordinal", [1, 2, 3, 4])];
        let people =
            |style: &str| ["w", "x", "y", "z"].map(|name| format!("{}{name}", &style[..1]));
        let mut boards = Vec::new();
        for (style, wanted) in styles {
            body["rank_style"] = json!(style);
            let of = published(&admin, &body).await;
            assert_eq!(admin.get(&of).await.expect(200).json()["rank_style"], style);
            let users = people(style);
            let users: Vec<&str> = users.iter().map(String::as_str).collect();
            enrol_new(&admin, &of, &users).await;
            boards.push((style, of, wanted));
        }
        admin.advance(utc("2016-04-12", 12, 0)).await;
        for (style, of, wanted) in boards {
            for (user, steps) in people(style).iter().zip([50, 40, 40, 30]) {
                walk(&server, user, utc("2016-04-12", 9, 0), &[steps]).await;
            }
            let board = admin.get(&format!("{of}/leaderboard")).await;
            let items = board.expect(200).json()["items"]
                .as_array()
                .unwrap()
                .clone();
            assert_eq!(column(&items, "rank"), wanted, "{style}");
        }
    });
}

#[test]
fn a_board_is_read_around_oneself_alone() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, bob) = (Http::admin(&server), Http::user(&server, "bob"));
        let of = five(&server, &admin).await;
        let board = format!("{of}/leaderboard");
        let near = bob
            .get(&format!("{board}?around=bob&k=1"))
            .await
            .expect(200)
            .json();
        let items = near["items"].as_array().unwrap();
        assert_eq!(column(items, "ordinal"), [2, 3, 4]);
        assert_eq!(column(items, "you"), [false, true, false]);
        let edge = admin
            .get(&format!("{board}?around=ann&k=2"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            column(edge["items"].as_array().unwrap(), "user"),
            ["ann", "cat", "bob"]
        );
        let all = bob
            .get(&format!("{board}?around=bob"))
            .await
            .expect(200)
            .json();
        assert_eq!(all["items"].as_array().unwrap().len(), 5);
        bob.get(&format!("{board}?around=ann"))
            .await
            .problem(403, "forbidden");
        for k in ["0", "51", "x"] {
            let bad = bob.get(&format!("{board}?around=bob&k={k}")).await;
            assert_eq!(bad.faults(422, "invalid"), faults(&[("/query/k", "range")]));
        }
        make_user(&admin, "zoe").await;
        let absent = admin.get(&format!("{board}?around=zoe")).await;
        absent.problem(404, "not_enrolled");
        let zoe = Http::user(&server, "zoe");
        zoe.get(&board).await.problem(404, "not_found");
        zoe.get(&format!("{board}/zoe"))
            .await
            .problem(404, "not_enrolled");
    });
}

#[test]
fn a_cursor_stays_good_while_rows_move() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = five(&server, &admin).await;
        let board = format!("{of}/leaderboard?limit=2");
        let first = admin.get(&board).await.expect(200).json();
        assert_eq!(
            column(first["items"].as_array().unwrap(), "user"),
            ["ann", "cat"]
        );
        // Dan overtakes everybody and so leaves the part that is still to be read; bob and eve stay in it.
        let mut band = Band::of(&server, "dan").await;
        band.walk(utc("2016-04-12", 10, 0), &[240]).await;
        let next = first["next"].as_str().unwrap();
        let second = admin
            .get(&format!("{board}&cursor={next}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            column(second["items"].as_array().unwrap(), "user"),
            ["bob", "eve"]
        );
        assert_eq!(second["next"], Value::Null);
        assert_eq!(column(second["items"].as_array().unwrap(), "rank"), [3, 5]);
    });
}

#[test]
fn enrolments_are_listed_whole_for_admins_and_own_for_users() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = five(&server, &admin).await;
        let list = format!("{of}/enrolments");
        let all = admin.all(&list, 2).await;
        assert_eq!(column(&all, "user"), PEOPLE);
        let bob = Http::user(&server, "bob").all(&list, 2).await;
        assert_eq!(column(&bob, "user"), ["bob"]);
        make_user(&admin, "zoe").await;
        assert!(Http::user(&server, "zoe").all(&list, 2).await.is_empty());
    });
}

#[test]
fn a_board_is_whole_after_a_crash_that_its_people_are_not_in_memory_for() {
    let (mut server, _settings) = forgetful_server();
    let (of, before) = block_on(async {
        let admin = Http::admin(&server);
        let of = five(&server, &admin).await;
        // Their scores are in rows now, while the joins are only in the journal.
        have_left(&admin, 5).await;
        let before = admin.all(&format!("{of}/leaderboard"), 10).await;
        (of, before)
    });
    assert_eq!(column(&before, "score"), [50, 40, 40, 20, 0]);
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        assert_eq!(admin.all(&format!("{of}/leaderboard"), 10).await, before);
        // And it moves on from there.
        walk(&server, "eve", utc("2016-04-12", 10, 0), &[45]).await;
        let after = admin.all(&format!("{of}/leaderboard"), 10).await;
        assert_eq!(column(&after, "user"), ["ann", "eve", "cat", "bob", "dan"]);
    });
}
