//! Explanations end to end: a support desk asks why, and is told by whom, by which device and by which sample.

use serde_json::{Value, json};

use super::http::{Answer, Http, faults};
use super::people::{CLOCK, challenge, goal, make_user, published, utc, walk};
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

const WATCH: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
const PHONE: &str = "0d7a5f3b-8f4e-5d0a-9a53-5f2c4c1e2c11";
const SUNDAY: &str = "2026-10-25";
const EXPLAIN: &str = "/v1/users/ann/explain";

/// An instant of that Sunday in winter time, which began at 01:00 in UTC.
fn at(hour: i64, minute: i64) -> i64 {
    utc(SUNDAY, hour - 1, minute)
}

fn steps(id: &str, (from_ms, minutes): (i64, i64), value: i64, method: &str) -> Value {
    json!({"id": id, "metric": "steps", "start_ms": from_ms, "end_ms": from_ms + minutes * 60_000,
        "value": value, "method": method})
}

async fn device(server: &Server, device: &str, class: &str) -> Wire {
    let now_ms = server.rest().clock().await.unwrap().now_ms;
    let mut frame = hello(device, now_ms);
    (frame["class"], frame["zone"]) = (json!(class), json!("Europe/Berlin"));
    Wire::hello(server, "ann", &frame).await.0
}

async fn send(wire: &mut Wire, first_seq: u64, records: &[Value]) -> Value {
    let batch = json!({"type": "batch", "batch_id": first_seq, "lane": "live", "first_seq": first_seq,
        "records": records});
    wire.ack(&batch).await
}

/// The golden day (domain.md 13a) as it came through the stream; it is 20:00 on it, and its challenge.
async fn golden_day(server: &Server, admin: &Http) -> String {
    let zone = json!({"zone": "Europe/Berlin"});
    admin.put("/v1/users/ann", &zone).await.expect(201);
    let path = "/v1/users/ann/goals/steps";
    admin
        .put(path, &goal(7_000, Some(SUNDAY)))
        .await
        .expect(201);
    let window = challenge(SUNDAY, SUNDAY);
    let contest = published(admin, &window).await;
    let mut watch = device(server, WATCH, "watch").await;
    let mut phone = device(server, PHONE, "phone").await;
    let enrolment = format!("{contest}/enrolments/ann");
    admin.enrol(&enrolment).await.expect(201);
    admin.advance(at(20, 0)).await;
    let first = [
        steps("102", (utc(SUNDAY, 0, 10), 10), 500, "auto"),
        steps("103", (at(2, 10), 10), 500, "auto"),
        steps("101", (at(7, 0), 40), 4_000, "auto"),
    ];
    send(&mut watch, 1, &first).await;
    let phones = [
        steps("101", (at(7, 0), 60), 6_600, "auto"),
        steps("109", (at(18, 0), 30), 2_000, "manual"),
    ];
    send(&mut phone, 1, &phones).await;
    let last = [steps("104", (at(12, 0), 5), 1_500, "auto")];
    send(&mut watch, 4, &last).await;
    let again = send(&mut watch, 5, &last).await;
    assert_eq!(again["results"][0]["status"], "duplicate");
    contest
}

async fn explained(who: &Http, query: &str) -> Value {
    who.get(&format!("{EXPLAIN}/{query}"))
        .await
        .expect(200)
        .json()
}

fn kinds(trail: &Value) -> Vec<String> {
    let items = trail["items"].as_array().unwrap().iter();
    let kind = |item: &Value| {
        let told = if item["event"].is_null() {
            &item["change"]
        } else {
            &item["event"]
        };
        told["kind"].as_str().unwrap().to_owned()
    };
    items.map(kind).collect()
}

fn item<'a>(trail: &'a Value, kind: &str) -> &'a Value {
    let items = trail["items"].as_array().unwrap();
    let is_it = |item: &&Value| item["event"]["kind"] == kind || item["change"]["kind"] == kind;
    items
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {kind} in {trail}"))
}

