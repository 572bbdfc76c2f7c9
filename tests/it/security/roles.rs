//! Every route and every role: who gets what, and who is told which code. Frames are in `frames`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use streakline::clock;
use streakline::keys::{Claims, Role};
use streakline_core::civil::Day;

use crate::harness::{Server, block_on};
use crate::rest::http::{Answer, Http};
use crate::rest::people::{
    CLOCK, IMPORTED, challenge, device_key, device_of, draft, enrol_new, goal, imported, make_user,
    published, utc,
};

/// What a role is told: a status, and the code if it is a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Ok(u16),
    Forbidden,
    NotFound,
    Conflict,
    Invalid,
}
use Told::{Conflict, Forbidden, Invalid, NotFound, Ok as Yes};

/// Routes that are not in the document: pages, and the stream, whose roles are in `frames`.
const UNDOCUMENTED: [&str; 3] = ["get /docs", "get /docs/", "get /v1/stream"];

/// Who may: ann herself (also by a token of one device), bob who takes no part, cat who takes part, and both kinds of admin.
struct Row {
    method: &'static str,
    route: &'static str,
    query: &'static str,
    told: [Told; 4],
}

const fn row(method: &'static str, route: &'static str, told: [Told; 4]) -> Row {
    Row {
        method,
        route,
        query: "",
        told,
    }
}

const fn everybody(method: &'static str, route: &'static str) -> Row {
    row(method, route, [Yes(200); 4])
}

/// A, U.
const fn own(method: &'static str, route: &'static str, status: u16) -> Row {
    let told = [Yes(status), Forbidden, Forbidden, Yes(status)];
    row(method, route, told)
}

/// The same, of a read with a query.
const fn asked(route: &'static str, query: &'static str) -> Row {
    Row {
        query,
        ..own("get", route, 200)
    }
}

/// A.
const fn admins(method: &'static str, route: &'static str, status: u16) -> Row {
    let told = [Forbidden, Forbidden, Forbidden, Yes(status)];
    row(method, route, told)
}

