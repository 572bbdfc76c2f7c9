//! A client of the server's two doors, REST and the stream, that knows nothing but the wire protocol.
//!
//! It keeps no state of users and decides nothing. Used by `replay`, `verify` and `demo`, and by the tests that start
//! the real server.

pub mod address;
pub mod frame;
pub mod rest;
pub mod stream;

pub use address::{Address, ServerArgs};
pub use frame::{Ack, ErrorFrame, Frame, RecordResult, Welcome};
pub use rest::{Rest, ServerClock, Write, fresh_key};
pub use stream::Stream;

/// What can go wrong between a client and the server.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server answered with a problem (RFC 9457).
    #[error("{what}: {status} {code}: {detail}")]
    Problem {
        /// Method and path.
        what: String,
        /// HTTP status.
        status: u16,
        /// One of protocol.md 8.
        code: String,
        /// In words, with the faults of a body.
        detail: String,
    },
    /// The server cannot be reached, or went away.
    #[error("{what}: {detail}")]
    Transport {
        /// What was tried.
        what: String,
        /// What happened.
        detail: String,
    },
    /// The server closed the socket.
    #[error("the server closed the stream: {code} {reason}")]
    Closed {
        /// Close code of protocol.md 6.
        code: u16,
        /// Its reason, JSON.
        reason: String,
    },
    /// The answer is not what the protocol says.
    #[error("{what}: unexpected answer: {detail}")]
    Answer {
        /// What was asked.
        what: String,
        /// What is odd about it.
        detail: String,
    },
    /// Nobody vouches for a server.
    #[error("{0}")]
    Trust(String),
    /// The address is not one of a server.
    #[error("`{0}` is not an address such as http://127.0.0.1:8080")]
    Address(String),
}

impl ClientError {
    /// The problem's code, where the server answered with one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem { code, .. } => Some(code),
            _ => None,
        }
    }
}