#[test]
fn the_golden_day_is_explained_through_rest_and_the_same_after_a_kill() {
    let mut server = Server::virtual_at("2026-10-24T22:10:00Z");
    block_on(async {
        let admin = Http::admin(&server);
        golden_day(&server, &admin).await;
        let day = explained(&admin, "day?day=2026-10-25").await;
        assert_eq!(
            (&day["day"]["display"], &day["day"]["eligible"]),
            (&json!(10_700), &json!(8_400))
        );
        let steps = &day["amounts"][0];
        let parts = ["quarantined", "manual", "capped", "late"].map(|part| steps[part].clone());
        assert_eq!(parts, [json!(0), json!(2_000), json!(300), json!(0)]);
        let share = |n: usize| {
            let of = &steps["devices"][n];
            ["device", "display_min", "display", "eligible"].map(|member| of[member].clone())
        };
        assert_eq!(
            share(0),
            [json!(WATCH), json!(65), json!(6_500), json!(6_200)]
        );
        assert_eq!(
            share(1),
            [json!(PHONE), json!(50), json!(4_200), json!(2_200)]
        );
        assert_eq!(day["zones"][0]["zone"], "Europe/Berlin");
        assert_eq!(day["closes"]["soft_ms"], at(27, 0));
        let created = item(&day["trail"], "user.created");
        assert_eq!(created["by"]["principal"], "admin-key");
        assert_eq!(created["by"]["source"], "rest");
        let completed = item(&day["trail"], "goal.completed");
        assert_eq!(completed["by"]["principal"], "user:ann");
        assert_eq!(
            (&completed["rules"], &completed["device"]),
            (&json!(1), &json!(PHONE))
        );
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        let again = explained(&admin, "day?day=2026-10-25").await;
        let wanted = [
            "device.bound",
            "device.bound",
            "goal.completed",
            "goal.set",
            "user.created",
        ];
        let mut told = kinds(&again["trail"]);
        told.sort();
        assert_eq!(told, wanted);
        assert_eq!(again["amounts"][0]["manual"], 2_000);
    });
}

#[test]
fn minutes_hours_and_copies_of_a_day_say_which_device_is_believed() {
    let server = Server::virtual_at("2026-10-24T22:10:00Z");
    block_on(async {
        let admin = Http::admin(&server);
        golden_day(&server, &admin).await;
        let days = "/v1/users/ann/days/2026-10-25";
        let minutes = admin.all(&format!("{days}/minutes"), 7).await;
        assert_eq!(minutes.len(), 115);
        let seven = minutes
            .iter()
            .find(|minute| minute["start_ms"] == at(7, 0))
            .unwrap();
        let wanted = json!({"start_ms": at(7, 0), "start_local": "2026-10-25T07:00", "display": 100,
            "device": WATCH, "eligible": 100, "eligible_device": WATCH, "covered_ms": 60_000,
            "outranked": [PHONE]});
        assert_eq!(*seven, wanted);
        let hours = admin.all(&format!("{days}/hours?metric=steps"), 2).await;
        let told = hours
            .iter()
            .map(|hour| (hour["start_local"].clone(), hour["eligible"].clone()));
        let wanted = [
            ("02", 500),
            ("02", 500),
            ("07", 6_200),
            ("12", 1_200),
            ("18", 0),
        ];
        let wanted = wanted.map(|(hour, sum)| (json!(format!("2026-10-25T{hour}:00")), json!(sum)));
        assert_eq!(told.collect::<Vec<_>>(), wanted);
        let copies = admin.all(&format!("{days}/records?metric=steps"), 4).await;
        let told = copies.iter().map(|copy| {
            let text = |member: &str| copy[member].as_str().unwrap();
            (text("id"), text("fate"), copy["eligible"].as_i64().unwrap())
        });
        let wanted = [
            ("102", "counts", 500),
            ("103", "counts", 500),
            ("101", "counts", 2_200),
            ("101", "counts", 4_000),
            ("104", "counts", 1_500),
            ("109", "manual", 0),
        ];
        assert_eq!(told.collect::<Vec<_>>(), wanted, "a duplicate is not kept");
        let unknown = admin.get(&format!("{days}/minutes?metric=naps")).await;
        assert_eq!(
            unknown.faults(422, "unknown_metric"),
            faults(&[("/query/metric", "unknown_metric")])
        );
        let sleep = admin.get(&format!("{days}/hours?metric=sleep")).await;
        assert_eq!(
            sleep.faults(422, "invalid"),
            faults(&[("/query/metric", "range")])
        );
    });
}

#[test]
fn hours_of_a_gauge_have_number_lowest_highest_mean_and_last() {
    let server = Server::virtual_at("2026-10-25T11:30:00Z");
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let mut watch = device(&server, WATCH, "watch").await;
        let beat = |id: &str, at_ms: i64, value: i64| json!({"id": id, "metric": "heart_rate", "start_ms": at_ms, "value": value, "method": "auto"});
        let beats = [
            beat("1", utc(SUNDAY, 9, 59), 60),
            beat("2", utc(SUNDAY, 10, 0), 80),
            beat("3", utc(SUNDAY, 10, 30), 90),
        ];
        send(&mut watch, 1, &beats).await;
        let hours = admin
            .all("/v1/users/ann/days/2026-10-25/hours?metric=heart_rate", 1)
            .await;
        let ten = json!({"start_ms": utc(SUNDAY, 10, 0), "start_local": "2026-10-25T10:00", "n": 2,
            "min": 80, "max": 90, "mean": 85.0, "last": 90, "last_ms": utc(SUNDAY, 10, 30)});
        assert_eq!((hours.len(), &hours[1]), (2, &ten));
        let day = explained(&admin, "day?day=2026-10-25").await;
        assert_eq!(day["gauges"][0]["metric"], "heart_rate");
        assert_eq!(day["gauges"][0]["devices"][0]["display"], 3);
    });
}

