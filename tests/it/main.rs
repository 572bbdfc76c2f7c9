//! The one integration binary: real processes and real sockets, and the tidy rules over the repository's text.
//!
//! One binary, so that it links once. Unit tests and the rules' own tests are with the code.
#![allow(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, in its own functions too"
)]

mod cql;
mod golden_day;
mod harness;
mod hostile;
mod memory;
mod operation;
mod poison;
mod replay;
mod rest;
mod restart;
mod secured_cql;
mod security;
mod storage;
mod stream;
mod stream_schema;
mod synthetic;
mod tidy;
mod verify;
