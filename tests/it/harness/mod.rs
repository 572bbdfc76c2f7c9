//! Starts the real server on a port of its own with a directory of its own, stops it in every way that a machine can, and
//! talks to it. Every wait has an end.
#![allow(
    dead_code,
    unused_imports,
    reason = "tools for all test modules; none needs every one"
)]

pub(crate) mod cql;
pub(crate) mod dump;
pub(crate) mod figures;
pub(crate) mod load;
pub(crate) mod meters;
pub(crate) mod program;
pub(crate) mod server;
pub(crate) mod stream;
pub(crate) mod wire;

pub(crate) use program::{Finished, streakline};
pub(crate) use server::Server;
pub(crate) use stream::TestStream;
pub(crate) use wire::Wire;

use std::path::PathBuf;

/// A folder under `tests/fixtures`, or `demo`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Runs a test's asynchronous part.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

/// A server on an empty directory at `time` with these settings (TOML); it is not to be started again.
pub(crate) fn configured(time: &str, settings: &str) -> Server {
    let (_dir, path) = settings_file(settings);
    Server::start(&format!("virtual:{time}"), &["--config", &path])
}

/// Settings (TOML) in a file, for a server that is started again: the file is there as long as the directory is.
pub(crate) fn settings_file(settings: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.toml");
    std::fs::write(&path, settings).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}