#[test]
fn a_goal_a_score_and_tokens_are_explained() {
    let server = Server::virtual_at("2026-10-24T22:10:00Z");
    block_on(async {
        let admin = Http::admin(&server);
        let contest = golden_day(&server, &admin).await;
        let why = explained(&admin, "goal?goal=steps&day=2026-10-25").await;
        assert_eq!(why["met_at_local"], "2026-10-25T07:58");
        let wanted = json!({"metric": "steps", "before": 6_980, "added": 110,
            "records": [{"device": PHONE, "id": "101", "version": 1, "amount": 110}]});
        assert_eq!(why["crossing"][0], wanted);
        assert_eq!(
            item(&why["trail"], "goal.set")["by"]["principal"],
            "admin-key"
        );
        let id = contest.rsplit('/').next().unwrap();
        let score = explained(&admin, &format!("score?challenge={id}")).await;
        assert_eq!(
            (&score["score"], &score["state"]),
            (&json!(8_400), &json!("active"))
        );
        assert_eq!(score["achieved_at_ms"], at(12, 4));
        let joined = item(&score["trail"], "challenge.joined");
        assert_eq!(
            (&joined["by"]["source"], &joined["by"]["principal"]),
            (&json!("peer"), &json!("admin-key"))
        );
        assert_eq!(score["days"][0]["left_out"], json!([]));
        admin.advance(at(27, 0)).await;
        let tokens = explained(&admin, "token?day=2026-10-25").await;
        assert_eq!(
            (&tokens["steps"], &tokens["posted_micro"]),
            (&json!(8_400), &json!(6_700_000))
        );
        let transfer = &tokens["transfers"][0];
        assert_eq!(transfer["evidence"], tokens["state_hash"]);
        let posted = item(&tokens["trail"], "tokens.posted");
        assert_eq!(posted["by"]["source"], "timer");
        assert_eq!(posted["causes"], json!([tokens["changed_by"]]));
        let id = transfer["id"].as_str().unwrap();
        let one = explained(&admin, &format!("token?transfer={id}")).await;
        assert_eq!(one, tokens);
    });
}

#[test]
fn a_late_sample_that_moved_a_streak_is_named_as_its_cause() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let path = "/v1/users/ann/goals/steps";
        ann.put(path, &goal(100, Some("2016-04-12")))
            .await
            .expect(201);
        for day in ["2016-04-12", "2016-04-14"] {
            admin.advance(utc(day, 12, 0)).await;
            walk(&server, "ann", utc(day, 9, 0), &[60, 60]).await;
        }
        admin.advance(utc("2016-04-17", 12, 0)).await;
        walk(&server, "ann", utc("2016-04-13", 9, 0), &[60, 60]).await;
        let why = explained(&ann, "streak?goal=steps&from=2016-04-12&to=2016-04-15").await;
        let periods = why["periods"].as_array().unwrap().iter();
        let told = periods.map(|of| {
            (
                of["reason"].as_str().unwrap(),
                of["count"].as_u64().unwrap(),
            )
        });
        let wanted = [
            ("reached", 1),
            ("reached", 2),
            ("reached", 3),
            ("short_so_far", 0),
        ];
        assert_eq!(told.collect::<Vec<_>>(), wanted);
        let trail = &why["trail"];
        let lost = item(trail, "streak.lost");
        assert_eq!(lost["by"]["principal"], "server");
        let corrected = item(trail, "streak.corrected");
        assert_eq!(corrected["by"]["principal"], "user:ann");
        assert_eq!(corrected["event"]["day"], "2016-04-13");
        let completed = trail["items"].as_array().unwrap().iter();
        let late = completed
            .rev()
            .find(|item| item["event"]["kind"] == "goal.completed")
            .unwrap();
        assert!(
            late["causes"].as_array().unwrap().contains(&lost["id"]),
            "{late}"
        );
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let query = format!("streak?goal=steps&from=2016-04-12&to=2016-04-15&limit=2{cursor}");
            let page = explained(&ann, &query).await["trail"].clone();
            pages.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(json!(pages), trail["items"], "pages cover it once");
    });
}

