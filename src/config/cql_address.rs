//! Where a CQL store is: `scylla://host1,host2:9142/keyspace`.

use std::fmt;

/// The port of a host that names none.
const PORT: u16 = 9_042;
/// Characters of a keyspace's name, at most (CQL's own bound).
const KEYSPACE_CHARS_MAX: usize = 48;

/// Hosts to begin with, and the keyspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CqlAddress {
    /// `host:port`, at least one; the driver finds the others.
    pub hosts: Vec<String>,
    /// `[a-z][a-z0-9_]*`, at most 48 characters.
    pub keyspace: String,
}

impl CqlAddress {
    /// Parses `scylla://host[:port][,host[:port]]/keyspace`.
    ///
    /// # Errors
    /// What is wrong, in words that follow the name of the setting.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = || format!("must be such as `scylla://host1,host2/streakline`, not {text:?}");
        let rest = text.strip_prefix("scylla://").ok_or_else(form)?;
        let (hosts, keyspace) = rest.split_once('/').ok_or_else(form)?;
        let hosts: Option<Vec<String>> = hosts.split(',').map(host).collect();
        let hosts = hosts.ok_or_else(form)?;
        if !is_keyspace(keyspace) {
            return Err(format!(
                "names a keyspace that is not 1 to {KEYSPACE_CHARS_MAX} of a-z 0-9 _ with a letter first: {keyspace:?}"
            ));
        }
        Ok(Self {
            hosts,
            keyspace: keyspace.to_owned(),
        })
    }
}

impl fmt::Display for CqlAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scylla://{}/{}", self.hosts.join(","), self.keyspace)
    }
}

fn host(text: &str) -> Option<String> {
    let clean = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if text.is_empty() || !text.chars().all(clean) {
        return None;
    }
    let named = text.rsplit_once(':').filter(|_| !text.ends_with(']'));
    match named {
        Some((name, port)) => {
            let good = !name.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0);
            good.then(|| text.to_owned())
        }
        None => Some(format!("{text}:{PORT}")),
    }
}

fn is_keyspace(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_lowercase());
    let clean = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    first && text.len() <= KEYSPACE_CHARS_MAX && text.chars().all(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_a_port_get_the_usual_one() {
        let address =
            CqlAddress::parse("scylla://a.example,10.0.0.2:9142,[::1]/streak_line2").unwrap();
        assert_eq!(
            address.hosts,
            ["a.example:9042", "10.0.0.2:9142", "[::1]:9042"]
        );
        assert_eq!(address.keyspace, "streak_line2");
        let shown = "scylla://a.example:9042,10.0.0.2:9142,[::1]:9042/streak_line2";
        assert_eq!(address.to_string(), shown);
        assert_eq!(CqlAddress::parse(shown), Ok(address));
    }

    #[test]
    fn an_address_of_the_wrong_form_is_refused_in_words() {
        for bad in [
            "",
            "data",
            "scylla://",
            "scylla://a",
            "scylla:///k",
            "scylla://a,/k",
            "scylla://a:0/k",
            "scylla://a:x/k",
            "scylla://a b/k",
            "scylla://:9042/k",
        ] {
            assert!(
                CqlAddress::parse(bad)
                    .unwrap_err()
                    .contains("scylla://host1"),
                "{bad}"
            );
        }
        for bad in [
            "scylla://a/",
            "scylla://a/K",
            "scylla://a/1k",
            "scylla://a/k-2",
        ] {
            assert!(
                CqlAddress::parse(bad).unwrap_err().contains("keyspace"),
                "{bad}"
            );
        }
    }
}
