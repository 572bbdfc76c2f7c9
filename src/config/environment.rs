//! The environment: which of its names are settings. The only code that reads it.

use std::path::PathBuf;

use super::declare::Setting;
use super::fault::{Fault, Origin};
use super::nearest::nearest;

/// What every setting's name begins with.
pub(super) const PREFIX: &str = "STREAKLINE_";
/// Names the TOML file, as `--config` does.
pub const FILE: &str = "STREAKLINE_CONFIG";

/// Names with our prefix that are not ours: switches of the repository's scripts and tests, and what Kubernetes sets in every
/// container beside a service that is called `streakline`.
pub(super) const PASSED_OVER: [&str; 4] = [
    "STREAKLINE_BLESS",
    "STREAKLINE_TEST_",
    "STREAKLINE_SERVICE_",
    "STREAKLINE_PORT",
];

/// Names and values of the process's environment that begin with the prefix; others are not looked at.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one door to the environment")]
pub fn variables() -> Vec<(String, String)> {
    let ours = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        // A value that is no text becomes one that fits no setting's form, or a path that is not there.
        let value = value.to_string_lossy().into_owned();
        name.starts_with(PREFIX).then_some((name, value))
    });
    let mut ours: Vec<_> = ours.collect();
    ours.sort();
    ours
}

/// The file that the environment names.
pub(super) fn file(variables: &[(String, String)]) -> Option<PathBuf> {
    let named = variables.iter().find(|(name, _)| name == FILE);
    named.map(|(_, path)| path.into())
}

/// The setting that a variable gives; none for one that is not ours.
pub(super) fn setting<'a>(
    settings: &'a [Setting],
    name: &str,
) -> Result<Option<&'a Setting>, Fault> {
    if name == FILE || PASSED_OVER.iter().any(|prefix| name.starts_with(prefix)) {
        return Ok(None);
    }
    if let Some(setting) = settings.iter().find(|setting| setting.variable() == name) {
        return Ok(Some(setting));
    }
    let variables = settings.iter().map(Setting::variable);
    Err(Fault::unknown(
        Origin::Environment(name.to_owned()),
        name,
        nearest(name, variables.chain([FILE.to_owned()])),
    ))
}
