//! `streakline config`: the settings in force, each with its origin; it starts nothing.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::settings::SettingArgs;
use crate::config::{Config, Effective};

const EXAMPLE: &str = "\
Example:
  streakline config --config streakline.toml
  STREAKLINE_LIMITS_FRAMES_PER_S=500 streakline config --listen 0.0.0.0:8080 --toml > streakline.toml";

/// Prints the settings that `serve` would take, and where each comes from.
///
/// It takes the same flags, environment and file as `serve` and refuses what that refuses. Secrets are masked.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct ConfigArgs {
    /// Print TOML that `--config` reads back
    #[arg(long, conflicts_with = "json")]
    toml: bool,
    /// Print a JSON array of key, value and origin
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Runs the command.
///
/// # Errors
/// When a setting is unknown or wrong.
pub fn run(args: &ConfigArgs) -> Result<ExitCode> {
    let sources = args.settings.sources();
    // What `serve` refuses beyond single values.
    Config::load(&sources)?;
    let effective = Effective::of(Config::settings(), &sources)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&effective.json())?);
    } else if args.toml {
        print!("{}", effective.toml());
    } else {
        print!("{}", effective.table());
    }
    Ok(ExitCode::SUCCESS)
}
