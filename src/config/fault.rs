//! Where a value came from, and everything that is wrong with the settings, at once.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file, from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// A variable of that name.
    Environment(String),
    /// A flag, without its dashes.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag --{name}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {detail}")]
pub struct Fault {
    /// Where it was said.
    pub origin: Origin,
    /// What is wrong, with the setting's key.
    pub detail: String,
}

impl Fault {
    pub(super) fn unknown(origin: Origin, name: &str, near: Option<String>) -> Self {
        let hint = match near {
            Some(near) => format!("did you mean {near}?"),
            None => "`streakline config` lists those that there are".to_owned(),
        };
        let detail = format!("unknown setting {name}; {hint}");
        Self { origin, detail }
    }

    pub(super) fn value(origin: Origin, key: &str, detail: &str) -> Self {
        let detail = format!("{key} {detail}");
        Self { origin, detail }
    }
}

/// Why the settings are not taken: every fault in every source.
#[derive(Debug, thiserror::Error)]
pub struct Error {
    /// In the order of the sources: file, environment, flags.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not taken:")?;
        let between = if self.faults.len() > 1 { "\n  " } else { " " };
        for fault in &self.faults {
            write!(f, "{between}{fault}")?;
        }
        Ok(())
    }
}

impl Error {
    pub(super) fn unreadable() -> Self {
        let detail = "a default does not fit its type".to_owned();
        let origin = Origin::Default;
        Self {
            faults: vec![Fault { origin, detail }],
        }
    }
}
