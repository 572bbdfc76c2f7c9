//! Who may open a stream: credentials, origin and subprotocol of the upgrade request (protocol.md 2).
//!
//! Reads headers and checks them; what the bearer may do on the stream is `conversation`'s. Called by `upgrade`.

use actix_web::http::header::{
    AUTHORIZATION, HeaderMap, HeaderName, ORIGIN, SEC_WEBSOCKET_PROTOCOL,
};
use streakline_core::id::{DeviceId, UserId};

use crate::{
    keys::{Claims, KeyMark, Role, TokenError},
    protocol::{
        error_code::{Code, Refusal},
        form::Form,
    },
    telemetry::PrincipalKind,
};

/// How a browser, which cannot set headers, brings its token.
const BEARER_SUBPROTOCOL: &str = "bearer.";
/// The entry of the origin list that stands for every origin.
const ANY_ORIGIN: &str = "*";

/// What a verified token lets its bearer be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    /// Whose stream it is.
    pub(super) user: UserId,
    /// Whether the token is an admin's.
    pub(super) admin: bool,
    /// The only device that may use it.
    pub(super) device: Option<DeviceId>,
    /// When it expires, POSIX s.
    pub(super) exp_s: i64,
    /// Which key checked it: when that goes, so does the bearer.
    pub(super) key: KeyMark,
}

impl Bearer {
    /// Reads the claims of a token that this key has verified.
    pub(super) fn of(claims: &Claims, key: KeyMark) -> Result<Self, Refusal> {
        let unusable =
            |what: &str| Refusal::new(Code::Unauthenticated, format!("the token's {what}"));
        let user = UserId::parse(&claims.sub);
        let user = user.map_err(|error| unusable(&format!("sub {error}")))?;
        let device = claims.device.as_deref().map(DeviceId::parse).transpose();
        Ok(Self {
            user,
            admin: claims.role == Role::Admin,
            device: device.map_err(|error| unusable(&format!("device {error}")))?,
            exp_s: claims.exp,
            key,
        })
    }

    /// Who asks, for the journal: `user:ann` or `admin:ann`.
    pub(super) fn principal(&self) -> String {
        format!("{}:{}", self.kind().0, self.user)
    }

    /// What the upgrade's log line says of it.
    pub(super) fn kind(&self) -> PrincipalKind {
        PrincipalKind(if self.admin { "admin" } else { "user" })
    }
}

/// How a token's fault is told.
pub(super) fn refuse_token(error: TokenError) -> Refusal {
    let code = match error {
        TokenError::Expired => Code::TokenExpired,
        TokenError::Invalid(_) => Code::Unauthenticated,
    };
    Refusal::new(code, error.to_string())
}

/// A page may only open a stream from an origin of the list; clients that are no pages send none.
pub(super) fn check_origin(headers: &HeaderMap, allowed: &[String]) -> Result<(), Refusal> {
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let is_allowed = |entry: &String| entry == ANY_ORIGIN || origin.as_bytes() == entry.as_bytes();
    if allowed.iter().any(is_allowed) {
        return Ok(());
    }
    let detail = "pages of this origin may not open a stream; the operator can allow it";
    Err(Refusal::new(Code::OriginRefused, detail))
}

/// The form that the client likes best of those that it offers: the first one.
pub(super) fn form(headers: &HeaderMap) -> Result<Form, Refusal> {
    offered(headers).find_map(Form::of).ok_or_else(|| {
        let names = Form::ALL.map(Form::subprotocol).join(" or ");
        let detail = format!("offer {names} in Sec-WebSocket-Protocol");
        Refusal::new(Code::UnsupportedSubprotocol, detail)
    })
}

/// The token of the request: of the `Authorization` header, or of a `bearer.` subprotocol.
pub(super) fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let from_header = text(headers, &AUTHORIZATION).map(|value| {
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        (scheme.eq_ignore_ascii_case("bearer"), token.trim())
    });
    // A subprotocol is one word; what has a blank in it is none.
    let from_subprotocol = || {
        offered(headers)
            .filter_map(|name| name.strip_prefix(BEARER_SUBPROTOCOL))
            .find(|token| !token.contains(char::is_whitespace))
    };
    match from_header {
        Some((true, token)) if !token.is_empty() => Ok(token),
        Some(_) => Err(unauthenticated("Authorization must be Bearer and a token")),
        None => from_subprotocol().ok_or_else(|| {
            unauthenticated("send Authorization: Bearer, or offer the subprotocol bearer.JWT")
        }),
    }
}

