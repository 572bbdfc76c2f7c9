//! What every store must do, as one suite that runs on each of them.
//!
//! A test gets a fixture: a store that can crash and be opened again. What only one store has (its
//! lock, its faults, its files) is tested beside that store. Run by `cargo test`.

mod bulk;
mod catalogue;
pub(super) mod cql;
mod crash;
mod data_keys;
mod erasure;
mod journal;
mod keeping;
mod snapshots;
mod stuck;

use std::{fs, io, path::Path};

use streakline_core::{
    civil::Day,
    id::{ChallengeId, DeviceId, Entity, PartitionId, Position, UserId},
};
use tempfile::TempDir;

use super::{
    Attachment, ChunkId, Error, IdempotencyKey, JournalRow, SnapshotWrite, Store, StoredAnswer,
    StuckId,
    bulk::BulkStore,
    embedded::{EmbeddedStore, Settings},
    memory::MemoryStore,
};

/// A store, and the disk that it is on.
pub(super) trait Fixture: Sized {
    /// Durable writes that the first row of a partition takes, at most.
    const WRITES_A_ROW: u64 = 1;
    /// An empty store.
    async fn new() -> Self;
    fn store(&self) -> &dyn Store;
    /// The same, for whole tables.
    fn bulk(&self) -> &dyn BulkStore;
    /// The server dies without a word; another one opens what it left.
    async fn crash(self) -> Self;
}

pub(super) struct Memory(MemoryStore);

impl Fixture for Memory {
    async fn new() -> Self {
        Self(MemoryStore::new())
    }

    fn store(&self) -> &dyn Store {
        &self.0
    }

    fn bulk(&self) -> &dyn BulkStore {
        &self.0
    }

    async fn crash(self) -> Self {
        self.0.lose_power();
        self
    }
}

pub(super) struct Embedded {
    store: EmbeddedStore,
    directory: TempDir,
}

impl Embedded {
    fn open(directory: TempDir) -> Self {
        // Short segments, so that every test has several.
        let settings = Settings {
            segment_bytes_max: 100,
            ..Settings::default()
        };
        let store = EmbeddedStore::open_with(directory.path(), settings).unwrap();
        Self { store, directory }
    }
}

impl Fixture for Embedded {
    async fn new() -> Self {
        Self::open(TempDir::new().unwrap())
    }

    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn bulk(&self) -> &dyn BulkStore {
        &self.store
    }

    /// What another process would find now is what the files hold now: a copy of them.
    async fn crash(self) -> Self {
        let copy = TempDir::new().unwrap();
        copy_directory(self.directory.path(), copy.path()).unwrap();
        Self::open(copy)
    }
}

/// Copies files as they are at this moment, holes left out.
pub(super) fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if entry.is_dir() {
            copy_directory(&entry, &to.join(name))?;
        } else {
            let mut bytes = fs::read(entry)?;
            let length = bytes.len() as u64;
            bytes.truncate(
                bytes
                    .iter()
                    .rposition(|byte| *byte != 0)
                    .map_or(0, |at| at + 1),
            );
            fs::write(to.join(&name), bytes)?;
            fs::File::options()
                .write(true)
                .open(to.join(&name))?
                .set_len(length)?;
        }
    }
    Ok(())
}

macro_rules! suite {
    ($($file:ident::$name:ident,)*) => {
        mod memory {
            use super::{Fixture, Memory};
            $(#[tokio::test]
            async fn $name() {
                super::$file::$name(Memory::new().await).await;
            })*
        }
        mod embedded {
            use super::{Embedded, Fixture};
            $(#[tokio::test]
            async fn $name() {
                super::$file::$name(Embedded::new().await).await;
            })*
        }
        mod scylla {
            use super::{Fixture, cql::Keyspace};
            $(#[tokio::test]
            async fn $name() {
                super::$file::$name(Keyspace::new().await).await;
            })*
        }
    };
}