const ROWS: &[Row] = &[
    everybody("get", "/healthz"),
    everybody("get", "/readyz"),
    everybody("get", "/metrics"),
    everybody("get", "/v1/openapi.json"),
    everybody("get", "/docs"),
    everybody("get", "/docs/"),
    everybody("get", "/v1/me"),
    own("get", "/v1/users/{user}", 200),
    own("put", "/v1/users/{user}", 200),
    own("get", "/v1/users/{user}/goals", 200),
    own("get", "/v1/users/{user}/goals/{goal}", 200),
    own("put", "/v1/users/{user}/goals/{goal}", 200),
    own("delete", "/v1/users/{user}/goals/{goal}", 204),
    own("get", "/v1/users/{user}/rest-days", 200),
    own("put", "/v1/users/{user}/rest-days/{date}", 201),
    own("delete", "/v1/users/{user}/rest-days/{date}", 204),
    own("get", "/v1/users/{user}/devices", 200),
    own("get", KEY_OF_DEVICE, 200),
    admins("put", KEY_OF_DEVICE, 200),
    admins("delete", KEY_OF_DEVICE, 204),
    admins("post", "/v1/users/{user}/import", 200),
    own("get", "/v1/users/{user}/export", 200),
    Row {
        query: "?from=2016-04-12&to=2016-04-13",
        ..own("get", "/v1/users/{user}/days", 200)
    },
    own("get", "/v1/users/{user}/days/{date}", 200),
    own("get", "/v1/users/{user}/days/{date}/minutes", 200),
    own("get", "/v1/users/{user}/days/{date}/hours", 200),
    own("get", "/v1/users/{user}/days/{date}/records", 200),
    // The first goal that a row above has made.
    asked("/v1/users/{user}/explain/day", "?day=2016-04-12"),
    asked("/v1/users/{user}/explain/goal", "?goal=g0"),
    asked("/v1/users/{user}/explain/streak", "?goal=g0"),
    asked("/v1/users/{user}/explain/score", "?challenge={id}"),
    asked("/v1/users/{user}/explain/token", "?day=2016-04-12"),
    own("get", "/v1/users/{user}/streaks", 200),
    // Ann has no tokens, nothing missed, no pause and no verdict; whether she may is told first.
    row(
        "post",
        "/v1/users/{user}/streaks/{goal}/freezes",
        [Conflict, Forbidden, Forbidden, Conflict],
    ),
    row(
        "post",
        "/v1/users/{user}/streaks/{goal}/repairs",
        [Conflict, Forbidden, Forbidden, Conflict],
    ),
    row(
        "get",
        "/v1/users/{user}/pause",
        [NotFound, Forbidden, Forbidden, NotFound],
    ),
    row(
        "delete",
        "/v1/users/{user}/pause",
        [NotFound, Forbidden, Forbidden, NotFound],
    ),
    own("get", "/v1/users/{user}/verdicts", 200),
    row(
        "post",
        "/v1/users/{user}/verdicts/{verdict}/decision",
        [Forbidden, Forbidden, Forbidden, NotFound],
    ),
    row(
        "post",
        "/v1/users/{user}/verdicts",
        [Forbidden, Forbidden, Forbidden, Invalid],
    ),
    own("put", "/v1/users/{user}/pause", 200),
    row(
        "post",
        "/v1/users/{user}/adjustments",
        [Forbidden, Forbidden, Forbidden, Yes(201)],
    ),
    own("get", "/v1/users/{user}/balance", 200),
    own("get", "/v1/users/{user}/ledger", 200),
    own("get", "/v1/users/{user}/events", 200),
    everybody("get", "/v1/challenges"),
    admins("post", "/v1/challenges", 201),
    everybody("get", "/v1/challenges/{id}"),
    admins("put", "/v1/challenges/{id}", 200),
    admins("delete", "/v1/challenges/{id}", 204),
    admins("post", "/v1/challenges/{id}/publish", 200),
    admins("post", "/v1/challenges/{id}/cancel", 200),
    // Nothing is settled yet.
    row(
        "post",
        "/v1/challenges/{id}/void",
        [Forbidden, Forbidden, Forbidden, Conflict],
    ),
    everybody("get", "/v1/challenges/{id}/cycles"),
    everybody("get", "/v1/challenges/{id}/enrolments"),
    own("get", "/v1/challenges/{id}/enrolments/{user}", 200),
    own("put", "/v1/challenges/{id}/enrolments/{user}", 200),
    own("delete", "/v1/challenges/{id}/enrolments/{user}", 204),
    row(
        "get",
        "/v1/challenges/{id}/leaderboard",
        [Yes(200), NotFound, Yes(200), Yes(200)],
    ),
    own("get", "/v1/challenges/{id}/leaderboard/{user}", 200),
    admins("post", "/v1/challenges/{id}/simulate", 200),
    everybody("get", "/v1/templates"),
    admins("post", "/v1/templates", 201),
    everybody("get", "/v1/templates/{id}"),
    row(
        "post",
        "/v1/templates/{id}/challenges",
        [Yes(201), Forbidden, Forbidden, Yes(201)],
    ),
    admins("get", "/v1/campaigns", 200),
    admins("get", "/v1/campaigns/{id}", 200),
    admins("put", "/v1/campaigns/{id}", 200),
    admins("get", "/v1/ledger/summary", 200),
    admins("get", "/v1/stuck", 200),
    // Nothing is stuck here, and only an admin may know.
    row(
        "post",
        "/v1/stuck/{stuck}/retry",
        [Forbidden, Forbidden, Forbidden, NotFound],
    ),
    admins("post", "/v1/checkpoint", 200),
    everybody("get", "/v1/clock"),
    admins("post", "/v1/clock", 200),
    admins("delete", "/v1/users/{user}", 204),
];

fn is_open(route: &str) -> bool {
    !route.starts_with("/v1/") || route == "/v1/openapi.json"
}

/// Things for one call of a row, made anew where the call changes them.
async fn path_of(row: &Row, admin: &Http, open: &str) -> String {
    let mut path = row.route.replace("{user}", "ann");
    if (row.method, row.route) == ("delete", "/v1/users/{user}") {
        path = "/v1/users/guest".to_owned();
        admin.put(&path, &json!({"zone": "UTC"})).await;
    }
    if path.contains("/rest-days/{date}") {
        // A week has two rest days at most: each call has a week of its own.
        static WEEKS: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(0);
        let weeks = WEEKS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let day = Day::parse("2016-04-16").unwrap().plus(7 * weeks).iso();
        path = path.replace("{date}", &day);
        if row.method == "delete" {
            admin.ask("PUT", &path, &[], None).await.expect(201);
        }
    }
    if row.route == KEY_OF_DEVICE {
        path = keyed(path, admin).await;
    }
    path = path
        .replace("{date}", "2016-04-12")
        .replace("{stuck}", "256-1-1")
        .replace("{verdict}", "1");
    if path.contains("{goal}") {
        static MADE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let name = format!(
            "g{}",
            MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
        );
        path = path.replace("{goal}", &name);
        let of = format!("/v1/users/ann/goals/{name}");
        admin.put(&of, &goal(7_500, None)).await.expect(201);
    }
    if row.route.starts_with("/v1/templates/{id}") {
        let made = admin.post("/v1/templates", &template()).await.expect(201);
        path = path.replace("{id}", made.json()["id"].as_str().unwrap_or_default());
    }
    if row.route == CAMPAIGN {
        path = path.replace("{id}", "01968b1c-0000-7000-8000-000000000000");
        admin.put(&path, &campaign()).await;
    }
    if (row.method, row.route) == ("put", "/v1/users/{user}/pause") {
        let pause = json!({"from": "2016-04-20", "to": "2016-04-24"});
        admin.put(&path, &pause).await;
    }
    let takes_a_draft = matches!(
        (row.method, row.route),
        ("put" | "delete", "/v1/challenges/{id}")
            | (
                _,
                "/v1/challenges/{id}/publish" | "/v1/challenges/{id}/cancel"
            )
    );
    let window = challenge("2016-04-13", "2016-04-14");
    let of = if takes_a_draft {
        draft(admin, &window).await
    } else if row.method == "delete" {
        let path = published(admin, &window).await;
        admin
            .enrol(&format!("{path}/enrolments/ann"))
            .await
            .expect(201);
        path
    } else {
        open.to_owned()
    };
    let id = open.rsplit('/').next().unwrap_or_default();
    path.replace("/v1/challenges/{id}", &of) + &row.query.replace("{id}", id)
}

