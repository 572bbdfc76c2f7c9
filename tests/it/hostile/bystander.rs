//! Somebody who does no harm: during and after every attack her next batch must be acknowledged and its total pushed, and her
//! steps must all be there.

use std::time::Duration;

use serde_json::json;
use streakline_core::civil::MINUTE_MS;

use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire};

pub(super) const NOON_MS: i64 = 1_460_548_800_000;
const MORNING_MS: i64 = NOON_MS - 6 * 60 * MINUTE_MS;
const STEPS: i64 = 10;
const TOPIC: &str = "me/day/2016-04-13";
/// Minutes of the morning that she can fill; then she only asks for pongs.
const MINUTES_MAX: u64 = 350;
const BETWEEN: Duration = Duration::from_millis(200);
const WATCH: &str = "b1b1b1b1-8f4e-5d0a-9a53-0d7a5f3b2c11";

/// A server at noon of 2016-04-13.
pub(super) fn server() -> Server {
    Server::virtual_at("2016-04-13T12:00:00Z")
}

/// A device of Bob.
pub(super) struct Bystander {
    wire: Wire,
    minutes: u64,
}

impl Bystander {
    pub(super) async fn new(server: &Server) -> Self {
        let (wire, _) = Wire::hello(server, "bob", &hello(WATCH, NOON_MS)).await;
        Self { wire, minutes: 0 }
    }

    /// One more minute is acknowledged on the socket that has been open from the first.
    pub(super) async fn goes_on(&mut self) {
        let start_ms = MORNING_MS + self.minutes.cast_signed() * MINUTE_MS;
        self.minutes += 1;
        let ack = self
            .wire
            .ack(&batch(self.minutes, start_ms, &[STEPS]))
            .await;
        assert_eq!(
            (&ack["up_to_seq"], &ack["results"]),
            (&json!(self.minutes), &json!([]))
        );
    }

    /// She goes on and on while others do their harm; what they give.
    pub(super) async fn beside<T>(&mut self, harm: impl Future<Output = T>) -> T {
        tokio::pin!(harm);
        loop {
            if self.minutes < MINUTES_MAX {
                self.goes_on().await;
            } else {
                self.wire.send(&json!({"type": "ping", "id": 1})).await;
                self.wire.expect("pong").await;
            }
            tokio::select! {
                done = &mut harm => return done,
                () = tokio::time::sleep(BETWEEN) => {}
            }
        }
    }

    /// The newest total of her day is pushed to her.
    pub(super) async fn is_told(&mut self) {
        let total = json!(self.minutes.cast_signed() * STEPS);
        let is_newest =
            |frame: &serde_json::Value| frame["topic"] == TOPIC && frame["display"] == total;
        if !self.wire.seen.iter().any(is_newest) {
            self.wire.until("her newest total", is_newest).await;
        }
    }

    /// Everything that was acknowledged is there, and no more.
    pub(super) async fn has_lost_nothing(&self, server: &Server) {
        assert!(self.minutes > 0);
        let steps = self.minutes.cast_signed() * STEPS;
        assert_eq!(shown(server, "bob").await, steps);
    }
}

/// The steps of a user's day.
pub(super) async fn shown(server: &Server, user: &str) -> i64 {
    let path = format!("/v1/users/{user}/days/2016-04-13");
    server.rest().get(&path).await.unwrap()["display"]
        .as_i64()
        .unwrap()
}
