//! The log: one line for each request and session that ended, without a health value or a token, and bounded in a flood.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::harness::{Server, TestStream, Wire, block_on, stream::batch, wire};

const CLOCK: &str = "2016-04-12T10:00:00Z";
const NOON_MS: i64 = 1_460_455_200_000;
const DEVICE: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
const OTHER_DEVICE: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c12";
/// What is measured: a number that nothing else here has.
const STEPS: i64 = 8_647;
/// How often the log is read until a line must be there.
const READS: u32 = 600;
const READ_EVERY: Duration = Duration::from_millis(50);

/// One request of a test and the line that it must leave.
struct Asked {
    method: &'static str,
    path: &'static str,
    token: Option<String>,
    body: Option<Value>,
    expected: (u16, &'static str, &'static str),
}

fn requests(server: &Server) -> Vec<Asked> {
    let ask = |method, path, token, body, expected| Asked {
        method,
        path,
        token,
        body,
        expected,
    };
    let (admin, ann) = (Some(server.admin_key()), Some(server.token("ann")));
    let zone = Some(json!({"zone": "UTC"}));
    let goal = Some(json!({"metric": "steps", "period": "day", "kind": "static", "target": STEPS}));
    let user = "/v1/users/{user}";
    vec![
        ask(
            "PUT",
            "/v1/users/ann",
            admin.clone(),
            zone,
            (201, user, "admin-key"),
        ),
        ask(
            "PUT",
            "/v1/users/ann/goals/g1",
            admin.clone(),
            goal,
            (201, "/v1/users/{user}/goals/{goal}", "admin-key"),
        ),
        ask("GET", "/v1/me", ann.clone(), None, (200, "/v1/me", "user")),
        ask("GET", "/v1/users/bob", ann, None, (403, user, "user")),
        ask(
            "GET",
            "/v1/users/ann?q=8647",
            admin.clone(),
            None,
            (422, user, "admin-key"),
        ),
        ask(
            "GET",
            "/v1/me",
            Some("sk_wrong-but-secret".into()),
            None,
            (401, "/v1/me", "none"),
        ),
        ask(
            "GET",
            "/no/such/8647",
            admin,
            None,
            (404, "unknown", "none"),
        ),
        ask("GET", "/readyz", None, None, (200, "/readyz", "none")),
        ask("BREW", "/v1/me", None, None, (405, "/v1/me", "none")),
    ]
}

/// Sends them with the ids `req-0`, `req-1` and so on.
async fn send_all(server: &Server, requests: &[Asked]) {
    let client = Client::new();
    for (number, asked) in requests.iter().enumerate() {
        let method = Method::from_bytes(asked.method.as_bytes()).unwrap();
        let mut request = client
            .request(method, format!("{}{}", server.url(), asked.path))
            .header("x-request-id", format!("req-{number}"));
        if let Some(token) = &asked.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &asked.body {
            request = request.json(body);
        }
        let status = request.send().await.unwrap().status();
        assert_eq!(
            status.as_u16(),
            asked.expected.0,
            "{} {}",
            asked.method,
            asked.path
        );
    }
}

/// A device that sends and closes, one that the server closes, one that vanishes; their tokens.
async fn hold_sessions(server: &Server) -> Vec<String> {
    let (mut band, _) = TestStream::device(server, "ann", DEVICE).await;
    band.send(&batch(1, NOON_MS - 600_000, &[STEPS, STEPS]))
        .await;
    band.ack().await;
    band.send(&batch(3, NOON_MS - 300_000, &[STEPS])).await;
    band.ack().await;
    band.close().await;

    let token = server.token("cleo");
    let mut rude = Wire::upgrade(server, &token).await.unwrap();
    rude.send(&wire::hello(OTHER_DEVICE, NOON_MS)).await;
    rude.expect("welcome").await;
    rude.send_frame(wire::BINARY, b"8647").await;
    assert_eq!(rude.closed().await.code, 1003);

    let gone = server.token("dora");
    drop(Wire::upgrade(server, &gone).await.unwrap());
    vec![token, gone]
}

/// Reads the log until `sessions` of them have ended in it.
fn log_with_sessions(
    server: &Server,
    sessions: usize,
    is_session: impl Fn(&str) -> bool,
) -> String {
    for _ in 0..READS {
        let log = server.log();
        if log.lines().filter(|line| is_session(line)).count() >= sessions {
            return log;
        }
        std::thread::sleep(READ_EVERY);
    }
    panic!("fewer than {sessions} sessions in\n{}", server.log());
}

/// The log, every line of which is JSON.
fn json_lines(server: &Server) -> Vec<Value> {
    let log = server.log();
    let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    log.lines().map(line).collect()
}

/// Every text and number in a line but its time, which has digits of its own.
fn leaves(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name != "timestamp" {
                    leaves(member, into);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Value::String(text) => into.push(text.clone()),
        other => into.push(other.to_string()),
    }
}

/// The lines with that message.
fn of_kind<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    let is_kind = |line: &&Value| line["message"] == message;
    lines.iter().filter(is_kind).collect()
}

