//! Boards that are kept in parts while their challenges run: they show what the same boards whole would show, and are those once they
//! are settled.

use std::time::Duration;

use serde_json::{Value, json};

use super::http::Http;
use super::people::{CLOCK, challenge, crash_at, events, make_user, phase, published, utc, walk};
use crate::harness::{Server, Wire, block_on, settings_file};

const PEOPLE: [&str; 9] = [
    "ann", "bob", "cat", "dan", "eve", "fay", "gil", "hal", "ida",
];
const CAMPAIGN: &str = "0196aaaa-0000-4000-8000-000000000001";
const TOKEN: i64 = 1_000_000;

/// Users on four threads: boards in parts have four of them.
pub(super) fn server() -> (Server, tempfile::TempDir) {
    let (dir, path) = settings_file("workers = 4\n");
    let server = Server::start(&format!("virtual:{CLOCK}"), &["--config", &path]);
    (server, dir)
}

pub(super) fn settles_ms() -> i64 {
    utc("2016-04-15", 12, 0)
}

/// Ten tokens for the first, four for the next two.
fn paying(board: &str) -> Value {
    let mut body = challenge("2016-04-13", "2016-04-13");
    body["board"] = json!(board);
    body["capacity"] = json!(20);
    body["campaign"] = json!(CAMPAIGN);
    body["rewards"] = json!([{"rank": 1, "tokens_micro": 10 * TOKEN},
        {"rank": 2, "to_rank": 3, "tokens_micro": 4 * TOKEN}]);
    body
}

/// The same challenge whole and in parts, with the same members.
struct Both {
    whole: String,
    parted: String,
}

impl Both {
    async fn new(admin: &Http) -> Self {
        let fund = json!({"title": "Spring", "budget_micro": 1_000 * TOKEN});
        let path = format!("/v1/campaigns/{CAMPAIGN}");
        admin.put(&path, &fund).await.expect(201);
        let both = Self {
            whole: published(admin, &paying("whole")).await,
            parted: published(admin, &paying("parts")).await,
        };
        for user in PEOPLE {
            make_user(admin, user).await;
            for of in [&both.whole, &both.parted] {
                let path = format!("{of}/enrolments/{user}");
                admin.enrol(&path).await.expect(201);
            }
        }
        both
    }

    /// The same, at noon, when all but two have walked, some of them as much as others.
    async fn played(server: &Server, admin: &Http) -> Self {
        let both = Self::new(admin).await;
        admin.advance(utc("2016-04-13", 12, 0)).await;
        for (at, user) in (0..).zip(&PEOPLE[..7]) {
            let steps = [40 + 10 * (at / 2), 5];
            walk(server, user, utc("2016-04-13", 9, at), &steps).await;
        }
        both
    }

