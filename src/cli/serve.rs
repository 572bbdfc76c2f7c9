//! `streakline serve`: starts the server, and says on stdout where it is and what to try next.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    config::Config,
    keys::{self, KeyRing},
    server::{self, Start},
    shutdown, telemetry,
};

const EXAMPLE: &str = "\
Every setting is also a key of the TOML file (--config) and an environment variable, such as limits.frames_per_s and
STREAKLINE_LIMITS_FRAMES_PER_S; flags win over the environment, and that over the file.

Example:
  streakline serve --data data --listen 127.0.0.1:8080
  streakline serve --data demo --listen 127.0.0.1:0 --clock virtual:2016-04-12T00:00:00Z";

/// Starts the server; SIGTERM or Ctrl-C drains and stops it.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct ServeArgs {
    /// Where everything is kept; one server at a time [default: data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// `system`, or `virtual:TIME`, which stands still between calls of POST /v1/clock [default: system].
    #[arg(long, value_name = "CLOCK")]
    clock: Option<String>,
    /// TOML file with settings.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Length of a journal segment; for tests that want many.
    #[cfg(feature = "fault-injection")]
    #[arg(long, value_name = "BYTES", hide = true)]
    segment_bytes: Option<u64>,
    /// Abort right after that many durable flushes, before anything of the last is answered; for tests on a virtual clock.
    #[cfg(feature = "fault-injection")]
    #[arg(long, value_name = "N", hide = true)]
    crash_after_flush: Option<u64>,
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// When a setting is wrong or a part of the server cannot start or go on.
pub fn run(args: &ServeArgs) -> Result<ExitCode> {
    let config = Config::load(args.config.as_ref(), &flags(args))?;
    #[cfg(feature = "fault-injection")]
    if args.crash_after_flush.is_some() && config.clock == "system" {
        anyhow::bail!("--crash-after-flush is for tests on a virtual clock");
    }
    telemetry::log(&config.log, config.log_json)?;
    keys::install_crypto_provider();
    let keys = KeyRing::open_or_create(&config.data);
    let keys = keys.with_context(|| format!("the keys of {}", config.data.display()))?;
    if let Some(path) = keys.created_admin_key() {
        println!("admin key: {}", path.display());
    }
    let data = config.data.clone();
    let metrics = telemetry::metrics()?;
    let start = Start {
        config,
        keys: Arc::new(keys),
        metrics,
        #[cfg(feature = "fault-injection")]
        segment_bytes: args.segment_bytes,
        #[cfg(feature = "fault-injection")]
        crash_after_flush: args.crash_after_flush,
    };
    let ready = move |address: SocketAddr| {
        println!("ready: http://{address}");
        eprintln!("{}", next_steps(&data.display().to_string(), address));
    };
    let stop = async {
        if let Err(error) = shutdown::requested().await {
            tracing::error!(%error, "signals cannot be listened to");
        }
    };
    actix::System::new().block_on(server::run(start, ready, stop))?;
    Ok(ExitCode::SUCCESS)
}

fn flags(args: &ServeArgs) -> Vec<(&'static str, String)> {
    let data = args
        .data
        .as_ref()
        .map(|data| ("data", data.display().to_string()));
    let listen = args.listen.map(|listen| ("listen", listen.to_string()));
    let clock = args.clock.clone().map(|clock| ("clock", clock));
    [data, listen, clock].into_iter().flatten().collect()
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
