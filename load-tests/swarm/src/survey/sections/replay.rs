//! A server that was killed: how fast it folds what it had acknowledged, and how soon it acknowledges again.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{Findings, Lab, Results, Section, Side};
use crate::clock;
use crate::survey::first_ack;
use crate::survey::own_server::OwnServer;

pub(super) const SECTION: Section = Section {
    name: "replay",
    title: "After a kill",
    method: "Saturated intake by 1,000 connections on a server that takes no snapshot on the way, then SIGKILL, and a start on the same core: from the start of the \
             process until every acknowledged frame is folded, by `streakline_tails_unfolded` every 10 ms; starting, opening the store and reading are in it. \
             Then 100,000 users are stored (sockets in turn, ten samples each), SIGTERM, and from the start of the process to the first acknowledgement of \
             a new device's batch.",
    measure,
};

/// How many times faster than intake.
const FASTER: f64 = 10.0;
/// Wanted milliseconds to the first acknowledgement.
const FIRST_MS: f64 = 1_000.0;
const STORED: u32 = 100_000;
/// Users of one wave: a server may hold 20,000 descriptors here.
const WAVE: u32 = 10_000;
const LOOK: Duration = Duration::from_millis(10);
/// How long folding may take, in seconds.
const FOLDED_S: f64 = 600.0;

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        replay(lab, run, findings)?;
        first(lab, run, findings)?;
    }
    Ok(())
}

fn replay(lab: &Lab<'_>, run: u32, findings: &mut Findings) -> Result<()> {
    let arguments = [
        "--journal-tail-bytes-max=1073741824",
        "--journal-tail-max-age-s=86400",
    ];
    let mut server = OwnServer::start(lab, &format!("replay-{run}"), &arguments)?;
    let words = format!(
        "run vehicle --devices 1000 --window 1 --warmup 0 --seconds {} {}",
        lab.seconds(),
        server.words()?
    );
    let load = lab.swarm(&format!("intake-{run}"), &words, &[])?;
    let (frames, intake) = (load.number("/frames_acknowledged")?, load.frames_per_s()?);
    findings.add(
        "snapshots that covered some of it",
        "",
        load.number("/told/snapshots")?,
    );
    server.kill();
    let begun_ns = clock::now_ns();
    server.start_again()?;
    let ready_s = seconds_since(begun_ns);
    while server.scrape()?.value("streakline_tails_unfolded") > 0.0 {
        ensure!(
            seconds_since(begun_ns) < FOLDED_S,
            "not everything is folded after {FOLDED_S} s"
        );
        std::thread::sleep(LOOK);
    }
    let (folded_s, cpu_s) = (seconds_since(begun_ns), server.usage()?.cpu_s);
    findings.want(
        "replay of the journal by saturated intake",
        "times",
        frames / folded_s / intake,
        (Side::AtLeast, "", FASTER),
    );
    findings.add("frames that were replayed", "", frames);
    findings.add("saturated intake, frames/s", "", intake);
    findings.add("from start to ready", "s", ready_s);
    findings.add("from start to all folded", "s", folded_s);
    findings.add(
        "CPU of a replayed frame, with the start",
        "us",
        cpu_s * 1e6 / frames,
    );
    server.end()?;
    Ok(())
}

fn first(lab: &Lab<'_>, run: u32, findings: &mut Findings) -> Result<()> {
    let mut server = OwnServer::start(lab, &format!("first-{run}"), &[])?;
    for wave in 1..=STORED / WAVE {
        let words = format!(
            "run vehicle --devices {WAVE} --rate {WAVE} --warmup 0 --seconds 1 --check-users 20 {}",
            server.words()?
        );
        lab.swarm(&format!("store-{run}-{wave}"), &words, &[])?;
    }
    server.end()?;
    let begun_ns = clock::now_ns();
    server.start_again()?;
    let ready_ms = seconds_since(begun_ns) * 1e3;
    first_ack::wait(server.address()?, &OwnServer::signer())?;
    findings.want(
        "from start to the first acknowledgement, 100,000 stored users",
        "ms",
        seconds_since(begun_ns) * 1e3,
        (Side::AtMost, "", FIRST_MS),
    );
    findings.add("from start to ready, 100,000 stored users", "ms", ready_ms);
    server.end()?;
    Ok(())
}

fn seconds_since(ns: u64) -> f64 {
    clock::now_ns().saturating_sub(ns) as f64 / 1e9
}
