//! What all sections have found on one machine, kept in a file, so that the report can be made section by section.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::arithmetic::median;
use super::disk::Disk;
use super::findings::Figure;
use crate::dates;

const FILE: &str = "results.json";

/// What one section has found.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Outcome {
    /// Day and time, UTC.
    pub(super) at: String,
    /// What was measured.
    pub(super) commit: String,
    /// Minutes that it took.
    pub(super) minutes: i64,
    pub(super) runs: u32,
    /// Load of the minute before.
    pub(super) load: f64,
    /// Cores that others kept busy before it began.
    pub(super) busy_cores: f64,
    pub(super) is_quiet: bool,
    pub(super) disk: Disk,
    pub(super) figures: Vec<Figure>,
    pub(super) notes: Vec<String>,
    /// What was wrong in its runs; such figures are worth nothing.
    pub(super) faults: Vec<String>,
}

/// All sections of a machine.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(super) struct Results {
    /// Today, UTC.
    pub(super) date: String,
    /// Figures of another one are not shown beside these.
    pub(super) machine: String,
    pub(super) sections: BTreeMap<String, Outcome>,
}

impl Results {
    /// What was found earlier on that machine; of another one nothing is taken over.
    pub(super) fn of_the_machine(folder: &Path, date: &str, machine: &str) -> Result<Self> {
        let path = folder.join(FILE);
        let kept = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).with_context(|| path.display().to_string())?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let sections = if kept.machine == machine {
            kept.sections
        } else {
            BTreeMap::new()
        };
        Ok(Self {
            date: date.to_owned(),
            machine: machine.to_owned(),
            sections,
        })
    }

    pub(super) fn keep(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(&path, text).with_context(|| path.display().to_string())
    }

    /// Takes the place of what the section had found before.
    pub(super) fn put(&mut self, section: &str, outcome: Outcome) {
        self.sections.insert(section.to_owned(), outcome);
    }

    /// Median of a figure of a section that was measured before, on the same day: machines have better and worse ones.
    pub(super) fn median(&self, section: &str, what: &str) -> Option<f64> {
        let section = self.sections.get(section)?;
        let figures = &section
            .at
            .starts_with(&self.date)
            .then_some(&section.figures)?;
        let figure = figures.iter().find(|figure| figure.what == what)?;
        median(&figure.values)
    }
}

/// `2026-11-26 09:05 UTC`.
pub(super) fn time_of(unix_ms: i64) -> String {
    let minutes = unix_ms.rem_euclid(dates::DAY_MS) / 60_000;
    let (hour, minute) = (minutes / 60, minutes % 60);
    format!("{} {hour:02}:{minute:02} UTC", dates::date(unix_ms))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::findings::Findings;
    use super::*;

    pub(in super::super) fn outcome(figures: Vec<Figure>) -> Outcome {
        Outcome {
            at: "2026-11-26 09:05 UTC".to_owned(),
            commit: "349a1d1".to_owned(),
            minutes: 3,
            runs: 3,
            load: 0.5,
            busy_cores: 0.01,
            is_quiet: true,
            disk: Disk::default(),
            figures,
            notes: Vec::new(),
            faults: Vec::new(),
        }
    }

    #[test]
    fn sections_of_the_same_machine_are_kept_and_of_another_are_not() {
        let folder = std::env::temp_dir().join(format!("swarm-results-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let read = |date, machine| Results::of_the_machine(&folder, date, machine).unwrap();
        let mut results = read("2026-11-26", "2 cores");
        results.put("vehicle", outcome(Vec::new()));
        results.keep(&folder).unwrap();
        let (next_day, elsewhere) = (
            read("2026-11-27", "2 cores"),
            read("2026-11-26", "64 cores"),
        );
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(next_day.sections, results.sections);
        assert!(elsewhere.sections.is_empty());
    }

    #[test]
    fn figures_of_another_day_are_compared_with_none() {
        let mut findings = Findings::default();
        findings.add("frames a flush", "", 4.0);
        let mut results = Results {
            date: "2026-11-26".to_owned(),
            ..Results::default()
        };
        results.put("vehicle", outcome(findings.figures));
        assert_eq!(results.median("vehicle", "frames a flush"), Some(4.0));
        results.date = "2026-11-27".to_owned();
        assert_eq!(results.median("vehicle", "frames a flush"), None);
    }

    #[test]
    fn a_moment_is_told_by_day_hour_and_minute() {
        assert_eq!(time_of(1_764_147_900_000), "2025-11-26 09:05 UTC");
    }
}
