//! What a server says of itself on `/metrics`, and what the system says of it.

use std::time::Duration;

use streakline::clock;

use super::Server;

/// Longest wait for a figure.
const LONGEST_MS: u64 = 120_000;
const POLL: Duration = Duration::from_millis(20);

/// One look at `/metrics`.
pub(crate) struct Figures(String);

impl Figures {
    pub(crate) async fn of(server: &Server) -> Self {
        let answer = reqwest::get(format!("{}/metrics", server.url())).await;
        Self(answer.unwrap().text().await.unwrap())
    }

    /// The values of a series with these labels (`kind="user"`), whatever its other labels are.
    fn values(&self, name: &str, label: &str) -> Vec<u64> {
        let of_name = |line: &&str| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
        };
        let lines = self.0.lines().filter(of_name);
        let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        lines.map(|line| value(line) as u64).collect()
    }

    /// The sum over all arbiters.
    pub(crate) fn sum(&self, name: &str, label: &str) -> u64 {
        self.values(name, label).iter().sum()
    }

    /// The largest of all arbiters.
    pub(crate) fn max(&self, name: &str) -> u64 {
        self.values(name, "").into_iter().max().unwrap_or(0)
    }

    /// Whether the series is there at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        !self.values(name, "").is_empty()
    }
}

/// Users in memory.
pub(crate) async fn users_in_memory(server: &Server) -> u64 {
    Figures::of(server)
        .await
        .sum("streakline_actors", "kind=\"user\"")
}

/// Waits until the sum of a series is what is wanted.
pub(crate) async fn until(server: &Server, name: &str, wanted: impl Fn(u64) -> bool) -> u64 {
    let begun_ms = clock::monotonic_ms();
    loop {
        let value = Figures::of(server).await.sum(name, "");
        if wanted(value) {
            return value;
        }
        let waited_ms = clock::monotonic_ms() - begun_ms;
        assert!(waited_ms < LONGEST_MS, "{name} stays at {value}");
        tokio::time::sleep(POLL).await;
    }
}

/// Memory of the server that is in use, in bytes.
pub(crate) fn resident_bytes(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1_024
}
