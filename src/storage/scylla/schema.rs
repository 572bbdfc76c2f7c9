//! The keyspace and its tables: numbered migrations that only go up, applied by one server at a time.
//!
//! The texts are schema/cql, compiled in. What was applied is noted in the keyspace with its digest, so that a server never runs on
//! tables that it does not know. Called by `ScyllaStore::open` and `migrate`.

use scylla::{
    client::session::Session, deserialize::row::DeserializeRow,
    response::query_result::QueryResult, serialize::row::SerializeRow,
    statement::Statement as Text,
};
use sha2::{Digest as _, Sha256};

use super::{
    super::Error,
    Settings,
    cql::{Failure, within},
};
use crate::{clock, entropy};

/// Copies that a durable row must have.
pub(super) const COPIES: usize = 3;
/// How long a lock lives when its holder dies, seconds.
const LOCK_S: i32 = 120;
/// How long a migration waits for another one, ms.
const LOCK_WITHIN_MS: u64 = 180_000;
const POLL_MS: u64 = 500;
/// How often a statement that does not get through is tried again.
const ATTEMPTS: u32 = 20;
/// How long one change of the tables may take, ms.
const CHANGE_WITHIN_MS: u64 = 60_000;

/// A migration: its number, name and text.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its place in the order, from 1.
    pub number: i32,
    /// What it makes.
    pub name: &'static str,
    /// One CQL statement, with comments.
    pub text: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal;)*) => {
        /// All migrations, in order.
        pub const MIGRATIONS: &[Migration] = &[$(Migration {
            number: $number,
            name: $name,
            text: include_str!(concat!("../../../schema/cql/", $name, ".cql")),
        },)*];
    };
}

migrations! {
    1 "0001-settings";
    2 "0002-nodes";
    3 "0003-ceilings";
    4 "0004-seals";
    5 "0005-journal";
    6 "0006-segments";
    7 "0007-snapshots";
    8 "0008-commits";
    9 "0009-voided";
    10 "0010-partitions";
    11 "0011-chunks";
    12 "0012-user-rows";
    13 "0013-buckets";
    14 "0014-standings";
    15 "0015-due";
    16 "0016-devices";
    17 "0017-challenges";
    18 "0018-answers";
    19 "0019-expiries";
    20 "0020-stuck";
    21 "0021-clocks";
    22 "0022-data-keys";
    23 "0023-key-owners";
    24 "0024-state-parts";
}

impl Migration {
    fn digest(&self) -> Vec<u8> {
        Sha256::digest(self.text.as_bytes()).to_vec()
    }
}

/// Makes the keyspace where there is none, and applies what is missing; answers the names of what was applied.
///
/// # Errors
/// [`Error::Refused`] when an applied migration differs from ours or another server holds the lock for too long,
/// [`Error::Unavailable`] when the store is away.
pub(super) async fn migrate(
    session: &Session,
    settings: &Settings,
) -> Result<Vec<&'static str>, Error> {
    let keyspace = &settings.address.keyspace;
    create_keyspace(session, settings).await?;
    let list = "(number int PRIMARY KEY, name text, digest blob)";
    change(
        session,
        &format!("CREATE TABLE IF NOT EXISTS {keyspace}.migrations {list}"),
    )
    .await?;
    let locks = "(name text PRIMARY KEY, holder blob)";
    change(
        session,
        &format!("CREATE TABLE IF NOT EXISTS {keyspace}.locks {locks}"),
    )
    .await?;
    patiently(async || {
        let used = use_keyspace(session, keyspace).await;
        used.map_err(|error| Failure::Passing(error.to_string()))
    })
    .await?;
    if missing(session).await?.is_empty() {
        return Ok(Vec::new()); // Nobody is waited for, such as one that was killed with the lock in its hand.
    }
    let holder = entropy::uuid_v4().to_vec();
    lock(session, &holder).await?;
    let applied = apply_missing(session).await;
    // A lock that stays ends by itself.
    let _ = condition(
        session,
        "DELETE FROM locks WHERE name = 'migrate' IF holder = ?",
        &holder,
    )
    .await;
    applied
}

