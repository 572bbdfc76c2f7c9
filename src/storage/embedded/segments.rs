//! Journal rows in the engine: those with attachments, which become durable in one batch with them, those of a copy, and those
//! of a server that had no files yet. All others lie in files (`journal`, ADR 0045).
//!
//! Segments are shared by all partitions, each a keyspace of its own, so that an old one is dropped as a whole directory.
//! Rows are written by `writer`, which alone adds and drops segments; readers only look. Called by
//! the embedded store only.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use fjall::{Database, Keyspace};
use streakline_core::id::{PartitionId, Position};

use super::{
    super::{Error, JournalRow},
    Settings, keys,
    tables::{error, segment_options, sync_list_of_keyspaces},
    tail::Rows,
    values,
};

const NAME_PREFIX: &str = "journal-";
/// The newest segment is dropped too when it is longer than this part of the longest: to make the next one costs some ten syncs.
const WORTH_DROPPING: u64 = 16;

/// All segments, oldest first; the last one is written to.
pub(super) struct Segments {
    segments: RwLock<Vec<Segment>>,
    /// The highest number that was given: a name is not used again while the engine may still be dropping it.
    numbered: AtomicU64,
}

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
        let numbered = AtomicU64::new(numbers.last().copied().unwrap_or(0));
        let mut segments = Vec::new();
        for number in numbers {
            let mut segment = Segment::open(database, number, settings.memtable_bytes)?;
            segment.scan()?;
            segments.push(segment);
        }
        Ok(Self {
            segments: RwLock::new(segments),
            numbered,
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Segment>> {
        let segments = self.segments.write();
        segments.unwrap_or_else(PoisonError::into_inner)
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
            .map(|s| (s.ended, s.bytes, s.rows.clone()));
        match newest {
            Some((false, bytes, rows)) if bytes < settings.segment_bytes_max => Ok(rows),
            _ => {
                let number = self.numbered.fetch_add(1, Ordering::Relaxed) + 1;
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

    /// Rows of a partition that hold inputs after a position: one run in order for each segment that has some.
    pub(super) fn runs(
        &self,
        partition: PartitionId,
        after: Option<Position>,
    ) -> Result<Vec<Rows>, Error> {
        let reaching: Vec<Keyspace> = {
            let segments = self.read();
            let reaching = segments
                .iter()
                .filter(|segment| segment.reaches(partition, after));
            reaching.map(|segment| segment.rows.clone()).collect()
        };
        let runs = reaching.into_iter().map(|rows| {
            let straddling = straddling(&rows, partition, after)?;
            let later = rows
                .range(keys::journal_after(partition, after))
                .map(|row| {
                    let (key, value) = row.into_inner().map_err(error)?;
                    values::parse_journal(&key, &value)
                });
            Ok(Box::new(straddling.map(Ok).into_iter().chain(later)) as Rows)
        });
        runs.collect()
    }

    /// Drops covered segments; the newest one only when it has ended or is worth it. A directory vanishes when its last reader
    /// is done.
    pub(super) fn truncate(
        &self,
        database: &Database,
        first_uncovered: &BTreeMap<PartitionId, Position>,
        settings: &Settings,
    ) -> Result<(), Error> {
        let covered: Vec<Segment> = {
            let mut segments = self.write();
            let newest = segments.last().map(|segment| segment.number);
            let worth = settings.segment_bytes_max / WORTH_DROPPING;
            let covered = |segment: &mut Segment| {
                let stays = Some(segment.number) == newest && !segment.ended;
                (!stays || segment.bytes > worth) && segment.is_covered(first_uncovered)
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
