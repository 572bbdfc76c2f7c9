//! What an operator sets: flags first, then the environment, then one TOML file, then defaults. The only place that reads the
//! environment.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::{actors, gateway};

/// Everything that can be set. Keys of the TOML file are the names here; each is also an environment variable, such as
/// `STREAKLINE_LIMITS_FRAMES_PER_S` for `limits.frames_per_s`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where everything is kept; one server at a time.
    pub data: PathBuf,
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// `system`, or `virtual:2016-04-12T00:00:00Z`.
    pub clock: String,
    /// Threads that serve; 0: one a core.
    pub workers: usize,
    /// Which log lines: `info`, `debug`, or a filter such as `streakline=debug`.
    pub log: String,
    /// Log lines as JSON.
    pub log_json: bool,
    /// Browsers.
    pub cors: Cors,
    /// Floods.
    pub limits: Limits,
    /// Pushes.
    pub push: Push,
    /// Actors in memory.
    pub actors: Actors,
    /// The journal.
    pub journal: Journal,
    /// Streams.
    pub stream: Stream,
}

/// Browsers.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Cors {
    /// Origins that may call from a browser, REST and stream.
    pub origins: Vec<String>,
}

/// Floods.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Frames of one socket per second, twice that in a burst.
    pub frames_per_s: u32,
    /// Open sockets of one address.
    pub connections_per_address: u32,
    /// Refused credentials of one address per minute.
    pub auth_failures_per_min: u32,
    /// Bad frames of one socket per minute.
    pub bad_frames_per_min: u32,
    /// Records of a batch, at most 500.
    pub max_records: usize,
    /// Bytes of a frame, at most 262,144.
    pub max_bytes: usize,
}

/// Pushes.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Push {
    /// States of one user are coalesced to one round in this time.
    pub progress_ms: u64,
    /// Views of one board are coalesced to one in this time.
    pub board_ms: u64,
    /// How long a reader may be slow before it is closed.
    pub grace_s: u64,
}

/// Actors in memory.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Actors {
    /// Seconds without a command after which an actor leaves memory.
    pub idle_s: u64,
}

/// The journal.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// Bytes of one partition's tail that snapshots need not cover.
    pub tail_bytes_max: u64,
    /// Seconds that an input may stay uncovered.
    pub tail_max_age_s: u64,
}

/// Streams.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Stream {
    /// Seconds between the server's pings.
    pub heartbeat_s: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            clock: "system".into(),
            workers: 0,
            log: "info,fjall=warn,lsm_tree=warn".into(),
            log_json: false,
            cors: Cors::default(),
            limits: Limits::default(),
            push: Push::default(),
            actors: Actors::default(),
            journal: Journal::default(),
            stream: Stream::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let gateway = gateway::Settings::default();
        Self {
            frames_per_s: gateway.frames_per_s,
            connections_per_address: gateway.connections_per_address,
            auth_failures_per_min: gateway.auth_failures_per_min,
            bad_frames_per_min: gateway.bad_frames_per_min,
            max_records: gateway.max_records,
            max_bytes: gateway.max_bytes,
        }
    }
}

impl Default for Push {
    fn default() -> Self {
        let actors = actors::shared::Settings::default();
        let (progress_ms, board_ms) = (actors.progress_ms, actors.board_ms);
        Self {
            progress_ms,
            board_ms,
            grace_s: actors.grace_ms / 1_000,
        }
    }
}

impl Default for Actors {
    fn default() -> Self {
        Self {
            idle_s: actors::shared::Settings::default().idle_ms / 1_000,
        }
    }
}

impl Default for Journal {
    fn default() -> Self {
        let actors = actors::shared::Settings::default();
        Self {
            tail_bytes_max: actors.tail_bytes_max,
            tail_max_age_s: actors.tail_age_ms / 1_000,
        }
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            heartbeat_s: gateway::Settings::default().heartbeat_s,
        }
    }
}

impl Config {
    /// Reads the file, then the environment, then the flags.
    ///
    /// # Errors
    /// When the file cannot be read, a key is unknown, or a value has the wrong form; each names the key.
    pub fn load(file: Option<&PathBuf>, flags: &[(&str, String)]) -> Result<Self> {
        let text = file.map(|path| {
            std::fs::read_to_string(path).with_context(|| format!("settings in {}", path.display()))
        });
        let mut table: Table = text.transpose()?.unwrap_or_default().parse()?;
        for (path, default) in leaves(&Table::try_from(Self::default())?, "") {
            if let Some(text) = environment(&path) {
                set(&mut table, &path, parse(&path, &text, &default)?);
            }
        }
        for (path, text) in flags {
            set(&mut table, path, Value::String(text.clone()));
        }
        let config: Self = Value::Table(table).try_into().context("settings")?;
        config.checked()
    }

