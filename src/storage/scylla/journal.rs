//! The journal: a row a flush, the bound of a segment, what a read shows, what is dropped.
//!
//! A row is inserted, then this server is confirmed, then the rows that come with it are written; they are in the row too, so that a
//! successor writes them again. Rows behind a seal, and behind a gap, are ignored for ever (design.md 9). Called by `answers`.

use std::collections::BTreeMap;

use streakline_core::id::{PartitionId, Position};

use scylla::response::PagingState;

use super::{
    super::{Attachment, Error, JournalRow},
    Inner, attachments,
    cql::Statement,
    lane::Written,
    number,
    segments::{Segment, droppable, from, partition_key},
    signed,
};

/// A row as it is stored.
pub(super) struct Stored {
    pub(super) last: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) written_us: i64,
}

impl Inner {
    pub(super) async fn append(&self, row: JournalRow) -> Result<(), Error> {
        let lane = self.lane(row.partition);
        let mut written = lane.journal.lock().await;
        self.check()?;
        let epoch = row.first.epoch;
        if written.as_ref().is_none_or(|held| held.epoch != epoch) {
            *written = Some(self.read_written(row.partition, epoch).await?);
        }
        let held = written.get_or_insert_default();
        if row.first.index <= held.last {
            return self.compare(held, &row).await;
        }
        let segment = self.segment_for(held, &row).await?;
        let at_us = self.stamp().await?;
        self.put_row(&row, segment, at_us).await?;
        self.confirm().await?;
        self.write_attachments(&row.attachments, at_us).await?;
        held.last = row.last.index;
        held.bytes = held.bytes.saturating_add(row.bytes.len());
        Ok(())
    }

    /// Where the journal of an epoch ends, as it is stored.
    pub(super) async fn read_written(
        &self,
        partition: PartitionId,
        epoch: u64,
    ) -> Result<Written, Error> {
        let segments = self.segments(partition).await?;
        let newest = segments
            .iter()
            .rev()
            .find(|segment| segment.epoch == epoch)
            .copied();
        let mut written = Written {
            segments,
            epoch,
            last: 0,
            bytes: 0,
        };
        if let Some(newest) = newest {
            written.last = self
                .last_of(partition, newest)
                .await?
                .map_or(0, |(_, last)| last);
            // Its bytes are not read for this: a segment that was left in the middle is a little longer.
        }
        Ok(written)
    }

    /// The segment that a row goes to, noted when it is a new one.
    async fn segment_for(&self, held: &mut Written, row: &JournalRow) -> Result<Segment, Error> {
        let newest = held
            .segments
            .last()
            .copied()
            .filter(|newest| newest.epoch == held.epoch);
        if let Some(newest) = newest.filter(|_| held.bytes < self.settings.segment_bytes_max) {
            return Ok(newest);
        }
        let segment = Segment {
            epoch: held.epoch,
            number: newest.map_or(0, |newest| newest.number.saturating_add(1)),
            first: row.first.index,
        };
        self.note_segment(row.partition, segment).await?;
        held.segments.push(segment);
        held.bytes = 0;
        Ok(segment)
    }

    pub(super) async fn put_row(
        &self,
        row: &JournalRow,
        segment: Segment,
        at_us: i64,
    ) -> Result<(), Error> {
        let place = (
            partition_key(row.partition),
            signed(segment.epoch)?,
            signed(segment.number)?,
        );
        let (first, last) = (signed(row.first.index)?, signed(row.last.index)?);
        let attached = attachments::encode(&row.attachments)?;
        let values = (
            place.0,
            place.1,
            place.2,
            first,
            last,
            at_us,
            row.bytes.as_slice(),
            attached,
            at_us,
        );
        self.cql
            .write(&self.statements.journal_insert, values)
            .await
    }

    /// A row at a position that is taken: the same one, or damage.
    async fn compare(&self, held: &Written, row: &JournalRow) -> Result<(), Error> {
        let mut older = held.segments.iter().rev();
        let segment = older.find(|segment| segment.begin() <= row.first);
        let stored = match segment {
            Some(segment) => {
                self.stored(row.partition, *segment, row.first.index)
                    .await?
            }
            None => None,
        };
        match stored {
            Some(stored) if stored.last == row.last.index && stored.bytes == row.bytes => Ok(()),
            _ => Err(Error::position_taken(row)),
        }
    }

    pub(super) async fn stored(
        &self,
        partition: PartitionId,
        segment: Segment,
        first: u64,
    ) -> Result<Option<Stored>, Error> {
        let values = (
            partition_key(partition),
            signed(segment.epoch)?,
            signed(segment.number)?,
            signed(first)?,
        );
        type Columns = (i64, i64, Vec<u8>, Option<Vec<u8>>);
        let row: Option<Columns> = self.cql.first(&self.statements.journal_row, values).await?;
        let stored = |(last, written_us, bytes, attached): Columns| {
            Ok(Stored {
                last: number(last),
                bytes,
                attachments: attachments::decode(attached.as_deref())?,
                written_us,
            })
        };
        row.map(stored).transpose()
    }

