//! Why a socket is closed: the close code and its reason, JSON of at most 123 bytes (protocol.md 6).

use serde::Serialize;

use crate::protocol::error_code::Code;

/// What RFC 6455 leaves of a control frame's 125 bytes beside the close code.
pub const REASON_BYTES_MAX: usize = 123;

/// A close code with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseReason {
    /// The close code.
    pub close: u16,
    /// Stable, meant for programs.
    pub code: &'static str,
    /// When to come back, in ms.
    pub retry_after_ms: Option<u64>,
}

#[derive(Serialize)]
struct Reason {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl CloseReason {
    /// No hello, repeated bad frames.
    pub const PROTOCOL_VIOLATION: u16 = 4400;
    /// Silent peer.
    pub const SILENT: Self = Self::plain(4408, "silent_peer");
    /// The client does not read what it is sent.
    pub const SLOW_READER: Self = Self {
        close: 4413,
        code: "slow_reader",
        retry_after_ms: Some(2_000),
    };
    /// The peer went without a close frame; counted, never sent.
    pub const VANISHED: Self = Self::plain(1006, "vanished");
    /// The peer closed; counted, never sent.
    pub const LEFT: Self = Self::plain(1000, "left");
    /// A newer socket of the same device has taken over.
    pub const REPLACED: Self = Self::plain(4409, "replaced");
    /// Invalid UTF-8.
    pub const NOT_UTF8: Self = Self::plain(1007, "not_utf8");
    /// A frame that breaks the WebSocket protocol itself.
    pub const WEBSOCKET_FAULT: Self = Self::plain(1002, "bad_frame");
    /// A frame or joined fragments above `max_bytes`.
    pub const TOO_LARGE: Self = Self::plain(1009, "too_large");
    /// A binary frame on a text subprotocol, or the other way round.
    pub const OTHER_FORM: Self = Self::plain(1003, "unsupported_media");

    const fn plain(close: u16, code: &'static str) -> Self {
        Self {
            close,
            code,
            retry_after_ms: None,
        }
    }

    /// The close that goes with a code; 4400 for one that ends no socket by itself.
    #[must_use]
    pub fn of(code: Code, retry_after_ms: Option<u64>) -> Self {
        let close = match code {
            Code::Forbidden => 4403,
            code => code.close().unwrap_or(Self::PROTOCOL_VIOLATION),
        };
        Self {
            close,
            code: code.name(),
            retry_after_ms,
        }
    }

    /// The reason's JSON.
    #[must_use]
    pub fn json(&self) -> String {
        super::encode(&Reason {
            code: self.code,
            retry_after_ms: self.retry_after_ms,
        })
    }
}
