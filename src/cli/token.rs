//! `streakline token`: a token of this deployment, made from the key files alone, whether a server runs or not.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;
use streakline_core::id::{DeviceId, UserId};

use crate::clock;
use crate::keys::{self, Claims, KeyRing, LIFETIME_S_MAX};

const EXAMPLE: &str = "\
Example:
  curl -H \"Authorization: Bearer $(streakline token --data data --user ann)\" http://127.0.0.1:8080/v1/me";

/// Prints a token for a user.
///
/// Only the key files of the data directory are read (they are made where there are none), so this works while a server
/// has the directory open.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct TokenArgs {
    /// The server's data directory
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// For whom
    #[arg(long, value_parser = parse_user)]
    user: String,
    /// The only device that may use it, a UUID
    #[arg(long, value_parser = parse_device)]
    device: Option<String>,
    /// What its bearer may do
    #[arg(long, value_enum, default_value_t = Role::User)]
    role: Role,
    /// Makes a friends token instead, which names these users, separated by commas
    #[arg(long, value_name = "USERS", value_delimiter = ',', value_parser = parse_friend,
        conflicts_with_all = ["device", "role"])]
    friends: Option<Vec<UserId>>,
    /// Lifetime in seconds; negative makes an expired one
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 86_400,
        allow_negative_numbers = true
    )]
    ttl: i64,
    /// `iss`, where the server's setting auth.issuer is another one
    #[arg(long, default_value = keys::ISSUER)]
    issuer: String,
    /// Replaces a claim, for tests against a server on a virtual clock; VALUE is JSON, else text
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = parse_claim)]
    claims: Vec<(String, Value)>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    User,
    Admin,
}

/// Runs the command.
///
/// # Errors
/// When the keys cannot be had, or the lifetime is beyond what any server accepts.
pub fn run(args: &TokenArgs) -> Result<ExitCode> {
    let keys = KeyRing::open_or_create(&args.data)?;
    if !args.claims.is_empty() && !KeyRing::allows_odd_claims(&args.data) {
        bail!(
            "--claim is for tests: the server of {} has to be on a virtual clock",
            args.data.display()
        );
    }
    println!("{}", keys.issue(&claims(args, clock::unix_s())?)?);
    Ok(ExitCode::SUCCESS)
}

fn claims(args: &TokenArgs, now_s: i64) -> Result<Claims> {
    if args.ttl > LIFETIME_S_MAX {
        bail!("--ttl may be {LIFETIME_S_MAX} seconds (30 days) at most");
    }
    let role = match args.role {
        Role::User => keys::Role::User,
        Role::Admin => keys::Role::Admin,
    };
    let mut claims = match &args.friends {
        Some(friends) => Claims::of_friends(&args.user, friends, now_s, args.ttl),
        None => Claims::new(&args.user, role, now_s, args.ttl),
    };
    claims.iss.clone_from(&args.issuer);
    claims.device.clone_from(&args.device);
    claims.extra.extend(args.claims.iter().cloned());
    Ok(claims)
}

fn parse_user(text: &str) -> Result<String, String> {
    UserId::parse(text)
        .map(|user| user.as_str().to_owned())
        .map_err(|e| e.to_string())
}

fn parse_friend(text: &str) -> Result<UserId, String> {
    UserId::parse(text).map_err(|e| e.to_string())
}

fn parse_device(text: &str) -> Result<String, String> {
    DeviceId::parse(text)
        .map(|device| device.to_string())
        .map_err(|e| e.to_string())
}

fn parse_claim(text: &str) -> Result<(String, Value), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("must be NAME=VALUE".into());
    };
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: TokenArgs,
    }

    fn parse(line: &[&str]) -> Result<TokenArgs, clap::Error> {
        let words = ["token"].iter().chain(line);
        Line::try_parse_from(words).map(|line| line.args)
    }

    #[test]
    fn claims_are_what_the_options_say() {
        let device = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
        let line = [
            "--user", "ann", "--device", device, "--role", "admin", "--ttl", "-5",
        ];
        let claims = claims(&parse(&line).unwrap(), 1_000).unwrap();
        assert_eq!(
            (claims.sub.as_str(), claims.exp, claims.iat),
            ("ann", 995, 1_000)
        );
        assert_eq!(
            (claims.role, claims.device.as_deref()),
            (keys::Role::Admin, Some(device))
        );
    }

    #[test]
    fn friends_are_named_in_a_token_for_another_audience() {
        let line = ["--user", "ann", "--friends", "bob,cat"];
        let claims = claims(&parse(&line).unwrap(), 1_000).unwrap();
        assert_eq!(claims.aud, keys::FRIENDS_AUDIENCE);
        assert_eq!(claims.extra["friends"], json!(["bob", "cat"]));
        assert!(parse(&["--user", "ann", "--friends", "bob", "--role", "admin"]).is_err());
        assert!(parse(&["--user", "ann", "--friends", "bob smith"]).is_err());
    }

    #[test]
    fn a_claim_is_json_or_text() {
        let line = [
            "--user",
            "ann",
            "--claim",
            "aud=other",
            "--claim",
            "exp=5",
            "--claim",
            "a=b=c",
        ];
        let claims = claims(&parse(&line).unwrap(), 1_000).unwrap();
        assert_eq!(claims.extra["aud"], "other");
        assert_eq!(claims.extra["exp"], json!(5));
        assert_eq!(claims.extra["a"], "b=c");
    }

    #[test]
    fn what_no_server_would_take_is_refused() {
        for line in [
            &["--user", "ann smith"][..],
            &["--user", "ann", "--device", "watch"],
            &["--user", "ann", "--role", "root"],
            &["--user", "ann", "--claim", "exp"],
            &[],
        ] {
            assert!(parse(line).is_err(), "{line:?}");
        }
        let too_long = parse(&["--user", "ann", "--ttl", "2592001"]).unwrap();
        assert!(claims(&too_long, 0).is_err());
    }
}
