//! The store of a cluster: ScyllaDB, or another server of CQL, through the scylla driver.
//!
//! Durable means LOCAL_QUORUM. Every plain write is idempotent, carries its timestamp and is repeated until it is done; lightweight
//! transactions are for what several servers may decide at once, in tables of their own. One server owns the keyspace: it confirms
//! that before it acknowledges anything, and a newer one deposes it (docs/adr/0028). It knows bytes and keys, no rules. Opened by
//! `run`, used through the traits.
//!
//! | file | what |
//! |---|---|
//! | `connect`, `schema` | the session, the tables (schema/cql) |
//! | `statements`, `cql` | every statement, and one on its way |
//! | `answers`, `bulk` | the traits of `storage` |
//! | `owner`, `takeover`, `stamps` | who owns the keyspace, and which write wins |
//! | `journal`, `segments`, `lane`, `attachments` | the journal |
//! | `data_keys`, `erasure` | users' keys, and users that are deleted |
//! | `snapshots`, `states`, `rows`, `due`, `buckets`, `catalogue`, `ownership`, `entities` | everything else |

mod answers;
mod attachments;
mod buckets;
mod bulk;
mod catalogue;
mod connect;
mod cql;
mod data_keys;
mod due;
mod entities;
mod erasure;
#[cfg(test)]
mod fuse;
mod journal;
mod lane;
mod owner;
mod ownership;
mod rows;
mod schema;
mod segments;
mod snapshots;
mod stamps;
mod statements;
mod states;
mod takeover;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::AtomicBool},
};

use scylla::serialize::row::SerializeRow;
use streakline_core::id::PartitionId;
use tokio::sync::RwLock;

use self::{
    buckets::Known,
    cql::{Cql, Failure, Statement},
    lane::Lane,
    owner::Owner,
    stamps::Stamps,
    statements::Statements,
};
use super::Error;
use crate::{clock, config::CqlAddress};

pub use self::schema::{MIGRATIONS, Migration};

/// How long a condition whose outcome is unknown is left alone before it is read, ms.
const UNKNOWN_MS: u64 = 100;

/// Where the store is, as whom it is used, and what it may use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Hosts and keyspace.
    pub address: CqlAddress,
    /// User and password.
    pub login: Option<(String, String)>,
    /// Whether connections are encrypted.
    pub tls: bool,
    /// PEM file of the authority that vouches for the machines; encrypts connections too.
    pub ca_file: Option<PathBuf>,
    /// The data centre whose replicas are asked; unset: any.
    pub datacenter: Option<String>,
    /// Fewer than three copies are enough.
    pub single_copy: bool,
    /// Tables are made and changed at the start.
    pub migrate: bool,
    /// Statements in flight; more wait.
    pub statements_max: usize,
    /// A journal segment that is at least this long is closed.
    pub segment_bytes_max: usize,
    /// How long a statement is repeated, ms; 0: until it is done.
    pub patience_ms: u64,
}

impl Settings {
    /// A store at an address, with the usual bounds.
    #[must_use]
    pub fn new(address: CqlAddress) -> Self {
        Self {
            address,
            login: None,
            tls: false,
            ca_file: None,
            datacenter: None,
            single_copy: false,
            migrate: false,
            statements_max: 512,
            segment_bytes_max: 4 * 1024 * 1024,
            patience_ms: 0,
        }
    }
}

/// A store in a keyspace.
pub struct ScyllaStore(Arc<Inner>);

/// What all calls share.
struct Inner {
    cql: Cql,
    statements: Statements,
    settings: Settings,
    owner: Owner,
    stamps: Stamps,
    lanes: Mutex<BTreeMap<PartitionId, Arc<Lane>>>,
    known: Known,
    voided: RwLock<Option<Arc<BTreeSet<i64>>>>,
    looked_after: AtomicBool,
    fault: OnceLock<Error>,
}

