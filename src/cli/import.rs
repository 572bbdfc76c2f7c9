//! `streakline import`: takes a user who was exported into a store that no server uses.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::ProgressBar;

use super::settings::SettingArgs;
use crate::{
    config::Config,
    keys::{self, CurrentKeys},
    registry,
    server::offline::{self, Arrival, Place},
};

const EXAMPLE: &str = "\
The file is read to its end and checked before anything is written: every line, the counts and digests of all of them, and that they
belong together. Then one step makes the user durable: days, samples, goals, streaks, balance, events and changes are what they were,
and what devices send next goes on from there. Enrolments stay behind, because their challenges do. Stop the server first; the
settings are those that it has: where the store is, the keys that seal it, the deployment's own metrics. An empty store takes the policy
about typed-in samples and the time of retention from the file; any other must have the same.

Example:
  streakline import ann.jsonl --data data
  streakline import ann.jsonl --check
  gunzip -c ann.jsonl.gz | streakline import - --data data";

/// Lines between two signs of progress.
const TOLD_EVERY: u64 = 1_000;

/// Takes an exported user into a store that no server uses.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct ImportArgs {
    /// What `streakline export` wrote; `-` is stdin.
    file: PathBuf,
    /// Only check the file.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Runs the command.
///
/// # Errors
/// When the file is not whole, the store cannot be opened or is in use, the user is in it already, or it has other rules.
pub fn run(args: &ImportArgs) -> Result<ExitCode> {
    let config = Config::load(&args.settings.sources())?;
    if let Some(file) = &config.metrics.file {
        registry::install(file)?;
    }
    let arrival = read(args).with_context(|| args.file.display().to_string())?;
    if args.check {
        println!("{}: whole, {}", args.file.display(), summary(&arrival));
        return Ok(ExitCode::SUCCESS);
    }
    keys::install_crypto_provider();
    let place = Place::of(&config);
    let at = &place.at;
    let keys = CurrentKeys::open(super::key_source(&config))?;
    let imported = offline::import_user(&place, &keys, &arrival);
    let imported = super::runtime()?.block_on(imported);
    imported.with_context(|| format!("{} into {at}", arrival.user.id))?;
    println!("{} is in {at}: {}", arrival.user.id, summary(&arrival));
    Ok(ExitCode::SUCCESS)
}

fn read(args: &ImportArgs) -> Result<Arrival> {
    let bar = ProgressBar::new_spinner();
    let mut told = |line: u64| {
        if line.is_multiple_of(TOLD_EVERY) {
            bar.set_message(format!("{line} lines"));
            bar.tick();
        }
    };
    let from: Box<dyn BufRead> = if args.file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(&args.file)?))
    };
    let arrival = Arrival::read(from, &mut told);
    bar.finish_and_clear();
    Ok(arrival?)
}

/// Who it is, and how many lines of each kind there are.
fn summary(arrival: &Arrival) -> String {
    let counts = arrival.counts.iter().filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    format!(
        "{} as of {}: {}",
        arrival.header.user,
        arrival.header.exported_at,
        counts.join(", ")
    )
}
