//! Templates: challenges that users make within an admin's bounds.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, challenge, make_user, utc};
use crate::harness::{Server, block_on};

const CAMPAIGN: &str = "0196aaaa-0000-4000-8000-000000000003";
const TOKEN: i64 = 1_000_000;

fn walk_together() -> Value {
    let mut of = challenge("2016-01-01", "2016-01-07");
    of["type"] = json!("target");
    of["target"] = json!(10_000);
    of["capacity"] = json!(3);
    json!({"challenge": of, "bounds": {"title": true, "starts_in": {"from": 0, "to": 30},
        "days": {"from": 1, "to": 14}, "target": {"one_of": [5_000, 20_000]}, "open_per_user": 2}})
}

async fn template(admin: &Http, body: &Value) -> String {
    let made = admin.post("/v1/templates", body).await.expect(201).json();
    format!("/v1/templates/{}", made["id"].as_str().unwrap())
}

#[test]
fn a_user_makes_a_challenge_within_bounds_and_takes_part_in_it() {
    let mut server = Server::virtual_at(CLOCK);
    let (of, path) = block_on(async {
        let admin = Http::admin(&server);
        for user in ["ann", "bob"] {
            make_user(&admin, user).await;
        }
        let of = template(&admin, &walk_together()).await;
        let ann = Http::user(&server, "ann");
        let shown = ann.get(&of).await.expect(200).json();
        assert_eq!(shown["bounds"], walk_together()["bounds"]);
        assert_eq!(shown["challenge"]["target"], 10_000);
        assert_eq!(ann.all("/v1/templates", 10).await, [shown]);
        assert!(ann.all("/v1/challenges", 10).await.is_empty());
        let choice = json!({"title": "Ours", "starts": "2016-04-14", "days": 3, "target": 20_000});
        let make = format!("{of}/challenges");
        let made = ann.post_as("one", &make, &choice).await.expect(201).json();
        assert_eq!(
            (&made["title"], &made["phase"]),
            (&json!("Ours"), &json!("open"))
        );
        assert_eq!(made["window"]["ends"], "2016-04-16");
        assert_eq!(
            (&made["target"], &made["capacity"]),
            (&json!(20_000), &json!(3))
        );
        assert_eq!(made["template"], shown_id(&of));
        let again = ann.post_as("one", &make, &choice).await.expect(201).json();
        assert_eq!(again, made);
        (
            of,
            format!("/v1/challenges/{}", made["id"].as_str().unwrap()),
        )
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        let (ann, bob) = (Http::user(&server, "ann"), Http::user(&server, "bob"));
        let own = ann
            .get(&format!("{path}/enrolments/ann"))
            .await
            .expect(200)
            .json();
        assert_eq!(own["state"], "joined");
        bob.enrol(&format!("{path}/enrolments/bob"))
            .await
            .expect(201);
        assert_eq!(admin.all("/v1/challenges", 10).await.len(), 1);
        let make = format!("{of}/challenges");
        let choice = json!({"starts": "2016-04-14"});
        ann.post_as("two", &make, &choice).await.expect(201);
        ann.post_as("three", &make, &choice)
            .await
            .problem(409, "limit");
        admin.advance(utc("2016-05-10", 0, 0)).await;
        let choice = json!({"starts": "2016-05-12"});
        ann.post_as("four", &make, &choice).await.expect(201);
    });
}

#[test]
fn requests_at_once_make_no_more_than_may_be_open() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let of = template(&admin, &walk_together()).await;
        let make = format!("{of}/challenges");
        let choice = json!({"starts": "2016-04-14"});
        let asked: Vec<(Http, String)> = (0..12)
            .map(|number| (Http::user(&server, "ann"), format!("key-{number}")))
            .collect();
        let at_once = asked
            .iter()
            .map(|(ann, key)| ann.post_as(key, &make, &choice));
        for answer in join_all(at_once).await {
            if answer.status != 201 {
                let code = answer.json()["code"].clone();
                assert!(["in_progress", "limit"].contains(&code.as_str().unwrap()));
            }
        }
        for (ann, key) in &asked {
            let answer = ann.post_as(key, &make, &choice).await;
            assert!([201, 409].contains(&answer.status), "{}", answer.status);
        }
        let open = admin.all("/v1/challenges", 20).await.len();
        assert_eq!(
            open, 2,
            "every one made has its member, and there is no third"
        );
    });
}

fn shown_id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[test]
fn every_choice_that_is_not_the_users_is_told_at_once() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let of = template(&admin, &walk_together()).await;
        let ann = Http::user(&server, "ann");
        let make = format!("{of}/challenges");
        let bad = json!({"title": "", "starts": "2016-04-11", "days": 15, "target": 10_000, "capacity": 2});
        let refused = ann.post(&make, &bad).await;
        assert_eq!(
            refused.faults(422, "invalid"),
            faults(&[("/title", "range")])
        );
        let bad = json!({"starts": "2016-04-11", "days": 15, "target": 10_000, "capacity": 2});
        let refused = ann.post(&make, &bad).await;
        let wanted = [
            ("/capacity", "fixed"),
            ("/days", "range"),
            ("/starts", "range"),
            ("/target", "range"),
        ];
        assert_eq!(refused.faults(422, "invalid"), faults(&wanted));
        ann.post(&make, &json!({"user": "bob", "starts": "2016-04-14"}))
            .await
            .problem(403, "forbidden");
        admin
            .post(&make, &json!({"starts": "2016-04-14"}))
            .await
            .problem(400, "bad_frame");
        ann.post("/v1/templates", &walk_together())
            .await
            .problem(403, "forbidden");
        let nobody = make.replace(shown_id(&of), CAMPAIGN);
        ann.post(&nobody, &json!({"starts": "2016-04-14"}))
            .await
            .problem(404, "not_found");
        let mut bad = walk_together();
        bad["challenge"]["target"] = json!(0);
        bad["challenge"]["recurs"] = json!({"every": "week"});
        bad["bounds"]["days"] = json!({"from": 1});
        bad["bounds"]["more"] = json!(1);
        let refused = admin.post("/v1/templates", &bad).await;
        let wanted = [
            ("/bounds/days/to", "bad_frame"),
            ("/bounds/more", "unknown_field"),
            ("/challenge/target", "range"),
        ];
        assert_eq!(refused.faults(422, "invalid"), faults(&wanted));
    });
}

#[test]
fn a_challenge_of_a_template_is_paid_as_the_template_says_and_only_as_far_as_its_campaign_reaches()
{
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let budget = json!({"title": "Spring", "budget_micro": 30 * TOKEN});
        let campaign = format!("/v1/campaigns/{CAMPAIGN}");
        admin.put(&campaign, &budget).await.expect(201);
        let mut body = walk_together();
        body["challenge"]["campaign"] = json!(CAMPAIGN);
        body["challenge"]["rewards"] = json!([{"rank": 1, "tokens_micro": 20 * TOKEN}]);
        let of = template(&admin, &body).await;
        let ann = Http::user(&server, "ann");
        let make = format!("{of}/challenges");
        let choice = json!({"starts": "2016-04-14"});
        ann.post(&make, &choice).await.expect(201);
        let drawn = admin.get(&campaign).await.expect(200).json();
        assert_eq!(drawn["reserved_micro"], 20 * TOKEN);
        ann.post(&make, &choice)
            .await
            .problem(409, "budget_exhausted");
    });
}
