//! After a start: partitions are read back, their tails folded, and everything that fell due meanwhile is carried out
//! (design.md 5). A user whose tail waits is folded at first use; the rest follow in the background.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use streakline_core::{
    id::{Entity, PartitionId, Position},
    input::{Header, Input, PartitionInput},
    journal,
    ledger::Totals,
};

use super::{host::Host, partition::Partition};
use crate::{
    clock,
    storage::{
        Error, JournalRow, Store,
        envelope::{Kind, open},
    },
};

/// Bytes of a tail that are read at once.
const READ_BYTES: usize = 4 * 1024 * 1024;
/// Entities of a tail that are activated at once.
const ACTIVATED_AT_ONCE: usize = 64;

/// Reads a partition back: its row, its tail, its earliest due row.
///
/// # Errors
/// When the store cannot be read or a row is damaged.
pub async fn read(store: &Arc<dyn Store>, id: PartitionId, epoch: u64) -> Result<Partition, Error> {
    let (mut last_stamp_ms, written) = match store.partition_row(id).await? {
        Some(row) => partition_row(&row).map_err(|error| error.of(&format!("row of {id}")))?,
        None => (i64::MIN, Totals::default()),
    };
    let tail = tail(store, id).await?;
    last_stamp_ms = tail
        .iter()
        .map(|(header, _)| header.stamp_ms)
        .fold(last_stamp_ms, i64::max);
    let mut partition = Partition::new(id, epoch, last_stamp_ms, written);
    for (header, input) in tail {
        take(&mut partition, header, input);
    }
    partition.earliest_due_ms = store.earliest_due(id).await?;
    Ok(partition)
}

fn partition_row(row: &[u8]) -> Result<(i64, Totals), Error> {
    let opened = open(Kind::Partition, row)?;
    minicbor::decode(opened.payload).map_err(damaged)
}

fn damaged(error: minicbor::decode::Error) -> Error {
    Error::Damaged(error.to_string())
}

async fn tail(store: &Arc<dyn Store>, id: PartitionId) -> Result<Vec<(Header, Input)>, Error> {
    let mut inputs = Vec::new();
    let mut after: Option<Position> = None;
    loop {
        let rows: Vec<JournalRow> = store.tail(id, after, READ_BYTES).await?;
        let Some(last) = rows.last().map(|row| row.last) else {
            return Ok(inputs);
        };
        for row in &rows {
            let opened = open(Kind::Journal, &row.bytes).map_err(|error| error.of(&place(row)))?;
            let read = journal::inputs(opened.payload).map_err(damaged);
            inputs.extend(read.map_err(|error| error.of(&place(row)))?);
        }
        after = Some(last);
    }
}

fn place(row: &JournalRow) -> String {
    let Position { epoch, index } = row.first;
    format!("journal row {epoch}/{index} of {}", row.partition)
}

fn take(partition: &mut Partition, header: Header, input: Input) {
    let entity = match &input {
        Input::User(id, _) => Entity::User(id.clone()),
        Input::Challenge(id, _) => Entity::Challenge(*id),
        Input::Partition(PartitionInput::Barrier { cutoff_ms }) => {
            return partition.barriers.journaled(*cutoff_ms, header.position);
        }
    };
    partition.uncovered(&entity, header.position);
    partition
        .tails
        .entry(entity)
        .or_default()
        .push((header, input));
}

/// Folds every tail that is left, a few at a time, behind live traffic.
pub(super) async fn fold_tails(host: Rc<Host>) {
    let mut tried: BTreeSet<Entity> = BTreeSet::new();
    loop {
        let entities: Vec<Entity> = {
            let partitions = host.partitions.borrow();
            let tails = partitions.values().flat_map(|held| held.tails.keys());
            tails
                .filter(|entity| !tried.contains(entity))
                .take(ACTIVATED_AT_ONCE)
                .cloned()
                .collect()
        };
        if entities.is_empty() {
            return host.tails_taken.set(true);
        }
        entities.iter().for_each(|entity| host.activate(entity));
        while entities.iter().any(|entity| host.is_activating(entity)) {
            clock::pause_ms(1).await;
        }
        tried.extend(entities);
    }
}

/// Waits until every entity with a recovered tail has been activated.
pub(super) async fn tails_taken(host: &Host) {
    while !host.tails_taken.get() {
        clock::pause_ms(1).await;
    }
}
