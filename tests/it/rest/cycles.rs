//! Challenges that begin anew: each window a challenge of its own, whatever is down when its time comes.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{
    CLOCK, challenge, draft, enrol_new, events, make_user, phase, published, utc, walk,
};
use crate::harness::{Server, block_on};

const CAMPAIGN: &str = "0196aaaa-0000-4000-8000-000000000002";
const TOKEN: i64 = 1_000_000;

/// A day in UTC from the 13th on, three times, with the same members.
fn daily() -> Value {
    let mut body = challenge("2016-04-13", "2016-04-13");
    body["window"]["clock"] = json!("utc");
    body["recurs"] = json!({"every": "day", "count": 3, "carry_members": true});
    body
}

async fn cycles(admin: &Http, series: &str) -> Vec<Value> {
    admin.all(&format!("{series}/cycles"), 2).await
}

/// Path of a cycle.
async fn cycle(admin: &Http, series: &str, number: usize) -> String {
    let listed = cycles(admin, series).await;
    let id = listed[number - 1]["id"].as_str().unwrap();
    format!("/v1/challenges/{id}")
}

async fn members(admin: &Http, of: &str) -> Vec<String> {
    let listed = admin.all(&format!("{of}/enrolments"), 10).await;
    let user = |row: &Value| row["user"].as_str().unwrap().to_owned();
    listed.iter().map(user).collect()
}

async fn board(admin: &Http, of: &str) -> Value {
    let path = format!("{of}/leaderboard");
    admin.get(&path).await.expect(200).json()
}

/// Ann and bob are in the first cycle.
async fn begun(admin: &Http) -> String {
    let series = published(admin, &daily()).await;
    // What follows the publishing has happened once the clock has moved.
    admin.advance(utc("2016-04-12", 1, 0)).await;
    let first = cycle(admin, &series, 1).await;
    enrol_new(admin, &first, &["ann", "bob"]).await;
    series
}

#[test]
fn a_daily_challenge_goes_on_with_its_members_across_a_restart() {
    let mut server = Server::virtual_at(CLOCK);
    let series = block_on(async {
        let admin = Http::admin(&server);
        let series = begun(&admin).await;
        assert_eq!(phase(&admin, &series).await, "open");
        admin.advance(utc("2016-04-12", 23, 59)).await;
        assert_eq!(cycles(&admin, &series).await.len(), 1);
        admin.advance(utc("2016-04-13", 0, 0)).await;
        let second = cycle(&admin, &series, 2).await;
        assert_eq!(members(&admin, &second).await, ["ann", "bob"]);
        admin.advance(utc("2016-04-13", 12, 0)).await;
        walk(&server, "ann", utc("2016-04-13", 9, 0), &[50, 50]).await;
        let first = cycle(&admin, &series, 1).await;
        make_user(&admin, "cat").await;
        admin
            .enrol(&format!("{first}/enrolments/cat"))
            .await
            .expect(201);
        let bob = format!("{first}/enrolments/bob");
        admin.delete(&bob).await.expect(204);
        admin.advance(utc("2016-04-13", 12, 1)).await;
        assert_eq!(members(&admin, &second).await, ["ann", "cat"]);
        let shown = board(&admin, &first).await;
        assert_eq!(shown["items"][0]["score"], 100);
        assert_eq!(shown["next_reset_ms"], utc("2016-04-14", 0, 0));
        series
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        // Two ends and a beginning have passed meanwhile.
        admin.advance(utc("2016-04-15", 12, 0)).await;
        let third = cycle(&admin, &series, 3).await;
        assert_eq!(members(&admin, &third).await, ["ann", "cat"]);
        walk(&server, "ann", utc("2016-04-15", 9, 0), &[70]).await;
        let shown = board(&admin, &third).await;
        assert_eq!(
            (&shown["items"][0]["score"], &shown["next_reset_ms"]),
            (&json!(70), &Value::Null)
        );
        admin.advance(utc("2016-04-17", 0, 0)).await;
        assert_eq!(phase(&admin, &series).await, "settled");
        let listed = cycles(&admin, &series).await;
        let seen: Vec<_> = listed
            .iter()
            .map(|of| (&of["number"], &of["starts"], &of["phase"]))
            .collect();
        let settled = json!("settled");
        let wanted = [
            (&json!(1), &json!("2016-04-13"), &settled),
            (&json!(2), &json!("2016-04-14"), &settled),
            (&json!(3), &json!("2016-04-15"), &settled),
        ];
        assert_eq!(seen, wanted);
        let told = events(&admin, "ann", "challenge.settled").await;
        let scores = told.iter().map(|event| event["score"].as_i64().unwrap());
        let mut scores: Vec<_> = scores.collect();
        // Two of them settled in the same step of the clock, in no order.
        scores.sort_unstable();
        assert_eq!(scores, [0, 70, 100]);
        let of = admin.get(&third).await.expect(200).json();
        let id = series.rsplit('/').next().unwrap();
        assert_eq!(of["cycle"], json!({"series": id, "number": 3}));
        assert_eq!(of.get("recurs"), None);
    });
}

