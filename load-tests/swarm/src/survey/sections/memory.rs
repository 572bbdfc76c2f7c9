//! Memory of users: with a socket, and without.

use std::time::Duration;

use anyhow::Result;

use super::{Findings, Lab, Results, Section, Side};
use crate::clock;
use crate::dates::DAY_MS;
use crate::survey::own_server::OwnServer;

pub(super) const SECTION: Section = Section {
    name: "memory",
    title: "Memory of a user",
    method: "Users whose time zone has its last hour of the day send four days of minutes: today, of which at least 1,380 of 1,440 minutes are covered, \
             and three days that are soft-closed. 10,000 of them at once, whose sockets stay open; their memory is looked at 15 s after the last answer, less what \
             the process had alone. Then, without their sockets, further waves of as many, until `--fill-minutes` are over. Resident memory holds everything: \
             users, sockets, caches and buffers of the store, what the allocator has not given back.",
    measure,
};

const WAVE: u32 = 10_000;
/// Wanted bytes of a user with a socket, and of a million without.
const USER_KB: f64 = 20.0;
const MILLION_GB: f64 = 4.0;
const MILLION: f64 = 1e6;
/// How long the server is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(15);
const HOUR_MS: i64 = 3_600_000;

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        let arguments = [
            "--actors-idle-s=86400",
            "--actors-memory-max-bytes=17179869184",
        ];
        let server = OwnServer::start(lab, &format!("memory-{run}"), &arguments)?;
        let alone = server.usage()?.rss_bytes as f64;
        let begun_ns = clock::now_ns();
        let with_sockets = wave(lab, &server, &format!("{run}-1"))?;
        let kb = (with_sockets - alone) / f64::from(WAVE) / 1e3;
        findings.want(
            "resident of a user with a socket",
            "kB",
            kb,
            (Side::AtMost, "", USER_KB),
        );
        findings.add("resident of the server alone", "MB", alone / 1e6);
        std::thread::sleep(REST);
        let first = server.usage()?.rss_bytes as f64;
        let until_ns = begun_ns + clock::seconds_ns(lab.args.fill_minutes * 60.0);
        let mut waves = 1;
        while clock::now_ns() < until_ns {
            waves += 1;
            wave(lab, &server, &format!("{run}-{waves}"))?;
        }
        std::thread::sleep(REST);
        let all = server.usage()?.rss_bytes as f64;
        let users = f64::from(waves * WAVE);
        let user = (all - alone) / users;
        findings.want(
            "resident of 1,000,000 users without sockets, extrapolated",
            "GB",
            (alone + user * MILLION) / 1e9,
            (Side::AtMost, "", MILLION_GB),
        );
        findings.add("users without sockets that were measured", "", users);
        findings.add("resident of a user without a socket", "kB", user / 1e3);
        findings.add("resident of all of them", "MB", all / 1e6);
        if waves > 1 {
            let more = (all - first) / f64::from((waves - 1) * WAVE);
            findings.add(
                "what each user after the first wave has added",
                "kB",
                more / 1e3,
            );
        }
        findings.add(
            "users in memory, as the server counts them",
            "",
            server.scrape()?.value("streakline_actors"),
        );
    }
    findings.note("The figure of 1,000,000 users is what the process had alone, and a million times the mean of the users that were measured.");
    Ok(())
}

/// The next ten thousand users; resident bytes with their sockets open.
fn wave(lab: &Lab<'_>, server: &OwnServer, name: &str) -> Result<f64> {
    let words = format!(
        "run backfill --devices {WAVE} --days 4 --records 480 --zone {} --hold {} --check-users 100 {}",
        last_hour_zone(clock::unix_ms()),
        REST.as_secs(),
        server.words()?
    );
    lab.swarm(name, &words, &[])?
        .number("/server/rss_end_bytes")
}

/// The zone where it is between 23 and 24 o'clock. Its name has the sign of the sea: east is minus.
fn last_hour_zone(unix_ms: i64) -> String {
    let hour = unix_ms.rem_euclid(DAY_MS) / HOUR_MS;
    let east = 23 - hour;
    match if east > 14 { east - 24 } else { east } {
        0 => "UTC".to_owned(),
        east if east > 0 => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_every_hour_there_is_a_zone_where_the_day_ends() {
        assert_eq!(last_hour_zone(11 * HOUR_MS), "Etc/GMT-12");
        assert_eq!(last_hour_zone(9 * HOUR_MS), "Etc/GMT-14");
        assert_eq!(last_hour_zone(8 * HOUR_MS), "Etc/GMT+9");
        assert_eq!(last_hour_zone(23 * HOUR_MS), "UTC");
    }
}
