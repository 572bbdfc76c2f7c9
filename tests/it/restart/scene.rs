//! Servers on the system's clock that are started again, and what their users have.

use streakline::clock;
use streakline_core::civil::Day;

use crate::harness::load::name;
use crate::harness::{Server, settings_file};

const DAY_S: i64 = 86_400;
/// Long enough ago for some hundred minutes of one user.
const BEGUN_MS: i64 = 20 * 3_600_000;
/// No line a request; and all test sockets come from one address.
const LOG: &str = "log = \"warn,streakline::server=info\"\n";
const ALWAYS: &str = "[limits]\nconnections_per_address = 20000\n";

/// A server that can be started again with the settings that it has.
pub(crate) struct Scene {
    pub(crate) server: Server,
    _settings: tempfile::TempDir,
    /// Every test minute lies after it and before now.
    pub(crate) since_ms: i64,
}

impl Scene {
    /// A server on an empty directory with these settings (TOML) and room for all sockets of a test.
    pub(crate) fn with(settings: &str) -> Self {
        Self::first(&format!("{ALWAYS}{settings}"))
    }

    /// A server on an empty directory with these settings alone.
    pub(crate) fn first(settings: &str) -> Self {
        let (dir, path) = settings_file(&format!("{LOG}{settings}"));
        Self {
            server: Server::start("system", &["--config", &path]),
            _settings: dir,
            since_ms: (clock::unix_ms() - BEGUN_MS) / 60_000 * 60_000,
        }
    }

    /// Steps that a user has, whatever day they are on.
    pub(crate) async fn steps(&self, number: usize) -> i64 {
        steps_of(&self.server, number, self.since_ms).await
    }
}

/// Steps that a user of a server has since some time, whatever day they are on.
pub(crate) async fn steps_of(server: &Server, number: usize, since_ms: i64) -> i64 {
    let day = |s: i64| Day(i32::try_from(s / DAY_S).unwrap()).iso();
    let (from, to) = (since_ms / 1_000, clock::unix_s());
    let range = format!("from={}&to={}", day(from), day(to));
    let path = format!("/v1/users/{}/days?{range}", name(number));
    let days = server.rest().list(&path).await.unwrap();
    let shown = |day: &serde_json::Value| day["display"].as_i64().unwrap();
    days.iter().map(shown).sum()
}
