//! The journal of the embedded store: segments shared by all partitions, each a keyspace of its
//! own, so that an old one is dropped as a whole directory.
//!
//! Rows are written by `writer`, which alone adds and drops segments; readers only look. Called by
//! the embedded store only.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use fjall::{Database, Keyspace};
use streakline_core::id::{PartitionId, Position};

use super::{
    super::{Error, JournalRow},
    Settings, keys,
    tables::{error, segment_options, sync_list_of_keyspaces},
    values,
};

const NAME_PREFIX: &str = "journal-";

/// All segments, oldest first; the last one is written to.
pub(super) struct Segments(RwLock<Vec<Segment>>);

struct Segment {
    number: u64,
    rows: Keyspace,
    bytes: u64,
    /// Takes no more rows, however short it is.
    ended: bool,
    /// The last position of each partition that has rows here.
    last: BTreeMap<PartitionId, Position>,
}

impl Segment {
    fn open(database: &Database, number: u64, memtable_bytes: u64) -> Result<Self, Error> {
        let name = format!("{NAME_PREFIX}{number}");
        let rows = database
            .keyspace(&name, || segment_options(memtable_bytes))
            .map_err(error)?;
        Ok(Self {
            number,
            rows,
            bytes: 0,
            ended: false,
            last: BTreeMap::new(),
        })
    }

    /// Learns from its rows what they cover.
    fn scan(&mut self) -> Result<(), Error> {
        for row in self.rows.clone().iter() {
            let (key, value) = row.into_inner().map_err(error)?;
            let (partition, _) = keys::parse_journal(&key)?;
            let (last, _) = values::split_position(&value)?;
            self.record(partition, last, (key.len() + value.len()) as u64);
        }
        Ok(())
    }

    fn record(&mut self, partition: PartitionId, last: Position, bytes: u64) {
        self.bytes += bytes;
        let newest = self.last.entry(partition).or_default();
        *newest = last.max(*newest);
    }

    fn reaches(&self, partition: PartitionId, after: Option<Position>) -> bool {
        self.last
            .get(&partition)
            .is_some_and(|last| after.is_none_or(|after| *last > after))
    }

    fn is_covered(&self, first_uncovered: &BTreeMap<PartitionId, Position>) -> bool {
        let mut partitions = self.last.iter();
        partitions.all(|(id, last)| first_uncovered.get(id).is_some_and(|first| last < first))
    }
}

