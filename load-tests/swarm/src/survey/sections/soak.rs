//! Half of the saturated rate for a long time: what grows?

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Findings, Lab, Results, Section, Side, vehicle};
use crate::clock;
use crate::survey::lab::Load;
use crate::survey::own_server::OwnServer;
use crate::survey::plot::{Line, plot};

pub(super) const SECTION: Section = Section {
    name: "soak",
    title: "A soak",
    method: "`--minutes` at half of the saturated rate, once. Samples are of the moment in which they are sent, so that a minute of it is a minute of \
             the users' day and not an hour: their day in memory is part of what grows. Resident memory, open descriptors, the journal that no snapshot covers, and the data directory, every \
             five seconds. Growth is the mean of the last quarter by that of the second.\n\n![Memory, descriptors and journal over the soak](load-soak.svg)",
    measure,
};

/// From one look to the next.
const LOOK: Duration = Duration::from_secs(5);
/// Samples of a day that a device may send, with a margin: a day has 86,400 at most.
const SAMPLES_A_DEVICE: f64 = 60_000.0;
/// Growth that is none.
const FLAT: f64 = 1.1;
/// Beside the page.
const PICTURE: &str = "load-soak.svg";

/// What was seen at a moment.
struct Look {
    minute: f64,
    /// Resident MB, descriptors, MB of uncovered journal, MB of data.
    values: [f64; 4],
}

const NAMES: [&str; 4] = [
    "resident memory, MB",
    "open descriptors",
    "journal uncovered, MB",
    "data directory, MB",
];

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    let rate = (vehicle::saturated_frames_per_s(lab, 1)? / 2.0).floor();
    let seconds = lab.args.minutes * 60.0;
    let devices = (rate * seconds * 10.0 / SAMPLES_A_DEVICE)
        .ceil()
        .max(1_000.0);
    let mut server = OwnServer::start(lab, "soak", &[])?;
    let words = format!(
        "run vehicle --devices {devices} --rate {rate} --real-time --warmup 5 --seconds {seconds} {}",
        server.words()?
    );
    let (mut command, path) = lab.command("soak", &words, &[])?;
    let mut load = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("the load")?;
    let begun_ns = clock::now_ns();
    let mut looks = Vec::new();
    let status = loop {
        if let Some(status) = load.try_wait()? {
            break status;
        }
        let minute = clock::now_ns().saturating_sub(begun_ns) as f64 / 60e9;
        if minute * 60.0 < seconds {
            looks.push(look(&server, minute)?);
        }
        std::thread::sleep(LOOK);
    };
    let load = Load::read(&path, status.success())?;
    if !load.is_right {
        lab.fault(format!("soak: {}", load.wrong()));
    }
    findings.add("frames/s", "", load.frames_per_s()?);
    findings.add("frames in all", "", load.number("/frames_acknowledged")?);
    findings.add("acknowledgement p99", "ms", load.ack_p99_ms()?);
    findings.add("snapshots", "", load.number("/told/snapshots")?);
    tell(&looks, findings);
    draw(lab, &looks)?;
    server.end()?;
    Ok(())
}

fn look(server: &OwnServer, minute: f64) -> Result<Look> {
    let usage = server.usage()?;
    let journal = server.scrape()?.value("streakline_journal_tail_bytes");
    let values = [
        usage.rss_bytes as f64 / 1e6,
        server.descriptors()? as f64,
        journal / 1e6,
        server.data_bytes()?.0 as f64 / 1e6,
    ];
    Ok(Look { minute, values })
}

fn tell(looks: &[Look], findings: &mut Findings) {
    let quarter = looks.len() / 4;
    let mean = |looks: &[Look], of: usize| {
        looks.iter().map(|look| look.values[of]).sum::<f64>() / looks.len().max(1) as f64
    };
    let (second, last) = (
        &looks[quarter..2 * quarter],
        &looks[looks.len() - quarter..],
    );
    for (of, name) in NAMES.into_iter().enumerate() {
        let (early, late) = (mean(second, of), mean(last, of));
        findings.add(&format!("{name}: in the second quarter"), "", early);
        findings.add(&format!("{name}: in the last quarter"), "", late);
        // The data directory is meant to grow: it holds the history.
        if of < 3 {
            findings.want(
                &format!("soak: growth of {name}"),
                "times",
                late / early,
                (Side::AtMost, "", FLAT),
            );
        }
    }
}

fn draw(lab: &Lab<'_>, looks: &[Look]) -> Result<()> {
    let lines = NAMES.into_iter().enumerate().map(|(of, name)| Line {
        name,
        points: looks
            .iter()
            .map(|look| (look.minute, look.values[of]))
            .collect(),
    });
    let path = lab.args.page.with_file_name(PICTURE);
    fs::write(&path, plot(&lines.collect::<Vec<Line<'_>>>()))
        .with_context(|| path.display().to_string())
}
