//! Making and reading whole segment files, for the fuzzing tests; in no server that is built for use.

use std::path::Path;

use super::{
    super::super::{Error, JournalRow},
    form::{FileHeader, GroupBytes, Salt},
    scan::{Rest, scan},
};

/// Where the whole groups of a file end, the last number, how many rows are in them, and whether nothing follows.
pub(in super::super) fn segment(path: &Path) -> Result<Option<(u64, u64, usize, bool)>, Error> {
    let scanned = scan(path)?.map(|scanned| {
        let partitions = scanned.index.partitions();
        let rows = partitions.map(|id| scanned.index.offsets(id).len()).sum();
        let ends = scanned.rest == Rest::Nothing;
        (scanned.end, scanned.last_group, rows, ends)
    });
    Ok(scanned)
}

/// A file with these groups. A row that is too long is left out.
pub(in super::super) fn segment_of(groups: &[Vec<JournalRow>], salt: Salt) -> Vec<u8> {
    let header = FileHeader {
        number: 1,
        first_group: 1,
        salt,
    };
    let mut bytes = header.bytes().to_vec();
    for (number, rows) in (1..).zip(groups) {
        let mut group = GroupBytes::new();
        for row in rows {
            drop(group.push(row));
        }
        bytes.extend(group.sealed(salt, number).unwrap_or_default());
    }
    bytes
}