/// A device that ann has, with a key.
async fn keyed(path: String, admin: &Http) -> String {
    let known = imported(utc("2016-02-01", 0, 0));
    admin.post("/v1/users/ann/import", &known).await;
    let path = path.replace("{device}", IMPORTED);
    admin.put(&path, &device_key()).await;
    path
}

const KEY_OF_DEVICE: &str = "/v1/users/{user}/devices/{device}/key";
const CAMPAIGN: &str = "/v1/campaigns/{id}";

fn campaign() -> Value {
    json!({"title": "Spring", "budget_micro": 1_000_000})
}

fn template() -> Value {
    json!({"challenge": challenge("2016-04-13", "2016-04-14"), "bounds": {"open_per_user": 16}})
}

fn body_of(row: &Row) -> Option<Value> {
    match (row.method, row.route) {
        ("put", "/v1/users/{user}") => Some(json!({"alias": "Swift Heron"})),
        ("put", "/v1/users/{user}/goals/{goal}") => Some(goal(8_000, None)),
        ("post", "/v1/challenges") | ("put", "/v1/challenges/{id}") => {
            Some(challenge("2016-04-13", "2016-04-14"))
        }
        ("post", "/v1/challenges/{id}/publish" | "/v1/stuck/{stuck}/retry" | "/v1/checkpoint") => {
            Some(json!({}))
        }
        ("post", "/v1/challenges/{id}/cancel" | "/v1/challenges/{id}/void") => {
            Some(json!({"reason": "rain"}))
        }
        ("post", "/v1/users/{user}/adjustments") => {
            Some(json!({"amount_micro": 5, "reason": "sorry"}))
        }
        ("post", "/v1/challenges/{id}/simulate") => Some(json!({"users": ["ann"]})),
        ("put", CAMPAIGN) => Some(campaign()),
        ("put", KEY_OF_DEVICE) => Some(device_key()),
        ("post", "/v1/templates") => Some(template()),
        ("post", "/v1/templates/{id}/challenges") => {
            Some(json!({"user": "ann", "starts": "2016-04-13"}))
        }
        ("post", "/v1/users/{user}/import") => Some(imported(0)),
        ("post", "/v1/users/{user}/streaks/{goal}/freezes") => Some(json!({})),
        ("post", "/v1/users/{user}/streaks/{goal}/repairs") => {
            Some(json!({"day": "2016-04-11", "by": "earn_back"}))
        }
        ("put", "/v1/users/{user}/pause") => {
            Some(json!({"from": "2016-04-20", "to": "2016-04-25"}))
        }
        ("post", "/v1/users/{user}/verdicts") => Some(json!({"days": ["2016-04-12"]})),
        ("post", "/v1/users/{user}/verdicts/{verdict}/decision") => {
            Some(json!({"decision": "appealed"}))
        }
        ("post", "/v1/clock") => Some(json!({"to_ms": utc("2016-04-12", 0, 0)})),
        _ => None,
    }
}

async fn call(who: &Http, row: &Row, path: &str) -> Answer {
    let method = row.method.to_uppercase();
    match body_of(row) {
        Some(body) if row.method == "post" => who.post(path, &body).await,
        Some(body) => who.replace(path, &body).await,
        None => who.ask(&method, path, &[], None).await,
    }
}

fn judge(answer: &Answer, told: Told) {
    match told {
        Yes(status) => assert_eq!(answer.status, status, "{}: {}", answer.what, answer.text),
        Forbidden => {
            answer.problem(403, "forbidden");
        }
        NotFound => {
            answer.problem(404, "not_found");
        }
        Conflict => {
            answer.problem(409, "phase");
        }
        Invalid => {
            answer.problem(422, "invalid");
        }
    }
}

