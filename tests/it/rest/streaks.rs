//! Freezes, repairs, pauses and verdicts by REST.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, events, make_user, utc, walk};
use crate::harness::{Server, block_on};

/// 1,200 steps within five minutes.
const WALK: [i64; 5] = [240; 5];
const TOKEN: i64 = 1_000_000;

fn goal(streak: &Value) -> Value {
    json!({"metric": "steps", "period": "day", "kind": "static", "target": 1000,
        "from": "2016-04-12", "streak": streak})
}

/// Milestones of 3 days pay 300 tokens here.
fn paying_server() -> Server {
    let amount = ["--milestones-at-3", "300000000"];
    Server::start(&format!("virtual:{CLOCK}"), &amount)
}

/// Ann walks on every day of April from the 12th to `last`, and its soft close comes.
async fn days(server: &Server, admin: &Http, days: std::ops::RangeInclusive<i64>) {
    for day in days {
        let date = format!("2016-04-{day}");
        admin.advance(utc(&date, 10, 10)).await;
        walk(server, "ann", utc(&date, 10, 0), &WALK).await;
        admin.advance(utc(&date, 27, 0)).await;
    }
}

async fn streak(who: &Http) -> Value {
    let list = who.get("/v1/users/ann/streaks").await.expect(200).json();
    list["items"][0].clone()
}

async fn balance(who: &Http) -> (i64, i64) {
    let balance = who.get("/v1/users/ann/balance").await.expect(200).json();
    let of = |name: &str| balance[name].as_i64().unwrap();
    (of("available_micro"), of("debt_micro"))
}

#[test]
fn a_bought_freeze_is_paid_once_and_covers_the_next_missed_day() {
    let server = paying_server();
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let put = goal(&json!({"freezes": 2}));
        admin.put("/v1/users/ann/goals/g", &put).await.expect(201);
        let freezes = "/v1/users/ann/streaks/g/freezes";
        ann.post(freezes, &json!({})).await.problem(409, "limit");
        days(&server, &admin, 12..=14).await;
        assert_eq!(events(&admin, "ann", "milestone.reached").await.len(), 1);
        let (before, _) = balance(&ann).await;
        let bought = ann.post_as("k", freezes, &json!({})).await.expect(200);
        assert_eq!(bought.json()["inventory"]["freezes"], 1);
        let again = ann.post_as("k", freezes, &json!({})).await.expect(200);
        assert_eq!(
            (again.header("idempotent-replay"), again.json()),
            ("true", bought.json())
        );
        assert_eq!(balance(&ann).await, (before - 200 * TOKEN, 0));
        admin.advance(utc("2016-04-15", 27, 0)).await;
        let streak = streak(&ann).await;
        let last = streak["statuses"].as_array().unwrap();
        assert_eq!(
            last[last.len() - 2],
            json!({"day": "2016-04-15", "status": "frozen"})
        );
        assert_eq!(
            (&streak["count"], &streak["inventory"]["freezes"]),
            (&json!(3), &json!(0))
        );
        let transfer = ann.all("/v1/users/ann/ledger", 50).await.pop().unwrap();
        let key = json!(["freeze", "ann", "g", "2016-04-15", 1]);
        assert_eq!(
            (&transfer["key"], &transfer["code"]),
            (&key, &json!("freeze"))
        );
        let summary = admin.get("/v1/ledger/summary").await.expect(200).json();
        assert_eq!(
            (&summary["sum_micro"], &summary["revenue_micro"]),
            (&json!(0), &json!(200 * TOKEN))
        );
    });
}

#[test]
fn a_missed_day_is_earned_back_by_rest_and_refusals_say_why() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let repair = json!({"repair": {"earn_back": true, "tokens": true}});
        admin
            .put("/v1/users/ann/goals/g", &goal(&repair))
            .await
            .expect(201);
        days(&server, &admin, 12..=13).await;
        admin.advance(utc("2016-04-15", 3, 0)).await;
        let repairs = "/v1/users/ann/streaks/g/repairs";
        let by = |day: &str, by: &str| json!({"day": day, "by": by});
        ann.post(repairs, &by("2016-04-13", "earn_back"))
            .await
            .problem(409, "phase");
        ann.post(repairs, &by("2016-04-14", "earn_back"))
            .await
            .problem(409, "phase");
        ann.post(repairs, &by("2016-04-14", "tokens"))
            .await
            .problem(409, "limit");
        let bad = ann
            .post(repairs, &json!({"day": "14 April", "by": "luck"}))
            .await;
        assert_eq!(
            bad.faults(422, "invalid"),
            faults(&[("/day", "date"), ("/by", "unsupported")])
        );
        days(&server, &admin, 15..=16).await;
        let repaired = ann
            .post(repairs, &by("2016-04-14", "earn_back"))
            .await
            .expect(200);
        assert_eq!(
            (
                &repaired.json()["count"],
                &repaired.json()["inventory"]["repairs"]
            ),
            (&json!(4), &json!(0))
        );
        let absent = "/v1/users/ann/streaks/none/repairs";
        ann.post(absent, &by("2016-04-14", "earn_back"))
            .await
            .problem(404, "not_found");
    });
}

