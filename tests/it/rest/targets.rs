//! Goals of a week, of several days, by weekday, adaptive ones with what they were made of, and rest days.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, events, goal, make_user, utc, walk};
use crate::harness::{Server, block_on};

const GOALS: &str = "/v1/users/ann/goals";
const REST: &str = "/v1/users/ann/rest-days";

async fn day(who: &Http, date: &str) -> Value {
    let day = who.get(&format!("/v1/users/ann/days/{date}")).await;
    day.expect(200).json()
}

#[test]
fn a_weekly_goal_asks_for_the_days_left_and_is_shown_with_its_week() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let path = format!("{GOALS}/week");
        let mut body = json!({"metric": "steps", "period": "week", "kind": "static",
            "target": 350, "from": "2016-04-12"});
        let made = ann.put(&path, &body).await.expect(201).json();
        let wanted = json!({"goal": "week", "metric": "steps", "period": "week",
            "week_starts": "monday", "kind": "static", "target": 350, "from": "2016-04-12",
            "until": null, "streak": {"freezes": 0, "weekend_pass": false, "near_miss": false, "repair": null}, "current": {"goal": "week", "period": "week",
            "starts": "2016-04-11", "target": 300, "progress": 0, "status": "pending",
            "met_at_ms": null, "met_at_local": null}});
        assert_eq!(made, wanted);
        let again = ann.replace(&path, &made).await.expect(200).json();
        assert_eq!(again, wanted, "an answer may be put back");
        admin.advance(utc("2016-04-13", 10, 0)).await;
        walk(&server, "ann", utc("2016-04-12", 9, 0), &[120, 100]).await;
        walk(&server, "ann", utc("2016-04-13", 9, 0), &[50, 50]).await;
        let seen = day(&ann, "2016-04-14").await["goals"][0].clone();
        assert_eq!(seen["progress"], 320);
        assert_eq!(seen["met_at_ms"], utc("2016-04-13", 9, 1));
        let told = events(&admin, "ann", "goal.completed").await;
        assert_eq!((told.len(), &told[0]["day"]), (1, &json!("2016-04-11")));
        (body["period"], body["from"]) = (json!("month"), json!("2016-04-13"));
        let fixed = ann.replace(&path, &body).await.faults(422, "invalid");
        assert_eq!(fixed, faults(&[("/period", "fixed")]));
    });
}

#[test]
fn days_of_a_week_are_counted() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let body = json!({"metric": "steps", "period": "week", "kind": "days_of", "target": 100,
            "days": 3, "from": "2016-04-18"});
        let made = ann.put(&format!("{GOALS}/days"), &body).await.expect(201);
        assert_eq!(made.json()["days"], 3);
        admin.advance(utc("2016-04-21", 10, 0)).await;
        for date in ["2016-04-18", "2016-04-19", "2016-04-21"] {
            walk(&server, "ann", utc(date, 9, 0), &[60, 60]).await;
        }
        let seen = day(&ann, "2016-04-18").await["goals"][0].clone();
        assert_eq!(seen["counts"], "days");
        assert_eq!((&seen["target"], &seen["progress"]), (&json!(3), &json!(3)));
        assert_eq!(seen["met_at_ms"], utc("2016-04-21", 9, 1));
        let told = events(&admin, "ann", "goal.completed").await;
        assert_eq!(told[0]["counts"], "days");
    });
}