impl Segments {
    pub(super) fn open(database: &Database, settings: &Settings) -> Result<Self, Error> {
        let names = database.list_keyspace_names();
        let numbers = names
            .iter()
            .filter_map(|name| name.strip_prefix(NAME_PREFIX)?.parse().ok());
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        if numbers.is_empty() {
            numbers.push(1);
        }
        let mut segments = Vec::new();
        for number in numbers {
            let mut segment = Segment::open(database, number, settings.memtable_bytes)?;
            segment.scan()?;
            segments.push(segment);
        }
        Ok(Self(RwLock::new(segments)))
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Segment>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Segment>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them.
    pub(super) fn keyspaces(&self) -> Vec<Keyspace> {
        let segments = self.read();
        segments
            .iter()
            .map(|segment| segment.rows.clone())
            .collect()
    }

    /// The segment to write the next rows to: a new one when the newest is full.
    pub(super) fn writable(
        &self,
        database: &Database,
        settings: &Settings,
    ) -> Result<Keyspace, Error> {
        let newest = self
            .read()
            .last()
            .map(|s| (s.number, s.ended, s.bytes, s.rows.clone()));
        match newest {
            Some((_, false, bytes, rows)) if bytes < settings.segment_bytes_max => Ok(rows),
            newest => {
                let number = newest.map_or(1, |(number, ..)| number + 1);
                let segment = Segment::open(database, number, settings.memtable_bytes)?;
                let rows = segment.rows.clone();
                sync_list_of_keyspaces(&rows)?;
                self.write().push(segment);
                Ok(rows)
            }
        }
    }

    /// Lets the next row begin a new segment, so that the newest one goes as soon as snapshots cover what it holds now.
    pub(super) fn end_newest(&self) {
        if let Some(newest) = self.write().last_mut().filter(|newest| newest.bytes > 0) {
            newest.ended = true;
        }
    }

    /// Notes a durable row of the newest segment.
    pub(super) fn record(&self, partition: PartitionId, last: Position, bytes: u64) {
        if let Some(newest) = self.write().last_mut() {
            newest.record(partition, last, bytes);
        }
    }

    /// The value of the row that begins at `first`, if it was written before.
    pub(super) fn get(
        &self,
        partition: PartitionId,
        first: Position,
    ) -> Result<Option<Vec<u8>>, Error> {
        let segments = self.read();
        let at_or_after = |segment: &&Segment| segment.last.get(&partition) >= Some(&first);
        for segment in segments.iter().rev().filter(at_or_after) {
            if let Some(value) = segment
                .rows
                .get(keys::journal(partition, first))
                .map_err(error)?
            {
                return Ok(Some(value.to_vec()));
            }
        }
        Ok(None)
    }

    /// Whose rows there are.
    pub(super) fn partitions(&self) -> BTreeSet<PartitionId> {
        let segments = self.read();
        let partitions = segments.iter().flat_map(|segment| segment.last.keys());
        partitions.copied().collect()
    }

    pub(super) fn tail(
        &self,
        partition: PartitionId,
        after: Option<Position>,
        bytes_max: usize,
    ) -> Result<Vec<JournalRow>, Error> {
        let reaching: Vec<Keyspace> = {
            let segments = self.read();
            let reaching = segments
                .iter()
                .filter(|segment| segment.reaches(partition, after));
            reaching.map(|segment| segment.rows.clone()).collect()
        };
        let mut heads = Vec::new();
        for rows in reaching {
            let straddling = straddling(&rows, partition, after)?;
            let later = rows
                .range(keys::journal_after(partition, after))
                .map(|row| {
                    let (key, value) = row.into_inner().map_err(error)?;
                    values::parse_journal(&key, &value)
                });
            heads.push(straddling.map(Ok).into_iter().chain(later).peekable());
        }
        let mut tail = Vec::new();
        let mut bytes = 0;
        while let Some(row) = next_in_order(&mut heads) {
            let row = row?;
            bytes += row.bytes.len();
            tail.push(row);
            if bytes >= bytes_max {
                break;
            }
        }
        Ok(tail)
    }

    /// Drops covered segments, never the newest one. A directory vanishes when its last reader is
    /// done.
    pub(super) fn truncate(
        &self,
        database: &Database,
        first_uncovered: &BTreeMap<PartitionId, Position>,
    ) -> Result<(), Error> {
        let covered: Vec<Segment> = {
            let mut segments = self.write();
            let newest = segments.last().map(|segment| segment.number);
            let covered = |segment: &mut Segment| {
                Some(segment.number) != newest && segment.is_covered(first_uncovered)
            };
            segments.extract_if(.., covered).collect()
        };
        covered
            .into_iter()
            .try_for_each(|segment| database.delete_keyspace(segment.rows))
            .map_err(error)
    }
}

/// The row that begins at or before `after` and ends behind it.
fn straddling(
    rows: &Keyspace,
    partition: PartitionId,
    after: Option<Position>,
) -> Result<Option<JournalRow>, Error> {
    let Some(after) = after else { return Ok(None) };
    let Some(row) = rows
        .range(keys::journal_up_to(partition, after))
        .next_back()
    else {
        return Ok(None);
    };
    let (key, value) = row.into_inner().map_err(error)?;
    let row = values::parse_journal(&key, &value)?;
    Ok((row.last > after).then_some(row))
}

/// Takes the earliest row of several sorted runs; an error comes first.
fn next_in_order<I: Iterator<Item = Result<JournalRow, Error>>>(
    heads: &mut [Peekable<I>],
) -> Option<Result<JournalRow, Error>> {
    let mut earliest: Option<(usize, Option<Position>)> = None;
    for (at, head) in heads.iter_mut().enumerate() {
        let Some(row) = head.peek() else { continue };
        let first = row.as_ref().ok().map(|row| row.first);
        if earliest.is_none_or(|(_, before)| first < before) {
            earliest = Some((at, first));
        }
    }
    heads.get_mut(earliest?.0)?.next()
}
