//! What it costs by the month, computed from what the other sections have measured.

use anyhow::{Context as _, Result};

use super::{Findings, Lab, Results, Section, Side};

pub(super) const SECTION: Section = Section {
    name: "price",
    title: "The price of a month",
    method: "Devices of profile vehicle that drive 40 minutes a day: 240 frames of ten samples each. CPU: mean frames a second x peak factor 4 x \
             CPU of a frame / 50 % utilisation x 0.04 USD a vCPU-hour; of 10,000 devices with the CPU of a frame at 100 samples a second, where each \
             frame pays its own wake-up, of 1,000,000 with that at 10,000 devices of the section *crowd*. Memory: what the process has alone and every \
             user, at all hours, x 0.005 USD a GB-hour. Disk: 90 days x retained bytes x 3 copies x 0.08 USD a GB-month. A month has 730 hours. The \
             sum is told once with one server, and once with three servers that all do everything.",
    measure,
};

const VCPU_HOUR_USD: f64 = 0.04;
const GB_HOUR_USD: f64 = 0.005;
const GB_MONTH_USD: f64 = 0.08;
const HOURS: f64 = 730.0;
const PEAK: f64 = 4.0;
const UTILISATION: f64 = 0.5;
const HISTORY_DAYS: f64 = 90.0;
const COPIES: f64 = 3.0;
/// Of a published serverless bill, and the part of it that is wanted.
const BILL_USD: f64 = 1_048.05;
const PART: f64 = 100.0;
const SAMPLES_A_DAY: f64 = 40.0 * 60.0;
const SAMPLES_A_FRAME: f64 = 10.0;
const DAY_S: f64 = 86_400.0;

/// What one device costs.
#[derive(Clone, Copy, Debug)]
struct Costs {
    frame_us: f64,
    user_bytes: f64,
    alone_bytes: f64,
    retained_bytes: f64,
}

/// Dollars of a month: CPU, memory, disk.
fn month_usd(devices: f64, of: Costs) -> [f64; 3] {
    let frames_per_s = devices * SAMPLES_A_DAY / SAMPLES_A_FRAME / DAY_S;
    let vcpus = frames_per_s * PEAK * of.frame_us / 1e6 / UTILISATION;
    let gigabytes = (of.alone_bytes + devices * of.user_bytes) / 1e9;
    let stored = devices * SAMPLES_A_DAY * HISTORY_DAYS * of.retained_bytes * COPIES / 1e9;
    [
        vcpus * VCPU_HOUR_USD * HOURS,
        gigabytes * GB_HOUR_USD * HOURS,
        stored * GB_MONTH_USD,
    ]
}

fn measure(_: &Lab<'_>, results: &Results, findings: &mut Findings) -> Result<()> {
    let median = |section: &str, what: &str| {
        let value = results.median(section, what);
        value.with_context(|| format!("measure the section {section} first: {what:?} is missing"))
    };
    let few = Costs {
        frame_us: median("bytes", "CPU of a frame at 100 samples a second")?,
        user_bytes: median("memory", "resident of a user with a socket")? * 1e3,
        alone_bytes: median("memory", "resident of the server alone")? * 1e6,
        retained_bytes: median("bytes", "bytes retained a sample")?,
    };
    let many = Costs {
        frame_us: median("crowd", "server: CPU of a frame of 10000 devices")?,
        ..few
    };
    let [cpu, memory, disk] = month_usd(1e4, few);
    let sum = cpu + memory + disk;
    findings.want(
        "10,000 vehicles for a month, one server",
        "USD",
        sum,
        (Side::AtMost, "1/100 of 1,048.05 USD", BILL_USD / PART),
    );
    let thrice = COPIES * (cpu + memory) + disk;
    findings.want(
        "10,000 vehicles for a month, three servers",
        "USD",
        thrice,
        (Side::AtMost, "1/100 of 1,048.05 USD", BILL_USD / PART),
    );
    let million = month_usd(1e6, many).iter().sum::<f64>();
    findings.want(
        "a vehicle for a month among 1,000,000",
        "USD",
        million / 1e6,
        (Side::AtMost, "that among 10,000", sum / 1e4),
    );
    findings.add("CPU", "USD", cpu);
    findings.add("memory", "USD", memory);
    findings.add("disk, three copies", "USD", disk);
    findings.note("For 1,000,000 devices the figures of one core and of 10,000 users are multiplied; no machine of that size was measured.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_the_sum_of_its_parts_by_hand() {
        let costs = Costs {
            frame_us: 100.0,
            user_bytes: 20_000.0,
            alone_bytes: 0.0,
            retained_bytes: 8.0,
        };
        let [cpu, memory, disk] = month_usd(10_000.0, costs);
        // 27.8 frames a second, four times that, 11.1 ms of CPU a second, doubled: 0.0222 of a core.
        assert!((cpu - 0.648_9).abs() < 1e-3, "{cpu}");
        assert!((memory - 0.73).abs() < 1e-9, "{memory}");
        // 2.16 thousand million samples of 8 bytes, three times.
        assert!((disk - 4.147_2).abs() < 1e-9, "{disk}");
    }
}
