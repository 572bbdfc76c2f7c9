//! Somebody who does no harm: after every attack her next batch must be acknowledged, and her steps must all be there.

use serde_json::json;
use streakline_core::civil::MINUTE_MS;

use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire};

pub(super) const NOON_MS: i64 = 1_460_548_800_000;
const MORNING_MS: i64 = NOON_MS - 6 * 60 * MINUTE_MS;
const STEPS: i64 = 10;
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
