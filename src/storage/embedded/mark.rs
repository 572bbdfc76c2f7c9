//! The mark: how many commits are durable, kept outside the engine's files.
//!
//! The engine's log alone cannot say whether its last batch was torn while it was written, so that
//! nobody was told of it, or damaged after it was acknowledged. The mark can: it is written, but not
//! synced, after each sync and before its answers. It may be some commits behind after a power loss,
//! never ahead. Called by the embedded store and its writer.

use std::{
    fs::{self, File},
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::{super::Error, tables::disk, values};

/// Name of the file in the data directory.
const NAME: &str = "store.mark";

/// The open file.
pub(super) struct Mark {
    path: PathBuf,
    file: File,
}

/// The commits that were durable when the mark was last written; nothing where there is none. A mark
/// that is damaged is as none: it is written anew from what is in the tables.
///
/// # Errors
/// [`Error::Unavailable`] when it cannot be read.
pub(super) fn read(dir: &Path) -> Result<Option<u64>, Error> {
    let path = dir.join(NAME);
    match fs::read(&path) {
        Ok(bytes) => {
            let commits = values::parse_meta(&bytes).ok();
            if commits.is_none() {
                tracing::warn!(path = %path.display(), "the mark is damaged and is written anew");
            }
            Ok(commits)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk(&format!("reading {}", path.display()), &error)),
    }
}

impl Mark {
    /// Opens or makes the file and writes `commits` into it, so that it has its room.
    pub(super) fn open(dir: &Path, commits: u64) -> Result<Self, Error> {
        let path = dir.join(NAME);
        let opened = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = opened.map_err(|error| disk(&format!("opening {}", path.display()), &error))?;
        let mut mark = Self { path, file };
        mark.set(commits)?;
        Ok(mark)
    }

    /// That many commits are durable.
    pub(super) fn set(&mut self, commits: u64) -> Result<(), Error> {
        let row = values::meta(commits);
        let written = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&row));
        written.map_err(|error| disk(&format!("writing {}", self.path.display()), &error))
    }
}
