//! Takes a user into a store: everything that could refuse is asked first, then one snapshot makes all of it durable.

use streakline_core::{
    id::{DeviceId, Entity, UserId},
    manual::ManualPolicy,
    retention::Retention,
    user::portable,
};

use super::Arrival;
use crate::{
    actors::{
        recovery::{knows, row_with},
        shared::BITS,
    },
    clock,
    storage::{
        ChunkId, Error, SnapshotWrite,
        bulk::{BulkRow, BulkStore, BulkTable, Setting, each_page},
        sealing::Seals,
    },
    zones::shown_instant,
};

/// How far ahead of the machine's clock a user's newest input may be, ms.
const AHEAD_MS: i64 = 120_000;

/// Writes a user who is not there.
pub(super) async fn import(
    (store, seals): (&dyn BulkStore, &Seals),
    arrival: &Arrival,
) -> Result<(), Error> {
    let user = &arrival.user;
    let policy = arrival.header.policy().map_err(Error::Refused)?;
    let retention = arrival.header.retention().map_err(Error::Refused)?;
    unfinished(store).await?;
    same_rules(store, (policy, retention)).await?;
    in_time(store, user.now_ms).await?;
    if knows(seals, &user.id).await? {
        let id = &user.id;
        return Err(Error::Refused(format!(
            "{id} exists in it already; erase that user first (`streakline erase {id}`), or import into another store"
        )));
    }
    let devices: Vec<DeviceId> = user.devices.keys().copied().collect();
    free(store, (&user.id, &devices)).await?;
    store.fix_manual_policy(policy).await?;
    store.fix_retention(retention).await?;
    store.raise_epoch(BITS).await?;
    for device in devices {
        store.claim_device(device, &user.id).await?;
    }
    let write = written(store, arrival).await?;
    store.commit(seals.snapshot(write).await?).await
}

/// One snapshot with everything.
async fn written(store: &dyn BulkStore, arrival: &Arrival) -> Result<SnapshotWrite, Error> {
    let (parts, totals) = portable::settle(&arrival.user, &arrival.belongings);
    let row = store.partition_row(arrival.partition).await?;
    let newest_ms = arrival.user.now_ms;
    let chunks = parts.chunks.into_iter().chain(parts.minutes);
    Ok(SnapshotWrite {
        entity: Entity::User(arrival.user.id.clone()),
        partition: arrival.partition,
        covered: parts.covered,
        state: parts.state,
        chunks: chunks
            .map(|((day, number), bytes)| (ChunkId { day, number }, bytes))
            .collect(),
        dropped_chunks: Vec::new(),
        facts: parts.facts,
        transfers: parts.transfers,
        changes: parts.changes,
        standings: Vec::new(),
        due_before_ms: None,
        due_ms: parts.due_ms,
        partition_row: row_with(row.as_deref(), (&totals, newest_ms))?,
    })
}

async fn unfinished(store: &dyn BulkStore) -> Result<(), Error> {
    let words = "it is a copy that is not finished; finish that first";
    match store.copy_mark().await? {
        Some(_) => Err(Error::Refused(words.into())),
        None => Ok(()),
    }
}

/// A state goes on as it was folded, so the rules must be those of where it comes from; an empty store takes them.
async fn same_rules(
    store: &dyn BulkStore,
    (policy, retention): (ManualPolicy, Retention),
) -> Result<(), Error> {
    let page = store.read_page(BulkTable::Settings, None, usize::MAX);
    let rows = page.await?.rows;
    let number = |wanted: Setting| {
        rows.iter().find_map(|row| match row {
            BulkRow::Setting(setting, number) if *setting == wanted => Some(*number),
            _ => None,
        })
    };
    if number(Setting::Bits).is_none() {
        return Ok(());
    }
    let held = number(Setting::ManualPolicy).and_then(ManualPolicy::numbered);
    let held = held.unwrap_or_default();
    if held != policy {
        let (held, policy) = (held.name(), policy.name());
        return Err(Error::Refused(format!(
            "it was made with rules.manual_policy = \"{held}\" and the user was exported under \"{policy}\", which would change what \
             days already came to; import into a store of that policy, or an empty one"
        )));
    }
    let held = number(Setting::Retention).and_then(Retention::numbered);
    let held = held.unwrap_or_default();
    if held != retention {
        let shown = |of: Retention| format!("{} and {} days", of.records_days, of.minutes_days);
        return Err(Error::Refused(format!(
            "it keeps records and minutes for {} and the user was exported where they are kept for {}; import into a store that keeps \
             them as long, or an empty one",
            shown(held),
            shown(retention)
        )));
    }
    Ok(())
}

/// No stamp falls, so a user from a virtual clock that is ahead would drag a partition along.
async fn in_time(store: &dyn BulkStore, newest_ms: i64) -> Result<(), Error> {
    let machine_ms = clock::unix_ms().saturating_add(AHEAD_MS);
    let latest_ms = store
        .clock()
        .await?
        .map_or(machine_ms, |at_ms| at_ms.max(machine_ms));
    if newest_ms <= latest_ms {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "the user's newest input is of {}, and that time has not come here; it is from a server on a virtual clock: import it where \
         the clock is as far",
        shown_instant(newest_ms)
    )))
}

/// A device belongs to one user.
async fn free(store: &dyn BulkStore, (user, devices): (&UserId, &[DeviceId])) -> Result<(), Error> {
    if devices.is_empty() {
        return Ok(());
    }
    each_page(store, BulkTable::Devices, async |rows| {
        for row in rows {
            if let BulkRow::Device(device, owner) = row
                && devices.contains(&device)
                && owner != *user
            {
                return Err(Error::Refused(format!(
                    "device {device} of {user} belongs to another user of it; erase that user, or import into another store"
                )));
            }
        }
        Ok(())
    })
    .await
}
