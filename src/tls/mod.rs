//! TLS: the certificate and its key from PEM files, read again when the operator asks for it.
//!
//! New handshakes get the newest certificate, open connections keep theirs. Files that are wrong leave the earlier
//! certificate in force. Nothing here listens: `run` gives the settings to the HTTP server.

mod validity;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use streakline_core::civil::Day;

use crate::{clock, keys};

use validity::Validity;

/// A certificate that ends within so many seconds is warned of.
const SOON_S: i64 = 14 * 86_400;

/// Why there is no TLS; each names its setting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{setting}: {path}: {source}")]
    File {
        /// Which setting.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{setting}: {path} holds no {wanted} in PEM form")]
    Content {
        /// Which setting.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// What was to be in it.
        wanted: &'static str,
    },
    /// The certificate is over, or not begun.
    #[error("tls.certificate_file: {path} {is} on {day} (UTC)", is = if *.over { "ended" } else { "begins only" })]
    NotNow {
        /// Which file.
        path: PathBuf,
        /// Whether it is over; else it has not begun.
        over: bool,
        /// The day of its end or beginning.
        day: String,
    },
    /// Certificate and key do not go together, or are of a kind that nobody can use.
    #[error("tls.key_file: {path} does not fit the certificate: {why}")]
    Mismatch {
        /// Which file.
        path: PathBuf,
        /// What the library says.
        why: String,
    },
    /// The library refuses the protocol versions.
    #[error("tls: {0}")]
    Library(#[from] rustls::Error),
}

/// The certificate in force; clones share it.
#[derive(Clone)]
pub struct Tls {
    certificate_file: PathBuf,
    key_file: PathBuf,
    certificate: Arc<RwLock<Arc<CertifiedKey>>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = (&self.certificate_file, &self.key_file);
        f.debug_tuple("Tls").field(&files).finish()
    }
}

impl Tls {
    /// Reads both files (PEM: the certificate with its chain, the key).
    ///
    /// # Errors
    /// Whatever is wrong with a file, or with both together.
    pub fn load(certificate_file: &Path, key_file: &Path) -> Result<Self, Error> {
        let certificate = read(certificate_file, key_file)?;
        Ok(Self {
            certificate_file: certificate_file.to_owned(),
            key_file: key_file.to_owned(),
            certificate: Arc::new(RwLock::new(Arc::new(certificate))),
        })
    }

    /// Reads the files again; handshakes from now on get what they hold.
    ///
    /// # Errors
    /// As [`Tls::load`]; then the earlier certificate stays in force.
    pub fn reload(&self) -> Result<(), Error> {
        let certificate = Arc::new(read(&self.certificate_file, &self.key_file)?);
        let mut held = self
            .certificate
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *held = certificate;
        Ok(())
    }

    /// What the HTTP server needs: TLS 1.2 and 1.3, no client certificates.
    ///
    /// # Errors
    /// [`Error::Library`].
    pub fn server_config(&self) -> Result<ServerConfig, Error> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        Ok(config)
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let held = self.certificate.read();
        Some(held.unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The one cryptographic library, named here so that no other can be taken.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn read(certificate_file: &Path, key_file: &Path) -> Result<CertifiedKey, Error> {
    let chain = read_chain(certificate_file)?;
    check_time(certificate_file, chain.first())?;
    keys::warn_if_exposed(key_file);
    let key = PrivateKeyDer::from_pem_file(key_file)
        .map_err(|error| fault("tls.key_file", key_file, "private key", error))?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| Error::Mismatch {
        path: key_file.to_owned(),
        why: error.to_string(),
    })
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let setting = "tls.certificate_file";
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fault(setting, path, "certificate", error))?;
    if certificates.is_empty() {
        return Err(fault(
            setting,
            path,
            "certificate",
            pem::Error::NoItemsFound,
        ));
    }
    Ok(certificates)
}

fn fault(setting: &'static str, path: &Path, wanted: &'static str, error: pem::Error) -> Error {
    let path = path.to_owned();
    match error {
        pem::Error::Io(source) => Error::File {
            setting,
            path,
            source,
        },
        _ => Error::Content {
            setting,
            path,
            wanted,
        },
    }
}

/// Clients would refuse a certificate that is over, each with words of its own; the operator is told here, once.
fn check_time(path: &Path, own: Option<&CertificateDer<'_>>) -> Result<(), Error> {
    let Some(Validity { from_s, until_s }) = own.and_then(|own| Validity::of(own)) else {
        return Err(Error::Content {
            setting: "tls.certificate_file",
            path: path.to_owned(),
            wanted: "certificate with its dates",
        });
    };
    let now_s = clock::unix_s();
    if (from_s..=until_s).contains(&now_s) {
        if until_s.saturating_sub(now_s) < SOON_S {
            tracing::warn!(ends = day(until_s), "the TLS certificate ends soon");
        }
        return Ok(());
    }
    let over = now_s > until_s;
    Err(Error::NotNow {
        path: path.to_owned(),
        over,
        day: day(if over { until_s } else { from_s }),
    })
}

fn day(at_s: i64) -> String {
    Day::of_utc_ms(at_s.saturating_mul(1_000)).iso()
}
