//! A noon, a user who sends poison, a bystander on the same thread, and an operator with the command line.

use std::time::Duration;

use serde_json::{Value, json};
use streakline::clock;
use streakline_core::civil::MINUTE_MS;

use crate::harness::stream::batch;
use crate::harness::wire::{Closed, hello};
use crate::harness::{Server, Wire, configured, streakline};

const NOON: &str = "2016-04-13T12:00:00Z";
pub(super) const NOON_MS: i64 = 1_460_548_800_000;
const MORNING_MS: i64 = NOON_MS - 6 * 60 * MINUTE_MS;
pub(super) const ANNS: &str = "a1a1a1a1-8f4e-5d0a-9a53-0d7a5f3b2c11";
const BOBS: &str = "b1b1b1b1-8f4e-5d0a-9a53-0d7a5f3b2c11";
/// How long something is waited for that must come.
const LONGEST_MS: u64 = 60_000;

/// A server at noon on which everybody shares a thread.
pub(super) fn server() -> Server {
    configured(NOON, "workers = 1\n")
}

/// The same, to be started again; every few writes fill a segment of the journal.
pub(super) fn lasting() -> Server {
    Server::start(&format!("virtual:{NOON}"), &["--fault", "segment=2000"])
}

/// A user with one device that comes back whenever it is closed.
pub(super) struct Sender {
    wire: Wire,
    user: &'static str,
    device: &'static str,
    minutes: u64,
    /// Steps that count.
    pub(super) steps: i64,
}

impl Sender {
    pub(super) async fn ann(server: &Server) -> Self {
        Self::new(server, "ann", ANNS).await
    }

    pub(super) async fn bob(server: &Server) -> Self {
        Self::new(server, "bob", BOBS).await
    }

    async fn new(server: &Server, user: &'static str, device: &'static str) -> Self {
        let (wire, up_to) = welcomed(server, user, device).await;
        Self {
            wire,
            user,
            device,
            minutes: up_to,
            steps: 0,
        }
    }

    fn next(&mut self, steps: i64) -> Value {
        let start_ms = MORNING_MS + self.minutes.cast_signed() * MINUTE_MS;
        self.minutes += 1;
        batch(self.minutes, start_ms, &[steps])
    }

    /// One more minute, acknowledged.
    pub(super) async fn walks(&mut self) -> Value {
        let batch = self.next(10);
        self.steps += 10;
        let ack = self.wire.ack(&batch).await;
        assert_eq!(ack["up_to_seq"], json!(self.minutes), "{ack}");
        ack
    }

    /// Enough minutes at once to be paid for the day.
    pub(super) async fn earns(&mut self) {
        let start_ms = MORNING_MS + self.minutes.cast_signed() * MINUTE_MS;
        let batch = batch(self.minutes + 1, start_ms, &[200; 30]);
        self.minutes += 30;
        self.steps += 30 * 200;
        self.wire.ack(&batch).await;
    }

    /// One more minute that counts at once.
    pub(super) async fn goes_on(&mut self) {
        let ack = self.walks().await;
        assert_eq!(ack["results"], json!([]));
    }

    /// A minute of so many steps, which nobody acknowledges: how the socket ends.
    pub(super) async fn sends_poison(&mut self, steps: i64) -> Closed {
        let batch = self.next(steps);
        self.wire.send(&batch).await;
        self.wire.closed().await
    }

    /// Comes back; every number that it has sent is done with, so that it goes on with the next.
    pub(super) async fn resumes(&mut self, server: &Server) {
        let (wire, up_to) = welcomed(server, self.user, self.device).await;
        assert_eq!(up_to, self.minutes, "what was sent needs no second sending");
        self.wire = wire;
    }
}

/// Says hello until it is welcomed; the highest number that needs no second sending.
async fn welcomed(server: &Server, user: &str, device: &str) -> (Wire, u64) {
    let until_ms = clock::monotonic_ms() + LONGEST_MS;
    loop {
        let mut wire = Wire::upgrade(server, &server.token(user)).await.unwrap();
        wire.send(&hello(device, NOON_MS)).await;
        match wire.next().await {
            Ok(frame) if frame["type"] == "welcome" => {
                let up_to = frame["resume_after"]["live"].as_u64().unwrap();
                return (wire, up_to);
            }
            Ok(other) => panic!("instead of a welcome: {other}"),
            Err(closed) => {
                let again = [1011, 1013].contains(&closed.code);
                assert!(again && clock::monotonic_ms() < until_ms, "{closed:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// What is stuck, as REST tells it.
pub(super) async fn stuck(server: &Server) -> Vec<Value> {
    server.rest().list("/v1/stuck").await.unwrap()
}

/// Waits until so much is stuck.
pub(super) async fn until_stuck(server: &Server, rows: usize) -> Vec<Value> {
    let until_ms = clock::monotonic_ms() + LONGEST_MS;
    loop {
        let found = stuck(server).await;
        if found.len() == rows {
            return found;
        }
        assert!(clock::monotonic_ms() < until_ms, "{rows} rows: {found:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The names of rows that are stuck for that reason.
pub(super) fn named(rows: &[Value], why: &str) -> Vec<String> {
    let of = rows.iter().filter(|row| row["why"] == why);
    of.map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

/// `streakline stuck ...`, which must succeed.
pub(super) fn command(server: &Server, args: &[&str]) -> String {
    let data = server.data_arg();
    let all = [&["stuck", "--data", &data, "--server", server.url()], args].concat();
    streakline(&all).expect_ok()
}

/// The steps of a user's day.
pub(super) async fn shown(server: &Server, user: &str) -> i64 {
    let path = format!("/v1/users/{user}/days/2016-04-13");
    let day = server.rest().get(&path).await.unwrap();
    day["display"].as_i64().unwrap()
}

/// A number of `/metrics`; 0 where it is not told yet.
pub(super) async fn metric(server: &Server, series: &str) -> f64 {
    let url = format!("{}/metrics", server.url());
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

/// Waits until a gauge has a value.
pub(super) async fn until_metric(server: &Server, series: &str, value: f64) {
    let until_ms = clock::monotonic_ms() + LONGEST_MS;
    loop {
        let found = metric(server, series).await;
        if (found - value).abs() < 0.5 {
            return;
        }
        assert!(clock::monotonic_ms() < until_ms, "{series} is {found}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
