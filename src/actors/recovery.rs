//! After a start: partitions are read back, their tails folded, and everything that fell due meanwhile is carried out
//! (design.md 5). A user whose tail waits is folded at first use; the rest follow in the background.

use std::{collections::BTreeSet, rc::Rc, sync::atomic::Ordering};

use streakline_core::{
    id::{Entity, PartitionId, Position, UserId},
    input::{Header, Input, PartitionInput},
    ledger::Totals,
};

use super::{
    admission,
    erased_sums::ErasedSums,
    host::Host,
    partition::{Partition, PartitionRow},
};
use crate::{
    clock,
    storage::{
        Error, JournalRow,
        envelope::{Kind, open_plain},
        sealing::Seals,
    },
};

/// Bytes of a tail that are read at once.
const READ_BYTES: usize = 4 * 1024 * 1024;

/// Reads a partition back: its row, its tail, its earliest due row.
///
/// # Errors
/// When the store cannot be read or a row is damaged.
pub async fn read(seals: &Seals, id: PartitionId, epoch: u64) -> Result<Partition, Error> {
    let store = seals.store();
    let row = match store.partition_row(id).await? {
        Some(row) => Some(partition_row(&row).map_err(|error| error.of(&format!("row of {id}")))?),
        None => None,
    };
    let row = row.as_ref();
    let written = row.map_or_else(Totals::default, |row| row.totals);
    let after = row.and_then(|row| row.uncovered_from).map(before);
    let (tail, bytes) = tail(seals, id, after, |_| true).await?;
    let stamps = tail.iter().map(|(header, _)| header.stamp_ms);
    let last_stamp_ms = stamps.fold(row.map_or(i64::MIN, |row| row.last_stamp_ms), i64::max);
    let mut partition = Partition::new(id, epoch, last_stamp_ms, written);
    partition.tail_bytes = bytes;
    partition.erased = row.map(|row| row.erased.clone()).unwrap_or_default();
    for (header, input) in tail {
        take(&mut partition, header, input);
    }
    partition
        .journal
        .recovered(u64::try_from(bytes).unwrap_or(u64::MAX));
    partition.earliest_due_ms = store.earliest_due(id).await?;
    Ok(partition)
}

fn partition_row(row: &[u8]) -> Result<PartitionRow, Error> {
    let opened = open_plain(Kind::Partition, row)?;
    minicbor::decode(opened.payload).map_err(damaged)
}

/// The sums in a partition's own row.
pub struct WrittenSums {
    /// Of everything that is in snapshots.
    pub totals: Totals,
    /// What of it was that of users who were erased: nobody has rows for it.
    pub erased: Totals,
}

/// Reads the sums in a partition's own row.
///
/// # Errors
/// When the row is damaged.
pub fn written_sums(row: &[u8]) -> Result<WrittenSums, Error> {
    let PartitionRow { totals, erased, .. } = partition_row(row)?;
    let erased = erased.totals();
    Ok(WrittenSums { totals, erased })
}

/// A partition's own row, made anew for a user who comes into a store that no server has open: with what the transfers come to, and no
/// stamp before the user's newest.
///
/// # Errors
/// When the row is damaged.
pub fn row_with(
    row: Option<&[u8]>,
    (arriving, newest_ms): (&Totals, i64),
) -> Result<Vec<u8>, Error> {
    let row = row.map(partition_row).transpose()?;
    let mut row = row.unwrap_or(PartitionRow {
        last_stamp_ms: i64::MIN,
        totals: Totals::default(),
        uncovered_from: None,
        erased: ErasedSums::default(),
    });
    row.totals.add(arriving);
    row.last_stamp_ms = row.last_stamp_ms.max(newest_ms);
    Ok(row.enveloped())
}

/// Whether a store has anything of a user: a snapshot, or inputs that none covers yet.
///
/// # Errors
/// When the store cannot be read or a row is damaged.
pub async fn knows(seals: &Seals, user: &UserId) -> Result<bool, Error> {
    let (store, entity) = (seals.store(), Entity::User(user.clone()));
    if store.snapshot(&entity).await?.is_some() {
        return Ok(true);
    }
    let id = entity.partition(super::shared::BITS);
    let row = store.partition_row(id).await?;
    let row = row.as_deref().map(partition_row).transpose()?;
    let after = row.and_then(|row| row.uncovered_from).map(before);
    let own = |input: &Input| owner(input).as_ref() == Some(&entity);
    let (inputs, _) = tail(seals, id, after, own).await?;
    Ok(!inputs.is_empty())
}

/// The position from which on a read begins with `position`.
pub(super) fn before(position: Position) -> Position {
    let index = position.index.saturating_sub(1);
    Position { index, ..position }
}

fn damaged(error: minicbor::decode::Error) -> Error {
    Error::Damaged(error.to_string())
}

