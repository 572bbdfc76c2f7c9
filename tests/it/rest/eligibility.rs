//! Attributes of users over REST, and who may take part in a challenge by them (protocol.md 7).

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, challenge, draft, make_user, published, utc};
use crate::harness::{Server, block_on};

/// Says of a user who is there what it is.
pub(crate) async fn say(admin: &Http, user: &str, attributes: Value) -> Value {
    let path = format!("/v1/users/{user}");
    let body = json!({"attributes": attributes});
    admin.replace(&path, &body).await.expect(200).json()
}

fn for_adults_of_europe() -> Value {
    let mut body = challenge("2016-04-13", "2016-04-13");
    body["eligibility"] = json!({"all": [
        {"gte": [{"attr": "age"}, 18]},
        {"in": [{"attr": "region"}, ["EU", "UK"]]},
        {"not": {"eq": [{"attr": "team"}, "staff"]}}]});
    body
}

#[test]
fn admins_say_what_users_are_and_nobody_else_learns_of_it() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let said = json!({"age": 41, "region": "EU"});
        assert_eq!(say(&admin, "ann", said.clone()).await["attributes"], said);
        let path = "/v1/users/ann";
        assert_eq!(ann.get(path).await.expect(200).json()["attributes"], said);
        let own = ann.replace(path, &json!({"attributes": {}})).await;
        own.problem(403, "forbidden");
        Http::user(&server, "bob")
            .get(path)
            .await
            .problem(403, "forbidden");
        let bad = json!({"attributes": {"home region": "EU", "age": 1.5}});
        let refused = admin.replace(path, &bad).await.faults(422, "invalid");
        let wanted = [
            ("/attributes/age", "range"),
            ("/attributes/home region", "name"),
        ];
        assert_eq!(refused, faults(&wanted));
        say(&admin, "ann", json!({"region": "UK"})).await;
        // They are the user's own, and so is who said what when.
        let export = ann.get(&format!("{path}/export")).await.expect(200).text;
        let changes = export.matches("\"attributes.changed\"").count();
        assert_eq!(changes, 2, "{export}");
        assert!(export.contains("\"attributes\":{\"region\":\"UK\"}"));
    });
}

#[test]
fn who_is_not_eligible_is_told_by_which_test_and_who_is_joins_or_waits() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = for_adults_of_europe();
        (body["capacity"], body["waitlist"]) = (json!(1), json!(5));
        let of = published(&admin, &body).await;
        let shown = admin.get(&of).await.expect(200).json();
        assert_eq!(shown["eligibility"], body["eligibility"]);
        let join = async |user: &str| {
            let path = format!("{of}/enrolments/{user}");
            Http::user(&server, user).enrol(&path).await
        };
        make_user(&admin, "ann").await;
        let why = join("ann").await.problem(409, "not_eligible");
        assert_eq!(why["detail"], "age must be at least 18; it is not set");
        let place = json!([{"pointer": "/eligibility/all/0/gte", "code": "not_eligible",
            "detail": "age must be at least 18; it is not set"}]);
        assert_eq!(why["errors"], place);
        say(&admin, "ann", json!({"age": 18, "region": "US"})).await;
        let why = join("ann").await.problem(409, "not_eligible");
        let words = "region must be one of \"EU\", \"UK\"; it is \"US\"";
        assert_eq!(why["detail"], words);
        say(
            &admin,
            "ann",
            json!({"age": 18, "region": "EU", "team": "staff"}),
        )
        .await;
        let why = join("ann").await.problem(409, "not_eligible");
        assert_eq!(why["errors"][0]["pointer"], "/eligibility/all/2/not/eq");
        say(&admin, "ann", json!({"age": 18, "region": "EU"})).await;
        let joined = join("ann").await.expect(201).json();
        assert_eq!(joined["state"], "joined");
        // Whoever waits is judged like whoever joins.
        make_user(&admin, "bob").await;
        join("bob").await.problem(409, "not_eligible");
        say(&admin, "bob", json!({"age": 30, "region": "UK"})).await;
        assert_eq!(join("bob").await.expect(201).json()["state"], "waiting");
        // ... and again when a place is free: who is not eligible then is passed over.
        make_user(&admin, "cat").await;
        say(&admin, "cat", json!({"age": 50, "region": "EU"})).await;
        assert_eq!(join("cat").await.expect(201).json()["place"], 2);
        say(&admin, "bob", json!({"age": 30, "region": "US"})).await;
        admin.advance(utc("2016-04-12", 1, 0)).await;
        let path = format!("{of}/enrolments/ann");
        admin.delete(&path).await.expect(204);
        admin.advance(utc("2016-04-12", 2, 0)).await;
        assert_eq!(join("bob").await.expect(200).json()["state"], "waiting");
        assert_eq!(join("cat").await.expect(200).json()["state"], "joined");
        // Who is in stays in.
        say(&admin, "cat", json!({})).await;
        assert_eq!(join("cat").await.expect(200).json()["state"], "joined");
    });
}

#[test]
fn rules_that_cannot_be_are_refused_with_every_place() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = challenge("2016-04-13", "2016-04-13");
        body["eligibility"] = json!({"all": [
            {"gte": [{"attr": "age"}, 65]}, {"lte": [{"attr": "age"}, 18]},
            {"eq": [{"attr": "region"}, "EU"]}, {"eq": [{"attr": "region"}, "UK"]}]});
        let refused = admin.post("/v1/challenges", &body).await;
        let wanted = [
            ("/eligibility/all/1/lte", "contradiction"),
            ("/eligibility/all/3/eq", "contradiction"),
        ];
        assert_eq!(refused.faults(422, "invalid"), faults(&wanted));
        body["eligibility"] = json!({"gte": [{"sum": ["steps", "window"]}, 70_000]});
        let refused = admin.post("/v1/challenges", &body).await;
        let wanted = [("/eligibility/gte", "unsupported")];
        assert_eq!(refused.faults(422, "invalid"), faults(&wanted));
        // It never changes once joining is open, and an answer may be sent back.
        let of = published(&admin, &for_adults_of_europe()).await;
        let mut held = admin.get(&of).await.expect(200).json();
        admin.replace(&of, &held).await.expect(200);
        held["eligibility"] = json!(null);
        let fixed = admin.replace(&of, &held).await.faults(409, "phase");
        assert_eq!(fixed, faults(&[("/eligibility", "fixed")]));
    });
}

#[test]
fn a_dry_run_leaves_out_who_is_not_eligible_and_says_why() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        for user in ["ann", "bob"] {
            make_user(&admin, user).await;
        }
        say(&admin, "ann", json!({"age": 40, "region": "EU"})).await;
        say(&admin, "bob", json!({"age": 17, "region": "EU"})).await;
        admin.advance(utc("2016-04-20", 12, 0)).await;
        let of = draft(&admin, &for_adults_of_europe()).await;
        let asked = json!({"users": ["bob", "ann"]});
        let played = admin.post(&format!("{of}/simulate"), &asked).await;
        let played = played.expect(200).json();
        assert_eq!(played["participants"], 1);
        let bob = json!([{"user": "bob", "code": "not_eligible",
            "detail": "age must be at least 18; it is 17", "pointer": "/eligibility/all/0/gte"}]);
        assert_eq!(played["excluded"], bob);
    });
}
