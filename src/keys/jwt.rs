//! The outer form of a token: three parts, a header, and JSON in which nothing stands twice.
//!
//! Read by hand, because the order matters: the header names a key, the key decides about the algorithm, the signature is
//! checked, and only then are the claims looked at. What a claim means is `token`'s. Called by `keys`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::token::TokenError;

/// Longest token that is looked at, in bytes; the longest of ours has about 400.
pub const TOKEN_BYTES_MAX: usize = 4_096;
/// Header members by which a token would bring its own key (RFC 7515, 4.1.2 to 4.1.6).
const OWN_KEY: [&str; 4] = ["jku", "jwk", "x5c", "x5u"];

/// A token in its parts; nothing of it is believed yet.
pub(super) struct Jwt<'a> {
    /// Which key is said to have signed it.
    pub(super) kid: String,
    /// By which algorithm.
    pub(super) alg: String,
    /// What was signed.
    pub(super) message: &'a str,
    /// The signature, encoded.
    pub(super) signature: &'a str,
    claims: &'a str,
}

impl<'a> Jwt<'a> {
    /// Takes a token apart, which has at most so many bytes.
    ///
    /// # Errors
    /// [`TokenError::Invalid`], whatever is wrong with its form or its header.
    pub(super) fn parse(token: &'a str, bytes_max: usize) -> Result<Self, TokenError> {
        use TokenError::Invalid;
        if token.len() > bytes_max {
            return Err(Invalid("it is too long"));
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Invalid(NO_JWT))?;
        let (header, claims) = message.split_once('.').ok_or(Invalid(NO_JWT))?;
        if claims.contains('.') {
            return Err(Invalid(NO_JWT));
        }
        let header = object(header).ok_or(Invalid("its header is no JSON object"))?;
        if header.contains_key("crit") {
            return Err(Invalid("its header has extensions that must be understood"));
        }
        if OWN_KEY.iter().any(|name| header.contains_key(*name)) {
            return Err(Invalid("its header brings its own key"));
        }
        let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            alg: text("alg").ok_or(Invalid("its header names no algorithm"))?,
            kid: text("kid").ok_or(Invalid("its header names no kid"))?,
            message,
            signature,
            claims,
        })
    }

    /// What it claims; to be asked for once the signature fits.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] where the claims are no JSON object, or one stands twice.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, TokenError> {
        object(self.claims).ok_or(TokenError::Invalid("its claims are no JSON object"))
    }
}

const NO_JWT: &str = "it is no JWT";

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let object = json.deserialize_map(Unique).ok()?;
    json.end().ok()?;
    Some(object)
}

/// An object whose members have different names: of two with one name, another reader might take the other.
struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(json: &str) -> String {
        URL_SAFE_NO_PAD.encode(json)
    }

    #[test]
    fn an_object_is_whole_and_says_nothing_twice() {
        assert_eq!(object(&part(r#"{"a":1,"b":{}}"#)).unwrap()["a"], 1);
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":1}x"#,
            "[]",
            "1",
            "",
        ] {
            assert!(object(&part(bad)).is_none(), "{bad}");
        }
        assert!(object("e30=").is_none(), "padding is not part of the form");
    }

    #[test]
    fn a_token_has_three_parts_and_a_header_of_the_plain_kind() {
        let header = part(r#"{"alg":"EdDSA","kid":"1","typ":"JWT"}"#);
        let token = format!("{header}.{}.c2ln", part("{}"));
        let jwt = Jwt::parse(&token, TOKEN_BYTES_MAX).unwrap();
        assert_eq!((jwt.alg.as_str(), jwt.kid.as_str()), ("EdDSA", "1"));
        assert!(jwt.claims().unwrap().is_empty());
        for bad in [
            "",
            "a.b",
            &format!("{token}.c2ln"),
            &format!("{}.e30.c2ln", part("[]")),
            &format!("{header}.{}.s", "x".repeat(TOKEN_BYTES_MAX)),
        ] {
            assert!(Jwt::parse(bad, TOKEN_BYTES_MAX).is_err(), "{bad}");
        }
        for odd in [
            r#""crit":["exp"]"#,
            r#""crit":[]"#,
            r#""jwk":{}"#,
            r#""x5u":"https://x""#,
        ] {
            let header = part(&format!(r#"{{"alg":"EdDSA","kid":"1",{odd}}}"#));
            let token = format!("{header}.e30.c2ln");
            assert!(Jwt::parse(&token, TOKEN_BYTES_MAX).is_err(), "{odd}");
        }
    }
}
