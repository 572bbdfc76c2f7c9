//! What a server costs and counts: its memory and descriptors from /proc, its series from `/metrics`. Every wait has an end.

use std::time::Duration;

use streakline::clock;

use super::Server;

/// Longest wait for something to become so.
const LONGEST_MS: u64 = 120_000;
const POLL: Duration = Duration::from_millis(100);

pub(crate) const MIB: u64 = 1024 * 1024;

/// Resident memory of the server, bytes.
pub(crate) fn resident_bytes(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() * 1_024
}

/// Open descriptors of the server.
pub(crate) fn descriptors(server: &Server) -> usize {
    let dir = std::fs::read_dir(format!("/proc/{}/fd", server.pid()));
    dir.unwrap().count()
}

/// The value of a series of `/metrics`, as it is written there; 0 where there is none.
pub(crate) async fn metric(server: &Server, series: &str) -> f64 {
    let answer = reqwest::get(format!("{}/metrics", server.url())).await;
    let text = answer.unwrap().text().await.unwrap();
    let of = |line: &str| line.strip_prefix(series)?.trim().parse().ok();
    text.lines().find_map(of).unwrap_or(0.0)
}

/// How many sockets were closed with that code.
pub(crate) async fn closes(server: &Server, code: u16) -> u64 {
    let series = format!("streakline_stream_closes_total{{code=\"{code}\"}}");
    metric(server, &series).await as u64
}

/// How many sockets there are.
pub(crate) async fn sessions(server: &Server) -> u64 {
    metric(server, "streakline_stream_sessions").await as u64
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end_ms = clock::monotonic_ms() + LONGEST_MS;
    while !is_so().await {
        assert!(clock::monotonic_ms() < end_ms, "never: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// The largest resident memory of the server while `work` goes on, and what `work` gives.
pub(crate) async fn peak_bytes<T>(server: &Server, work: impl Future<Output = T>) -> (u64, T) {
    let mut peak = resident_bytes(server);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return (peak.max(resident_bytes(server)), done),
            () = tokio::time::sleep(POLL) => peak = peak.max(resident_bytes(server)),
        }
    }
}
