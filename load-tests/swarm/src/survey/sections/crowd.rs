//! The same rate by 10,000 devices and by 100: what many sockets cost.

use anyhow::Result;

use super::{Findings, Lab, Results, Section, Side, vehicle};

pub(super) const SECTION: Section = Section {
    name: "crowd",
    title: "Ten thousand devices against a hundred",
    method: "Each run: the saturated rate of 1,000 connections; then an open loop at half of it by 100 devices and by 10,000, of the floor and of the server.",
    measure,
};

const FEW: u32 = 100;
const MANY: u32 = 10_000;
/// How many times the floor's own ratio.
const OF_THE_FLOOR: f64 = 1.3;

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        let rate = (vehicle::saturated_frames_per_s(lab, run)? / 2.0).floor();
        findings.add("frames/s", "", rate);
        let mut cpu_us = [[0.0; 2]; 2];
        for (column, devices) in [FEW, MANY].into_iter().enumerate() {
            let words = format!(
                "vehicle --devices {devices} --rate {rate} --seconds {}",
                lab.seconds()
            );
            let floor = lab
                .floor(&format!("floor-{devices}-{run}"), &words)?
                .cpu_us()?;
            let server = lab
                .run(&format!("server-{devices}-{run}"), &words)?
                .cpu_us()?;
            findings.add(
                &format!("floor: CPU of a frame of {devices} devices"),
                "us",
                floor,
            );
            findings.add(
                &format!("server: CPU of a frame of {devices} devices"),
                "us",
                server,
            );
            (cpu_us[0][column], cpu_us[1][column]) = (floor, server);
        }
        let [floor, server] = cpu_us.map(|[few, many]| many / few);
        findings.want(
            "CPU of a frame at 10,000 devices by that at 100",
            "times",
            server,
            (
                Side::AtMost,
                "1.3 x the floor's ratio",
                OF_THE_FLOOR * floor,
            ),
        );
        findings.add("the floor's ratio", "times", floor);
    }
    Ok(())
}
