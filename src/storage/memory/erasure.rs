//! Deleting a user from memory, which has no files that could hold on to anything.

use streakline_core::id::Entity;

use super::{
    super::{
        Answer, Erasure, Gone, Traces,
        envelope::{Envelope, Kind, read},
    },
    MemoryStore,
    rows::Tables,
    table::Table,
};

fn remove_where<K: Ord + Clone, V>(table: &mut Table<K, V>, gone: impl Fn(&K, &V) -> bool) {
    let rows = table.rows().iter().filter(|(key, value)| gone(key, value));
    let keys: Vec<K> = rows.map(|(key, _)| key.clone()).collect();
    keys.iter().for_each(|key| table.remove(key));
}

fn erase(tables: &mut Tables, traces: Traces) {
    let user = &traces.user;
    let entity = Entity::User(user.clone());
    tables.snapshots.remove(&entity);
    remove_where(&mut tables.chunks, |(of, _), _| of == user);
    for table in [
        &mut tables.facts,
        &mut tables.transfers,
        &mut tables.changes,
    ] {
        remove_where(table, |(of, _), _| of == user);
    }
    remove_where(&mut tables.due, |(.., of), ()| *of == entity);
    remove_where(&mut tables.standings, |(_, of), _| {
        of.as_ref() == Some(user)
    });
    remove_where(&mut tables.devices, |_, of| of == user);
    tables
        .partitions
        .put(traces.partition, traces.partition_row);
    let principal = format!("user:{user}");
    remove_where(&mut tables.idempotency, |key, _| key.principal == principal);
    if let Some(left) = traces.key {
        remove_where(&mut tables.stuck, |_, row| {
            let envelope = read(Kind::Stuck, row);
            matches!(envelope, Ok(Envelope::Sealed(sealed)) if sealed.key == left.id)
        });
        if tables.keys_of.rows().get(user) == Some(&left.id) {
            tables.keys_of.remove(user);
        }
        tables.keys.put(left.id, left.bytes);
    }
}

impl Erasure for MemoryStore {
    fn erase(&self, traces: Traces) -> Answer<'_, ()> {
        self.write(|tables| {
            erase(tables, traces);
            Ok(())
        })
    }

    fn purge(&self) -> Answer<'_, Gone> {
        self.write(|_| Ok(Gone::Done))
    }
}
