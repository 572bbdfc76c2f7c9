//! Prizes and campaigns: reserved before a challenge is published, paid once, the rest given back.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, challenge, draft, enrol_new, events, phase, utc, walk};
use crate::harness::{Server, block_on};

const CAMPAIGN: &str = "0196aaaa-0000-4000-8000-000000000001";
const PEOPLE: [&str; 3] = ["ann", "bob", "cat"];
const TOKEN: i64 = 1_000_000;

fn settles_ms() -> i64 {
    utc("2016-04-15", 12, 0)
}

fn campaign_path() -> String {
    format!("/v1/campaigns/{CAMPAIGN}")
}

async fn fund(admin: &Http, tokens: i64) {
    let body = json!({"title": "Spring", "budget_micro": tokens * TOKEN});
    admin.put(&campaign_path(), &body).await.expect(201);
}

/// Reserved and spent, in tokens.
async fn drawn(admin: &Http) -> (i64, i64) {
    let body = admin.get(&campaign_path()).await.expect(200).json();
    let of = |name: &str| body[name].as_i64().unwrap() / TOKEN;
    (of("reserved_micro"), of("spent_micro"))
}

/// 1,500 tokens for the first, 40 for the second, 5 for everybody who walks; three places.
fn paying() -> Value {
    let mut body = challenge("2016-04-13", "2016-04-13");
    body["capacity"] = json!(3);
    body["campaign"] = json!(CAMPAIGN);
    body["rewards"] = json!([{"rank": 1, "tokens_micro": 1_500 * TOKEN},
        {"rank": 2, "tokens_micro": 40 * TOKEN}, {"threshold": 1, "tokens_micro": 5 * TOKEN}]);
    body
}

/// The most that it can cost.
const COST: i64 = 1_500 + 40 + 3 * 5;

/// Ann has 100 and bob 70, cat nothing.
async fn played(server: &Server, admin: &Http) -> String {
    let of = draft(admin, &paying()).await;
    admin
        .post(&format!("{of}/publish"), &json!({}))
        .await
        .expect(200);
    enrol_new(admin, &of, &PEOPLE).await;
    admin.advance(utc("2016-04-13", 12, 0)).await;
    walk(server, "ann", utc("2016-04-13", 9, 0), &[50, 50]).await;
    walk(server, "bob", utc("2016-04-13", 9, 0), &[70]).await;
    of
}

/// What prizes have brought a user, and when each may be spent.
async fn won(admin: &Http, user: &str) -> Vec<(i64, bool)> {
    let told = events(admin, user, "prize.won").await;
    let prize = |event: &Value| {
        let amount = event["amount_micro"].as_i64().unwrap() / TOKEN;
        (amount, event["held_until_ms"].is_i64())
    };
    told.iter().map(prize).collect()
}

/// Each winner was paid once, and everything sums to zero.
async fn paid_once(admin: &Http, when: &str) {
    let wanted = [
        ("ann", vec![(1_500, true), (5, false)]),
        ("bob", vec![(40, false), (5, false)]),
        ("cat", Vec::new()),
    ];
    for (user, wanted) in wanted {
        assert_eq!(won(admin, user).await, wanted, "{user}, {when}");
    }
    let summary = admin.get("/v1/ledger/summary").await.expect(200).json();
    let sums = (&summary["sum_micro"], &summary["campaigns_micro"]);
    assert_eq!(sums, (&json!(0), &json!(-1_550 * TOKEN)), "{when}");
    assert_eq!(drawn(admin).await, (0, 1_550), "{when}");
}

#[test]
fn a_challenge_reserves_what_it_can_cost_and_gives_back_what_it_does_not_pay() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        fund(&admin, 2 * COST - 1).await;
        let of = played(&server, &admin).await;
        assert_eq!(drawn(&admin).await, (COST, 0));
        let other = draft(&admin, &paying()).await;
        let refused = admin.post(&format!("{other}/publish"), &json!({})).await;
        let over = faults(&[("/rewards/2", "over_budget")]);
        assert_eq!(refused.faults(409, "budget_exhausted"), over);
        assert_eq!(phase(&admin, &other).await, "draft");
        admin.advance(settles_ms()).await;
        paid_once(&admin, "at the settlement").await;
        let balance = admin.get("/v1/users/ann/balance").await.expect(200).json();
        assert_eq!(balance["held_micro"], 1_500 * TOKEN);
        admin.advance(settles_ms() + 8 * 86_400_000).await;
        paid_once(&admin, "a week later").await;
        let balance = admin.get("/v1/users/ann/balance").await.expect(200).json();
        assert_eq!(balance.get("held_micro"), None, "all of it can be spent");
        assert!(balance["available_micro"].as_i64().unwrap() >= 1_505 * TOKEN);
        let ledger = admin.all("/v1/users/ann/ledger", 10).await;
        let prize = ledger.iter().find(|row| row["code"] == "prize").unwrap();
        let id = of.rsplit('/').next().unwrap();
        assert_eq!(prize["challenge"], id);
        assert_eq!(prize["key"], json!(["prize", "ann", id, 0]));
    });
}

