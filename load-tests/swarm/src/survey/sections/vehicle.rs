//! What a durable frame of a vehicle costs above the floor and above parsing it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Findings, Lab, Results, Section, Side};
use crate::survey::lab::Load;

pub(super) const SECTION: Section = Section {
    name: "vehicle",
    title: "CPU of a durable frame",
    method: "Each run: the parse benchmark (`cargo bench --bench steps`, on the server's core), then for each form and each shape of load the floor \
             and the server with the same frames, saturated. A frame has 5,195 bytes of JSON, 4,099 in the compact form. CPU is user and system time of the process by acknowledged frame.",
    measure,
};

/// Longest time of the benchmark, building included.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// What is asked of it.
const BENCHMARK: &str =
    "parse --output-format bencher --warm-up-time 0.5 --measurement-time 1.5 --noplot";
/// Connections, frames of each under way, and the microseconds that are wanted at most beside floor and parse.
const SHAPES: [(u32, u32, f64); 2] = [(1_000, 1, 12.0), (64, 16, 4.0)];
/// CPU of the swarm from which on it may be what limits the load.
const SWARM_FULL_PERCENT: f64 = 97.0;

/// A way to write frames.
struct Form {
    name: &'static str,
    wire: &'static str,
    /// Name of its parse benchmark.
    benchmark: &'static str,
}

const FORMS: [Form; 2] = [
    Form {
        name: "JSON",
        wire: "json",
        benchmark: "parse/vehicle-10",
    },
    Form {
        name: "CBOR",
        wire: "cbor",
        benchmark: "parse/vehicle-10 in the compact form",
    },
];

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    if lab.args.steps.is_some() {
        findings.note("The parse benchmark is that of a program that was named, not built from this state of the code.");
    }
    for run in lab.runs() {
        let parses = parse_benchmarks(lab, run)?;
        for form in &FORMS {
            let parse = parses.iter().find(|(name, _)| name == form.benchmark);
            let Some((_, parse_us)) = parse else {
                findings.note(format!(
                    "{} is not measured: there is no benchmark `{}`.",
                    form.name, form.benchmark
                ));
                continue;
            };
            findings.add(&format!("parse benchmark, {}", form.name), "us", *parse_us);
            for shape in SHAPES {
                one(lab, run, (shape, form, *parse_us), findings)?;
            }
        }
    }
    Ok(())
}

/// The floor and the server with one shape of load in one form, of which the benchmark of parsing is known.
fn one(
    lab: &Lab<'_>,
    run: u32,
    (shape, form, parse_us): ((u32, u32, f64), &Form, f64),
    findings: &mut Findings,
) -> Result<()> {
    let ((devices, window, above_us), Form { name, wire, .. }) = (shape, form);
    let words = format!(
        "vehicle --devices {devices} --window {window} --wire {wire} --seconds {}",
        lab.seconds()
    );
    let of = format!("{name}, {devices} connections, window {window}");
    let floor = lab.floor(&format!("floor-{wire}-{devices}-{run}"), &words)?;
    let floor_us = floor.cpu_us()?;
    findings.add(&format!("floor: {of}"), "us", floor_us);
    findings.add(&format!("floor, frames/s: {of}"), "", floor.frames_per_s()?);
    let load = lab.run(&format!("{wire}-{devices}-{run}"), &words)?;
    let cpu_us = load.cpu_us()?;
    let wanted = format!("floor + parse + {above_us} us");
    findings.want(
        &format!("CPU of a durable frame, {of}"),
        "us",
        cpu_us,
        (Side::AtMost, &wanted, floor_us + parse_us + above_us),
    );
    findings.add(
        &format!("beyond floor + parse: {of}"),
        "us",
        cpu_us - floor_us - parse_us,
    );
    tell(&load, &of, findings)
}

/// What else is worth knowing of a load.
fn tell(load: &Load, of: &str, findings: &mut Findings) -> Result<()> {
    let mut add =
        |what: &str, unit: &str, value: f64| findings.add(&format!("{what}: {of}"), unit, value);
    add("frames/s", "", load.frames_per_s()?);
    add("frames a flush", "", load.number("/told/frames_per_flush")?);
    add("frames a sync", "", load.number("/told/frames_per_sync")?);
    add("acknowledgement p99", "ms", load.ack_p99_ms()?);
    let (swarm, server) = (
        load.number("/swarm_cpu_percent")?,
        load.number("/server/cpu_percent")?,
    );
    add("CPU of the server, of its core", "%", server);
    if swarm > SWARM_FULL_PERCENT && swarm > server {
        findings.note(format!("{of}: the swarm's core was fuller than the server's in a run, so the server was not saturated."));
    }
    Ok(())
}

/// Names and microseconds of the parse benchmarks.
fn parse_benchmarks(lab: &Lab<'_>, run: u32) -> Result<Vec<(String, f64)>> {
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]);
    match &lab.args.steps {
        Some(program) => command.arg(program).arg("--bench"),
        None => {
            command.args("cargo bench --locked --quiet -p streakline --bench steps --".split(' '))
        }
    };
    command.args(BENCHMARK.split(' '));
    let text = lab.program(&format!("parse-{run}"), command, PATIENCE)?;
    let found: Vec<(String, f64)> = text.lines().filter_map(benchmark).collect();
    anyhow::ensure!(!found.is_empty(), "the parse benchmark says nothing");
    Ok(found)
}

/// Reads `test parse/vehicle-10 ... bench:   12,345 ns/iter (+/- 56)`.
fn benchmark(line: &str) -> Option<(String, f64)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... bench:")?;
    let ns: f64 = rest
        .split("ns/iter")
        .next()?
        .replace(',', "")
        .trim()
        .parse()
        .ok()?;
    Some((name.trim().to_owned(), ns / 1_000.0))
}

/// Frames a second of the saturated server, which other sections take a part of.
pub(super) fn saturated_frames_per_s(lab: &Lab<'_>, run: u32) -> Result<f64> {
    let words = format!(
        "vehicle --devices 1000 --window 1 --warmup 3 --seconds {}",
        lab.seconds().min(10.0)
    );
    let load = lab.run(&format!("saturated-{run}"), &words)?;
    load.frames_per_s().context("the saturated rate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_benchmark_has_name_and_time() {
        let line = "test parse/vehicle-10 ... bench:      12,345 ns/iter (+/- 56)";
        assert_eq!(
            benchmark(line),
            Some(("parse/vehicle-10".to_owned(), 12.345))
        );
        assert_eq!(benchmark("running 2 tests"), None);
    }

    #[test]
    fn each_form_has_a_benchmark_of_its_own() {
        let lines = "test parse/vehicle-10 ... bench: 9,000 ns/iter (+/- 5)\n\
                     test parse/batch ... bench: 1,000 ns/iter (+/- 5)\n\
                     test parse/vehicle-10 in the compact form ... bench: 4,000 ns/iter (+/- 5)\n";
        let found: Vec<(String, f64)> = lines.lines().filter_map(benchmark).collect();
        let of = |form: &Form| found.iter().find(|(name, _)| name == form.benchmark);
        let times = FORMS.each_ref().map(|form| of(form).map(|(_, us)| *us));
        assert_eq!(times, [Some(9.0), Some(4.0)]);
    }
}