suite! {
    journal::appended_rows_are_read_in_order_by_partition,
    journal::a_tail_begins_with_the_row_that_holds_the_next_input,
    journal::a_long_tail_is_read_in_pieces,
    journal::a_row_written_twice_changes_nothing,
    journal::another_row_at_a_taken_position_is_found,
    journal::attachments_are_durable_with_their_row,
    journal::rows_that_are_handed_over_together_are_all_durable,
    journal::concurrent_appends_are_all_durable_and_share_syncs,
    journal::every_acknowledged_write_was_synced,
    journal::truncation_keeps_every_uncovered_row,
    journal::truncation_drops_what_is_covered,
    journal::a_partition_that_truncation_does_not_name_keeps_its_rows,
    snapshots::the_newest_snapshot_wins,
    snapshots::a_state_of_a_large_challenge_is_kept_and_replaced,
    snapshots::a_snapshot_brings_all_its_rows_along,
    snapshots::a_snapshot_removes_what_it_no_longer_names,
    snapshots::chunks_come_in_the_order_asked_for,
    snapshots::a_missing_chunk_is_damage,
    snapshots::only_a_user_has_chunks_and_facts,
    snapshots::facts_transfers_and_changes_are_read_in_pages,
    snapshots::standings_are_read_in_pages,
    snapshots::due_rows_come_earliest_first,
    snapshots::a_deadline_is_replaced_by_the_next_one,
    catalogue::a_device_belongs_to_who_claims_it_first,
    catalogue::concurrent_claims_have_one_winner,
    catalogue::challenges_are_listed_in_pages,
    catalogue::answers_are_kept_until_they_expire,
    catalogue::an_answer_given_anew_lives_as_long_as_the_new_one,
    catalogue::the_epoch_rises_at_every_start,
    catalogue::a_store_of_other_bits_is_refused,
    catalogue::a_store_of_another_policy_is_refused_and_says_what_to_do,
    catalogue::a_store_that_was_begun_without_a_policy_has_the_default,
    keeping::a_store_of_another_retention_is_refused_and_says_what_to_set,
    keeping::a_store_that_was_begun_without_a_retention_has_the_default,
    stuck::rows_put_aside_are_durable_with_the_input_that_says_so,
    stuck::rows_put_aside_are_listed_in_pages_by_place,
    catalogue::the_clock_is_stored_with_the_answer_that_moved_it,
    data_keys::a_user_has_the_key_that_was_claimed_first,
    data_keys::concurrent_claims_of_one_user_have_one_winner,
    data_keys::a_key_is_replaced_only_where_it_is_unchanged,
    data_keys::an_erased_key_leaves_what_it_was_told_to_and_no_user,
    data_keys::erasing_an_old_key_leaves_the_new_one,
    data_keys::keys_are_listed_in_pages_each_once,
    data_keys::which_master_keys_are_needed_is_durable,
    erasure::an_erased_user_has_no_rows_and_others_have_theirs,
    erasure::what_was_erased_stays_away_after_a_crash_and_a_purge,
    bulk::every_row_is_read_once_in_pages_of_any_size,
    bulk::a_store_travels_to_another_and_back_whole,
    bulk::a_copy_that_is_killed_between_any_two_calls_goes_on,
    bulk::no_server_starts_on_a_copy_that_is_not_finished,
    bulk::a_store_that_is_not_empty_is_no_target,
    bulk::a_copy_of_a_store_that_was_used_since_does_not_go_on,
    bulk::a_row_that_was_lost_on_the_way_is_found,
    crash::a_crash_after_any_call_loses_nothing_that_was_acknowledged,
}

const P: PartitionId = PartitionId(0x101);
const Q: PartitionId = PartitionId(0x102);

fn at(epoch: u64, index: u64) -> Position {
    Position { epoch, index }
}

/// A row of `P` in epoch 1.
fn row(first: u64, last: u64) -> JournalRow {
    row_of(P, at(1, first), at(1, last))
}

fn row_of(partition: PartitionId, first: Position, last: Position) -> JournalRow {
    let bytes = format!("{partition} {} {}", first.epoch, first.index).into_bytes();
    JournalRow {
        partition,
        first,
        last,
        bytes,
        attachments: Vec::new(),
    }
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn challenge(number: u8) -> ChallengeId {
    ChallengeId([number; 16])
}

fn chunk(day: i32, number: u64) -> ChunkId {
    ChunkId {
        day: Day(day),
        number,
    }
}

fn key(principal: &str, key: &str) -> IdempotencyKey {
    IdempotencyKey {
        principal: principal.into(),
        key: key.into(),
    }
}

fn record(body: &str, expires_ms: i64) -> StoredAnswer {
    StoredAnswer {
        expires_ms,
        bytes: body.into(),
    }
}

/// A snapshot with nothing but a state.
pub(super) fn snapshot_of(entity: Entity, covered: Position, state: &str) -> SnapshotWrite {
    SnapshotWrite::of_state((entity, P), covered, state.into())
}

fn snapshot(name: &str, index: u64) -> SnapshotWrite {
    snapshot_of(
        Entity::User(user(name)),
        at(1, index),
        &format!("{name} at {index}"),
    )
}
