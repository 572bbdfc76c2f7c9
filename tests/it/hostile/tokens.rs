//! Tokens that are forged, expired or somebody else's: refused before the upgrade, with the code of protocol.md 8.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use streakline::clock;
use streakline::keys::{Claims, Role};

use super::bystander::{Bystander, server};
use crate::harness::{Server, Wire, block_on};

fn claims(ttl_s: i64) -> Claims {
    Claims::new("mallory", Role::User, clock::unix_s(), ttl_s)
}

/// A good token's parts: header, claims, signature.
fn parts(server: &Server) -> (Value, String, String) {
    let token = server.token("mallory");
    let parts: Vec<&str> = token.split('.').collect();
    let header = URL_SAFE_NO_PAD.decode(parts[0]).unwrap();
    (
        serde_json::from_slice(&header).unwrap(),
        parts[1].to_owned(),
        parts[2].to_owned(),
    )
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// Signed with a secret that everybody knows: the name of the key.
fn hs256(server: &Server) -> String {
    let (mut header, body, _) = parts(server);
    header["alg"] = json!("HS256");
    let signed = format!("{}.{body}", encoded(&header));
    let secret = header["kid"].as_str().unwrap().as_bytes();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let signature = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn forged(server: &Server) -> Vec<(&'static str, String)> {
    let (header, body, signature) = parts(server);
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let none = encoded(&with("alg", json!("none")));
    let other_key = encoded(&with("kid", json!("another")));
    let mut admin: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&body).unwrap()).unwrap();
    admin["role"] = json!("admin");
    let claim = |name: &str, value: Value| {
        let mut claims = claims(3_600);
        claims.extra.insert(name.to_owned(), value);
        server.token_with(&claims)
    };
    vec![
        ("empty", String::new()),
        ("noise", "noise".into()),
        ("none without a signature", format!("{none}.{body}.")),
        (
            "none with a signature",
            format!("{none}.{body}.{signature}"),
        ),
        ("HS256", hs256(server)),
        ("unknown key", format!("{other_key}.{body}.{signature}")),
        (
            "changed claims",
            format!("{}.{}.{signature}", encoded(&header), encoded(&admin)),
        ),
        ("no signature", format!("{}.{body}.", encoded(&header))),
        ("other issuer", claim("iss", json!("mallory"))),
        ("other audience", claim("aud", json!("elsewhere"))),
        ("no user", claim("sub", json!(""))),
        ("no end", claim("exp", json!(null))),
        ("unknown role", claim("role", json!("god"))),
        ("lives too long", server.token_with(&claims(31 * 86_400))),
        ("admin key", server.admin_key()),
    ]
}

#[test]
fn forged_and_expired_tokens_open_nothing() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        for (what, token) in forged(&server) {
            let (status, problem) = Wire::upgrade(&server, &token).await.err().expect(what);
            assert_eq!(
                (status, &problem["code"]),
                (401, &json!("unauthenticated")),
                "{what}"
            );
            bystander.goes_on().await;
        }
        let expired = server.token_with(&claims(-1));
        let (status, problem) = Wire::upgrade(&server, &expired).await.err().unwrap();
        assert_eq!((status, &problem["code"]), (401, &json!("token_expired")));
        bystander.goes_on().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn a_users_token_reads_nobody_elses_data() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        bystander.goes_on().await;
        let mallory = server.rest_of("mallory");
        for path in [
            "",
            "/days/2016-04-13",
            "/events",
            "/ledger",
            "/balance",
            "/devices",
        ] {
            for user in ["bob", "nobody"] {
                let refused = mallory.get(&format!("/v1/users/{user}{path}")).await;
                assert_eq!(
                    refused.unwrap_err().code(),
                    Some("forbidden"),
                    "{user}{path}"
                );
            }
        }
        bystander.has_lost_nothing(&server).await;
    });
}
