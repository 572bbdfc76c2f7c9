//! `streakline migrate`: makes the keyspace of a CQL store and its tables, or brings them up to this version.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::settings::SettingArgs;
use crate::{config::Config, keys, server};

const EXAMPLE: &str = "\
Migrations are numbered and only go up; they are applied under a lock, and one that was applied is not applied again. A server
refuses tables that lack some, unless it is started with --cql-migrate. The texts are in schema/cql.

Example:
  streakline migrate --storage scylla://host1,host2/streakline
  streakline migrate --storage scylla://127.0.0.1/streakline --allow-single-copy";

/// Makes or changes the tables of a CQL store.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct MigrateArgs {
    #[command(flatten)]
    settings: SettingArgs,
}

/// Applies what is missing, and says what that was.
///
/// # Errors
/// When a setting is wrong, or the store cannot be reached or is not ours.
pub fn run(args: &MigrateArgs) -> Result<ExitCode> {
    let config = Config::load(&args.settings.sources())?;
    super::begin_log(&config)?;
    keys::install_crypto_provider();
    match super::runtime()?.block_on(server::migrate(&config))? {
        None => println!("the embedded store needs no migration; name a CQL store by --storage"),
        Some(applied) if applied.is_empty() => println!("{} is up to date", config.storage),
        Some(applied) => applied.iter().for_each(|name| println!("applied {name}")),
    }
    Ok(ExitCode::SUCCESS)
}
