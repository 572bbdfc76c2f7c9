//! The TOML file with a deployment's own metrics: a table `[[metric]]` each, such as
//!
//! ```toml
//! [[metric]]
//! number = 1000           # from 1000 on; never used again for another metric
//! name = "coolant"        # a-z, 0-9 and _
//! class = "gauge"         # delta, cumulative, gauge
//! unit = "Cel"            # UCUM
//! store_per_unit = 10     # kept in tenths
//! min = -50               # smallest and largest value of one sample, in the unit
//! max = 150
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;
use streakline_core::metric::{Class, Definition, Fault, Metric, Registry};

/// Why a file of metrics is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("metrics.file: {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It has another form.
    #[error("metrics.file: {path}: {detail}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        detail: String,
    },
    /// Its metrics have faults.
    #[error("metrics.file: {path}: {}", list(.faults))]
    Faults {
        /// The file.
        path: PathBuf,
        /// All of them.
        faults: Vec<Fault>,
    },
    /// Metrics were asked for before they were installed.
    #[error("metrics.file: metrics are in use already")]
    InUse,
}

fn list(faults: &[Fault]) -> String {
    let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
    words.join("; ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    metric: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    number: u16,
    name: String,
    class: AddedClass,
    unit: String,
    store_per_unit: u32,
    min: i64,
    max: i64,
}

/// Episodes have parts that only the built-in ones know.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AddedClass {
    Delta,
    Cumulative,
    Gauge,
}

impl From<Entry> for Definition {
    fn from(entry: Entry) -> Self {
        let stored = |value: i64| value.saturating_mul(i64::from(entry.store_per_unit));
        Self {
            metric: Metric(entry.number),
            class: match entry.class {
                AddedClass::Delta => Class::Delta,
                AddedClass::Cumulative => Class::Cumulative,
                AddedClass::Gauge => Class::Gauge,
            },
            range: (stored(entry.min), stored(entry.max)),
            store_per_unit: entry.store_per_unit,
            name: entry.name,
            unit: entry.unit,
        }
    }
}

/// The built-in metrics and those of a file.
pub(super) fn read(path: &Path) -> Result<Registry, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let file: File = toml::from_str(&text).map_err(|error| Error::Form {
        path: path.to_owned(),
        detail: error.to_string(),
    })?;
    let own = file.metric.into_iter().map(Definition::from).collect();
    Registry::with(own).map_err(|faults| Error::Faults {
        path: path.to_owned(),
        faults,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<Registry, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.toml");
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|error| error.to_string())
    }

    const COOLANT: &str = "[[metric]]\nnumber = 1000\nname = \"coolant\"\nclass = \"gauge\"\nunit = \"Cel\"\n\
        store_per_unit = 10\nmin = -50\nmax = 150\n";

    #[test]
    fn a_file_adds_its_metrics_to_the_built_in_ones() {
        let registry = written(COOLANT).unwrap();
        let coolant = registry.named("coolant").unwrap();
        assert_eq!(
            (coolant.metric, coolant.range),
            (Metric(1_000), (-500, 1_500))
        );
        assert!(registry.named("steps").is_some());
        assert_eq!(written("").unwrap(), Registry::built_in());
    }

    #[test]
    fn every_fault_is_told_with_the_file() {
        let low = COOLANT.replace("1000", "7");
        let faults = written(&low).unwrap_err();
        assert!(
            faults.contains("metrics.toml: metric coolant: numbers below 1000 are built in"),
            "{faults}"
        );
        let misspelt = written(&COOLANT.replace("class", "clas")).unwrap_err();
        assert!(misspelt.contains("unknown field `clas`"), "{misspelt}");
        let episode = written(&COOLANT.replace("gauge", "episode")).unwrap_err();
        assert!(episode.contains("unknown variant `episode`"), "{episode}");
        let missing = read(Path::new("nowhere.toml")).unwrap_err().to_string();
        assert!(
            missing.starts_with("metrics.file: nowhere.toml cannot be read"),
            "{missing}"
        );
    }
}