#[test]
fn an_adaptive_goal_shows_what_todays_target_was_made_of() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let path = format!("{GOALS}/mine");
        let body = json!({"metric": "steps", "period": "day", "kind": "adaptive",
            "from": "2016-04-12", "policy": {"onboarding": 2400, "floor": 1000}});
        let made = ann.put(&path, &body).await.expect(201).json();
        assert_eq!(
            (&made["target"], &made["issued"]["base"]),
            (&json!(2_400), &json!(2_400))
        );
        // Five days of ten minutes with 200 steps, and more on each day after.
        for (days, more) in (0_i64..).zip([0, 10, 20, 30, 40]) {
            let start_ms = utc("2016-04-12", 9, 0) + days * 86_400_000;
            admin.advance(start_ms + 3_600_000).await;
            walk(&server, "ann", start_ms, &[200 + more; 10]).await;
        }
        admin.advance(utc("2016-04-17", 4, 0)).await;
        let seen = ann.get(&path).await.expect(200);
        let goal = seen.json();
        let issued = &goal["issued"];
        assert_eq!(issued["base"], 2_200, "the third of five: {goal}");
        assert_eq!(
            (&issued["previous"], &issued["target"]),
            (&json!(2_400), &json!(2_200))
        );
        assert_eq!(issued["window"].as_array().map(Vec::len), Some(5));
        let newest = json!({"day": "2016-04-16", "amount": 2_400, "target": 2_400});
        assert_eq!(
            (&issued["window"][0], &issued["locked"]),
            (&newest, &json!(true))
        );
        let own = json!({"metric": "steps", "period": "day", "kind": "adaptive", "target": 3_000,
            "policy": {"onboarding": 2400, "floor": 1000}});
        let tag = [("if-match", seen.header("etag"))];
        let raised = ann.json("PUT", &path, &tag, &own).await.expect(200).json();
        assert_eq!(
            (&raised["target"], &raised["issued"]["own"]),
            (&json!(3_000), &json!(3_000))
        );
        admin.advance(utc("2016-04-18", 4, 0)).await;
        let next = ann.get(&path).await.expect(200).json();
        assert_eq!(next["issued"]["previous"], 3_000);
        assert_eq!(next["target"], 2_550, "15 % below the raise");
    });
}

#[test]
fn a_weekday_has_its_own_target_and_a_goal_changes_three_times_a_week() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let path = format!("{GOALS}/sunday");
        let body = json!({"metric": "steps", "period": "day", "kind": "static", "target": 300,
            "targets": {"sun": 100}, "from": "2016-04-12"});
        let made = ann.put(&path, &body).await.expect(201).json();
        assert_eq!(made["targets"], json!({"sun": 100}));
        assert_eq!(day(&ann, "2016-04-16").await["goals"][0]["target"], 300);
        assert_eq!(day(&ann, "2016-04-17").await["goals"][0]["target"], 100);
        for target in [400, 500, 600] {
            ann.replace(&path, &goal(target, None)).await.expect(200);
        }
        let fourth = ann.replace(&path, &goal(700, None)).await;
        fourth.problem(409, "limit");
    });
}

#[test]
fn rest_days_are_chosen_ahead_and_two_a_week() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let put = |date: &'static str| {
            let path = format!("{REST}/{date}");
            let ann = ann.clone();
            async move { ann.enrol(&path).await }
        };
        let first = put("2016-04-14").await.expect(201).json();
        assert_eq!(first, json!({"day": "2016-04-14"}));
        put("2016-04-14").await.expect(200);
        put("2016-04-17").await.expect(201);
        put("2016-04-16").await.problem(409, "limit");
        put("2016-04-18").await.expect(201);
        for bad in ["2016-04-12", "2017-06-01"] {
            assert_eq!(
                put(bad).await.faults(422, "invalid"),
                faults(&[("/path/date", "range")])
            );
        }
        let path = format!("{REST}/2016-04-17");
        ann.delete(&path).await.expect(204);
        ann.delete(&path).await.problem(404, "not_found");
        let days = ann.all(REST, 1).await;
        assert_eq!(
            days,
            [json!({"day": "2016-04-14"}), json!({"day": "2016-04-18"})]
        );
        ann.put(&format!("{GOALS}/g"), &goal(100, Some("2016-04-12")))
            .await
            .expect(201);
        admin.advance(utc("2016-04-15", 4, 0)).await;
        assert_eq!(day(&ann, "2016-04-14").await["goals"], json!([]));
        ann.delete(&format!("{REST}/2016-04-14"))
            .await
            .problem(422, "invalid");
        let streaks = ann.get("/v1/users/ann/streaks").await.expect(200).json();
        let statuses = &streaks["items"][0]["statuses"];
        let rest = json!({"day": "2016-04-14", "status": "rest"});
        assert!(statuses.as_array().unwrap().contains(&rest), "{streaks}");
    });
}
