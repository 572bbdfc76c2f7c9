//! What must never stand in a log, at the most verbose setting and in both forms: tokens, keys, secrets, and what was measured.

use serde_json::json;
use streakline::clock;
use streakline::keys::{Claims, Role};

use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};
use crate::rest::http::Http;
use crate::rest::people::{CLOCK, challenge, device_of, enrol_new, goal, published, utc};

const SECRET: &str = "Zx9-shared-secret-that-nobody-must-see";
/// Steps that nobody walks by chance, their sum, and one that is refused.
const STEPS: [i64; 2] = [770_137, 1_931];
const SUM: i64 = 772_068;
const TOO_MANY: i64 = 30_517_093;

fn server(dir: &tempfile::TempDir, json: bool) -> Server {
    let (secret, settings) = (dir.path().join("secret"), dir.path().join("settings.toml"));
    std::fs::write(&secret, SECRET).unwrap();
    let text = format!(
        "log = \"trace,actix_http=trace,actix_web=trace,mio=trace,rustls=trace\"\nlog_json = {json}\n\
         [auth]\nhs256_secret_file = {secret:?}\n"
    );
    std::fs::write(&settings, text).unwrap();
    let clock = format!("virtual:{CLOCK}");
    Server::start(&clock, &["--config", settings.to_str().unwrap()])
}

/// Every kind of credential, good and bad, at every door; what was wrong ones' text.
async fn show_credentials(server: &Server) -> Vec<String> {
    let wrong = [
        "sk_wrong-key-0123456789abcdef".to_owned(),
        "eyJub25lIn0.eyJub25lIn0.c2lnbmF0dXJl".to_owned(),
        server.token_with(&Claims::new("ann", Role::User, clock::unix_s(), -5)),
    ];
    let claims = json!({"iss": "streakline", "aud": "streakline", "sub": "ann", "exp": clock::unix_s() + 600});
    let shared = super::tokens::hs256_of("hs256", SECRET.as_bytes(), &claims);
    Http::bearing(server, &shared)
        .get("/v1/me")
        .await
        .expect(200);
    for token in &wrong {
        Http::bearing(server, token).get("/v1/me").await.expect(401);
        assert!(Wire::upgrade(server, token).await.is_err());
        let protocols = format!("streakline.v1.json, bearer.{token}");
        let upgrade = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", protocols.as_str()),
        ];
        let nobody = Http::bare(server);
        nobody
            .ask("GET", "/v1/stream", &upgrade, None)
            .await
            .expect(401);
        let in_url = format!("/v1/me?access_token={token}");
        nobody.get(&in_url).await.expect(401);
        let mut wire = Wire::upgrade(server, &shared).await.unwrap();
        wire.send(&json!({"type": "hello"})).await;
        wire.expect("welcome").await;
        wire.error(&json!({"type": "auth", "token": token})).await;
        wire.closed().await;
    }
    let mut all = wrong.to_vec();
    all.push(shared);
    all
}

/// A day of one person, and every way to read it.
async fn walk_and_read(server: &Server) {
    let admin = Http::admin(server);
    let path = published(&admin, &challenge("2016-04-12", "2016-04-14")).await;
    enrol_new(&admin, &path, &["ann"]).await;
    admin
        .put("/v1/users/ann/goals/g", &goal(SUM, None))
        .await
        .expect(201);
    let watch = hello(&device_of("ann"), utc("2016-04-12", 0, 0));
    let (mut wire, _) = Wire::hello(server, "ann", &watch).await;
    let start_ms = utc("2016-04-11", 9, 0);
    wire.ack(&batch(1, start_ms, &STEPS)).await;
    wire.ack(&batch(3, start_ms, &[TOO_MANY])).await;
    let mut twice = batch(4, start_ms, &[STEPS[0]]);
    twice["records"][0]["id"] = json!("1");
    wire.ack(&twice).await;
    wire.error(&json!({"type": "batch", "batch_id": 9, "value": STEPS[0]}))
        .await;
    wire.error(&json!({"type": format!("x{}", STEPS[0])})).await;
    for what in [
        "days/2016-04-11",
        "events",
        "balance",
        "ledger",
        "streaks",
        "goals",
    ] {
        admin
            .get(&format!("/v1/users/ann/{what}"))
            .await
            .expect(200);
    }
    let shown = admin.get("/v1/users/ann/days/2016-04-11").await.json();
    assert_eq!(shown["display"], SUM, "the values went through");
    admin.get(&format!("{path}/leaderboard")).await.expect(200);
    admin
        .put("/v1/users/ann/goals/h", &json!({"target": STEPS[0]}))
        .await
        .expect(400);
    admin.advance(utc("2016-04-16", 0, 0)).await;
}

#[test]
fn no_log_line_names_a_secret_or_a_value() {
    for json in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = server(&dir, json);
        let mut hidden = vec![SECRET.to_owned(), server.admin_key(), server.token("ann")];
        block_on(async {
            walk_and_read(&server).await;
            hidden.extend(show_credentials(&server).await);
            server.hang_up();
        });
        assert_eq!(server.terminate(), Some(0));
        let log = server.log();
        assert!(
            log.contains("drained") && log.contains("request"),
            "there is a log: {log}"
        );
        // What follows the first dot of a token changes with the time; its beginnings are looked for, too.
        for text in hidden
            .iter()
            .map(String::as_str)
            .chain(["eyJ", "sk_", "bearer."])
        {
            assert!(!log.contains(text), "{text} in\n{}", lines_with(&log, text));
        }
        for value in [STEPS[0], SUM, TOO_MANY].map(|value| value.to_string()) {
            assert!(
                !numbers(&log).any(|n| n == value),
                "{value} in\n{}",
                lines_with(&log, &value)
            );
        }
    }
}

/// Runs of digits that are no fraction of a second.
fn numbers(log: &str) -> impl Iterator<Item = &str> {
    log.split(|c: char| !c.is_ascii_digit() && c != '.')
}

fn lines_with(log: &str, text: &str) -> String {
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(text))
        .take(5)
        .collect();
    lines.join("\n")
}
