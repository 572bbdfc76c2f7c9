//! Joining and leaving: when it is taken, what it answers, and from which minute on samples count.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::http::Http;
use super::people::{Band, CLOCK, challenge, draft, events, make_user, phase, published, utc};
use crate::harness::{Server, block_on};

async fn people(admin: &Http, users: &[&str]) {
    for user in users {
        make_user(admin, user).await;
    }
}

#[test]
fn joining_is_made_once_and_told_by_the_enrolment() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        people(&admin, &["ann"]).await;
        let of = published(&admin, &challenge("2016-04-13", "2016-04-14")).await;
        let path = format!("{of}/enrolments/ann");
        ann.get(&path).await.problem(404, "not_enrolled");
        ann.delete(&path).await.problem(404, "not_enrolled");
        let joined = ann.enrol(&path).await.expect(201).json();
        let id = of.rsplit('/').next().unwrap();
        let wanted = json!({"challenge": id, "user": "ann", "state": "joined",
            "joined_ms": utc("2016-04-12", 0, 0), "counts_from_ms": utc("2016-04-13", 0, 0)});
        assert_eq!(joined, wanted);
        assert_eq!(ann.enrol(&path).await.expect(200).json(), wanted);
        assert_eq!(ann.get(&path).await.expect(200).json(), wanted);
        assert_eq!(events(&admin, "ann", "challenge.joined").await.len(), 1);
        let nobody = admin.enrol(&format!("{of}/enrolments/nobody")).await;
        nobody.problem(404, "not_found");
        let absent = "/v1/challenges/01968b1c-0000-7000-8000-000000000000/enrolments/ann";
        ann.enrol(absent).await.problem(404, "not_found");
    });
}

#[test]
fn joining_is_refused_before_it_opens_when_it_is_full_and_when_it_is_over() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        people(&admin, &["ann", "bob", "cat"]).await;
        let mut body = challenge("2016-04-13", "2016-04-13");
        body["capacity"] = json!(1);
        body["join"] = json!({"opens_ms": utc("2016-04-12", 6, 0)});
        let of = draft(&admin, &body).await;
        let join = async |user: &str| admin.enrol(&format!("{of}/enrolments/{user}")).await;
        join("ann").await.problem(409, "not_open");
        admin
            .post(&format!("{of}/publish"), &json!({}))
            .await
            .expect(200);
        join("ann").await.problem(409, "not_open");
        admin.advance(utc("2016-04-12", 6, 0)).await;
        join("ann").await.expect(201);
        join("bob").await.problem(409, "full");
        join("ann").await.expect(200);
        // A place that is left is free.
        admin
            .delete(&format!("{of}/enrolments/ann"))
            .await
            .expect(204);
        join("bob").await.expect(201);
        admin.advance(utc("2016-04-14", 12, 0)).await;
        assert_eq!(phase(&admin, &of).await, "finalising");
        join("cat").await.problem(409, "closed");
        admin.advance(utc("2016-04-15", 12, 0)).await;
        assert_eq!(phase(&admin, &of).await, "settled");
        join("cat").await.problem(409, "closed");
        admin
            .get(&format!("{of}/enrolments/cat"))
            .await
            .problem(404, "not_enrolled");
    });
}

#[test]
fn nobody_joins_a_cancelled_challenge() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        people(&admin, &["ann"]).await;
        let of = published(&admin, &challenge("2016-04-13", "2016-04-13")).await;
        make_user(&admin, "bob").await;
        let bob = format!("{of}/enrolments/bob");
        admin.enrol(&bob).await.expect(201);
        let cancel = format!("{of}/cancel");
        admin
            .post(&cancel, &json!({"reason": "rain"}))
            .await
            .expect(200);
        admin
            .enrol(&format!("{of}/enrolments/ann"))
            .await
            .problem(409, "phase");
        admin.delete(&bob).await.problem(409, "phase");
    });
}

#[test]
fn late_joining_ends_at_the_users_own_start_where_the_challenge_says_so() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let zones = [
            ("ann", "Pacific/Auckland"),
            ("bob", "Europe/Berlin"),
            ("cat", "UTC"),
        ];
        for (user, zone) in zones {
            admin
                .put(&format!("/v1/users/{user}"), &json!({"zone": zone}))
                .await
                .expect(201);
        }
        let mut body = challenge("2016-04-13", "2016-04-14");
        body["join"] = json!({"late": "no"});
        let of = published(&admin, &body).await;
        // It is the 13th in Auckland since 12:00Z; in Berlin from 22:00Z on.
        admin.advance(utc("2016-04-12", 22, 0) - 1).await;
        let join = async |user: &str| admin.enrol(&format!("{of}/enrolments/{user}")).await;
        join("ann").await.problem(409, "closed");
        join("bob").await.expect(201);
        admin.advance(utc("2016-04-13", 0, 0)).await;
        join("cat").await.problem(409, "closed");
        join("bob").await.expect(200);
    });
}

