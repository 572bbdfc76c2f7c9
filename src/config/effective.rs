//! The values that count, each with its origin: the sources laid over each other.
//!
//! It prints nothing: `streakline config` prints what [`Effective`] makes of itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::declare::Setting;
use super::fault::{Error, Fault, Origin};
use super::value::{Kind, Value};
use super::{environment, file};

/// Where settings are looked for, beside their defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file; without one, the environment may name it.
    pub file: Option<PathBuf>,
    /// Variables, as [`environment::variables`] has them.
    pub environment: Vec<(String, String)>,
    /// Keys of settings and texts that flags give.
    pub flags: Vec<(String, String)>,
}

/// One setting with its value.
#[derive(Debug)]
pub struct Entry {
    /// The setting.
    pub setting: &'static Setting,
    /// Its value.
    pub value: Value,
    /// Where the value comes from.
    pub origin: Origin,
}

impl Entry {
    /// Whether the value must not be shown.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        self.setting.kind == Kind::Secret && self.value != Value::Unset
    }
}

/// Every setting with its value, in the order of the list.
#[derive(Debug)]
pub struct Effective {
    /// All of them.
    pub entries: Vec<Entry>,
}

impl Effective {
    /// Lays flags over the environment over the file over the defaults. Every value of every source is checked, also one
    /// that another source overrides.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn of(settings: &'static [Setting], sources: &Sources) -> Result<Self, Error> {
        let mut faults = Vec::new();
        let named = environment::file(&sources.environment);
        let path = sources.file.clone().or(named);
        let mut given = match path {
            Some(path) => file::read(settings, &path, &mut faults),
            None => Vec::new(),
        };
        for (name, text) in &sources.environment {
            match environment::setting(settings, name) {
                Ok(Some(setting)) => {
                    let origin = Origin::Environment(name.clone());
                    given.extend(parsed(setting, text, origin, &mut faults));
                }
                Ok(None) => {}
                Err(fault) => faults.push(fault),
            }
        }
        for (key, text) in &sources.flags {
            if let Some(setting) = settings.iter().find(|setting| setting.key == *key) {
                let origin = Origin::Flag(setting.flag());
                given.extend(parsed(setting, text, origin, &mut faults));
            }
        }
        if !faults.is_empty() {
            return Err(Error { faults });
        }
        let mut chosen = BTreeMap::new();
        for (setting, value, origin) in given {
            chosen.insert(&setting.key, (value, origin));
        }
        let entries = settings.iter().map(|setting| {
            let default = || (setting.default.clone(), Origin::Default);
            let (value, origin) = chosen.remove(&setting.key).unwrap_or_else(default);
            Entry {
                setting,
                value,
                origin,
            }
        });
        Ok(Self {
            entries: entries.collect(),
        })
    }

    /// Refuses what is wrong with some keys, if anything is, with the origin of their values.
    pub(super) fn refuse(&self, wrong: &[(&'static str, String)]) -> Result<(), Error> {
        let fault = |(key, detail): &(&'static str, String)| {
            let entry = self.entries.iter().find(|entry| entry.setting.key == *key);
            let origin = entry.map_or(Origin::Default, |entry| entry.origin.clone());
            Fault::value(origin, key, detail)
        };
        let faults: Vec<Fault> = wrong.iter().map(fault).collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(Error { faults })
    }

    /// The value of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        let entry = self.entries.iter().find(|entry| entry.setting.key == key);
        entry.map(|entry| &entry.value)
    }
}

/// A text's value, or a fault.
fn parsed<'a>(
    setting: &'a Setting,
    text: &str,
    origin: Origin,
    faults: &mut Vec<Fault>,
) -> Option<file::Given<'a>> {
    match setting.parse(text) {
        Ok(value) => Some((setting, value, origin)),
        Err(detail) => {
            faults.push(Fault::value(origin, &setting.key, &detail));
            None
        }
    }
}