    /// Waits until a view of both is the same.
    async fn agree(&self, who: &Http, view: &str) -> Value {
        let mut told = (Value::Null, Value::Null);
        for _ in 0..100 {
            told = (
                seen(who, &self.whole, view).await,
                seen(who, &self.parted, view).await,
            );
            if told.0 == told.1 {
                return told.0;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{view}: {} is not {}", told.1, told.0);
    }
}

/// What a board shows of the same rows, whichever challenge it is of.
fn without_names(mut answer: Value) -> Value {
    for own in ["challenge", "as_of_ms", "next", "row"] {
        answer.as_object_mut().unwrap().remove(own);
    }
    for items in ["items", "rows"] {
        for row in answer[items].as_array_mut().into_iter().flatten() {
            row.as_object_mut().unwrap().remove("row");
        }
    }
    answer
}

async fn seen(who: &Http, of: &str, view: &str) -> Value {
    let answer = who.get(&format!("{of}/leaderboard{view}")).await;
    without_names(answer.expect(200).json())
}

/// Every page of a board.
async fn pages(who: &Http, of: &str, limit: u32) -> Vec<Value> {
    let rows = who.all(&format!("{of}/leaderboard"), limit).await;
    let without = |mut row: Value| {
        row.as_object_mut().unwrap().remove("row");
        row
    };
    rows.into_iter().map(without).collect()
}

/// What a user was told of how a challenge ended, beside which it was.
async fn ended(admin: &Http, user: &str, of: &str) -> Vec<Value> {
    let id = of.rsplit('/').next().unwrap();
    let mut told = Vec::new();
    for kind in ["challenge.settled", "prize.won"] {
        for mut event in events(admin, user, kind).await {
            if event["challenge"] == id {
                for own in ["challenge", "id", "seq", "available_micro", "transfer"] {
                    event.as_object_mut().unwrap().remove(own);
                }
                told.push(event);
            }
        }
    }
    told
}

async fn ended_alike(admin: &Http, both: &Both, when: &str) {
    for of in [&both.whole, &both.parted] {
        assert_eq!(phase(admin, of).await, "settled", "{when}");
    }
    let board = both.agree(admin, "").await;
    assert_eq!(
        (&board["exact"], &board["participants"]),
        (&json!(true), &json!(9))
    );
    for user in PEOPLE {
        let whole = ended(admin, user, &both.whole).await;
        assert!(!whole.is_empty(), "{user}, {when}");
        assert_eq!(
            ended(admin, user, &both.parted).await,
            whole,
            "{user}, {when}"
        );
    }
    let summary = admin.get("/v1/ledger/summary").await.expect(200).json();
    assert_eq!(summary["sum_micro"], 0, "{when}");
}

#[test]
fn a_board_in_parts_shows_and_settles_what_the_same_board_whole_does() {
    let (server, _dir) = server();
    block_on(async {
        let admin = Http::admin(&server);
        let both = Both::played(&server, &admin).await;
        let made = admin.get(&both.parted).await.expect(200).json();
        assert_eq!(made["board"], "parts");
        let board = both.agree(&admin, "").await;
        assert_eq!(board["items"].as_array().unwrap().len(), 9);
        assert_eq!(
            (&board["exact"], &board["error_bound"]),
            (&json!(true), &json!(0))
        );
        for view in ["?around=dan&k=2", "?around=ida&k=3", "?around_score=65&k=2"] {
            both.agree(&admin, view).await;
        }
        let cat = Http::user(&server, "cat");
        both.agree(&cat, "").await;
        both.agree(&cat, "/cat").await;
        cat.get(&format!("{}/leaderboard?around=ann", both.parted))
            .await
            .problem(403, "forbidden");
        let whole = pages(&admin, &both.whole, 2).await;
        assert_eq!(pages(&admin, &both.parted, 2).await, whole);
        assert_eq!(whole.len(), 9);
        admin.advance(settles_ms()).await;
        ended_alike(&admin, &both, "at the end").await;
        // What comes too late is answered: no clock waits for it.
        walk(&server, "ida", utc("2016-04-13", 10, 0), &[200; 9]).await;
        admin.advance(settles_ms() + 60_000).await;
        ended_alike(&admin, &both, "after a late walk").await;
        let left = admin
            .delete(&format!("{}/enrolments/ann", both.parted))
            .await;
        left.problem(409, "closed");
    });
}

/// The newest value of the own rank of a board.
pub(super) async fn own_rank(wire: &mut Wire, of: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let topic = format!("me/rank/{}", of.rsplit('/').next().unwrap());
    wire.state(&topic, wanted).await
}

#[test]
fn sockets_are_told_the_first_rows_and_the_own_rank_of_a_board_in_parts() {
    let (server, _dir) = server();
    block_on(async {
        let admin = Http::admin(&server);
        let both = Both::played(&server, &admin).await;
        both.agree(&admin, "").await;
        let viewer = json!({"type": "hello"});
        let (mut cat, _) = Wire::hello(&server, "cat", &viewer).await;
        let before = own_rank(&mut cat, &both.parted, |rank| rank["score"] == 55).await;
        assert_eq!(before["exact"], Value::Null, "one of the first thousand");
        // Each socket waits for frames of one kind alone, so that it passes over none.
        let (mut dan, _) = Wire::hello(&server, "dan", &viewer).await;
        let topic = |of: &str| format!("board/{}", of.rsplit('/').next().unwrap());
        let mut views = Vec::new();
        for (id, of) in [(1, &both.whole), (2, &both.parted)] {
            let view = json!({"top": 5});
            dan.send(&json!({"type": "subscribe", "id": id, "topic": topic(of), "view": view}))
                .await;
            let is_view = |frame: &Value| frame["type"] == "board" && frame["id"] == id;
            let view = dan.until("a view", is_view).await;
            views.push(without_names(view)["rows"].clone());
        }
        assert_eq!(views[0], views[1]);
        assert_eq!(views[0].as_array().unwrap().len(), 5);
        walk(&server, "cat", utc("2016-04-13", 10, 0), &[100]).await;
        let now = own_rank(&mut cat, &both.parted, |rank| rank["rank"] == 1).await;
        assert_eq!(
            (&now["score"], &now["participants"]),
            (&json!(155), &json!(9))
        );
        let news = |frame: &Value| {
            frame["type"] == "board" && frame["id"] == 2 && frame["rows"][0]["score"] == 155
        };
        dan.until("the newer view", news).await;
    });
}

#[test]
fn a_board_in_parts_is_whole_again_after_a_crash() {
    let (mut server, _dir) = server();
    let both = block_on(async {
        let admin = Http::admin(&server);
        let both = Both::played(&server, &admin).await;
        both.agree(&admin, "").await;
        both
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        let board = both.agree(&admin, "").await;
        assert_eq!(board["items"][0]["score"], 75);
        walk(&server, "ida", utc("2016-04-13", 10, 0), &[200]).await;
        let both_know = both.agree(&admin, "/ida").await;
        assert_eq!(both_know["rank"], 1);
    });
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    block_on(async {
        let admin = Http::admin(&server);
        both.agree(&admin, "").await;
        admin.advance(settles_ms()).await;
        ended_alike(&admin, &both, "after two restarts").await;
    });
    server.kill_and_restart();
    block_on(async { ended_alike(&Http::admin(&server), &both, "after another").await });
}

#[test]
fn a_crash_at_any_flush_around_the_end_freezes_the_same_rows() {
    for flushes in [0, 1, 2, 3, 5, 8] {
        let (mut server, _dir) = server();
        let both = block_on(async {
            let admin = Http::admin(&server);
            Both::played(&server, &admin).await
        });
        let settle = json!({"to_ms": settles_ms()});
        crash_at(&mut server, flushes, ("/v1/clock", settle));
        block_on(async {
            let admin = Http::admin(&server);
            admin.advance(settles_ms()).await;
            ended_alike(&admin, &both, &format!("{flushes} flushes")).await;
        });
    }
}

#[test]
fn a_cancelled_board_in_parts_keeps_its_rows() {
    let (mut server, _dir) = server();
    let (both, first) = block_on(async {
        let admin = Http::admin(&server);
        let both = Both::played(&server, &admin).await;
        for of in [&both.whole, &both.parted] {
            let reason = json!({"reason": "the weather"});
            admin
                .post(&format!("{of}/cancel"), &reason)
                .await
                .expect(200);
        }
        let first = both.agree(&admin, "").await;
        assert_eq!(
            (&first["ranks"], &first["items"][0]["score"]),
            (&json!("void"), &json!(75))
        );
        admin.advance(utc("2016-04-13", 13, 0)).await;
        for user in PEOPLE {
            assert_eq!(
                events(&admin, user, "challenge.cancelled").await.len(),
                2,
                "{user}"
            );
        }
        (both, first)
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        assert_eq!(both.agree(&admin, "").await, first);
    });
}

#[test]
fn who_leaves_hides_or_is_erased_is_seen_so_on_a_board_in_parts() {
    let (server, _dir) = server();
    block_on(async {
        let admin = Http::admin(&server);
        let both = Both::played(&server, &admin).await;
        for of in [&both.whole, &both.parted] {
            admin
                .delete(&format!("{of}/enrolments/bob"))
                .await
                .expect(204);
        }
        let hidden = json!({"hidden": true});
        admin.replace("/v1/users/eve", &hidden).await.expect(200);
        admin.delete("/v1/users/fay").await.expect(204);
        let board = both.agree(&admin, "").await;
        assert_eq!(board["participants"], 7);
        let ann = Http::user(&server, "ann");
        let seen = both.agree(&ann, "").await;
        let alike = seen["items"].as_array().unwrap();
        assert!(alike.iter().any(|row| row["alias"] == "Anonymous"));
        for view in ["", "?around=ann&k=9", "/ann", "?around_score=50&k=9"] {
            let answer = ann.get(&format!("{}/leaderboard{view}", both.parted)).await;
            let text = answer.expect(200).text;
            for user in PEOPLE {
                assert!(
                    !text.contains(&format!("\"{user}\"")),
                    "T6.5: {user} in {text}"
                );
            }
        }
        ann.get(&format!("{}/leaderboard/bob", both.parted))
            .await
            .problem(403, "forbidden");
        let gone = admin.get(&format!("{}/leaderboard/bob", both.parted)).await;
        gone.problem(404, "not_enrolled");
        admin
            .enrol(&format!("{}/enrolments/bob", both.parted))
            .await
            .expect(201);
        admin
            .enrol(&format!("{}/enrolments/bob", both.whole))
            .await
            .expect(201);
        let board = both.agree(&admin, "").await;
        assert_eq!(board["participants"], 8);
        admin.advance(settles_ms()).await;
        both.agree(&admin, "").await;
    });
}
