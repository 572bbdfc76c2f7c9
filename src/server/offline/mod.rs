//! What is done to stores while no server runs on them: copying one into another, an audit of what one holds, taking in a user who
//! was exported elsewhere. Called by the commands.

mod arrival;
mod audit;
mod import;

use std::{path::Path, sync::Arc};

use streakline_core::id::UserId;

pub use arrival::{Arrival, Refused};
pub use audit::{Audit, Finding};

use super::{master_keys, store::cql_settings_at};
use crate::{
    config::{Config, CqlAddress},
    keys::CurrentKeys,
    storage::{
        Error,
        bulk::{BulkStore, BulkTable, TableDigest},
        copy::{self, Step},
        embedded::EmbeddedStore,
        scylla::ScyllaStore,
        sealing::Seals,
    },
};

/// A data directory or a keyspace, and how keyspaces are used.
pub struct Place<'a> {
    /// The directory, or such as `scylla://host1,host2/streakline`.
    pub at: String,
    /// Where the settings of CQL stores are.
    pub config: &'a Config,
}

impl<'a> Place<'a> {
    /// The store that a server has with these settings.
    #[must_use]
    pub fn of(config: &'a Config) -> Self {
        let at = match config.cql_address() {
            Some(_) => config.storage.clone(),
            None => config.data.display().to_string(),
        };
        Self { at, config }
    }

    /// Whether it may hold a store; of a keyspace only opening it says so.
    ///
    /// # Errors
    /// [`Error::Refused`] for a directory without one.
    pub fn look(&self) -> Result<(), Error> {
        if !self.at.contains("://") && !Path::new(&self.at).join("store").is_dir() {
            return Err(Error::Refused(format!("{} holds no store", self.at)));
        }
        Ok(())
    }

    /// Opens the store, which must be there, and which no server uses.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is none or a server has it.
    pub async fn open(&self) -> Result<Arc<dyn BulkStore>, Error> {
        self.look()?;
        self.open_or_make().await
    }

    /// Likewise; a directory is made where it is missing.
    ///
    /// # Errors
    /// As [`Place::open`]; a keyspace is there, with its tables.
    pub async fn open_or_make(&self) -> Result<Arc<dyn BulkStore>, Error> {
        if !self.at.contains("://") {
            return Ok(Arc::new(EmbeddedStore::open(Path::new(&self.at))?));
        }
        let address = CqlAddress::parse(&self.at).map_err(Error::Refused)?;
        let settings = cql_settings_at(address, self.config);
        Ok(Arc::new(Box::pin(ScyllaStore::open_idle(settings)).await?))
    }
}

/// Copies the store at `from` into the empty one at `to`, which is made where it is missing; answers each table's digest.
///
/// # Errors
/// As [`copy::copy`], and those of opening.
pub async fn copy_store(
    (from, to): (Place<'_>, Place<'_>),
    told: &mut dyn FnMut(Step),
) -> Result<Vec<(BulkTable, TableDigest)>, Error> {
    let source = from.open().await?;
    let target = to.open_or_make().await?;
    copy::copy(source.as_ref(), target.as_ref(), told).await
}

/// Recomputes what the store at `place` says of itself; `keys` are those that it is sealed with.
///
/// # Errors
/// Those of opening and reading; a row that cannot be opened is a finding.
pub async fn audit_store(
    place: &Place<'_>,
    keys: &CurrentKeys,
    told: &mut dyn FnMut(BulkTable),
) -> Result<Audit, Error> {
    let store = place.open().await?;
    let seals = Seals::open(store.clone(), master_keys(keys)?).await?;
    audit::audit((store.as_ref(), &seals), told).await
}

/// Takes a user into the store at `place`, which is made where it is missing; `keys` are those that it is sealed with.
///
/// # Errors
/// [`Error::Refused`] when the user is there already, or the store has other rules; then nothing was written.
pub async fn import_user(
    place: &Place<'_>,
    keys: &CurrentKeys,
    arrival: &Arrival,
) -> Result<(), Error> {
    let store = place.open_or_make().await?;
    let seals = Seals::open(store.clone(), master_keys(keys)?).await?;
    import::import((store.as_ref(), &seals), arrival).await?;
    store.leave().await
}

/// How a finding names a user.
fn named(user: &UserId) -> String {
    format!("user {user}")
}