/// Refuses a keyspace whose tables are others than ours.
pub(super) async fn check(session: &Session, keyspace: &str) -> Result<(), Error> {
    let hint = format!(
        "run `streakline migrate --storage scylla://…/{keyspace}`, or start with --cql-migrate"
    );
    let unusable = |what: &str| Error::Refused(format!("the keyspace {keyspace} {what}: {hint}"));
    use_keyspace(session, keyspace)
        .await
        .map_err(|_| unusable("cannot be used"))?;
    if !has_table(session, keyspace, "migrations").await? {
        return Err(unusable("has no tables"));
    }
    let applied = applied(session).await?;
    let left = missing_in(&applied).count();
    if left > 0 {
        return Err(unusable(&format!(
            "lacks {left} of {} migrations",
            MIGRATIONS.len()
        )));
    }
    known(&applied)
}

async fn create_keyspace(session: &Session, settings: &Settings) -> Result<(), Error> {
    let copies = if settings.single_copy { 1 } else { COPIES };
    let datacenter = match &settings.datacenter {
        Some(name) => name.clone(),
        None => local_datacenter(session).await?,
    };
    // Lightweight transactions and tablets do not go together everywhere (design.md 7); Cassandra does not know the word.
    let tablets = if is_scylla(session).await? {
        " AND tablets = {'enabled': false}"
    } else {
        ""
    };
    let text = format!(
        "CREATE KEYSPACE IF NOT EXISTS {} WITH replication = {{'class': 'NetworkTopologyStrategy', '{datacenter}': {copies}}}{tablets}",
        settings.address.keyspace
    );
    change(session, &text).await
}

async fn local_datacenter(session: &Session) -> Result<String, Error> {
    let rows: Vec<(String,)> = ask(session, "SELECT data_center FROM system.local", ()).await?;
    let first = rows.into_iter().next().map(|(name,)| name);
    first
        .filter(|name| !name.contains('\''))
        .ok_or_else(|| Error::Refused("the store does not name its data centre".into()))
}

async fn is_scylla(session: &Session) -> Result<bool, Error> {
    has_table(session, "system_schema", "scylla_tables").await
}

async fn has_table(session: &Session, keyspace: &str, table: &str) -> Result<bool, Error> {
    let text =
        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?";
    let rows: Vec<(String,)> = ask(session, text, (keyspace, table)).await?;
    Ok(!rows.is_empty())
}

/// Waits for the lock; its holder cannot keep it for ever.
async fn lock(session: &Session, holder: &Vec<u8>) -> Result<(), Error> {
    let text = format!(
        "INSERT INTO locks (name, holder) VALUES ('migrate', ?) IF NOT EXISTS USING TTL {LOCK_S}"
    );
    let until_ms = clock::monotonic_ms().saturating_add(LOCK_WITHIN_MS);
    let mut told = false;
    while !condition(session, &text, holder).await? {
        let held: Vec<(Option<Vec<u8>>,)> = ask(
            session,
            "SELECT holder FROM locks WHERE name = 'migrate'",
            (),
        )
        .await?;
        if held
            .into_iter()
            .any(|(held,)| held.as_ref() == Some(holder))
        {
            return Ok(());
        }
        if clock::monotonic_ms() > until_ms {
            return Err(Error::Refused(
                "another server is changing the tables; try again when it is done".into(),
            ));
        }
        if !std::mem::replace(&mut told, true) {
            tracing::info!(
                lock_s = LOCK_S,
                "another server changes the tables, or died at it within the last lock_s seconds: waiting"
            );
        }
        clock::pause_ms(POLL_MS).await;
    }
    Ok(())
}

type Applied = std::collections::BTreeMap<i32, Vec<u8>>;

async fn applied(session: &Session) -> Result<Applied, Error> {
    let rows: Vec<(i32, Vec<u8>)> =
        ask(session, "SELECT number, digest FROM migrations", ()).await?;
    Ok(rows.into_iter().collect())
}

fn known(applied: &Applied) -> Result<(), Error> {
    for (number, digest) in applied {
        let ours = MIGRATIONS
            .iter()
            .find(|migration| migration.number == *number);
        if ours.is_none_or(|ours| ours.digest() != *digest) {
            return Err(Error::Refused(format!(
                "migration {number} of the keyspace is not the one that this version knows; start the version that applied it"
            )));
        }
    }
    Ok(())
}

