//! The clock: reading and moving it, what is due on the way, and where a restart goes on.

use serde_json::json;

use super::http::{Http, faults};
use super::people::{
    CLOCK, challenge, enrol_new, events, forgetful_server, goal, have_left, make_user, phase,
    published, utc, walk,
};
use crate::harness::{Server, block_on};

#[test]
fn a_virtual_clock_stands_until_it_is_moved_and_never_goes_back() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let read = admin.get("/v1/clock").await.expect(200).json();
        let now_ms = utc("2016-04-12", 0, 0);
        assert_eq!(read, json!({"clock": "virtual", "now_ms": now_ms}));
        let same = admin.post("/v1/clock", &json!({"to_ms": now_ms})).await;
        assert_eq!(same.expect(200).json(), read);
        let later = admin.post("/v1/clock", &json!({"to_ms": now_ms + 1})).await;
        let wanted = json!({"clock": "virtual", "now_ms": now_ms + 1});
        assert_eq!(later.expect(200).json(), wanted);
        let back = admin.post("/v1/clock", &json!({"to_ms": now_ms})).await;
        back.problem(409, "clock_backwards");
        assert_eq!(admin.get("/v1/clock").await.json(), wanted);
        for (body, status, code, at) in [
            (json!({}), 400, "bad_frame", "/to_ms"),
            (json!({"to_ms": "noon"}), 400, "bad_frame", "/to_ms"),
            (json!({"to_ms": -1}), 422, "range", "/to_ms"),
            (
                json!({"to_ms": now_ms + 2, "by": 3}),
                422,
                "unknown_field",
                "/by",
            ),
        ] {
            let bad = admin.post("/v1/clock", &body).await;
            let of_problem = if code == "range" { "invalid" } else { code };
            assert_eq!(
                bad.faults(status, of_problem),
                faults(&[(at, code)]),
                "{body}"
            );
        }
    });
}

#[test]
fn a_system_clock_is_read_and_not_moved() {
    let server = Server::start("system", &[]);
    block_on(async {
        let admin = Http::admin(&server);
        let before_ms = streakline::clock::unix_ms();
        let read = admin.get("/v1/clock").await.expect(200).json();
        let after_ms = streakline::clock::unix_ms();
        assert_eq!(read["clock"], "system");
        let now_ms = read["now_ms"].as_i64().unwrap();
        assert!((before_ms..=after_ms).contains(&now_ms));
        let moved = admin
            .post("/v1/clock", &json!({"to_ms": after_ms + 1_000_000}))
            .await;
        moved.problem(404, "not_found");
    });
}

/// Ann with a goal met on the 12th, in a challenge over the 12th and 13th.
async fn a_passive_user(server: &Server) -> String {
    let admin = Http::admin(server);
    let of = published(&admin, &challenge("2016-04-12", "2016-04-13")).await;
    enrol_new(&admin, &of, &["ann"]).await;
    let path = "/v1/users/ann/goals/steps";
    admin
        .put(path, &goal(100, Some("2016-04-12")))
        .await
        .expect(201);
    admin.advance(utc("2016-04-12", 12, 0)).await;
    walk(server, "ann", utc("2016-04-12", 9, 0), &[240; 10]).await;
    of
}

/// What passed at which instant, in the order in which it is told.
async fn told(admin: &Http) -> Vec<(String, i64)> {
    let mut all = Vec::new();
    for kind in [
        "streak.extended",
        "tokens.posted",
        "streak.lost",
        "challenge.settled",
    ] {
        for event in events(admin, "ann", kind).await {
            all.push((kind.to_owned(), event["at_ms"].as_i64().unwrap()));
        }
    }
    all
}

fn all_that_passed() -> Vec<(String, i64)> {
    let soft = utc("2016-04-13", 3, 0);
    [
        ("streak.extended", soft),
        ("tokens.posted", soft),
        ("streak.lost", utc("2016-04-17", 0, 0)),
        // The news of a settlement is an input of its own, stamped when the clock stands.
        ("challenge.settled", utc("2016-04-20", 0, 0)),
    ]
    .map(|(kind, at_ms)| (kind.to_owned(), at_ms))
    .to_vec()
}

#[test]
fn deadlines_of_users_who_are_not_in_memory_are_carried_out_on_the_way() {
    let mut server = Server::virtual_at(CLOCK);
    let of = block_on(a_passive_user(&server));
    // A drain snapshots everybody; after it nobody is in memory but by need.
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    block_on(async {
        let admin = Http::admin(&server);
        admin.advance(utc("2016-04-20", 0, 0)).await;
        assert_eq!(told(&admin).await, all_that_passed());
        assert_eq!(phase(&admin, &of).await, "settled");
        let day = admin
            .get("/v1/users/ann/days/2016-04-12")
            .await
            .expect(200)
            .json();
        assert_eq!(day["phase"], "hard_closed");
    });
}

#[test]
fn deadlines_are_the_same_for_users_who_left_memory_while_the_server_ran() {
    let (server, _settings) = forgetful_server();
    block_on(async {
        a_passive_user(&server).await;
        let admin = Http::admin(&server);
        have_left(&admin, 1).await;
        admin.advance(utc("2016-04-20", 0, 0)).await;
        assert_eq!(told(&admin).await, all_that_passed());
    });
}

#[test]
fn a_restart_goes_on_at_the_stored_time() {
    let mut server = Server::virtual_at(CLOCK);
    let now_ms = utc("2016-04-13", 7, 31) + 17;
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        admin.advance(now_ms).await;
    });
    for drain in [false, true] {
        if drain {
            assert_eq!(server.terminate(), Some(0));
            server.restart();
        } else {
            server.kill_and_restart();
        }
        block_on(async {
            let admin = Http::admin(&server);
            assert_eq!(
                admin.get("/v1/clock").await.json()["now_ms"],
                now_ms,
                "drained: {drain}"
            );
            admin.get("/readyz").await.expect(200);
            let back = admin.post("/v1/clock", &json!({"to_ms": now_ms - 1})).await;
            back.problem(409, "clock_backwards");
        });
    }
}

#[test]
fn a_restart_at_a_later_time_carries_out_what_fell_due_before_it_is_ready() {
    let mut server = Server::virtual_at(CLOCK);
    let of = block_on(a_passive_user(&server));
    server.kill();
    server.restart_at("virtual:2016-04-20T00:00:00Z");
    block_on(async {
        let admin = Http::admin(&server);
        admin.get("/readyz").await.expect(200);
        assert_eq!(
            admin.get("/v1/clock").await.json()["now_ms"],
            utc("2016-04-20", 0, 0)
        );
        assert_eq!(phase(&admin, &of).await, "settled");
        assert_eq!(told(&admin).await, all_that_passed());
    });
}
