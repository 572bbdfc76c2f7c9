//! Tokens in which an app says who a user's friends are (ADR 0079). They open no door: they are meant for another audience than
//! the tokens that do.

use serde_json::{Map, Value, json};
use streakline_core::{challenge::friends::Circle, id::UserId};

use super::token::{Claims, Role, TokenError, checked_life, is_for, read_sub};

/// `aud` of every friends token.
pub const FRIENDS_AUDIENCE: &str = "streakline/friends";

impl Claims {
    /// A friends token of `user` that lives `ttl_s` seconds from `now_s` (POSIX seconds) on.
    #[must_use]
    pub fn of_friends(user: &str, friends: &[UserId], now_s: i64, ttl_s: i64) -> Self {
        let names: Vec<&str> = friends.iter().map(UserId::as_str).collect();
        let mut claims = Self::new(user, Role::User, now_s, ttl_s);
        FRIENDS_AUDIENCE.clone_into(&mut claims.aud);
        claims.extra.insert("friends".to_owned(), json!(names));
        claims
    }
}

/// The friends that claims name, which have a good signature.
pub(super) fn read_friends(
    claims: &Map<String, Value>,
    issuer: &str,
    now_s: i64,
) -> Result<Circle, TokenError> {
    use TokenError::Invalid;
    if !is_for(claims, (issuer, FRIENDS_AUDIENCE))? {
        return Err(Invalid("aud is not streakline/friends"));
    }
    let user = read_sub(claims)?;
    checked_life(claims, now_s)?;
    let names = claims.get("friends").and_then(Value::as_array);
    let names = names.ok_or(Invalid("friends is not a list"))?;
    let friend = |name: &Value| name.as_str().and_then(|name| UserId::parse(name).ok());
    let friends: Option<Vec<UserId>> = names.iter().map(friend).collect();
    let friends = friends.ok_or(Invalid("friends are not all user ids"))?;
    Circle::new(user, &friends).ok_or(Invalid("friends are more than 1000"))
}

#[cfg(test)]
mod tests;
