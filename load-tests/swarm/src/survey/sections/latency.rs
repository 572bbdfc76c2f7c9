//! Acknowledgements and pushed states at half of the saturated rate.

use anyhow::Result;

use super::{Findings, Lab, Results, Section, Side, vehicle};
use crate::survey::disk;

pub(super) const SECTION: Section = Section {
    name: "latency",
    title: "Latency at half of the saturated rate",
    method: "Each run: the saturated rate of 1,000 connections with window 1; the disk; then an open loop at half of that rate, whose latency counts \
             from the intended sending. Pushed states are of another server with `push.progress_ms = 1`, which is the least. The p99 of one sync is \
             the lowest of the four ways to append.",
    measure,
};

/// What an acknowledgement may take at least, in milliseconds, and how many syncs.
const ACK_MS: f64 = 10.0;
const ACK_SYNCS: f64 = 5.0;
/// How many acknowledgements a pushed state may take.
const PUSH_ACKS: f64 = 2.0;

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        let rate = (vehicle::saturated_frames_per_s(lab, run)? / 2.0).floor();
        findings.add("half of the saturated rate, frames/s", "", rate);
        let words = format!(
            "vehicle --devices 1000 --rate {rate} --seconds {}",
            lab.seconds()
        );
        let sync_ms = disk::measure(lab, &lab.args.folder)?.p99_ms();
        let load = lab.run(&format!("ack-{run}"), &words)?;
        findings.want(
            "acknowledgement p99 at half rate",
            "ms",
            load.ack_p99_ms()?,
            (
                Side::AtMost,
                "10 ms or 5 x the p99 of one sync",
                ACK_MS.max(ACK_SYNCS * sync_ms),
            ),
        );
        findings.add("p99 of one sync", "ms", sync_ms);
        for (what, pointer) in [("p50", "p50"), ("p99.9", "p999"), ("maximum", "max")] {
            let ms = load.number(&format!("/acknowledgement_ms/{pointer}"))?;
            findings.add(&format!("acknowledgement {what}"), "ms", ms);
        }
        findings.add("CPU of a frame at half rate", "us", load.cpu_us()?);
        findings.add(
            "frames held back for want of credit",
            "",
            load.number("/frames_held_back")?,
        );
        let pushing = lab.run(
            &format!("push-{run}"),
            &format!("{words} --server-arg=--push-progress-ms=1"),
        )?;
        let ack_ms = pushing.ack_p99_ms()?;
        findings.want(
            "sample sent to state pushed, p99, half rate",
            "ms",
            pushing.number("/push_lag_ms/p99")?,
            (
                Side::AtMost,
                "2 x the acknowledgement p99 of the same run",
                PUSH_ACKS * ack_ms,
            ),
        );
        findings.add(
            "sample to state, p50",
            "ms",
            pushing.number("/push_lag_ms/p50")?,
        );
        findings.add("acknowledgement p99 beside these pushes", "ms", ack_ms);
        findings.add(
            "CPU of a frame with its pushed state",
            "us",
            pushing.cpu_us()?,
        );
    }
    Ok(())
}
