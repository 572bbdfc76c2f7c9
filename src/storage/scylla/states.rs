//! States of challenges that are too large for one row, in parts (ADR 0076): a state names all members, and a store takes a row of at
//! most half a segment of its commit log. The parts are written before the row of `snapshots`, which then holds their number alone
//! and stays the point of commit. Called by `snapshots`.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use streakline_core::id::{Entity, Position};

use super::{super::Error, Inner, entities::entity_key, signed};

/// Bytes of a part; a state of no more is one row.
const PART_BYTES: usize = 1_000_000;
/// Parts that are written or read at once.
const AT_ONCE: usize = 4;

const MARK: &[u8] = b"parts:";

/// One state of a challenge.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) entity: &'a Entity,
    pub(super) covered: Position,
    pub(super) written_us: i64,
}

/// Whether states of it may be in parts: a user's never gets as large.
pub(super) fn has_parts(entity: &Entity) -> bool {
    matches!(entity, Entity::Challenge(_))
}

/// What a row of `snapshots` says instead of a state that is in parts. No state is as short: it has an envelope.
fn mark(count: u32) -> Vec<u8> {
    [MARK, &count.to_be_bytes()].concat()
}

/// How many parts a row of `snapshots` speaks of; nothing where it is the state itself.
fn count(row: &[u8]) -> Option<u32> {
    let count = row.strip_prefix(MARK)?.try_into().ok()?;
    Some(u32::from_be_bytes(count))
}

impl Inner {
    /// Writes a state in parts where it is too large for one row; answers what the row holds instead.
    pub(super) async fn put_parts(
        &self,
        key: Key<'_>,
        state: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        if !has_parts(key.entity) || state.len() <= PART_BYTES {
            return Ok(None);
        }
        let parts: Vec<&[u8]> = state.chunks(PART_BYTES).collect();
        let writes = (0_i32..).zip(&parts).map(|(part, bytes)| async move {
            let (kind, id, epoch, index) = columns(key)?;
            let values = (
                kind,
                id,
                epoch,
                index,
                key.written_us,
                part,
                *bytes,
                key.written_us,
            );
            self.cql
                .write(&self.statements.state_part_insert, values)
                .await
        });
        let writes: Vec<_> = writes.collect();
        stream::iter(writes)
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        let count = u32::try_from(parts.len());
        let count = count.map_err(|_| Error::Refused("a state of too many parts".into()))?;
        Ok(Some(mark(count)))
    }

    /// The state that a row of `snapshots` holds, or that its parts make; nothing where one of them has gone.
    pub(super) async fn whole(&self, key: Key<'_>, row: Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        let Some(count) = count(&row).filter(|_| has_parts(key.entity)) else {
            return Ok(Some(row));
        };
        let read = |part: u32| async move {
            let (kind, id, epoch, index) = columns(key)?;
            let part = i32::try_from(part).unwrap_or(i32::MAX);
            let values = (kind, id, epoch, index, key.written_us, part);
            let rows = self.cql.rows(&self.statements.state_part, values).await?;
            Ok::<_, Error>(rows.into_iter().next().map(|(bytes,): (Vec<u8>,)| bytes))
        };
        let mut parts = stream::iter(0..count).map(read).buffered(AT_ONCE);
        let mut state = Vec::new();
        while let Some(part) = parts.try_next().await? {
            match part {
                Some(bytes) => state.extend(bytes),
                None => return Ok(None),
            }
        }
        Ok(Some(state))
    }

    /// Parts of states that are older than this one go.
    pub(super) async fn drop_older_parts(&self, key: Key<'_>) -> Result<(), Error> {
        let (kind, id, epoch, index) = columns(key)?;
        let values = (self.stamp().await?, kind, id, epoch, index, key.written_us);
        self.cql
            .write(&self.statements.state_parts_drop, values)
            .await
    }
}

fn columns(key: Key<'_>) -> Result<(i8, Vec<u8>, i64, i64), Error> {
    let (kind, id) = entity_key(key.entity);
    Ok((
        kind,
        id,
        signed(key.covered.epoch)?,
        signed(key.covered.index)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_how_many_parts_there_are_or_is_the_state() {
        assert_eq!(count(&mark(300)), Some(300));
        for state in [&b""[..], b"parts:", b"late", b"parts:12345", &[0; 40]] {
            assert_eq!(count(state), None, "{state:?}");
        }
    }
}
