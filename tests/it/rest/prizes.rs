//! Prizes and campaigns: reserved before a challenge is published, paid once, the rest given back.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{
    CLOCK, challenge, crash_at, draft, enrol_new, events, make_user, phase, utc, walk,
};
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

/// How final the ranks of a board are, and those of each of its rows alike.
async fn ranks(admin: &Http, of: &str) -> String {
    let board = admin.get(&format!("{of}/leaderboard")).await.expect(200);
    let row = admin
        .get(&format!("{of}/leaderboard/ann"))
        .await
        .expect(200);
    let (board, row) = (board.json(), row.json());
    assert_eq!(board["ranks"], row["ranks"]);
    board["ranks"].as_str().unwrap().to_owned()
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
        assert_eq!(ranks(&admin, &of).await, "provisional");
        let other = draft(&admin, &paying()).await;
        let refused = admin.post(&format!("{other}/publish"), &json!({})).await;
        let over = faults(&[("/rewards/2", "over_budget")]);
        assert_eq!(refused.faults(409, "budget_exhausted"), over);
        assert_eq!(phase(&admin, &other).await, "draft");
        admin.advance(settles_ms()).await;
        paid_once(&admin, "at the settlement").await;
        assert_eq!(ranks(&admin, &of).await, "under_review");
        let balance = admin.get("/v1/users/ann/balance").await.expect(200).json();
        assert_eq!(balance["held_micro"], 1_500 * TOKEN);
        admin.advance(settles_ms() + 8 * 86_400_000).await;
        paid_once(&admin, "a week later").await;
        assert_eq!(ranks(&admin, &of).await, "settled");
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
        let settle = json!({"to_ms": settles_ms()});
        crash_at(&mut server, flushes, ("/v1/clock", settle));
        block_on(async {
            let admin = Http::admin(&server);
            admin.advance(settles_ms()).await;
            // What the campaign is told follows the settlement; the clock waits for it.
            admin.advance(settles_ms() + 1).await;
            paid_once(&admin, &format!("{flushes} flushes")).await;
        });
    }
}

/// What was won is back, the campaign has it again, and every account sums to zero.
async fn paid_back(admin: &Http, of: &str, when: &str) {
    assert_eq!(phase(admin, of).await, "voided", "{when}");
    assert_eq!(drawn(admin).await, (0, 0), "{when}");
    let summary = admin.get("/v1/ledger/summary").await.expect(200).json();
    let sums = ["sum_micro", "campaigns_micro", "held_micro", "debt_micro"];
    for name in sums {
        assert_eq!(summary[name], 0, "{name}, {when}");
    }
    for user in PEOPLE {
        let told = events(admin, user, "challenge.voided").await;
        assert_eq!(told.len(), 1, "{user}, {when}");
        assert_eq!(told[0]["reason"], "a wrong zone");
        let ledger = admin.all(&format!("/v1/users/{user}/ledger"), 10).await;
        let back = ledger.iter().filter(|row| row["code"] == "prize_void");
        let back: Vec<_> = back
            .map(|row| row["amount_micro"].as_i64().unwrap())
            .collect();
        let wanted: &[i64] = match user {
            "ann" => &[1_505 * TOKEN],
            "bob" => &[45 * TOKEN],
            _ => &[],
        };
        assert_eq!(back, wanted, "{user}, {when}");
    }
}

