//! What the machine is, and how busy it is: from `/proc`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// How long it is looked at whether others are busy.
const LOOK: Duration = Duration::from_secs(2);
/// Ticks of a second in `/proc/stat`.
const TICKS_PER_S: f64 = 100.0;

/// One line: processor, cores, memory, kernel, file system, compiler, version. No name of a host.
pub(super) fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let cores = field(&processors, "processor").count();
    let model = field(&processors, "model name").next().unwrap_or("unknown");
    let memory = read("/proc/meminfo");
    let kb = field(&memory, "MemTotal").next();
    let kb = kb.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let gib = kb.map_or(0.0, |kb| kb / 1_048_576.0);
    let release = read("/proc/sys/kernel/osrelease");
    // What comes behind the version is a distributor's.
    let kernel = release.split('-').next().unwrap_or_default();
    let system = std::env::current_dir()
        .map(|folder| file_system(&read("/proc/self/mounts"), &folder).to_owned())
        .unwrap_or_default();
    let compiler = first_line("rustc", &["--version"]);
    format!(
        "{cores} cores of {model}, {gib:.1} GiB of memory, Linux {}, {system}, {compiler}, the release profile with overflow checks on",
        kernel.trim()
    )
}

/// The commit that is measured, short.
pub(super) fn commit() -> String {
    first_line("git", &["rev-parse", "--short", "HEAD"])
}

/// Values of the lines `name : value`.
fn field<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    let named = pairs.filter(move |(key, _)| key.trim() == name);
    named.map(|(_, value)| value.trim())
}

/// Type of the file system that a folder is on: of all mounts above it the last and deepest.
fn file_system<'a>(mounts: &'a str, folder: &Path) -> &'a str {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((PathBuf::from(words.next()?), words.next()?))
    });
    let above = mounts.filter(|(path, _)| folder.starts_with(path));
    let deepest = above.max_by_key(|(path, _)| path.components().count());
    deepest.map_or("an unknown file system", |(_, system)| system)
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text.unwrap_or_default();
    line.lines().next().unwrap_or("unknown").to_owned()
}

/// The load of the last minute; what was measured just before is in it.
pub(super) fn load_average() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    let first = text
        .split(' ')
        .next()
        .context("the form of /proc/loadavg")?;
    Ok(first.parse()?)
}

/// Cores that are busy while nothing is measured.
pub(super) fn busy_cores() -> Result<f64> {
    let before = busy_ticks(&fs::read_to_string("/proc/stat")?)?;
    std::thread::sleep(LOOK);
    let after = busy_ticks(&fs::read_to_string("/proc/stat")?)?;
    Ok((after - before) / TICKS_PER_S / LOOK.as_secs_f64())
}

/// User, nice, system, interrupts and what the host took, of all cores: everything but idle and waiting.
fn busy_ticks(stat: &str) -> Result<f64> {
    let line = stat.lines().next().context("the form of /proc/stat")?;
    let ticks: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .map_while(|word| word.parse().ok())
        .collect();
    let [user, nice, system, _idle, _waiting, hard, soft, stolen] =
        *ticks.first_chunk().context("the form of /proc/stat")?;
    Ok(user + nice + system + hard + soft + stolen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_is_everything_but_idle_and_waiting() {
        let stat = "cpu  10 1 5 1000 200 2 3 4 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(busy_ticks(stat).unwrap(), 25.0);
        assert!(busy_ticks("").is_err());
    }

    #[test]
    fn the_file_system_is_that_of_the_deepest_mount() {
        let mounts = "d / ext4 rw 0 0\nt /tmp tmpfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/tmp/a")), "tmpfs");
        assert_eq!(file_system(mounts, Path::new("/tmpfiles")), "ext4");
    }

    #[test]
    fn fields_are_found_by_their_name() {
        let text = "processor\t: 0\nmodel name\t: A B\nprocessor\t: 1\n";
        assert_eq!(field(text, "processor").count(), 2);
        assert_eq!(field(text, "model name").next(), Some("A B"));
    }
}