    /// First and last index of the last row of a segment that no gap is before.
    pub(super) async fn last_of(
        &self,
        partition: PartitionId,
        segment: Segment,
    ) -> Result<Option<(u64, u64)>, Error> {
        let values = (
            partition_key(partition),
            signed(segment.epoch)?,
            signed(segment.number)?,
        );
        let rows: Vec<(i64, i64)> = self.cql.rows(&self.statements.journal_keys, values).await?;
        let mut end: Option<(u64, u64)> = None;
        for (first, last) in rows
            .into_iter()
            .map(|(first, last)| (number(first), number(last)))
        {
            if end.is_some_and(|(_, before)| first != before.saturating_add(1)) {
                break;
            }
            end = Some((first, last));
        }
        Ok(end)
    }

    pub(super) async fn tail(
        &self,
        partition: PartitionId,
        after: Option<Position>,
        bytes_max: usize,
    ) -> Result<Vec<JournalRow>, Error> {
        let segments = self.segments(partition).await?;
        let seals = self.seals(&self.statements.seals, partition).await?;
        let mut tail = Tail {
            partition,
            after,
            room: Some(bytes_max),
            seals,
            end: None,
            rows: Vec::new(),
        };
        for segment in segments.iter().skip(from(&segments, after)) {
            self.read_segment(&mut tail, *segment).await?;
            if tail.room.is_none() {
                break;
            }
        }
        Ok(tail.rows)
    }

    async fn read_segment(&self, tail: &mut Tail, segment: Segment) -> Result<(), Error> {
        let values = (
            partition_key(tail.partition),
            signed(segment.epoch)?,
            signed(segment.number)?,
        );
        let mut state = PagingState::start();
        loop {
            let (rows, next) = self
                .cql
                .page(&self.statements.journal_segment, &values, &state)
                .await?;
            for (first, last, bytes) in rows {
                tail.take(segment.epoch, (number(first), number(last)), bytes);
            }
            match next.filter(|_| tail.room.is_some()) {
                Some(next) => state = next,
                None => return Ok(()),
            }
        }
    }

    pub(super) async fn seals(
        &self,
        read: &Statement,
        partition: PartitionId,
    ) -> Result<BTreeMap<u64, u64>, Error> {
        let rows: Vec<(i64, i64)> = self.cql.rows(read, (partition_key(partition),)).await?;
        Ok(rows
            .into_iter()
            .map(|(epoch, last)| (number(epoch), number(last)))
            .collect())
    }

    pub(super) async fn truncate(
        &self,
        first_uncovered: BTreeMap<PartitionId, Position>,
    ) -> Result<(), Error> {
        self.check()?;
        for (partition, uncovered) in first_uncovered {
            let lane = self.lane(partition);
            let mut written = lane.journal.lock().await;
            let held = match written.as_mut() {
                Some(held) => held,
                None => written.insert(self.read_written(partition, uncovered.epoch).await?),
            };
            let dropped = droppable(&held.segments, uncovered);
            self.drop_segments(partition, held.segments.get(..dropped).unwrap_or_default())
                .await?;
            held.segments.drain(..dropped);
        }
        Ok(())
    }
}

/// What a read of a tail has gathered.
struct Tail {
    partition: PartitionId,
    after: Option<Position>,
    /// Bytes that may follow; none: it is full.
    room: Option<usize>,
    seals: BTreeMap<u64, u64>,
    /// Epoch and index that the last row seen ends with.
    end: Option<(u64, u64)>,
    rows: Vec<JournalRow>,
}

impl Tail {
    fn take(&mut self, epoch: u64, (first, last): (u64, u64), bytes: Vec<u8>) {
        let sealed = self.seals.get(&epoch).is_some_and(|end| first > *end);
        let gap = self
            .end
            .is_some_and(|(of, before)| of == epoch && first != before.saturating_add(1));
        if sealed || gap {
            return;
        }
        self.end = Some((epoch, last));
        let at = |index| Position { epoch, index };
        let (Some(room), true) = (self.room, self.after.is_none_or(|after| at(last) > after))
        else {
            return;
        };
        self.room = room.checked_sub(bytes.len()).filter(|room| *room > 0);
        self.rows.push(JournalRow {
            partition: self.partition,
            first: at(first),
            last: at(last),
            bytes,
            attachments: Vec::new(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(seals: &[(u64, u64)], rows: &[(u64, u64, u64)]) -> Vec<(u64, u64)> {
        let mut tail = Tail {
            partition: PartitionId(0x101),
            after: None,
            room: Some(usize::MAX),
            seals: seals.iter().copied().collect(),
            end: None,
            rows: Vec::new(),
        };
        for (epoch, first, last) in rows {
            tail.take(*epoch, (*first, *last), vec![1]);
        }
        tail.rows
            .iter()
            .map(|row| (row.first.epoch, row.first.index))
            .collect()
    }

    #[test]
    fn rows_behind_a_seal_are_ignored_and_those_of_later_epochs_are_not() {
        let rows = [(1, 1, 3), (1, 4, 4), (1, 5, 9), (2, 1, 1)];
        assert_eq!(tail(&[(1, 4)], &rows), [(1, 1), (1, 4), (2, 1)]);
        assert_eq!(tail(&[(1, 0)], &rows), [(2, 1)]);
        assert_eq!(tail(&[], &rows).len(), 4);
    }

    #[test]
    fn rows_behind_a_gap_are_ignored_to_the_end_of_their_epoch() {
        let rows = [(1, 7, 8), (1, 9, 9), (1, 11, 12), (1, 13, 13), (2, 1, 2)];
        assert_eq!(tail(&[], &rows), [(1, 7), (1, 9), (2, 1)]);
    }
}
