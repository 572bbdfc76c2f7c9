//! The disk in the same minute: one append with its sync, by `load-tests/peers/disk`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::arithmetic::lowest;
use super::lab::Lab;

/// Longest time of the look.
const PATIENCE: Duration = Duration::from_secs(60);

/// One line of what the program says.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Append {
    pub(super) bytes: u64,
    pub(super) preallocated: bool,
    pub(super) syncs_per_s: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) mb_per_s: f64,
}

/// What the disk does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(super) struct Disk {
    pub(super) appends: Vec<Append>,
}

impl Disk {
    /// The p99 of one sync in milliseconds, of the quickest way to append: the hardest measure of a server.
    pub(super) fn p99_ms(&self) -> f64 {
        let all: Vec<f64> = self.appends.iter().map(|append| append.p99_us).collect();
        lowest(&all) / 1_000.0
    }
}

/// Measures it, one second for each way, where the servers keep their data.
pub(super) fn measure(lab: &Lab<'_>, folder: &Path) -> Result<Disk> {
    let mut command = Command::new("load-tests/peers/disk");
    command.args(["--seconds", "1", "--dir"]).arg(folder);
    let text = lab.program("disk", command, PATIENCE)?;
    serde_json::from_str(&text).context("what load-tests/peers/disk says")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardest_measure_is_the_lowest_p99() {
        let text = r#"{"peer":"disk","seconds":1,"appends":[{"bytes":5200,"preallocated":false,"syncs_per_s":900,"p50_us":300,"p99_us":2500,"mb_per_s":4.7},
            {"bytes":5200,"preallocated":true,"syncs_per_s":7000,"p50_us":120,"p99_us":250,"mb_per_s":40.0}]}"#;
        let disk: Disk = serde_json::from_str(text).unwrap();
        assert_eq!(disk.p99_ms(), 0.25);
    }
}