fn check_requests(lines: &[Value], requests: &[Asked]) {
    for (number, asked) in requests.iter().enumerate() {
        let id = format!("req-{number}");
        let mut found = of_kind(lines, "request");
        found.retain(|line| line["request_id"] == id.as_str());
        let [line] = found.as_slice() else {
            panic!("{id}: {found:?}")
        };
        let (status, route, principal) = asked.expected;
        let method = match asked.method {
            "BREW" => "other",
            method => method,
        };
        assert_eq!(
            json!([
                line["status"],
                line["route"],
                line["principal"],
                line["method"]
            ]),
            json!([status, route, principal, method])
        );
        let sent = asked.body.as_ref().map_or(0, |body| body.to_string().len());
        assert_eq!(line["bytes_in"], sent, "{line}");
        assert!(line["duration_ms"].is_u64(), "{line}");
        assert!(line["bytes_out"].is_u64(), "{line}");
    }
}

fn check_sessions(lines: &[Value]) {
    let found = of_kind(lines, "session");
    let user = |line: &Value| line["user"].as_str().unwrap().to_owned();
    let sessions: BTreeMap<String, &Value> = found.iter().map(|line| (user(line), *line)).collect();
    assert_eq!((sessions.len(), found.len()), (3, 3), "{sessions:?}");
    let told = |user: &str, names: [&str; 3]| json!(names.map(|name| sessions[user][name].clone()));
    let counts = ["code", "batches", "records"];
    assert_eq!(told("ann", counts), json!([1000, 2, 3]));
    assert_eq!(sessions["ann"]["device"], DEVICE);
    assert!(sessions["ann"]["frames_in"].as_u64() >= Some(4));
    assert!(sessions["ann"]["frames_out"].as_u64() >= Some(3));
    assert_eq!(told("cleo", counts), json!([1003, 0, 0]));
    let vanished = ["code", "batches", "frames_in"];
    assert_eq!(told("dora", vanished), json!([1006, 0, 0]));
}

#[test]
fn each_request_and_session_is_one_line_of_json_without_a_value_or_a_token() {
    let log = "info,streakline=debug,fjall=warn,lsm_tree=warn";
    let args = ["--log-json", "--log", log];
    let mut server = Server::start(&format!("virtual:{CLOCK}"), &args);
    let requests = requests(&server);
    let tokens = block_on(async {
        send_all(&server, &requests).await;
        hold_sessions(&server).await
    });
    log_with_sessions(&server, 3, |line| line.contains("\"message\":\"session\""));
    assert_eq!(server.terminate(), Some(0));
    let lines = json_lines(&server);
    check_requests(&lines, &requests);
    check_sessions(&lines);
    for message in ["serving", "draining", "drained"] {
        assert_eq!(of_kind(&lines, message).len(), 1, "{message}");
    }
    let mut said = Vec::new();
    lines.iter().for_each(|line| leaves(line, &mut said));
    let secrets = requests.iter().filter_map(|asked| asked.token.clone());
    for secret in secrets.chain(tokens).chain([STEPS.to_string()]) {
        let named = said.iter().any(|text| text.contains(&secret));
        assert!(!named, "the log names {secret}");
    }
}

#[test]
fn each_request_and_session_is_one_line_of_text() {
    let server = Server::virtual_at(CLOCK);
    let requests = requests(&server);
    block_on(async {
        send_all(&server, &requests).await;
        hold_sessions(&server).await;
    });
    let is_session = |line: &str| line.contains(": session session=");
    let log = log_with_sessions(&server, 3, is_session);
    assert_eq!(log.lines().filter(|line| is_session(line)).count(), 3);
    for number in 0..requests.len() {
        let id = format!(": request request_id=\"req-{number}\"");
        assert_eq!(log.matches(&id).count(), 1, "{id}");
    }
    let of_ann = log
        .lines()
        .find(|line| is_session(line) && line.contains("user=ann"))
        .unwrap();
    assert!(
        of_ann.contains("code=1000") && of_ann.contains("records=3"),
        "{of_ann}"
    );
    assert!(!log.contains('\u{1b}'), "a log file has no colours");
}

#[test]
fn a_flood_of_requests_is_cut_in_the_log_and_the_rest_is_counted() {
    const ASKED: usize = 300;
    let args = ["--log-json", "--log-lines-per-s", "5"];
    let mut server = Server::start(&format!("virtual:{CLOCK}"), &args);
    block_on(async {
        let client = Client::new();
        for _ in 0..ASKED {
            let answer = client.get(format!("{}/healthz", server.url())).send().await;
            assert_eq!(answer.unwrap().status(), 200);
        }
    });
    assert_eq!(server.terminate(), Some(0));
    let lines = json_lines(&server);
    let written = lines
        .iter()
        .filter(|line| line["message"] == "request")
        .count();
    let of_requests = |line: &&Value| {
        line["message"] == "log lines were suppressed"
            && line["module"].as_str().unwrap().ends_with("request_log")
    };
    let suppressed: u64 = lines
        .iter()
        .filter(of_requests)
        .map(|line| line["suppressed"].as_u64().unwrap())
        .sum();
    assert!(
        suppressed > 0,
        "{ASKED} requests were written as {written} lines"
    );
    assert_eq!(written + usize::try_from(suppressed).unwrap(), ASKED);
}
