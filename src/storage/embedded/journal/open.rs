//! The start of the journal: which files there are, whether all that was acknowledged is in them, and where it goes on.
//!
//! First everything is read and judged, then what is no longer needed is put right: a torn write that nobody was told of is cut
//! off, a file that was never used is removed. Called by `EmbeddedStore::open`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

use super::{
    super::{
        super::Error,
        Settings, create_private,
        inspect::{damaged, numbered},
        tables::{disk, sync_directory},
    },
    DIRECTORY, EXTENSION, JournalFiles, SEGMENT_BYTES_LONGEST, Segment, preallocate,
    scan::{Rest, Scanned, scan},
};

/// What a start found.
pub(in super::super) struct Found {
    directory: PathBuf,
    files: Vec<Scanned>,
    /// The newest file, when it was made and never used.
    unused: Option<PathBuf>,
}

/// Reads all segment files of a store; `durable`: how many groups are known to be durable.
///
/// # Errors
/// [`Error::Damaged`] naming the file when anything that was acknowledged cannot be read, [`Error::Refused`] for another
/// format, [`Error::Unavailable`] when the disk is away. Nothing is changed.
pub(in super::super) fn find(store: &Path, durable: Option<u64>) -> Result<Found, Error> {
    let directory = store.join(DIRECTORY);
    let mut found = Found {
        files: Vec::new(),
        unused: None,
        directory,
    };
    for (number, path) in numbered(&found.directory, EXTENSION)? {
        if let Some(unused) = found.unused.take() {
            return Err(damaged(&unused, "its header is wrong"));
        }
        match scan(&path)? {
            None => found.unused = Some(path),
            Some(scanned) if scanned.header.number == number => found.follow(scanned)?,
            Some(_) => return Err(damaged(&path, "it is another file than its name says")),
        }
    }
    let (there, durable) = (found.groups(), durable.unwrap_or(0));
    if there >= durable {
        return Ok(found);
    }
    let newest = found.files.last();
    Err(match newest.filter(|file| file.rest == Rest::Torn) {
        Some(file) => unreadable(file),
        None => Error::Damaged(format!(
            "{}: a write that was acknowledged cannot be read: of {durable} groups of the journal only {there} are there",
            found.directory.display()
        )),
    })
}

impl Found {
    /// The number of the last group, and so how many there ever were.
    pub(in super::super) fn groups(&self) -> u64 {
        self.files.last().map_or(0, |file| file.last_group)
    }

    /// Takes the next file. Only the newest may end in a torn write, and where no file was dropped between two, no group is
    /// missing between them.
    fn follow(&mut self, next: Scanned) -> Result<(), Error> {
        if next.rest == Rest::Damage {
            return Err(unreadable(&next));
        }
        if let Some(before) = self.files.last() {
            if before.rest != Rest::Nothing {
                return Err(unreadable(before));
            }
            let follows = before.header.number.saturating_add(1) == next.header.number;
            let expected = before.last_group.saturating_add(1);
            let first = next.header.first_group;
            if first < expected || (follows && first != expected) {
                let what = "groups are missing between it and the file before it";
                return Err(damaged(&next.file.path, what));
            }
        }
        self.files.push(next);
        Ok(())
    }

    /// Goes on where these files end.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the disk is away.
    pub(in super::super) fn open(self, settings: &Settings) -> Result<JournalFiles, Error> {
        create_private(&self.directory)?;
        if let Some(path) = &self.unused {
            let removed = fs::remove_file(path);
            removed.map_err(|error| disk(&format!("removing {}", path.display()), &error))?;
            sync_directory(&self.directory)?;
        }
        let segment_bytes_max = settings.segment_bytes_max.min(SEGMENT_BYTES_LONGEST);
        if let Some(newest) = self.files.last() {
            continue_in(newest, segment_bytes_max)?;
        }
        let segments = self.files.into_iter().map(|file| Segment {
            number: file.header.number,
            salt: file.header.salt,
            file: Arc::new(file.file),
            index: file.index,
            end: file.end,
            ended: false,
        });
        Ok(JournalFiles {
            directory: self.directory,
            segment_bytes_max,
            segments: RwLock::new(segments.collect()),
        })
    }
}

/// Cuts off what is torn, and takes the room for what comes.
fn continue_in(newest: &Scanned, segment_bytes_max: u64) -> Result<(), Error> {
    let (file, path) = (&newest.file.file, newest.file.path.display());
    if newest.rest == Rest::Torn {
        let end = newest.end;
        tracing::warn!(file = %path, end, "a torn write that nobody was told of is cut off");
        let cut = file.set_len(end).and_then(|()| file.sync_all());
        cut.map_err(|error| disk(&format!("cutting {path}"), &error))?;
    }
    if newest.end < segment_bytes_max {
        preallocate(file, segment_bytes_max);
    }
    Ok(())
}

/// Whether a store has a journal in files.
pub(in super::super) fn has_files(store: &Path) -> bool {
    numbered(&store.join(DIRECTORY), EXTENSION).is_ok_and(|files| !files.is_empty())
}

fn unreadable(file: &Scanned) -> Error {
    let end = file.end;
    let what = format!("a write that was acknowledged cannot be read at byte {end}");
    damaged(&file.file.path, &what)
}