/// Inputs behind a position that are `wanted`, and the bytes of the rows that were read for them. A row that begins before it
/// is read whole: who has folded an input does not take it again.
///
/// # Errors
/// When the store cannot be read or a row is damaged.
pub(super) async fn tail(
    seals: &Seals,
    id: PartitionId,
    mut after: Option<Position>,
    wanted: impl Fn(&Input) -> bool,
) -> Result<(Vec<(Header, Input)>, usize), Error> {
    let (mut inputs, mut bytes) = (Vec::new(), 0_usize);
    loop {
        let rows: Vec<JournalRow> = seals.store().tail(id, after, READ_BYTES).await?;
        let Some(last) = rows.last().map(|row| row.last) else {
            return Ok((inputs, bytes));
        };
        for row in &rows {
            bytes = bytes.saturating_add(row.bytes.len());
            let read = seals.inputs(row).await;
            let read = read.map_err(|error| error.of(&place(row)))?;
            inputs.extend(read.into_iter().filter(|(_, input)| wanted(input)));
        }
        after = Some(last);
    }
}

fn place(row: &JournalRow) -> String {
    let Position { epoch, index } = row.first;
    format!("journal row {epoch}/{index} of {}", row.partition)
}

fn take(partition: &mut Partition, header: Header, input: Input) {
    if let Input::Partition(PartitionInput::Barrier { cutoff_ms }) = &input {
        partition.barriers.journaled(*cutoff_ms, header.position);
    }
    let Some(entity) = owner(&input) else { return };
    partition.uncovered(&entity, header.position);
    let waiting = partition.tails.entry(entity).or_default();
    waiting.push((header, input));
}

/// Folds every tail that is left, one after the other, behind live traffic.
pub(super) async fn fold_tails(host: Rc<Host>) {
    let mut offered: BTreeSet<PartitionId> = BTreeSet::new();
    while let Some(id) = next_tail(&host, &offered) {
        if host.shared.draining.load(Ordering::Acquire) {
            return; // The journal keeps them for the next start.
        }
        recall(&host, &Entity::Partition(id)).await;
        let waiting = |held: &mut Partition| held.tails.keys().cloned().collect();
        let entities: Vec<Entity> = host
            .with(&Entity::Partition(id), waiting)
            .unwrap_or_default();
        for entity in &entities {
            if host.shared.draining.load(Ordering::Acquire) {
                break;
            }
            admission::place(&host).await;
            let waits = |held: &mut Partition| held.tails.contains_key(entity);
            if host.with(entity, waits) == Some(true) {
                host.activate(entity);
            }
        }
        while entities.iter().any(|entity| host.is_activating(entity)) {
            clock::pause_ms(1).await;
        }
        host.with(&Entity::Partition(id), |held| held.tail_bytes = 0);
        offered.insert(id);
    }
    host.tails_taken.set(true);
}

/// The next partition whose tail is to be folded: what is in memory goes first.
fn next_tail(host: &Host, offered: &BTreeSet<PartitionId>) -> Option<PartitionId> {
    let partitions = host.partitions.borrow();
    let left = || partitions.iter().filter(|(id, _)| !offered.contains(id));
    let in_memory = left().find(|(_, held)| !held.tails.is_empty());
    let next = in_memory.or_else(|| left().find(|(_, held)| !held.deferred.is_empty()));
    next.map(|(id, _)| *id)
}

/// Reads the deferred tail of an entity's partition again, where the entity is in it; one at a time, and not before there is
/// room for it. A partition stands for all that is deferred in it.
pub(super) async fn recall(host: &Rc<Host>, entity: &Entity) {
    let id = entity.partition(super::shared::BITS);
    let is_deferred = |held: &mut Partition| match entity {
        Entity::Partition(_) => !held.deferred.is_empty(),
        entity => held.deferred.contains(entity),
    };
    while host.with(entity, is_deferred) == Some(true) {
        if host.recalling.get() || !has_room(host) {
            clock::pause_ms(1).await;
            continue;
        }
        host.recalling.set(true);
        let after = host.with(entity, |held| before(held.uncovered_from()));
        match tail(&host.shared.seals, id, after, |_| true).await {
            Ok(tail) => drop(host.with(entity, |held| recalled(held, tail, host.shared.epoch))),
            Err(error) => return host.shared.fatal.raise(&error.to_string()),
        }
        host.recalling.set(false);
    }
}

/// Whether the tails in memory leave room for one more.
fn has_room(host: &Host) -> bool {
    let partitions = host.partitions.borrow();
    let held: usize = partitions.values().map(|held| held.tail_bytes).sum();
    held == 0 || held < host.shared.settings.recovered_bytes_max
}

fn recalled(partition: &mut Partition, (tail, bytes): (Vec<(Header, Input)>, usize), epoch: u64) {
    let deferred = std::mem::take(&mut partition.deferred);
    partition.tail_bytes = bytes;
    for (header, input) in tail {
        // What came since the start is in its entity's queue already.
        let entity = owner(&input).filter(|entity| deferred.contains(entity));
        if let Some(entity) = entity.filter(|_| header.position.epoch < epoch) {
            let waiting = partition.tails.entry(entity).or_default();
            waiting.push((header, input));
        }
    }
}

/// Whose input it is; nobody's for one of the partition itself.
pub(super) fn owner(input: &Input) -> Option<Entity> {
    match input {
        Input::User(id, _) => Some(Entity::User(id.clone())),
        Input::Challenge(id, _) => Some(Entity::Challenge(*id)),
        Input::Partition(_) => None,
    }
}

/// Waits until every entity with a recovered tail has been activated.
pub(super) async fn tails_taken(host: &Host) {
    while !host.tails_taken.get() {
        clock::pause_ms(1).await;
    }
}
