//! Reads a segment file at the start: its whole groups, and what comes behind them.
//!
//! A group is written when the one before it is on the disk. So whatever is wrong before the header of a later group is damage;
//! what is wrong at the end is a write that was torn, unless somebody was told that it is durable, which `open` knows by the
//! mark. Nothing is changed here. Called by `open` and by the fuzzing tests.

use std::{
    fs::File,
    io::{BufReader, Read, Result as IoResult, Seek as _, SeekFrom},
    path::Path,
};

use super::{
    super::{super::Error, engine_log},
    form::{FILE_HEADER_BYTES, FileHeader, GROUP_HEADER_BYTES, GroupHeader, RowPlace, Salt},
    index::{Index, SegmentFile, reading},
};

/// Read at once.
const WINDOW_BYTES: usize = 1024 * 1024;

/// What follows the whole groups of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Zeros, or the end of the file.
    Nothing,
    /// Bytes that are no group, and no header of another group after them.
    Torn,
    /// Bytes that are not the next group, before the header of another one.
    Damage,
}

/// A file, read.
pub(super) struct Scanned {
    pub(super) header: FileHeader,
    pub(super) file: SegmentFile,
    pub(super) index: Index,
    /// Where its whole groups end.
    pub(super) end: u64,
    /// The number of the last one; the one before its first where it has none.
    pub(super) last_group: u64,
    pub(super) rest: Rest,
}

/// Reads a file; nothing where it was never used.
///
/// # Errors
/// [`Error::Damaged`] when its header is wrong and it was used, [`Error::Refused`] for another format, [`Error::Unavailable`]
/// when the disk is away.
pub(super) fn scan(path: &Path) -> Result<Option<Scanned>, Error> {
    let failed = |error| reading(path, &error);
    let opened = File::options().read(true).write(true).open(path);
    let file = opened.map_err(failed)?;
    let mut reader = BufReader::with_capacity(WINDOW_BYTES, &file);
    let first = filled(&mut reader, FILE_HEADER_BYTES).map_err(failed)?;
    let Some(header) = FileHeader::read(&first)? else {
        let used = engine_log::used_bytes(&file).map_err(failed)?;
        return if used <= FILE_HEADER_BYTES as u64 {
            Ok(None)
        } else {
            let what = format!("{}: its header is wrong", path.display());
            Err(Error::Damaged(what))
        };
    };
    let length = file.metadata().map_err(failed)?.len();
    let mut groups = Groups {
        reader,
        salt: header.salt,
        end: FILE_HEADER_BYTES as u64,
        length,
    };
    let (mut last_group, mut rows) = (header.first_group.saturating_sub(1), Vec::new());
    let mut next_group = header.first_group;
    while let Some(places) = groups.next(next_group).map_err(failed)? {
        rows.extend(places);
        last_group = next_group;
        next_group = next_group.saturating_add(1);
    }
    let end = groups.end;
    let rest = rest(&file, (end, header.salt), next_group).map_err(failed)?;
    let path = path.to_owned();
    let mut scanned = Scanned {
        header,
        file: SegmentFile { file, path },
        index: Index::default(),
        end,
        last_group,
        rest,
    };
    for row in rows {
        scanned.index.add(row, &scanned.file)?;
    }
    Ok(Some(scanned))
}

/// The whole groups of a file, one after the other.
struct Groups<'a> {
    reader: BufReader<&'a File>,
    salt: Salt,
    end: u64,
    length: u64,
}

impl Groups<'_> {
    /// Where in the file the rows of the group of that number are, if it comes next.
    fn next(&mut self, number: u64) -> IoResult<Option<Vec<RowPlace>>> {
        let head = filled(&mut self.reader, GROUP_HEADER_BYTES)?;
        let header = GroupHeader::read(self.salt, &head);
        let Some(header) = header.filter(|header| header.number == number) else {
            return Ok(None);
        };
        let begin = self.end.saturating_add(GROUP_HEADER_BYTES as u64);
        let end = begin.saturating_add(u64::from(header.bytes));
        let bytes = usize::try_from(header.bytes).ok();
        // A length that is damaged asks for no memory.
        let Some(bytes) = bytes.filter(|_| end <= self.length) else {
            return Ok(None);
        };
        let bytes = filled(&mut self.reader, bytes)?;
        let places = header.rows(&bytes).and_then(|rows| {
            let moved = rows.into_iter().map(|row| {
                let at = u32::try_from(begin.saturating_add(u64::from(row.at))).ok()?;
                Some(RowPlace { at, ..row })
            });
            moved.collect::<Option<Vec<RowPlace>>>()
        });
        if places.is_some() {
            self.end = end;
        }
        Ok(places)
    }
}

/// So many bytes, or as many as there are.
fn filled(reader: &mut impl Read, bytes: usize) -> IoResult<Vec<u8>> {
    let mut read = Vec::with_capacity(bytes);
    reader.take(bytes as u64).read_to_end(&mut read)?;
    Ok(read)
}

/// What is behind the whole groups; `next`: the number that a group there would have. A write that was torn left no header of
/// another number: a file is written once.
fn rest(file: &File, (end, salt): (u64, Salt), next: u64) -> IoResult<Rest> {
    let used = engine_log::used_bytes(file)?;
    if used <= end {
        return Ok(Rest::Nothing);
    }
    let mut bytes = Vec::new();
    let mut reader = file;
    reader.seek(SeekFrom::Start(end))?;
    reader.take(used - end).read_to_end(&mut bytes)?;
    // Its own zeros at the end may be a part of a header.
    bytes.resize(bytes.len() + GROUP_HEADER_BYTES, 0);
    let other = |at: usize| {
        let header = GroupHeader::read(salt, bytes.get(at..)?)?;
        (header.number != next).then_some(())
    };
    let marks = bytes.windows(salt.len()).enumerate();
    let mut marks = marks.filter(|(_, window)| *window == salt);
    let followed = marks.any(|(at, _)| other(at).is_some());
    Ok(if followed { Rest::Damage } else { Rest::Torn })
}
