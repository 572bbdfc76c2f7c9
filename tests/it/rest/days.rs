//! Days, streaks and balances of one user.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, goal, make_user, utc, walk};
use crate::harness::{Server, block_on};

/// 8,400 steps within 35 minutes, at the most that a minute may have.
const WALK: [i64; 35] = [240; 35];
/// What the formula gives for them (domain.md 8.2), 10^-6 token.
const TOKENS: i64 = 6_700_000;

#[test]
fn a_day_without_data_has_zeros() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let berlin = json!({"zone": "Europe/Berlin"});
        admin.put("/v1/users/ann", &berlin).await.expect(201);
        let read = admin.get("/v1/users/ann/days/2016-04-13").await.expect(200);
        let mut day = read.json();
        let hash = day["state_hash"].take();
        assert_eq!(hash.as_str().map(str::len), Some(64));
        let wanted = json!({"day": "2016-04-13", "start_ms": utc("2016-04-12", 22, 0),
            "end_ms": utc("2016-04-13", 22, 0), "zone": "Europe/Berlin", "phase": "open",
            "display": 0, "eligible": 0, "scored": 0, "metrics": {}, "sleep": null,
            "workouts": [], "records": 0, "goals": [],
            "tokens": {"pending_micro": 0, "posted_micro": 0}, "state_hash": null});
        assert_eq!(day, wanted);
        assert!(!read.header("etag").is_empty());
        for bad in ["2016-02-30", "yesterday"] {
            let path = format!("/v1/users/ann/days/{bad}");
            let answer = admin.get(&path).await;
            assert!((400..500).contains(&answer.status), "{}", answer.text);
        }
    });
}

#[test]
fn days_come_in_order_and_at_most_400_at_a_time() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        walk(&server, "ann", utc("2016-04-11", 23, 0), &[7]).await;
        let days = "/v1/users/ann/days";
        let most = format!("{days}?from=2015-03-10&to=2016-04-12");
        let all = admin.all(&most, 150).await;
        assert_eq!(all.len(), 400);
        assert_eq!(
            (&all[0]["day"], &all[399]["day"]),
            (&json!("2015-03-10"), &json!("2016-04-12"))
        );
        let with_data: Vec<&Value> = all.iter().filter(|day| day["records"] != 0).collect();
        assert_eq!(with_data.len(), 1);
        assert_eq!(
            (&with_data[0]["day"], &with_data[0]["eligible"]),
            (&json!("2016-04-11"), &json!(7))
        );
        for pair in all.windows(2) {
            assert_eq!(pair[0]["end_ms"], pair[1]["start_ms"]);
        }
        let more = admin
            .get(&format!("{days}?from=2015-03-09&to=2016-04-12"))
            .await;
        assert_eq!(
            more.faults(422, "invalid"),
            faults(&[("/query/to", "range")])
        );
        let turned = admin
            .get(&format!("{days}?from=2016-04-13&to=2016-04-12"))
            .await;
        assert_eq!(
            turned.faults(422, "invalid"),
            faults(&[("/query/to", "before_start")])
        );
        let bad = admin
            .get(&format!("{days}?from=x&limit=0&colour=red"))
            .await;
        let wanted = [
            ("/query/colour", "unknown_field"),
            ("/query/from", "date"),
            ("/query/limit", "range"),
            ("/query/to", "bad_frame"),
        ];
        assert_eq!(bad.faults(422, "invalid"), faults(&wanted));
    });
}

/// Ann walks on the 12th and the 14th and misses the 13th.
async fn two_met_days(server: &Server, admin: &Http) {
    make_user(admin, "ann").await;
    let path = "/v1/users/ann/goals/steps";
    admin
        .put(path, &goal(7_500, Some("2016-04-12")))
        .await
        .expect(201);
    for date in ["2016-04-12", "2016-04-14"] {
        admin.advance(utc(date, 10, 0)).await;
        walk(server, "ann", utc(date, 9, 0), &WALK).await;
    }
}

async fn streak(admin: &Http, query: &str) -> Value {
    let list = admin.get(&format!("/v1/users/ann/streaks{query}")).await;
    let mut list = list.expect(200).json();
    list["items"][0].take()
}

