//! `streakline erase`: deletes everything that is stored about a user. A client of the running server, like the other commands.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use super::{Keys, client::Rest};

const EXAMPLE: &str = "\
The user's key is destroyed, every row deleted, and the store's files are rewritten; boards of challenges that are over keep the
row under a neutral name. Backups hold what they held: a copy of the data directory with its keys can still be read. Take the user's
tokens away first: whoever has one may come again, as a new user of that name.

Example:
  streakline erase ann --data data";

/// Deletes everything that is stored about a user.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct EraseArgs {
    /// Whom.
    user: String,
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
/// When the server cannot be reached, does not know the user, or refuses.
pub fn run(args: &EraseArgs) -> Result<ExitCode> {
    let keys = Keys::open(&args.data)?;
    let rest = Rest::new(&args.server, keys.admin_key())?;
    let path = format!("/v1/users/{}", args.user);
    let answer = super::runtime()?.block_on(rest.delete(&path))?;
    println!("{}", told(&args.user, &answer));
    Ok(ExitCode::SUCCESS)
}

fn told(user: &str, answer: &Value) -> String {
    match answer["gone_by_ms"].as_i64() {
        None => format!("{user} is erased: no file of the store holds it any more"),
        Some(by_ms) => format!(
            "{user} is erased: nobody can read it any more; until {} files may hold it",
            crate::zones::shown_instant(by_ms)
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_says_whether_files_still_hold_something_and_until_when() {
        let done = told("ann", &Value::Null);
        assert!(
            done.ends_with("no file of the store holds it any more"),
            "{done}"
        );
        let going = told("ann", &json!({"gone_by_ms": 0}));
        assert!(
            going.contains("until 1970-01-01T00:00:00Z files may hold it"),
            "{going}"
        );
    }
}
