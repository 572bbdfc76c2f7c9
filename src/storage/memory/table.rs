//! A sorted table as a disk would keep it: what was written since the last sync is undone by a
//! power loss.
//!
//! It knows nothing of what is stored. Called by `memory` only.

use std::collections::BTreeMap;

/// Rows, and how to take back those that are not synced.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    /// What stood there before each write since the last sync, oldest first.
    unsynced: Vec<(K, Option<V>)>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            unsynced: Vec::new(),
        }
    }
}

impl<K: Ord + Clone, V> Table<K, V> {
    pub(super) fn rows(&self) -> &BTreeMap<K, V> {
        &self.rows
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        let before = self.rows.insert(key.clone(), value);
        self.unsynced.push((key, before));
    }

    pub(super) fn remove(&mut self, key: &K) {
        if let Some(before) = self.rows.remove(key) {
            self.unsynced.push((key.clone(), Some(before)));
        }
    }
}

/// What a disk does to its tables, whatever is in them.
pub(super) trait Volatile {
    /// All that was written is durable.
    fn sync(&mut self);
    /// The oldest writes that nobody synced are durable by chance.
    fn tear(&mut self, writes: usize);
    /// All that is not durable is gone.
    fn lose_power(&mut self);
}

impl<K: Ord, V> Volatile for Table<K, V> {
    fn sync(&mut self) {
        self.unsynced.clear();
    }

    fn tear(&mut self, writes: usize) {
        self.unsynced.drain(..writes.min(self.unsynced.len()));
    }

    fn lose_power(&mut self) {
        while let Some((key, before)) = self.unsynced.pop() {
            match before {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_loss_takes_back_what_was_not_synced_and_nothing_else() {
        let mut table = Table::default();
        table.put("kept", 1);
        table.put("replaced", 1);
        table.put("removed", 1);
        table.sync();
        table.put("replaced", 2);
        table.put("replaced", 3);
        table.remove(&"removed");
        table.put("new", 1);
        table.remove(&"new");
        table.remove(&"never there");
        table.lose_power();
        let rows: Vec<_> = table
            .rows()
            .iter()
            .map(|(key, value)| (*key, *value))
            .collect();
        assert_eq!(rows, [("kept", 1), ("removed", 1), ("replaced", 1)]);
    }

    #[test]
    fn a_torn_write_keeps_its_beginning() {
        let mut table = Table::default();
        for row in ["a", "b", "c"] {
            table.put(row, 1);
        }
        table.sync();
        for row in ["a", "b", "c"] {
            table.remove(&row);
        }
        table.tear(2);
        table.lose_power();
        assert_eq!(table.rows().keys().collect::<Vec<_>>(), [&"c"]);
    }
}
