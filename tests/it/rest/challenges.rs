//! Challenges: drafts, faults, publishing, cancelling, and the phases as the clock passes.

use serde_json::{Value, json};
use streakline_core::civil::HOUR_MS;

use super::http::{Http, faults};
use super::people::{CLOCK, challenge, draft, enrol_new, events, phase, published, utc};
use crate::harness::{Server, block_on};

#[test]
fn a_draft_has_the_defaults_and_a_place_of_its_own() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let made = admin
            .post("/v1/challenges", &challenge("2016-04-13", "2016-05-11"))
            .await;
        let made = made.expect(201);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(made.header("location"), format!("/v1/challenges/{id}"));
        let ends = utc("2016-05-12", 12, 0);
        let wanted = json!({"id": id, "phase": "draft", "title": "April steps", "type": "most",
            "metric": "steps",
            "window": {"clock": "user_local", "starts": "2016-04-13", "ends": "2016-05-11"},
            "join": {"opens_ms": null, "late": "yes"}, "capacity": null, "waitlist": 0,
            "eligibility": null, "segments": [], "min_participants": null, "evidence": "sensed", "per_day_cap": 30_000,
            "finalisation_h": 24, "rewards": [], "campaign": null, "tie_rule": "earliest", "rank_style": "competition",
            "visibility": "participants", "version": made.json()["version"],
            "created_ms": utc("2016-04-12", 0, 0), "started_ms": null, "ends_at_ms": ends,
            "settles_at_ms": ends + 24 * HOUR_MS});
        assert_eq!(made.json(), wanted);
        let read = admin.get(made.header("location")).await.expect(200);
        assert_eq!(
            (read.json(), read.header("etag")),
            (wanted, made.header("etag"))
        );
        let absent = "/v1/challenges/01968b1c-0000-7000-8000-000000000000";
        admin.get(absent).await.problem(404, "not_found");
        admin
            .get("/v1/challenges/no-uuid")
            .await
            .problem(404, "not_found");
    });
}

#[test]
fn every_fault_of_a_challenge_is_told_at_once() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let bad = json!({"title": "", "type": "marathon", "metric": "sleep",
            "window": {"clock": "local", "starts": "2016-04-13", "ends": "2016-04-01", "x": 1},
            "join": {"opens_ms": "soon", "late": "perhaps"}, "capacity": 0, "per_day_cap": 0,
            "finalisation_h": 73, "tie_rule": "coin", "rank_style": "olympic",
            "visibility": "public", "prizes": []});
        let mut wanted = vec![
            ("/capacity", "range"),
            ("/finalisation_h", "range"),
            ("/join/late", "unsupported"),
            ("/join/opens_ms", "bad_frame"),
            ("/metric", "unknown_metric"),
            ("/per_day_cap", "range"),
            ("/prizes", "unknown_field"),
            ("/rank_style", "unsupported"),
            ("/tie_rule", "unsupported"),
            ("/title", "range"),
            ("/type", "unsupported"),
            ("/visibility", "unsupported"),
            ("/window/clock", "unknown_zone"),
            ("/window/x", "unknown_field"),
        ];
        let told = admin
            .post("/v1/challenges", &bad)
            .await
            .faults(422, "invalid");
        assert_eq!(told.len(), wanted.len(), "{told:?}");
        assert_eq!(told, faults(&wanted));
        // With a known clock the dates are judged too.
        let mut dates = bad;
        dates["window"]["clock"] = json!("user_local");
        dates["window"].as_object_mut().unwrap().remove("x");
        wanted.retain(|(at, _)| !at.starts_with("/window"));
        wanted.push(("/window/ends", "before_start"));
        let told = admin
            .post("/v1/challenges", &dates)
            .await
            .faults(422, "invalid");
        assert_eq!(told, faults(&wanted));
        let late = json!({"opens_ms": utc("2016-04-20", 0, 0)});
        let mut never = challenge("2016-04-13", "2016-04-14");
        never["join"] = late;
        let told = admin
            .post("/v1/challenges", &never)
            .await
            .faults(422, "invalid");
        assert_eq!(told, faults(&[("/join/opens_ms", "after_end")]));
        assert!(admin.all("/v1/challenges", 10).await.is_empty());
    });
}

