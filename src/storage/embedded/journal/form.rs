//! What a segment file holds, byte by byte: a header, then groups, then zeros. Numbers are big-endian.
//!
//! | part | bytes |
//! |---|---|
//! | header of a file, 64 | magic 8, format u32, number of the file u64, number of its first group u64, salt 8, zeros, CRC-32C u32 |
//! | header of a group, 32 | salt 8, number u64, bytes of its rows u32, rows u32, CRC-32C of its rows u32, CRC-32C of this header u32 |
//! | row | length u32 of what follows the checksum, CRC-32C u32, kind u8, partition u32, first and last position (epoch u64, index u64), inputs |
//!
//! The salt is chance, made with the file: neither old blocks of a disk nor bytes that a client chose pass for a group. Nothing
//! is read or written here. Called by the other files of `journal`.

use streakline_core::id::{PartitionId, Position};

use super::super::super::{Error, JournalRow};

/// Bytes of the header of a file.
pub(super) const FILE_HEADER_BYTES: usize = 64;
/// Bytes of the header of a group.
pub(super) const GROUP_HEADER_BYTES: usize = 32;
/// Bytes of a row before its kind.
pub(super) const ROW_HEAD_BYTES: usize = 8;

const MAGIC: [u8; 8] = *b"STREAKLJ";
const FORMAT: u32 = 1;
/// Inputs of one flush of a partition; other kinds may come.
const ROW: u8 = 1;

/// Chance that marks the groups of one file.
pub(super) type Salt = [u8; 8];

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileHeader {
    pub(super) number: u64,
    pub(super) first_group: u64,
    pub(super) salt: Salt,
}

impl FileHeader {
    pub(super) fn bytes(&self) -> [u8; FILE_HEADER_BYTES] {
        let mut bytes = [0; FILE_HEADER_BYTES];
        let (said, checksum) = bytes.split_at_mut(FILE_HEADER_BYTES - 4);
        let mut parts = Parts(said);
        parts.put(MAGIC);
        parts.put(FORMAT.to_be_bytes());
        parts.put(self.number.to_be_bytes());
        parts.put(self.first_group.to_be_bytes());
        parts.put(self.salt);
        checksum.copy_from_slice(&crc32c::crc32c(said).to_be_bytes());
        bytes
    }

    /// Nothing where this is no header.
    ///
    /// # Errors
    /// [`Error::Refused`] for another format.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some((format, header)) = Self::parts(bytes) else {
            return Ok(None);
        };
        if format != FORMAT {
            return Err(Error::Refused(format!(
                "its journal is of format {format} and this server reads {FORMAT}; start the version that made it"
            )));
        }
        Ok(Some(header))
    }

    fn parts(bytes: &[u8]) -> Option<(u32, Self)> {
        let (said, rest) = bytes.split_at_checked(FILE_HEADER_BYTES - 4)?;
        let checksum = u32::from_be_bytes(take(&mut &*rest)?);
        if checksum != crc32c::crc32c(said) {
            return None;
        }
        let mut said = said;
        let magic: [u8; 8] = take(&mut said)?;
        let format = u32::from_be_bytes(take(&mut said)?);
        let header = Self {
            number: u64::from_be_bytes(take(&mut said)?),
            first_group: u64::from_be_bytes(take(&mut said)?),
            salt: take(&mut said)?,
        };
        (magic == MAGIC).then_some((format, header))
    }
}

/// What a group says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GroupHeader {
    pub(super) number: u64,
    pub(super) bytes: u32,
    pub(super) rows: u32,
    checksum: u32,
}

impl GroupHeader {
    fn bytes(&self, salt: Salt) -> [u8; GROUP_HEADER_BYTES] {
        let mut bytes = [0; GROUP_HEADER_BYTES];
        let (said, checksum) = bytes.split_at_mut(GROUP_HEADER_BYTES - 4);
        let mut parts = Parts(said);
        parts.put(salt);
        parts.put(self.number.to_be_bytes());
        parts.put(self.bytes.to_be_bytes());
        parts.put(self.rows.to_be_bytes());
        parts.put(self.checksum.to_be_bytes());
        checksum.copy_from_slice(&crc32c::crc32c(said).to_be_bytes());
        bytes
    }

    /// Nothing where no group of this file begins.
    pub(super) fn read(salt: Salt, bytes: &[u8]) -> Option<Self> {
        let (said, rest) = bytes.split_at_checked(GROUP_HEADER_BYTES - 4)?;
        let checksum = u32::from_be_bytes(take(&mut &*rest)?);
        let mut parts = said;
        let marked: Salt = take(&mut parts)?;
        let header = Self {
            number: u64::from_be_bytes(take(&mut parts)?),
            bytes: u32::from_be_bytes(take(&mut parts)?),
            rows: u32::from_be_bytes(take(&mut parts)?),
            checksum: u32::from_be_bytes(take(&mut parts)?),
        };
        (marked == salt && checksum == crc32c::crc32c(said)).then_some(header)
    }

    /// Where the rows of the group are, in the bytes behind its header; nothing where these are not the bytes that it had.
    pub(super) fn rows(&self, bytes: &[u8]) -> Option<Vec<RowPlace>> {
        if crc32c::crc32c(bytes) != self.checksum {
            return None;
        }
        let (mut places, mut at) = (Vec::new(), 0);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (row, length) = row(rest)?;
            places.push(RowPlace::of(&row, at)?);
            at += length;
        }
        (places.len() == usize::try_from(self.rows).ok()?).then_some(places)
    }
}

