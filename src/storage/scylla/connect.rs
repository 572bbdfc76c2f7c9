//! The session: which machines, as whom, over TLS or not, and whether what is written is durable there.
//!
//! Called by `ScyllaStore::open` and `migrate`.

use std::{collections::HashMap, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use scylla::{
    client::{session::Session, session_builder::SessionBuilder},
    errors::{
        ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError,
        MetadataError, NewSessionError,
    },
};

use super::{super::Error, Settings, cql, schema};
use crate::clock;

/// How long a start waits for the first machine that answers, ms.
const CONNECT_WITHIN_MS: u64 = 60_000;
const POLL_MS: u64 = 500;

/// Opens a session, waiting a while for a store that starts at the same time.
pub(super) async fn connect(settings: &Settings) -> Result<Session, Error> {
    let mut builder = SessionBuilder::new().known_nodes(&settings.address.hosts);
    if let Some((user, password)) = &settings.login {
        builder = builder.user(user, password);
    }
    if let Some(tls) = tls(settings)? {
        builder = builder.tls_context(Some(tls));
    }
    if let Some(datacenter) = &settings.datacenter {
        builder = builder.prefer_datacenter(datacenter.clone());
    }
    let until_ms = clock::monotonic_ms().saturating_add(CONNECT_WITHIN_MS);
    loop {
        match builder.build().await {
            Ok(session) => return Ok(session),
            Err(error) if let Some(refusal) = refusal(&error) => {
                return Err(Error::Refused(format!("{}: {refusal}", settings.address)));
            }
            Err(error) if clock::monotonic_ms() > until_ms => {
                return Err(Error::Unavailable(format!("{}: {error}", settings.address)));
            }
            Err(error) => tracing::warn!(%error, "the store does not answer yet"),
        }
        clock::pause_ms(POLL_MS).await;
    }
}

/// What no waiting mends, in words.
fn refusal(error: &NewSessionError) -> Option<String> {
    let NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
        ConnectionPoolError::Broken {
            last_connection_error: last,
        },
    )) = error
    else {
        return None;
    };
    match last {
        ConnectionError::ConnectionSetupRequestError(setup) => match &setup.error {
            ConnectionSetupRequestErrorKind::MissingAuthentication => {
                Some("it asks who we are: set cql.user and cql.password".into())
            }
            ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, why) => {
                Some(format!("it refuses cql.user and cql.password: {why}"))
            }
            _ => None,
        },
        ConnectionError::IoError(error) => {
            let tls: &rustls::Error = error.get_ref()?.downcast_ref()?;
            let untrusted = matches!(tls, rustls::Error::InvalidCertificate(_));
            untrusted.then(|| {
                format!("its certificate is not trusted ({tls}): name its authority by cql.ca_file")
            })
        }
        _ => None,
    }
}

fn tls(settings: &Settings) -> Result<Option<Arc<ClientConfig>>, Error> {
    if !settings.tls && settings.ca_file.is_none() {
        return Ok(None);
    }
    let roots = match &settings.ca_file {
        Some(file) => authorities(file)?,
        None => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        }
    };
    if roots.is_empty() {
        return Err(Error::Refused(
            "cql.tls: there are no certificate authorities; name one by cql.ca_file".into(),
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions();
    let config = config.map_err(|error| Error::Refused(format!("cql.tls: {error}")))?;
    Ok(Some(Arc::new(
        config.with_root_certificates(roots).with_no_client_auth(),
    )))
}

fn authorities(file: &Path) -> Result<RootCertStore, Error> {
    let bad = |why: &dyn std::fmt::Display| {
        Error::Refused(format!("cql.ca_file: {}: {why}", file.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(&error))? {
        let certificate = certificate.map_err(|error| bad(&error))?;
        roots.add(certificate).map_err(|error| bad(&error))?;
    }
    Ok(roots)
}

/// Durable means a quorum of three copies: fewer must be asked for (`--allow-single-copy`).
pub(super) async fn check_copies(session: &Session, settings: &Settings) -> Result<(), Error> {
    let keyspace = &settings.address.keyspace;
    let text = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?";
    let asked = session.query_unpaged(text, (keyspace,)).await;
    let asked = asked.map_err(|error| Error::Unavailable(error.to_string()))?;
    let rows: Vec<(HashMap<String, String>,)> = cql::parsed("the keyspace's replication", asked)?;
    let Some((replication,)) = rows.into_iter().next() else {
        return Err(Error::Refused(format!(
            "there is no keyspace {keyspace}; make it with `streakline migrate`"
        )));
    };
    let copies = copies(&replication, settings.datacenter.as_deref());
    if copies < schema::COPIES && !settings.single_copy {
        return Err(Error::Refused(format!(
            "the keyspace {keyspace} keeps {copies} copies of a row and durable means {}: change its replication, or start with \
             --allow-single-copy and lose what a machine loses",
            schema::COPIES
        )));
    }
    Ok(())
}

/// The fewest copies that a data centre holds, or those of the one that is named.
fn copies(replication: &HashMap<String, String>, datacenter: Option<&str>) -> usize {
    let counts = replication.iter().filter(|(name, _)| *name != "class");
    let counts = counts.filter(|(name, _)| {
        datacenter.is_none_or(|datacenter| *name == datacenter || *name == "replication_factor")
    });
    counts
        .map(|(_, count)| count.trim().parse().unwrap_or(0))
        .min()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_those_of_the_poorest_data_centre() {
        let of = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
            pairs
                .iter()
                .map(|(name, count)| ((*name).to_owned(), (*count).to_owned()))
                .collect()
        };
        let two = of(&[
            (
                "class",
                "org.apache.cassandra.locator.NetworkTopologyStrategy",
            ),
            ("east", "3"),
            ("west", "1"),
        ]);
        assert_eq!(copies(&two, None), 1);
        assert_eq!(copies(&two, Some("east")), 3);
        assert_eq!(copies(&two, Some("north")), 0);
        assert_eq!(
            copies(
                &of(&[("class", "SimpleStrategy"), ("replication_factor", "2")]),
                Some("east")
            ),
            2
        );
        assert_eq!(copies(&of(&[("class", "LocalStrategy")]), None), 0);
    }
}
