//! The commands of the one binary, and the only code that prints.
//!
//! `serve` starts the server, and `migrate` readies its store; `copy`, `audit` and `import` work on stores that no server uses;
//! the others are clients that reach data through the server's doors only and read nothing from the data directory but its keys.
#![allow(clippy::print_stdout, reason = "commands answer on stdout")]

pub mod audit;
pub mod checkpoint;
pub mod client;
pub mod config;
pub mod copy;
pub mod demo;
pub mod erase;
pub mod export;
pub mod folder;
pub mod import;
pub mod keys;
pub mod migrate;
pub mod replay;
pub mod serve;
mod settings;
pub mod stuck;
pub mod token;
pub mod verify;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use crate::clock;
use crate::config::Config;
use crate::keys::{Claims, KeyRing, KeySource, Role};
use crate::telemetry;

const EXAMPLE: &str = "\
Example:
  streakline serve --data data --listen 127.0.0.1:8080
  streakline token --data data --user ann

Every command explains itself with --help.";

/// A real-time gamification server for device streams.
#[derive(Parser)]
#[command(name = "streakline", version, arg_required_else_help = true, after_help = EXAMPLE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Config(config::ConfigArgs),
    Token(token::TokenArgs),
    Keys(keys::KeysArgs),
    Migrate(migrate::MigrateArgs),
    Replay(replay::ReplayArgs),
    Verify(verify::VerifyArgs),
    Demo(demo::DemoArgs),
    Stuck(stuck::StuckArgs),
    Erase(erase::EraseArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Checkpoint(checkpoint::CheckpointArgs),
    Copy(copy::CopyArgs),
    Audit(audit::AuditArgs),
}

/// Reads the command line and runs its command.
#[must_use]
pub fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            // Not `eprintln!`, which panics where the log is on the disk that is full.
            let _nobody_reads = writeln!(std::io::stderr(), "streakline: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Where the keys are that the settings name.
fn key_source(config: &Config) -> KeySource {
    let of = &config.auth;
    let secret = of.hs256_secret_file.clone();
    KeySource {
        dir: config.data.clone(),
        issuer: of.issuer.clone(),
        secret: secret.map(|file| (of.hs256_kid.clone(), file)),
        masters: config.sealing.master_keys.clone(),
    }
}

fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Config(args) => config::run(args),
        Command::Token(args) => token::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Migrate(args) => migrate::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Stuck(args) => stuck::run(args),
        Command::Erase(args) => erase::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Checkpoint(args) => checkpoint::run(args),
        Command::Copy(args) => copy::run(args),
        Command::Audit(args) => audit::run(args),
    }
}

/// The keys of a data directory, as the client commands use them.
pub(crate) struct Keys(KeyRing);

impl Keys {
    /// Lifetime of the tokens that a command makes for itself.
    const TTL_S: i64 = 86_400;

    fn open(data: &Path) -> Result<Self> {
        let keys = KeyRing::open_or_create(data);
        Ok(Self(keys.with_context(|| {
            format!("the keys of {}", data.display())
        })?))
    }

    fn admin_key(&self) -> &str {
        self.0.admin_key()
    }

    fn user_token(&self, user: &str) -> Result<String> {
        Ok(self
            .0
            .issue(&Claims::new(user, Role::User, clock::unix_s(), Self::TTL_S))?)
    }
}

/// Begins the log of a command that works as the server does.
fn begin_log(config: &Config) -> Result<()> {
    telemetry::log(&telemetry::Log {
        filter: &config.log,
        json: config.log_json,
        lines_per_s: config.log_lines_per_s,
    })?;
    Ok(())
}

/// One thread is enough for a client, and leaves the others to the server.
fn runtime() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.context("the asynchronous runtime cannot start")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_command_explains_itself_and_ends_with_an_example() {
        let mut cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands_mut() {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            let example = help
                .rfind("Example:")
                .unwrap_or_else(|| panic!("{name} has no example"));
            assert!(
                help[example..].contains(&format!("streakline {name}")),
                "{name}"
            );
            assert!(command.get_about().is_some(), "{name}");
        }
    }
}