fn unauthenticated(detail: &str) -> Refusal {
    Refusal::new(Code::Unauthenticated, detail)
}

fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
    let names = lines.filter_map(|line| line.to_str().ok());
    names.flat_map(|line| line.split(',')).map(str::trim)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn a_token_comes_in_a_header_or_in_a_subprotocol() {
        let header = headers(&[(AUTHORIZATION, "bearer  abc.def")]);
        assert_eq!(token(&header), Ok("abc.def"));
        let browser = headers(&[(SEC_WEBSOCKET_PROTOCOL, "streakline.v1.json, bearer.abc.def")]);
        assert_eq!(token(&browser), Ok("abc.def"));
        assert_eq!(form(&browser), Ok(Form::Json));
        for bad in [
            headers(&[]),
            headers(&[(AUTHORIZATION, "Basic abc")]),
            headers(&[(AUTHORIZATION, "Bearer")]),
            headers(&[(SEC_WEBSOCKET_PROTOCOL, "streakline.v1.json")]),
            headers(&[(
                SEC_WEBSOCKET_PROTOCOL,
                "streakline.v1.json, bearer. abc.def",
            )]),
            headers(&[(SEC_WEBSOCKET_PROTOCOL, "streakline.v1.json, bearer.abc def")]),
        ] {
            assert_eq!(token(&bad).unwrap_err().code, Code::Unauthenticated);
        }
    }

    #[test]
    fn only_our_subprotocol_is_spoken() {
        for offer in [
            headers(&[]),
            headers(&[(SEC_WEBSOCKET_PROTOCOL, "streakline.v2.json")]),
        ] {
            let code = form(&offer).unwrap_err().code;
            assert_eq!(code, Code::UnsupportedSubprotocol);
        }
    }

    #[test]
    fn the_first_of_our_forms_that_is_offered_is_spoken() {
        for (offer, spoken) in [
            ("streakline.v1.json, streakline.v1.cbor", Form::Json),
            ("bearer.abc.def, streakline.v1.cbor", Form::Cbor),
            ("mqtt, streakline.v1.cbor, streakline.v1.json", Form::Cbor),
        ] {
            let headers = headers(&[(SEC_WEBSOCKET_PROTOCOL, offer)]);
            assert_eq!(form(&headers), Ok(spoken), "{offer}");
        }
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        let allowed = ["https://app.example".to_owned()];
        let from = |origin| check_origin(&headers(&[(ORIGIN, origin)]), &allowed);
        assert_eq!(from("https://app.example"), Ok(()));
        assert_eq!(
            from("https://evil.example").unwrap_err().code,
            Code::OriginRefused
        );
        assert_eq!(
            from("https://app.example.evil").unwrap_err().code,
            Code::OriginRefused
        );
        assert_eq!(
            check_origin(&headers(&[]), &allowed),
            Ok(()),
            "no page, no origin"
        );
        let any = ["*".to_owned()];
        assert_eq!(check_origin(&headers(&[(ORIGIN, "null")]), &any), Ok(()));
    }

    #[test]
    fn a_token_must_name_a_user() {
        let claims = |user: &str| Claims::new(user, Role::Admin, 0, 60);
        let bearer = Bearer::of(&claims("ann"), KeyMark::default()).unwrap();
        assert_eq!(
            (bearer.principal().as_str(), bearer.exp_s),
            ("admin:ann", 60)
        );
        let code = Bearer::of(&claims("ann smith"), KeyMark::default())
            .unwrap_err()
            .code;
        assert_eq!(code, Code::Unauthenticated);
        let odd_device = Claims {
            device: Some("watch".into()),
            ..claims("ann")
        };
        assert!(Bearer::of(&odd_device, KeyMark::default()).is_err());
    }
}
