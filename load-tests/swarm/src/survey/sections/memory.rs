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
    method: "Users whose time zone has its last hour of the day send four days of steps, an hour a sample: today, of which at least 1,380 of 1,440 \
             minutes are covered, and three days that are soft-closed. 10,000 of them at once, whose sockets stay open; their memory is looked at 30 s \
             after the last answer, of a server whose users rest after 10 s (`actors.idle_s`, 300 by default) and less what the process had alone. \
             Then, on a server with its default settings and without their sockets, waves of as many, until `--fill-minutes` are over or there are \
             a million: users without a socket leave memory when they take more than `actors.memory_max_bytes`. Resident memory holds everything: users, sockets, caches and buffers of the store, what the allocator has \
             not given back.",
    measure,
};

const WAVE: u32 = 10_000;
const MILLION: u32 = 1_000_000;
/// Wanted bytes of a user with a socket, and of a million without.
const USER_KB: f64 = 20.0;
const MILLION_GB: f64 = 4.0;
/// Seconds without a command after which a user rests, and how long the server is left alone before its memory is looked at: users
/// rest, and the allocator gives back what is free for ten seconds.
const IDLE: &str = "--actors-idle-s=10";
const REST: Duration = Duration::from_secs(30);
/// The same between two waves.
const BRIEF: Duration = Duration::from_secs(1);
const HOUR_MS: i64 = 3_600_000;

fn measure(lab: &Lab<'_>, _: &Results, findings: &mut Findings) -> Result<()> {
    for run in lab.runs() {
        with_sockets(lab, run, findings)?;
        without_sockets(lab, run, findings)?;
    }
    findings.note("Where fewer than a million users came, the rest is taken to add what each of the second half of the waves has added.");
    Ok(())
}

fn with_sockets(lab: &Lab<'_>, run: u32, findings: &mut Findings) -> Result<()> {
    let server = OwnServer::start(lab, &format!("memory-sockets-{run}"), &[IDLE])?;
    let alone = server.usage()?.rss_bytes as f64;
    let resident = wave(lab, &server, &format!("sockets-{run}"), REST)?;
    findings.want(
        "resident of a user with a socket",
        "kB",
        (resident - alone) / f64::from(WAVE) / 1e3,
        (Side::AtMost, "", USER_KB),
    );
    findings.add("resident of the server alone", "MB", alone / 1e6);
    Ok(())
}

fn without_sockets(lab: &Lab<'_>, run: u32, findings: &mut Findings) -> Result<()> {
    let server = OwnServer::start(lab, &format!("memory-{run}"), &[])?;
    let until_ns = clock::now_ns() + clock::seconds_ns(lab.args.fill_minutes * 60.0);
    let mut resident = Vec::new();
    while resident.is_empty()
        || clock::now_ns() < until_ns && resident.len() < (MILLION / WAVE) as usize
    {
        let number = resident.len() + 1;
        resident.push(wave(lab, &server, &format!("{run}-{number}"), BRIEF)?);
    }
    std::thread::sleep(REST);
    let all = server.usage()?.rss_bytes as f64;
    let users = resident.len() as f64 * f64::from(WAVE);
    findings.want(
        "resident of 1,000,000 users without sockets",
        "GB",
        of_a_million(&resident, all) / 1e9,
        (Side::AtMost, "", MILLION_GB),
    );
    findings.add("users that were there", "", users);
    findings.add("resident of all of them", "MB", all / 1e6);
    findings.add(
        "users in memory, as the server counts them",
        "",
        server.scrape()?.value("streakline_actors"),
    );
    Ok(())
}

/// Resident bytes of a million users, of whom all but the last waves of 10,000 may have come.
fn of_a_million(after_waves: &[f64], all: f64) -> f64 {
    let half = after_waves.len() / 2;
    let (Some(at_half), Some(last)) = (after_waves.get(half), after_waves.last()) else {
        return all;
    };
    let waves = after_waves.len() - half - 1;
    let of_wave = if waves == 0 {
        *last
    } else {
        (last - at_half).max(0.0) / waves as f64
    };
    let missing = f64::from(MILLION / WAVE) - after_waves.len() as f64;
    all + of_wave * missing
}

/// The next ten thousand users; resident bytes with their sockets open.
fn wave(lab: &Lab<'_>, server: &OwnServer, name: &str, hold: Duration) -> Result<f64> {
    let words = format!(
        "run backfill --devices {WAVE} --days 4 --minutes 60 --records 24 --zone {} --hold {} --check-users 100 {}",
        last_hour_zone(clock::unix_ms()),
        hold.as_secs(),
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
    fn what_is_missing_of_a_million_adds_what_the_later_waves_have_added() {
        assert_eq!(of_a_million(&[9e6, 9e6, 1e7, 1.1e7], 1.2e7), 1.2e7 + 96e6);
        assert_eq!(of_a_million(&[5e6], 5e6), 5e6 + 99.0 * 5e6);
        assert_eq!(of_a_million(&[1e6; 100], 2e6), 2e6);
    }

    #[test]
    fn at_every_hour_there_is_a_zone_where_the_day_ends() {
        assert_eq!(last_hour_zone(11 * HOUR_MS), "Etc/GMT-12");
        assert_eq!(last_hour_zone(9 * HOUR_MS), "Etc/GMT-14");
        assert_eq!(last_hour_zone(8 * HOUR_MS), "Etc/GMT+9");
        assert_eq!(last_hour_zone(23 * HOUR_MS), "UTC");
    }
}
