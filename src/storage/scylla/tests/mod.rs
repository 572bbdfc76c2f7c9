//! What only this store has: kills between statements, lost answers, several servers on one keyspace.
//!
//! They run on a real CQL server, like the contract suite.

mod kills;
mod owners;
mod tables;

use streakline_core::{
    civil::Day,
    id::{ChallengeId, DeviceId, Entity, PartitionId, Position, UserId},
};

use super::super::{
    Attachment, Catalogue as _, ChunkId, Error, IdempotencyKey, Journal as _, JournalRow,
    Ownership as _, SnapshotWrite, Snapshots as _, Store, StoredAnswer, StuckId,
    contract::{Fixture as _, cql::Keyspace, snapshot_of},
};

/// Two partitions are enough, and are taken over fast.
const BITS: u32 = 1;
const P: PartitionId = PartitionId(2);

fn row(epoch: u64, first: u64, last: u64) -> JournalRow {
    let at = |index| Position { epoch, index };
    JournalRow {
        partition: P,
        first: at(first),
        last: at(last),
        bytes: format!("{epoch} {first}").into_bytes(),
        attachments: Vec::new(),
    }
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn chunk(day: i32, number: u64) -> ChunkId {
    ChunkId {
        day: Day(day),
        number,
    }
}

/// A snapshot of a user in the partition of these tests, with the sums that come with it.
fn snapshot_at(of: &UserId, covered: Position, state: &str, sums: &str) -> SnapshotWrite {
    SnapshotWrite {
        partition: P,
        partition_row: sums.into(),
        ..snapshot_of(Entity::User(of.clone()), covered, state)
    }
}
