//! Tokens that are signed here with the secret that the server was given (`auth.hs256_secret_file`).

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;

/// How long a token lives, in seconds: longer than any run.
const TTL_S: i64 = 6 * 3_600;

/// What signs tokens.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Signer {
    /// The secret of `auth.hs256_secret_file`.
    pub(crate) secret: String,
    /// `auth.hs256_kid`.
    pub(crate) kid: String,
    /// `auth.issuer`.
    pub(crate) issuer: String,
}

impl Signer {
    /// A token of a device's user.
    pub(crate) fn user(&self, user: &str, now_ms: i64) -> Result<String> {
        self.token(user, "user", now_ms)
    }

    /// A token that may do everything.
    pub(crate) fn admin(&self, now_ms: i64) -> Result<String> {
        self.token("swarm", "admin", now_ms)
    }

    fn token(&self, subject: &str, role: &str, now_ms: i64) -> Result<String> {
        let head = json!({"alg": "HS256", "typ": "JWT", "kid": self.kid});
        let expires = now_ms / 1_000 + TTL_S;
        let claims = json!({"iss": self.issuer, "aud": "streakline", "sub": subject, "role": role,
            "exp": expires});
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&head), part(&claims));
        let mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes());
        let mut mac = mac.context("a secret of any length is a key")?;
        mac.update(message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        Ok(format!("{message}.{signature}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_signed_as_rfc_7515_says() {
        let signer = Signer {
            secret: "k".repeat(32),
            kid: "hs256".into(),
            issuer: "streakline".into(),
        };
        let token = signer.user("ann", 1_000).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["sub"], "ann");
        assert_eq!(claims["exp"], 1 + TTL_S);
        let mut mac = Hmac::<Sha256>::new_from_slice(signer.secret.as_bytes()).unwrap();
        mac.update(format!("{}.{}", parts[0], parts[1]).as_bytes());
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        assert!(mac.verify_slice(&signature).is_ok());
    }
}
