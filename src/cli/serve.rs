//! `streakline serve`: starts the server, and says on stdout where it is and what to try next.

use std::{io::Write as _, net::SocketAddr, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;

use super::settings::SettingArgs;
use crate::{
    config::Config,
    keys::{self, CurrentKeys, KeyRing},
    server::{self, Start},
    shutdown, telemetry,
    tls::Tls,
};

const EXAMPLE: &str = "\
Every setting is a flag, an environment variable and a key of the TOML file, such as --limits-frames-per-s,
STREAKLINE_LIMITS_FRAMES_PER_S and limits.frames_per_s. Flags win over the environment, and that over the file.
`streakline config` prints what is in force, and where it comes from.

Example:
  streakline serve --data data --listen 127.0.0.1:8080
  streakline serve --data demo --listen 127.0.0.1:0 --clock virtual:2016-04-12T00:00:00Z";

/// Starts the server; SIGTERM or Ctrl-C drains and stops it, SIGHUP makes it read keys and certificate again.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: SettingArgs,
    /// Abort right after that many durable flushes, before anything of the last is answered; for tests on a virtual clock.
    #[cfg(feature = "fault-injection")]
    #[arg(long, value_name = "N", hide = true)]
    crash_after_flush: Option<u64>,
    /// Let the store fail, such as `appends=100`: its journal after 100 flushes.
    #[cfg(feature = "fault-injection")]
    #[arg(long, value_name = "WHAT=N", hide = true)]
    fault: Option<crate::storage::faulty::Fault>,
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// When a setting is wrong or a part of the server cannot start or go on.
pub fn run(args: &ServeArgs) -> Result<ExitCode> {
    let config = Config::load(&args.settings.sources())?;
    #[cfg(feature = "fault-injection")]
    if args.crash_after_flush.is_some() && config.clock == "system" {
        anyhow::bail!("--crash-after-flush is for tests on a virtual clock");
    }
    super::begin_log(&config)?;
    keys::install_crypto_provider();
    server::make_directory(&config.data)?;
    let keys = CurrentKeys::open(super::key_source(&config));
    let keys = keys.with_context(|| format!("the keys of {}", config.data.display()))?;
    KeyRing::allow_odd_claims(&config.data, config.clock != "system")?;
    let tls = tls(&config)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    if let Some(path) = keys.ring().created_admin_key() {
        println!("admin key: {}", path.display());
    }
    let data = config.data.clone();
    let log_json = config.log_json;
    let metrics = telemetry::metrics()?;
    let start = Start {
        config,
        keys,
        tls,
        metrics,
        #[cfg(feature = "fault-injection")]
        crash_after_flush: args.crash_after_flush,
        #[cfg(feature = "fault-injection")]
        fault: args.fault,
    };
    let ready = move |address: SocketAddr| {
        let url = format!("{scheme}://{address}");
        let next_steps = next_steps(&data.display().to_string(), &url);
        // Nobody may read it; that is no reason to end.
        let _said = writeln!(std::io::stdout(), "ready: {url}");
        // Whoever reads JSON from stderr reads every line of it so.
        if !log_json {
            let _said = writeln!(std::io::stderr(), "{next_steps}");
        }
    };
    actix::System::new().block_on(async {
        let stop = shutdown::requested().context("signals cannot be listened to")?;
        Ok::<_, anyhow::Error>(server::run(start, ready, stop).await?)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// TLS, where both its files are set; one alone is a mistake.
fn tls(config: &Config) -> Result<Option<Tls>> {
    match (&config.tls.certificate_file, &config.tls.key_file) {
        (Some(certificate), Some(key)) => Ok(Some(Tls::load(certificate, key)?)),
        // One without the other is not taken by the configuration.
        _ => Ok(None),
    }
}

/// Three commands to try.
fn next_steps(data: &str, url: &str) -> String {
    format!(
        "Keys are in {data}/keys. To try next:
  curl {url}/readyz
  curl -H \"Authorization: Bearer $(cat {data}/keys/admin.key)\" {url}/v1/challenges
  streakline token --data {data} --user ann
Every route, to try in the browser: {url}/docs/"
    )
}