#[test]
fn a_streak_is_told_for_today_and_for_any_earlier_day() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        two_met_days(&server, &admin).await;
        let now = streak(&admin, "").await;
        let longest = json!({"count": 1, "from": "2016-04-12", "to": "2016-04-12"});
        assert_eq!(
            (&now["count"], &now["with_today"]),
            (&json!(0), &json!(1)),
            "{now}"
        );
        // The 13th is missed but not hard closed: nobody is told that the streak is lost.
        assert_eq!(now["provisional"], true);
        let today = streak(&admin, "?as_of=2016-04-14").await;
        assert_eq!(
            (&today["count"], &today["start"]),
            (&json!(1), &json!("2016-04-14"))
        );
        let first = streak(&admin, "?as_of=2016-04-12").await;
        assert_eq!((&first["count"], &first["longest"]), (&json!(1), &longest));
        assert_eq!(streak(&admin, "?as_of=2016-04-13").await["count"], 0);
        let before = streak(&admin, "?as_of=2016-04-11").await;
        let none = json!({"count": 0, "from": null, "to": null});
        assert_eq!(
            (&before["count"], &before["start"], &before["longest"]),
            (&json!(0), &Value::Null, &none)
        );
        let statuses = today["statuses"].as_array().unwrap();
        let last: Vec<_> = statuses
            .iter()
            .rev()
            .take(3)
            .map(|told| told["status"].as_str())
            .collect();
        assert_eq!(last, [Some("met"), Some("missed"), Some("met")], "{today}");
        let future = admin.get("/v1/users/ann/streaks?as_of=2016-04-15").await;
        assert_eq!(
            future.problem(422, "invalid")["errors"][0]["pointer"],
            "/query/as_of"
        );
    });
}

async fn amounts(admin: &Http, date: &str) -> [i64; 5] {
    let day = admin
        .get(&format!("/v1/users/ann/days/{date}"))
        .await
        .expect(200)
        .json();
    let balance = admin.get("/v1/users/ann/balance").await.expect(200).json();
    let numbers = [
        &day["tokens"]["pending_micro"],
        &day["tokens"]["posted_micro"],
        &balance["pending_micro"],
        &balance["available_micro"],
        &balance["debt_micro"],
    ];
    numbers.map(|number| number.as_i64().unwrap())
}

#[test]
fn tokens_are_pending_until_the_soft_close_and_then_booked() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        admin.advance(utc("2016-04-12", 10, 0)).await;
        walk(&server, "ann", utc("2016-04-12", 9, 0), &WALK).await;
        let date = "2016-04-12";
        assert_eq!(amounts(&admin, date).await, [TOKENS, 0, TOKENS, 0, 0]);
        admin.advance(utc("2016-04-13", 3, 0) - 1).await;
        assert_eq!(amounts(&admin, date).await, [TOKENS, 0, TOKENS, 0, 0]);
        admin.advance(utc("2016-04-13", 3, 0)).await;
        assert_eq!(amounts(&admin, date).await, [0, TOKENS, 0, TOKENS, 0]);
        let booked = admin.all("/v1/users/ann/ledger", 10).await;
        assert_eq!(booked.len(), 1);
        assert_eq!(
            booked[0]["key"],
            json!(["steps", "ann", "2016-04-12", TOKENS])
        );
    });
}

/// T2.5: what comes after the hard close is shown and kept, and pays nothing.
#[test]
fn data_after_the_hard_close_changes_no_balance() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        admin.advance(utc("2016-04-12", 10, 0)).await;
        walk(&server, "ann", utc("2016-04-12", 9, 0), &WALK).await;
        // A minute before the hard close more steps still pay, a minute after it they do not.
        admin.advance(utc("2016-04-15", 23, 59)).await;
        walk(&server, "ann", utc("2016-04-12", 12, 0), &[200; 5]).await;
        admin.advance(utc("2016-04-16", 0, 0)).await;
        let paid = amounts(&admin, "2016-04-12").await;
        assert_eq!(paid, [0, 7_200_000, 0, 7_200_000, 0]);
        let before = admin.all("/v1/users/ann/ledger", 10).await;
        walk(&server, "ann", utc("2016-04-12", 14, 0), &[240; 30]).await;
        for hours in [1, 5, 200] {
            admin.advance(utc("2016-04-16", hours, 0)).await;
            assert_eq!(amounts(&admin, "2016-04-12").await, paid, "{hours} h later");
        }
        assert_eq!(admin.all("/v1/users/ann/ledger", 10).await, before);
        let day = admin
            .get("/v1/users/ann/days/2016-04-12")
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&day["eligible"], &day["scored"]),
            (&json!(16_600), &json!(9_400))
        );
    });
}
