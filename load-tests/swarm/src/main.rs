//! `swarm`: a load generator for Streakline's stream (docs/adr/0041). It knows the protocol and nothing of the server's code, so
//! that it shares no fault with what it checks.

mod board;
mod check;
mod cli;
mod clock;
mod compact;
mod conduct;
mod dates;
mod figures;
mod floor;
mod frame;
mod measure;
mod member;
mod members;
mod names;
mod plan;
mod planning;
mod profile;
mod reply;
mod report;
mod rest;
mod schedule;
mod scrape;
mod server;
mod survey;
mod template;
mod token;
mod upgrade;
mod usage;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;

use cli::{Cli, Command};
use report::Report;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            // Nobody may read it; that is no reason to panic.
            let _said = writeln!(std::io::stderr(), "swarm: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(args) => told(&conduct::run(&args)?, args.load.json.as_deref()),
        Command::Floor(args) => told(&conduct::floor(&args)?, args.json.as_deref()),
        Command::Report(args) => survey::run(&args),
        Command::FloorServer => floor::serve().map(|()| ExitCode::SUCCESS),
        Command::Member => member::run().map(|()| ExitCode::SUCCESS),
    }
}

/// Tells the figures; 1 when something is wrong.
fn told(report: &Report, json: Option<&Path>) -> Result<ExitCode> {
    write!(std::io::stdout(), "{report}")?;
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(report)?;
        fs::write(path, text + "\n").with_context(|| path.display().to_string())?;
    }
    Ok(ExitCode::from(u8::from(!report.is_right())))
}
