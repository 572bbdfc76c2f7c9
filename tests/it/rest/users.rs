//! Users: making, changing and refusing them.

use serde_json::json;

use super::http::{Http, faults};
use super::people::{CLOCK, device_of, make_user, utc};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

#[test]
fn a_user_is_made_once_and_changed_only_by_who_has_seen_it() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let path = "/v1/users/ann";
        let create = [("if-none-match", "*")];
        let body = json!({"zone": "Europe/Berlin", "alias": "Heron", "week_starts": "monday"});
        let made = admin.json("PUT", path, &create, &body).await.expect(201);
        let made_ms = utc("2016-04-12", 0, 0);
        let zones = json!([{"zone": "Europe/Berlin", "effective_ms": null, "received_ms": made_ms, "flagged": false}]);
        let wanted = json!({"user": "ann", "zone": "Europe/Berlin", "zones": zones, "alias": "Heron",
            "day_start_min": 0, "day_start_from": null, "week_starts": "monday", "device_order": [], "hidden": false,
            "attributes": {}, "created_ms": made_ms});
        assert_eq!(made.json(), wanted);
        let again = admin.json("PUT", path, &create, &body).await;
        again.problem(412, "precondition_failed");
        let read = admin.get(path).await.expect(200);
        assert_eq!(read.json(), made.json());
        let tag = read.header("etag").to_owned();
        assert!(!tag.is_empty());
        let known = admin
            .ask("GET", path, &[("if-none-match", &tag)], None)
            .await;
        assert_eq!((known.status, known.text.as_str()), (304, ""));

        let change = json!({"alias": "Swift Heron"});
        let blind = admin.put(path, &change).await;
        blind.problem(428, "precondition_required");
        let changed = admin
            .json("PUT", path, &[("if-match", &tag)], &change)
            .await;
        let changed = changed.expect(200);
        assert_eq!(changed.json()["alias"], "Swift Heron");
        assert_eq!(
            changed.json()["zone"],
            "Europe/Berlin",
            "absent members stay"
        );
        let stale = admin
            .json("PUT", path, &[("if-match", &tag)], &change)
            .await;
        stale.problem(412, "precondition_failed");
        // What a GET answers can be put back.
        let tag = changed.header("etag").to_owned();
        let back = admin
            .json("PUT", path, &[("if-match", &tag)], &changed.json())
            .await;
        back.expect(200);
    });
}

#[test]
fn a_change_of_a_user_that_does_not_exist_makes_none() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let absent = admin
            .replace("/v1/users/ann", &json!({"zone": "UTC"}))
            .await;
        absent.problem(412, "precondition_failed");
        admin.get("/v1/users/ann").await.problem(404, "not_found");
    });
}

#[test]
fn every_fault_of_a_user_is_told_at_once() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let path = "/v1/users/ann";
        let mars = admin.put(path, &json!({"zone": "Mars/Olympus"})).await;
        let wanted = [("/zone", "unknown_zone")];
        assert_eq!(mars.faults(422, "unknown_zone"), faults(&wanted));
        let unknown = admin
            .put(path, &json!({"zone": "UTC", "zoen": 1, "a/b": 2}))
            .await;
        let wanted = [("/a~1b", "unknown_field"), ("/zoen", "unknown_field")];
        assert_eq!(unknown.faults(422, "unknown_field"), faults(&wanted));
        let body = json!({"zone": "Mars/Olympus", "alias": "", "week_starts": "friday", "x": 1});
        let wanted = [
            ("/alias", "range"),
            ("/week_starts", "unsupported"),
            ("/x", "unknown_field"),
            ("/zone", "unknown_zone"),
        ];
        assert_eq!(
            admin.put(path, &body).await.faults(422, "invalid"),
            faults(&wanted)
        );
        admin.get(path).await.problem(404, "not_found");
    });
}

