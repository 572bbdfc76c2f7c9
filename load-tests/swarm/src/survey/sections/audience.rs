//! A challenge with many participants and many who watch its board: what they are sent, and how late.

use anyhow::Result;

use super::{Findings, Lab, Results, Section, Side};

pub(super) const SECTION: Section = Section {
    name: "audience",
    title: "A challenge of 100,000 participants, 1,000 of whom watch it",
    method: "100,000 users join one challenge over REST. Ten thousand of them then walk, with a socket each and together at half of the saturated rate of such frames, \
             and a thousand others watch its board: the first ten rows (the first hundred in a second load), as whole views and by deltas, at the default tick of `push.board_ms`. \
             The lag is that of the leader, from sending the sample to the message that shows it, at each subscriber. The senders are equally fast, so that the first rows change with every tick.",
    measure,
};

/// Users who are in the challenge, who walk, and who watch.
const PARTICIPANTS: u32 = 100_000;
const SENDERS: u32 = 10_000;
const SUBSCRIBERS: u32 = 1_000;
/// Frames a second and sender whose steps all count.
const FRAMES_PER_S_MAX: f64 = 1.9;
/// `push.board_ms` as it is by itself.
const TICK_MS: f64 = 1_000.0;
/// How old a sample may be when a subscriber sees it, in ticks.
const TICKS: f64 = 2.0;

/// What subscribers ask for.
const VIEWS: [(u32, &str, &str); 3] = [
    (10, "", "10 rows, whole"),
    (10, " --deltas", "10 rows, deltas"),
    (100, " --deltas", "100 rows, deltas"),
];

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        let words = format!(
            "band --devices 1000 --window 1 --records 1 --seconds {}",
            lab.seconds()
        );
        let saturated = lab.run(&format!("saturated-{run}"), &words)?;
        let half = saturated.frames_per_s()? / 2.0;
        let rate = half.min(f64::from(SENDERS) * FRAMES_PER_S_MAX).floor();
        for (number, view) in (1..).zip(VIEWS) {
            watched(lab, (run, number), (rate, view), findings)?;
        }
    }
    Ok(())
}

fn watched(
    lab: &Lab<'_>,
    (run, number): (u32, u32),
    (rate, (top, deltas, name)): (f64, (u32, &str, &str)),
    findings: &mut Findings,
) -> Result<()> {
    let words = format!(
        "board --devices {SENDERS} --participants {PARTICIPANTS} --subscribers {SUBSCRIBERS} --top {top}{deltas} --records 1 --rate {rate} --seconds {}",
        lab.seconds()
    );
    let load = lab.run(&format!("audience-{run}-{number}"), &words)?;
    let of = |what: &str| format!("{what}: {name}");
    findings.want(
        &of("sample to board, p99"),
        "ms",
        load.number("/board_lag_ms/p99")?,
        (Side::AtMost, "", TICKS * TICK_MS),
    );
    findings.add(
        &of("bytes to a subscriber, a second"),
        "",
        load.number("/board_bytes_per_subscriber_s")?,
    );
    findings.add(
        &of("messages to subscribers, a second"),
        "",
        load.number("/deliveries_per_s")?,
    );
    findings.add(&of("frames/s"), "", load.frames_per_s()?);
    findings.add(
        &of("CPU of the server, of its core"),
        "%",
        load.number("/server/cpu_percent")?,
    );
    findings.add(&of("acknowledgement p99"), "ms", load.ack_p99_ms()?);
    Ok(())
}