/// Ten weekdays, of which the server is down over a night, a weekend and an end; every one is made once and kept in the history.
#[test]
fn every_weekday_of_two_weeks_is_made_once_and_kept_across_crashes() {
    const DAYS: [u32; 10] = [13, 14, 15, 18, 19, 20, 21, 22, 25, 26];
    let date = |day: u32| format!("2016-04-{day}");
    let recurs = json!({"cron": "0 0 * * MON-FRI", "until": date(26), "fills": false, "carry_members": true});
    let mut body = daily();
    body["recurs"] = recurs.clone();
    let mut server = Server::virtual_at(CLOCK);
    let series = block_on(async {
        let admin = Http::admin(&server);
        let series = published(&admin, &body).await;
        admin.advance(utc("2016-04-12", 1, 0)).await;
        let first = cycle(&admin, &series, 1).await;
        enrol_new(&admin, &first, &["ann"]).await;
        series
    });
    for day in 13..=28 {
        if [15, 18, 22, 27].contains(&day) {
            server.kill_and_restart();
        }
        block_on(async {
            let admin = Http::admin(&server);
            admin.advance(utc(&date(day), 12, 0)).await;
            walk(&server, "ann", utc(&date(day), 9, 0), &[i64::from(day)]).await;
        });
    }
    block_on(async {
        let admin = Http::admin(&server);
        admin.advance(utc("2016-04-29", 0, 0)).await;
        let listed = cycles(&admin, &series).await;
        let seen: Vec<_> = listed
            .iter()
            .map(|of| json!([of["number"], of["starts"], of["ends"], of["phase"]]))
            .collect();
        let wanted: Vec<_> = (1..)
            .zip(DAYS)
            .map(|(number, day)| json!([number, date(day), date(day), "settled"]))
            .collect();
        assert_eq!(seen, wanted);
        let told = events(&admin, "ann", "challenge.settled").await;
        let mut scores: Vec<_> = told.iter().map(|event| event["score"].as_i64()).collect();
        scores.sort_unstable();
        assert_eq!(scores, DAYS.map(|day| Some(i64::from(day))));
        let shown = admin.get(&series).await.expect(200).json();
        assert_eq!(
            (&shown["recurs"], &shown["phase"]),
            (&recurs, &json!("settled"))
        );
    });
}

#[test]
fn an_expression_that_gives_no_windows_of_whole_dates_is_refused() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let refused = async |recurs: Value| {
            let mut bad = daily();
            bad["recurs"] = recurs;
            admin.post("/v1/challenges", &bad).await
        };
        let table = [
            (json!({"cron": "30 6 * * *"}), ("/recurs/cron", "cron")),
            (json!({"cron": "0 0 31 2 *"}), ("/recurs/cron", "cron")),
            (
                json!({"cron": "@daily", "every": "day"}),
                ("/recurs/every", "one_of"),
            ),
            (json!({"count": 3}), ("/recurs/every", "one_of")),
            (
                json!({"cron": "@weekly"}),
                ("/window/starts", "off_schedule"),
            ),
            (
                json!({"cron": "@daily", "fills": true, "until": "2016-04-12"}),
                ("/recurs/until", "before_start"),
            ),
            (
                json!({"cron": "0 0 13,20 * *", "fills": true}),
                ("/window/ends", "fills"),
            ),
            (
                json!({"every": "day", "fills": true}),
                ("/recurs/fills", "unsupported"),
            ),
        ];
        for (recurs, wanted) in table {
            let said = recurs.to_string();
            let found = refused(recurs).await.faults(422, "invalid");
            assert_eq!(found, faults(&[wanted]), "{said}");
        }
        let told = refused(json!({"cron": "0 6 * * *"})).await.json();
        let detail = told["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with("minute and hour are 0 0"), "{told}");
    });
}

