//! Tokens: JWTs signed with Ed25519, whose header names the key (`kid`).
//!
//! Every claim is checked here and by hand, against the time that the caller gives: the token library would ask the
//! machine's clock and grant a minute of leeway. Called by `keys`.

use std::collections::HashSet;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Map, Value, json};
use streakline_core::id::{DeviceId, UserId};

use super::Error;

/// `aud` of every token.
pub const AUDIENCE: &str = "streakline";
/// `iss` unless configured otherwise.
pub const ISSUER: &str = "streakline";
/// Longest lifetime that is accepted, in seconds (protocol.md 2).
pub const LIFETIME_S_MAX: i64 = 30 * 86_400;

/// What the bearer may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Its own data.
    #[default]
    User,
    /// Everything.
    Admin,
}

impl Role {
    /// As written in the claim.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom it is meant.
    pub aud: String,
    /// The user.
    pub sub: String,
    /// End of its life, POSIX seconds.
    pub exp: i64,
    /// When it was issued, POSIX seconds; 0 where the token does not say.
    pub iat: i64,
    /// What the bearer may do.
    pub role: Role,
    /// The only device that may use it, if it names one.
    pub device: Option<String>,
    /// Claims that replace the ones above or stand beside them when signing; empty in what was verified.
    pub extra: Map<String, Value>,
}

impl Claims {
    /// A token for `user` that lives `ttl_s` seconds from `now_s` (POSIX seconds) on.
    #[must_use]
    pub fn new(user: &str, role: Role, now_s: i64, ttl_s: i64) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.to_owned(),
            exp: now_s.saturating_add(ttl_s),
            iat: now_s,
            role,
            device: None,
            extra: Map::new(),
        }
    }

    fn to_json(&self) -> Map<String, Value> {
        let mut all = Map::new();
        for (name, value) in [
            ("iss", json!(self.iss)),
            ("aud", json!(self.aud)),
            ("sub", json!(self.sub)),
            ("exp", json!(self.exp)),
            ("iat", json!(self.iat)),
            ("role", json!(self.role.as_str())),
        ] {
            all.insert(name.to_owned(), value);
        }
        if let Some(device) = &self.device {
            all.insert("device".to_owned(), json!(device));
        }
        all.extend(self.extra.clone());
        all
    }
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was good, but its life is over.
    #[error("the token has expired")]
    Expired,
    /// It was never good, and why.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
}

/// One Ed25519 key with its name.
pub(super) struct SigningKey {
    kid: String,
    sign: EncodingKey,
    check: DecodingKey,
}

impl SigningKey {
    /// None if `pkcs8` is no Ed25519 key.
    pub(super) fn from_pkcs8(kid: String, pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
        Some(Self {
            kid,
            sign: EncodingKey::from_ed_der(pkcs8),
            check: DecodingKey::from_ed_der(pair.public_key().as_ref()),
        })
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, &claims.to_json(), &self.sign)
            .map_err(|e| Error::Crypto(e.to_string()))
    }
}

pub(super) fn verify(
    keys: &[SigningKey],
    issuer: &str,
    token: &str,
    now_s: i64,
) -> Result<Claims, TokenError> {
    use TokenError::Invalid;
    let header = jsonwebtoken::decode_header(token)
        .map_err(|_| Invalid("it is no JWT of an algorithm known here"))?;
    let kid = header.kid.ok_or(Invalid("its header names no kid"))?;
    let key = keys
        .iter()
        .find(|k| k.kid == kid)
        .ok_or(Invalid("its kid is unknown"))?;
    if header.alg != Algorithm::EdDSA {
        return Err(Invalid("its kid is for EdDSA only"));
    }
    let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key.check, &signature_only())
        .map_err(|_| Invalid("its signature does not fit"))?
        .claims;
    read_claims(&claims, issuer, now_s)
}

/// The library checks the signature; the claims are checked by [`read_claims`].
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims = HashSet::new();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

pub(super) fn read_claims(
    claims: &Map<String, Value>,
    issuer: &str,
    now_s: i64,
) -> Result<Claims, TokenError> {
    use TokenError::Invalid;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(issuer) {
        return Err(Invalid("iss is not the one configured"));
    }
    let for_us = match claims.get("aud") {
        Some(Value::Array(several)) => several.iter().any(|one| one == AUDIENCE),
        Some(one) => one == AUDIENCE,
        None => false,
    };
    if !for_us {
        return Err(Invalid("aud is not streakline"));
    }
    let sub = text("sub").ok_or(Invalid("sub is missing"))?;
    UserId::parse(sub).map_err(|_| Invalid("sub is not a user id"))?;
    let role = match claims.get("role").map(Value::as_str) {
        None | Some(Some("user")) => Role::User,
        Some(Some("admin")) => Role::Admin,
        Some(_) => return Err(Invalid("role is neither user nor admin")),
    };
    let device = match claims.get("device") {
        None | Some(Value::Null) => None,
        Some(device) => Some(
            device
                .as_str()
                .ok_or(Invalid("device is not a UUID"))?
                .to_owned(),
        ),
    };
    if device
        .as_deref()
        .is_some_and(|device| DeviceId::parse(device).is_err())
    {
        return Err(Invalid("device is not a UUID"));
    }
    let exp = checked_exp(claims, now_s)?;
    let iat = claims.get("iat").and_then(Value::as_i64).unwrap_or(0);
    let (iss, aud, sub) = (issuer.to_owned(), AUDIENCE.to_owned(), sub.to_owned());
    Ok(Claims {
        iss,
        aud,
        sub,
        exp,
        iat,
        role,
        device,
        extra: Map::new(),
    })
}

fn checked_exp(claims: &Map<String, Value>, now_s: i64) -> Result<i64, TokenError> {
    let exp = claims
        .get("exp")
        .ok_or(TokenError::Invalid("exp is missing"))?;
    let exp = exp
        .as_i64()
        .ok_or(TokenError::Invalid("exp is not a number of seconds"))?;
    if exp <= now_s {
        return Err(TokenError::Expired);
    }
    if exp.saturating_sub(now_s) > LIFETIME_S_MAX {
        return Err(TokenError::Invalid("exp is more than 30 days away"));
    }
    Ok(exp)
}