#[test]
fn a_pause_is_planned_replaced_and_ended() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        admin
            .put("/v1/users/ann/goals/g", &goal(&json!({})))
            .await
            .expect(201);
        let path = "/v1/users/ann/pause";
        ann.get(path).await.problem(404, "not_found");
        let short = ann.put(path, &json!({"to": "2016-04-14"})).await;
        assert_eq!(short.faults(422, "invalid"), faults(&[("/to", "range")]));
        let planned = json!({"from": "2016-04-13", "to": "2016-04-16", "running": false});
        let made = ann
            .put(path, &json!({"to": "2016-04-16"}))
            .await
            .expect(201);
        assert_eq!(made.json(), planned);
        ann.put(path, &json!({"to": "2016-04-17"}))
            .await
            .problem(428, "precondition_required");
        let other = json!({"from": "2016-04-13", "to": "2016-04-20"});
        ann.replace(path, &other).await.expect(200);
        admin.advance(utc("2016-04-14", 12, 0)).await;
        assert_eq!(ann.get(path).await.expect(200).json()["running"], true);
        ann.replace(path, &json!({"to": "2016-04-30"}))
            .await
            .problem(409, "phase");
        ann.delete(path).await.expect(204);
        admin.advance(utc("2016-04-16", 3, 0)).await;
        let statuses = streak(&ann).await["statuses"].as_array().unwrap().clone();
        let told: Vec<&Value> = statuses.iter().map(|day| &day["status"]).collect();
        assert_eq!(told, ["missed", "paused", "paused", "missed", "pending"]);
        ann.delete(path).await.problem(404, "not_found");
    });
}

#[test]
fn a_verdict_takes_tokens_back_and_an_acquittal_gives_them_back() {
    let server = paying_server();
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "ann").await;
        let put = goal(&json!({"freezes": 2}));
        admin.put("/v1/users/ann/goals/g", &put).await.expect(201);
        days(&server, &admin, 12..=14).await;
        let freezes = "/v1/users/ann/streaks/g/freezes";
        ann.post(freezes, &json!({})).await.expect(200);
        let (before, _) = balance(&ann).await;
        let path = "/v1/users/ann/verdicts";
        let open = admin.post(path, &json!({"days": ["2016-04-15"]})).await;
        assert_eq!(open.faults(422, "invalid"), faults(&[("/days", "range")]));
        let given = admin
            .post(path, &json!({"days": ["2016-04-13"]}))
            .await
            .expect(201)
            .json();
        assert_eq!(
            (&given["verdict"], &given["stage"]),
            (&json!(1), &json!("open"))
        );
        assert_eq!(balance(&ann).await, (0, 300 * TOKEN - before));
        assert_eq!(streak(&ann).await["count"], 1);
        assert_eq!(ann.all(path, 50).await, [given]);
        let decide = format!("{path}/1/decision");
        let decision = |word: &str| json!({"decision": word});
        admin.post(&decide, &decision("appealed")).await.expect(200);
        admin
            .post(&decide, &decision("appealed"))
            .await
            .problem(409, "phase");
        let end = admin
            .post(&decide, &decision("acquitted"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&end["stage"], &end["final_at_ms"]),
            (&json!("acquitted"), &json!(null))
        );
        assert_eq!(
            (balance(&ann).await, &streak(&ann).await["count"]),
            ((before, 0), &json!(3))
        );
        let summary = admin.get("/v1/ledger/summary").await.expect(200).json();
        assert_eq!(summary["sum_micro"], 0);
        let none = format!("{path}/2/decision");
        admin
            .post(&none, &decision("acquitted"))
            .await
            .problem(404, "not_found");
    });
}