#[test]
fn a_user_changes_its_alias_and_nothing_else_of_itself() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let path = "/v1/users/ann";
        let changed = ann
            .replace(path, &json!({"alias": "Heron"}))
            .await
            .expect(200);
        assert_eq!(changed.json()["alias"], "Heron");
        for body in [
            json!({"alias": "Crane", "zone": "UTC"}),
            json!({"zone": "Europe/Berlin"}),
            json!({"week_starts": "monday"}),
        ] {
            ann.replace(path, &body).await.problem(403, "forbidden");
        }
        let read = ann.get(path).await.expect(200).json();
        assert_eq!(
            (&read["alias"], &read["zone"]),
            (&json!("Heron"), &json!("UTC"))
        );
    });
}

#[test]
fn a_user_puts_the_phone_before_the_watch_and_today_follows() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let now_ms = utc("2016-04-12", 10, 0);
        server.rest().move_clock(now_ms).await.unwrap();
        let (watch, phone) = (device_of("watch"), device_of("phone"));
        for (device, class, value) in [(&watch, "watch", 100), (&phone, "phone", 150)] {
            let mut said = hello(device, now_ms);
            (said["class"], said["zone"]) = (class.into(), "UTC".into());
            let (mut wire, _) = Wire::hello(&server, "ann", &said).await;
            wire.ack(&batch(1, utc("2016-04-12", 9, 0), &[value; 10]))
                .await;
        }
        let today = async || {
            let day = ann.get("/v1/users/ann/days/2016-04-12").await.expect(200);
            day.json()["eligible"].clone()
        };
        assert_eq!(today().await, 1_000, "a watch comes before a phone");
        let path = "/v1/users/ann";
        let order = json!({"device_order": [phone]});
        let changed = ann.replace(path, &order).await.expect(200).json();
        assert_eq!(changed["device_order"], json!([phone]));
        assert_eq!(today().await, 1_500);
        let stranger = json!({"device_order": [watch, device_of("bob")]});
        let refused = ann.replace(path, &stranger).await.faults(422, "invalid");
        assert_eq!(refused, faults(&[("/device_order/1", "not_found")]));
    });
}

#[test]
fn ill_formed_names_are_refused_before_anything_is_asked() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let long = "x".repeat(65);
        for name in ["a%20b", "%C3%A4", &long] {
            let answer = admin
                .put(&format!("/v1/users/{name}"), &json!({"zone": "UTC"}))
                .await;
            assert!(
                (400..500).contains(&answer.status),
                "{name}: {}",
                answer.text
            );
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    });
}

#[test]
fn an_admin_moves_a_user_and_is_told_why_not() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let (path, any) = ("/v1/users/ann", [("if-match", "*")]);
        let now_ms = utc("2016-04-12", 0, 0);
        admin
            .put(path, &json!({"zone": "Asia/Tokyo"}))
            .await
            .expect(201);
        let put = async |body: serde_json::Value| admin.json("PUT", path, &any, &body).await;
        let early = json!({"zone": "UTC", "effective_ms": now_ms - 72 * 3_600_000 - 1});
        let refused = put(early).await.faults(422, "invalid");
        assert_eq!(refused, faults(&[("/effective_ms", "range")]));
        for zone in ["UTC", "Europe/Berlin", "America/Los_Angeles"] {
            assert_eq!(
                put(json!({"zone": zone})).await.expect(200).json()["zone"],
                zone
            );
        }
        let fourth = json!({"zone": "Asia/Tokyo", "day_start_min": 240, "week_starts": "sunday"});
        let refused = put(fourth.clone()).await.faults(422, "invalid");
        assert_eq!(refused, faults(&[("/zone", "limit")]));
        let mut reviewed = fourth;
        reviewed["reviewed"] = true.into();
        let user = put(reviewed).await.expect(200).json();
        assert_eq!(user["zone"], "Asia/Tokyo");
        assert_eq!(
            user["zones"][3]["flagged"], true,
            "from Berlin to Los Angeles in no time"
        );
        assert_eq!(
            user["zones"][4]["flagged"], false,
            "someone has looked at it"
        );
        assert_eq!(
            (
                &user["day_start_min"],
                &user["day_start_from"],
                &user["week_starts"]
            ),
            (&json!(240), &json!("2016-04-13"), &json!("sunday"))
        );
        let again = put(json!({"day_start_min": 0}))
            .await
            .faults(422, "invalid");
        assert_eq!(again, faults(&[("/day_start_min", "limit")]));
    });
}
