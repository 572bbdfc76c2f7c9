//! Everyone is cut off at once, comes back and resumes.

use anyhow::Result;

use super::{Findings, Lab, Results, Section, Side};

pub(super) const SECTION: Section = Section {
    name: "storm",
    title: "A storm of 10,000 sockets",
    method: "All sockets are cut in the middle of a frame, all come back at once, resume and send what they have kept. The time is that of the last \
             device; the floor's is that of the same swarm against the floor, which only accepts and answers.",
    measure,
};

const DEVICES: f64 = 10_000.0;
/// How many times the floor's own time.
const OF_THE_FLOOR: f64 = 3.0;

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        let words = "storm --devices 10000";
        let floor = lab.floor(&format!("floor-{run}"), words)?;
        let server = lab.run(&format!("server-{run}"), words)?;
        let floor_ms = floor.number("/resume_ms/max")?;
        findings.want(
            "10,000 sockets reconnect, resume, and are caught up",
            "ms",
            server.number("/resume_ms/max")?,
            (
                Side::AtMost,
                "3 x the floor's time",
                OF_THE_FLOOR * floor_ms,
            ),
        );
        let caught_up = server.number("/resume_ms/count")?;
        if caught_up < DEVICES {
            lab.fault(format!(
                "only {caught_up} of {DEVICES} devices were caught up"
            ));
        }
        findings.add("the floor: all are back", "ms", floor_ms);
        findings.add("half are caught up", "ms", server.number("/resume_ms/p50")?);
    }
    Ok(())
}
