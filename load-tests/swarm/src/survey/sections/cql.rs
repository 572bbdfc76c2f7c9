//! The same loads on the CQL store, beside.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::{Findings, Lab, Results, Section};
use crate::survey::lab::Load;

pub(super) const SECTION: Section = Section {
    name: "cql",
    title: "On a CQL store",
    method: "One node of Cassandra (`script/cql`: one copy, a write is answered when it is synced), started for each run, on both cores beside \
             server and swarm. The server's CPU is its own alone.",
    measure,
};

const PATIENCE: Duration = Duration::from_secs(1_200);
/// Starts the program with where the nodes are, in a keyspace of its own.
const SCRIPT: &str = r#"exec "$@" --storage "scylla://$STREAKLINE_TEST_CQL/report""#;

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        for (devices, window) in [(1_000, 1), (64, 16)] {
            let name = format!("{devices}-{run}");
            let words = format!(
                "run vehicle --devices {devices} --window {window} --seconds {}",
                lab.seconds()
            );
            let server = format!("--server={}", lab.args.server.display());
            let (swarm, path) = lab.command(&name, &words, &[server])?;
            let mut command = Command::new("script/cql");
            command.args(["run", "--", "bash", "-c", SCRIPT, "swarm"]);
            command.arg(swarm.get_program()).args(swarm.get_args());
            lab.program(&name, command, PATIENCE)?;
            let load = Load::read(&path, true)?;
            let shape = format!("{devices} connections, window {window}");
            findings.add(&format!("CPU of a frame: {shape}"), "us", load.cpu_us()?);
            findings.add(&format!("frames/s: {shape}"), "", load.frames_per_s()?);
            findings.add(
                &format!("acknowledgement p99: {shape}"),
                "ms",
                load.ack_p99_ms()?,
            );
            findings.add(
                &format!("frames a flush: {shape}"),
                "",
                load.number("/told/frames_per_flush")?,
            );
        }
    }
    Ok(())
}
