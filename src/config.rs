//! What an operator sets: flags first, then the environment, then one TOML file, then defaults. The only place that reads the
//! environment.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};
use streakline_core::limits;
use toml::{Table, Value};

/// Why the settings are not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("settings in {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A key is unknown, or a value has the wrong form.
    #[error("settings: {0}")]
    Form(#[from] toml::de::Error),
    /// A value has the wrong form or is out of its bounds.
    #[error("setting {key}: {detail}")]
    Value {
        /// Its dotted path.
        key: String,
        /// What is wrong.
        detail: String,
    },
}

fn wrong(key: &str, detail: impl Into<String>) -> Error {
    Error::Value {
        key: key.into(),
        detail: detail.into(),
    }
}

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
    /// What may wait.
    pub ingest: Ingest,
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
    /// Frames of all sockets of one user per second, twice that in a burst; 0: no bound.
    pub frames_per_s_per_user: u32,
    /// Frames of all sockets of one address per second, twice that in a burst; 0: no bound.
    pub frames_per_s_per_address: u32,
    /// Open streams of one address; of any connections twice as many.
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

/// What may wait.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Ingest {
    /// Bytes of batches that may wait for durability on one thread.
    pub inflight_max_bytes: usize,
}

/// The journal.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// Ms that the first input of a flush waits for company; 0: none.
    pub linger_ms: u64,
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
    /// Seconds after which TCP gives a peer up that takes nothing; never less than `push.grace_s` and ten.
    pub unacked_s: u64,
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
            ingest: Ingest::default(),
            journal: Journal::default(),
            stream: Stream::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frames_per_s: 2_000,
            frames_per_s_per_user: 4_000,
            frames_per_s_per_address: 200_000,
            connections_per_address: 4_096,
            auth_failures_per_min: 600,
            bad_frames_per_min: 20,
            max_records: limits::BATCH_RECORDS_MAX,
            max_bytes: limits::FRAME_BYTES,
        }
    }
}

impl Default for Push {
    fn default() -> Self {
        Self {
            progress_ms: 1_000,
            board_ms: 1_000,
            grace_s: 10,
        }
    }
}

impl Default for Actors {
    fn default() -> Self {
        Self { idle_s: 300 }
    }
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            inflight_max_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            linger_ms: 0,
            tail_bytes_max: 8 * 1024 * 1024,
            tail_max_age_s: 3_600,
        }
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            heartbeat_s: 25,
            unacked_s: 20,
        }
    }
}

impl Config {
    /// Reads the file, then the environment, then the flags.
    ///
    /// # Errors
    /// When the file cannot be read, a key is unknown, or a value has the wrong form; each names the key.
    pub fn load(file: Option<&PathBuf>, flags: &[(&str, String)]) -> Result<Self, Error> {
        let mut table = file.map(read).transpose()?.unwrap_or_default();
        for (path, default) in leaves(&defaults(), "") {
            if let Some(text) = environment(&path) {
                set(&mut table, &path, parse(&path, &text, &default)?);
            }
        }
        for (path, text) in flags {
            set(&mut table, path, Value::String(text.clone()));
        }
        let config: Self = Value::Table(table).try_into()?;
        config.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        if !(1..=limits::BATCH_RECORDS_MAX).contains(&self.limits.max_records) {
            return Err(wrong("limits.max_records", "must be 1 to 500"));
        }
        if !(1_024..=limits::FRAME_BYTES_MAX).contains(&self.limits.max_bytes) {
            return Err(wrong("limits.max_bytes", "must be 1024 to 262144"));
        }
        let positive = [
            ("push.progress_ms", self.push.progress_ms),
            ("push.board_ms", self.push.board_ms),
            ("stream.heartbeat_s", self.stream.heartbeat_s),
        ];
        match positive.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(wrong(key, "must be above 0")),
            None => Ok(self),
        }
    }
}

fn read(path: &PathBuf) -> Result<Table, Error> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| Error::File {
        path: path.clone(),
        source,
    })?;
    Ok(text.parse()?)
}

/// The defaults as a table; they are always one.
fn defaults() -> Table {
    Table::try_from(Config::default()).unwrap_or_default()
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
fn parse(path: &str, text: &str, default: &Value) -> Result<Value, Error> {
    let form = |expected: &str| wrong(path, format!("{text:?} is not {expected}"));
    Ok(match default {
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| form("a whole number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| form("true or false"))?),
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

    fn file(text: &str) -> Result<Config, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("streakline.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(Some(&path), &[("listen", "127.0.0.1:0".into())])
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
        let error = format!("{}", file("[limits]\nframes_per_sec = 7\n").unwrap_err());
        assert!(error.contains("frames_per_sec"), "{error}");
    }

    #[test]
    fn every_setting_has_a_path() {
        let table = defaults();
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
