//! The contract on a real CQL server: `STREAKLINE_TEST_CQL` names it, and `script/cql run` starts one.
//!
//! Tests share a few keyspaces, since making tables takes seconds, and empty the one that they have been given.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::{Mutex, MutexGuard};

use super::{
    super::{
        bulk::BulkStore,
        scylla::{ScyllaStore, Settings},
    },
    Fixture, Store,
};
use crate::config::{self, CqlAddress};

/// Keyspaces that tests share.
static FREE: [Mutex<bool>; 3] = [const { Mutex::const_new(false) }; 3];

/// A keyspace of its own for as long as the test runs.
pub(in super::super) struct Keyspace {
    store: Arc<ScyllaStore>,
    settings: Settings,
    _held: MutexGuard<'static, bool>,
}

impl Keyspace {
    /// Another server on the same keyspace.
    pub(in super::super) async fn open_another(&self) -> Arc<ScyllaStore> {
        Arc::new(ScyllaStore::open(self.settings.clone()).await.unwrap())
    }

    /// Its settings, of which tables are not changed.
    pub(in super::super) fn settings(&self) -> &Settings {
        &self.settings
    }
}

fn servers() -> String {
    let missing = "no CQL server: run this as `script/cql run -- cargo test …`, or name one by STREAKLINE_TEST_CQL=host:port";
    let mut variables = config::variables().into_iter();
    let named = variables.find(|(name, _)| name == "STREAKLINE_TEST_CQL");
    named.map(|(_, servers)| servers).expect(missing)
}

async fn hold() -> (usize, MutexGuard<'static, bool>) {
    for (number, free) in FREE.iter().enumerate() {
        if let Ok(held) = free.try_lock() {
            return (number, held);
        }
    }
    (0, FREE[0].lock().await)
}

impl Fixture for Keyspace {
    /// A segment is noted before its first row.
    const WRITES_A_ROW: u64 = 2;

    async fn new() -> Self {
        let (number, mut held) = hold().await;
        let address = format!("scylla://{}/streakline_test_{number}", servers());
        let settings = Settings {
            single_copy: true,
            migrate: !*held,
            segment_bytes_max: 40,
            ..Settings::new(CqlAddress::parse(&address).unwrap())
        };
        let store = ScyllaStore::open(settings.clone()).await.unwrap();
        *held = true;
        store.empty_all_tables().await;
        let settings = Settings {
            migrate: false,
            ..settings
        };
        Self {
            store: Arc::new(store),
            settings,
            _held: held,
        }
    }

    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn bulk(&self) -> &dyn BulkStore {
        &*self.store
    }

    async fn crash(self) -> Self {
        let store = self.open_another().await;
        Self { store, ..self }
    }
}

impl ScyllaStore {
    /// Every table but that of the migrations.
    async fn empty_all_tables(&self) {
        join_all(self.tables().map(|table| self.empty(table))).await;
    }
}
