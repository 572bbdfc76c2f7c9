//! Snapshots: what is written in which order, and which of the stored ones is the newest that counts.
//!
//! 1. chunks and numbered rows, which nobody reads before the state names them, and the row of `commits` with all that follows;
//! 2. after a confirm the state, in parts where it is too large for one row (`states`), and then its row: the point of commit;
//! 3. standings, deadlines and the partition's sums, with the timestamp of the state;
//! 4. older states and dropped chunks go.
//!
//! A crash between 2 and 3 is mended by the successor, from `commits` (`takeover`). Called by `answers`.

use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use streakline_core::id::{ChallengeId, Entity, PartitionId, Position, UserId};

use super::{
    super::{ChunkId, Error, Snapshot, SnapshotWrite},
    Inner,
    buckets::List,
    entities::entity_key,
    lane::Turn,
    number,
    rows::Kind,
    segments::partition_key,
    signed,
    states::{Key, has_parts},
};

/// Writes of one snapshot at once.
const WRITES_AT_ONCE: usize = 16;

/// What follows the state.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(super) struct Rest {
    #[n(0)]
    standings: Vec<Standing>,
    #[n(1)]
    due_before_ms: Option<i64>,
    #[n(2)]
    due_ms: Option<i64>,
    #[cbor(n(3), with = "minicbor::bytes")]
    partition_row: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
struct Standing {
    #[n(0)]
    challenge: ChallengeId,
    #[n(1)]
    user: UserId,
    /// None removes the row.
    #[n(2)]
    bytes: Option<minicbor::bytes::ByteVec>,
}

/// A snapshot on its way, as `commits` names it.
pub(super) struct Begun {
    pub(super) entity: Entity,
    pub(super) partition: PartitionId,
    pub(super) covered: Position,
    pub(super) at_us: i64,
    pub(super) rest: Rest,
}

impl Inner {
    pub(super) async fn commit(&self, write: SnapshotWrite, mut turn: Turn) -> Result<(), Error> {
        let user = write.user()?.cloned();
        turn.begin().await;
        self.check()?;
        let newest = self.newest_covered(&write.entity).await?;
        if newest.is_some_and(|covered| covered > write.covered) {
            return Ok(());
        }
        let begun = Begun::of(&write, user.as_ref(), self.stamp().await?);
        if let Some(user) = &user {
            self.write_ahead(user, &write).await?;
        }
        self.begin(&begun).await?;
        self.confirm().await?;
        let of = (&begun.entity, begun.covered);
        self.put_state(of, &write.state, begun.at_us).await?;
        self.follow(&begun).await?;
        self.tidy_up(&begun, user.as_ref(), &write.dropped_chunks)
            .await
    }

    /// Chunks and numbered rows.
    async fn write_ahead(&self, user: &UserId, write: &SnapshotWrite) -> Result<(), Error> {
        let chunks = write.chunks.iter();
        let chunks: Vec<_> = chunks
            .map(|(id, bytes)| self.put_chunk(user, *id, bytes))
            .collect();
        stream::iter(chunks)
            .buffer_unordered(WRITES_AT_ONCE)
            .try_collect::<()>()
            .await?;
        for (kind, rows) in [
            (Kind::Fact, &write.facts),
            (Kind::Transfer, &write.transfers),
            (Kind::Change, &write.changes),
        ] {
            self.put_user_rows(user, kind, rows).await?;
        }
        Ok(())
    }

    pub(super) async fn put_chunk(
        &self,
        user: &UserId,
        id: ChunkId,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let bucket = chunk_bucket(id);
        self.note_bucket(&List::Chunks(user.clone()), bucket)
            .await?;
        let (user, number) = (user.as_str(), signed(id.number)?);
        let values = (user, bucket, id.day.0, number, bytes, self.stamp().await?);
        self.cql.write(&self.statements.chunk_insert, values).await
    }

    pub(super) async fn begin(&self, begun: &Begun) -> Result<(), Error> {
        let (kind, id) = entity_key(&begun.entity);
        let (epoch, index) = (signed(begun.covered.epoch)?, signed(begun.covered.index)?);
        let refused = |error: minicbor::encode::Error<_>| Error::Refused(error.to_string());
        let rest = minicbor::to_vec(&begun.rest).map_err(refused)?;
        let partition = partition_key(begun.partition);
        let values = (
            partition,
            begun.at_us,
            kind,
            id,
            epoch,
            index,
            rest,
            begun.at_us,
        );
        self.cql.write(&self.statements.commit_begin, values).await
    }