#[test]
fn a_draft_is_replaced_or_deleted_and_an_open_challenge_changes_in_what_may_still_change() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let path = draft(&admin, &challenge("2016-04-13", "2016-04-14")).await;
        let tag = admin.get(&path).await.header("etag").to_owned();
        let mut change = challenge("2016-04-13", "2016-04-20");
        change["title"] = json!("Longer");
        admin
            .put(&path, &change)
            .await
            .problem(428, "precondition_required");
        let seen = [("if-match", tag.as_str())];
        let changed = admin.json("PUT", &path, &seen, &change).await.expect(200);
        assert_eq!(changed.json()["title"], "Longer");
        assert_eq!(changed.json()["ends_at_ms"], utc("2016-04-21", 12, 0));
        let stale = admin.json("PUT", &path, &seen, &change).await;
        stale.problem(412, "precondition_failed");
        // What a GET answers can be put back.
        admin.replace(&path, &changed.json()).await.expect(200);
        admin
            .post(&format!("{path}/publish"), &json!({}))
            .await
            .expect(200);
        admin.delete(&path).await.problem(409, "phase");
        change["title"] = json!("Longer still");
        change["window"]["ends"] = json!("2016-04-24");
        let extended = admin.replace(&path, &change).await.expect(200).json();
        assert_eq!(extended["ends_at_ms"], utc("2016-04-25", 12, 0));
        change["window"] =
            json!({"clock": "user_local", "starts": "2016-04-12", "ends": "2016-04-26"});
        change["finalisation_h"] = json!(1);
        let fixed = admin.replace(&path, &change).await.faults(409, "phase");
        let wanted = [
            ("/finalisation_h", "fixed"),
            ("/window/ends", "extended_already"),
            ("/window/starts", "fixed"),
        ];
        assert_eq!(fixed, faults(&wanted));
        let other = draft(&admin, &change).await;
        admin.delete(&other).await.expect(204);
        admin.get(&other).await.problem(404, "not_found");
        admin.delete(&other).await.problem(404, "not_found");
        admin
            .replace(&other, &change)
            .await
            .problem(404, "not_found");
        admin
            .post(&format!("{other}/publish"), &json!({}))
            .await
            .problem(404, "not_found");
        let left: Vec<Value> = admin.all("/v1/challenges", 10).await;
        assert_eq!(left.len(), 1, "{left:?}");
    });
}

#[test]
fn publishing_and_cancelling_again_answer_the_same() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let path = draft(&admin, &challenge("2016-04-13", "2016-04-14")).await;
        let publish = format!("{path}/publish");
        let first = admin.post(&publish, &json!({})).await.expect(200);
        assert_eq!(first.json()["phase"], "open");
        // A body is not needed; another key makes it another request.
        let key = [("idempotency-key", "bare")];
        let again = admin.ask("POST", &publish, &key, None).await.expect(200);
        assert_eq!(again.json(), first.json());
        enrol_new(&admin, &path, &["ann", "bob"]).await;
        let cancel = format!("{path}/cancel");
        let missing = admin.post(&cancel, &json!({})).await;
        assert_eq!(
            missing.faults(400, "bad_frame"),
            faults(&[("/reason", "bad_frame")])
        );
        let reason = json!({"reason": "The sponsor withdrew"});
        let gone = admin.post(&cancel, &reason).await.expect(200);
        assert_eq!(gone.json()["phase"], "cancelled");
        let again = admin
            .post(&cancel, &json!({"reason": "Another"}))
            .await
            .expect(200);
        assert_eq!(again.json(), gone.json());
        admin.post(&publish, &json!({})).await.problem(409, "phase");
        // Whatever was passed on the way, everybody is told once and with the first reason.
        admin.advance(utc("2016-04-20", 0, 0)).await;
        for user in ["ann", "bob"] {
            let told = events(&admin, user, "challenge.cancelled").await;
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!(told[0]["reason"], "The sponsor withdrew");
            assert!(events(&admin, user, "challenge.settled").await.is_empty());
        }
        assert_eq!(phase(&admin, &path).await, "cancelled");
    });
}

#[test]
fn a_settled_challenge_is_not_cancelled() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let path = published(&admin, &challenge("2016-04-13", "2016-04-13")).await;
        admin.advance(utc("2016-04-16", 0, 0)).await;
        let cancel = admin
            .post(&format!("{path}/cancel"), &json!({"reason": "late"}))
            .await;
        cancel.problem(409, "phase");
        assert_eq!(phase(&admin, &path).await, "settled");
    });
}

#[test]
fn a_challenge_passes_its_phases_at_their_instants() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = challenge("2016-04-14", "2016-04-15");
        let opens = utc("2016-04-12", 6, 0);
        body["join"] = json!({"opens_ms": opens});
        body["finalisation_h"] = json!(10);
        let path = published(&admin, &body).await;
        // 00:00 of the 14th at UTC+14, 00:00 of the 16th at UTC-12.
        let (starts, ends) = (utc("2016-04-13", 10, 0), utc("2016-04-16", 12, 0));
        let settles = ends + 10 * HOUR_MS;
        let steps = [
            (opens - 1, "published", Value::Null),
            (opens, "open", Value::Null),
            (starts - 1, "open", Value::Null),
            (starts, "open", json!(starts)),
            (ends - 1, "open", json!(starts)),
            (ends, "finalising", json!(starts)),
            (settles - 1, "finalising", json!(starts)),
            (settles, "settled", json!(starts)),
        ];
        for (at_ms, wanted, started) in steps {
            admin.advance(at_ms).await;
            let read = admin.get(&path).await.expect(200).json();
            assert_eq!(read["phase"], wanted, "at {at_ms}");
            assert_eq!(read["started_ms"], started, "at {at_ms}");
            assert_eq!(
                (&read["ends_at_ms"], &read["settles_at_ms"]),
                (&json!(ends), &json!(settles))
            );
            let listed = admin
                .all(&format!("/v1/challenges?phase={wanted}"), 10)
                .await;
            assert_eq!(listed, [read], "at {at_ms}");
        }
        let other = admin.all("/v1/challenges?phase=open", 10).await;
        assert!(other.is_empty());
        let bad = admin.get("/v1/challenges?phase=begun").await;
        assert_eq!(
            bad.faults(422, "invalid"),
            faults(&[("/query/phase", "unsupported")])
        );
    });
}
