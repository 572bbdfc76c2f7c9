//! Goals: from which day a target holds, and what a deletion leaves.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, goal, make_user, utc, walk};
use crate::harness::{Server, block_on};

const PATH: &str = "/v1/users/ann/goals/steps";

async fn from_of(ann: &Http, target: i64, from: Option<&str>) -> Value {
    let answer = ann.replace(PATH, &goal(target, from)).await;
    answer.expect(200).json()["from"].clone()
}

/// The target of today as the day tells it.
async fn target_on(ann: &Http, date: &str) -> Option<i64> {
    let day = ann.get(&format!("/v1/users/ann/days/{date}")).await;
    day.expect(200).json()["goals"][0]["target"].as_i64()
}

#[test]
fn a_new_goal_holds_from_tomorrow_unless_it_names_a_day_that_is_not_past() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let made = ann.put(PATH, &goal(7_500, None)).await.expect(201).json();
        let wanted = json!({"goal": "steps", "metric": "steps", "period": "day", "kind": "static",
            "target": 7_500, "from": "2016-04-13", "until": null, "streak": {"freezes": 0, "weekend_pass": false, "near_miss": false, "repair": null}});
        assert_eq!(made, wanted);
        assert_eq!(ann.get(PATH).await.expect(200).json(), wanted);
        let today = ann
            .put(&format!("{PATH}-2"), &goal(5_000, Some("2016-04-12")))
            .await;
        assert_eq!(today.expect(201).json()["from"], "2016-04-12");
        let later = ann
            .put(&format!("{PATH}-3"), &goal(5_000, Some("2016-05-01")))
            .await;
        assert_eq!(later.expect(201).json()["from"], "2016-05-01");
        let past = ann
            .put(&format!("{PATH}-4"), &goal(5_000, Some("2016-04-11")))
            .await;
        let found = past.problem(422, "invalid");
        assert_eq!(found["errors"][0]["pointer"], "/from");
        ann.get(&format!("{PATH}-4"))
            .await
            .problem(404, "not_found");
    });
}

#[test]
fn a_higher_target_holds_today_while_unmet_and_a_lower_one_from_tomorrow() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        ann.put(PATH, &goal(100, Some("2016-04-12")))
            .await
            .expect(201);
        assert_eq!(from_of(&ann, 200, None).await, "2016-04-12");
        assert_eq!(target_on(&ann, "2016-04-12").await, Some(200));
        assert_eq!(from_of(&ann, 150, None).await, "2016-04-13");
        assert_eq!(from_of(&ann, 150, Some("2016-04-12")).await, "2016-04-13");
        assert_eq!(target_on(&ann, "2016-04-12").await, Some(200));
        assert_eq!(target_on(&ann, "2016-04-13").await, Some(150));
        admin.advance(utc("2016-04-12", 10, 0)).await;
        walk(&server, "ann", utc("2016-04-12", 9, 0), &[120, 100]).await;
        // Met today: nothing may take that away.
        assert_eq!(from_of(&ann, 300, None).await, "2016-04-13");
        assert_eq!(from_of(&ann, 300, Some("2016-04-12")).await, "2016-04-13");
        let day = ann
            .get("/v1/users/ann/days/2016-04-12")
            .await
            .expect(200)
            .json();
        let wanted = json!({"goal": "steps", "target": 200, "progress": 220, "status": "met",
            "met_at_ms": utc("2016-04-12", 9, 1), "met_at_local": "2016-04-12T09:01"});
        assert_eq!(day["goals"][0], wanted);
        assert_eq!(target_on(&ann, "2016-04-13").await, Some(300));
    });
}

#[test]
fn a_new_goal_for_today_that_today_has_met_already_begins_tomorrow() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        admin.advance(utc("2016-04-12", 10, 0)).await;
        walk(&server, "ann", utc("2016-04-12", 9, 0), &[120]).await;
        let met = ann
            .put(PATH, &goal(100, Some("2016-04-12")))
            .await
            .expect(201);
        assert_eq!(met.json()["from"], "2016-04-13");
        let unmet = ann
            .put(&format!("{PATH}-2"), &goal(121, Some("2016-04-12")))
            .await;
        assert_eq!(unmet.expect(201).json()["from"], "2016-04-12");
    });
}

#[test]
fn a_deleted_goal_keeps_its_history() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        ann.put(PATH, &goal(100, Some("2016-04-12")))
            .await
            .expect(201);
        admin.advance(utc("2016-04-12", 10, 0)).await;
        walk(&server, "ann", utc("2016-04-12", 9, 0), &[120]).await;
        let gone = ann.delete(PATH).await.expect(204);
        assert_eq!(gone.text, "");
        ann.delete(PATH).await.problem(404, "not_found");
        let day = ann
            .get("/v1/users/ann/days/2016-04-12")
            .await
            .expect(200)
            .json();
        assert_eq!(day["goals"][0]["status"], "met");
        assert_eq!(target_on(&ann, "2016-04-13").await, None);
        admin.advance(utc("2016-04-14", 4, 0)).await;
        let streaks = ann.get("/v1/users/ann/streaks").await.expect(200).json();
        let longest = json!({"count": 1, "from": "2016-04-12", "to": "2016-04-12"});
        assert_eq!(streaks["items"][0]["longest"], longest, "{streaks}");
        let day = ann
            .get("/v1/users/ann/days/2016-04-12")
            .await
            .expect(200)
            .json();
        assert_eq!(day["goals"][0]["status"], "met");
    });
}

#[test]
fn every_fault_of_a_goal_is_told_at_once() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let bad = json!({"metric": "sleep", "period": "year", "kind": "magic", "target": 0,
            "from": "13.4.2016", "streak": {"freezes": 3, "y": 1}, "x": 1});
        let wanted = [
            ("/from", "date"),
            ("/kind", "unsupported"),
            ("/metric", "unknown_metric"),
            ("/period", "unsupported"),
            ("/streak/freezes", "range"),
            ("/streak/y", "unknown_field"),
            ("/target", "range"),
            ("/x", "unknown_field"),
        ];
        assert_eq!(
            admin.put(PATH, &bad).await.faults(422, "invalid"),
            faults(&wanted)
        );
        let empty = admin.put(PATH, &json!({})).await.faults(400, "bad_frame");
        let needed = ["/kind", "/metric", "/period", "/target"].map(|at| (at, "bad_frame"));
        assert_eq!(empty, faults(&needed));
        let other = admin
            .put("/v1/users/nobody/goals/steps", &goal(1, None))
            .await;
        other.problem(404, "not_found");
    });
}

#[test]
fn a_goal_is_replaced_only_by_who_has_seen_it() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let create = [("if-none-match", "*")];
        let made = admin
            .json("PUT", PATH, &create, &goal(100, None))
            .await
            .expect(201);
        let again = admin.json("PUT", PATH, &create, &goal(200, None)).await;
        again.problem(412, "precondition_failed");
        admin
            .put(PATH, &goal(200, None))
            .await
            .problem(428, "precondition_required");
        let tag = made.header("etag").to_owned();
        let seen = [("if-match", tag.as_str())];
        admin
            .json("PUT", PATH, &seen, &goal(200, None))
            .await
            .expect(200);
        let stale = admin.json("PUT", PATH, &seen, &goal(300, None)).await;
        stale.problem(412, "precondition_failed");
        let read = admin.get(PATH).await.expect(200);
        assert_eq!(read.json()["target"], 200);
    });
}
