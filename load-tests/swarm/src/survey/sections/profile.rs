//! Where the time of a frame goes: samples of the saturated server's stacks, by named steps.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Findings, Lab, Results, Section};
use crate::survey::lab::Load;
use crate::survey::own_server::OwnServer;

pub(super) const SECTION: Section = Section {
    name: "profile",
    title: "Where the time of a frame goes",
    method: "`perf record` of the saturated server (1,000 connections, window 1, JSON) for ten seconds. A sample belongs to the first step of this list that \
             any function of its stack is of: the kernel's reading and writing of sockets, then the steps by the server's modules, then what carries them. A step holds all that \
             it calls, allocation too. Microseconds are the shares of the CPU of a frame in the section above where it was measured, else of this run, \
             which perf slows down.",
    measure,
};

const RECORDED_S: u64 = 10;
const WARMUP_S: u64 = 5;
/// Longest time of reading what perf has recorded.
const PATIENCE: Duration = Duration::from_secs(600);

/// Steps and the parts of function names that they are known by.
const STEPS: [(&str, &[&str]); 13] = [
    (
        "reading sockets, in the kernel",
        &[
            "tcp_recvmsg",
            "sock_recvmsg",
            "sock_read_iter",
            "sys_recvfrom",
            "sys_readv",
        ],
    ),
    (
        "writing sockets, in the kernel",
        &[
            "tcp_sendmsg",
            "sock_sendmsg",
            "sock_write_iter",
            "sys_sendto",
            "sys_writev",
        ],
    ),
    (
        "the store's writer and its syncs",
        &[
            "storage::embedded",
            "sys_fdatasync",
            "sys_fsync",
            "fjall",
            "lsm_tree",
        ],
    ),
    ("sealing", &["storage::sealing", "aes_gcm", "aws_lc"]),
    ("parsing", &["protocol::client_frame"]),
    ("admitting", &["user::admit"]),
    ("snapshots", &["user::snapshot", "user::portable"]),
    (
        "encoding the journal, flushing",
        &["core::journal", "actors::partition"],
    ),
    (
        "folding",
        &[
            "user::fold",
            "user::ingest",
            "core::day",
            "core::merge",
            "streakline_core::",
        ],
    ),
    (
        "answers and pushes",
        &[
            "protocol::server_frame",
            "user::deliver",
            "conversation::outbound",
        ],
    ),
    (
        "WebSocket frames and conversations",
        &[
            "gateway::",
            "actix_http::ws",
            "actix_web_actors",
            "actix_codec",
        ],
    ),
    ("actors", &["streakline::actors", "actix::"]),
    (
        "waking up, timers, scheduling",
        &[
            "epoll",
            "mio::",
            "tokio::",
            "schedule",
            "actix_http",
            "actix_rt",
        ],
    ),
];
const OTHER: &str = "what has no name of these";

fn measure(lab: &Lab<'_>, results: &Results, findings: &mut Findings) -> Result<()> {
    if Command::new("perf")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        findings.note("perf is missing, so nothing was recorded.");
        return Ok(());
    }
    let known = results.median(
        "vehicle",
        "CPU of a durable frame, JSON, 1000 connections, window 1",
    );
    for run in lab.runs() {
        let (stacks, load) = recorded(lab, run)?;
        let frame_us = known.map_or_else(|| load.cpu_us(), Ok)?;
        let mut counts = counts(&stacks);
        let all: u64 = counts.iter().map(|(_, count)| count).sum();
        anyhow::ensure!(all > 0, "perf has recorded nothing");
        findings.add("all of a frame", "us", frame_us);
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (step, count) in counts {
            findings.add(step, "us", frame_us * count as f64 / all as f64);
        }
        findings.add("samples of stacks", "", all as f64);
        findings.add("CPU of a frame while perf records", "us", load.cpu_us()?);
    }
    Ok(())
}

/// What perf says of the saturated server, and the load's figures.
fn recorded(lab: &Lab<'_>, run: u32) -> Result<(String, Load)> {
    let mut server = OwnServer::start(lab, &format!("profile-{run}"), &[])?;
    let seconds = RECORDED_S + WARMUP_S + 1;
    let words = format!(
        "run vehicle --devices 1000 --window 1 --warmup {WARMUP_S} --seconds {seconds} {}",
        server.words()?
    );
    let (mut command, path) = lab.command(&format!("load-{run}"), &words, &[])?;
    let mut load = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("the load")?;
    std::thread::sleep(Duration::from_secs(WARMUP_S + 1));
    let data = lab.path(&format!("perf-{run}"), "data");
    let mut perf = Command::new("perf");
    perf.args([
        "record",
        "--quiet",
        "-e",
        "cpu-clock",
        "-F",
        "199",
        "--call-graph",
        "dwarf,16384",
        "-o",
    ]);
    perf.arg(&data).args([
        "-p",
        &server.pid.to_string(),
        "--",
        "sleep",
        &RECORDED_S.to_string(),
    ]);
    let told = lab.program(&format!("record-{run}"), perf, PATIENCE);
    let status = load.wait()?;
    told?;
    let mut perf = Command::new("perf");
    perf.args(["script", "--no-inline", "-F", "ip,sym", "-i"])
        .arg(&data);
    let stacks = lab.program(&format!("stacks-{run}"), perf, PATIENCE)?;
    server.end()?;
    Ok((stacks, Load::read(&path, status.success())?))
}

/// Samples of each step; stacks are parted by empty lines.
fn counts(stacks: &str) -> Vec<(&'static str, u64)> {
    let mut counts: Vec<(&str, u64)> = STEPS.iter().map(|(step, _)| (*step, 0)).collect();
    counts.push((OTHER, 0));
    for stack in stacks
        .split("\n\n")
        .filter(|stack| !stack.trim().is_empty())
    {
        let is_of = |(_, names): &(&str, &[&str])| names.iter().any(|name| stack.contains(name));
        let step = STEPS.iter().position(is_of).unwrap_or(STEPS.len());
        counts[step].1 += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_belongs_to_the_first_step_that_a_function_of_its_stack_is_of() {
        let stacks = "  ffff tcp_sendmsg\n  1 streakline::gateway::session::write\n\n  2 malloc\n  3 streakline::protocol::client_frame::decode\n  4 tokio::run\n\n  5 ??\n\n";
        let counts: Vec<(&str, u64)> = counts(stacks)
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(
            counts,
            [
                ("writing sockets, in the kernel", 1),
                ("parsing", 1),
                (OTHER, 1)
            ]
        );
    }
}
