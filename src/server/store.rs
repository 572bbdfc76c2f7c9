//! Which store a server runs on: the embedded one of its data directory, or the CQL store that `storage` names. Called by `run`
//! and by the commands that work on a store without a server.

use std::sync::Arc;

use super::{Result, Start};
use crate::{
    config::{Config, CqlAddress, Secret},
    storage::{
        Store,
        embedded::EmbeddedStore,
        scylla::{ScyllaStore, Settings},
    },
};

impl Start {
    /// Opens the store.
    pub(super) async fn open_store(&self) -> Result<Arc<dyn Store>> {
        let store = match cql_settings(&self.config) {
            Some(settings) => Arc::new(Box::pin(ScyllaStore::open(settings)).await?),
            None => return self.open_embedded(),
        };
        #[cfg(feature = "fault-injection")]
        if let Some(fault) = self.fault {
            return Ok(Arc::new(crate::storage::faulty::FaultyStore::new(
                store, fault,
            )));
        }
        Ok(store)
    }

    fn open_embedded(&self) -> Result<Arc<dyn Store>> {
        #[cfg(feature = "fault-injection")]
        if let Some(fault) = self.fault {
            use crate::storage::{embedded, faulty};
            let mut settings = embedded::Settings::default();
            match fault {
                faulty::Fault::Memtable(bytes) => settings.memtable_bytes = bytes,
                faulty::Fault::Segment(bytes) => settings.segment_bytes_max = bytes,
                _ => {}
            }
            let store = Arc::new(EmbeddedStore::open_with(&self.config.data, settings)?);
            return Ok(Arc::new(faulty::FaultyStore::new(store, fault)));
        }
        Ok(Arc::new(EmbeddedStore::open(&self.config.data)?))
    }
}

/// Makes the keyspace that `storage` names and its tables, or changes them; answers the names of what was applied, `None` where the
/// store is the embedded one, which needs no such thing.
///
/// # Errors
/// When the store cannot be reached or is not ours.
pub async fn migrate(config: &Config) -> Result<Option<Vec<&'static str>>> {
    match cql_settings(config) {
        Some(settings) => Ok(Some(Box::pin(ScyllaStore::migrate(&settings)).await?)),
        None => Ok(None),
    }
}

fn cql_settings(config: &Config) -> Option<Settings> {
    Some(cql_settings_at(config.cql_address()?, config))
}

/// How the CQL store at an address is used.
pub(super) fn cql_settings_at(address: CqlAddress, config: &Config) -> Settings {
    let of = &config.cql;
    let password = of.password.as_ref().map(Secret::expose);
    let login = of.user.clone().zip(password.map(str::to_owned));
    Settings {
        login,
        tls: of.tls,
        ca_file: of.ca_file.clone(),
        datacenter: of.datacenter.clone(),
        single_copy: config.allow_single_copy,
        migrate: of.migrate,
        statements_max: of.statements_max,
        ..Settings::new(address)
    }
}