async fn score(admin: &Http, of: &str) -> Value {
    let row = admin.get(&format!("{of}/leaderboard/ann")).await;
    row.expect(200).json()["score"].clone()
}

/// T5.4: neither minutes before the window or the joining nor those after the window score.
#[test]
fn minutes_count_from_the_joining_and_only_within_the_window() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        people(&admin, &["ann"]).await;
        let of = published(&admin, &challenge("2016-04-13", "2016-04-14")).await;
        admin.advance(utc("2016-04-13", 9, 30) + 20_000).await;
        let path = format!("{of}/enrolments/ann");
        let joined = admin.enrol(&path).await.expect(201).json();
        assert_eq!(joined["joined_ms"], utc("2016-04-13", 9, 30) + 20_000);
        assert_eq!(joined["counts_from_ms"], utc("2016-04-13", 9, 30));
        let row = admin
            .get(&format!("{of}/leaderboard/ann"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&row["score"], &row["achieved_at_ms"]),
            (&json!(0), &joined["counts_from_ms"])
        );
        let mut band = Band::of(&server, "ann").await;
        let rest = utc("2016-04-13", 9, 25);
        admin.advance(utc("2016-04-13", 10, 0)).await;
        // Of ten minutes the last five lie in or after the minute of the joining.
        band.walk(rest, &[1, 2, 4, 8, 16, 32, 64, 128, 200, 100])
            .await;
        assert_eq!(score(&admin, &of).await, 32 + 64 + 128 + 200 + 100);
        // One in the last minute of the window, one in the first after it.
        admin.advance(utc("2016-04-15", 1, 0)).await;
        band.walk(utc("2016-04-14", 23, 59), &[7, 50]).await;
        assert_eq!(score(&admin, &of).await, 524 + 7);
        let day = admin
            .get("/v1/users/ann/days/2016-04-15")
            .await
            .expect(200)
            .json();
        assert_eq!(day["eligible"], 50, "it counts elsewhere");
        let last = admin
            .get(&format!("{of}/leaderboard/ann"))
            .await
            .expect(200)
            .json();
        assert_eq!(last["achieved_at_ms"], utc("2016-04-14", 23, 59));
    });
}

#[test]
fn minutes_before_the_window_do_not_score_for_who_joined_before_it() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        people(&admin, &["ann"]).await;
        let of = published(&admin, &challenge("2016-04-13", "2016-04-13")).await;
        admin
            .enrol(&format!("{of}/enrolments/ann"))
            .await
            .expect(201);
        admin.advance(utc("2016-04-13", 1, 0)).await;
        let mut band = Band::of(&server, "ann").await;
        band.walk(utc("2016-04-12", 23, 58), &[100, 100, 3, 4])
            .await;
        assert_eq!(score(&admin, &of).await, 7);
    });
}

#[test]
fn who_leaves_has_no_row_and_who_joins_again_begins_anew() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        people(&admin, &["ann", "bob"]).await;
        let of = published(&admin, &challenge("2016-04-12", "2016-04-14")).await;
        let path = format!("{of}/enrolments/ann");
        ann.enrol(&path).await.expect(201);
        admin
            .enrol(&format!("{of}/enrolments/bob"))
            .await
            .expect(201);
        admin.advance(utc("2016-04-12", 9, 0)).await;
        let mut band = Band::of(&server, "ann").await;
        band.walk(utc("2016-04-12", 8, 0), &[10, 20]).await;
        assert_eq!(score(&admin, &of).await, 30);
        ann.delete(&path).await.expect(204);
        let left = ann.get(&path).await.expect(200).json();
        assert_eq!(left["state"], "left");
        ann.delete(&path).await.problem(404, "not_enrolled");
        ann.get(&format!("{of}/leaderboard"))
            .await
            .problem(404, "not_found");
        ann.get(&format!("{of}/leaderboard/ann"))
            .await
            .problem(404, "not_enrolled");
        let board = admin.all(&format!("{of}/leaderboard"), 10).await;
        assert_eq!(board.len(), 1, "{board:?}");
        // What happens between leaving and joining again never counts.
        band.walk(utc("2016-04-12", 8, 30), &[40]).await;
        admin.advance(utc("2016-04-12", 10, 0)).await;
        let again = ann.enrol(&path).await.expect(201).json();
        assert_eq!(
            (&again["state"], &again["counts_from_ms"]),
            (&json!("joined"), &json!(utc("2016-04-12", 10, 0)))
        );
        assert_eq!(score(&admin, &of).await, 0);
        admin.advance(utc("2016-04-12", 11, 0)).await;
        band.walk(utc("2016-04-12", 9, 59), &[80, 160]).await;
        assert_eq!(score(&admin, &of).await, 160);
        assert_eq!(admin.all(&format!("{of}/leaderboard"), 1).await.len(), 2);
    });
}