/// Migrations that a keyspace lacks, in order.
fn missing_in(applied: &Applied) -> impl Iterator<Item = &'static Migration> {
    let lacks = |migration: &&Migration| !applied.contains_key(&migration.number);
    MIGRATIONS.iter().filter(lacks)
}

async fn missing(session: &Session) -> Result<Vec<&'static Migration>, Error> {
    let applied = applied(session).await?;
    known(&applied)?;
    Ok(missing_in(&applied).collect())
}

async fn apply_missing(session: &Session) -> Result<Vec<&'static str>, Error> {
    let mut names = Vec::new();
    for migration in missing(session).await? {
        change(session, migration.text).await?;
        let noted = (migration.number, migration.name, migration.digest());
        let text = "INSERT INTO migrations (number, name, digest) VALUES (?, ?, ?)";
        repeated(session, &Text::new(text), noted).await?;
        tracing::info!(migration = migration.name, "applied");
        names.push(migration.name);
    }
    Ok(names)
}

/// Changes tables; done when all nodes that are up know it.
async fn change(session: &Session, text: &str) -> Result<(), Error> {
    let mut text = Text::new(text);
    text.set_request_timeout(within(CHANGE_WITHIN_MS));
    repeated(session, &text, ()).await.map(drop)
}

async fn condition(session: &Session, text: &str, holder: &Vec<u8>) -> Result<bool, Error> {
    let result = repeated(session, &Text::new(text), (holder,)).await?;
    super::cql::applied("lock", result)
}

async fn ask<R>(session: &Session, text: &str, values: impl SerializeRow) -> Result<Vec<R>, Error>
where
    R: for<'frame> DeserializeRow<'frame, 'frame>,
{
    let result = repeated(session, &Text::new(text), values).await?;
    super::cql::parsed("a question about tables", result)
}

/// Runs a statement that changes nothing when it is done twice.
///
/// A node may not know a keyspace or a table yet that another one has made, also after the driver saw the nodes that it reaches agree:
/// it reaches more of them by and by.
async fn repeated(
    session: &Session,
    text: &Text,
    values: impl SerializeRow,
) -> Result<QueryResult, Error> {
    patiently(async || {
        let result = session.query_unpaged(text.clone(), &values).await;
        result.map_err(|error| match super::cql::failure("tables", &error) {
            Failure::Lasting(why) if super::cql::is_invalid(&error) => {
                Failure::Passing(why.to_string())
            }
            other => other,
        })
    })
    .await
}

async fn patiently<T>(mut attempt: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T, Error> {
    let mut left = ATTEMPTS;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(Failure::Lasting(error)) => return Err(error),
            Err(Failure::Passing(why)) if left == 0 => return Err(Error::Unavailable(why)),
            Err(Failure::Passing(why)) => tracing::debug!(why, "a change of tables is tried again"),
        }
        left -= 1;
        clock::pause_ms(POLL_MS).await;
    }
}

async fn use_keyspace(session: &Session, keyspace: &str) -> Result<(), Error> {
    let used = session.use_keyspace(keyspace, false).await;
    used.map_err(|error| Error::Refused(format!("the keyspace {keyspace} cannot be used: {error}")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn migrations_are_numbered_without_a_gap_and_every_file_is_one() {
        for (migration, number) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.number, number);
            assert!(
                migration.name.starts_with(&format!("{number:04}-")),
                "{}",
                migration.name
            );
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/cql");
        assert_eq!(fs::read_dir(folder).unwrap().count(), MIGRATIONS.len());
    }

    #[test]
    fn every_table_says_how_it_is_read_how_large_its_partitions_get_and_how_it_is_compacted() {
        for Migration { name, text, .. } in MIGRATIONS {
            for said in [
                "-- Access path: ",
                "-- Expected size of a CQL partition: ",
                "-- Compaction: ",
                "compaction = {'class':",
            ] {
                assert!(text.contains(said), "{name}: {said}");
            }
        }
    }
}
