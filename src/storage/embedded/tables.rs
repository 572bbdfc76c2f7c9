//! The tables of the embedded store, and how they are read.
//!
//! A keyspace of the engine costs some ten syncs to make, a memtable and files of its own, so
//! tables share two of them and are told apart by the first byte of their keys. Journal segments
//! are not here (`segments`), and nothing here writes. Called by the embedded store only.

use std::{
    fs::File,
    ops::Bound::{self, Excluded, Included, Unbounded},
    path::Path,
    sync::Arc,
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, LsmError, compaction::Leveled};

use super::{super::Error, keys::Range};

/// A table; its number is the first byte of its keys, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Table {
    Meta = 1,
    Devices = 2,
    Challenges = 3,
    Idempotency = 4,
    Expiries = 5,
    Snapshots = 6,
    Chunks = 7,
    Facts = 8,
    Transfers = 9,
    Standings = 10,
    Due = 11,
    Partitions = 12,
    Stuck = 13,
    Changes = 14,
    /// Data keys by name.
    Keys = 20,
    /// The name of each user's data key.
    KeysOf = 21,
}

/// Keys of [`Table::Meta`].
pub(super) mod meta {
    pub(in super::super) const BITS: &[u8] = b"bits";
    pub(in super::super) const MANUAL_POLICY: &[u8] = b"manual_policy";
    pub(in super::super) const RETENTION: &[u8] = b"retention";
    pub(in super::super) const EPOCH: &[u8] = b"epoch";
    pub(in super::super) const CLOCK_MS: &[u8] = b"clock_ms";
    /// How many commits there were; each batch of the engine counts it up.
    pub(in super::super) const COMMITS: &[u8] = b"commits";
    /// Which master keys the data keys need.
    pub(in super::super) const MASTER_KEYS: &[u8] = b"master_keys";
    /// That rows were deleted which files may still hold.
    pub(in super::super) const PURGE_OWED: &[u8] = b"purge_owed";
    /// Written by a purge, so that there is something to write to a file.
    pub(in super::super) const TOUCHED: &[u8] = b"touched";
    /// How far a copy into this store is.
    pub(in super::super) const COPY: &[u8] = b"copy";
    /// Layout of the rows.
    pub(in super::super) const FORMAT: &[u8] = b"format";
}

/// The open keyspaces.
pub(super) struct Tables {
    rows: Keyspace,
    /// Large, written once and read seldom: apart, so that joining files of small rows does not
    /// copy them.
    chunks: Keyspace,
}

impl Tables {
    pub(super) fn open(database: &Database, memtable_bytes: u64) -> Result<Self, Error> {
        let options = || KeyspaceCreateOptions::default().max_memtable_size(memtable_bytes);
        let open = |name| database.keyspace(name, options).map_err(error);
        Ok(Self {
            rows: open("rows")?,
            chunks: open("chunks")?,
        })
    }

    /// Both of them.
    pub(super) fn keyspaces(&self) -> [Keyspace; 2] {
        [self.rows.clone(), self.chunks.clone()]
    }

    /// Keys of a table in a range whose rows are wanted.
    pub(super) fn keys(
        &self,
        table: Table,
        range: Range,
        wanted: impl Fn(&[u8], &[u8]) -> Result<bool, Error>,
    ) -> Result<Vec<(Table, Vec<u8>)>, Error> {
        let (keyspace, _) = self.place(table, &[]);
        let mut found = Vec::new();
        for row in keyspace.range(within(table, range)) {
            let (key, value) = row.into_inner().map_err(error)?;
            let key = key.get(1..).unwrap_or_default();
            if wanted(key, &value)? {
                found.push((table, key.to_vec()));
            }
        }
        Ok(found)
    }

    /// Where a row of a table is, and its key there.
    pub(super) fn place(&self, table: Table, key: &[u8]) -> (&Keyspace, Vec<u8>) {
        let keyspace = if table == Table::Chunks {
            &self.chunks
        } else {
            &self.rows
        };
        (keyspace, [&[table as u8], key].concat())
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let (keyspace, key) = self.place(table, key);
        let value = keyspace.get(key).map_err(error)?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// Rows of a range in order, parsed, at most `limit`.
    pub(super) fn page<T>(
        &self,
        table: Table,
        range: Range,
        limit: usize,
        parse: impl Fn(&[u8], &[u8]) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let (keyspace, _) = self.place(table, &[]);
        let rows = keyspace.range(within(table, range)).take(limit);
        rows.map(|row| {
            let (key, value) = row.into_inner().map_err(error)?;
            parse(key.get(1..).unwrap_or_default(), &value)
        })
        .collect()
    }

    /// Keys and values of a range in order.
    pub(super) fn iter(
        &self,
        table: Table,
        range: Range,
    ) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), Error>> {
        let (keyspace, _) = self.place(table, &[]);
        keyspace.range(within(table, range)).map(|row| {
            let (key, value) = row.into_inner().map_err(error)?;
            let key = key.get(1..).unwrap_or_default();
            Ok((key.to_vec(), value.to_vec()))
        })
    }

