//! `streakline serve`: starts the server, and says on stdout where it is and what to try next.

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::settings::SettingArgs;
use crate::{
    config::Config,
    keys::{self, KeyRing},
    server::{self, Start},
    shutdown, telemetry,
};

const EXAMPLE: &str = "\
Every setting is a flag, an environment variable and a key of the TOML file, such as --limits-frames-per-s,
STREAKLINE_LIMITS_FRAMES_PER_S and limits.frames_per_s. Flags win over the environment, and that over the file.
`streakline config` prints what is in force, and where it comes from.

Example:
  streakline serve --data data --listen 127.0.0.1:8080
  streakline serve --data demo --listen 127.0.0.1:0 --clock virtual:2016-04-12T00:00:00Z";

/// Starts the server; SIGTERM or Ctrl-C drains and stops it.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: SettingArgs,
    /// Abort right after that many durable flushes, before anything of the last is answered; for tests on a virtual clock.
    #[arg(long, value_name = "N", hide = true)]
    crash_after_flush: Option<u64>,
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// When a setting is wrong or a part of the server cannot start or go on.
pub fn run(args: &ServeArgs) -> Result<ExitCode> {
    let config = Config::load(&args.settings.sources())?;
    if args.crash_after_flush.is_some() && config.clock == "system" {
        bail!("--crash-after-flush is for tests on a virtual clock");
    }
    telemetry::log(&telemetry::Log {
        filter: &config.log,
        json: config.log_json,
        lines_per_s: config.log_lines_per_s,
    })?;
    keys::install_crypto_provider();
    let keys = KeyRing::open_or_create(&config.data);
    let keys = keys.with_context(|| format!("the keys of {}", config.data.display()))?;
    if let Some(path) = keys.created_admin_key() {
        println!("admin key: {}", path.display());
    }
    let (data, crash_after_flush) = (config.data.clone(), args.crash_after_flush);
    let log_json = config.log_json;
    let metrics = telemetry::metrics()?;
    let start = Start {
        config,
        keys: Arc::new(keys),
        metrics,
        crash_after_flush,
    };
    let ready = move |address: SocketAddr| {
        println!("ready: http://{address}");
        // Whoever reads JSON from stderr reads every line of it so.
        if !log_json {
            eprintln!("{}", next_steps(&data.display().to_string(), address));
        }
    };
    let stop = async {
        if let Err(error) = shutdown::requested().await {
            tracing::error!(%error, "signals cannot be listened to");
        }
    };
    actix::System::new().block_on(server::run(start, ready, stop))?;
    Ok(ExitCode::SUCCESS)
}

/// Three commands to try.
fn next_steps(data: &str, address: SocketAddr) -> String {
    format!(
        "Keys are in {data}/keys. To try next:
  curl http://{address}/readyz
  curl -H \"Authorization: Bearer $(cat {data}/keys/admin.key)\" http://{address}/v1/challenges
  streakline token --data {data} --user ann
Every route, to try in the browser: http://{address}/docs/"
    )
}
