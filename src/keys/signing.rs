//! One key with its name and its algorithm: it signs tokens, and checks what it signed.
//!
//! A key is made for one algorithm, so a token can never choose how its signature is checked. Called by `keys`.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto};
use sha2::{Digest as _, Sha256};

use super::Error;
use super::jwt::Jwt;
use super::token::{Claims, TokenError};

/// Which key checked a token: another key of the same name has another mark.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyMark([u8; 16]);

impl fmt::Debug for KeyMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A mark of a secret is made from the secret, so it is not shown.
        f.write_str("KeyMark")
    }
}

/// One key.
pub(super) struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    sign: EncodingKey,
    check: DecodingKey,
    mark: KeyMark,
}

impl SigningKey {
    /// An Ed25519 key; none if `pkcs8` is not one.
    pub(super) fn from_pkcs8(kid: String, pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
        let public = pair.public_key().as_ref();
        Some(Self {
            mark: mark(&kid, public),
            kid,
            algorithm: Algorithm::EdDSA,
            sign: EncodingKey::from_ed_der(pkcs8),
            check: DecodingKey::from_ed_der(public),
        })
    }

    /// A secret for HS256.
    pub(super) fn from_secret(kid: String, secret: &[u8]) -> Self {
        Self {
            mark: mark(&kid, secret),
            kid,
            algorithm: Algorithm::HS256,
            sign: EncodingKey::from_secret(secret),
            check: DecodingKey::from_secret(secret),
        }
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn mark(&self) -> KeyMark {
        self.mark
    }

    pub(super) fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(self.algorithm)
        };
        jsonwebtoken::encode(&header, &claims.to_json(), &self.sign)
            .map_err(|e| Error::Crypto(e.to_string()))
    }

    /// Whether it signed this token, by the algorithm that it is for.
    pub(super) fn check(&self, jwt: &Jwt<'_>) -> Result<(), TokenError> {
        if jwt.alg != self.algorithm_name() {
            return Err(TokenError::Invalid("its kid is for another algorithm"));
        }
        let message = jwt.message.as_bytes();
        match crypto::verify(jwt.signature, message, &self.check, self.algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(TokenError::Invalid("its signature does not fit")),
        }
    }

    fn algorithm_name(&self) -> &'static str {
        match self.algorithm {
            Algorithm::HS256 => "HS256",
            _ => "EdDSA",
        }
    }
}

fn mark(kid: &str, key: &[u8]) -> KeyMark {
    let mut digest = Sha256::new();
    digest.update(kid.as_bytes());
    digest.update([0]);
    digest.update(key);
    let digest: [u8; 32] = digest.finalize().into();
    let mut mark = [0; 16];
    mark.copy_from_slice(&digest[..16]);
    KeyMark(mark)
}
