//! Certificates for tests: an authority of their own, and what it vouches for.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

/// An authority in a folder that goes with it.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    dir: tempfile::TempDir,
}

impl Authority {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(dir.path().join("ca.pem"), certificate.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        Self { issuer, dir }
    }

    /// The authority's own certificate.
    pub(super) fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.dir.path().join("server.pem")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.dir.path().join("server.key")
    }

    /// Puts a new certificate and key for 127.0.0.1 in the place of the earlier ones; the certificate.
    pub(super) fn issue(&self, from_year: i32, until_year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from_year, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.certificate(), certificate.pem()).unwrap();
        std::fs::write(self.key(), key.serialize_pem()).unwrap();
        certificate.der().to_vec()
    }

    /// Settings (TOML) of a server with this certificate.
    pub(super) fn settings(&self) -> PathBuf {
        let path = self.dir.path().join("settings.toml");
        let file = |path: &Path| path.to_str().unwrap().to_owned();
        let (certificate, key) = (file(&self.certificate()), file(&self.key()));
        let text = format!("[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n");
        std::fs::write(&path, text).unwrap();
        path
    }
}