#[test]
fn a_cancelled_challenge_and_a_deleted_draft_reserve_nothing() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        fund(&admin, COST).await;
        let of = played(&server, &admin).await;
        let mut less = admin.get(&campaign_path()).await.expect(200).json();
        less["budget_micro"] = json!(COST * TOKEN - 1);
        let refused = admin.replace(&campaign_path(), &less).await;
        refused.problem(409, "limit");
        let reason = json!({"reason": "the weather"});
        admin
            .post(&format!("{of}/cancel"), &reason)
            .await
            .expect(200);
        admin.advance(utc("2016-04-13", 13, 0)).await;
        assert_eq!(drawn(&admin).await, (0, 0));
        admin.advance(settles_ms()).await;
        assert_eq!(won(&admin, "ann").await, []);
    });
}

#[test]
fn a_challenge_that_becomes_dearer_reserves_more_first() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        fund(&admin, COST + 5).await;
        let of = played(&server, &admin).await;
        let mut body = admin.get(&of).await.expect(200).json();
        body["capacity"] = json!(5);
        let refused = admin.replace(&of, &body).await;
        let over = faults(&[("/rewards/2", "over_budget")]);
        assert_eq!(refused.faults(409, "budget_exhausted"), over);
        body["capacity"] = json!(4);
        admin.replace(&of, &body).await.expect(200);
        assert_eq!(drawn(&admin).await, (COST + 5, 0));
    });
}

#[test]
fn a_campaign_is_no_challenge_and_a_challenge_no_campaign() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        fund(&admin, 1).await;
        admin
            .get(&format!("/v1/challenges/{CAMPAIGN}"))
            .await
            .problem(404, "not_found");
        assert!(admin.all("/v1/challenges", 10).await.is_empty());
        let of = draft(&admin, &challenge("2016-04-13", "2016-04-13")).await;
        let as_campaign = of.replace("challenges", "campaigns");
        admin.get(&as_campaign).await.problem(404, "not_found");
        let body = json!({"title": "Spring", "budget_micro": 1});
        admin.put(&as_campaign, &body).await.problem(409, "phase");
        let listed = admin.all("/v1/campaigns", 10).await;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0]["id"], CAMPAIGN);
        let ann = Http::user(&server, "ann");
        ann.get("/v1/campaigns").await.problem(403, "forbidden");
    });
}

/// T5.2: the process dies at every flush around the settlement in turn, and is down across the boundary.
#[test]
fn t5_2_a_crash_at_any_flush_around_the_settlement_pays_once() {
    for flushes in 0..10_u32 {
        let mut server = Server::virtual_at(CLOCK);
        block_on(async {
            let admin = Http::admin(&server);
            fund(&admin, COST).await;
            played(&server, &admin).await
        });
        server.kill();
        let crash = (flushes > 0).then(|| flushes.to_string());
        let args = crash.iter().flat_map(|n| ["--crash-after-flush", n]);
        server.restart_with(&args.collect::<Vec<_>>());
        block_on(async {
            let body = json!({"to_ms": settles_ms()});
            let admin = Http::admin(&server);
            // It answers or dies before; which of them is not the test's to say.
            let _died = tokio::spawn(async move { admin.post("/v1/clock", &body).await }).await;
        });
        server.kill_and_restart();
        block_on(async {
            let admin = Http::admin(&server);
            admin.advance(settles_ms()).await;
            // What the campaign is told follows the settlement; the clock waits for it.
            admin.advance(settles_ms() + 1).await;
            paid_once(&admin, &format!("{flushes} flushes")).await;
        });
    }
}
