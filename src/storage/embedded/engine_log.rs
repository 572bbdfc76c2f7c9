//! Reads the engine's log before the engine does, and tells a torn end from damage.
//!
//! The engine cuts its log at the first byte that it does not understand, wherever that is, so that
//! one flipped bit would silently take every later write along. Here a file is only looked at: whole
//! batches with a right checksum and a rising number, then nothing, or a torn end, or more. Called by
//! `inspect`.
//!
//! A batch is a start (tag, count u32, number u64), so many items, and an end (tag, checksum u64 of
//! the items, four fixed bytes); numbers are little-endian.

use std::{
    fs::File,
    io::{Read as _, Result, Seek as _, SeekFrom},
    path::Path,
};

use xxhash_rust::xxh3::xxh3_64;

use super::{
    tables::{Table, meta},
    values,
};

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: &[u8] = b"FJL\x03";
/// Bytes that are looked at together from the end of a file, which is mostly zeros.
const ZEROS_AT_ONCE: u64 = 1024 * 1024;

/// What follows the whole batches of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Zeros, or the end of the file.
    Nothing,
    /// Bytes that are no batch, and no batch after them: a write that did not end, or damage to the
    /// last one.
    Torn,
    /// Bytes that are no batch, before one that is: damage, since a batch begins after the one
    /// before it is on the disk.
    Damage,
}

/// What a file of the log holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// Where the whole batches end.
    pub(super) end: u64,
    /// Number of the last whole batch.
    pub(super) last_seqno: Option<u64>,
    /// The last count of commits that a whole batch wrote.
    pub(super) commits: Option<u64>,
    /// What comes then.
    pub(super) rest: Rest,
}

/// Looks through a file whose batches are numbered above `after`.
pub(super) fn read(path: &Path, after: Option<u64>) -> Result<Contents> {
    let bytes = without_zeros_at_end(path)?;
    let mut contents = Contents {
        end: 0,
        last_seqno: after,
        commits: None,
        rest: Rest::Nothing,
    };
    let mut at = 0;
    while let Some(batch) = batch(&bytes, at) {
        if contents.last_seqno.is_some_and(|last| batch.seqno <= last) {
            contents.rest = Rest::Damage;
            return Ok(contents);
        }
        contents.last_seqno = Some(batch.seqno);
        contents.commits = batch.commits.or(contents.commits);
        contents.end = batch.end as u64;
        at = batch.end;
    }
    if at < bytes.len() {
        let followed = (at + 1..bytes.len()).any(|later| batch_at(&bytes, later));
        contents.rest = if followed { Rest::Damage } else { Rest::Torn };
    }
    Ok(contents)
}

fn without_zeros_at_end(path: &Path) -> Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let used = used_bytes(&file)?;
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(used).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The length of a file without the zeros at its end.
pub(super) fn used_bytes(mut file: &File) -> Result<u64> {
    let mut used = file.metadata()?.len();
    let mut block = Vec::new();
    while used > 0 {
        let from = used.saturating_sub(ZEROS_AT_ONCE);
        block.clear();
        file.seek(SeekFrom::Start(from))?;
        file.take(used - from).read_to_end(&mut block)?;
        if let Some(last) = block.iter().rposition(|byte| *byte != 0) {
            return Ok(from + last as u64 + 1);
        }
        used = from;
    }
    Ok(0)
}

struct Batch {
    seqno: u64,
    commits: Option<u64>,
    end: usize,
}

fn batch_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at) == Some(&START) && batch(bytes, at).is_some()
}

/// The whole batch that begins at `at`.
fn batch(bytes: &[u8], at: usize) -> Option<Batch> {
    let mut cursor = Cursor { bytes, at };
    if cursor.byte()? != START {
        return None;
    }
    let count = u32::from_le_bytes(cursor.array()?);
    let seqno = u64::from_le_bytes(cursor.array()?);
    let items = cursor.at;
    let mut commits = None;
    for _ in 0..count {
        commits = item(&mut cursor)?.or(commits);
    }
    let checksum = xxh3_64(bytes.get(items..cursor.at)?);
    let whole = count > 0
        && cursor.byte()? == END
        && u64::from_le_bytes(cursor.array()?) == checksum
        && cursor.take(TRAILER.len())? == TRAILER;
    whole.then_some(Batch {
        seqno,
        commits,
        end: cursor.at,
    })
}

/// Passes one item; answers the count of commits when it is that row.
fn item(cursor: &mut Cursor<'_>) -> Option<Option<u64>> {
    match cursor.byte()? {
        CLEAR => {
            cursor.take(8)?;
            return Some(None);
        }
        ITEM => {}
        _ => return None,
    }
    let [_value_type, compression] = cursor.array()?;
    let _keyspace: [u8; 8] = cursor.array()?;
    let key_len = u16::from_le_bytes(cursor.array()?);
    let _value_len: [u8; 4] = cursor.array()?;
    let stored_len = u32::from_le_bytes(cursor.array()?);
    let key = cursor.take(usize::from(key_len))?;
    let value = cursor.take(usize::try_from(stored_len).ok()?)?;
    let counts =
        compression == 0 && key.split_first() == Some((&(Table::Meta as u8), meta::COMMITS));
    Some(counts.then(|| values::parse_meta(value).ok()).flatten())
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        let [byte] = self.array()?;
        Some(byte)
    }
}