#[test]
fn an_annulled_settlement_pays_back_and_its_board_stays() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        fund(&admin, COST).await;
        let of = played(&server, &admin).await;
        let reason = json!({"reason": "a wrong zone"});
        let void = format!("{of}/void");
        admin.post(&void, &reason).await.problem(409, "phase");
        admin.advance(settles_ms()).await;
        paid_once(&admin, "before it is annulled").await;
        let items = |board: Value| board["items"].clone();
        let board = admin.get(&format!("{of}/leaderboard")).await.expect(200);
        let rows = items(board.json());
        let voided = admin.post(&void, &reason).await.expect(200).json();
        assert_eq!(voided["phase"], "voided");
        admin.advance(settles_ms() + 1).await;
        paid_back(&admin, &of, "once").await;
        assert_eq!(ranks(&admin, &of).await, "void");
        let repeated = admin.post(&void, &reason).await.expect(200).json();
        assert_eq!(repeated["version"], voided["version"]);
        admin.advance(settles_ms() + 8 * 86_400_000).await;
        paid_back(&admin, &of, "a week later").await;
        let board = admin.get(&format!("{of}/leaderboard")).await.expect(200);
        assert_eq!(items(board.json()), rows);
        let cancel = admin.post(&format!("{of}/cancel"), &reason).await;
        cancel.problem(409, "phase");
        let ann = format!("{of}/enrolments/ann");
        admin
            .ask("DELETE", &ann, &[], None)
            .await
            .problem(409, "closed");
    });
}

/// T5.2: what was paid goes back once, whichever flush around the annulment is the last one.
#[test]
fn t5_2_a_crash_at_any_flush_around_an_annulment_pays_back_once() {
    for flushes in 0..7_u32 {
        let mut server = Server::virtual_at(CLOCK);
        let of = block_on(async {
            let admin = Http::admin(&server);
            fund(&admin, COST).await;
            let of = played(&server, &admin).await;
            admin.advance(settles_ms()).await;
            admin.advance(settles_ms() + 1).await;
            of
        });
        let (void, reason) = (format!("{of}/void"), json!({"reason": "a wrong zone"}));
        crash_at(&mut server, flushes, (&void, reason.clone()));
        block_on(async {
            let admin = Http::admin(&server);
            admin.post(&void, &reason).await.expect(200);
            admin.advance(settles_ms() + 2).await;
            admin.advance(settles_ms() + 3).await;
            paid_back(&admin, &of, &format!("{flushes} flushes")).await;
        });
    }
}

#[test]
fn an_admin_adjusts_a_balance_with_a_reason_and_nobody_falls_below_zero() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let path = "/v1/users/ann/adjustments";
        let give = json!({"amount_micro": 5 * TOKEN, "reason": "sorry for the outage"});
        let made = admin.post(path, &give).await.expect(201).json();
        let (credit, code) = (&made["credit"], &made["code"]);
        assert_eq!(
            (credit, code),
            (&json!("user:ann:available"), &json!("adjustment"))
        );
        let take = |tokens: i64| json!({"amount_micro": -tokens * TOKEN, "reason": "twice"});
        admin.post(path, &take(6)).await.problem(409, "limit");
        admin.post(path, &take(2)).await.expect(201);
        let ledger = admin.all("/v1/users/ann/ledger", 10).await;
        assert_eq!(ledger[0], made, "the answer is what the ledger says");
        let balance = admin.get("/v1/users/ann/balance").await.expect(200).json();
        assert_eq!(balance["available_micro"], 3 * TOKEN);
        let id = made["id"].as_str().unwrap();
        let why = admin
            .get(&format!("/v1/users/ann/explain/token?transfer={id}"))
            .await
            .expect(200)
            .json();
        let trail = why["trail"]["items"].as_array().unwrap();
        let change = trail
            .iter()
            .find(|item| item["change"]["kind"] == "balance.adjusted");
        let change = &change.unwrap()["change"];
        assert_eq!(change["reason"], "sorry for the outage");
        let bad = json!({"amount_micro": 0, "reason": "", "more": 1});
        let refused = admin.post(path, &bad).await;
        let wanted = faults(&[
            ("/amount_micro", "range"),
            ("/reason", "range"),
            ("/more", "unknown_field"),
        ]);
        assert_eq!(refused.faults(422, "invalid"), wanted);
        let nobody = "/v1/users/nobody/adjustments";
        admin.post(nobody, &give).await.problem(404, "not_found");
        let summary = admin.get("/v1/ledger/summary").await.expect(200).json();
        assert_eq!(summary["sum_micro"], 0);
    });
}
