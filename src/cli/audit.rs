//! `streakline audit`: recomputes what a store says of itself, while no server uses it.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::ProgressBar;

use super::settings::SettingArgs;
use crate::{
    config::Config,
    keys::{self, CurrentKeys},
    server::offline::{self, Audit, Place},
};

const EXAMPLE: &str = "\
Balances are recomputed from transfers, the partitions' sums from their users, standings from enrolments; every key of a transfer
must be unique, no account below zero, and all of them sum to zero. It reads everything and changes nothing. Stop the server, or
audit a copy. It is given the settings that the server has: where the store is, and the keys that it is sealed with.

Example:
  streakline audit --data data
  streakline audit --data data --storage scylla://host1,host2/streakline";

/// Recomputes balances, sums and standings from rows; ends with 1 and a list where something differs.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct AuditArgs {
    #[command(flatten)]
    settings: SettingArgs,
}

/// Runs the command.
///
/// # Errors
/// When the store cannot be opened or read, or is in use.
pub fn run(args: &AuditArgs) -> Result<ExitCode> {
    let config = Config::load(&args.settings.sources())?;
    keys::install_crypto_provider();
    let bar = ProgressBar::new_spinner();
    let mut told = |table: crate::storage::bulk::BulkTable| {
        bar.set_message(format!("reading {}", table.name()));
        bar.tick();
    };
    let place = Place::of(&config);
    // Before keys are made for a directory that is not there.
    place.look()?;
    let keys = CurrentKeys::open(super::key_source(&config))?;
    let audited = offline::audit_store(&place, &keys, &mut told);
    let audited = super::runtime()?.block_on(audited);
    bar.finish_and_clear();
    let audit = audited.with_context(|| format!("auditing {}", place.at))?;
    for finding in &audit.findings {
        println!("{}: {}", finding.of, finding.what);
    }
    println!("{}", summary(&audit));
    Ok(match audit.differences {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn summary(audit: &Audit) -> String {
    let (users, transfers) = (audit.users, audit.transfers);
    let seen = format!(
        "{users} users, {transfers} transfers, {} standings",
        audit.standings
    );
    match (audit.differences, audit.findings.len() as u64) {
        (0, _) => format!("{seen}: everything agrees, and all accounts sum to zero"),
        (all, told) if all > told => {
            format!("{seen}: {all} differences, of which {told} are listed")
        }
        (all, _) => format!("{seen}: {all} differences"),
    }
}
