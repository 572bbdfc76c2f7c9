//! The journal in files of its own: segments of which each is made as long as it will be, written from front to back, synced
//! once a group and dropped whole (ADR 0045).
//!
//! One thread writes (`writer`), which alone begins segments; any thread reads, and one at a time drops what is covered. Rows
//! with attachments are not here but in the engine (`segments`), where they become durable in one step with these. Called by
//! the embedded store only.
//!
//! | file | what |
//! |---|---|
//! | `form` | what a file holds, byte by byte |
//! | `scan`, `open` | how files are read and judged at a start |
//! | `index` | where the rows of each partition are |
//! | `writer` | the thread that appends |

mod form;
#[cfg(feature = "fault-injection")]
pub(super) mod fuzzing;
mod index;
mod open;
mod scan;
#[cfg(test)]
mod tests;
pub(super) mod writer;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use streakline_core::id::{PartitionId, Position};

use self::{
    form::{FILE_HEADER_BYTES, FileHeader, GroupBytes, Salt},
    index::{Index, SegmentFile, lower_bound},
};
use super::{
    super::{Error, JournalRow},
    tables::{disk, sync_directory},
};
use crate::entropy;

pub(super) use open::{find, has_files};

/// Name of the directory in the store's.
const DIRECTORY: &str = "journal";
const EXTENSION: &str = "seg";
/// The longest that a segment may be set to: offsets in it are 32 bits.
const SEGMENT_BYTES_LONGEST: u64 = 1024 * 1024 * 1024;

/// All segment files, oldest first; the last one is written to.
pub(super) struct JournalFiles {
    directory: PathBuf,
    segment_bytes_max: u64,
    segments: RwLock<Vec<Segment>>,
}

struct Segment {
    number: u64,
    salt: Salt,
    file: Arc<SegmentFile>,
    index: Index,
    /// Where the next group goes.
    end: u64,
    /// Takes no more groups, however short it is.
    ended: bool,
}

impl JournalFiles {
    fn read(&self) -> RwLockReadGuard<'_, Vec<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Segment>> {
        let segments = self.segments.write();
        segments.unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a group durable and shows its rows. Only `writer` calls this; `number` is one more than that of the last group.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the disk is away or full: what is on it then is not known before the next start.
    fn append(&self, group: &mut GroupBytes, number: u64) -> Result<(), Error> {
        let (file, salt, end) = self.writable(number)?;
        let bytes = group.sealed(salt, number)?;
        let written = file.file.write_all_at(bytes, end);
        let written = written.and_then(|()| file.file.sync_data());
        written.map_err(|error| disk(&format!("writing {}", file.path.display()), &error))?;
        let first = end.saturating_add(form::GROUP_HEADER_BYTES as u64);
        let mut segments = self.write();
        let Some(newest) = segments.last_mut() else {
            return Ok(());
        };
        for row in group.rows() {
            let at = u32::try_from(first.saturating_add(u64::from(row.at)));
            let at =
                at.map_err(|_| Error::Refused("a segment of the journal is too long".into()))?;
            newest.index.add(form::RowPlace { at, ..*row }, &file)?;
        }
        newest.end = end.saturating_add(group.len() as u64);
        Ok(())
    }

    /// Where the next group goes: to a new segment when the newest is full.
    fn writable(&self, next_group: u64) -> Result<(Arc<SegmentFile>, Salt, u64), Error> {
        let newest = {
            let segments = self.read();
            let newest = segments.last();
            newest.map(|newest| {
                let open = !newest.ended && newest.end < self.segment_bytes_max;
                let place = (newest.file.clone(), newest.salt, newest.end);
                (open, newest.number, place)
            })
        };
        match newest {
            Some((true, _, place)) => Ok(place),
            Some((false, number, (file, _, end))) => {
                // What it was made longer than it became; nothing depends on whether that is durable.
                drop(file.file.set_len(end));
                self.begin(number.saturating_add(1), next_group)
            }
            None => self.begin(1, next_group),
        }
    }

    /// Makes a segment file: its header is durable before any group is in it, so that a header which is wrong in a file that
    /// was used is damage.
    fn begin(&self, number: u64, first_group: u64) -> Result<(Arc<SegmentFile>, Salt, u64), Error> {
        let mut salt = [0; 8];
        entropy::fill(&mut salt);
        let header = FileHeader {
            number,
            first_group,
            salt,
        };
        let path = path_of(&self.directory, number);
        let make = || {
            let mut options = File::options();
            options.read(true).write(true).create_new(true).mode(0o600);
            let file = options.open(&path)?;
            preallocate(&file, self.segment_bytes_max);
            file.write_all_at(&header.bytes(), 0)?;
            file.sync_all()?;
            Ok(file)
        };
        let file = make().map_err(|error| disk(&format!("making {}", path.display()), &error))?;
        sync_directory(&self.directory)?;
        let segment = Segment {
            number,
            salt,
            file: Arc::new(SegmentFile { file, path }),
            index: Index::default(),
            end: FILE_HEADER_BYTES as u64,
            ended: false,
        };
        let place = (segment.file.clone(), salt, segment.end);
        self.write().push(segment);
        Ok(place)
    }

