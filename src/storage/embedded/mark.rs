//! The mark: how many commits of the engine and how many groups of the journal are durable, kept outside their files.
//!
//! Neither the engine's log nor the journal can say alone whether its last write was torn while it was written, so that
//! nobody was told of it, or damaged after it was acknowledged. The mark can: it is written, but not
//! synced, after each sync and before its answers. It may be some behind after a power loss,
//! never ahead. Called by the embedded store and its writers.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::{super::Error, tables::disk, values};

/// Name of the file in the data directory.
const NAME: &str = "store.mark";
/// Where the number of groups is in it; that of commits is at its beginning.
const GROUPS_AT: usize = 64;

/// Which of the numbers; a server that had no files of the journal yet wrote the first alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts(usize);

impl Counts {
    pub(super) const COMMITS: Self = Self(0);
    pub(super) const GROUPS: Self = Self(GROUPS_AT);
}

/// The open file, for one of its numbers.
pub(super) struct Mark {
    path: PathBuf,
    file: File,
    counts: Counts,
}

/// What was durable when the mark was last written; nothing where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Durable {
    /// Commits of the engine.
    pub(super) commits: Option<u64>,
    /// Groups of the journal.
    pub(super) groups: Option<u64>,
}

/// Reads it. A number that is damaged is as none: it is written anew from what is in the files.
///
/// # Errors
/// [`Error::Unavailable`] when it cannot be read.
pub(super) fn read(dir: &Path) -> Result<Durable, Error> {
    let path = dir.join(NAME);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Durable::default()),
        Err(error) => return Err(disk(&format!("reading {}", path.display()), &error)),
    };
    let number = |Counts(at)| {
        let row = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let row = row.get(..values::meta(0).len()).unwrap_or(row);
        let number = values::parse_meta(row).ok();
        if number.is_none() {
            tracing::warn!(path = %path.display(), "the mark is damaged and is written anew");
        }
        number
    };
    Ok(Durable {
        commits: number(Counts::COMMITS),
        groups: number(Counts::GROUPS),
    })
}

impl Mark {
    /// Opens or makes the file and writes a number into it, so that it has its room.
    pub(super) fn open(dir: &Path, counts: Counts, number: u64) -> Result<Self, Error> {
        let path = dir.join(NAME);
        let opened = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = opened.map_err(|error| disk(&format!("opening {}", path.display()), &error))?;
        let mut mark = Self { path, file, counts };
        mark.set(number)?;
        Ok(mark)
    }

    /// That many are durable.
    pub(super) fn set(&mut self, number: u64) -> Result<(), Error> {
        let row = values::meta(number);
        let written = self.file.write_all_at(&row, self.counts.0 as u64);
        written.map_err(|error| disk(&format!("writing {}", self.path.display()), &error))
    }
}
