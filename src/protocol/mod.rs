//! Wire types: what travels between clients and the server, and nothing of how it is computed.
//!
//! Frames and bodies are made here from core's events and views; core types are never serialised to clients (law 9).

pub mod body;
pub mod cbor;
pub mod client_frame;
pub mod error_code;
pub mod export;
pub mod form;
pub mod problem;
pub mod server_frame;

#[cfg(test)]
pub(crate) mod example;
