//! The one integration binary: the real program, real sockets, real crashes.
#![allow(clippy::unwrap_used, reason = "tests state what must be")]
#![allow(
    clippy::print_stdout,
    reason = "a failed test shows what the server said"
)]

mod harness;
mod replay;
mod synthetic;
mod verify;
