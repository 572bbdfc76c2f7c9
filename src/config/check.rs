//! Checks of texts whose form their type does not say: each returns what is wrong, in words that follow the key.

use streakline_core::manual::ManualPolicy;
use tracing_subscriber::EnvFilter;

use super::cql_address::CqlAddress;
use crate::zones;

/// The store in the data directory.
pub(super) const EMBEDDED: &str = "embedded";

/// `system`, or `virtual:` and an instant.
pub(super) fn clock(text: &str) -> Result<(), String> {
    let instant = text.strip_prefix("virtual:");
    if text == "system" || instant.and_then(zones::parse_instant_ms).is_some() {
        return Ok(());
    }
    Err(format!(
        "must be `system` or such as `virtual:2016-04-12T00:00:00Z`, not {text:?}"
    ))
}

/// A filter of log lines.
pub(super) fn log(text: &str) -> Result<(), String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{text:?} is not a filter of log lines: {error}")),
    }
}

/// One of the policies.
pub(super) fn manual_policy(text: &str) -> Result<(), String> {
    match ManualPolicy::named(text) {
        Some(_) => Ok(()),
        None => Err(format!(
            "must be `exclude`, `goals_only` or `include`, not {text:?}"
        )),
    }
}

/// `embedded`, or where a CQL store is.
pub(super) fn storage(text: &str) -> Result<(), String> {
    if text == EMBEDDED {
        return Ok(());
    }
    let wrong = |what: String| format!("must be `{EMBEDDED}`, or {what}");
    CqlAddress::parse(text).map(drop).map_err(wrong)
}

/// `*`, or scheme, host and maybe port, as browsers send it.
pub(super) fn origin(text: &str) -> Result<(), String> {
    let schemes = ["http://", "https://"];
    let host = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let is_origin = host.is_some_and(|host| !host.is_empty() && host.chars().all(plain));
    if text == "*" || is_origin {
        return Ok(());
    }
    Err(format!(
        "must be origins such as `https://app.example.org` or `*`, not {text:?}"
    ))
}

#[cfg(test)]
mod tests {
    use super::{clock, log, manual_policy, origin, storage};

    #[test]
    fn a_text_of_the_wrong_form_is_refused_in_words() {
        assert!(clock("system").is_ok() && clock("virtual:2016-04-12T00:00:00Z").is_ok());
        assert!(clock("virtual:noon").unwrap_err().contains("noon"));
        let policies = ["exclude", "goals_only", "include"];
        assert!(policies.iter().all(|name| manual_policy(name).is_ok()));
        assert!(manual_policy("goals").unwrap_err().contains("goals_only"));
        assert!(storage("embedded").is_ok() && storage("scylla://a,b/k").is_ok());
        assert!(storage("disk").unwrap_err().contains("`embedded`"));
        assert!(log("info,streakline=debug").is_ok());
        assert!(log("streakline=loud").unwrap_err().contains("loud"));
        for good in [
            "*",
            "http://localhost:3000",
            "https://[::1]:8",
            "https://a-b.example",
        ] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "https://",
            "https://a.example/",
            "https://a b",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
