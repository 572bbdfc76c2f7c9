//! What most tests need first: users, goals, walks, challenges.

use serde_json::{Value, json};
use streakline_core::civil::{Day, HOUR_MS, MINUTE_MS};

use super::http::Http;
use crate::harness::stream::batch;
use crate::harness::{Server, TestStream, block_on};

/// Where the clocks of these tests start: a Tuesday, midnight in UTC.
pub(crate) const CLOCK: &str = "2016-04-12T00:00:00Z";

/// An instant of a UTC wall clock, POSIX ms.
pub(crate) fn utc(date: &str, hour: i64, minute: i64) -> i64 {
    Day::parse(date).unwrap().utc_ms() + hour * HOUR_MS + minute * MINUTE_MS
}

/// A user in UTC.
pub(crate) async fn make_user(admin: &Http, user: &str) {
    let body = json!({"zone": "UTC"});
    let answer = admin.put(&format!("/v1/users/{user}"), &body).await;
    answer.expect(201);
}

/// A static goal of that target, from `from` on.
pub(crate) fn goal(target: i64, from: Option<&str>) -> Value {
    let mut body = json!({"metric": "steps", "period": "day", "kind": "static", "target": target});
    if let Some(from) = from {
        body["from"] = json!(from);
    }
    body
}

/// A challenge over those dates.
pub(crate) fn challenge(starts: &str, ends: &str) -> Value {
    json!({"title": "April steps", "type": "most", "metric": "steps",
        "window": {"clock": "user_local", "starts": starts, "ends": ends}})
}

/// Makes a draft; its path.
pub(crate) async fn draft(admin: &Http, body: &Value) -> String {
    let made = admin.post("/v1/challenges", body).await.expect(201).json();
    format!("/v1/challenges/{}", made["id"].as_str().unwrap())
}

/// Makes and publishes a challenge; its path.
pub(crate) async fn published(admin: &Http, body: &Value) -> String {
    let path = draft(admin, body).await;
    let publish = format!("{path}/publish");
    admin.post(&publish, &json!({})).await.expect(200);
    path
}

/// The admin enrols new users of UTC.
pub(crate) async fn enrol_new(admin: &Http, challenge: &str, users: &[&str]) {
    for user in users {
        make_user(admin, user).await;
        let path = format!("{challenge}/enrolments/{user}");
        admin.enrol(&path).await.expect(201);
    }
}

/// Phase of a challenge.
pub(crate) async fn phase(admin: &Http, challenge: &str) -> String {
    let body = admin.get(challenge).await.expect(200).json();
    body["phase"].as_str().unwrap().to_owned()
}

/// A device of a user, its id made of the user's name.
pub(crate) fn device_of(user: &str) -> String {
    let tail: String = user.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("5f2c4c1e-8f4e-5d0a-9a53-{tail:0>12.12}")
}

/// A device that an import brings.
pub(crate) const IMPORTED: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c77";

/// A public key of Ed25519.
pub(crate) fn device_key() -> Value {
    json!({"algorithm": "ed25519", "public_key": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"})
}

/// What brings a minute of a device of its own.
pub(crate) fn imported(start_ms: i64) -> Value {
    json!({"device_id": IMPORTED, "class": "watch", "records": [
        {"id": "1", "metric": "steps", "start_ms": start_ms, "end_ms": start_ms + 60_000, "value": 1}]})
}

/// One user's band, which counts its own records.
pub(crate) struct Band {
    stream: TestStream,
    next: u64,
}

impl Band {
    pub(crate) async fn of(server: &Server, user: &str) -> Self {
        let (stream, welcome) = TestStream::device(server, user, &device_of(user)).await;
        let next = welcome.resume_after.live + 1;
        Self { stream, next }
    }

    /// Sends one record a minute from `start_ms` on and waits until they are durable; the codes of those refused.
    pub(crate) async fn walk(&mut self, start_ms: i64, steps: &[i64]) -> Vec<String> {
        self.stream.send(&batch(self.next, start_ms, steps)).await;
        self.next += steps.len() as u64;
        let ack = self.stream.ack().await;
        let results = ack.results.into_iter();
        results
            .map(|result| result.code.unwrap_or(result.status))
            .collect()
    }

    pub(crate) async fn close(self) {
        self.stream.close().await;
    }
}

/// A user walks once and goes.
pub(crate) async fn walk(server: &Server, user: &str, start_ms: i64, steps: &[i64]) {
    let mut band = Band::of(server, user).await;
    assert_eq!(band.walk(start_ms, steps).await, Vec::<String>::new());
    band.close().await;
}

/// Events of a user of one kind.
pub(crate) async fn events(admin: &Http, user: &str, kind: &str) -> Vec<Value> {
    let all = admin.all(&format!("/v1/users/{user}/events"), 100).await;
    all.into_iter()
        .filter(|event| event["kind"] == kind)
        .collect()
}

/// A server that lets idle actors leave memory after a second; its settings must outlive it.
pub(crate) fn forgetful_server() -> (Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("streakline.toml");
    std::fs::write(&config, "[actors]\nidle_s = 1\n").unwrap();
    let args = ["--config", config.to_str().unwrap()];
    (Server::start(&format!("virtual:{CLOCK}"), &args), dir)
}

/// Waits until so many users have left memory.
pub(crate) async fn have_left(admin: &Http, users: u64) {
    let series = "streakline_passivations_total{kind=\"user\"} ";
    for _ in 0..600 {
        let metrics = admin.get("/metrics").await.expect(200).text;
        let line = metrics.lines().find_map(|line| line.strip_prefix(series));
        if line.is_some_and(|count| count.parse::<u64>().unwrap() >= users) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("fewer than {users} users have left memory");
}

/// Sends a request to a server that dies at one of its next flushes; 0: as soon as it has answered. Then it runs again.
pub(crate) fn crash_at(server: &mut Server, flushes: u32, (path, body): (&str, Value)) {
    server.kill();
    let crash = (flushes > 0).then(|| flushes.to_string());
    let args = crash.iter().flat_map(|n| ["--crash-after-flush", n]);
    server.restart_with(&args.collect::<Vec<_>>());
    block_on(async {
        let (admin, path) = (Http::admin(server), path.to_owned());
        // It answers or dies before; which of them is not the test's to say.
        let _died = tokio::spawn(async move { admin.post(&path, &body).await }).await;
    });
    server.kill_and_restart();
}
