//! `streakline verify`: does a server that was fed by `replay` say what an independent program computed?
//!
//! It reads the expected answers and REST, nothing else.

mod boards;
mod compare;
mod digest;
pub mod fetched;
mod ledger;
pub mod report;
mod totals;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;

use super::Keys;
use super::client::{Rest, ServerArgs};
use super::folder::Expected;

pub use compare::compare;
pub use digest::digest;

const EXAMPLE: &str = "\
Example:
  streakline verify tests/fixtures/fitbit/expected.json --server http://127.0.0.1:8080 --data /tmp/replay";

/// Compares a server with the expected answers of a replayed folder.
///
/// Prints, for the minute series, how many agree of each kind: person-days, goal minutes, longest and current streaks,
/// totals, leaderboard rows, settled ranks, tokens. Ends with a digest by which two runs can be compared. Exits 1 and
/// names the first disagreements if anything disagrees.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct VerifyArgs {
    /// The expected answers
    #[arg(value_name = "EXPECTED.json")]
    expected: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
    /// The server's data directory, for its keys only
    #[arg(long, default_value = "data")]
    data: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When the file cannot be read or the server does not answer.
pub fn run(args: &VerifyArgs) -> Result<ExitCode> {
    let expected = Expected::open(&args.expected)?;
    let rest = Rest::at(&args.server.address()?, Keys::open(&args.data)?.admin_key())?;
    let fetched = super::runtime()?.block_on(fetched::fetch(&rest, &expected));
    let fetched = fetched.with_context(|| format!("asking {}", args.server.server))?;
    let report = compare(&expected, &fetched)?;
    print!("{}", report.text());
    println!("digest: {}", digest(&fetched));
    Ok(if report.agrees() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests;
