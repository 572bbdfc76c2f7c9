//! A run from its beginning to its end: the other side is started or found, measured, and stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context as _, Result};

use crate::board;
use crate::cli::{LoadArgs, RunArgs};
use crate::clock;
use crate::measure::{self, After, Other};
use crate::planning::{self, Target};
use crate::profile::Profile;
use crate::report::Report;
use crate::rest::Rest;
use crate::server::{Launch, Serving};
use crate::token::Signer;

/// `auth.hs256_kid` and `auth.issuer` as they are by themselves.
pub(crate) const KID: &str = "hs256";
pub(crate) const ISSUER: &str = "streakline";
/// The secret of a server that is started here; it lives as long as its directory.
pub(crate) const SECRET: &str = "a-secret-of-a-load-test-and-of-nothing-else";

/// Against a server.
pub(crate) fn run(args: &RunArgs) -> Result<Report> {
    let load = &args.load;
    let run_number = clock::unix_ms().unsigned_abs();
    let name = planning::run_name(run_number);
    let secret = match &args.secret_file {
        Some(file) => fs::read_to_string(file).with_context(|| file.display().to_string())?,
        None => SECRET.to_owned(),
    };
    let serving = match &args.server {
        Some(program) => Some(Serving::start(&Launch {
            program,
            directory: &absolute(&args.directory.join(&name))?,
            core: core(load, &load.server_core),
            workers: args.workers,
            secret: &secret,
            storage: args.storage.as_deref(),
            arguments: &args.server_arg,
        })?),
        None => None,
    };
    let signer = Signer {
        secret: secret.trim_end_matches(['\n', '\r']).to_owned(),
        kid: KID.to_owned(),
        issuer: ISSUER.to_owned(),
    };
    let address = match (&serving, &args.url) {
        (Some(serving), _) => serving.address,
        (None, Some(url)) => address_of(url)?,
        (None, None) => anyhow::bail!("neither --server nor --url"),
    };
    let rest = Rest::new(address, signer.admin(clock::unix_ms())?)?;
    let boards = match load.profile {
        Profile::Board => {
            let users = (load.devices + load.subscribers).max(load.participants);
            let admin = || Rest::new(address, signer.admin(clock::unix_ms())?);
            board::prepare(&admin, &name, users, (load.boards, load.in_parts))?
        }
        _ => Vec::new(),
    };
    let target = Target {
        address,
        is_floor: false,
        signer,
        boards,
        run_number,
    };
    let pid = serving
        .as_ref()
        .map(|serving| serving.child.id())
        .or(args.pid);
    let mut other = Other {
        pid,
        rest: Some(rest),
        after: Some(After {
            check_users: args.check_users,
            checkpoint: args.checkpoint,
            settle_s: args.settle,
        }),
    };
    let mut report = measure::run(load, &target, &mut other)?;
    if let Some(serving) = serving {
        let stored = serving.stop(args.keep)?;
        report.stored(stored);
    }
    Ok(report)
}

/// Against the floor.
pub(crate) fn floor(load: &LoadArgs) -> Result<Report> {
    let serving = Serving::floor(&env::current_exe()?, core(load, &load.server_core))?;
    let signer = Signer {
        secret: SECRET.to_owned(),
        kid: KID.to_owned(),
        issuer: ISSUER.to_owned(),
    };
    let target = Target {
        address: serving.address,
        is_floor: true,
        signer,
        boards: Vec::new(),
        run_number: clock::unix_ms().unsigned_abs(),
    };
    let mut other = Other {
        pid: Some(serving.child.id()),
        rest: None,
        after: None,
    };
    let report = measure::run(load, &target, &mut other)?;
    serving.stop(false)?;
    Ok(report)
}

/// Cores, unless the kernel is to choose.
pub(crate) fn core<'a>(args: &LoadArgs, core: &'a str) -> Option<&'a str> {
    (!args.unpinned).then_some(core)
}

fn absolute(path: &std::path::Path) -> Result<PathBuf> {
    Ok(std::path::absolute(path)?)
}

fn address_of(url: &str) -> Result<SocketAddr> {
    let host = url
        .strip_prefix("http://")
        .context("only http:// is spoken here")?;
    let address = host.trim_end_matches('/').parse();
    address.with_context(|| format!("{url}: an address and a port, such as http://127.0.0.1:8080"))
}
