//! `streakline stuck`: lists inputs that were put aside, and offers them again. A client of the running server, like the other
//! commands; it decides nothing.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Keys,
    client::{Rest, fresh_key},
};

const EXAMPLE: &str = "\
An input is `skipped` when its fold has panicked twice, `kept` while its user is on hold after three of them, and `hold` is the
hold itself. Fix the cause first, mostly by an upgrade. Offering one that still panics only puts it back under another name.

Example:
  streakline stuck --data data list
  streakline stuck --data data retry 412-3-17";

/// Lists inputs that cannot be folded, and offers them again.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct StuckArgs {
    /// The server's data directory: its admin key is in it.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Address of the running server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// One line an input: name, whose, why, kind, stamp, digest.
    #[command(after_help = "Example:\n  streakline stuck --data data list")]
    List,
    /// Offers an input again; its user is released from a hold, and what was kept is folded in order.
    #[command(after_help = "Example:\n  streakline stuck --data data retry 412-3-17")]
    Retry {
        /// As `list` names it.
        id: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub fn run(args: &StuckArgs) -> Result<ExitCode> {
    let keys = Keys::open(&args.data)?;
    let rest = Rest::new(&args.server, keys.admin_key())?;
    super::runtime()?.block_on(async {
        match &args.action {
            Action::List => list(&rest).await,
            Action::Retry { id } => retry(&rest, id).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn list(rest: &Rest) -> Result<()> {
    let rows = rest.list("/v1/stuck").await?;
    for row in &rows {
        println!("{}", line(row));
    }
    if rows.is_empty() {
        println!("nothing is stuck");
    }
    Ok(())
}

async fn retry(rest: &Rest, id: &str) -> Result<()> {
    let path = format!("/v1/stuck/{id}/retry");
    let done = rest.post(&path, &json!({}), &fresh_key()).await?;
    if done["released"] == true {
        println!(
            "{} is released: what was kept is folded in order",
            owner(&done)
        );
    }
    if done["offered"] == true {
        println!("{id} of {} is offered again", owner(&done));
    }
    println!("`streakline stuck list` tells whether it came back");
    Ok(())
}

fn owner(row: &Value) -> String {
    match (row["user"].as_str(), row["challenge"].as_str()) {
        (Some(user), _) => format!("user {user}"),
        (None, Some(challenge)) => format!("challenge {challenge}"),
        _ => "nobody".to_owned(),
    }
}

fn line(row: &Value) -> String {
    let word = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
    let digest: String = word("digest").chars().take(12).collect();
    format!(
        "{}  {}  {}  {}  stamp_ms={}  put_ms={}  fold_version={}  digest={digest}",
        word("id"),
        owner(row),
        word("why"),
        word("input"),
        row["stamp_ms"],
        row["put_ms"],
        row["fold_version"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_the_input_and_its_owner() {
        let row = json!({"id": "412-3-17", "user": "ann", "challenge": null, "why": "skipped", "input": "ingest",
            "stamp_ms": 5, "put_ms": 7, "fold_version": 1, "digest": "00112233445566778899"});
        let line = line(&row);
        assert!(
            line.starts_with("412-3-17  user ann  skipped  ingest  stamp_ms=5"),
            "{line}"
        );
        assert!(line.ends_with("digest=001122334455"), "{line}");
        let of_challenge = json!({"user": null, "challenge": "0196"});
        assert_eq!(owner(&of_challenge), "challenge 0196");
    }
}