    /// Lets the next row begin a new segment, so that the newest one goes as soon as snapshots cover what it holds now.
    pub(super) fn end_newest(&self) {
        let mut segments = self.write();
        if let Some(newest) = segments
            .last_mut()
            .filter(|newest| !newest.index.is_empty())
        {
            newest.ended = true;
        }
    }

    /// Gives back what the newest segment was made longer than it is; the next start takes it again.
    fn give_back(&self) {
        if let Some(newest) = self.read().last() {
            drop(newest.file.file.set_len(newest.end));
        }
    }

    /// Drops covered segments, never the newest one: it tells the number of the last group. A file vanishes when its last
    /// reader is done.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when a file cannot be removed.
    pub(super) fn truncate(
        &self,
        first_uncovered: &BTreeMap<PartitionId, Position>,
    ) -> Result<(), Error> {
        let covered: Vec<Segment> = {
            let mut segments = self.write();
            let newest = segments.last().map(|segment| segment.number);
            let covered = |segment: &mut Segment| {
                Some(segment.number) != newest && segment.index.is_covered(first_uncovered)
            };
            segments.extract_if(.., covered).collect()
        };
        covered.into_iter().try_for_each(|segment| {
            let path = &segment.file.path;
            let removed = fs::remove_file(path);
            removed.map_err(|error| disk(&format!("removing {}", path.display()), &error))
        })
    }

    /// Whose rows there are.
    pub(super) fn partitions(&self) -> BTreeSet<PartitionId> {
        let segments = self.read();
        let partitions = segments
            .iter()
            .flat_map(|segment| segment.index.partitions());
        partitions.collect()
    }

    /// The largest first position of a partition's rows.
    fn newest(&self, partition: PartitionId) -> Option<Position> {
        let segments = self.read();
        let newest = segments
            .iter()
            .map(|segment| segment.index.newest(partition));
        newest.max().flatten()
    }

    /// The row that begins at `first`, if it was written before.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Unavailable`].
    pub(super) fn get(
        &self,
        partition: PartitionId,
        first: Position,
    ) -> Result<Option<JournalRow>, Error> {
        let having = self.offsets(partition, |index| index.newest(partition) >= Some(first));
        for (file, offsets) in having.into_iter().rev() {
            let place = lower_bound(&offsets, &file, |other| other < first)?;
            let row = offsets.get(place).map(|at| file.row(*at)).transpose()?;
            if let Some(row) = row.filter(|row| row.first == first) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Rows of a partition that hold inputs after a position: one run in order for each segment that has some.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Unavailable`].
    pub(super) fn runs(
        &self,
        partition: PartitionId,
        after: Option<Position>,
    ) -> Result<Vec<Run>, Error> {
        let reaching = self.offsets(partition, |index| index.reaches(partition, after));
        let runs = reaching.into_iter().map(|(file, offsets)| {
            let begin = match after {
                Some(after) => first_behind(&offsets, &file, after)?,
                None => 0,
            };
            Ok(Run {
                file,
                offsets: offsets
                    .into_iter()
                    .skip(begin)
                    .collect::<Vec<_>>()
                    .into_iter(),
            })
        });
        runs.collect()
    }

    fn offsets(
        &self,
        partition: PartitionId,
        wanted: impl Fn(&Index) -> bool,
    ) -> Vec<(Arc<SegmentFile>, Vec<u32>)> {
        let segments = self.read();
        let wanted = segments.iter().filter(|segment| wanted(&segment.index));
        wanted
            .map(|segment| (segment.file.clone(), segment.index.offsets(partition)))
            .collect()
    }
}

/// The place of the first row that ends behind `after`; the row that holds it may begin before.
fn first_behind(offsets: &[u32], file: &SegmentFile, after: Position) -> Result<usize, Error> {
    let begun = lower_bound(offsets, file, |first| first <= after)?;
    let straddles = match begun.checked_sub(1).and_then(|place| offsets.get(place)) {
        Some(at) => file.row(*at)?.last > after,
        None => false,
    };
    Ok(begun - usize::from(straddles))
}

/// Rows of one partition in one segment.
pub(super) struct Run {
    file: Arc<SegmentFile>,
    offsets: std::vec::IntoIter<u32>,
}

impl Iterator for Run {
    type Item = Result<JournalRow, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.offsets.next().map(|at| self.file.row(at))
    }
}

fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:08}.{EXTENSION}"))
}

/// Takes the room that a segment will need, so that a sync of it changes nothing but its bytes. Where that fails the file grows
/// as it is written, until there is no room for a write.
fn preallocate(file: &File, bytes: u64) {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        if let Err(error) = fallocate(file, FallocateFlags::empty(), 0, bytes) {
            tracing::debug!(%error, "a segment of the journal is not made at its full length");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, bytes);
}
