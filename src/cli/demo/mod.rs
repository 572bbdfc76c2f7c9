//! `streakline demo`: five real people walk four days in half a minute, and everything that the server pushes to them is
//! shown as it comes.
//!
//! The same bands and the same clock as `replay`, with people who join by themselves and somebody who watches.

mod board;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use streakline_core::civil::{Day, HOUR_MS};
use streakline_core::zone::Zone;
use tokio::sync::mpsc;

use self::board::Board;
use super::Keys;
use super::client::{Address, Rest, ServerArgs};
use super::folder::{Folder, Window};
use super::replay::band::Band;
use super::replay::drive::{self, Course};
use super::replay::sender::{Allowance, Door, Push, Sender};
use super::replay::wall;

const MINUTES: &[u8] = include_bytes!("../../../demo/fitbit-small/minuteStepsWide_merged.csv.gz");
const EXPECTED: &str = include_str!("../../../demo/fitbit-small/expected.json");
const CREDIT: &str =
    "Steps: Furberg, Brinton, Keating, Ortiz (2016), DOI 10.5281/zenodo.53894, CC BY 4.0 (a part).";
/// Names for the pseudonyms of the recording.
const NAMES: [&str; 5] = ["Ada", "Ben", "Cleo", "Dan", "Eve"];
const ZONE: &str = "UTC";
const BATCH: usize = 10;
/// Pushes that wait to be shown; the sockets wait while it is full.
const PUSHES_MAX: usize = 1_024;
/// States come once a second; so long after the last one everything has been shown.
const LINGER: Duration = Duration::from_millis(1_500);
/// From the end of the window at UTC until it is over everywhere, and settled (protocol.md 7).
const SETTLED_AFTER_MS: i64 = (12 + 24) * HOUR_MS;

const EXAMPLE: &str = "\
Example:
  streakline serve --data /tmp/demo --clock virtual:2016-04-18T12:00:00Z &
  streakline demo --server http://127.0.0.1:8080 --data /tmp/demo";

/// Streams five people's steps and shows totals, streaks, ranks and tokens as they are pushed.
///
/// Opens a challenge over four days of April 2016, lets five users join it, and streams their recorded minutes through
/// real WebSockets while moving the server's virtual clock, which must stand before 2016-04-19.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct DemoArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The server's data directory, for its keys only
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Hours of the recording in one second
    #[arg(long, value_name = "HOURS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    speed: u32,
}

/// What the demo is about.
struct Scene {
    server: Address,
    rest: Rest,
    keys: Keys,
    window: Window,
    goal: u32,
}

/// Runs the command.
///
/// # Errors
/// When the server's clock cannot be used, the server refuses, or the connection is lost.
pub fn run(args: &DemoArgs) -> Result<ExitCode> {
    let folder = Folder::embedded(MINUTES, EXPECTED)?;
    let keys = Keys::open(&args.data)?;
    let server = args.server.address()?;
    let rest = Rest::at(&server, keys.admin_key())?;
    let goal = *folder
        .expected
        .goals
        .first()
        .context("the recording has no goal")?;
    let window = folder.expected.window()?;
    let scene = Scene {
        server,
        rest,
        keys,
        window,
        goal,
    };
    super::runtime()?.block_on(play(&scene, &folder, args.speed))?;
    Ok(ExitCode::SUCCESS)
}

async fn play(scene: &Scene, folder: &Folder, speed: u32) -> Result<()> {
    check_clock(scene).await?;
    let start_ms = scene.window.starts.utc_ms();
    let people: Vec<(String, &str)> = folder.people().into_iter().zip(NAMES).collect();
    let challenge = stage::set(scene, &people).await?;
    println!("{CREDIT}");
    let (first, last) = (scene.window.starts.iso(), scene.window.ends.iso());
    println!(
        "{} people, {first} to {last}, most steps wins; {speed} hours a second.\n",
        people.len()
    );
    // Nobody walks before the window.
    scene.rest.move_clock(start_ms).await?;
    let (pushes, inbox) = mpsc::channel(PUSHES_MAX);
    let senders = open(scene, folder, &people, start_ms, &pushes).await?;
    drop(pushes);
    let shown = tokio::spawn(Board::new(&people, scene.goal, &challenge).show(inbox));
    let course = Course {
        now_ms: start_ms,
        end_ms: scene.window.ends.next().utc_ms() + SETTLED_AFTER_MS,
        allowance: Allowance::new(None),
        pace: Duration::from_secs(1) / speed,
        linger: LINGER,
    };
    drive::drive(
        &scene.rest,
        senders,
        &course,
        &indicatif::ProgressBar::hidden(),
    )
    .await?;
    shown.await.context("showing what was pushed")?;
    board::print_final(&scene.rest, &challenge).await?;
    println!(
        "\nThe challenge is settled: GET {}/v1/challenges/{challenge}/leaderboard",
        scene.server.http()
    );
    Ok(())
}

async fn check_clock(scene: &Scene) -> Result<()> {
    let clock = scene.rest.clock().await?;
    let start: Day = scene.window.starts;
    let hint =
        "start a server on an empty data directory with --clock virtual:2016-04-18T12:00:00Z";
    if !clock.is_virtual {
        bail!("the server's clock is the machine's, which nobody can move: {hint}");
    }
    if clock.now_ms > start.utc_ms() {
        bail!(
            "the server's clock is past {}: the demo has run here already; {hint}",
            start.iso()
        );
    }
    Ok(())
}

async fn open(
    scene: &Scene,
    folder: &Folder,
    people: &[(String, &str)],
    now_ms: i64,
    pushes: &mpsc::Sender<Push>,
) -> Result<Vec<Sender>> {
    let mut senders = Vec::new();
    for (user, _) in people {
        let rows = folder.minutes.get(user).map_or(&[][..], Vec::as_slice);
        let band = Band::new(user, wall::samples(&Zone::utc(), rows)?, BATCH, None);
        let token = scene.keys.user_token(user)?;
        let pushes = Some(pushes.clone());
        let door = Door {
            server: &scene.server,
            token: &token,
            zone: ZONE,
            now_ms,
            resumed: false,
            pushes,
        };
        senders.push(Sender::open(band, &door, Allowance::new(None)).await?);
    }
    Ok(senders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_recording_has_five_people_with_four_days_each() {
        let folder = Folder::embedded(MINUTES, EXPECTED).unwrap();
        assert_eq!(folder.people().len(), NAMES.len());
        assert!(folder.minutes.values().all(|rows| rows.len() == 4 * 24));
        let window = folder.expected.window().unwrap();
        assert_eq!(
            (window.starts.iso(), window.ends.iso()),
            ("2016-04-19".into(), "2016-04-22".into())
        );
        assert_eq!(folder.expected.goals, [10_000]);
    }
}
