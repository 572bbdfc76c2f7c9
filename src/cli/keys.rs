//! `streakline keys`: lists, rotates and revokes the keys of a data directory, whether a server runs or not.
//!
//! It changes files only; a running server reads them again at SIGHUP.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::keys::{KeyRing, KeyUse};

const EXAMPLE: &str = "\
A running server goes on with the keys that it has read until it gets SIGHUP (kill -HUP PID). Then tokens of a key that is
gone are refused, and their open streams are closed 4401. A master key that wraps a data key still must not be lost: without
it, what is stored of that user cannot be read. It is needed until the log says that older ones are needed no more.

Example:
  streakline keys list --data data
  streakline keys rotate --data data && kill -HUP $(pidof streakline)
  streakline keys revoke 0001-9f2c61aa --data data
  streakline keys revoke-admin --data data
  streakline keys rotate-master --data data && kill -HUP $(pidof streakline)";

/// Lists, rotates and revokes the keys of a data directory.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct KeysArgs {
    #[command(subcommand)]
    action: Action,
    /// The server's data directory
    #[arg(long, global = true, default_value = "data")]
    data: PathBuf,
}

#[derive(Subcommand)]
enum Action {
    /// Names the signing keys and the master keys, oldest first, and what each is for
    List,
    /// Adds a signing key; the one before it still checks, older ones are removed
    Rotate,
    /// Removes a signing key, so that its tokens are refused
    Revoke {
        /// As `list` names it
        kid: String,
    },
    /// Replaces the admin key
    RevokeAdmin,
    /// Adds a master key; the server then wraps every user's data key by it
    RotateMaster,
}

/// Runs the command.
///
/// # Errors
/// When the key files cannot be read or written.
pub fn run(args: &KeysArgs) -> Result<ExitCode> {
    let data = &args.data;
    match &args.action {
        Action::List => list(data)?,
        Action::Rotate => {
            let ring = KeyRing::rotate(data)?;
            println!("{} signs now", ring.newest_kid().unwrap_or_default());
        }
        Action::Revoke { kid } => {
            let ring = KeyRing::revoke(data, kid)?;
            let newest = ring.newest_kid().unwrap_or_default();
            println!("{kid} is removed; {newest} signs");
        }
        Action::RotateMaster => {
            let name = KeyRing::rotate_master(data)?;
            println!(
                "{name} wraps from the next start or SIGHUP on; keep the older ones until the server's log says that they are \
                 needed no more"
            );
        }
        Action::RevokeAdmin => {
            let ring = KeyRing::replace_admin_key(data)?;
            println!("admin key: {}", ring.admin_key_path().display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(data: &Path) -> Result<()> {
    for (kid, used) in KeyRing::list(data)? {
        let used = match used {
            KeyUse::Signs => "signs",
            KeyUse::Checks => "checks",
            KeyUse::Refused => "refused",
        };
        println!("{kid} {used}");
    }
    let masters = KeyRing::list_masters(data)?;
    for (newer, name) in (0..masters.len()).rev().zip(&masters) {
        let used = if newer == 0 { "wraps" } else { "unwraps" };
        println!("{name} {used}");
    }
    Ok(())
}
