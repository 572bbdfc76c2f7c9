//! A client of the stream for tests: sends any JSON, waits for the kind of frame that must come, never for ever.

use std::time::Duration;

use serde_json::{Value, json};
use streakline::cli::client::{Ack, ClientError, Frame, Stream, Welcome};
use tokio::time::timeout;

use super::Server;

/// Longest wait for one frame.
const LONGEST: Duration = Duration::from_secs(20);
/// Frames of other kinds that may come before the one that is waited for.
const OTHERS_MAX: usize = 10_000;

/// An open socket of a test.
pub(crate) struct TestStream {
    stream: Stream,
}

impl TestStream {
    /// Upgrades with `token`; no hello yet.
    pub(crate) async fn open(server: &Server, token: &str) -> Result<Self, ClientError> {
        let opened = timeout(LONGEST, Stream::connect(server.url(), token)).await;
        Ok(Self {
            stream: opened.expect("no answer to the upgrade")?,
        })
    }

    /// A device of `user` that has said hello; its outbox is the device's own id.
    pub(crate) async fn device(server: &Server, user: &str, device: &str) -> (Self, Welcome) {
        let clock = server.rest().clock().await.unwrap();
        let mut stream = Self::open(server, &server.token(user)).await.unwrap();
        let hello = json!({"type": "hello", "device_id": device, "outbox_id": device, "class": "watch",
            "zone": "UTC", "client_time_ms": clock.now_ms});
        stream.send(&hello).await;
        let welcome = stream.welcome().await;
        (stream, welcome)
    }

    /// Sends one frame.
    pub(crate) async fn send(&mut self, frame: &Value) {
        self.send_text(frame.to_string()).await.unwrap();
    }

    /// Sends any text.
    pub(crate) async fn send_text(&mut self, text: String) -> Result<(), ClientError> {
        timeout(LONGEST, self.stream.send(text))
            .await
            .expect("the server does not read")
    }

    /// The next frame of any kind.
    pub(crate) async fn recv(&mut self) -> Result<Frame, ClientError> {
        timeout(LONGEST, self.stream.next())
            .await
            .expect("nothing comes")
    }

    /// The next frame of `kind`, others skipped.
    pub(crate) async fn expect(&mut self, kind: &str) -> Frame {
        for _ in 0..OTHERS_MAX {
            let frame = self
                .recv()
                .await
                .unwrap_or_else(|e| panic!("waiting for {kind}: {e}"));
            if frame.kind() == kind {
                return frame;
            }
        }
        panic!("no {kind} among {OTHERS_MAX} frames");
    }

    /// The next pushed frame of `kind` as JSON.
    pub(crate) async fn expect_json(&mut self, kind: &str) -> Value {
        self.expect(kind).await.json()
    }

    /// The next `welcome`.
    pub(crate) async fn welcome(&mut self) -> Welcome {
        let Frame::Welcome(welcome) = self.expect("welcome").await else {
            unreachable!()
        };
        welcome
    }

    /// The next `ack`.
    pub(crate) async fn ack(&mut self) -> Ack {
        let Frame::Ack(ack) = self.expect("ack").await else {
            unreachable!()
        };
        ack
    }

    /// The code of the next `error`, and the batch that it names.
    pub(crate) async fn error(&mut self) -> (String, Option<u64>) {
        let Frame::Error(error) = self.expect("error").await else {
            unreachable!()
        };
        (error.code, error.batch_id)
    }

    /// The close code that the server sends, frames before it skipped.
    pub(crate) async fn close_code(&mut self) -> u16 {
        for _ in 0..OTHERS_MAX {
            match self.recv().await {
                Ok(_before) => {}
                Err(ClientError::Closed { code, .. }) => return code,
                Err(other) => panic!("waiting for a close: {other}"),
            }
        }
        panic!("no close among {OTHERS_MAX} frames");
    }

    /// Closes with 1000.
    pub(crate) async fn close(self) {
        let _gone_already = timeout(LONGEST, self.stream.close()).await;
    }
}

/// A batch of one-minute step records from `start_ms` on, ids and numbers from `first_seq` on.
pub(crate) fn batch(first_seq: u64, start_ms: i64, steps: &[i64]) -> Value {
    let records: Vec<Value> = steps
        .iter()
        .zip(0_i64..)
        .map(|(value, minute)| {
            let start_ms = start_ms + minute * 60_000;
            let id = (first_seq + minute.unsigned_abs()).to_string();
            json!({"id": id, "metric": "steps", "start_ms": start_ms, "end_ms": start_ms + 60_000,
                "value": value, "method": "auto"})
        })
        .collect();
    json!({"type": "batch", "batch_id": first_seq, "lane": "live", "first_seq": first_seq, "records": records})
}
