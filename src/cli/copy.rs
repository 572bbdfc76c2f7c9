//! `streakline copy`: copies a store that no server uses into an empty one, and compares them.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::ProgressBar;

use super::settings::SettingArgs;
use crate::{
    config::Config,
    keys,
    server::offline::{self, Place},
    storage::copy::Step,
};

const EXAMPLE: &str = "\
Everything in the store is copied as it is, and both stores are read again in the end: the counts and digests that are printed are
those of both. A copy that was stopped goes on when the same command is given again, unless a server has used the source since; no
server starts on a copy that is not whole. The folder keys/ beside a store is not copied. A keyspace must have its tables
(`streakline migrate`), and the settings of `cql` apply to it.

Example:
  streakline copy --from data --to /srv/streakline
  streakline copy --from data --to scylla://host1,host2/streakline
  streakline copy --from scylla://host1,host2/streakline --to restored";

/// Copies all rows of a store into an empty one, and compares them by count and hash.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct CopyArgs {
    /// The store to read: a data directory or scylla://host/keyspace that no server uses.
    #[arg(long, value_name = "STORE")]
    from: String,
    /// The store to fill: a data directory, made where it is missing, or scylla://host/keyspace.
    #[arg(long, value_name = "STORE")]
    to: String,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Runs the command.
///
/// # Errors
/// When a store cannot be opened, is in use, is not empty, or the copy differs.
pub fn run(args: &CopyArgs) -> Result<ExitCode> {
    let config = Config::load(&args.settings.sources())?;
    keys::install_crypto_provider();
    let bar = ProgressBar::new_spinner();
    let mut told = |step: Step| {
        let words = match step {
            Step::Copied(table, rows) => format!("{}: {rows} rows", table.name()),
            Step::Comparing(table) => format!("comparing {}", table.name()),
        };
        bar.set_message(words);
        bar.tick();
    };
    let place = |at: &String| Place {
        at: at.clone(),
        config: &config,
    };
    let copied = offline::copy_store((place(&args.from), place(&args.to)), &mut told);
    let copied = super::runtime()?.block_on(copied);
    bar.finish_and_clear();
    let copied = copied.with_context(|| format!("copying {} to {}", args.from, args.to))?;
    for (table, digest) in &copied {
        println!(
            "{:<11} {:>12} rows  {}",
            table.name(),
            digest.rows,
            digest.hex()
        );
    }
    let rows: u64 = copied.iter().map(|(_, digest)| digest.rows).sum();
    println!("{} holds the same {rows} rows as {}", args.to, args.from);
    Ok(ExitCode::SUCCESS)
}