/// Whose a row is, what it covers, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowPlace {
    pub(super) partition: PartitionId,
    pub(super) first: Position,
    pub(super) last: Position,
    /// From the group's first row on, and in an index from the file's beginning on.
    pub(super) at: u32,
}

impl RowPlace {
    fn of(row: &JournalRow, at: usize) -> Option<Self> {
        Some(Self {
            partition: row.partition,
            first: row.first,
            last: row.last,
            at: u32::try_from(at).ok()?,
        })
    }
}

/// A group on its way to a file.
pub(super) struct GroupBytes {
    bytes: Vec<u8>,
    rows: Vec<RowPlace>,
}

impl GroupBytes {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; GROUP_HEADER_BYTES],
            rows: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// With its header.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn rows(&self) -> &[RowPlace] {
        &self.rows
    }

    /// Room for the next group; what a large one took is given back beyond `kept` bytes.
    pub(super) fn clear(&mut self, kept: usize) {
        self.bytes.truncate(GROUP_HEADER_BYTES);
        self.bytes.shrink_to(kept);
        self.rows.clear();
    }

    /// # Errors
    /// [`Error::Refused`] for a row that is too long for a file.
    pub(super) fn push(&mut self, row: &JournalRow) -> Result<(), Error> {
        let too_long = || Error::Refused("a row of the journal is too long".into());
        let at = self.bytes.len() - GROUP_HEADER_BYTES;
        let place = RowPlace::of(row, at).ok_or_else(too_long)?;
        let begin = self.bytes.len();
        self.bytes.extend([0; ROW_HEAD_BYTES]);
        self.bytes.push(ROW);
        self.bytes.extend(row.partition.0.to_be_bytes());
        for position in [row.first, row.last] {
            self.bytes.extend(position.epoch.to_be_bytes());
            self.bytes.extend(position.index.to_be_bytes());
        }
        self.bytes.extend(&row.bytes);
        let length = self.bytes.len() - begin - ROW_HEAD_BYTES;
        let length = u32::try_from(length).map_err(|_| too_long())?.to_be_bytes();
        if let Some((head, said)) = self
            .bytes
            .get_mut(begin..)
            .and_then(<[u8]>::split_first_chunk_mut::<ROW_HEAD_BYTES>)
        {
            let checksum = checksum(length, said).to_be_bytes();
            let mut parts = Parts(head);
            parts.put(length);
            parts.put(checksum);
        }
        self.rows.push(place);
        Ok(())
    }

    /// The row that begins at `first`, if it was pushed.
    pub(super) fn find(&self, partition: PartitionId, first: Position) -> Option<JournalRow> {
        let pushed = |place: &&RowPlace| (place.partition, place.first) == (partition, first);
        let place = self.rows.iter().find(pushed)?;
        let at = GROUP_HEADER_BYTES + usize::try_from(place.at).ok()?;
        row(self.bytes.get(at..)?).map(|(row, _)| row)
    }

    /// The whole of it, as the group of that number of a file.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is too long for a file.
    pub(super) fn sealed(&mut self, salt: Salt, number: u64) -> Result<&[u8], Error> {
        let too_long = |_| Error::Refused("a group of the journal is too long".into());
        if let Some((head, rows)) = self.bytes.split_first_chunk_mut::<GROUP_HEADER_BYTES>() {
            let header = GroupHeader {
                number,
                bytes: u32::try_from(rows.len()).map_err(too_long)?,
                rows: u32::try_from(self.rows.len()).map_err(too_long)?,
                checksum: crc32c::crc32c(rows),
            };
            *head = header.bytes(salt);
        }
        Ok(&self.bytes)
    }
}

/// The length of a row behind its head, which begins these bytes.
pub(super) fn row_length(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 4] = take(&mut &*bytes)?;
    usize::try_from(u32::from_be_bytes(length)).ok()
}

/// The row that begins these bytes, and how many are its own.
pub(super) fn row(bytes: &[u8]) -> Option<(JournalRow, usize)> {
    let mut rest = bytes;
    let length: [u8; 4] = take(&mut rest)?;
    let stored = u32::from_be_bytes(take(&mut rest)?);
    let said = rest.get(..row_length(&length)?)?;
    if stored != checksum(length, said) {
        return None;
    }
    let mut said = said;
    let [kind] = take(&mut said)?;
    let row = JournalRow {
        partition: PartitionId(u32::from_be_bytes(take(&mut said)?)),
        first: position(&mut said)?,
        last: position(&mut said)?,
        bytes: said.to_vec(),
        attachments: Vec::new(),
    };
    (kind == ROW).then_some((row, ROW_HEAD_BYTES + row_length(&length)?))
}

fn checksum(length: [u8; 4], said: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), said)
}

fn position(bytes: &mut &[u8]) -> Option<Position> {
    Some(Position {
        epoch: u64::from_be_bytes(take(bytes)?),
        index: u64::from_be_bytes(take(bytes)?),
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

/// A header that is filled from its beginning on; it has room for what is put.
struct Parts<'a>(&'a mut [u8]);

impl Parts<'_> {
    fn put<const N: usize>(&mut self, part: [u8; N]) {
        let whole = std::mem::take(&mut self.0);
        if let Some((head, rest)) = whole.split_at_mut_checked(N) {
            head.copy_from_slice(&part);
            self.0 = rest;
        }
    }
}
