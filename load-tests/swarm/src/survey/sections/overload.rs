//! Three times as much as the server can take, and somebody who floods it.

use std::process::{Child, Stdio};

use anyhow::{Context as _, Result};

use super::{Findings, Lab, Results, Section, Side, vehicle};
use crate::survey::lab::{Load, end_with_children};
use crate::survey::own_server::OwnServer;

pub(super) const SECTION: Section = Section {
    name: "overload",
    title: "Overload",
    method: "One server: half of the saturated rate, then three times the saturated rate for 30 s, then half of it again; 1,000 connections. What was acknowledged is \
             looked for afterwards. Then another server with the default limits of a socket and a user, a quarter of the saturated rate, alone and beside one device that \
             sends as fast as it can and comes back whenever it is closed. Flooder and swarm share a core, so its part of the others' latency is in the figure.",
    measure,
};

const OVERLOAD: f64 = 3.0;
const OVERLOAD_S: f64 = 30.0;
/// Latency afterwards, and beside a flooder, by that before.
const NORMAL: f64 = 1.5;
/// What may wait in memory by the settings of the server, and what it takes on top: batches and journal.
const GROWN_MB: f64 = 512.0;
/// The limits as they are by themselves.
const DEFAULT_LIMITS: [&str; 3] = [
    "--limits-frames-per-s=2000",
    "--limits-frames-per-s-per-user=4000",
    "--limits-credit-bytes=131072",
];

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        let saturated = vehicle::saturated_frames_per_s(lab, run)?;
        overload(lab, run, saturated, findings)?;
        flooder(lab, run, saturated, findings)?;
    }
    Ok(())
}

fn overload(lab: &Lab<'_>, run: u32, saturated: f64, findings: &mut Findings) -> Result<()> {
    let mut server = OwnServer::start(lab, &format!("overload-{run}"), &[])?;
    let target = server.words()?;
    let at = |rate: f64, seconds: f64| {
        format!(
            "run vehicle --devices 1000 --rate {:.0} --warmup 2 --seconds {seconds} {target}",
            rate
        )
    };
    let before = lab.swarm(
        &format!("before-{run}"),
        &at(saturated / 2.0, lab.seconds()),
        &[],
    )?;
    let during = lab.swarm(
        &format!("during-{run}"),
        &at(saturated * OVERLOAD, OVERLOAD_S),
        &[],
    )?;
    let after = lab.swarm(
        &format!("after-{run}"),
        &at(saturated / 2.0, lab.seconds()),
        &[],
    )?;
    let mb = |load: &Load, which: &str| {
        Ok::<_, anyhow::Error>(load.number(&format!("/server/rss_{which}_bytes"))? / 1e6)
    };
    let grown = mb(&during, "peak")? - mb(&before, "end")?;
    findings.want(
        "memory that 3 x the saturated rate adds",
        "MB",
        grown,
        (Side::AtMost, "", GROWN_MB),
    );
    findings.add(
        "acknowledged samples that are missing after 3 x the rate",
        "",
        during.number("/checked/missing")?,
    );
    let (p99_before, p99_after) = (before.ack_p99_ms()?, after.ack_p99_ms()?);
    let wanted = (Side::AtMost, "1.5 x that before", NORMAL * p99_before);
    findings.want(
        "acknowledgement p99 after the overload",
        "ms",
        p99_after,
        wanted,
    );
    findings.add("saturated, frames/s", "", saturated);
    findings.add(
        "acknowledged at 3 x the rate, frames/s",
        "",
        during.frames_per_s()?,
    );
    findings.add(
        "held back by credits, frames",
        "",
        during.number("/frames_held_back")?,
    );
    findings.add("resident before", "MB", mb(&before, "end")?);
    findings.add("resident at the peak", "MB", mb(&during, "peak")?);
    findings.add("resident afterwards", "MB", mb(&after, "end")?);
    server.end()?;
    Ok(())
}

fn flooder(lab: &Lab<'_>, run: u32, saturated: f64, findings: &mut Findings) -> Result<()> {
    let mut server = OwnServer::start(lab, &format!("flooder-{run}"), &DEFAULT_LIMITS)?;
    let (target, rate, seconds) = (server.words()?, saturated / 4.0, lab.seconds());
    let words = format!(
        "run vehicle --devices 1000 --rate {rate:.0} --warmup 2 --seconds {seconds} {target}"
    );
    let alone = lab
        .swarm(&format!("alone-{run}"), &words, &[])?
        .ack_p99_ms()?;
    let mut flood = Flood::default();
    let (mut calm, path) = lab.command(&format!("beside-{run}"), &words, &[])?;
    let mut calm = calm
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("the calm load")?;
    let flooding = format!(
        "run vehicle --devices 1 --window 64 --warmup 0 --seconds {seconds} --check-users 0 {target}"
    );
    let status = loop {
        if let Some(status) = calm.try_wait()? {
            break status;
        }
        flood.go_on(lab, run, &flooding)?;
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let times = flood.times;
    drop(flood);
    let beside = Load::read(&path, status.success())?;
    if !beside.is_right {
        lab.fault(format!("beside a flooder: {}", beside.wrong()));
    }
    let wanted = (Side::AtMost, "1.5 x that without", NORMAL * alone);
    findings.want(
        "the others' acknowledgement p99 beside a flooder",
        "ms",
        beside.ack_p99_ms()?,
        wanted,
    );
    findings.add("times that the flooder came", "", f64::from(times));
    server.end()?;
    Ok(())
}

/// A device that floods, again and again.
#[derive(Default)]
struct Flood {
    child: Option<Child>,
    times: u32,
}

impl Flood {
    /// Starts it where it does not run.
    fn go_on(&mut self, lab: &Lab<'_>, run: u32, words: &str) -> Result<()> {
        let is_gone = match &mut self.child {
            Some(child) => child.try_wait()?.is_some(),
            None => true,
        };
        if is_gone {
            let (mut command, _) = lab.command(&format!("flood-{run}"), words, &[])?;
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            self.child = Some(command.spawn().context("the flooder")?);
            self.times += 1;
        }
        Ok(())
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            end_with_children(child.id());
            let _gone = child.wait();
        }
    }
}
