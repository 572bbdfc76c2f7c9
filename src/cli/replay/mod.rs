//! `streakline replay`: recorded people as real clients of a server whose clock is virtual.
//!
//! It talks to the server's two doors only. Everything that it sends is derived from the folder and the options, so a
//! second replay after a crash (`--resume`) makes the same plan and goes on where the server's answer says.

pub mod band;
pub mod drive;
pub mod plan;
pub mod sender;
pub mod setup;
pub mod wall;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use streakline_core::civil::{Day, Local};
use streakline_core::zone::{Zone, Zones as _};

use self::band::Band;
use self::drive::Course;
use self::sender::{Allowance, Door, Sender};
use self::setup::Setup;
use super::Keys;
use super::client::{Rest, ServerArgs};
use super::folder::Folder;
use crate::zones::BundledZones;

/// How long after the last sample a replay ends: every day is then hard closed.
const HOURS_AFTER: i64 = 96;
const BATCH_MAX: u64 = 500;
const DEVICES_MAX: u64 = 8;

const EXAMPLE: &str = "\
Example:
  streakline serve --data /tmp/replay --clock virtual:2016-04-12T00:00:00Z &
  streakline replay tests/fixtures/fitbit --server http://127.0.0.1:8080 --data /tmp/replay --zone Europe/Berlin";

/// Streams a folder of recorded steps through real WebSockets.
///
/// FOLDER holds minuteStepsWide_merged.csv (gzipped or not) and expected.json, which names the window, the goals and the
/// weeks. Every person becomes a user with one band (or several, see --devices) and one static goal per target, enrolled
/// in one challenge over the window and one per week. The server must run on a virtual clock that stands before the
/// window; the replay moves it by the hour, sends every minute once the clock is past it, and ends 96 hours after the
/// last one.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct ReplayArgs {
    /// Folder with the recording
    folder: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
    /// The server's data directory, for its keys only
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// IANA time zone of everybody, such as Europe/Berlin
    #[arg(long)]
    zone: String,
    /// Records in a batch
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=BATCH_MAX))]
    batch: u64,
    /// Bands of each person, among which the minutes are dealt out one by one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=DEVICES_MAX))]
    devices: u64,
    /// Only the first N people, by their ids
    #[arg(long, value_name = "N")]
    users: Option<usize>,
    /// Go on after a crash, with the same folder and options
    #[arg(long)]
    resume: bool,
    /// Send every batch late by up to 20 hours and one in ten twice, the same way for the same seed
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    /// Stop after N acknowledged batches
    #[arg(long, value_name = "N", hide = true)]
    stop_after: Option<u64>,
}

/// Runs the command.
///
/// # Errors
/// When the folder is not of its form, the server refuses, or the connection is lost.
pub fn run(args: &ReplayArgs) -> Result<ExitCode> {
    let folder = Folder::open(&args.folder)?;
    let keys = Keys::open(&args.data)?;
    super::runtime()?.block_on(replay(args, &folder, &keys))?;
    Ok(ExitCode::SUCCESS)
}

async fn replay(args: &ReplayArgs, folder: &Folder, keys: &Keys) -> Result<()> {
    let zone = BundledZones::new().zone(&args.zone);
    let zone =
        zone.with_context(|| format!("`{}` is no time zone of the tz database", args.zone))?;
    let server = args.server.address()?;
    let rest = Rest::at(&server, keys.admin_key())?;
    let bands = bands(args, folder, &zone)?;
    let setup = setup_of(args, folder)?;
    let start_ms = zone.first_reaching(setup.from.midnight(), i64::MIN);
    let now_ms = check_clock(&rest, &setup, start_ms, args.resume).await?;
    setup::prepare(&rest, &setup).await?;
    let end_ms = bands
        .iter()
        .flat_map(|band| band.last_end_ms())
        .max()
        .unwrap_or(start_ms);
    let end_ms = drive::end_of(end_ms, HOURS_AFTER);
    let allowance = Allowance::new(args.stop_after);
    let mut senders = Vec::with_capacity(bands.len());
    for band in bands {
        let token = keys.user_token(&band.user)?;
        let (zone, resumed) = (args.zone.as_str(), args.resume);
        let door = Door {
            server: &server,
            token: &token,
            zone,
            now_ms,
            resumed,
            pushes: None,
        };
        let user = band.user.clone();
        let opened = Sender::open(band, &door, allowance.clone()).await;
        senders.push(opened.with_context(|| format!("user {user}"))?);
    }
    let people = setup.people.len();
    let course = Course {
        now_ms,
        end_ms,
        allowance,
        pace: Duration::ZERO,
        linger: Duration::ZERO,
    };
    let tally = drive::drive(&rest, senders, &course, &drive::progress_bar()).await?;
    let end = if tally.complete {
        "complete"
    } else {
        "stopped as asked"
    };
    println!(
        "{end}: {} batches, {} records of {people} people; the clock is at {}Z",
        tally.batches,
        tally.records,
        Local(tally.now_ms).iso_minute()
    );
    Ok(())
}

fn bands(args: &ReplayArgs, folder: &Folder, zone: &Zone) -> Result<Vec<Band>> {
    let (batch, devices) = (usize::try_from(args.batch)?, usize::try_from(args.devices)?);
    let people = folder
        .people()
        .into_iter()
        .take(args.users.unwrap_or(usize::MAX));
    let mut bands = Vec::new();
    for user in people {
        let rows = folder.minutes.get(&user).map_or(&[][..], Vec::as_slice);
        let samples = wall::samples(zone, rows).with_context(|| format!("person {user}"))?;
        bands.extend(Band::split(&user, samples, devices, (batch, args.shuffle)));
    }
    Ok(bands)
}

fn setup_of(args: &ReplayArgs, folder: &Folder) -> Result<Setup> {
    let window = folder.expected.window()?;
    let people: Vec<String> = folder
        .people()
        .into_iter()
        .take(args.users.unwrap_or(usize::MAX))
        .collect();
    ensure!(!people.is_empty(), "there is nobody in this folder");
    let rows = folder.minutes.values().flatten();
    let first_day: Option<Day> = rows.map(|row| row.start.day()).min();
    Ok(Setup {
        people,
        zone: args.zone.clone(),
        goals: folder.expected.goals.clone(),
        from: first_day.map_or(window.starts, |first| first.min(window.starts)),
        boards: folder.expected.boards()?,
    })
}

/// The server's clock, POSIX ms, if it is one that this replay can use.
async fn check_clock(rest: &Rest, setup: &Setup, start_ms: i64, resume: bool) -> Result<i64> {
    let clock = rest.clock().await?;
    let hint = "start a server on an empty data directory with --clock virtual:TIME";
    if !clock.is_virtual {
        bail!("the server's clock is the machine's, which nobody can move: {hint}");
    }
    if clock.now_ms > start_ms && !resume {
        bail!(
            "the server's clock is at {}Z, past the start of {} in {} ({}Z): {hint} before it, or go on with --resume",
            Local(clock.now_ms).iso_minute(),
            setup.from.iso(),
            setup.zone,
            Local(start_ms).iso_minute()
        );
    }
    Ok(clock.now_ms)
}
