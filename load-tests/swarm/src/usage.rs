//! What Linux says about a process: CPU, memory and bytes written, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// Ticks of a second in `/proc/PID/stat`; Linux has told user space 100 for ever.
const TICKS_PER_S: f64 = 100.0;

/// A process at one moment.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Usage {
    /// User and system time since its start, in seconds.
    pub(crate) cpu_s: f64,
    /// Resident memory.
    pub(crate) rss_bytes: u64,
    /// The most that was resident since its start.
    pub(crate) rss_peak_bytes: u64,
    /// Bytes that it handed to the kernel, to files and sockets alike.
    pub(crate) wchar: u64,
    /// Bytes that went to a disk for it.
    pub(crate) write_bytes: u64,
}

impl Usage {
    /// What the process has used until now.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let read = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            fs::read_to_string(&path).with_context(|| path)
        };
        let status = numbers(&read("status")?);
        // Another user's may not be read; then there are no bytes to tell.
        let io = read("io").map(|text| numbers(&text)).unwrap_or_default();
        let number = |of: &BTreeMap<String, u64>, name: &str| of.get(name).copied().unwrap_or(0);
        Ok(Self {
            cpu_s: cpu_s(&read("stat")?).context("the form of /proc/PID/stat")?,
            rss_bytes: number(&status, "VmRSS") * 1_024,
            rss_peak_bytes: number(&status, "VmHWM") * 1_024,
            wchar: number(&io, "wchar"),
            write_bytes: number(&io, "write_bytes"),
        })
    }
}

/// Lines such as `VmRSS:   12 kB`.
fn numbers(text: &str) -> BTreeMap<String, u64> {
    let lines = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let number = value.split_whitespace().next()?.parse().ok()?;
        Some((name.to_owned(), number))
    });
    lines.collect()
}

/// User and system time: the 14th and 15th field, counted from behind the name, which may hold blanks.
fn cpu_s(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_a_name_with_blanks() {
        let stat = "7 (a b) c) S 1 1 1 0 -1 4 5 6 7 8 250 50 0 0 20 0 1 0 99";
        assert_eq!(cpu_s(stat), Some(3.0));
    }

    #[test]
    fn this_process_has_memory() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.rss_bytes > 100_000, "{usage:?}");
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(Usage::of(u32::MAX).is_err());
    }
}
