//! What PostgreSQL alone takes for the same batches, against the server's JSON.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Findings, Lab, Results, Section, Side};

pub(super) const SECTION: Section = Section {
    name: "postgres",
    title: "PostgreSQL alone",
    method: "Each run: `load-tests/peers/postgres` with 16 clients (ten journal rows in one INSERT and the day's total, durable; both cores), \
             then the server with 1,000 connections, window 1, JSON. PostgreSQL's CPU is that of all its processes.",
    measure,
};

const PATIENCE: Duration = Duration::from_secs(300);
/// How many times dearer it is wanted to be.
const DEARER: f64 = 8.0;

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    let seconds = (lab.seconds() as u64).clamp(1, 60).to_string();
    for run in lab.runs() {
        let mut command = Command::new("load-tests/peers/postgres");
        command.args(["--clients", "16", "--seconds", &seconds]);
        let told = lab.program(&format!("postgres-{run}"), command, PATIENCE)?;
        let told: Value =
            serde_json::from_str(&told).context("what load-tests/peers/postgres says")?;
        let number = |name: &str| {
            told[name]
                .as_f64()
                .with_context(|| format!("PostgreSQL has no {name}"))
        };
        let words = format!(
            "vehicle --devices 1000 --window 1 --seconds {}",
            lab.seconds()
        );
        let load = lab.run(&format!("server-{run}"), &words)?;
        let (theirs, ours) = (number("cpu_us_per_tx")?, load.cpu_us()?);
        findings.want(
            "PostgreSQL's CPU of a batch by that of a frame here",
            "times",
            theirs / ours,
            (Side::AtLeast, "", DEARER),
        );
        findings.add("PostgreSQL: CPU of a batch", "us", theirs);
        findings.add(
            "PostgreSQL: batches a second, on both cores",
            "",
            number("tps")?,
        );
        findings.add("here: CPU of a frame", "us", ours);
        findings.add(
            "here: frames a second, on one core",
            "",
            load.frames_per_s()?,
        );
    }
    Ok(())
}
