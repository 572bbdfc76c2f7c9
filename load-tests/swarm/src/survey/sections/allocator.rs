//! jemalloc against the system's allocator.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::{Findings, Lab, Results, Section};

pub(super) const SECTION: Section = Section {
    name: "allocator",
    title: "jemalloc against the system's allocator",
    method: "The same load (1,000 connections, window 1, JSON) on the server as it is built by default and as `--no-default-features` builds it, \
             and 10,000 sockets that have said hello.",
    measure,
};

/// Longest time of a build.
const PATIENCE: Duration = Duration::from_secs(3_600);

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    let system = &lab.args.system_server;
    if !system.exists() {
        let mut command = Command::new("cargo");
        command.args([
            "build",
            "--release",
            "--locked",
            "-p",
            "streakline",
            "--no-default-features",
        ]);
        command.args(["--target-dir", "target/system-allocator"]);
        lab.program("build", command, PATIENCE)?;
    }
    for run in lab.runs() {
        for (name, server) in [("jemalloc", &lab.args.server), ("system", system)] {
            let words = format!(
                "vehicle --devices 1000 --window 1 --seconds {}",
                lab.seconds()
            );
            let load = lab.run_server(&format!("{name}-{run}"), &words, server)?;
            findings.add(&format!("{name}: CPU of a frame"), "us", load.cpu_us()?);
            findings.add(&format!("{name}: frames/s"), "", load.frames_per_s()?);
            findings.add(
                &format!("{name}: resident at the end"),
                "MB",
                load.number("/server/rss_end_bytes")? / 1e6,
            );
            let idle = lab.run_server(
                &format!("{name}-idle-{run}"),
                "idle --devices 10000 --warmup 1 --seconds 10",
                server,
            )?;
            findings.add(
                &format!("{name}: resident of an idle socket with its user"),
                "kB",
                idle.number("/server/rss_bytes_per_socket")? / 1e3,
            );
        }
    }
    Ok(())
}
