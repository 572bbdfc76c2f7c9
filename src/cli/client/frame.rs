//! The frames that the server sends, as a client reads them: what it acts on is typed, what is pushed stays JSON.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::ClientError;

/// One frame from the server.
#[derive(Debug)]
pub enum Frame {
    /// The answer to `hello`.
    Welcome(Welcome),
    /// A batch is durable.
    Ack(Ack),
    /// A fault.
    Error(ErrorFrame),
    /// Anything else: its type and its text.
    Pushed(String, String),
}

/// The answer to `hello` (protocol.md 2).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Welcome {
    /// Zone in force.
    pub zone: String,
    /// Where the lanes of this outbox go on.
    pub resume_after: ResumeAfter,
    /// Unacknowledged batches allowed.
    pub credits: usize,
    /// Records allowed in a batch.
    pub max_records: usize,
    /// Bytes allowed in a frame.
    pub max_bytes: usize,
}

/// Highest contiguous durable number of each lane.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct ResumeAfter {
    /// Of `live`.
    pub live: u64,
    /// Of `backfill`.
    pub backfill: u64,
}

/// The answer to a batch (protocol.md 3).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Ack {
    /// As sent.
    pub batch_id: u64,
    /// Highest contiguous durable number of the lane.
    pub up_to_seq: u64,
    /// Unacknowledged batches allowed from now on.
    pub credits: usize,
    /// Records that are not plainly accepted.
    #[serde(default)]
    pub results: Vec<RecordResult>,
}

/// How one record was taken.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct RecordResult {
    /// Which record.
    pub seq: u64,
    /// `duplicate`, `clamped`, ...
    pub status: String,
    /// Why, where the status has several reasons.
    #[serde(default)]
    pub code: Option<String>,
    /// In words.
    #[serde(default)]
    pub detail: Option<String>,
}

/// A fault (protocol.md 6).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct ErrorFrame {
    /// One of protocol.md 8.
    pub code: String,
    /// In words.
    #[serde(default)]
    pub detail: String,
    /// The batch that caused it.
    #[serde(default)]
    pub batch_id: Option<u64>,
    /// The number that was expected instead.
    #[serde(default)]
    pub expected_seq: Option<u64>,
}

#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

impl Frame {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`ClientError::Answer`] when it is not a frame of the protocol.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let odd = |e: serde_json::Error| ClientError::Answer {
            what: "frame".into(),
            detail: format!("{e}: {text}"),
        };
        let peek: Peek<'_> = serde_json::from_str(text).map_err(odd)?;
        Ok(match &*peek.kind {
            "welcome" => Self::Welcome(serde_json::from_str(text).map_err(odd)?),
            "ack" => Self::Ack(serde_json::from_str(text).map_err(odd)?),
            "error" => Self::Error(serde_json::from_str(text).map_err(odd)?),
            _ => Self::Pushed(peek.kind.into_owned(), text.to_owned()),
        })
    }

    /// `welcome`, `ack`, `event`, ...
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Welcome(_) => "welcome",
            Self::Ack(_) => "ack",
            Self::Error(_) => "error",
            Self::Pushed(kind, _) => kind,
        }
    }

    /// What is pushed, as JSON; null for the typed frames.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Self::Pushed(_, text) => serde_json::from_str(text).unwrap_or(Value::Null),
            _ => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_protocol_are_read() {
        let welcome = r#"{"type":"welcome","server_time_ms":1460505600120,"user":"ann","zone":"Europe/Berlin",
            "session":"01J","resume_after":{"live":170,"backfill":0},"credits":4,"max_records":500,"max_bytes":65536,
            "heartbeat_s":25,"events":{"epoch":"k3v9","next_seq":42,"recovered":true}}"#;
        let Frame::Welcome(welcome) = Frame::parse(welcome).unwrap() else {
            panic!("no welcome")
        };
        assert_eq!(
            (
                welcome.resume_after.live,
                welcome.credits,
                welcome.max_records
            ),
            (170, 4, 500)
        );
        let ack = r#"{"type":"ack","batch_id":18,"lane":"live","up_to_seq":173,"credits":4,
            "results":[{"seq":172,"status":"rejected","code":"range","detail":"steps -4"}]}"#;
        let Frame::Ack(ack) = Frame::parse(ack).unwrap() else {
            panic!("no ack")
        };
        assert_eq!(
            (ack.batch_id, ack.up_to_seq, ack.results[0].seq),
            (18, 173, 172)
        );
        let error = r#"{"type":"error","code":"seq_gap","detail":"d","batch_id":19,"expected_seq":171,"fatal":false}"#;
        let Frame::Error(error) = Frame::parse(error).unwrap() else {
            panic!("no error")
        };
        assert_eq!(
            (error.code.as_str(), error.expected_seq),
            ("seq_gap", Some(171))
        );
    }

    #[test]
    fn what_is_pushed_keeps_its_json_and_unknown_kinds_pass() {
        let frame =
            Frame::parse(r#"{"type":"state","topic":"me/day/2016-04-13","version":9}"#).unwrap();
        assert_eq!(
            (frame.kind(), frame.json()["version"].as_u64()),
            ("state", Some(9))
        );
        assert_eq!(
            Frame::parse(r#"{"x":1,"type":"brand\u006eew"}"#)
                .unwrap()
                .kind(),
            "brandnew"
        );
    }

    #[test]
    fn what_is_no_frame_is_told_with_its_text() {
        for bad in ["", "[]", "{}", r#"{"type":"ack"}"#] {
            assert!(
                Frame::parse(bad)
                    .unwrap_err()
                    .to_string()
                    .contains("unexpected"),
                "{bad}"
            );
        }
    }
}
