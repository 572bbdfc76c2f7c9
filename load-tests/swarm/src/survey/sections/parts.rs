//! The same audience before a board that is kept whole and before one in parts, of its first rows and around their own.

use anyhow::Result;

use super::{Findings, Lab, Results, Section};

pub(super) const SECTION: Section = Section {
    name: "parts",
    title: "The same audience before a board in parts",
    method: "The load of the section before it, on a server of four threads, which share its core: the challenge is kept whole, then in parts, one a thread. A thousand \
             watch the first ten rows, then the five rows on each side of their own: each of those has the user of a sender, and nine in ten stand behind the first thousand rows, where the \
             parts are asked. All by deltas. The lag is of the leader's sample, or of the own one.",
    measure,
};

/// Users who are in the challenge, who walk, and who watch.
const PARTICIPANTS: u32 = 100_000;
const SENDERS: u32 = 10_000;
const SUBSCRIBERS: u32 = 1_000;
/// Frames a second of all: less than what either server can take, so that lags compare.
const RATE: u32 = 5_000;

/// What is watched.
const VIEWS: [(&str, &str); 2] = [
    ("--top 10", "10 rows"),
    ("--around 5", "around the own row"),
];
const KEPT: [(&str, &str); 2] = [("", "whole"), (" --in-parts", "in parts")];

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        for (view, rows) in VIEWS {
            for (kept, how) in KEPT {
                let of = (format!("{view}{kept}"), format!("{rows}, {how}"));
                watched(lab, run, &of, findings)?;
            }
        }
    }
    Ok(())
}

fn watched(
    lab: &Lab<'_>,
    run: u32,
    (view, name): &(String, String),
    findings: &mut Findings,
) -> Result<()> {
    let words = format!(
        "board --devices {SENDERS} --participants {PARTICIPANTS} --subscribers {SUBSCRIBERS} {view} --deltas --records 1 --rate {RATE} --workers 4 --seconds {}",
        lab.seconds()
    );
    let file = name.replace([' ', ','], "-");
    let load = lab.run(&format!("{file}-{run}"), &words)?;
    let of = |what: &str| format!("{what}: {name}");
    for (what, unit, pointer) in [
        ("sample to board, p50", "ms", "/board_lag_ms/p50"),
        ("sample to board, p99", "ms", "/board_lag_ms/p99"),
        ("messages to subscribers, a second", "", "/deliveries_per_s"),
        (
            "bytes to a subscriber, a second",
            "",
            "/board_bytes_per_subscriber_s",
        ),
        ("CPU of the server, of its core", "%", "/server/cpu_percent"),
    ] {
        findings.add(&of(what), unit, load.number(pointer)?);
    }
    findings.add(&of("acknowledgement p99"), "ms", load.ack_p99_ms()?);
    Ok(())
}
