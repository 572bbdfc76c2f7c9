//! Settlement: once, whatever crashes around it, and for ever.

use serde_json::{Value, json};

use super::http::Http;
use super::people::{
    Band, CLOCK, challenge, crash_at, enrol_new, events, phase, published, utc, walk,
};
use crate::harness::{Server, block_on};

const PEOPLE: [&str; 3] = ["ann", "bob", "cat"];
/// 24 h after the end of a window on the 13th.
const SETTLES: (&str, i64) = ("2016-04-15", 12);

fn settles_ms() -> i64 {
    utc(SETTLES.0, SETTLES.1, 0)
}

/// Three people in a challenge over the 13th; ann has 100 and bob 70, cat nothing.
async fn played(server: &Server, admin: &Http) -> String {
    let of = published(admin, &challenge("2016-04-13", "2016-04-13")).await;
    enrol_new(admin, &of, &PEOPLE).await;
    admin.advance(utc("2016-04-13", 12, 0)).await;
    walk(server, "ann", utc("2016-04-13", 9, 0), &[50, 50]).await;
    walk(server, "bob", utc("2016-04-13", 9, 0), &[70]).await;
    of
}

/// The board without the time of the answer.
async fn board(who: &Http, of: &str) -> Value {
    let mut board = who
        .get(&format!("{of}/leaderboard"))
        .await
        .expect(200)
        .json();
    board["as_of_ms"].take();
    board
}

/// What the three are told of the settlement, each once.
async fn told_once(admin: &Http, of: &str, when: &str) {
    let wanted = [("ann", 1, 100), ("bob", 2, 70), ("cat", 3, 0)];
    let id = of.rsplit('/').next().unwrap();
    for (user, rank, score) in wanted {
        let told = events(admin, user, "challenge.settled").await;
        assert_eq!(told.len(), 1, "{user}, {when}: {told:?}");
        let said = (&told[0]["challenge"], &told[0]["rank"], &told[0]["score"]);
        assert_eq!(
            said,
            (&json!(id), &json!(rank), &json!(score)),
            "{user}, {when}"
        );
        assert_eq!(
            (&told[0]["participants"], &told[0]["at_ms"]),
            (&json!(3), &json!(settles_ms()))
        );
        for kind in ["challenge.started", "challenge.ended"] {
            assert_eq!(
                events(admin, user, kind).await.len(),
                1,
                "{user}: {kind}, {when}"
            );
        }
    }
}

#[test]
fn a_challenge_settles_once_and_pays_no_prize() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = played(&server, &admin).await;
        admin.advance(settles_ms() - 1).await;
        assert_eq!(phase(&admin, &of).await, "finalising");
        assert!(events(&admin, "ann", "challenge.settled").await.is_empty());
        admin.advance(settles_ms()).await;
        assert_eq!(phase(&admin, &of).await, "settled");
        told_once(&admin, &of, "at the settlement").await;
        admin.advance(utc("2016-04-30", 0, 0)).await;
        told_once(&admin, &of, "two weeks later").await;
        for user in PEOPLE {
            let booked = admin.all(&format!("/v1/users/{user}/ledger"), 10).await;
            assert!(
                booked.iter().all(|transfer| transfer["code"] == "steps"),
                "{booked:?}"
            );
        }
        let leave = admin.delete(&format!("{of}/enrolments/ann")).await;
        leave.problem(409, "closed");
    });
}

/// T6.6.
#[test]
fn a_settled_board_is_the_same_for_ever() {
    let mut server = Server::virtual_at(CLOCK);
    let (of, first, own) = block_on(async {
        let admin = Http::admin(&server);
        let of = played(&server, &admin).await;
        admin.advance(settles_ms() - 60_000).await;
        // Until the cut-off late samples count, after it they do not.
        walk(&server, "cat", utc("2016-04-13", 9, 0), &[1, 2]).await;
        admin.advance(settles_ms()).await;
        let (first, own) = (
            board(&admin, &of).await,
            board(&Http::user(&server, "ann"), &of).await,
        );
        let scores: Vec<_> = first["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["score"].clone())
            .collect();
        assert_eq!(scores, [100, 70, 3]);
        let mut band = Band::of(&server, "cat").await;
        band.walk(utc("2016-04-13", 10, 0), &[240; 20]).await;
        let day = admin
            .get("/v1/users/cat/days/2016-04-13")
            .await
            .expect(200)
            .json();
        assert_eq!(
            day["eligible"], 4_803,
            "the day itself is still open for it"
        );
        let renamed = admin
            .replace("/v1/users/bob", &json!({"alias": "Late Fame"}))
            .await;
        renamed.expect(200);
        assert_eq!(board(&admin, &of).await, first);
        admin.advance(utc("2016-05-30", 0, 0)).await;
        band.walk(utc("2016-05-13", 10, 0), &[240; 20]).await;
        assert_eq!(board(&admin, &of).await, first);
        (of, first, own)
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        assert_eq!(board(&admin, &of).await, first, "after a crash");
        assert_eq!(board(&Http::user(&server, "ann"), &of).await, own);
    });
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    block_on(async {
        assert_eq!(
            board(&Http::admin(&server), &of).await,
            first,
            "after a drain"
        );
    });
}

/// T6.6: members give up their scores when they are told of it.
#[test]
fn a_cancelled_board_is_the_same_for_ever() {
    let mut server = Server::virtual_at(CLOCK);
    let (of, first) = block_on(async {
        let admin = Http::admin(&server);
        let of = played(&server, &admin).await;
        let reason = json!({"reason": "the weather"});
        let cancelled = admin.post(&format!("{of}/cancel"), &reason).await;
        cancelled.expect(200);
        let first = board(&admin, &of).await;
        assert_eq!(first["items"][0]["score"], 100);
        // Time passes when nothing is under way any more.
        admin.advance(utc("2016-04-13", 13, 0)).await;
        for user in PEOPLE {
            let told = events(&admin, user, "challenge.cancelled").await;
            assert_eq!(told.len(), 1, "{user}");
        }
        assert_eq!(board(&admin, &of).await, first);
        (of, first)
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        assert_eq!(board(&admin, &of).await, first, "after a crash");
        let gone = admin.delete("/v1/users/bob").await;
        gone.expect(204);
        let mut left = first.clone();
        left["items"][1]["alias"] = json!("Former participant");
        left["items"][1].as_object_mut().unwrap().remove("user");
        assert_eq!(board(&admin, &of).await, left);
    });
}

/// T5.2, I4: the process dies at every flush around the settlement in turn, or right after it has answered.
#[test]
fn a_crash_at_any_flush_around_the_settlement_settles_once() {
    for flushes in 0..8_u32 {
        let mut server = Server::virtual_at(CLOCK);
        let of = block_on(async { played(&server, &Http::admin(&server)).await });
        let settle = json!({"to_ms": settles_ms()});
        crash_at(&mut server, flushes, ("/v1/clock", settle));
        block_on(async {
            let admin = Http::admin(&server);
            admin.advance(settles_ms()).await;
            assert_eq!(phase(&admin, &of).await, "settled");
            told_once(&admin, &of, &format!("{flushes} flushes")).await;
            let rows = board(&admin, &of).await;
            let ranks: Vec<_> = rows["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["rank"].clone())
                .collect();
            assert_eq!(ranks, [1, 2, 3]);
        });
    }
}
