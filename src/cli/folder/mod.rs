//! A folder of recorded steps: `minuteStepsWide_merged.csv`, gzipped or not, and beside it an `expected.json`.
//!
//! It reads what is written, on each person's own wall clock; which instants those are is for `replay` to say. Used by
//! `replay`, `verify` and `demo`.

pub mod expected;
pub mod minutes;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, Result};
use flate2::read::GzDecoder;

pub use expected::{Expected, Window};
pub use minutes::{HourRow, Minutes};

const MINUTES_FILE: &str = "minuteStepsWide_merged.csv";
const EXPECTED_FILE: &str = "expected.json";

/// What a replay needs of a folder.
#[derive(Debug)]
pub struct Folder {
    /// Minutes of every person that has any.
    pub minutes: Minutes,
    /// Window, goals, weeks and people.
    pub expected: Expected,
}

impl Folder {
    /// Reads the folder at `path`.
    ///
    /// # Errors
    /// When a file is missing or is not of its form; the message names file and line.
    pub fn open(path: &Path) -> Result<Self> {
        let expected = Expected::open(&path.join(EXPECTED_FILE))?;
        let plain = path.join(MINUTES_FILE);
        let gzipped = path.join(format!("{MINUTES_FILE}.gz"));
        let minutes = if plain.exists() {
            read_minutes(&plain, |file| file)
        } else {
            read_minutes(&gzipped, GzDecoder::new)
        }?;
        Ok(Self { minutes, expected })
    }

    /// Reads a folder that is built into the binary: gzipped minutes and the text of `expected.json`.
    ///
    /// # Errors
    /// As [`Folder::open`].
    pub fn embedded(minutes_gz: &[u8], expected: &str) -> Result<Self> {
        let minutes = minutes::read(GzDecoder::new(minutes_gz))?;
        Ok(Self {
            minutes,
            expected: Expected::parse(expected)?,
        })
    }

    /// Everybody that either file names, in order of their ids.
    #[must_use]
    pub fn people(&self) -> BTreeSet<String> {
        self.expected
            .users
            .keys()
            .chain(self.minutes.keys())
            .cloned()
            .collect()
    }
}

fn read_minutes<R: Read>(path: &Path, unpack: impl FnOnce(File) -> R) -> Result<Minutes> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    minutes::read(unpack(file)).with_context(|| format!("in {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const EXPECTED: &str =
        r#"{"window":["2016-04-13","2016-04-14"],"goals":[7500],"users":{"9":{}}}"#;

    fn csv() -> String {
        let head: Vec<String> = (0..60).map(|m| format!("Steps{m:02}")).collect();
        format!(
            "Id,ActivityHour,{}\r\n7,4/13/2016 1:00:00 PM,{}\r\n",
            head.join(","),
            ["3"; 60].join(",")
        )
    }

    #[test]
    fn a_folder_is_read_plain_or_gzipped_and_names_everybody_in_either_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("expected.json"), EXPECTED).unwrap();
        let missing = format!("{:#}", Folder::open(dir.path()).unwrap_err());
        assert!(
            missing.contains("minuteStepsWide_merged.csv.gz"),
            "{missing}"
        );
        let file = File::create(dir.path().join("minuteStepsWide_merged.csv.gz")).unwrap();
        let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gz.write_all(csv().as_bytes()).unwrap();
        gz.finish().unwrap();
        let gzipped = Folder::open(dir.path()).unwrap();
        assert_eq!(gzipped.people().into_iter().collect::<Vec<_>>(), ["7", "9"]);
        std::fs::write(dir.path().join("minuteStepsWide_merged.csv"), csv()).unwrap();
        assert_eq!(Folder::open(dir.path()).unwrap().minutes, gzipped.minutes);
    }
}
