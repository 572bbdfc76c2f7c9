//! A device as an app would have it: it sends its queue, and when its socket ends it connects anew and goes on behind what was
//! acknowledged.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use streakline::clock;

use crate::harness::load::{hello, minutes, tokens};
use crate::harness::{Server, Wire};

/// Steps of each minute.
pub(super) const STEPS: i64 = 10;
/// Records that a device has in all: each is a minute before now.
const MINUTES: u64 = 1_000;
const AGAIN: Duration = Duration::from_millis(300);
/// How long a socket may say nothing before the device gives it up.
const SILENT: Duration = Duration::from_secs(30);

/// What a device has been told.
#[derive(Default)]
pub(super) struct Told {
    /// The highest number that was acknowledged.
    pub(super) acknowledged: AtomicU64,
    /// Sockets so far.
    pub(super) sockets: AtomicU64,
    /// It is to stop.
    pub(super) stop: AtomicBool,
}

impl Told {
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// Waits until more than `count` are acknowledged.
    pub(super) async fn beyond(&self, count: u64) {
        let until = clock::monotonic_ms() + 120_000;
        while self.acknowledged() <= count {
            assert!(
                clock::monotonic_ms() < until,
                "nothing is acknowledged beyond {count}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Acquire) && self.acknowledged() < MINUTES
    }
}

/// When the minutes of all devices begin, POSIX ms.
pub(super) fn since_ms() -> i64 {
    (clock::unix_ms() - 20 * 3_600_000) / 60_000 * 60_000
}

/// Sends one minute after the other until it is told to stop; answers with the highest that was acknowledged.
pub(super) async fn stream(server: &Server, (number, since_ms): (usize, i64), told: &Told) -> u64 {
    let token = tokens(server, number..number + 1).remove(0);
    while told.goes_on() {
        if let Ok(wire) = Wire::upgrade(server, &token).await {
            told.sockets.fetch_add(1, Ordering::AcqRel);
            on_socket(wire, number, since_ms, told).await;
        }
        tokio::time::sleep(AGAIN).await;
    }
    told.acknowledged()
}

async fn on_socket(mut wire: Wire, number: usize, since_ms: i64, told: &Told) {
    wire.patience = SILENT;
    wire.send(&hello(number)).await;
    let Some(welcome) = next(&mut wire, "welcome").await else {
        return;
    };
    let mut sent = welcome["resume_after"]["live"].as_u64().unwrap();
    assert!(
        sent >= told.acknowledged(),
        "what was acknowledged has gone: {welcome}"
    );
    while told.goes_on() {
        wire.send(&minutes(sent + 1, since_ms, 1, STEPS)).await;
        let Some(ack) = next(&mut wire, "ack").await else {
            return;
        };
        sent = ack["up_to_seq"].as_u64().unwrap();
        told.acknowledged.fetch_max(sent, Ordering::AcqRel);
    }
}

/// The next frame of a kind; nothing when the socket ends, or when it must be given up.
async fn next(wire: &mut Wire, kind: &str) -> Option<Value> {
    loop {
        let frame = wire.next().await.ok()?;
        if frame["type"] == kind {
            return Some(frame);
        }
        if frame["type"] == "error" || frame["type"] == "bye" {
            return None;
        }
    }
}
