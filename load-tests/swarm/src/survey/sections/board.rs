//! Hot boards: what one pushed message to one subscriber costs.

use anyhow::Result;

use super::{Findings, Lab, Results, Section, Side};

pub(super) const SECTION: Section = Section {
    name: "board",
    title: "Boards with 500 subscribers and more",
    method: "Twenty senders move 16 boards whose first ten rows are watched, `push.board_ms = 1`. The server sends a board to a subscriber at most ten \
             times a second, and a socket watches at most 16 boards: 500 subscribers get at most 80,000 messages a second, so that 100,000 a second need \
             660 of them. Both are measured. All CPU of the server, that of the senders' frames too, by messages that came to subscribers.",
    measure,
};

/// Wanted microseconds of a message.
const MESSAGE_US: f64 = 9.0;
/// Subscribers, and messages to them a second below which the load was not the one that is meant.
const AUDIENCES: [(u32, f64); 2] = [(500, 75_000.0), (660, 95_000.0)];

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        for audience in AUDIENCES {
            one(lab, run, audience, findings)?;
        }
    }
    Ok(())
}

fn one(
    lab: &Lab<'_>,
    run: u32,
    (subscribers, meant): (u32, f64),
    findings: &mut Findings,
) -> Result<()> {
    let words = format!(
        "board --devices 20 --boards 16 --subscribers {subscribers} --rate 20 --seconds {} --server-arg=--push-board-ms=1",
        lab.seconds()
    );
    let load = lab.run(&format!("board-{subscribers}-{run}"), &words)?;
    let (deliveries, percent) = (
        load.number("/deliveries_per_s")?,
        load.number("/server/cpu_percent")?,
    );
    findings.want(
        &format!("CPU of a board message to one of {subscribers} subscribers"),
        "us",
        percent / 100.0 * 1e6 / deliveries,
        (Side::AtMost, "", MESSAGE_US),
    );
    let of = |what: &str| format!("{what}: {subscribers} subscribers");
    findings.add(&of("messages to subscribers, a second"), "", deliveries);
    findings.add(&of("CPU of the server, of its core"), "%", percent);
    findings.add(
        &of("sample to board, p99"),
        "ms",
        load.number("/board_lag_ms/p99")?,
    );
    if deliveries < meant {
        findings.note(format!(
            "Fewer than {meant} messages a second came to {subscribers} subscribers in a run: views were coalesced, or a core was full."
        ));
    }
    Ok(())
}
