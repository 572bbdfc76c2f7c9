//! Segments of a journal partition: which there are, which one is written, which can be dropped.
//!
//! A segment ends with the row that passes the bound; it is noted before its first row. Called by `journal` and `takeover`.

use streakline_core::id::{PartitionId, Position};

use super::{super::Error, Inner, number, signed};

/// One segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    pub(super) epoch: u64,
    pub(super) number: u64,
    /// Index of its first input.
    pub(super) first: u64,
}

impl Segment {
    /// Where it begins.
    pub(super) fn begin(self) -> Position {
        Position {
            epoch: self.epoch,
            index: self.first,
        }
    }
}

impl Inner {
    pub(super) async fn segments(&self, partition: PartitionId) -> Result<Vec<Segment>, Error> {
        let rows: Vec<(i64, i64, i64)> = self
            .cql
            .rows(&self.statements.segments, (partition_key(partition),))
            .await?;
        let segment = |(epoch, number_, first)| Segment {
            epoch: number(epoch),
            number: number(number_),
            first: number(first),
        };
        Ok(rows.into_iter().map(segment).collect())
    }

    pub(super) async fn note_segment(
        &self,
        partition: PartitionId,
        segment: Segment,
    ) -> Result<(), Error> {
        let at_us = self.stamp().await?;
        let (epoch, number, first) = (
            signed(segment.epoch)?,
            signed(segment.number)?,
            signed(segment.first)?,
        );
        let values = (partition_key(partition), epoch, number, first, at_us);
        self.cql
            .write(&self.statements.segment_insert, values)
            .await
    }

    /// Drops segments whole, the rows before the list: what is listed may be empty, what is not is lost.
    pub(super) async fn drop_segments(
        &self,
        partition: PartitionId,
        dropped: &[Segment],
    ) -> Result<(), Error> {
        let Some(last) = dropped.last() else {
            return Ok(());
        };
        for segment in dropped {
            let at_us = self.stamp().await?;
            let values = (
                at_us,
                partition_key(partition),
                signed(segment.epoch)?,
                signed(segment.number)?,
            );
            self.cql
                .write(&self.statements.journal_drop, values)
                .await?;
        }
        let at_us = self.stamp().await?;
        let values = (
            at_us,
            partition_key(partition),
            signed(last.epoch)?,
            signed(last.number)?,
        );
        self.cql.write(&self.statements.segments_drop, values).await
    }
}

/// How many segments at the front lie before a position as a whole; the newest one stays, it may be written.
pub(super) fn droppable(segments: &[Segment], uncovered: Position) -> usize {
    let next = segments.iter().skip(1);
    next.take_while(|next| next.begin() <= uncovered).count()
}

/// Where a read of what lies behind `after` begins.
pub(super) fn from(segments: &[Segment], after: Option<Position>) -> usize {
    let Some(after) = after else { return 0 };
    let next = Position {
        index: after.index.saturating_add(1),
        ..after
    };
    segments
        .iter()
        .filter(|segment| segment.begin() <= next)
        .count()
        .saturating_sub(1)
}

pub(super) fn partition_key(partition: PartitionId) -> i32 {
    partition.0.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<Segment> {
        let segment = |(epoch, number, first)| Segment {
            epoch,
            number,
            first,
        };
        [(1, 0, 1), (1, 1, 40), (2, 0, 1), (2, 1, 90)]
            .map(segment)
            .to_vec()
    }

    fn at(epoch: u64, index: u64) -> Position {
        Position { epoch, index }
    }

    #[test]
    fn a_segment_is_droppable_when_the_next_one_begins_at_or_before_what_is_uncovered() {
        let expected = [
            (at(1, 1), 0),
            (at(1, 39), 0),
            (at(1, 40), 1),
            (at(2, 0), 1),
            (at(2, 1), 2),
            (at(2, 90), 3),
            (at(9, 1), 3),
        ];
        for (uncovered, dropped) in expected {
            assert_eq!(droppable(&list(), uncovered), dropped, "{uncovered:?}");
        }
        assert_eq!(droppable(&[], at(1, 1)), 0);
    }

    #[test]
    fn a_read_begins_with_the_segment_that_holds_the_next_input() {
        assert_eq!(from(&list(), None), 0);
        for (after, begin) in [
            (at(0, 9), 0),
            (at(1, 5), 0),
            (at(1, 38), 0),
            (at(1, 39), 1),
            (at(1, 99), 1),
            (at(2, 0), 2),
            (at(3, 1), 3),
        ] {
            assert_eq!(from(&list(), Some(after)), begin, "{after:?}");
        }
    }
}
