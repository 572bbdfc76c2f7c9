//! `streakline checkpoint`: has the running server snapshot everybody, before an upgrade.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::{
    Keys,
    client::{Rest, fresh_key},
};

const EXAMPLE: &str = "\
An upgrade may change how inputs are folded, and the new version must not fold what the old one acknowledged. Take a checkpoint
first, while clients are connected, and stop the server then: what comes in between is snapshotted as it stops.

Example:
  streakline checkpoint --data data --server http://127.0.0.1:8080";

/// Snapshots everybody on the running server, so that snapshots cover its whole journal; says what it did.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct CheckpointArgs {
    /// The server's data directory: its admin key is in it.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Address of the running server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub fn run(args: &CheckpointArgs) -> Result<ExitCode> {
    let keys = Keys::open(&args.data)?;
    let rest = Rest::new(&args.server, keys.admin_key())?;
    let taken =
        super::runtime()?.block_on(rest.post("/v1/checkpoint", &json!({}), &fresh_key()))?;
    println!("{}", said(&taken));
    Ok(ExitCode::SUCCESS)
}

fn said(taken: &Value) -> String {
    let done = format!(
        "{} users and challenges had {} bytes of journal that no snapshot covered",
        taken["found"], taken["found_bytes"]
    );
    match taken["uncovered"].as_u64() {
        Some(0) => format!("{done}; now nothing is left"),
        _ => format!(
            "{done}; {} bytes of {} are left: inputs that came meanwhile, or that wait from an earlier start",
            taken["tail_bytes"], taken["uncovered"]
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_whether_something_is_left() {
        let taken = json!({"found": 3, "found_bytes": 900, "uncovered": 0, "tail_bytes": 0});
        assert!(said(&taken).ends_with("now nothing is left"));
        let busy = json!({"found": 3, "found_bytes": 900, "uncovered": 1, "tail_bytes": 40});
        assert!(said(&busy).contains("40 bytes of 1 are left"));
    }
}
