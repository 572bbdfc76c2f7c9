//! A start: this server becomes the owner of the keyspace, whoever was it before (design.md 9).
//!
//! 1. the epoch rises by a condition, so that of several servers that start one is the newest;
//! 2. it lists itself, and writes the obituaries of all owners of lower epochs; one of a higher epoch refuses it;
//! 3. when a quorum read shows the obituaries, nothing that the dead write is confirmed any more: the end of each journal is read,
//!    its last row written again, and sealed; the newest snapshot that was begun is finished or voided.
//!
//! Nothing here waits for a clock. Called by `raise_epoch`.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use streakline_core::id::{PartitionId, Position};
use uuid::Uuid;

use super::{
    super::{Error, JournalRow},
    Inner,
    owner::Node,
    segments::{Segment, partition_key},
    signed,
    stamps::AHEAD_US,
};
use crate::{clock, entropy};

/// How often a server looks whether it is still the owner, also when it has nothing to acknowledge.
const LOOK_EVERY_MS: u64 = 1_000;
/// Partitions that are taken over at once.
const PARTITIONS_AT_ONCE: usize = 32;

/// Ends a server that another one has taken over from, also when it has nothing to do, and notices a store that is away.
pub(super) fn look_after(inner: &Arc<Inner>) {
    let inner = Arc::downgrade(inner);
    tokio::spawn(async move {
        loop {
            clock::pause_ms(LOOK_EVERY_MS).await;
            let Some(inner) = inner.upgrade().filter(|inner| !inner.has_left()) else {
                return;
            };
            match inner.confirm().await {
                Err(error) if !inner.has_left() => {
                    inner.poison(error);
                    return;
                }
                _ => {}
            }
        }
    });
}

type ListedNode = (Uuid, i64, Option<bool>);

impl Inner {
    /// Raises the epoch and takes over from all earlier owners; answers the epoch.
    pub(super) async fn take_over(&self, bits: u32) -> Result<u64, Error> {
        let begun = clock::monotonic();
        let node = self.raise(Uuid::from_bytes(entropy::uuid_v4())).await?;
        let dead = self.bury(node).await?;
        self.begin_stamps(node, &dead).await?;
        self.owner.become_node(node);
        if node.epoch > 1 {
            let partitions = stream::iter(PartitionId::all(bits))
                .map(|id| self.take_over_partition(id, node.epoch));
            partitions
                .buffer_unordered(PARTITIONS_AT_ONCE)
                .try_collect::<()>()
                .await?;
        }
        self.confirm().await?;
        self.forget_dead(&dead).await?;
        let took_ms = clock::monotonic().saturating_sub(begun).as_millis();
        tracing::info!(
            epoch = node.epoch,
            deposed = dead.len(),
            took_ms,
            "the keyspace is this server's"
        );
        Ok(node.epoch)
    }

    /// A higher epoch, for this server alone.
    async fn raise(&self, id: Uuid) -> Result<Node, Error> {
        let name = super::ownership::EPOCH;
        loop {
            let stored: Option<(Option<i64>, Option<Uuid>)> =
                self.cql.first(&self.statements.setting, (name,)).await?;
            match stored {
                // An earlier attempt whose answer was lost.
                Some((Some(epoch), Some(holder))) if holder == id => {
                    let epoch = super::number(epoch);
                    return Ok(Node { id, epoch });
                }
                Some((Some(epoch), _)) => {
                    let next = epoch.saturating_add(1);
                    self.conditionally(&self.statements.setting_update, (next, id, name, epoch))
                        .await?;
                }
                _ => {
                    self.conditionally(&self.statements.setting_insert, (name, 1_i64, id))
                        .await?
                }
            }
        }
    }

    /// Lists this server, and the obituaries of all owners before it; answers the dead.
    async fn bury(&self, node: Node) -> Result<Vec<Uuid>, Error> {
        let epoch = signed(node.epoch)?;
        loop {
            let listed: Vec<ListedNode> = self.cql.rows(&self.statements.nodes_decided, ()).await?;
            if listed
                .iter()
                .any(|(_, other, dead)| *other > epoch && *dead == Some(false))
            {
                return Err(Error::Refused(
                    "another server has taken this keyspace over while this one started".into(),
                ));
            }
            if !listed.iter().any(|(id, _, _)| *id == node.id) {
                self.conditionally(&self.statements.node_insert, (node.id, epoch))
                    .await?;
                continue; // Who lists itself before it looks is seen by who comes next.
            }
            let alive = listed
                .iter()
                .filter(|(id, _, dead)| *id != node.id && *dead == Some(false));
            let alive: Vec<Uuid> = alive.map(|(id, _, _)| *id).collect();
            for id in &alive {
                self.conditionally(&self.statements.node_obituary, (*id,))
                    .await?;
            }
            if alive.is_empty()
                && let Some(dead) = self.seen_dead(node).await?
            {
                return Ok(dead);
            }
        }
    }

