//! What a token says, and which claims are good.
//!
//! Every claim is checked here and by hand, against the time that the caller gives: the token library would ask the
//! machine's clock and grant a minute of leeway. The token's form is `jwt`'s, signatures are `signing`'s. Called by `keys`.

use serde_json::{Map, Value, json};
use streakline_core::id::{DeviceId, UserId};

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

    pub(super) fn to_json(&self) -> Map<String, Value> {
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

pub(super) fn read_claims(
    claims: &Map<String, Value>,
    issuer: &str,
    now_s: i64,
) -> Result<Claims, TokenError> {
    use TokenError::Invalid;
    if !is_for(claims, (issuer, AUDIENCE))? {
        return Err(Invalid("aud is not streakline"));
    }
    let sub = read_sub(claims)?.as_str().to_owned();
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
    let exp = checked_life(claims, now_s)?;
    let iat = claims.get("iat").and_then(Value::as_i64).unwrap_or(0);
    let (iss, aud) = (issuer.to_owned(), AUDIENCE.to_owned());
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

/// Whether claims of this issuer are meant for that audience.
pub(super) fn is_for(
    claims: &Map<String, Value>,
    (issuer, audience): (&str, &str),
) -> Result<bool, TokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(TokenError::Invalid("iss is not the one configured"));
    }
    Ok(match claims.get("aud") {
        Some(Value::Array(several)) => several.iter().any(|one| one == audience),
        Some(one) => one == audience,
        None => false,
    })
}

/// Whose claims they are.
pub(super) fn read_sub(claims: &Map<String, Value>) -> Result<UserId, TokenError> {
    let sub = claims.get("sub").and_then(Value::as_str);
    let sub = sub.ok_or(TokenError::Invalid("sub is missing"))?;
    UserId::parse(sub).map_err(|_| TokenError::Invalid("sub is not a user id"))
}

/// The end of a life that is neither over nor too long, and has begun.
pub(super) fn checked_life(claims: &Map<String, Value>, now_s: i64) -> Result<i64, TokenError> {
    let exp = checked_exp(claims, now_s)?;
    check_nbf(claims, now_s)?;
    Ok(exp)
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

/// A token may say from when on it is good (RFC 7519, 4.1.5).
fn check_nbf(claims: &Map<String, Value>, now_s: i64) -> Result<(), TokenError> {
    match claims.get("nbf").map(Value::as_i64) {
        None => Ok(()),
        Some(Some(nbf_s)) if nbf_s <= now_s => Ok(()),
        Some(Some(_)) => Err(TokenError::Invalid("it is not good yet (nbf)")),
        Some(None) => Err(TokenError::Invalid("nbf is not a number of seconds")),
    }
}
