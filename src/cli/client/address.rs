//! Where a server is, and for https whom to trust about it. Used by `rest` and `stream`, and by every command's options.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::ClientError;

/// The options by which a command finds its server.
#[derive(Args)]
pub struct ServerArgs {
    /// Address of the server
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// PEM file with the authority that vouches for an https server; else the system's are asked
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

impl ServerArgs {
    /// The server that these options name.
    ///
    /// # Errors
    /// As [`Address::of`] and [`Address::vouched_by`].
    pub fn address(&self) -> Result<Address, ClientError> {
        match &self.ca {
            Some(ca) => Address::vouched_by(&self.server, ca),
            None => Address::of(&self.server),
        }
    }
}

/// A server.
#[derive(Clone, Debug)]
pub struct Address {
    authority: String,
    /// For https: which certificates are believed.
    tls: Option<Arc<ClientConfig>>,
}

impl Address {
    /// `http://host:port`, or `https://host:port` of a server that the system's authorities vouch for.
    ///
    /// # Errors
    /// [`ClientError::Address`] when `url` is neither, [`ClientError::Trust`] when the system has no authorities.
    pub fn of(url: &str) -> Result<Self, ClientError> {
        let (secure, authority) = parse(url)?;
        if !secure {
            return Ok(Self::new(authority, None));
        }
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let what = "the system has no certificate authorities; name one by --ca";
            return Err(ClientError::Trust(what.to_owned()));
        }
        Ok(Self::new(authority, Some(believing(roots)?)))
    }

    /// `https://host:port` of a server for which the authority in this PEM file vouches, and no other.
    ///
    /// # Errors
    /// [`ClientError::Address`] when `url` is not https, [`ClientError::Trust`] for the file.
    pub fn vouched_by(url: &str, ca: &Path) -> Result<Self, ClientError> {
        let (true, authority) = parse(url)? else {
            let what = format!("--ca is for https, and {url} is not");
            return Err(ClientError::Trust(what));
        };
        let bad = |why: &dyn std::fmt::Display| {
            ClientError::Trust(format!("--ca {}: {why}", ca.display()))
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(ca).map_err(|e| bad(&e))? {
            let certificate = certificate.map_err(|e| bad(&e))?;
            roots.add(certificate).map_err(|e| bad(&e))?;
        }
        if roots.is_empty() {
            return Err(bad(&"it holds no certificate in PEM form"));
        }
        Ok(Self::new(authority, Some(believing(roots)?)))
    }

    fn new(authority: &str, tls: Option<Arc<ClientConfig>>) -> Self {
        let authority = authority.to_owned();
        Self { authority, tls }
    }

    /// The base of REST paths.
    #[must_use]
    pub fn http(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// The base of stream paths.
    #[must_use]
    pub fn ws(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}", self.authority)
    }

    /// For https: how to believe a server.
    pub(super) fn tls(&self) -> Option<&Arc<ClientConfig>> {
        self.tls.as_ref()
    }
}

fn believing(roots: RootCertStore) -> Result<Arc<ClientConfig>, ClientError> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Trust(error.to_string()))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}

/// Whether it is https, and `host:port`.
fn parse(url: &str) -> Result<(bool, &str), ClientError> {
    let plain = url.strip_prefix("http://").map(|rest| (false, rest));
    let secure = || url.strip_prefix("https://").map(|rest| (true, rest));
    let (secure, rest) = plain.or_else(secure).unwrap_or_default();
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let fits = !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' ']);
    if fits {
        Ok((secure, authority))
    } else {
        Err(ClientError::Address(url.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_with_or_without_its_last_slash_and_nothing_else() {
        let of = |url: &str| Address::of(url).unwrap().http();
        assert_eq!(of("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(of("http://[::1]:80/"), "http://[::1]:80");
        assert_eq!(parse("https://x").unwrap(), (true, "x"));
        for bad in [
            "",
            "127.0.0.1:8080",
            "ftp://x",
            "http://",
            "https://",
            "http://a/b",
            "http://u@a",
        ] {
            let error = Address::of(bad).unwrap_err().to_string();
            assert!(error.contains("is not an address"), "{bad}");
        }
    }

    #[test]
    fn an_authority_is_a_certificate_and_goes_with_https() {
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca.pem");
        let told = |url: &str| Address::vouched_by(url, &ca).unwrap_err().to_string();
        assert!(told("http://127.0.0.1:1").contains("is for https"));
        assert!(told("https://127.0.0.1:1").contains("ca.pem"));
        std::fs::write(&ca, "no certificate").unwrap();
        assert!(told("https://127.0.0.1:1").contains("no certificate"));
    }
}
