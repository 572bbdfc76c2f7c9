//! The Streakline server: everything around the pure rules of `streakline_core`.
//!
//! [`server::run`] is the only place where its parts are put together; `main` reads the command line and calls it through `cli`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that fails may panic")
)]

pub mod actors;
pub mod api;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod entropy;
pub mod gateway;
pub mod http;
pub mod keys;
pub mod protocol;
pub mod push;
pub mod registry;
pub mod server;
pub mod shutdown;
pub mod storage;
pub mod telemetry;
pub mod tls;
pub mod zones;
