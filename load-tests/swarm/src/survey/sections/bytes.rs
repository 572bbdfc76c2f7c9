//! Bytes written for a sample, and bytes of it that stay.

use anyhow::Result;

use super::{Findings, Lab, Results, Section, Side};
use crate::survey::own_server::OwnServer;

pub(super) const SECTION: Section = Section {
    name: "bytes",
    title: "Bytes of a sample",
    method: "20,000 samples a second for half of `--minutes`, then a checkpoint, which snapshots everybody and drops the journal, 30 s for compactions, \
             and SIGTERM; `wchar` is read when the process has ended, so it has all snapshots and compactions in it. Then the server starts and ends once \
             more, which gives back what its storage engine has preallocated. Retained is all that the data directory has then, the engine's logs too: the \
             newest history may be nowhere else. Then short runs at 100, 1,000 and 20,000 samples a second for `write_bytes`.",
    measure,
};

/// Wanted bytes.
const WRITTEN: f64 = 40.0;
const RETAINED: f64 = 8.0;
/// How long the server is left alone after its checkpoint, in seconds.
const SETTLED_S: u32 = 30;
/// Samples of a frame.
const SAMPLES: f64 = 10.0;
/// Samples a second of the long run.
const RATE: f64 = 20_000.0;

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        long(lab, run, findings)?;
        for samples_per_s in [100, 1_000, 20_000] {
            let rate = f64::from(samples_per_s) / SAMPLES;
            let words = format!(
                "vehicle --devices 100 --rate {rate} --seconds {}",
                lab.seconds()
            );
            let load = lab.run(&format!("{samples_per_s}-{run}"), &words)?;
            let at = |what: &str| format!("{what} at {samples_per_s} samples a second");
            findings.add(
                &at("write_bytes a sample"),
                "bytes",
                load.number("/server/write_bytes_per_sample")?,
            );
            findings.add(
                &at("wchar a sample"),
                "bytes",
                load.number("/server/wchar_per_sample")?,
            );
            findings.add(&at("CPU of a frame"), "us", load.cpu_us()?);
        }
    }
    Ok(())
}

fn long(lab: &Lab<'_>, run: u32, findings: &mut Findings) -> Result<()> {
    let mut server = OwnServer::start(lab, &format!("bytes-{run}"), &[])?;
    let before = server.usage()?;
    let (seconds, rate) = (lab.args.minutes * 30.0, RATE / SAMPLES);
    let words = format!(
        "run vehicle --devices 1000 --rate {rate} --warmup 0 --seconds {seconds} --checkpoint --settle {SETTLED_S} {}",
        server.words()?
    );
    let load = lab.swarm(&format!("long-{run}"), &words, &[])?;
    let samples = load.number("/frames_acknowledged")? * SAMPLES;
    let after = server.end()?;
    let each = |bytes: u64| bytes as f64 / samples;
    findings.want(
        "bytes written (wchar) a sample, with the full snapshot",
        "bytes",
        each(after.wchar - before.wchar),
        (Side::AtMost, "", WRITTEN),
    );
    findings.add(
        "write_bytes a sample, with the full snapshot",
        "bytes",
        each(after.write_bytes - before.write_bytes),
    );
    findings.add("samples of the long run", "", samples);
    let all_at_once = server.data_bytes()?;
    server.start_again()?;
    server.end()?;
    let (all, kept) = server.data_bytes()?;
    findings.want(
        "bytes retained a sample",
        "bytes",
        each(all),
        (Side::AtMost, "", RETAINED),
    );
    findings.add(
        "data directory a sample, right after the first end",
        "bytes",
        each(all_at_once.0),
    );
    findings.add(
        "data directory a sample, without the engine's logs",
        "bytes",
        each(kept),
    );
    Ok(())
}