impl ScyllaStore {
    /// Opens the store of a keyspace whose tables are there.
    ///
    /// # Errors
    /// [`Error::Refused`] when the keyspace is not usable as it is, [`Error::Unavailable`] when no machine answers.
    pub async fn open(settings: Settings) -> Result<Self, Error> {
        let session = connect::connect(&settings).await?;
        if settings.migrate {
            // It has looked at all tables: a second look may see less where nodes have only just come together.
            schema::migrate(&session, &settings).await?;
        } else {
            schema::check(&session, &settings.address.keyspace).await?;
        }
        connect::check_copies(&session, &settings).await?;
        let statements = Statements::prepare(&session, settings.datacenter.as_deref());
        let statements = Box::pin(statements).await?;
        let cql = Cql::new(session, settings.statements_max, settings.patience_ms);
        Ok(Self(Arc::new(Inner {
            cql,
            statements,
            settings,
            owner: Owner::default(),
            stamps: Stamps::default(),
            lanes: Mutex::default(),
            known: Known::default(),
            voided: RwLock::default(),
            looked_after: AtomicBool::new(false),
            fault: OnceLock::new(),
        })))
    }

    /// Likewise, for a command that works on rows while no server does.
    ///
    /// # Errors
    /// [`Error::Refused`] too when a server owns the keyspace, or had no time to leave it.
    pub async fn open_idle(settings: Settings) -> Result<Self, Error> {
        let store = Self::open(settings).await?;
        store.0.refuse_owned().await?;
        Ok(store)
    }

    /// Makes the keyspace where there is none, and applies what is missing; answers the names of what was applied.
    ///
    /// # Errors
    /// As [`ScyllaStore::open`].
    pub async fn migrate(settings: &Settings) -> Result<Vec<&'static str>, Error> {
        let session = connect::connect(settings).await?;
        let applied = schema::migrate(&session, settings).await?;
        connect::check_copies(&session, settings).await?;
        Ok(applied)
    }
}

impl Inner {
    fn check(&self) -> Result<(), Error> {
        self.fault.get().map_or(Ok(()), |fault| Err(fault.clone()))
    }

    /// Nothing is acknowledged from now on; the first reason is kept.
    fn poison(&self, error: Error) -> Error {
        self.fault.get_or_init(|| error).clone()
    }

    fn lane(&self, partition: PartitionId) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.entry(partition).or_default().clone()
    }

    /// Tries a lightweight transaction once. Its outcome may be unknown: the caller reads what is decided, and may try again.
    async fn conditionally(
        &self,
        statement: &Statement,
        values: impl SerializeRow + Sync,
    ) -> Result<(), Error> {
        match self.cql.attempt(statement, values).await {
            Ok(_) => Ok(()),
            Err(Failure::Lasting(error)) => Err(error),
            Err(Failure::Passing(why)) => {
                tracing::debug!(why, "the outcome of a condition is unknown");
                clock::pause_ms(UNKNOWN_MS).await;
                Ok(())
            }
        }
    }

    /// Timestamps of snapshots that do not count.
    async fn voided(&self) -> Result<Arc<BTreeSet<i64>>, Error> {
        if let Some(voided) = self.voided.read().await.as_ref() {
            return Ok(voided.clone());
        }
        let mut held = self.voided.write().await;
        if let Some(voided) = held.as_ref() {
            return Ok(voided.clone());
        }
        let rows: Vec<(i64,)> = self.cql.rows(&self.statements.voided, ()).await?;
        let voided = Arc::new(rows.into_iter().map(|(written_us,)| written_us).collect());
        Ok(held.insert(voided).clone())
    }
}

/// A number as CQL knows it.
fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number)
        .map_err(|_| Error::Refused(format!("{number} is more than a CQL bigint holds")))
}

/// A number as it was before [`signed`].
fn number(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

#[cfg(test)]
impl ScyllaStore {
    /// Names of all tables.
    pub(super) fn tables(&self) -> impl Iterator<Item = String> {
        let of = |migration: &Migration| {
            migration
                .name
                .split_once('-')
                .map(|(_, name)| name.replace('-', "_"))
        };
        MIGRATIONS.iter().filter_map(of)
    }

    /// Empties a table.
    pub(super) async fn empty(&self, table: String) {
        let emptied = self
            .0
            .cql
            .session()
            .query_unpaged(format!("TRUNCATE {table}"), ())
            .await;
        emptied.unwrap();
    }

    /// Faults of single statements.
    pub(super) fn fuse(&self) -> &fuse::Fuse {
        &self.0.cql.fuse
    }
}
