//! Headers that make browsers careful: on data, pages, refusals of every kind, on both doors.

use serde_json::json;

use crate::harness::{Server, block_on, configured};
use crate::rest::http::{Answer, Http};
use crate::rest::people::CLOCK;

const UPGRADE: [(&str, &str); 5] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-protocol", "streakline.v1.json, bearer.wrong"),
];

fn judge(answer: &Answer, status: u16) {
    let what = format!("{} {}: {:?}", answer.what, answer.text, answer.headers);
    assert_eq!(answer.status, status, "{what}");
    for (name, wanted) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("server", ""),
        ("x-powered-by", ""),
        // Without TLS a browser must not be told to insist on it.
        ("strict-transport-security", ""),
    ] {
        assert_eq!(answer.header(name), wanted, "{name} of {what}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none';"), "{what}");
    assert!(policy.contains("frame-ancestors 'none'"), "{what}");
    assert!(!policy.contains("unsafe-eval"), "{what}");
    let is_page = answer.what.contains("/docs");
    assert_eq!(policy.contains("script-src 'self'"), is_page, "{what}");
    let is_public = is_page || answer.what.ends_with("/v1/openapi.json");
    let cache = if is_public { "no-cache" } else { "no-store" };
    assert_eq!(answer.header("cache-control"), cache, "{what}");
}

#[test]
fn every_answer_tells_browsers_to_be_careful() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        for path in [
            "/healthz",
            "/readyz",
            "/metrics",
            "/v1/openapi.json",
            "/docs/",
            "/docs/swagger-ui-bundle.js",
            "/v1/me",
            "/v1/challenges",
        ] {
            judge(&admin.get(path).await, 200);
        }
        for path in ["/nothing", "/v1/users/nobody", "/docs/nothing.js"] {
            judge(&admin.get(path).await, 404);
        }
        judge(&admin.ask("PATCH", "/v1/clock", &[], None).await, 405);
        let media = [("content-type", "application/json")];
        let broken = Some("{".to_owned());
        judge(
            &admin.ask("PUT", "/v1/users/ann", &media, broken).await,
            400,
        );
        for (zone, status) in [("Nowhere", 422), ("UTC", 201)] {
            let body = json!({ "zone": zone });
            judge(&admin.put("/v1/users/ann", &body).await, status);
        }
        let nobody = Http::bare(&server);
        judge(&nobody.get("/v1/me").await, 401);
        judge(
            &Http::user(&server, "ann").get("/v1/ledger/summary").await,
            403,
        );
        judge(&nobody.ask("GET", "/v1/stream", &UPGRADE, None).await, 401);
        judge(&nobody.get("/v1/stream").await, 400);
        let foreign = [("origin", "https://evil.example")];
        judge(&nobody.ask("GET", "/v1/me", &foreign, None).await, 403);
        let page = nobody.get("/docs/").await;
        let inline = page
            .text
            .split("<script")
            .skip(1)
            .all(|script| script.starts_with(" src="));
        assert!(
            inline,
            "the page's policy forbids scripts inside of it: {}",
            page.text
        );
    });
}

#[test]
fn an_address_that_has_to_wait_is_told_so_with_the_same_headers() {
    let server = configured(CLOCK, "[limits]\nauth_failures_per_min = 1\n");
    block_on(async {
        let nobody = Http::bare(&server);
        judge(&nobody.get("/v1/me").await, 401);
        judge(&nobody.get("/v1/me").await, 429);
        judge(&nobody.ask("GET", "/v1/stream", &UPGRADE, None).await, 429);
    });
}