    fn checked(self) -> Result<Self> {
        use streakline_core::limits::{BATCH_RECORDS_MAX, FRAME_BYTES_MAX};
        if !(1..=BATCH_RECORDS_MAX).contains(&self.limits.max_records) {
            bail!("limits.max_records must be 1 to {BATCH_RECORDS_MAX}");
        }
        if !(1_024..=FRAME_BYTES_MAX).contains(&self.limits.max_bytes) {
            bail!("limits.max_bytes must be 1024 to {FRAME_BYTES_MAX}");
        }
        if self.push.progress_ms == 0 || self.push.board_ms == 0 || self.stream.heartbeat_s == 0 {
            bail!("push.progress_ms, push.board_ms and stream.heartbeat_s must be above 0");
        }
        Ok(self)
    }

    /// The gateway's part.
    #[must_use]
    pub fn gateway(&self) -> gateway::Settings {
        gateway::Settings {
            max_records: self.limits.max_records,
            max_bytes: self.limits.max_bytes,
            heartbeat_s: self.stream.heartbeat_s,
            frames_per_s: self.limits.frames_per_s,
            bad_frames_per_min: self.limits.bad_frames_per_min,
            connections_per_address: self.limits.connections_per_address,
            auth_failures_per_min: self.limits.auth_failures_per_min,
            origins: self.cors.origins.clone(),
            ..gateway::Settings::default()
        }
    }

    /// The actors' part.
    #[must_use]
    pub fn actors(&self, crash_after_flush: Option<u64>) -> actors::shared::Settings {
        actors::shared::Settings {
            idle_ms: self.actors.idle_s.saturating_mul(1_000),
            progress_ms: self.push.progress_ms,
            board_ms: self.push.board_ms,
            grace_ms: self.push.grace_s.saturating_mul(1_000),
            tail_bytes_max: self.journal.tail_bytes_max,
            tail_age_ms: self.journal.tail_max_age_s.saturating_mul(1_000),
            crash_after_flush,
        }
    }
}

/// Every setting with its default, by dotted path.
fn leaves(table: &Table, prefix: &str) -> Vec<(String, Value)> {
    let leaf = |(key, value): (&String, &Value)| {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            Value::Table(inner) => leaves(inner, &path),
            value => vec![(path, value.clone())],
        }
    };
    table.iter().flat_map(leaf).collect()
}

#[expect(clippy::disallowed_methods, reason = "the one door to the environment")]
fn environment(path: &str) -> Option<String> {
    let name = path.replace('.', "_").to_ascii_uppercase();
    std::env::var(format!("STREAKLINE_{name}")).ok()
}

/// A text in the form of the setting's default; lists are separated by commas.
fn parse(path: &str, text: &str, default: &Value) -> Result<Value> {
    let wrong = || format!("setting {path}: {text:?} has the wrong form");
    Ok(match default {
        Value::Integer(_) => Value::Integer(text.parse().with_context(wrong)?),
        Value::Boolean(_) => Value::Boolean(text.parse().with_context(wrong)?),
        Value::Array(_) => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.into())).collect())
        }
        _ => Value::String(text.into()),
    })
}

fn set(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(table.insert(path.into(), value)),
        Some((head, rest)) => {
            let inner = table
                .entry(head)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Config> {
        let path = tempfile::NamedTempFile::new()?
            .into_temp_path()
            .to_path_buf();
        std::fs::write(&path, text)?;
        let config = Config::load(Some(&path), &[("listen", "127.0.0.1:0".into())]);
        std::fs::remove_file(&path)?;
        config
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let config = file("listen = \"127.0.0.1:9\"\n[limits]\nframes_per_s = 7\n").unwrap();
        assert_eq!(config.listen.port(), 0);
        assert_eq!(config.limits.frames_per_s, 7);
        assert_eq!(config.limits.max_records, 500);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = format!("{:#}", file("[limits]\nframes_per_sec = 7\n").unwrap_err());
        assert!(error.contains("frames_per_sec"), "{error}");
    }

    #[test]
    fn every_setting_has_a_path() {
        let table = Table::try_from(Config::default()).unwrap();
        let paths: Vec<String> = leaves(&table, "")
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert!(
            paths.contains(&"limits.bad_frames_per_min".to_owned()),
            "{paths:?}"
        );
        assert!(paths.contains(&"cors.origins".to_owned()), "{paths:?}");
    }
}