    pub(super) async fn put_state(
        &self,
        (entity, covered): (&Entity, Position),
        state: &[u8],
        at_us: i64,
    ) -> Result<(), Error> {
        let key = Key {
            entity,
            covered,
            written_us: at_us,
        };
        let parts = self.put_parts(key, state).await?;
        let row = parts.as_deref().unwrap_or(state);
        let (kind, id) = entity_key(entity);
        let (epoch, index) = (signed(covered.epoch)?, signed(covered.index)?);
        let values = (kind, id, epoch, index, at_us, row, at_us);
        self.cql
            .write(&self.statements.snapshot_insert, values)
            .await
    }

    /// What follows the state, with its timestamp: writing it again changes nothing.
    pub(super) async fn follow(&self, begun: &Begun) -> Result<(), Error> {
        let Rest {
            standings,
            due_before_ms,
            due_ms,
            partition_row,
        } = &begun.rest;
        let before = due_before_ms.filter(|before| Some(*before) != *due_ms);
        let due = async {
            if let Some(at_ms) = before {
                self.drop_due(begun, at_ms).await?;
            }
            match due_ms {
                Some(at_ms) => self.put_due(begun, *at_ms).await,
                None => Ok(()),
            }
        };
        let standings = try_join_all(standings.iter().map(|standing| {
            let bytes = standing.bytes.as_ref().map(|bytes| bytes.as_slice());
            self.put_standing((standing.challenge, &standing.user), bytes, begun.at_us)
        }));
        let row = self.put_partition(begun.partition, partition_row, begun.at_us);
        let ((), _, ()) = futures_util::try_join!(due, standings, row)?;
        Ok(())
    }

    pub(super) async fn put_partition(
        &self,
        partition: PartitionId,
        row: &[u8],
        at_us: i64,
    ) -> Result<(), Error> {
        let values = (partition_key(partition), row, at_us);
        self.cql.write(&self.statements.partition_put, values).await
    }

    async fn tidy_up(
        &self,
        begun: &Begun,
        user: Option<&UserId>,
        dropped: &[ChunkId],
    ) -> Result<(), Error> {
        let (kind, id) = entity_key(&begun.entity);
        let (epoch, index) = (signed(begun.covered.epoch)?, signed(begun.covered.index)?);
        let values = (self.stamp().await?, kind, id, epoch, index, begun.at_us);
        self.cql
            .write(&self.statements.snapshots_drop, values)
            .await?;
        if has_parts(&begun.entity) {
            let key = Key {
                entity: &begun.entity,
                covered: begun.covered,
                written_us: begun.at_us,
            };
            self.drop_older_parts(key).await?;
        }
        for id in dropped {
            let Some(user) = user else { break };
            let (user, number) = (user.as_str(), signed(id.number)?);
            let values = (
                self.stamp().await?,
                user,
                chunk_bucket(*id),
                id.day.0,
                number,
            );
            self.cql.write(&self.statements.chunk_drop, values).await?;
        }
        Ok(())
    }

    pub(super) async fn snapshot(&self, entity: &Entity) -> Result<Option<Snapshot>, Error> {
        let mut without = None;
        while let Some((key, row)) = self.newest_state(entity).await? {
            if let Some(state) = self.whole(key, row).await? {
                let covered = key.covered;
                return Ok(Some(Snapshot { covered, state }));
            }
            // Its parts have gone: a newer one has come meanwhile.
            if without == Some(key.written_us) {
                return Err(Error::Damaged("a state lacks one of its parts".into()));
            }
            without = Some(key.written_us);
        }
        Ok(None)
    }