    /// The first damage in a table, read from its beginning: the engine joins its files in the
    /// background, and stops for ever at a damaged block without saying so to who writes.
    pub(super) fn first_damage(&self) -> Option<Error> {
        let keyspaces = [&self.rows, &self.chunks];
        let mut rows = keyspaces.into_iter().flat_map(Keyspace::iter);
        rows.find_map(|row| match row.into_inner().map_err(error) {
            Err(damaged @ Error::Damaged(_)) => Some(damaged),
            _ => None,
        })
    }

    /// Makes the list of keyspaces durable, in which these two are.
    pub(super) fn sync_list(&self) -> Result<(), Error> {
        sync_list_of_keyspaces(&self.rows)
    }
}

/// A range of keys of one table, as a range of all keys.
fn within(table: Table, (from, to): Range) -> Range {
    let first = table as u8;
    let prefixed = |key: Vec<u8>| [&[first][..], &key].concat();
    let from = match from {
        Unbounded => Included(vec![first]),
        bound => bound.map(prefixed),
    };
    let to: Bound<_> = match to {
        Unbounded => Excluded(vec![first + 1]),
        bound => bound.map(prefixed),
    };
    (from, to)
}

/// Options of a journal segment: read once and dropped whole, so joining its files would be wasted
/// work.
pub(super) fn segment_options(memtable_bytes: u64) -> KeyspaceCreateOptions {
    let never_joined = Leveled::default().with_l0_threshold(16);
    KeyspaceCreateOptions::default()
        .max_memtable_size(memtable_bytes)
        .compaction_strategy(Arc::new(never_joined))
}

/// Makes the directory durable that lists all keyspaces. The engine does so for what is in a
/// keyspace, but not for this: after a power loss the rows of a keyspace that is not listed would
/// be skipped silently.
pub(super) fn sync_list_of_keyspaces(any: &Keyspace) -> Result<(), Error> {
    any.path().parent().map_or(Ok(()), sync_directory)
}

/// Makes the names in a directory durable, where the system can.
pub(super) fn sync_directory(path: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        let synced = File::open(path).and_then(|directory| directory.sync_all());
        return synced.map_err(|error| disk(&format!("syncing {}", path.display()), &error));
    }
    Ok(())
}

/// A failed call to the file system.
pub(super) fn disk(what: &str, error: &std::io::Error) -> Error {
    Error::Unavailable(format!("{what}: {error}"))
}

/// What the caller must know of an engine's error: is the data wrong, or the disk away?
pub(super) fn error(error: fjall::Error) -> Error {
    match &error {
        fjall::Error::Locked => Error::Refused("another server has it open; stop that one".into()),
        fjall::Error::InvalidVersion(_) => {
            Error::Refused("it was made by another version of its storage engine".into())
        }
        fjall::Error::Io(away) | fjall::Error::Storage(LsmError::Io(away)) => {
            Error::Unavailable(away.to_string())
        }
        fjall::Error::Poisoned => {
            Error::Unavailable("the engine failed in the background, as its log line says".into())
        }
        fjall::Error::KeyspaceDeleted => Error::Unavailable(error.to_string()),
        fjall::Error::Storage(LsmError::ChecksumMismatch { .. }) => {
            Error::Damaged("the checksum of a block is wrong".into())
        }
        _ => Error::Damaged(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_stays_within_its_table() {
        let open = within(Table::Due, (Unbounded, Unbounded));
        assert_eq!(open, (Included(vec![11]), Excluded(vec![12])));
        let bounded = within(Table::Meta, (Excluded(vec![7]), Included(vec![9])));
        assert_eq!(bounded, (Excluded(vec![1, 7]), Included(vec![1, 9])));
    }

    #[test]
    fn a_disk_that_is_away_is_not_taken_for_damage() {
        let away = || std::io::Error::other("no disk");
        assert!(matches!(
            error(fjall::Error::Io(away())),
            Error::Unavailable(_)
        ));
        let nested = fjall::Error::Storage(LsmError::Io(away()));
        assert!(matches!(error(nested), Error::Unavailable(_)));
        assert!(matches!(error(fjall::Error::Locked), Error::Refused(_)));
        let broken = fjall::Error::Storage(LsmError::InvalidTrailer);
        assert!(matches!(error(broken), Error::Damaged(_)));
    }
}
