//! What the machine says of this process, read from /proc when `/metrics` is asked: memory, descriptors, CPU time, and since when.
//!
//! The names without our prefix are those that Prometheus gives every process. On a system without /proc they are left out.

use std::fmt::Write as _;
use std::fs;

use super::series;
use crate::clock;

/// What this file tells; the recorder does not know of it.
pub(super) const RENDERED: [&str; 5] = [
    series::BUILD_INFO,
    series::UPTIME_SECONDS,
    series::PROCESS_RESIDENT_MEMORY_BYTES,
    series::PROCESS_OPEN_FDS,
    series::PROCESS_CPU_SECONDS,
];
/// The unit of CPU times in /proc/self/stat, on every Linux.
const TICKS_PER_S: f64 = 100.0;
/// Where `utime` stands in /proc/self/stat behind the name in brackets; `stime` follows it.
const UTIME_FIELD: usize = 11;

/// The lines of this process, in the text format of Prometheus.
#[must_use]
pub fn render() -> String {
    let mut out = String::new();
    let version = env!("CARGO_PKG_VERSION");
    told(
        &mut out,
        series::BUILD_INFO,
        &format!("{{version=\"{version}\"}}"),
        1.0,
    );
    let uptime_s = clock::monotonic_ms() as f64 / 1_000.0;
    let measured = [
        (series::UPTIME_SECONDS, Some(uptime_s)),
        (series::PROCESS_RESIDENT_MEMORY_BYTES, resident_bytes()),
        (series::PROCESS_OPEN_FDS, open_descriptors()),
        (series::PROCESS_CPU_SECONDS, cpu_seconds()),
    ];
    for (name, value) in measured {
        if let Some(value) = value {
            told(&mut out, name, "", value);
        }
    }
    out
}

fn told(out: &mut String, name: &str, labels: &str, value: f64) {
    if let Some(series) = series::ALL.iter().find(|series| series.name == name) {
        let (kind, meaning) = (series.kind.name(), series.meaning());
        let _ = writeln!(out, "# HELP {name} {meaning}\n# TYPE {name} {kind}");
        let _ = writeln!(out, "{name}{labels} {value}\n");
    }
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    resident_of(&status)
}

/// `VmRSS:     1234 kB` in bytes.
fn resident_of(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024.0)
}

fn open_descriptors() -> Option<f64> {
    // The one that reads the folder is among them.
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(open.saturating_sub(1) as f64)
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    cpu_of(&stat)
}

/// User and system time. The name may hold spaces and brackets, so fields are counted from its last bracket.
fn cpu_of(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(UTIME_FIELD).take(2);
    let ticks: Option<Vec<f64>> = times.map(|ticks| ticks.parse().ok()).collect();
    match ticks?.as_slice() {
        [user, system] => Some((user + system) / TICKS_PER_S),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read_as_linux_writes_it() {
        let status = "Name:\tstreakline\nVmHWM:\t  9000 kB\nVmRSS:\t  2048 kB\n";
        assert_eq!(resident_of(status), Some(2_097_152.0));
        let stat = "7 (a b) c)) S 1 7 7 0 -1 4194560 500 0 0 0 150 50 0 0 20 0 9 0 1 1";
        assert_eq!(cpu_of(stat), Some(2.0));
        assert_eq!((resident_of(""), cpu_of("")), (None, None));
    }

    #[test]
    fn this_process_has_memory_descriptors_and_a_version() {
        let page = render();
        let value = |name: &str| {
            let line = page.lines().find(|line| line.starts_with(name)).unwrap();
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
        };
        assert!(
            value("process_resident_memory_bytes ") > 1_000_000.0,
            "{page}"
        );
        assert!(value("process_open_fds ") >= 3.0);
        assert!(value("process_cpu_seconds_total ") >= 0.0);
        assert!(page.contains("streakline_build_info{version=\""));
        assert!(page.contains("# TYPE process_cpu_seconds_total counter"));
    }
}