    /// The newest state that counts, and what its row holds.
    async fn newest_state<'a>(
        &self,
        entity: &'a Entity,
    ) -> Result<Option<(Key<'a>, Vec<u8>)>, Error> {
        let (kind, id) = entity_key(entity);
        let rows: Vec<(i64, i64, i64, Vec<u8>)> = self
            .cql
            .rows(&self.statements.snapshots, (kind, id))
            .await?;
        let voided = self.voided().await?;
        let newest = rows
            .into_iter()
            .find(|(_, _, written_us, _)| !voided.contains(written_us));
        Ok(newest.map(|(epoch, index, written_us, row)| {
            let key = Key {
                entity,
                covered: position(epoch, index),
                written_us,
            };
            (key, row)
        }))
    }

    /// What the newest state covers.
    async fn newest_covered(&self, entity: &Entity) -> Result<Option<Position>, Error> {
        let rows: Vec<(i64, i64, i64)> = self
            .cql
            .rows(&self.statements.snapshot_keys, entity_key(entity))
            .await?;
        let voided = self.voided().await?;
        let newest = rows
            .into_iter()
            .find(|(_, _, written_us)| !voided.contains(written_us));
        Ok(newest.map(|(epoch, index, _)| position(epoch, index)))
    }

    pub(super) async fn chunks(
        &self,
        user: &UserId,
        ids: Vec<ChunkId>,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let read = |id: ChunkId| async move {
            let (user, number) = (user.as_str(), signed(id.number)?);
            let values = (user, chunk_bucket(id), id.day.0, number);
            let row: Option<(Vec<u8>,)> = self.cql.first(&self.statements.chunk, values).await?;
            row.map(|(bytes,)| bytes)
                .ok_or_else(|| Error::missing_chunk(id))
        };
        stream::iter(ids)
            .map(read)
            .buffered(WRITES_AT_ONCE)
            .try_collect()
            .await
    }

    /// The newest snapshot that was begun in a partition.
    pub(super) async fn begun(&self, partition: PartitionId) -> Result<Option<Begun>, Error> {
        type Columns = (i64, i8, Vec<u8>, i64, i64, Vec<u8>);
        let row: Option<Columns> = self
            .cql
            .first(&self.statements.commit, (partition_key(partition),))
            .await?;
        let Some((at_us, kind, id, epoch, index, rest)) = row else {
            return Ok(None);
        };
        let damaged = |error: minicbor::decode::Error| {
            Error::Damaged(format!("the commit of {partition}: {error}"))
        };
        Ok(Some(Begun {
            entity: super::entities::parse_entity(kind, &id)?,
            partition,
            covered: position(epoch, index),
            at_us,
            rest: minicbor::decode(&rest).map_err(damaged)?,
        }))
    }

    /// Whether the state of a snapshot that was begun is there.
    pub(super) async fn is_there(&self, begun: &Begun) -> Result<bool, Error> {
        let (kind, id) = entity_key(&begun.entity);
        let (epoch, index) = (signed(begun.covered.epoch)?, signed(begun.covered.index)?);
        let row: Option<(i64,)> = self
            .cql
            .first(
                &self.statements.snapshot_at,
                (kind, id, epoch, index, begun.at_us),
            )
            .await?;
        Ok(row.is_some())
    }
}

/// The 32 days that a chunk is with.
fn chunk_bucket(id: ChunkId) -> i64 {
    i64::from(id.day.0.div_euclid(32))
}

fn position(epoch: i64, index: i64) -> Position {
    Position {
        epoch: number(epoch),
        index: number(index),
    }
}

impl Begun {
    /// Nothing but a time for deleting what an entity has.
    pub(super) fn nothing(entity: Entity, partition: PartitionId, at_us: i64) -> Self {
        Self {
            entity,
            partition,
            covered: Position::default(),
            at_us,
            rest: Rest {
                standings: Vec::new(),
                due_before_ms: None,
                due_ms: None,
                partition_row: Vec::new(),
            },
        }
    }

    pub(super) fn of(write: &SnapshotWrite, user: Option<&UserId>, at_us: i64) -> Self {
        let standing = |(challenge, bytes): &(ChallengeId, Option<Vec<u8>>)| {
            user.map(|user| Standing {
                challenge: *challenge,
                user: user.clone(),
                bytes: bytes.clone().map(Into::into),
            })
        };
        Self {
            entity: write.entity.clone(),
            partition: write.partition,
            covered: write.covered,
            at_us,
            rest: Rest {
                standings: write.standings.iter().filter_map(standing).collect(),
                due_before_ms: write.due_before_ms,
                due_ms: write.due_ms,
                partition_row: write.partition_row.clone(),
            },
        }
    }
}
