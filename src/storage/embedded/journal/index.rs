//! Where the rows of each partition are in one segment file: four bytes a row, since what a row covers stands in the file.
//!
//! Offsets are kept in the order of what rows cover, which nearly always is the order in the file. Called by the other files
//! of `journal`.

use std::{
    collections::BTreeMap,
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use streakline_core::id::{PartitionId, Position};

use super::{
    super::{
        super::{Error, JournalRow},
        tables::disk,
    },
    form::{self, ROW_HEAD_BYTES, RowPlace},
};

/// Read at once where a row is expected; a longer one takes a second read.
const ROW_READ_BYTES: usize = 2048;

/// An open segment file.
pub(super) struct SegmentFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl SegmentFile {
    /// The row that begins at an offset.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not there, [`Error::Unavailable`] when the disk is away.
    pub(super) fn row(&self, at: u32) -> Result<JournalRow, Error> {
        let mut bytes = vec![0; ROW_READ_BYTES];
        let read = self.read(&mut bytes, at)?;
        bytes.truncate(read);
        let length = form::row_length(&bytes).map(|length| ROW_HEAD_BYTES.saturating_add(length));
        let length = length.filter(|length| self.has(at, *length));
        let length = length.ok_or_else(|| self.damaged(at))?;
        if length > bytes.len() {
            bytes.resize(length, 0);
            let read = self.read(&mut bytes, at)?;
            bytes.truncate(read);
        }
        let row = form::row(&bytes).map(|(row, _)| row);
        row.ok_or_else(|| self.damaged(at))
    }

    /// Whether that many bytes can be there: a length that is damaged asks for no memory.
    fn has(&self, at: u32, length: usize) -> bool {
        let ends = u64::from(at).saturating_add(length as u64);
        length <= ROW_READ_BYTES || self.file.metadata().is_ok_and(|file| file.len() >= ends)
    }

    /// Fills the bytes as far as the file goes.
    fn read(&self, bytes: &mut [u8], at: u32) -> Result<usize, Error> {
        let mut filled = 0_usize;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let from = u64::from(at).saturating_add(filled as u64);
            match self.file.read_at(rest, from) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(reading(&self.path, &error)),
            }
        }
        Ok(filled)
    }

    fn damaged(&self, at: u32) -> Error {
        let path = self.path.display();
        Error::Damaged(format!("{path}: the row at byte {at} cannot be read"))
    }
}

/// A file of the journal that cannot be read.
pub(super) fn reading(path: &Path, error: &std::io::Error) -> Error {
    disk(&format!("reading {}", path.display()), error)
}

/// The rows of one file.
#[derive(Default)]
pub(super) struct Index(BTreeMap<PartitionId, Places>);

#[derive(Default)]
struct Places {
    offsets: Vec<u32>,
    /// The largest first position.
    newest: Position,
    /// The largest last position.
    last: Position,
}

impl Index {
    /// Takes a row in that is in the file.
    ///
    /// # Errors
    /// Those of [`SegmentFile::row`], for a row that is out of order.
    pub(super) fn add(&mut self, row: RowPlace, file: &SegmentFile) -> Result<(), Error> {
        let places = self.0.entry(row.partition).or_default();
        if places.offsets.is_empty() || row.first > places.newest {
            places.offsets.push(row.at);
            places.newest = row.first;
        } else {
            let before = lower_bound(&places.offsets, file, |first| first < row.first)?;
            places.offsets.insert(before, row.at);
        }
        places.last = places.last.max(row.last);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn partitions(&self) -> impl Iterator<Item = PartitionId> {
        self.0.keys().copied()
    }

    /// Whether a partition has inputs after a position here.
    pub(super) fn reaches(&self, partition: PartitionId, after: Option<Position>) -> bool {
        let places = self.0.get(&partition);
        places.is_some_and(|places| after.is_none_or(|after| places.last > after))
    }

    /// The largest first position of a partition's rows here.
    pub(super) fn newest(&self, partition: PartitionId) -> Option<Position> {
        self.0.get(&partition).map(|places| places.newest)
    }

    /// Whether every row lies before the first uncovered position of its partition.
    pub(super) fn is_covered(&self, first_uncovered: &BTreeMap<PartitionId, Position>) -> bool {
        self.0.iter().all(|(id, places)| {
            let first = first_uncovered.get(id);
            first.is_some_and(|first| places.last < *first)
        })
    }

    /// All rows of a partition, in order.
    pub(super) fn offsets(&self, partition: PartitionId) -> Vec<u32> {
        let places = self.0.get(&partition);
        places.map_or_else(Vec::new, |places| places.offsets.clone())
    }
}

/// How many of these rows begin where `before` says.
///
/// # Errors
/// Those of [`SegmentFile::row`].
pub(super) fn lower_bound(
    offsets: &[u32],
    file: &SegmentFile,
    before: impl Fn(Position) -> bool,
) -> Result<usize, Error> {
    let (mut low, mut high) = (0, offsets.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let Some(at) = offsets.get(middle) else { break };
        if before(file.row(*at)?.first) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
