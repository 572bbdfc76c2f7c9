//! Who asks: the principal behind an `Authorization` header, and what it may do (protocol.md 7: A, U, P).
//!
//! It knows nothing of users and challenges: whether a participant may see a board is the challenge's own answer.

use actix_web::http::header::{self, HeaderMap};
use streakline_core::id::UserId;

use crate::{
    clock,
    keys::{Claims, KeyRing, Role, TokenError},
    protocol::error_code::{Code, Refusal},
    telemetry::PrincipalKind,
};

/// Every admin key begins so; a token never does.
const ADMIN_KEY_PREFIX: &str = "sk_";

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    /// The bearer of the admin key.
    AdminKey,
    /// The bearer of a token.
    Token {
        /// Whose it is.
        user: UserId,
        /// An admin's, who acts for everybody.
        admin: bool,
        /// The only device that may use it, if it names one.
        device: Option<String>,
        /// End of its life, POSIX s.
        exp_s: i64,
    },
}

impl Principal {
    /// The principal of a request.
    pub(super) fn of(headers: &HeaderMap, keys: &KeyRing) -> Result<Self, Refusal> {
        let bearer = bearer(headers)?;
        if bearer.starts_with(ADMIN_KEY_PREFIX) {
            let known = keys.is_admin_key(bearer);
            return known
                .then_some(Self::AdminKey)
                .ok_or_else(|| unauthenticated("unknown key"));
        }
        match keys.verify(bearer, clock::unix_s()) {
            Ok(claims) => Self::of_claims(claims),
            Err(TokenError::Expired) => {
                Err(Refusal::new(Code::TokenExpired, "the token has expired"))
            }
            Err(TokenError::Invalid(why)) => Err(unauthenticated(why)),
        }
    }

    fn of_claims(claims: Claims) -> Result<Self, Refusal> {
        let user = UserId::parse(&claims.sub).map_err(|_| unauthenticated("sub is no user id"))?;
        Ok(Self::Token {
            user,
            admin: claims.role == Role::Admin,
            device: claims.device,
            exp_s: claims.exp,
        })
    }

    /// `user:ann`, `admin:ann` or `admin-key`: whose idempotency keys these are, and what the journal names.
    pub(super) fn name(&self) -> String {
        match self {
            Self::AdminKey => "admin-key".to_owned(),
            Self::Token { user, admin, .. } => {
                let role = if *admin { Role::Admin } else { Role::User };
                format!("{}:{user}", role.as_str())
            }
        }
    }

    /// What the request's log line says of it.
    pub(super) fn kind(&self) -> PrincipalKind {
        PrincipalKind(match self {
            Self::AdminKey => "admin-key",
            Self::Token { admin: true, .. } => Role::Admin.as_str(),
            Self::Token { .. } => Role::User.as_str(),
        })
    }

    /// Whether it may do everything.
    pub(super) fn is_admin(&self) -> bool {
        matches!(self, Self::AdminKey | Self::Token { admin: true, .. })
    }

    /// Whose token it is; `None` for the admin key.
    pub(super) fn user(&self) -> Option<&UserId> {
        match self {
            Self::AdminKey => None,
            Self::Token { user, .. } => Some(user),
        }
    }

    /// A: admins only.
    pub(super) fn must_be_admin(&self) -> Result<(), Refusal> {
        let words = "only an admin may do this";
        self.is_admin()
            .then_some(())
            .ok_or_else(|| Refusal::new(Code::Forbidden, words))
    }

    /// A, U: admins and the user itself. The answer is the same whether the other user exists or not.
    pub(super) fn must_act_for(&self, user: &UserId) -> Result<(), Refusal> {
        let words = "this token is another user's";
        let may = self.is_admin() || self.user() == Some(user);
        may.then_some(())
            .ok_or_else(|| Refusal::new(Code::Forbidden, words))
    }
}

pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let missing = "send `Authorization: Bearer` with a token or an admin key";
    let value = values.next().ok_or_else(|| unauthenticated(missing))?;
    if values.next().is_some() {
        return Err(unauthenticated("more than one Authorization header"));
    }
    let words = value.to_str().ok().and_then(|text| text.split_once(' '));
    match words {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(unauthenticated(missing)),
    }
}

fn unauthenticated(why: &str) -> Refusal {
    Refusal::new(Code::Unauthenticated, why)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        headers
    }

    fn ring() -> (tempfile::TempDir, KeyRing) {
        let dir = tempfile::tempdir().unwrap();
        let ring = KeyRing::open_or_create(dir.path()).unwrap();
        (dir, ring)
    }

    fn asked(keys: &KeyRing, header: &str) -> Result<Principal, Code> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_str(header).unwrap(),
        );
        Principal::of(&headers, keys).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_request_without_exactly_one_bearer_is_not_authenticated() {
        let (_dir, keys) = ring();
        for values in [
            &[][..],
            &["Basic YTpi"],
            &["Bearer"],
            &["Bearer x", "Bearer y"],
        ] {
            let refusal = Principal::of(&headers(values), &keys).unwrap_err();
            assert_eq!(refusal.code, Code::Unauthenticated, "{values:?}");
        }
        assert_eq!(asked(&keys, "Bearer sk_wrong"), Err(Code::Unauthenticated));
        assert_eq!(asked(&keys, "Bearer a.b.c"), Err(Code::Unauthenticated));
    }

    #[test]
    fn keys_and_tokens_make_principals() {
        let (_dir, keys) = ring();
        let key = format!("bearer {}", keys.admin_key());
        assert_eq!(asked(&keys, &key), Ok(Principal::AdminKey));
        let now_s = clock::unix_s();
        for (role, name) in [(Role::User, "user:ann"), (Role::Admin, "admin:ann")] {
            let token = keys.issue(&Claims::new("ann", role, now_s, 60)).unwrap();
            assert_eq!(
                asked(&keys, &format!("Bearer {token}")).unwrap().name(),
                name
            );
        }
        let old = keys
            .issue(&Claims::new("ann", Role::User, now_s, -60))
            .unwrap();
        assert_eq!(
            asked(&keys, &format!("Bearer {old}")),
            Err(Code::TokenExpired)
        );
    }

    #[test]
    fn a_user_acts_for_itself_and_an_admin_for_everybody() {
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let token = |admin| Principal::Token {
            user: ann.clone(),
            admin,
            device: None,
            exp_s: 0,
        };
        assert!(token(false).must_act_for(&ann).is_ok());
        assert_eq!(
            token(false).must_act_for(&bob).unwrap_err().code,
            Code::Forbidden
        );
        assert_eq!(
            token(false).must_be_admin().unwrap_err().code,
            Code::Forbidden
        );
        assert!(token(true).must_act_for(&bob).is_ok());
        assert!(Principal::AdminKey.must_be_admin().is_ok());
    }
}