/// Who waits, in order, each with the place that it is told.
async fn waiting(admin: &Http, of: &str) -> Vec<(String, u64)> {
    let all = admin
        .all(&format!("{of}/enrolments?state=waiting"), 100)
        .await;
    let told = |item: &Value| {
        assert_eq!(item["state"], "waiting");
        let user = item["user"].as_str().unwrap().to_owned();
        (user, item["place"].as_u64().unwrap())
    };
    all.iter().map(told).collect()
}

/// T5.3
#[test]
fn a_thousand_parallel_joins_never_take_more_than_the_capacity_and_the_rest_waits_in_order() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let users: Vec<String> = (0..1_000).map(|n| format!("user-{n}")).collect();
        join_all(users.iter().map(|user| make_user(&admin, user))).await;
        let mut body = challenge("2016-04-13", "2016-04-14");
        (body["capacity"], body["waitlist"]) = (json!(300), json!(500));
        let of = published(&admin, &body).await;
        let path = |user: &String| format!("{of}/enrolments/{user}");
        let paths: Vec<String> = users.iter().map(path).collect();
        let answers = join_all(paths.iter().map(|path| admin.enrol(path))).await;
        let (taken, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 201);
        for answer in refused {
            answer.problem(409, "full");
        }
        let states = taken.iter().map(|answer| answer.json()["state"].clone());
        let joined = states.filter(|state| *state == "joined").count();
        assert_eq!((taken.len(), joined), (800, 300));
        assert_eq!(
            admin.all(&format!("{of}/leaderboard"), 100).await.len(),
            300
        );
        assert_eq!(admin.all(&format!("{of}/enrolments"), 100).await.len(), 300);
        let queue = waiting(&admin, &of).await;
        assert!(
            queue
                .iter()
                .zip(1..=500)
                .all(|((_, place), at)| *place == at)
        );

        let members = admin.all(&format!("{of}/enrolments"), 100).await;
        let leaving = members
            .iter()
            .take(40)
            .map(|item| path(&item["user"].as_str().unwrap().into()));
        let leaving: Vec<String> = leaving.collect();
        let left = join_all(leaving.iter().map(|path| admin.delete(path))).await;
        for answer in left {
            answer.expect(204);
        }
        // Free places are given away behind the answers; the clock's answer waits for that.
        admin.advance(utc("2016-04-12", 0, 0)).await;
        for (user, _) in &queue[..40] {
            let told = admin.get(&path(user)).await.expect(200).json();
            assert_eq!(told["state"], "joined", "{user}");
        }
        let rest = waiting(&admin, &of).await;
        let behind = queue[40..]
            .iter()
            .map(|(user, place)| (user.clone(), place - 40));
        assert_eq!(rest, behind.collect::<Vec<_>>());
        assert_eq!(
            admin.all(&format!("{of}/leaderboard"), 100).await.len(),
            300
        );
    });
}

#[test]
fn who_waits_is_told_of_each_step_and_keeps_its_place_through_a_crash() {
    let mut server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        people(&admin, &["ann", "bob", "cat"]).await;
        let mut body = challenge("2016-04-13", "2016-04-13");
        (body["capacity"], body["waitlist"]) = (json!(1), json!(2));
        let of = published(&admin, &body).await;
        for user in ["ann", "bob", "cat"] {
            let joined = admin.enrol(&format!("{of}/enrolments/{user}")).await;
            joined.expect(201);
        }
        let bob = Http::user(&server, "bob");
        let told = bob.enrol(&format!("{of}/enrolments/bob")).await;
        let told = told.expect(200).json();
        assert_eq!(
            (&told["state"], &told["place"]),
            (&json!("waiting"), &json!(1))
        );
        bob.get(&format!("{of}/leaderboard"))
            .await
            .problem(404, "not_found");
        server.kill_and_restart();
        let admin = Http::admin(&server);
        let queue = waiting(&admin, &of).await;
        assert_eq!(queue, [("bob".to_owned(), 1), ("cat".to_owned(), 2)]);
        let leave = admin.delete(&format!("{of}/enrolments/ann")).await;
        leave.expect(204);
        let kinds = async |user: &str| {
            let all = admin.all(&format!("/v1/users/{user}/events"), 100).await;
            let kinds = all
                .iter()
                .map(|event| event["kind"].as_str().unwrap().to_owned());
            kinds
                .filter(|kind| kind.starts_with("challenge."))
                .collect::<Vec<_>>()
        };
        admin.advance(utc("2016-04-14", 12, 0)).await;
        assert_eq!(
            kinds("bob").await,
            [
                "challenge.waitlisted",
                "challenge.joined",
                "challenge.started",
                "challenge.ended"
            ]
        );
        assert_eq!(
            kinds("cat").await,
            ["challenge.waitlisted", "challenge.not_admitted"]
        );
        let told = admin
            .get(&format!("{of}/enrolments/cat"))
            .await
            .expect(200)
            .json();
        assert_eq!(told["state"], "not_admitted");
    });
}