/// The process dies at every flush around the making of a cycle in turn, and its members are carried once.
#[test]
fn a_crash_at_any_flush_makes_each_cycle_once() {
    for flushes in 0..9_u32 {
        let mut server = Server::virtual_at(CLOCK);
        let series = block_on(async { begun(&Http::admin(&server)).await });
        server.kill();
        let crash = (flushes > 0).then(|| flushes.to_string());
        let args = crash.iter().flat_map(|n| ["--crash-after-flush", n]);
        server.restart_with(&args.collect::<Vec<_>>());
        block_on(async {
            let body = json!({"to_ms": utc("2016-04-13", 0, 0)});
            let admin = Http::admin(&server);
            // It answers or dies before; which of them is not the test's to say.
            let _died = tokio::spawn(async move { admin.post("/v1/clock", &body).await }).await;
        });
        server.kill_and_restart();
        block_on(async {
            let admin = Http::admin(&server);
            admin.advance(utc("2016-04-13", 0, 0)).await;
            admin.advance(utc("2016-04-13", 0, 1)).await;
            let listed = cycles(&admin, &series).await;
            assert_eq!(listed.len(), 2, "{flushes} flushes");
            let second = cycle(&admin, &series, 2).await;
            assert_eq!(
                members(&admin, &second).await,
                ["ann", "bob"],
                "{flushes} flushes"
            );
            let joined = events(&admin, "ann", "challenge.joined").await;
            assert_eq!(joined.len(), 2, "{flushes} flushes");
        });
    }
}

#[test]
fn a_cycle_that_the_campaign_cannot_pay_is_missed_and_the_next_one_is_not() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let campaign = format!("/v1/campaigns/{CAMPAIGN}");
        let budget = |tokens: i64| json!({"title": "Spring", "budget_micro": tokens * TOKEN});
        admin.put(&campaign, &budget(10)).await.expect(201);
        let mut body = daily();
        body["campaign"] = json!(CAMPAIGN);
        body["rewards"] = json!([{"rank": 1, "tokens_micro": 10 * TOKEN}]);
        let series = published(&admin, &body).await;
        admin.advance(utc("2016-04-12", 1, 0)).await;
        let first = cycle(&admin, &series, 1).await;
        enrol_new(&admin, &first, &["ann"]).await;
        admin.advance(utc("2016-04-13", 0, 0)).await;
        let listed = cycles(&admin, &series).await;
        assert_eq!(listed[1]["missed"], "the campaign has 0 micro-tokens left");
        assert_eq!(
            (&listed[1]["id"], &listed[1]["phase"]),
            (&Value::Null, &Value::Null)
        );
        let mut funds = admin.get(&campaign).await.expect(200).json();
        funds["budget_micro"] = json!(20 * TOKEN);
        admin.replace(&campaign, &funds).await.expect(200);
        admin.advance(utc("2016-04-14", 0, 0)).await;
        let third = cycle(&admin, &series, 3).await;
        assert_eq!(members(&admin, &third).await, ["ann"], "from the first");
        let funds = admin.get(&campaign).await.expect(200).json();
        assert_eq!(funds["reserved_micro"], 20 * TOKEN);
    });
}

#[test]
fn a_series_that_is_cancelled_has_no_further_cycle() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let series = begun(&admin).await;
        let first = cycle(&admin, &series, 1).await;
        let shown = board(&admin, &first).await;
        assert_eq!(shown["next_reset_ms"], utc("2016-04-14", 0, 0));
        let reason = json!({"reason": "the weather"});
        admin
            .post(&format!("{series}/cancel"), &reason)
            .await
            .expect(200);
        admin.advance(utc("2016-04-13", 12, 0)).await;
        assert_eq!(cycles(&admin, &series).await.len(), 1);
        assert_eq!(board(&admin, &first).await["next_reset_ms"], Value::Null);
        admin.advance(utc("2016-04-16", 0, 0)).await;
        assert_eq!(
            phase(&admin, &first).await,
            "settled",
            "what was made goes on"
        );
        assert_eq!(phase(&admin, &series).await, "cancelled");
    });
}

#[test]
fn a_series_is_no_challenge_that_one_takes_part_in() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut bad = daily();
        bad["window"]["ends"] = json!("2016-04-14");
        bad["recurs"] = json!({"every": "day", "count": 0, "until": "2016-04-01", "times": 3});
        bad["join"] = json!({"opens_ms": 0});
        let refused = admin.post("/v1/challenges", &bad).await;
        let wanted = [
            ("/recurs/count", "range"),
            ("/recurs/times", "unknown_field"),
            ("/window/ends", "overlaps"),
            ("/recurs/until", "before_start"),
            ("/join/opens_ms", "conflict"),
        ];
        assert_eq!(refused.faults(422, "invalid"), faults(&wanted));
        let series = draft(&admin, &daily()).await;
        assert!(cycles(&admin, &series).await.is_empty());
        let body = admin.get(&series).await.expect(200).json();
        admin.replace(&series, &body).await.expect(200);
        admin
            .post(&format!("{series}/publish"), &json!({}))
            .await
            .expect(200);
        make_user(&admin, "ann").await;
        let refused = admin.enrol(&format!("{series}/enrolments/ann")).await;
        refused.problem(409, "phase");
        let mut body = admin.get(&series).await.expect(200).json();
        body["recurs"]["count"] = json!(4);
        let refused = admin.replace(&series, &body).await;
        assert_eq!(
            refused.faults(409, "phase"),
            faults(&[("/recurs", "fixed")])
        );
    });
}
