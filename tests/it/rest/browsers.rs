//! Browsers: which pages may call, by REST and by upgrade.

use super::http::Http;
use super::people::CLOCK;
use crate::harness::{Server, block_on};

const LISTED: &str = "https://app.example";
const UPGRADE: [(&str, &str); 5] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-protocol", "streakline.v9.json"),
];

/// A server whose settings list one origin.
fn server() -> (Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("streakline.toml");
    std::fs::write(&config, format!("[cors]\norigins = [\"{LISTED}\"]\n")).unwrap();
    let clock = format!("virtual:{CLOCK}");
    (
        Server::start(&clock, &["--config", config.to_str().unwrap()]),
        dir,
    )
}

#[test]
fn pages_of_listed_origins_may_call_and_others_may_not() {
    let (server, _settings) = server();
    block_on(async {
        let admin = Http::admin(&server);
        let listed = admin
            .ask("GET", "/v1/clock", &[("origin", LISTED)], None)
            .await
            .expect(200);
        assert_eq!(listed.header("access-control-allow-origin"), LISTED);
        let exposed = listed
            .header("access-control-expose-headers")
            .to_lowercase();
        for name in [
            "etag",
            "location",
            "x-request-id",
            "idempotent-replay",
            "retry-after",
        ] {
            assert!(exposed.contains(name), "{name} in {exposed}");
        }
        let own = server.url().to_owned();
        admin
            .ask("GET", "/v1/clock", &[("origin", &own)], None)
            .await
            .expect(200);
        admin.get("/v1/clock").await.expect(200);
        for other in [
            "https://evil.example",
            "https://app.example.evil",
            "http://app.example",
            "null",
        ] {
            let refused = admin
                .ask("GET", "/v1/clock", &[("origin", other)], None)
                .await;
            refused.problem(403, "origin_refused");
            assert_eq!(refused.header("access-control-allow-origin"), "", "{other}");
        }
    });
}

#[test]
fn a_preflight_is_answered_for_listed_origins_alone() {
    let (server, _settings) = server();
    block_on(async {
        let nobody = Http::bare(&server);
        let asks = [
            ("access-control-request-method", "PUT"),
            (
                "access-control-request-headers",
                "authorization,if-match,content-type",
            ),
        ];
        let listed = [&[("origin", LISTED)][..], &asks].concat();
        let may = nobody.ask("OPTIONS", "/v1/users/ann", &listed, None).await;
        assert!(
            (200..300).contains(&may.status),
            "{} {}",
            may.status,
            may.text
        );
        assert_eq!(may.header("access-control-allow-origin"), LISTED);
        assert!(may.header("access-control-allow-methods").contains("PUT"));
        let headers = may.header("access-control-allow-headers").to_lowercase();
        assert!(headers.contains("if-match"), "{headers}");
        let other = [&[("origin", "https://evil.example")][..], &asks].concat();
        let may_not = nobody.ask("OPTIONS", "/v1/users/ann", &other, None).await;
        may_not.problem(403, "origin_refused");
    });
}

#[test]
fn an_upgrade_from_a_page_of_another_origin_is_refused() {
    let (server, _settings) = server();
    block_on(async {
        let ann = Http::user(&server, "ann");
        let from = |origin| [&UPGRADE[..], &[("origin", origin)]].concat();
        let evil = ann
            .ask("GET", "/v1/stream", &from("https://evil.example"), None)
            .await;
        evil.problem(403, "origin_refused");
        // A listed page gets as far as the subprotocol, which nobody knows.
        let listed = ann.ask("GET", "/v1/stream", &from(LISTED), None).await;
        listed.problem(400, "unsupported_subprotocol");
        let program = ann.ask("GET", "/v1/stream", &UPGRADE, None).await;
        program.problem(400, "unsupported_subprotocol");
    });
}