#[test]
fn an_admins_change_of_zone_names_the_request() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        admin.advance(utc("2016-04-12", 12, 0)).await;
        let before = admin.get("/v1/users/ann").await.expect(200);
        let tag = [
            ("if-match", before.header("etag")),
            ("x-request-id", "ticket-17"),
        ];
        let zone = json!({"zone": "Asia/Tokyo"});
        admin
            .json("PUT", "/v1/users/ann", &tag, &zone)
            .await
            .expect(200);
        let day = explained(&admin, "day?day=2016-04-12").await;
        let moved = item(&day["trail"], "zone.changed");
        let by = json!({"source": "rest", "principal": "admin-key", "request_id": "ticket-17"});
        assert_eq!(moved["by"], by);
        assert_eq!(moved["change"]["zone"], "Asia/Tokyo");
        let zones = day["zones"].as_array().unwrap();
        assert_eq!(
            zones.last().unwrap()["effective_ms"],
            moved["change"]["effective_ms"]
        );
        let earlier = explained(&admin, "day?day=2016-04-10").await;
        assert!(!kinds(&earlier["trail"]).contains(&"zone.changed".to_owned()));
    });
}

#[test]
fn an_adaptive_target_says_which_days_it_looked_back_at() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let body = json!({"metric": "steps", "period": "day", "kind": "adaptive",
            "from": "2016-04-12", "policy": {"onboarding": 2400, "floor": 1000}});
        ann.put("/v1/users/ann/goals/mine", &body).await.expect(201);
        for (days, more) in (0_i64..).zip([0, 10, 20, 30, 40]) {
            let start_ms = utc("2016-04-12", 9, 0) + days * 86_400_000;
            admin.advance(start_ms + 3_600_000).await;
            walk(&server, "ann", start_ms, &[200 + more; 10]).await;
        }
        admin.advance(utc("2016-04-17", 4, 0)).await;
        let why = explained(&ann, "goal?goal=mine").await;
        let target = &why["target"];
        assert_eq!(target["sorted"], json!([2_000, 2_100, 2_200, 2_300, 2_400]));
        assert_eq!(
            (&target["rank"], &target["rounded"]),
            (&json!(3), &json!(2_200))
        );
        assert_eq!(
            (&target["at_least"], &target["target"]),
            (&json!(2_040), &json!(2_200))
        );
        let looked = target["looked"].as_array().unwrap();
        assert_eq!(looked.len(), 21);
        let newest = json!({"day": "2016-04-16", "used": "counted", "then": 2_400, "now": 2_400, "worn_min": 0});
        assert_eq!(looked[0], newest);
        assert_eq!(looked[5]["used"], "unknown");
    });
}

#[test]
fn questions_that_nobody_can_answer_are_refused_with_the_parameter() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let asked =
            async |query: &str| -> Answer { admin.get(&format!("{EXPLAIN}/{query}")).await };
        let missing = [
            ("day", "/query/day"),
            ("goal", "/query/goal"),
            ("streak", "/query/goal"),
            ("score", "/query/challenge"),
            ("token", "/query/day"),
        ];
        for (query, pointer) in missing {
            let told = asked(query).await.faults(400, "bad_frame");
            assert_eq!(told, faults(&[(pointer, "bad_frame")]), "{query}");
        }
        let both = "token?day=2016-04-12&transfer=00000000000000000000000000000000";
        assert_eq!(
            asked(both).await.faults(400, "bad_frame"),
            faults(&[("/query/day", "bad_frame")])
        );
        let told = asked("token?transfer=8F").await.faults(422, "invalid");
        assert_eq!(told, faults(&[("/query/transfer", "name")]));
        asked("token?transfer=00000000000000000000000000000000")
            .await
            .problem(404, "not_found");
        asked("goal?goal=none").await.problem(404, "not_found");
        asked("streak?goal=none").await.problem(404, "not_found");
        let unknown = "score?challenge=01960000-0000-7000-8000-000000000001";
        asked(unknown).await.problem(404, "not_enrolled");
        let told = asked("streak?goal=none&from=2016-04-12&to=2016-04-11").await;
        assert_eq!(
            told.faults(422, "invalid"),
            faults(&[("/query/to", "before_start")])
        );
        let told = asked("streak?goal=none&to=2016-04-13")
            .await
            .faults(422, "invalid");
        assert_eq!(told, faults(&[("/query/to", "range")]));
        asked("mood").await.problem(404, "not_found");
        let nobody = admin
            .get("/v1/users/nobody/explain/day?day=2016-04-12")
            .await;
        nobody.problem(404, "not_found");
    });
}