    /// The dead, once a quorum read shows that all others are.
    async fn seen_dead(&self, node: Node) -> Result<Option<Vec<Uuid>>, Error> {
        let listed: Vec<ListedNode> = self.cql.rows(&self.statements.nodes, ()).await?;
        let others = || listed.iter().filter(|(id, _, _)| *id != node.id);
        let shown = listed
            .iter()
            .any(|(id, _, dead)| *id == node.id && *dead == Some(false));
        let all_dead = others().all(|(_, _, dead)| *dead == Some(true));
        Ok((shown && all_dead).then(|| others().map(|(id, _, _)| *id).collect()))
    }

    /// This server's timestamps begin above everything that the dead may still write with.
    async fn begin_stamps(&self, node: Node, dead: &[Uuid]) -> Result<(), Error> {
        let mut base_us = clock::unix_ms().saturating_mul(1_000);
        for id in dead {
            let ceiling: Option<(i64,)> = self.cql.first(&self.statements.ceiling, (*id,)).await?;
            base_us = base_us.max(ceiling.map_or(i64::MIN, |(at_us,)| at_us));
        }
        let ceiling_us = base_us.saturating_add(AHEAD_US);
        self.store_ceiling(node, ceiling_us).await?;
        self.stamps.begin(base_us, ceiling_us);
        Ok(())
    }

    async fn take_over_partition(&self, partition: PartitionId, epoch: u64) -> Result<(), Error> {
        let seals = self
            .seals(&self.statements.seals_decided, partition)
            .await?;
        let sealed = seals.keys().next_back().copied().unwrap_or(0);
        if sealed.saturating_add(1) < epoch {
            let segments = self.segments(partition).await?;
            for older in sealed.saturating_add(1)..epoch {
                let newest = segments.iter().rev().find(|segment| segment.epoch == older);
                let last = match newest {
                    Some(newest) => self.adopt(partition, *newest).await?,
                    None => 0,
                };
                self.seal(partition, (older, last)).await?;
            }
        }
        self.settle_commit(partition).await
    }

    /// Writes the last row of a segment again, with what comes with it: it may be on too few machines. Answers its end.
    async fn adopt(&self, partition: PartitionId, segment: Segment) -> Result<u64, Error> {
        let Some((first, last)) = self.last_of(partition, segment).await? else {
            // Noted, and its first row never written: the segment before it is full.
            return Ok(segment.first.saturating_sub(1));
        };
        let Some(stored) = self.stored(partition, segment, first).await? else {
            return Err(Error::Damaged(format!(
                "the last journal row of {partition} has gone"
            )));
        };
        let at = |index| Position {
            epoch: segment.epoch,
            index,
        };
        let row = JournalRow {
            partition,
            first: at(first),
            last: at(last),
            bytes: stored.bytes,
            attachments: stored.attachments,
        };
        self.put_row(&row, segment, stored.written_us).await?;
        self.write_attachments(&row.attachments, stored.written_us)
            .await?;
        Ok(last)
    }

    /// Inserts the seal, or adopts the one that another successor has inserted.
    pub(super) async fn seal(
        &self,
        partition: PartitionId,
        (epoch, last): (u64, u64),
    ) -> Result<(), Error> {
        let values = (partition_key(partition), signed(epoch)?, signed(last)?);
        loop {
            self.conditionally(&self.statements.seal, values).await?;
            if self
                .seals(&self.statements.seals_decided, partition)
                .await?
                .contains_key(&epoch)
            {
                return Ok(());
            }
        }
    }

    /// Finishes the newest snapshot that was begun in a partition, or voids it.
    async fn settle_commit(&self, partition: PartitionId) -> Result<(), Error> {
        let Some(begun) = self.begun(partition).await? else {
            return Ok(());
        };
        if self.voided().await?.contains(&begun.at_us) {
            return Ok(());
        }
        if self.is_there(&begun).await? {
            return self.follow(&begun).await;
        }
        self.void(begun.at_us).await
    }

    async fn void(&self, written_us: i64) -> Result<(), Error> {
        let at_us = self.stamp().await?;
        self.cql
            .write(&self.statements.voided_insert, (written_us, at_us))
            .await?;
        *self.voided.write().await = None; // Read again when it is needed.
        Ok(())
    }

    /// The rows of the dead are not needed any more.
    async fn forget_dead(&self, dead: &[Uuid]) -> Result<(), Error> {
        for id in dead {
            self.conditionally(&self.statements.node_delete, (*id,))
                .await?;
            let at_us = self.stamp().await?;
            self.cql
                .write(&self.statements.ceiling_delete, (at_us, *id))
                .await?;
        }
        Ok(())
    }
}