fn signed(server: &Server, user: &str, role: Role, ttl_s: i64) -> Http {
    let claims = Claims::new(user, role, clock::unix_s(), ttl_s);
    Http::bearing(server, &server.token_with(&claims))
}

/// A token that only one device may use.
fn of_a_device(server: &Server, user: &str) -> Http {
    let mut claims = Claims::new(user, Role::User, clock::unix_s(), 60);
    claims.device = Some(device_of(user));
    Http::bearing(server, &server.token_with(&claims))
}

/// A token of the right shape that another server has signed.
fn of_another_server() -> String {
    let dir = tempfile::tempdir().unwrap();
    let keys = streakline::keys::KeyRing::open_or_create(dir.path()).unwrap();
    let claims = Claims::new("ann", Role::User, clock::unix_s(), 60);
    keys.issue(&claims).unwrap()
}

#[test]
fn every_route_tells_every_role_what_it_may() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let open = published(&admin, &challenge("2016-04-13", "2016-04-14")).await;
        make_user(&admin, "bob").await;
        enrol_new(&admin, &open, &["ann", "cat"]).await;
        let roles = [
            vec![Http::user(&server, "ann"), of_a_device(&server, "ann")],
            vec![Http::user(&server, "bob")],
            vec![Http::user(&server, "cat")],
            vec![admin.clone(), signed(&server, "root", Role::Admin, 60)],
        ];
        for row in ROWS {
            for (bearers, told) in roles.iter().zip(row.told) {
                for bearer in bearers {
                    let path = path_of(row, &admin, &open).await;
                    judge(&call(bearer, row, &path).await, told);
                }
            }
        }
    });
}

#[test]
fn without_good_credentials_only_the_open_routes_answer() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let open = published(&admin, &challenge("2016-04-13", "2016-04-14")).await;
        enrol_new(&admin, &open, &["ann"]).await;
        let nobody = [
            (Http::bare(&server), "unauthenticated"),
            (
                Http::bearing(&server, &of_another_server()),
                "unauthenticated",
            ),
            (Http::bearing(&server, "sk_wrong"), "unauthenticated"),
            (signed(&server, "ann", Role::User, -60), "token_expired"),
            (signed(&server, "root", Role::Admin, -60), "token_expired"),
        ];
        for row in ROWS {
            let path = path_of(row, &admin, &open).await;
            for (who, code) in &nobody {
                let answer = call(who, row, &path).await;
                if is_open(row.route) {
                    answer.expect(200);
                } else {
                    answer.problem(401, code);
                    assert!(answer.header("www-authenticate").starts_with("Bearer"));
                }
            }
        }
    });
}

#[test]
fn every_route_has_its_row_of_roles() {
    let server = Server::virtual_at(CLOCK);
    let document = block_on(async { Http::bare(&server).get("/v1/openapi.json").await.json() });
    let paths = document["paths"].as_object().unwrap();
    let documented: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| format!("{method} {path}"))
        })
        .collect();
    let mut routes = documented;
    routes.extend(UNDOCUMENTED.map(str::to_owned));
    let rows = ROWS
        .iter()
        .map(|row| format!("{} {}", row.method, row.route));
    let in_tables = rows.chain([super::frames::STREAM.to_owned()]);
    assert_eq!(routes, in_tables.collect());
}

#[test]
fn another_user_is_forbidden_whether_it_exists_or_not_and_an_admin_is_told() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, ann) = (Http::admin(&server), Http::user(&server, "ann"));
        make_user(&admin, "bob").await;
        for user in ["bob", "nobody"] {
            for path in ["", "/goals", "/balance", "/events", "/days/2016-04-12"] {
                let path = format!("/v1/users/{user}{path}");
                ann.get(&path).await.problem(403, "forbidden");
            }
        }
        for path in [
            "", "/goals", "/devices", "/balance", "/ledger", "/events", "/streaks",
        ] {
            let path = format!("/v1/users/nobody{path}");
            admin.get(&path).await.problem(404, "not_found");
        }
        ann.get("/v1/users/ann").await.problem(404, "not_found");
    });
}

#[test]
fn me_tells_whose_credentials_these_are() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let key = Http::admin(&server).get("/v1/me").await.expect(200).json();
        assert_eq!(
            key,
            json!({"user": null, "role": "admin", "device": null, "exp_ms": null})
        );
        let mut claims = Claims::new("ann", Role::User, clock::unix_s(), 60);
        claims.device = Some("5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11".to_owned());
        let bearer = Http::bearing(&server, &server.token_with(&claims));
        let me = bearer.get("/v1/me").await.expect(200).json();
        let wanted = json!({"user": "ann", "role": "user", "device": claims.device, "exp_ms": claims.exp * 1_000});
        assert_eq!(me, wanted);
    });
}
