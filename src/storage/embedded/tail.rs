//! The journal as one: rows that lie in files (`journal`) and rows that lie in the engine (`segments`), in the order of what
//! they hold.

use std::{collections::BTreeSet, iter::Peekable};

use streakline_core::id::{PartitionId, Position};

use super::{
    super::{Error, JournalRow},
    Shared, values,
};

impl Shared {
    /// Rows of a partition that hold inputs after a position, until about `bytes_max` bytes, but at least one.
    pub(super) fn tail(
        &self,
        partition: PartitionId,
        after: Option<Position>,
        bytes_max: usize,
    ) -> Result<Vec<JournalRow>, Error> {
        let in_files = self.journal.runs(partition, after)?.into_iter();
        let in_engine = self.segments.runs(partition, after)?.into_iter();
        let mut runs: Vec<Peekable<Rows>> = in_files
            .map(|run| Box::new(run) as Rows)
            .chain(in_engine)
            .map(Iterator::peekable)
            .collect();
        let mut tail = Vec::new();
        let mut bytes = 0_usize;
        while let Some(row) = next_in_order(&mut runs) {
            let row = row?;
            bytes = bytes.saturating_add(row.bytes.len());
            tail.push(row);
            if bytes >= bytes_max {
                break;
            }
        }
        Ok(tail)
    }

    /// Whose rows there are.
    pub(super) fn journaled_partitions(&self) -> BTreeSet<PartitionId> {
        let mut partitions = self.journal.partitions();
        partitions.extend(self.segments.partitions());
        partitions
    }

    /// The row that begins at `first`, if it was written before: its value, wherever it lies.
    pub(super) fn journaled(
        &self,
        partition: PartitionId,
        first: Position,
    ) -> Result<Option<Vec<u8>>, Error> {
        match self.journal.get(partition, first)? {
            Some(row) => Ok(Some(values::journal(&row))),
            None => self.segments.get(partition, first),
        }
    }
}

/// Rows of one partition in one segment, in order.
pub(super) type Rows = Box<dyn Iterator<Item = Result<JournalRow, Error>>>;

/// Takes the earliest row of several sorted runs; an error comes first.
fn next_in_order(runs: &mut [Peekable<Rows>]) -> Option<Result<JournalRow, Error>> {
    let mut earliest: Option<(usize, Option<Position>)> = None;
    for (at, run) in runs.iter_mut().enumerate() {
        let Some(row) = run.peek() else { continue };
        let first = row.as_ref().ok().map(|row| row.first);
        if earliest.is_none_or(|(_, before)| first < before) {
            earliest = Some((at, first));
        }
    }
    runs.get_mut(earliest?.0)?.next()
}
